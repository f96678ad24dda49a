"""One company's lane: its due runs, one after the other, until there are none or the time is up."""

from __future__ import annotations

import time

from django.utils import timezone

from integrations.models import Lane, SyncRun
from integrations.sync.desk import Desk
from integrations.sync.runner import run_once


def drive(lane: Lane, deadline: float) -> int:
    """How many runs were executed. `deadline` is on the monotonic clock; the lane is given back at the end."""
    SyncRun.objects.recover(lane.company_id, lane.fence)
    desks: dict[int, Desk] = {}
    executed = 0
    while time.monotonic() < deadline:
        lane.look()
        run = next_run(lane)
        if run is None:
            if lane.give_back():
                return executed
            continue
        if run.connection_id not in desks:
            desks[run.connection_id] = Desk(lane, run.connection)
        run_once(desks[run.connection_id], run)
        executed += 1
    lane.release()
    return executed


def next_run(lane: Lane) -> SyncRun | None:
    """The oldest due run: a customer was asked for before its job."""
    due = SyncRun.objects.due(timezone.now()).filter(company_id=lane.company_id)
    return due.select_related("connection__company__coperniq").order_by("id").first()
