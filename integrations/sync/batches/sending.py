"""Request the runs of a batch in bounded portions, so that it never fills the queue of its company."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from integrations.batches import to_send
from integrations.connections.budget import is_scarce
from integrations.models import Action, Batch, BatchRecord, Finding, Kind, RecordLink, SyncRun
from integrations.sync.engine.context import SyncContext

_AT_ONCE = 40
"""How many runs of a batch may be unfinished: enough for ten threads, few enough that a live event soon has its turn."""

_LOOK_AGAIN = timedelta(minutes=30)
_ORDER = (Kind.ITEM, Kind.CUSTOMER, Kind.JOB, Kind.INVOICE)


def request_step(ctx: SyncContext, batch: Batch) -> datetime | None:
    """Request the next portion; when to go on if today's calls are used up, None if at once.

    The batch is done once nothing of it is queued or running. A kind begins when the one before has come to rest.
    """
    unfinished = batch.runs.unfinished().exclude(action=Action.RUN_BATCH)
    room = _AT_ONCE - unfinished.count()
    found = _next_records(batch, room) if room > _AT_ONCE // 2 else []
    if found and room < _AT_ONCE and _begins_kind(batch, found[0]):
        found = []
    pause_until = _pause(ctx, batch) if found else None
    with transaction.atomic():
        ctx.lease.assert_owned()
        running = Batch.objects.filter(pk=batch.pk, state=Batch.State.RUNNING)
        if not running.update(resumes_at=pause_until) or pause_until is not None:
            return pause_until
        if found:
            _request(ctx, batch, found)
        elif room == _AT_ONCE:
            batch.move(Batch.State.DONE, finished_at=timezone.now())
    return None


def _next_records(batch: Batch, room: int) -> list[BatchRecord]:
    waiting = to_send(batch).filter(requested_at__isnull=True)
    for kind in _ORDER:
        found = list(waiting.filter(kind=kind).order_by("id")[:room])
        if found:
            return found
    return []


def _begins_kind(batch: Batch, record: BatchRecord) -> bool:
    return not batch.records.filter(kind=record.kind, requested_at__isnull=False).exists()


def _request(ctx: SyncContext, batch: Batch, records: list[BatchRecord]) -> None:
    now = timezone.now()
    BatchRecord.objects.filter(pk__in=[record.pk for record in records]).update(requested_at=now)
    if records[0].kind == Kind.ITEM:
        links = [_item_link(batch, record) for record in records if record.finding == Finding.MATCH]
        RecordLink.objects.bulk_create(links, ignore_conflicts=True)
        return
    SyncRun.objects.request_all([run for record in records for run in _runs_of(ctx, batch, record)])


def _runs_of(ctx: SyncContext, batch: Batch, record: BatchRecord) -> list[SyncRun]:
    actions = {
        Kind.JOB: [Action.NOTICE_ENTRY],
        Kind.CUSTOMER: [Action.PUSH_CUSTOMER],
        Kind.INVOICE: [Action.PUSH_INVOICE, *([Action.NOTICE_PAYMENTS] if record.paid_cents else [])],
    }
    return [
        SyncRun.of(
            ctx.connection,
            action,
            batch=batch,
            coperniq_id=record.coperniq_id,
            coperniq_account_id=record.account_id,
            record_name=record.name,
        )
        for action in actions[Kind(record.kind)]
    ]


def _item_link(batch: Batch, record: BatchRecord) -> RecordLink:
    return RecordLink(
        connection_id=batch.connection_id,
        kind=Kind.ITEM,
        coperniq_id=record.coperniq_id,
        coperniq_name=record.name,
        quickbooks_id=record.parent_id,
        quickbooks_name=record.quickbooks_name,
        number=record.number,
        amount_cents=record.amount_cents,
        match_method=record.version,
    )


def _pause(ctx: SyncContext, batch: Batch) -> datetime | None:
    """Until when a batch leaves the rest of the day's calls to what people do; None if there are enough.

    Coperniq may count them over a day or over the last 24 hours (docs/vendors/coperniq-api.md, 2.3).
    """
    company_id, now = batch.connection.company_id, timezone.now()
    if is_scarce(company_id):
        return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(0, 5), UTC)
    return now + _LOOK_AGAIN if is_scarce(company_id, ctx.coperniq.calls_remaining) else None
