"""Look at the records of a batch: a page of a list at each step, then what would become of them. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from integrations.coperniq.client import ListName
from integrations.json_reader import JsonReader
from integrations.messages.batches import BatchMessage
from integrations.models import SENT, Action, Batch, BatchRecord, Finding, Kind, Selection, SyncRun
from integrations.sync.batches.customer_findings import customers_of
from integrations.sync.batches.listing import (
    accounts_of,
    contacts_of,
    invoices_of,
    items_of,
    projects_of,
    sites_of,
)
from integrations.sync.batches.one_record import wanted_records
from integrations.sync.engine.context import SyncContext

_PAGES: Mapping[ListName, Callable[[SyncContext, Batch, Sequence[JsonReader]], list[BatchRecord]]] = {
    "projects": projects_of,
    "invoices": invoices_of,
    "accounts": accounts_of,
    "contacts": contacts_of,
    "sites": sites_of,
}
_STAGES: Mapping[str, Sequence[str]] = {
    Selection.PROJECTS: ("projects", "invoices", "accounts", "contacts", "sites", "customers"),
    Selection.INVOICES: ("invoices", "projects", "accounts", "contacts", "sites", "customers"),
    Selection.ITEMS: ("items",),
    Selection.RECORD: ("record", "customers"),
}
_LISTS_WORTH_IT = 10
"""With fewer customers each is read by itself."""

_OVERLAP = timedelta(minutes=5)
_STORED = (
    "account_id", "parent_id", "name", "number", "amount_cents", "paid_cents", "finding", "detail",
    "quickbooks_name", "version", "listed", "listed_at",
)  # fmt: skip


def read_step(ctx: SyncContext, batch: Batch) -> None:
    """One page of the stage that the cursor names; after the last stage the batch is ready."""
    stage = batch.cursor.get("stage") or _STAGES[batch.selection][0]
    for name in _PAGES:
        if name == stage:
            _page_step(ctx, batch, name)
            return
    rows = _OTHERS[stage](ctx, batch)
    with transaction.atomic():
        ctx.lease.assert_owned()
        _store(rows)
        if stage != "customers" or not rows:
            _next_stage(batch, stage)


def _page_step(ctx: SyncContext, batch: Batch, stage: ListName) -> None:
    """A row that changes moves to the end of the list, and another one up, past the reader: a list that has changed
    meanwhile is read once more."""
    number, again = batch.cursor.get("page", 1), bool(batch.cursor.get("again"))
    if _is_skipped(batch, stage):
        with transaction.atomic():
            ctx.lease.assert_owned()
            _next_stage(batch, stage)
        return
    rows, more = ctx.coperniq.read_page(stage, number)
    first = rows[0].identifier("id", "") if rows else ""
    repeats = number > 1 and first == batch.cursor.get("first")
    moved = batch.cursor.get("moved", False) or any(_is_recent(row, batch) for row in rows)
    found = _PAGES[stage](ctx, batch, rows)
    with transaction.atomic():
        ctx.lease.assert_owned()
        _store(found)
        if more and not repeats:
            _keep(batch, stage=stage, page=number + 1, first=first, moved=moved, again=again)
        elif moved and not again and number > 1:
            _keep(batch, stage=stage, page=1, again=True)
        else:
            _next_stage(batch, stage)


def _is_recent(row: JsonReader, batch: Batch) -> bool:
    changed_at = row.moment("updatedAt", None)
    return changed_at is not None and changed_at >= batch.created_at - _OVERLAP


def _is_skipped(batch: Batch, stage: str) -> bool:
    if stage in ("accounts", "contacts", "sites"):
        return batch.records.filter(kind=Kind.CUSTOMER, finding="").count() < _LISTS_WORTH_IT
    return stage == "invoices" and batch.selection == Selection.PROJECTS and not batch.with_invoices


def _keep(batch: Batch, **cursor: object) -> None:
    Batch.objects.filter(pk=batch.pk, state=Batch.State.READING).update(cursor=cursor)
    batch.cursor = cursor


def _next_stage(batch: Batch, stage: str) -> None:
    stages = _STAGES[batch.selection]
    at = stages.index(stage) + 1
    if at < len(stages):
        _keep(batch, stage=stages[at])
        return
    if batch.selection != Selection.RECORD:
        _settle(batch)
        batch.move(Batch.State.READY, read_at=timezone.now(), cursor={})
        return
    chosen = batch.records.order_by("id").first()
    refused = chosen is None or chosen.finding in (Finding.WAITS, Finding.SKIPPED)
    now = timezone.now()
    if refused and not (batch.anyway and chosen is not None and chosen.finding == Finding.WAITS):
        batch.move(Batch.State.READY, read_at=now, cursor={})
    else:
        batch.move(Batch.State.RUNNING, read_at=now, started_at=now, cursor={})


def _store(records: Iterable[BatchRecord]) -> None:
    rows = list(records)
    BatchRecord.objects.bulk_update([row for row in rows if row.pk], _STORED, batch_size=100)
    BatchRecord.objects.bulk_create(
        [row for row in rows if not row.pk],
        batch_size=200,
        update_conflicts=True,
        unique_fields=["batch", "kind", "coperniq_id"],
        update_fields=_STORED,
    )


def _settle(batch: Batch) -> None:
    """A project whose customer needs a decision waits for it, and so do its invoices."""
    undecided = batch.records.filter(kind=Kind.CUSTOMER, finding=Finding.ATTENTION)
    for customer in undecided.iterator():
        why = BatchMessage.WAITS_FOR_ITS_CUSTOMER(why=customer.detail).text
        jobs = batch.records.filter(kind=Kind.JOB, account_id=customer.coperniq_id, finding=Finding.CREATE)
        ids = list(jobs.values_list("coperniq_id", flat=True))
        jobs.update(finding=Finding.WAITS, detail=why)
        invoices = batch.records.filter(kind=Kind.INVOICE, finding=Finding.CREATE)
        ours = Q(parent_id__in=ids) | Q(parent_id="", account_id=customer.coperniq_id)
        invoices.filter(ours).update(finding=Finding.WAITS, detail=why)
    _leave_what_is_under_way(batch)


def _leave_what_is_under_way(batch: Batch) -> None:
    """A record whose run waits, or asks a person, goes on by itself: it is neither asked about nor sent again."""
    for kind, actions in (
        (Kind.JOB, (Action.NOTICE_ENTRY, Action.PUSH_JOB)),
        (Kind.INVOICE, (Action.PUSH_INVOICE,)),
    ):
        runs = SyncRun.objects.open().filter(connection=batch.connection_id, action__in=actions)
        under_way = runs.filter(coperniq_id=OuterRef("coperniq_id"))
        records = batch.records.filter(
            Exists(under_way), kind=kind, finding__in=[each.value for each in SENT]
        )
        records.update(finding=Finding.ASKED)


_OTHERS: Mapping[str, Callable[[SyncContext, Batch], list[BatchRecord]]] = {
    "items": items_of,
    "record": wanted_records,
    "customers": customers_of,
}
