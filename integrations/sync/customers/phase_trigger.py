"""Detect from a project's phase instances that it entered a trigger phase, and ask for its customer and job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from integrations.causes import Cause
from integrations.coperniq.records import PhaseInstance, Project
from integrations.errors import Choice, RecordMissing, Skipped
from integrations.messages import Message
from integrations.messages.batches import BatchMessage
from integrations.messages.choices import ChoiceLabel
from integrations.messages.customers import CustomerMessage
from integrations.models import (
    Action,
    Batch,
    Kind,
    Outcome,
    PhaseEntry,
    PhaseTrigger,
    Question,
    RecordLink,
    Reentry,
    RunState,
    Selection,
    SyncRun,
)
from integrations.sync.customers.phase_order import has_reached
from integrations.sync.customers.push_job import missing_project, project_without_account
from integrations.sync.engine.choices import DISCARD
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import requeue
from integrations.sync.engine.plan import RunResult, done, nothing_to_do

_PROJECT_CAUSES = (Cause.PROJECT_MOVED, Cause.PROJECT_WITHOUT_ACCOUNT, Cause.PROJECT_MISSING)
_PUSH_AGAIN = Choice("release", ChoiceLabel.UPDATE_CUSTOMER_AND_JOB(), Question.REENTRY)


def detect(ctx: SyncContext, run: SyncRun) -> RunResult:
    """The newest of the new entries decides; the older ones are stored with it."""
    try:
        project = ctx.read_project(run.coperniq_id)
    except RecordMissing as error:
        raise missing_project(run.coperniq_id) from error
    run.record_name = project.title
    _ask_again(ctx, project)
    if run.batch is not None:
        return _send_with_batch(ctx, run, project, run.batch)
    entries = [entry for entry in _entries_into_triggers(ctx, project) if not _is_known_entry(entry)]
    newest = max(entries, key=lambda entry: entry.started_at) if entries else _entry_asked_about(run)
    if newest is None:
        # It may have passed its trigger phase by, or left it.
        waiting = SyncRun.objects.open().filter(connection=ctx.connection, waits_for_kind=Kind.JOB)
        requeue(ctx.follow_ups, waiting.filter(waits_for_id=project.id, cause=Cause.WAITS_FOR_JOB))
        return nothing_to_do(CustomerMessage.NO_NEW_ENTRY(), silent=True, record_name=project.title)
    if not project.account_id:
        raise project_without_account(project)
    return _result_for(ctx, run, project, entries, newest)


def _send_with_batch(ctx: SyncContext, run: SyncRun, project: Project, batch: Batch) -> RunResult:
    """Push a project that a person chose, whenever it entered the phase. Its entries are stored, so that it is not
    pushed a second time for them. Raises Skipped if it is not in the phase any more."""
    by_number = batch.selection == Selection.RECORD
    if not by_number and RecordLink.objects.pushed(ctx.connection, Kind.JOB, project.id) is not None:
        return nothing_to_do(CustomerMessage.NO_NEW_ENTRY(), silent=True, record_name=project.title)
    trigger = ctx.connection.triggers.filter(workflow_id=project.workflow_id).first()
    reached = trigger is not None and has_reached(ctx.connection.company.coperniq, trigger, project.phase)
    if not reached and not batch.anyway:
        raise Skipped(not_reached(project, trigger))
    if not project.account_id:
        raise project_without_account(project)
    starts = _starts_of(ctx, trigger, project) if trigger is not None else ()
    entries = [entry for entry in starts if not _is_known_entry(entry)]
    newest = max(entries, key=lambda entry: entry.started_at) if entries else None
    preview = trigger.preview if trigger else ctx.connection.triggers.filter(preview=True).exists()
    return nothing_to_do(
        CustomerMessage.NO_NEW_ENTRY(),
        silent=True,
        record_name=project.title,
        entries=entries,
        asks=[
            _build_push_run(ctx, run, project, kind, entry=newest, preview=preview)
            for kind in (Kind.CUSTOMER, Kind.JOB)
        ],
    )


def not_reached(project: Project, trigger: PhaseTrigger | None) -> Message:
    """Why a project is not sent by itself."""
    current = project.phase.name if project.phase and project.phase.name else "no phase"
    if trigger is None:
        return BatchMessage.NOT_REACHED_NO_TRIGGER(project=project.title, current=current)
    phase = trigger.phase_name or "another phase"
    return BatchMessage.NOT_REACHED(project=project.title, current=current, phase=phase)


def _starts_of(ctx: SyncContext, trigger: PhaseTrigger, project: Project) -> Iterator[PhaseEntry]:
    for instance in project.phase_instances:
        if instance.template_id == trigger.phase_template_id and instance.started_at is not None:
            yield _entry_of(ctx, trigger, project, instance, instance.started_at)


def _ask_again(ctx: SyncContext, project: Project) -> None:
    """Plan again what is held because of the account that the project belongs to, or because it was missing."""
    held = SyncRun.objects.held().filter(connection=ctx.connection)
    job = Q(action=Action.PUSH_JOB, coperniq_id=project.id, cause__in=_PROJECT_CAUSES)
    invoices = Q(action=Action.PUSH_INVOICE, cause__in=(Cause.ACCOUNT_MISMATCH, Cause.PROJECT_MISSING))
    requeue(ctx.follow_ups, held.filter(job | invoices & Q(message_parameters__project=project.title)))


def _entry_asked_about(run: SyncRun) -> PhaseEntry | None:
    """The entry this run was held for, unless another run has it by now or its trigger has another phase."""
    entry = run.entry
    if entry is None or entry.runs.exclude(pk=run.pk).exists():
        return None
    trigger = entry.trigger
    return entry if trigger and trigger.phase_template_id == entry.phase_template_id else None


def _entries_into_triggers(ctx: SyncContext, project: Project) -> Iterator[PhaseEntry]:
    for trigger in ctx.connection.triggers.all():
        for instance in project.phase_instances:
            started_at = started_after(trigger, instance, ctx.coperniq.clock_behind)
            if started_at is not None:
                yield _entry_of(ctx, trigger, project, instance, started_at)


def _entry_of(
    ctx: SyncContext, trigger: PhaseTrigger, project: Project, instance: PhaseInstance, started_at: datetime
) -> PhaseEntry:
    return PhaseEntry(
        connection=ctx.connection,
        trigger=trigger,
        project_id=project.id,
        phase_instance_id=instance.id,
        phase_template_id=instance.template_id,
        started_at=started_at,
    )


def started_after(trigger: PhaseTrigger, instance: PhaseInstance, behind: timedelta) -> datetime | None:
    """When the phase was entered, if that was not before the trigger was saved.

    Compared by Coperniq's clock and in whole seconds, because Coperniq may round to them. Only a clock behind the
    portal's is corrected: if the estimate is wrong, a project too many is pushed and none is missed.
    """
    if instance.template_id != trigger.phase_template_id or instance.started_at is None:
        return None
    saved_at = (trigger.saved_at - behind).replace(microsecond=0)
    return instance.started_at if instance.started_at >= saved_at else None


def _is_known_entry(entry: PhaseEntry) -> bool:
    return PhaseEntry.objects.filter(
        connection=entry.connection,
        phase_instance_id=entry.phase_instance_id,
        started_at=entry.started_at,
    ).exists()


def _result_for(
    ctx: SyncContext, run: SyncRun, project: Project, entries: list[PhaseEntry], newest: PhaseEntry
) -> RunResult:
    trigger = newest.trigger
    assert trigger is not None  # _entries_into_triggers made it from one
    phase = trigger.phase_name or "its trigger phase"
    reentered = RecordLink.objects.pushed(ctx.connection, Kind.JOB, project.id) is not None
    if reentered and trigger.reentry == Reentry.ONCE:
        message = CustomerMessage.REENTRY_ONCE(project=project.title, phase=phase)
        return RunResult(
            RunState.DONE,
            Outcome.SKIPPED,
            message.text,
            message.cause,
            record_name=project.title,
            entries=entries,
        )
    if reentered and trigger.reentry == Reentry.ASK and not _is_reentry_approved(run, newest):
        message = CustomerMessage.REENTRY_ASK(project=project.title, phase=phase)
        return _ask_about_reentry(ctx, run, entries, newest, message)
    return done(
        CustomerMessage.PHASE_ENTERED(project=project.title, phase=phase),
        record_name=project.title,
        entries=entries,
        asks=[
            _build_push_run(ctx, run, project, kind, entry=newest, preview=trigger.preview)
            for kind in (Kind.CUSTOMER, Kind.JOB)
        ],
    )


def _is_reentry_approved(run: SyncRun, entry: PhaseEntry) -> bool:
    return run.answer_to(Question.REENTRY).subject == _subject_of(entry)


def _subject_of(entry: PhaseEntry) -> str:
    return f"entry {entry.pk}"


def _ask_about_reentry(
    ctx: SyncContext, run: SyncRun, entries: Sequence[PhaseEntry], newest: PhaseEntry, message: Message
) -> RunResult:
    """Store the entries first, so that leaving them asks no second time and an answer counts for this entry only."""
    with transaction.atomic():
        ctx.lease.assert_owned()
        for entry in entries:
            entry.save()
        SyncRun.objects.filter(pk=run.pk).update(entry=newest)
    return RunResult(
        RunState.HELD,
        Outcome.HELD,
        message.text,
        message.cause,
        choices=(_PUSH_AGAIN, DISCARD),
        question=Question.REENTRY,
        question_subject=_subject_of(newest),
    )


def _build_push_run(
    ctx: SyncContext, run: SyncRun, project: Project, kind: Kind, *, entry: PhaseEntry | None, preview: bool
) -> SyncRun:
    of_customer = kind == Kind.CUSTOMER
    return SyncRun.of(
        ctx.connection,
        Action.PUSH_CUSTOMER if of_customer else Action.PUSH_JOB,
        coperniq_id=project.account_id if of_customer else project.id,
        coperniq_account_id=project.account_id,
        record_name="" if of_customer else project.title,
        preview=preview,
        event=run.event,
        entry=entry,
    )
