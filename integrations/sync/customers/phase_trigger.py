"""Detect from a project's phase instances that it entered a trigger phase, and ask for its customer and job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from integrations.coperniq.records import PhaseInstance, Project
from integrations.errors import Choice, RecordMissing
from integrations.messages import Message
from integrations.messages.customers import CustomerMessage
from integrations.models import (
    Action,
    Kind,
    Outcome,
    PhaseEntry,
    PhaseTrigger,
    Question,
    RecordLink,
    Reentry,
    RunState,
    SyncRun,
)
from integrations.sync.customers.push_job import missing_project, project_without_account
from integrations.sync.engine.choices import DISCARD
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import RunResult, done, nothing_to_do

_PUSH_AGAIN = Choice("release", "Update the customer and the job", Question.REENTRY)


def detect(ctx: SyncContext, run: SyncRun) -> RunResult:
    """The newest of the new entries decides; the older ones are stored with it."""
    try:
        project = ctx.read_project(run.coperniq_id)
    except RecordMissing as error:
        raise missing_project(run.coperniq_id) from error
    run.record_name = project.title
    entries = [entry for entry in _entries_into_triggers(ctx, project) if not _is_known_entry(entry)]
    newest = max(entries, key=lambda entry: entry.started_at) if entries else _entry_asked_about(run)
    if newest is None:
        return nothing_to_do(CustomerMessage.NO_NEW_ENTRY(), silent=True, record_name=project.title)
    if not project.account_id:
        raise project_without_account(project)
    return _result_for(ctx, run, project, entries, newest)


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
                yield PhaseEntry(
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
        asks=[_build_push_run(ctx, run, project, newest, kind) for kind in (Kind.CUSTOMER, Kind.JOB)],
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
    ctx: SyncContext, run: SyncRun, project: Project, entry: PhaseEntry, kind: Kind
) -> SyncRun:
    trigger = entry.trigger
    of_customer = kind == Kind.CUSTOMER
    return SyncRun.of(
        ctx.connection,
        Action.PUSH_CUSTOMER if of_customer else Action.PUSH_JOB,
        coperniq_id=project.account_id if of_customer else project.id,
        coperniq_account_id=project.account_id,
        record_name="" if of_customer else project.title,
        preview=trigger is not None and trigger.preview,
        event=run.event,
        entry=entry,
    )
