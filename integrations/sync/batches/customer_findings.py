"""What would become of the customers of a batch, by the plans that would send them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils import timezone

from integrations.errors import NeedsDecision, Skipped
from integrations.json_reader import JsonReader
from integrations.messages.batches import BatchMessage
from integrations.models import Action, Batch, BatchRecord, Finding, Kind, SyncRun
from integrations.name_matching import canonical_name
from integrations.sync.customers import push
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.listed import read_listed
from integrations.sync.engine.plan import Plan

_AT_ONCE = 40
_LIST_VALID_SECONDS = 60.0


def customers_of(ctx: SyncContext, batch: Batch) -> list[BatchRecord]:
    """The next ones with what was found; none if all were looked at.

    The plan of each is made from what the lists gave. Whether a vendor or an employee has a new customer's name is asked
    for all of them together; a plan that would be refused for that is made again as for a preview, which says so.
    """
    records = list(batch.records.filter(kind=Kind.CUSTOMER, finding="").order_by("id")[:_AT_ONCE])
    ctx.list_valid_seconds = _LIST_VALID_SECONDS
    try:
        for record in records:
            _look_at(ctx, record)
        for record in _with_taken_names(ctx, records):
            _look_at(ctx, record, as_preview=True)
    finally:
        ctx.list_valid_seconds, ctx.preview_since = 0.0, None
        ctx.coperniq.use_listed({})
    _find_namesakes(batch, records)
    return records


def _find_namesakes(batch: Batch, records: Sequence[BatchRecord]) -> None:
    """Of several accounts with one name only the first gets a new customer; the others are asked about."""
    looked_at = batch.records.filter(kind=Kind.CUSTOMER, finding=Finding.CREATE)
    known = {canonical_name(name) for name in looked_at.values_list("quickbooks_name", flat=True)}
    for record in records:
        name = canonical_name(record.quickbooks_name)
        if record.finding == Finding.CREATE and name in known:
            record.finding = Finding.ATTENTION
            record.detail = BatchMessage.SAME_NAME(name=record.quickbooks_name).text
        elif record.finding == Finding.CREATE:
            known.add(name)


def _look_at(ctx: SyncContext, record: BatchRecord, *, as_preview: bool = False) -> None:
    run = SyncRun.of(
        ctx.connection,
        Action.PUSH_CUSTOMER,
        coperniq_id=record.coperniq_id,
        coperniq_account_id=record.coperniq_id,
    )
    ctx.coperniq.use_listed(_records_listed(record))
    ctx.preview_since = timezone.now() if as_preview else None
    try:
        _found(record, push.plan(ctx, run))
    except NeedsDecision as question:
        record.finding, record.detail = Finding.ATTENTION, question.sentence
    except Skipped as reason:
        record.finding, record.detail = Finding.SKIPPED, reason.sentence
    finally:
        ctx.take_follow_ups()
        ctx.prerequisites.clear()
    record.name = (run.record_name or record.name)[:500]


def _found(record: BatchRecord, planned: Plan) -> None:
    record.detail = " ".join(str(warning) for warning in planned.warnings)
    if planned.quickbooks_id:
        record.finding, record.quickbooks_name = Finding.MATCH, planned.quickbooks_name[:1024]
        return
    values: Mapping[str, object] = planned.write.values if planned.write is not None else {}
    record.finding, record.quickbooks_name = Finding.CREATE, str(values.get("DisplayName", ""))


def _with_taken_names(ctx: SyncContext, records: Sequence[BatchRecord]) -> list[BatchRecord]:
    new = [record for record in records if record.finding == Finding.CREATE]
    if not new:
        return []
    taken = ctx.quickbooks.find_names_of_others([record.quickbooks_name for record in new])
    folded = {name.casefold() for name in taken}
    return [record for record in new if record.quickbooks_name.casefold() in folded]


def _records_listed(record: BatchRecord) -> Mapping[str, JsonReader]:
    """Of an account whose lists were read, also that it has no sites."""
    known = read_listed(record)
    if known:
        known = {f"accounts/{record.coperniq_id}/sites": [], **known}
    return {path: JsonReader(value, path) for path, value in known.items()}
