"""Read all projects of the workflows with a trigger, at long intervals, to find changes that the cursor has missed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from integrations.connections.coperniq_api_key import record_stages
from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.records import Project
from integrations.models import CoperniqConnection, Kind, PhaseTrigger, RecordLink
from integrations.sync.customers.phase_order import has_reached
from integrations.sync.ingest.events import (
    project_version,
    projects_seen_before,
    record_projects_known,
    record_projects_seen,
)

_SCAN_INTERVAL = timedelta(minutes=30)
_SCAN_PAGE_INTERVAL = timedelta(seconds=90)  # so that scans cost under 1,000 of the day's 5,000 calls
_STANDING_KEPT = 5000
SCANS_PER_DAY = 500
"""Of the same 5,000 calls, for unchanged projects that are in a trigger phase."""


def scan_projects_if_due(
    connection: CoperniqConnection, client: CoperniqClient, triggers: Sequence[PhaseTrigger], now: datetime
) -> None:
    """The next scan is due later the more pages this one has read, even if it failed."""
    before = client.calls_made
    try:
        listed = client.list_projects(None)
        record_stages(connection, listed)
        scan_projects(connection, listed, triggers, now)
        _store_standing(connection, listed, triggers, now)
    finally:
        pause = max(_SCAN_INTERVAL, _SCAN_PAGE_INTERVAL * (client.calls_made - before))
        CoperniqConnection.objects.filter(pk=connection.pk).update(next_sweep_at=now + pause)


def _store_standing(
    connection: CoperniqConnection, listed: Sequence[Project], triggers: Sequence[PhaseTrigger], now: datetime
) -> None:
    """How many projects are in or past each trigger phase, for the pages, which call no vendor."""
    for trigger in triggers:
        inside = [
            row.id
            for row in listed
            if row.workflow_id == trigger.workflow_id
            and row.is_active
            and has_reached(connection, trigger, row.phase)
        ]
        links = RecordLink.objects.of(trigger.connection, Kind.JOB)
        linked = set(links.values_list("coperniq_id", flat=True))
        standing = {
            "phase_template_id": trigger.phase_template_id,
            "count": len(inside),
            "unlinked": [each for each in inside if each not in linked][:_STANDING_KEPT],
        }
        PhaseTrigger.objects.filter(pk=trigger.pk).update(standing=standing, standing_read_at=now)


def scan_projects(
    connection: CoperniqConnection, listed: Iterable[Project], triggers: Sequence[PhaseTrigger], now: datetime
) -> None:
    """A phase that was left shows in the instance after it; a phase that was started again may show nowhere.

    Projects unchanged since before the triggers were saved are only remembered when first seen: reading the whole
    account would use up the day's calls.
    """
    projects = projects_with_triggers(listed, triggers)
    phases = {trigger.phase_template_id for trigger in triggers}
    saved_at = min(trigger.saved_at for trigger in triggers)
    records, versions = projects_seen_before(connection, projects, now)
    unchanged_since = [row for row in projects if row.id not in records and row.updated_at < saved_at]
    known = versions | {project_version(row) for row in unchanged_since}
    inside = [row for row in projects if row.phase and row.phase.template_id in phases]
    record_projects_known(connection, unchanged_since)
    record_projects_seen(connection, projects)
    unchanged = [row for row in inside if project_version(row) in known]
    record_projects_seen(connection, calls_share(unchanged, now.date()), again=str(now.date()))


def projects_with_triggers(projects: Iterable[Project], triggers: Sequence[PhaseTrigger]) -> list[Project]:
    """Of a workflow with a trigger, or of one the list does not name."""
    workflows = {trigger.workflow_id for trigger in triggers} | {""}
    return [project for project in projects if project.workflow_id in workflows]


def calls_share(projects: Iterable[Project], today: date) -> list[Project]:
    """The same projects all day, and the next ones tomorrow if there are more than a day's share."""
    rows = sorted(projects, key=lambda project: project.id)
    start = today.toordinal() * SCANS_PER_DAY % max(len(rows), 1)
    return (rows[start:] + rows[:start])[:SCANS_PER_DAY]
