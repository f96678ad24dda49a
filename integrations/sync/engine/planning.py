"""Make the plan of a run. A plan is data; what it asks for first is carried out here, then it is made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from integrations.models import SyncRun
from integrations.quickbooks.bodies import dump
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.continuity import LinksMayBeLost, recover_links
from integrations.sync.engine.follow_ups import store_follow_ups
from integrations.sync.engine.plan import Plan, Prerequisite
from integrations.sync.engine.preview import is_previewed, preview_result
from integrations.sync.engine.shared_records import carry_out

_MAX_PLANS = 8
"""An entry may need two more: its open write is resolved, then it is created. A refusal may lead to another entry."""

Planner = Callable[[SyncContext, SyncRun], Plan]


def make_plan(ctx: SyncContext, run: SyncRun, planner: Planner) -> Plan:
    """The plan with everything it asks for. What it asks for stays with `ctx` if it raises.

    Prerequisites are carried out, and the run is planned again, unless the plan is to be shown to a person first. So are
    links that a restored database has lost. Nothing is carried out after the last plan.
    """
    for left in reversed(range(_MAX_PLANS)):
        try:
            planned = _plan_once(ctx, run, planner)
        except LinksMayBeLost:
            recover_links(ctx)
            continue
        if not planned.prerequisites or preview_result(ctx, run, planned) is not None:
            return planned
        if not left:
            break
        with transaction.atomic():
            ctx.lease.assert_owned()
            store_follow_ups(planned.follow_ups)
        for prerequisite in planned.prerequisites:
            carry_out(ctx, run, prerequisite)
    raise RuntimeError("Carrying out the prerequisites of a plan leads to others again and again.")


def _plan_once(ctx: SyncContext, run: SyncRun, planner: Planner) -> Plan:
    ctx.take_follow_ups()
    ctx.prerequisites.clear()
    ctx.preview_since = timezone.now() if is_previewed(ctx, run) else None
    planned = planner(ctx, run)
    needed = tuple(each for each in ctx.prerequisites.values() if _is_needed(ctx, each, planned))
    return replace(planned, follow_ups=ctx.take_follow_ups(), prerequisites=needed)


def _is_needed(ctx: SyncContext, prerequisite: Prerequisite, planned: Plan) -> bool:
    """Whether the write names the entry.

    One that exists is updated with whatever is planned, but under preview only with a write that is released with it.
    """
    if prerequisite.write.operation == "update" and not ctx.is_preview:
        return True
    if planned.write is None:
        return False
    if prerequisite.write.operation == "update":
        return dump(prerequisite.described_as) in dump(planned.write.stands_for)
    return dump(prerequisite.stand_in) in dump(planned.write.values)
