"""Execute one run: resolve open writes, plan, hold for preview, apply, and store the result."""

from __future__ import annotations

import logging
from dataclasses import replace

from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, transaction

from integrations.causes import Cause
from integrations.errors import LeaseLost, PortalError, StaleVersion
from integrations.models import Action, Direction, Outcome, RemoteWrite, SyncRun
from integrations.models.durability import recoverable
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.failure_policy import result_of_error, unforeseen_result, unstored_result
from integrations.sync.engine.handlers import installed
from integrations.sync.engine.listed import listed_records
from integrations.sync.engine.persistence import amount_of, store_owned, store_result, stored_parameters
from integrations.sync.engine.plan import RunResult
from integrations.sync.engine.planning import make_plan
from integrations.sync.engine.recovery import (
    find_open_writes,
    refresh_linked_ids,
    resolve_open_write,
)
from integrations.sync.engine.shared_records import resolve_shared_writes_of_run
from integrations.sync.engine.write_history import own_writes

logger = logging.getLogger(__name__)
_TRIES_AGAINST_STALENESS = 3


def run_once(ctx: SyncContext, run: SyncRun) -> None:
    """Execute a run once and store its result, whatever it is.

    Raises OperationalError if the database cannot be reached: the run stays claimed and is recovered by the next owner
    of the lease.
    """
    if not run.claim(ctx.lease.fence):
        return
    if run.batch_id is not None:
        ctx.coperniq.use_listed(listed_records(run))
    try:
        result = _attempt(ctx, run)
        settle_run(ctx, run, replace(result, follow_ups=(*result.follow_ups, *ctx.take_follow_ups())))
    except LeaseLost:
        logger.warning("The lease of company %s was taken by another worker", run.company_id)
    except OperationalError:
        raise
    except DatabaseError:
        logger.exception("Run %s could not be stored", run.pk)
        settle_run(ctx, run, unstored_result())
    ctx.meter.flush()
    ctx.store_unlistable()


def _attempt(ctx: SyncContext, run: SyncRun) -> RunResult:
    """The result of one execution. A run whose worker died during each of its attempts is held."""
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
        return unforeseen_result(run, may_repeat=next(find_open_writes(ctx, run), None) is None)


def _execute(ctx: SyncContext, run: SyncRun) -> RunResult:
    detect = installed().detectors.get(Action(run.action))
    if detect is not None:
        return detect(ctx, run)
    refresh_linked_ids(ctx, run)
    resolve_shared_writes_of_run(ctx, run)
    resolved = [_resolve_write(ctx, run, write) for write in find_open_writes(ctx, run)]
    own = [result for result in resolved if result is not None]
    if own:
        run.forget_decisions_read()
        refresh_linked_ids(ctx, run)
    result = _plan_and_apply(ctx, run)
    if own and result.outcome == Outcome.NOTHING_TO_DO:
        return replace(result, silent=True, choices=own[-1].choices)
    return result


def _resolve_write(ctx: SyncContext, run: SyncRun, write: RemoteWrite) -> RunResult | None:
    """Resolve an open write and store its result; returns it if it is this record's own and the write was done."""
    with ctx.locked(f"write {write.pk}"):
        # Another run may have found it as well and resolved it meanwhile.
        result = (
            resolve_open_write(ctx, write)
            if RemoteWrite.objects.open().filter(pk=write.pk).exists()
            else None
        )
        if result is None:
            return None
        try:
            store_result(ctx, write.run or run, result)
        except (DataError, IntegrityError):
            logger.exception("Write %s could not be stored", write.pk)
            return None
    return result if RemoteWrite.objects.filter(own_writes(run), pk=write.pk).exists() else None


def _plan_and_apply(ctx: SyncContext, run: SyncRun) -> RunResult:
    """Plan and apply; if the record changed meanwhile (error 5010), read and plan again, a few times."""
    action = installed().records[Action(run.action)]
    for _ in range(_TRIES_AGAINST_STALENESS):
        plan = make_plan(ctx, run, action.plan)
        try:
            result = action.apply(ctx, run, plan)
        except StaleVersion as error:
            stale = error
            continue
        if not result.again:
            return result
        store_result(ctx, run, result)
        return _plan_and_apply(ctx, run)
    raise stale


def _quickbooks_id_after(run: SyncRun, result: RunResult) -> str:
    """A pull is identified by its QuickBooks id, which never changes."""
    return run.quickbooks_id if run.direction == Direction.PULL else result.quickbooks_id or run.quickbooks_id


def settle_run(ctx: SyncContext, run: SyncRun, result: RunResult) -> None:
    """Store the closed write, the link, the follow-up runs, the log entry and the run in one transaction.

    If it is lost with the machine's power, the write is an open one, and recovery finds out how it ended.
    """
    with recoverable(), transaction.atomic():
        ctx.lease.assert_owned()
        store_owned(run, result)
        SyncRun.objects.request_all(installed().comparisons_due(run, result))
        values = {
            "cause": result.cause,
            "sentence": result.sentence,
            "message_parameters": stored_parameters(result.parameters),
            "not_before": result.not_before,
            "choices": [choice._asdict() for choice in result.choices],
            "planned": result.planned,
            "question": result.question,
            "question_subject": result.question_subject,
            "waits_for_kind": result.waits_for[0],
            "waits_for_id": result.waits_for[1],
            "coperniq_id": run.coperniq_id or (result.link.coperniq_id if result.link else ""),
            "coperniq_account_id": run.coperniq_account_id,
            "quickbooks_id": _quickbooks_id_after(run, result),
            "record_name": (result.record_name or run.record_name)[:500],
            "amount_cents": amount_of(run, result),
            "read_version": run.read_version,
            "is_kept": run.is_kept,
        }
        if not run.settle(result.state, values):
            raise LeaseLost
        if result.cause == Cause.THROTTLED and result.not_before is not None:
            ctx.lease.pause(result.not_before)
