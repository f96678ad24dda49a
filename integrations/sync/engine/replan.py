"""Carry out a plan; after certain refusals plan again with what was learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from integrations.errors import Refused
from integrations.models import SyncRun
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.outbox import execute_plan
from integrations.sync.engine.plan import Plan, RunResult
from integrations.sync.engine.planning import Planner, make_plan

_MAX_REPLANS = 5

_Remedies = Mapping[type[Refused], Callable[[SyncContext], None]]


def execute_or_replan(
    ctx: SyncContext, run: SyncRun, planned: Plan, plan: Planner, against: tuple[type[Refused], ...]
) -> RunResult:
    """Execute a plan; after a refusal, which is stored and known to the next plan, plan again."""
    for _ in range(_MAX_REPLANS):
        try:
            return execute_plan(ctx, run, planned)
        except against:
            planned = make_plan(ctx, run, plan)
    return execute_plan(ctx, run, planned)


def execute_or_refresh(
    ctx: SyncContext, run: SyncRun, planned: Plan, plan: Planner, remedies: _Remedies
) -> RunResult:
    """Execute a plan; after a refusal refresh what it was based on and plan again.

    Raises if the plan stays the same; its follow-ups then stay with `ctx`.
    """
    for _ in range(_MAX_REPLANS):
        try:
            return execute_plan(ctx, run, planned)
        except tuple(remedies) as error:
            remedies[type(error)](ctx)
            again = make_plan(ctx, run, plan)
            if is_same_plan(again, planned):
                ctx.follow_ups += again.follow_ups
                raise
            planned = again
    return execute_plan(ctx, run, planned)


def refresh_nothing(_ctx: SyncContext) -> None:
    """For refusals that the next plan knows from the stored write."""


def is_same_plan(one: Plan, other: Plan) -> bool:
    """Whether both would send the same request; the version that an update is based on does not count."""
    if one.write is None or other.write is None:
        return one.write is other.write
    return replace(one.write, version="") == replace(other.write, version="")
