"""Attempts, failure, preview, storing: everything about a run but what its action does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, transaction

from integrations.errors import (
    LaneLost,
    PortalError,
    StaleVersion,
    Throttled,
)
from integrations.models import Action, Direction, Outcome, RemoteWrite, SyncRun
from integrations.sync.actions import (
    allocations,
    changed_customers,
    customers,
    entries,
    invoices,
    jobs,
    payments,
    pulling_invoices,
    pulling_payments,
)
from integrations.sync.actions.making import settle_beside
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending
from integrations.sync.plans import Plan
from integrations.sync.previews import preview_of
from integrations.sync.remedies import ending_of, held, unstored
from integrations.sync.resuming import open_writes, own_of, recognise, settle_open
from integrations.sync.storing import store

logger = logging.getLogger(__name__)


class PlannedAction(Protocol):
    """Plan first, with reads only; then apply what was planned."""

    def plan(self, desk: Desk, run: SyncRun) -> Plan: ...
    def apply(self, desk: Desk, run: SyncRun, planned: Plan) -> Ending: ...


PLANNED_ACTIONS: dict[Action, PlannedAction] = {
    Action.PUSH_CUSTOMER: customers,
    Action.PUSH_JOB: jobs,
    Action.PUSH_INVOICE: invoices,
    Action.PUSH_PAYMENT: payments,
    Action.PULL_INVOICE: pulling_invoices,
    Action.PULL_PAYMENT: pulling_payments,
}
NOTICING: dict[Action, Callable[[Desk, SyncRun], Ending]] = {
    Action.NOTICE_ENTRY: entries.perform,
    Action.NOTICE_PAYMENTS: payments.notice,
    Action.NOTICE_ALLOCATIONS: allocations.notice,
    Action.NOTICE_CUSTOMER: changed_customers.perform,
}
TRIES_AGAINST_STALENESS = 3


def run_once(desk: Desk, run: SyncRun) -> None:
    """One execution, whatever it comes to. Never raises for what a record, a vendor or a rule can do.

    A database that is away is raised: the run stays claimed, and is found again when the lane's lease is over.
    """
    if not run.claim(desk.lane.fence):
        return
    try:
        settle(desk, run, attempt(desk, run))
    except LaneLost:
        logger.warning("Lane of company %s was taken over", run.company_id)
    except OperationalError:
        raise
    except DatabaseError:
        logger.exception("Run %s could not be stored", run.pk)
        settle(desk, run, unstored(run))
    desk.meter.flush()


def attempt(desk: Desk, run: SyncRun) -> Ending:
    """A run that took its worker down with it, again and again, is counted too, and stopped."""
    if run.attempts > len(settings.RETRY_PAUSES) + 1:
        return unstored(run)
    try:
        return perform(desk, run)
    except (LaneLost, DatabaseError):
        raise
    except PortalError as error:
        return ending_of(desk, run, error)
    except Exception:
        logger.exception("Run %s failed", run.pk)
        return held(run, "internal", "Something unexpected happened inside the portal. Please tell support.")


def perform(desk: Desk, run: SyncRun) -> Ending:
    noticing = NOTICING.get(Action(run.action))
    if noticing is not None:
        return noticing(desk, run)
    recognise(desk, run)
    settle_beside(desk, run)
    resumed = [resume(desk, run, write) for write in open_writes(desk, run)]
    own = [ending for ending in resumed if ending is not None]
    if own:
        run.forget_decisions_read()
        recognise(desk, run)
    ending = plan_and_apply(desk, run)
    if own and ending.outcome == Outcome.NOTHING_TO_DO:
        return replace(ending, silent=True, choices=own[-1].choices)
    return ending


def resume(desk: Desk, run: SyncRun, write: RemoteWrite) -> Ending | None:
    """How this record's own write turned out, if it was done. What others left open is told in their own log."""
    with desk.locked(f"write {write.pk}"):
        # Two runs may have found it: its own, and one that looked at what others left.
        ending = settle_open(desk, write) if RemoteWrite.objects.open().filter(pk=write.pk).exists() else None
        if ending is None:
            return None
        try:
            store(desk, write.run or run, ending)
        except (DataError, IntegrityError):
            logger.exception("Write %s could not be stored", write.pk)
            return None
    return ending if RemoteWrite.objects.filter(own_of(run), pk=write.pk).exists() else None


def plan_and_apply(desk: Desk, run: SyncRun) -> Ending:
    """Somebody else was faster (5010): read again and decide anew, a few times."""
    action = PLANNED_ACTIONS[Action(run.action)]
    for _ in range(TRIES_AGAINST_STALENESS):
        plan = action.plan(desk, run)
        shown = preview_of(run, plan)
        if shown is not None:
            return shown
        try:
            ending = action.apply(desk, run, plan)
        except StaleVersion as error:
            stale = error
            continue
        if not ending.again:
            return ending
        store(desk, run, ending)
        return plan_and_apply(desk, run)
    raise stale


def quickbooks_id_after(run: SyncRun, ending: Ending) -> str:
    """A pull is known by it, whatever else it touched."""
    return run.quickbooks_id if run.direction == Direction.PULL else ending.quickbooks_id or run.quickbooks_id


def settle(desk: Desk, run: SyncRun, ending: Ending) -> None:
    """One transaction: the write's row, the link, what follows from it, the log and the run itself."""
    with transaction.atomic():
        desk.lane.hold_fast()
        store(desk, run, ending)
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
            raise LaneLost
        if ending.cause == Throttled.cause and ending.not_before is not None:
            desk.lane.pause(ending.not_before)
