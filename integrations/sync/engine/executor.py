"""Execute one run: resolve open writes, plan, hold for preview, apply, and store the result."""

from __future__ import annotations

import logging
from dataclasses import replace

from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, transaction

from integrations.causes import Cause
from integrations.errors import LeaseLost, PortalError, StaleVersion
from integrations.messages.engine import EngineMessage
from integrations.models import Action, Direction, Outcome, RemoteWrite, SyncRun
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.failure_policy import held_result, result_of_error, unstored_result
from integrations.sync.engine.handlers import installed
from integrations.sync.engine.persistence import store_result
from integrations.sync.engine.plan import RunResult
from integrations.sync.engine.preview import preview_result
from integrations.sync.engine.recovery import (
    find_open_writes,
    own_writes,
    refresh_linked_ids,
    resolve_open_write,
)
from integrations.sync.engine.shared_records import resolve_shared_writes_of_run

logger = logging.getLogger(__name__)
TRIES_AGAINST_STALENESS = 3


def run_once(ctx: SyncContext, run: SyncRun) -> None:
    """One execution, whatever it comes to. Never raises for what a record, a vendor or a rule can do.

    A database that is away is raised: the run stays claimed, and is found again when the lease's lease is over.
    """
    if not run.claim(ctx.lease.fence):
        return
    try:
        settle_run(ctx, run, _attempt(ctx, run))
    except LeaseLost:
        logger.warning("CompanyLease of company %s was taken over", run.company_id)
    except OperationalError:
        raise
    except DatabaseError:
        logger.exception("Run %s could not be stored", run.pk)
        settle_run(ctx, run, unstored_result())
    ctx.meter.flush()


def _attempt(ctx: SyncContext, run: SyncRun) -> RunResult:
    """A run that took its worker down with it, again and again, is counted too, and stopped."""
    if run.attempts > len(settings.RETRY_PAUSES) + 1:
        return unstored_result()
    try:
        return _execute(ctx, run)
    except (LeaseLost, DatabaseError):
        raise
    except PortalError as error:
        return result_of_error(ctx, run, error)
    except Exception:
        logger.exception("Run %s failed", run.pk)
        message = EngineMessage.UNEXPECTED_ERROR()
        return held_result(message.cause, message.text)


def _execute(ctx: SyncContext, run: SyncRun) -> RunResult:
    noticing = installed().detectors.get(Action(run.action))
    if noticing is not None:
        return noticing(ctx, run)
    refresh_linked_ids(ctx, run)
    resolve_shared_writes_of_run(ctx, run)
    resumed = [resume_write(ctx, run, write) for write in find_open_writes(ctx, run)]
    own = [ending for ending in resumed if ending is not None]
    if own:
        run.forget_decisions_read()
        refresh_linked_ids(ctx, run)
    ending = plan_and_apply(ctx, run)
    if own and ending.outcome == Outcome.NOTHING_TO_DO:
        return replace(ending, silent=True, choices=own[-1].choices)
    return ending


def resume_write(ctx: SyncContext, run: SyncRun, write: RemoteWrite) -> RunResult | None:
    """How this record's own write turned out, if it was done. What others left open is told in their own log."""
    with ctx.locked(f"write {write.pk}"):
        # Two runs may have found it: its own, and one that looked at what others left.
        ending = (
            resolve_open_write(ctx, write)
            if RemoteWrite.objects.open().filter(pk=write.pk).exists()
            else None
        )
        if ending is None:
            return None
        try:
            store_result(ctx, write.run or run, ending)
        except (DataError, IntegrityError):
            logger.exception("Write %s could not be stored", write.pk)
            return None
    return ending if RemoteWrite.objects.filter(own_writes(run), pk=write.pk).exists() else None


def plan_and_apply(ctx: SyncContext, run: SyncRun) -> RunResult:
    """Somebody else was faster (5010): read again and decide anew, a few times."""
    action = installed().records[Action(run.action)]
    for _ in range(TRIES_AGAINST_STALENESS):
        plan = action.plan(ctx, run)
        shown = preview_result(run, plan)
        if shown is not None:
            return shown
        try:
            ending = action.apply(ctx, run, plan)
        except StaleVersion as error:
            stale = error
            continue
        if not ending.again:
            return ending
        store_result(ctx, run, ending)
        return plan_and_apply(ctx, run)
    raise stale


def quickbooks_id_after(run: SyncRun, ending: RunResult) -> str:
    """A pull is known by it, whatever else it touched."""
    return run.quickbooks_id if run.direction == Direction.PULL else ending.quickbooks_id or run.quickbooks_id


def settle_run(ctx: SyncContext, run: SyncRun, ending: RunResult) -> None:
    """One transaction: the write's row, the link, what follows from it, the log and the run itself."""
    with transaction.atomic():
        ctx.lease.assert_owned()
        store_result(ctx, run, ending)
        values = {
            "cause": ending.cause,
            "sentence": ending.sentence,
            "not_before": ending.not_before,
            "choices": [choice._asdict() for choice in ending.choices],
            "planned": ending.planned,
            "question": ending.question,
            "question_subject": ending.question_subject,
            "waits_for_kind": ending.waits_for[0],
            "waits_for_id": ending.waits_for[1],
            "coperniq_id": run.coperniq_id or (ending.link.coperniq_id if ending.link else ""),
            "coperniq_account_id": run.coperniq_account_id,
            "quickbooks_id": quickbooks_id_after(run, ending),
            "record_name": (ending.record_name or run.record_name)[:500],
        }
        if not run.settle(ending.state, values):
            raise LeaseLost
        if ending.cause == Cause.THROTTLED and ending.not_before is not None:
            ctx.lease.pause(ending.not_before)
