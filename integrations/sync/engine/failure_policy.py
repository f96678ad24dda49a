"""What an error means for its run: retry, reconnect, configure, or ask a person. The error itself names its remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from integrations.causes import Cause
from integrations.connections.tokens import mark_access_lost, mark_key_refused
from integrations.errors import (
    BlockedBy,
    Choice,
    NeedsDecision,
    PortalError,
    Remedy,
    Skipped,
    Throttled,
    VendorError,
)
from integrations.messages.engine import EngineMessage
from integrations.models import Outcome, RunState, SyncRun
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import RunResult

_UNFORESEEN_TRIES = 5  # some 20 minutes with the default RETRY_PAUSES


def result_of_error(ctx: SyncContext, run: SyncRun, error: PortalError) -> RunResult:
    if isinstance(error, NeedsDecision):
        return replace(
            held_result(error.cause, error.sentence, error.parameters, error.choices),
            planned=[{"compared": dict(row)} for row in error.compared],
            waits_for=error.waits_for,
        )
    if isinstance(error, BlockedBy):
        waits_for = (error.kind, error.coperniq_id)
        return RunResult(
            RunState.WAITING,
            Outcome.WAITING,
            error.sentence,
            error.cause,
            parameters=error.parameters,
            choices=error.choices,
            waits_for=waits_for,
        )
    if isinstance(error, Skipped):
        return _skipped_result(error)
    tid = error.intuit_tid if isinstance(error, VendorError) else ""
    if error.remedy == Remedy.RETRY:
        return _retry_result(run, error, tid)
    if error.remedy == Remedy.RECONNECT and isinstance(error, VendorError):
        _stop_syncing(ctx, error)
        return held_result(Cause.RECONNECT, error.sentence, error.parameters, intuit_tid=tid)
    return held_result(error.cause, error.sentence, error.parameters, intuit_tid=tid)


def held_result(
    cause: str,
    sentence: str,
    parameters: Mapping[str, object],
    choices: Sequence[Choice] = (RETRY, DISCARD),
    intuit_tid: str = "",
) -> RunResult:
    return RunResult(
        RunState.HELD,
        Outcome.HELD,
        sentence,
        cause,
        parameters=parameters,
        choices=choices,
        intuit_tid=intuit_tid,
    )


def _skipped_result(reason: Skipped) -> RunResult:
    return RunResult(
        RunState.DONE,
        Outcome.SKIPPED,
        reason.sentence,
        reason.cause,
        silent=reason.silent,
        choices=reason.choices,
    )


def _retry_result(run: SyncRun, error: PortalError, intuit_tid: str) -> RunResult:
    """Retry after rising pauses; after the last one the run is held for a person."""
    if run.attempts > len(settings.RETRY_PAUSES):
        message = EngineMessage.RETRIES_EXHAUSTED(problem=error.sentence, attempts=run.attempts)
        return held_result(error.cause, message.text, message.parameters, intuit_tid=intuit_tid)
    pause = timedelta(seconds=settings.RETRY_PAUSES[run.attempts - 1])
    if isinstance(error, Throttled):
        pause = max(pause, timedelta(seconds=min(error.pause_seconds, settings.RETRY_PAUSES[-1])))
    return _retry_later(error.sentence, error.cause, pause, intuit_tid)


def _retry_later(sentence: str, cause: str, pause: timedelta, intuit_tid: str = "") -> RunResult:
    return RunResult(
        RunState.QUEUED,
        Outcome.RETRYING,
        sentence,
        cause,
        not_before=timezone.now() + pause,
        intuit_tid=intuit_tid,
    )


def unforeseen_result(run: SyncRun, *, may_repeat: bool) -> RunResult:
    """Of an error that is not one of the portal's. A few tries, where nothing has been written; then people are asked."""
    message = EngineMessage.UNEXPECTED_ERROR()
    tries = min(_UNFORESEEN_TRIES, len(settings.RETRY_PAUSES)) if may_repeat else 0
    if run.attempts > tries:
        return held_result(message.cause, message.text, message.parameters)
    pause = timedelta(seconds=settings.RETRY_PAUSES[run.attempts - 1])
    text = EngineMessage.UNEXPECTED_TRIED_AGAIN()
    return _retry_later(text.text, text.cause, pause)


def _stop_syncing(ctx: SyncContext, error: VendorError) -> None:
    if error.vendor == "quickbooks":
        mark_access_lost(ctx.connection, error)
    else:
        mark_key_refused(ctx.connection.company.coperniq, error)


def unstored_result() -> RunResult:
    message = EngineMessage.RESULT_NOT_STORED()
    return held_result(message.cause, message.text, message.parameters)
