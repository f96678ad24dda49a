"""What a failure means for its run: wait, reconnect, configure or look. The error itself names the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from integrations.connections.tokens import mark_access_lost, mark_key_refused
from integrations.errors import Choice, Hold, PortalError, Remedy, Skip, Throttled, VendorError, Wait
from integrations.models import Outcome, RunState, SyncRun
from integrations.models.vocabulary import RECONNECT
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending


def ending_of(desk: Desk, run: SyncRun, error: PortalError) -> Ending:
    if isinstance(error, Hold):
        return replace(
            held(run, error.cause, error.sentence, error.choices),
            planned=[{"compared": dict(row)} for row in error.compared],
        )
    if isinstance(error, Wait):
        waits_for = (error.kind, error.coperniq_id)
        return Ending(RunState.WAITING, Outcome.WAITING, error.sentence, error.cause, waits_for=waits_for)
    if isinstance(error, Skip):
        return skipped(error)
    tid = error.intuit_tid if isinstance(error, VendorError) else ""
    if error.remedy == Remedy.RETRY:
        return retrying(run, error, tid)
    if error.remedy == Remedy.RECONNECT and isinstance(error, VendorError):
        stop_syncing(desk, error)
        return held(run, RECONNECT, error.sentence, intuit_tid=tid)
    return held(run, error.cause, error.sentence, intuit_tid=tid)


def held(
    run: SyncRun,
    cause: str,
    sentence: str,
    choices: Sequence[Choice] = (RETRY, DISCARD),
    intuit_tid: str = "",
) -> Ending:
    return Ending(RunState.HELD, Outcome.HELD, sentence, cause, choices=choices, intuit_tid=intuit_tid)


def skipped(reason: Skip) -> Ending:
    return Ending(
        RunState.DONE,
        Outcome.SKIPPED,
        reason.sentence,
        reason.cause,
        silent=reason.silent,
        choices=reason.choices,
    )


def retrying(run: SyncRun, error: PortalError, intuit_tid: str) -> Ending:
    """Rising pauses; after the last one a person looks."""
    if run.attempts > len(settings.RETRY_PAUSES):
        sentence = f"{error.sentence} It was tried {run.attempts} times and now waits for you."
        return held(run, error.cause, sentence, intuit_tid=intuit_tid)
    pause = timedelta(seconds=settings.RETRY_PAUSES[run.attempts - 1])
    if isinstance(error, Throttled):
        pause = max(pause, timedelta(seconds=min(error.pause_seconds, settings.RETRY_PAUSES[-1])))
    return Ending(
        RunState.QUEUED,
        Outcome.RETRYING,
        error.sentence,
        error.cause,
        not_before=timezone.now() + pause,
        intuit_tid=intuit_tid,
    )


def stop_syncing(desk: Desk, error: VendorError) -> None:
    if error.vendor == "quickbooks":
        mark_access_lost(desk.connection, error)
    else:
        mark_key_refused(desk.connection.company.coperniq, error)


def unstored(run: SyncRun) -> Ending:
    return held(
        run, "internal", "The portal could not store how this ended. Please tell support, then try again."
    )
