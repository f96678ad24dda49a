"""Another way round what QuickBooks refuses, where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from integrations.errors import Refused
from integrations.models import SyncRun
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending
from integrations.sync.plans import Plan
from integrations.sync.previews import preview_of
from integrations.sync.writing import carry_out

MORE_TRIES = 5

Planner = Callable[[Desk, SyncRun], Plan]
Remedies = Mapping[type[Refused], Callable[[Desk], None]]


def insist(
    desk: Desk, run: SyncRun, planned: Plan, plan: Planner, against: tuple[type[Refused], ...]
) -> Ending:
    """Each refusal is a row the next plan knows of; under preview that plan has to be released first."""
    for _ in range(MORE_TRIES):
        try:
            return carry_out(desk, run, planned)
        except against:
            planned = plan(desk, run)
        shown = preview_of(run, planned)
        if shown is not None:
            return shown
    return carry_out(desk, run, planned)


def insist_otherwise(desk: Desk, run: SyncRun, planned: Plan, plan: Planner, remedies: Remedies) -> Ending:
    """After a refusal what we know is brought up to date; the same again is not worth a try."""
    for _ in range(MORE_TRIES):
        try:
            return carry_out(desk, run, planned)
        except tuple(remedies) as error:
            remedies[type(error)](desk)
            again = plan(desk, run)
            if is_same(again, planned):
                raise
            planned = again
    return carry_out(desk, run, planned)


def nothing_to_mend(_desk: Desk) -> None:
    """What was refused is a row the next plan knows of."""


def is_same(one: Plan, other: Plan) -> bool:
    if one.write is None or other.write is None:
        return one.write is other.write
    return one.write.fingerprint() == other.write.fingerprint()
