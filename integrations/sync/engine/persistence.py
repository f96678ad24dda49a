"""Store a run's result: the write's row, the links, the follow-up runs and the log, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from integrations.models import (
    Direction,
    Question,
    RecordLink,
    RemoteWrite,
    RunState,
    SyncLogEntry,
    SyncRun,
    Vendor,
)
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import AnsweredWrite, RunResult


def store_result(ctx: SyncContext, run: SyncRun, ending: RunResult) -> None:
    with transaction.atomic():
        ctx.lease.assert_owned()
        if ending.answered is not None:
            close_answered(ending.answered)
            _consume_decision(run, ending.answered.write)
        if ending.link is not None:
            store_link(ending.link)
        _store_other_links(ending.other_links)
        for entry in ending.entries:
            entry.save()
        for asked in ending.asks:
            SyncRun.objects.request(asked)
        if not ending.silent and not is_repeated(run, ending):
            build_log_entry(run, ending).save()


def close_answered(answered: AnsweredWrite) -> None:
    answered.write.close(
        RemoteWrite.State.ANSWERED,
        quickbooks_id=answered.quickbooks_id,
        quickbooks_version=answered.quickbooks_version,
        intuit_tid=answered.intuit_tid,
    )


def _consume_decision(run: SyncRun, write: RemoteWrite) -> None:
    """A person wanted it created once: whatever this run goes on with is no second time."""
    if write.operation == "create" and Question.CREATE_AGAIN in run.decisions:
        run.withdraw_answer(Question.CREATE_AGAIN)


def store_link(link: RecordLink) -> None:
    """A new link releases what waited for it."""
    link.synced_at = timezone.now()
    link.coperniq_name, link.quickbooks_name = link.coperniq_name[:500], link.quickbooks_name[:1024]
    link.number = link.number[:40]
    link.save()
    SyncRun.objects.filter(
        connection_id=link.connection_id, waits_for_kind=link.kind, waits_for_id=link.coperniq_id
    ).filter(state=RunState.WAITING).requeue()


def _store_other_links(links: Sequence[RecordLink]) -> None:
    """Matches of items, which another thread may have stored meanwhile, and balances of the invoices paid."""
    RecordLink.objects.bulk_create([link for link in links if not link.pk], ignore_conflicts=True)
    for link in links:
        if link.pk:
            link.save()


def is_repeated(run: SyncRun, ending: RunResult) -> bool:
    """A run that is held or waits as before has no news."""
    resting = ending.state in (RunState.HELD, RunState.WAITING)
    same = (run.cause, run.sentence) == (ending.cause, ending.sentence)
    return resting and same and run.question_subject == ending.question_subject


def direction_of(run: SyncRun, ending: RunResult) -> str:
    """Where something was written; a run of either direction may set the other side right."""
    if ending.answered is None:
        return run.direction
    to_coperniq = ending.answered.write.vendor == Vendor.COPERNIQ
    return Direction.PULL if to_coperniq else Direction.PUSH


def build_log_entry(run: SyncRun, ending: RunResult) -> SyncLogEntry:
    return SyncLogEntry(
        company_id=run.company_id,
        connection_id=run.connection_id,
        run=run,
        direction=direction_of(run, ending),
        kind=ending.answered.write.kind if ending.answered else run.kind,
        outcome=ending.outcome,
        cause=ending.cause,
        sentence=ending.sentence,
        coperniq_id=ending.link.coperniq_id if ending.link else run.coperniq_id,
        quickbooks_id=ending.quickbooks_id or run.quickbooks_id,
        record_name=(ending.record_name or run.record_name)[:500],
        changes=[change.as_dict() for change in ending.changes],
        attempt=run.attempts,
        intuit_tid=ending.intuit_tid,
    )
