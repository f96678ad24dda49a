"""Another way round what QuickBooks refuses, where there is one."""

from __future__ import annotations

from collections.abc import Callable

from integrations.errors import Refused
from integrations.models import SyncRun
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending
from integrations.sync.plans import Plan
from integrations.sync.previews import preview_of
from integrations.sync.writing import carry_out

MORE_TRIES = 5


def insist(
    desk: Desk,
    run: SyncRun,
    planned: Plan,
    plan: Callable[[Desk, SyncRun], Plan],
    against: tuple[type[Refused], ...],
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
