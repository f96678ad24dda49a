"""Carry a batch out, a small step at each execution: look at its records, then request their runs.

A step stores what it has done in one transaction, so that a killed worker repeats at most the reads of one page.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from integrations.batches import progress_of
from integrations.messages.batches import BatchMessage
from integrations.models import Batch, Outcome, RunState, SyncRun
from integrations.sync.batches.reading import read_step
from integrations.sync.batches.sending import request_step
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import RunResult, done, nothing_to_do

_STEP = timedelta(seconds=1)


def detect(ctx: SyncContext, run: SyncRun) -> RunResult:
    batch = Batch.objects.filter(connection=ctx.connection, pk=run.coperniq_id.removeprefix("batch:")).first()
    if batch is None or batch.state not in (Batch.State.READING, Batch.State.RUNNING):
        return _nothing()
    if batch.state == Batch.State.READING:
        read_step(ctx, batch)
        return _go_on(ctx, run, None) if batch.state != Batch.State.READY else _nothing()
    pause_until = request_step(ctx, batch)
    if batch.state != Batch.State.DONE:
        return _go_on(ctx, run, pause_until or timezone.now() + _STEP)
    found = progress_of(batch)
    message = BatchMessage.FINISHED(
        title=batch.title,
        sent=found.done,
        total=found.total,
        attention=found.attention,
        waiting=found.waiting + found.left_out,
    )
    return done(message, record_name=batch.title)


def _nothing() -> RunResult:
    return nothing_to_do(BatchMessage.LOOKED_AT(), silent=True)


def _go_on(ctx: SyncContext, run: SyncRun, not_before: datetime | None) -> RunResult:
    """Execute the run again. Its attempts count from here, since this one has got somewhere."""
    with transaction.atomic():
        ctx.lease.assert_owned()
        SyncRun.objects.filter(pk=run.pk).update(attempts=0)
    return RunResult(
        RunState.QUEUED,
        Outcome.NOTHING_TO_DO,
        "",
        silent=True,
        not_before=not_before,
        record_name=run.record_name,
    )
