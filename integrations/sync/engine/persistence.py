"""Store a run's result: the closed write, the links, the follow-up runs and the log, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from integrations.models import (
    Action,
    Direction,
    Kind,
    Question,
    RecordLink,
    RemoteWrite,
    RunState,
    SyncLogEntry,
    SyncRun,
    Vendor,
)
from integrations.quickbooks.documents import is_later_version
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import store_follow_ups
from integrations.sync.engine.handlers import installed
from integrations.sync.engine.plan import AnsweredWrite, RunResult


def store_result(ctx: SyncContext, run: SyncRun, result: RunResult) -> None:
    with transaction.atomic():
        ctx.lease.assert_owned()
        store_owned(run, result)


def store_owned(run: SyncRun, result: RunResult) -> None:
    """Store a result in the transaction of a caller who has checked that the lease is owned."""
    if result.answered is not None:
        _close_answered(result.answered)
        _consume_decision(run, result.answered.write)
    if result.link is not None:
        store_link(result.link)
    _store_other_links(result.other_links)
    store_follow_ups(result.follow_ups)
    for entry in result.entries:
        entry.save()
    for asked in result.asks:
        asked.batch_id = asked.batch_id or run.batch_id
    SyncRun.objects.request_all(result.asks)
    if not result.silent and not _is_repeated(run, result):
        build_log_entry(run, result).save(force_insert=True)


def _close_answered(answered: AnsweredWrite) -> None:
    answered.write.close(
        RemoteWrite.State.ANSWERED,
        quickbooks_id=answered.quickbooks_id,
        quickbooks_version=answered.quickbooks_version,
        intuit_tid=answered.intuit_tid,
    )


def _consume_decision(run: SyncRun, write: RemoteWrite) -> None:
    """The answer “create it again” holds for one create, the release of a preview for one write and what it needs."""
    if write.entity in installed().shared_records:
        return
    if Question.PREVIEW in run.decisions:
        run.withdraw_answer(Question.PREVIEW)
    if write.operation == "create" and Question.CREATE_AGAIN in run.decisions:
        run.withdraw_answer(Question.CREATE_AGAIN)


def store_link(link: RecordLink) -> None:
    """Save a link and release the runs that wait for it. Those that offer to link to one of its records ask again."""
    is_new = link.pk is None
    link.synced_at = timezone.now()
    link.coperniq_name, link.quickbooks_name = link.coperniq_name[:500], link.quickbooks_name[:1024]
    link.number = link.number[:40]
    link.save()
    runs = SyncRun.objects.filter(connection_id=link.connection_id)
    released = Q(waits_for_kind=link.kind, waits_for_id=link.coperniq_id)
    if is_new:
        naming = runs.held().naming(quickbooks_id=link.quickbooks_id, coperniq_id=link.coperniq_id)
        released |= Q(pk__in=naming.filter(kind=link.kind).values("pk"))
        _request_what_was_read(link)
    runs.filter(released).requeue()


def _request_what_was_read(link: RecordLink) -> None:
    """Request a pull again that read a later version of the record than its new link knows.

    A void takes the tag off, so that the pull could not know that the record is about to be linked.
    """
    runs = SyncRun.objects.filter(connection_id=link.connection_id, kind=link.kind, state=RunState.DONE)
    of_record = runs.filter(direction=Direction.PULL, quickbooks_id=link.quickbooks_id)
    read = of_record.exclude(read_version="").order_by("-id").first()
    if read is not None and is_later_version(read.read_version, link.quickbooks_version):
        ids = {"quickbooks_id": read.quickbooks_id, "allocation_invoice_id": read.allocation_invoice_id}
        SyncRun.objects.request(SyncRun.of(read.connection, Action(read.action), None, **ids))


def _store_other_links(links: Sequence[RecordLink]) -> None:
    """Save the links of items and paid invoices. Another thread may have stored one of them meanwhile."""
    RecordLink.objects.bulk_create([link for link in links if not link.pk], ignore_conflicts=True)
    for link in links:
        if link.pk:
            link.save()


def _is_repeated(run: SyncRun, result: RunResult) -> bool:
    """True if the run is held or waits as it did before this execution: that is not logged again."""
    before = (run.cause, run.message_parameters, run.question_subject, run.choices)
    choices = [choice._asdict() for choice in result.choices]
    now = (result.cause, stored_parameters(result.parameters), result.question_subject, choices)
    return result.state in (RunState.HELD, RunState.WAITING) and before == now


def stored_parameters(parameters: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in parameters.items()}


def _direction_of(run: SyncRun, result: RunResult) -> str:
    """The direction of the write if there was one, since a run of either direction may write to either side."""
    if result.answered is None:
        return run.direction
    to_coperniq = result.answered.write.vendor == Vendor.COPERNIQ
    return Direction.PULL if to_coperniq else Direction.PUSH


def amount_of(run: SyncRun, result: RunResult) -> int | None:
    """Cents of the invoice or payment: as linked now, else as the run read it. A job's value is not in the books."""
    if run.kind not in (Kind.INVOICE, Kind.PAYMENT):
        return None
    linked = result.link.amount_cents if result.link else None
    return run.amount_cents if linked is None else linked


def build_log_entry(run: SyncRun, result: RunResult) -> SyncLogEntry:
    return SyncLogEntry(
        company_id=run.company_id,
        connection_id=run.connection_id,
        run=run,
        direction=_direction_of(run, result),
        kind=result.answered.write.kind if result.answered else run.kind,
        outcome=result.outcome,
        cause=result.cause,
        sentence=result.sentence,
        coperniq_id=result.link.coperniq_id if result.link else run.coperniq_id,
        quickbooks_id=result.quickbooks_id or run.quickbooks_id,
        record_name=(result.record_name or run.record_name)[:500],
        amount_cents=amount_of(run, result),
        changes=[change.as_dict() for change in result.changes],
        attempt=run.attempts,
        intuit_tid=result.intuit_tid,
    )
