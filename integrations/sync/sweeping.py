"""Nobody promises that starting a phase moves a project's updatedAt, so now and then all of them are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.records import Project
from integrations.models import CoperniqConnection, PhaseTrigger
from integrations.sync.inbox import record_known, record_seen, seen_before, version_of

SWEEP_EVERY = timedelta(minutes=30)
SWEPT_PAGE_EVERY = timedelta(seconds=90)  # so that sweeps cost under 1,000 of the day's 5,000 calls
LOOKS_A_DAY = 500
"""Of the same 5,000, for projects of which nothing is new but that they stand in a trigger phase."""


def sweep_at_times(
    connection: CoperniqConnection, client: CoperniqClient, triggers: Sequence[PhaseTrigger], now: datetime
) -> None:
    """The more pages a sweep has cost, the later is the next: also one that failed on its way."""
    before = client.calls_made
    try:
        sweep(connection, client.list_projects(None), triggers, now)
    finally:
        pause = max(SWEEP_EVERY, SWEPT_PAGE_EVERY * (client.calls_made - before))
        CoperniqConnection.objects.filter(pk=connection.pk).update(next_sweep_at=now + pause)


def sweep(
    connection: CoperniqConnection, listed: Iterable[Project], triggers: Sequence[PhaseTrigger], now: datetime
) -> None:
    """A phase left already shows in the instance that came after it; one started anew may show nowhere.

    What has rested since before the triggers were saved is only noted when it is first seen: reading the whole
    account would use up the day's calls.
    """
    projects = concerning(listed, triggers)
    phases = {trigger.phase_template_id for trigger in triggers}
    saved_at = min(trigger.saved_at for trigger in triggers)
    records, versions = seen_before(connection, projects, now)
    resting = [row for row in projects if row.id not in records and row.updated_at < saved_at]
    known = versions | {version_of(row) for row in resting}
    inside = [row for row in projects if row.phase and row.phase.template_id in phases]
    record_known(connection, resting)
    record_seen(connection, projects)
    unchanged = [row for row in inside if version_of(row) in known]
    record_seen(connection, share_of(unchanged, now.date()), again=str(now.date()))


def concerning(projects: Iterable[Project], triggers: Sequence[PhaseTrigger]) -> list[Project]:
    """Of a workflow with a trigger, or of one the list does not name."""
    workflows = {trigger.workflow_id for trigger in triggers} | {""}
    return [project for project in projects if project.workflow_id in workflows]


def share_of(projects: Iterable[Project], today: date) -> list[Project]:
    """The same ones all day, and others tomorrow where they are more than a day's looks."""
    rows = sorted(projects, key=lambda project: project.id)
    start = today.toordinal() * LOOKS_A_DAY % max(len(rows), 1)
    return (rows[start:] + rows[:start])[:LOOKS_A_DAY]
