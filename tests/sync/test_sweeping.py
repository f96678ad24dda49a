"""Not every change updates a timestamp: the full scan reads all projects, within the day's calls."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.coperniq.records import Project, read_project_record
from integrations.json_reader import JsonReader
from integrations.models import CoperniqConnection, InboundEvent, PhaseEntry
from integrations.sync.ingest import full_scan as ingest_full_scan
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from integrations.sync.ingest.full_scan import calls_share, scan_projects
from tests.portal_harness import PortalHarness

NOON = timezone.now().replace(hour=12) + timedelta(days=1)


def poll_and_sweep(portal: PortalHarness) -> None:
    now = timezone.now()
    CoperniqConnection.objects.update(next_poll_at=now, poll_claimed_until=now, next_sweep_at=now)
    due_coperniq_polls()[0]()
    portal.work()


def only_sweeps_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the latest change of every project lay before what a poll reads again."""
    CoperniqConnection.objects.update(projects_cursor_at=timezone.now() + timedelta(minutes=20))
    monkeypatch.setattr("integrations.sync.ingest.coperniq_projects._POLL_OVERLAP", timedelta(0))


@pytest.mark.parametrize("new_instance", [True, False])
def test_a_reentry_nobody_reported_is_found_whatever_moves(portal: PortalHarness, new_instance: bool) -> None:
    portal.simulator.switch(phase_moves_updated_at=False, reentry_new_instance=new_instance)
    project = portal.project(portal.account("John Smith"))
    portal.simulator.start_phase(project["id"], portal.phases["Installation"])
    poll_and_sweep(portal)
    assert PhaseEntry.objects.count() == 1
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.simulator.start_phase(project["id"], portal.phases["Billing"])
    portal.simulator.start_phase(project["id"], portal.phases["Installation"])
    poll_and_sweep(portal)
    assert PhaseEntry.objects.count() == 2


def test_an_entry_already_left_is_found(portal: PortalHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    portal.simulator.switch(phase_moves_updated_at=False)
    project = portal.project(portal.account("John Smith"))
    poll_and_sweep(portal)
    only_sweeps_see_it(monkeypatch)
    portal.simulator.start_phase(project["id"], portal.phases["Installation"])
    portal.simulator.start_phase(project["id"], portal.phases["Billing"])
    poll_and_sweep(portal)
    assert PhaseEntry.objects.count() == 1


def listed(number: int, portal: PortalHarness, phase: str = "Welcome", **fields: Any) -> Project:
    values = {
        "id": str(number),
        "workflowId": portal.trigger.workflow_id,
        "updatedAt": (portal.trigger.saved_at - timedelta(days=1)).isoformat(),
        "phase": {"templateId": str(portal.phases[phase]), "instanceId": f"{phase}-{number}"},
    }
    return read_project_record(JsonReader(values | fields))


def looked_at(portal: PortalHarness, *projects: Project, now: datetime = NOON) -> list[str]:
    """The projects a sweep wants read, by id; as if all were read at once."""
    scan_projects(portal.coperniq, projects, [portal.trigger], now)
    events = InboundEvent.objects.unplanned().order_by("id")
    ids = list(events.values_list("record_id", flat=True))
    events.settle("planned")
    return ids


def test_what_rested_before_the_trigger_was_saved_is_only_noted(portal: PortalHarness) -> None:
    assert looked_at(portal, *(listed(number, portal) for number in range(700))) == []
    assert looked_at(portal, listed(1, portal), listed(2, portal, "Billing")) == ["2"]


def test_a_project_changed_since_the_trigger_was_saved_is_read(portal: PortalHarness) -> None:
    assert looked_at(portal, listed(1, portal, updatedAt=portal.trigger.saved_at.isoformat())) == ["1"]


def test_a_new_timestamp_of_a_known_project_is_read(portal: PortalHarness) -> None:
    looked_at(portal, listed(1, portal))
    stamp = portal.trigger.saved_at - timedelta(hours=1)
    assert looked_at(portal, listed(1, portal, updatedAt=stamp.isoformat())) == ["1"]


def test_a_project_of_another_workflow_is_not_read(portal: PortalHarness) -> None:
    inside = listed(1, portal, "Installation", workflowId="999")
    assert looked_at(portal, inside) == []
    assert not InboundEvent.objects.exists()


def test_a_project_in_a_trigger_phase_is_read_once_a_day(portal: PortalHarness) -> None:
    inside = listed(1, portal, "Installation")
    moments = [NOON, NOON + timedelta(hours=1), NOON + timedelta(days=1)]
    assert [looked_at(portal, inside, now=now) for now in moments] == [["1"], [], ["1"]]


def test_a_new_project_is_not_read_twice(portal: PortalHarness) -> None:
    new = listed(1, portal, "Installation", updatedAt=portal.trigger.saved_at.isoformat())
    assert [looked_at(portal, new) for _ in range(3)] == [["1"], ["1"], []]


def test_reads_a_day_are_limited_and_every_project_gets_its_turn(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_full_scan, "SCANS_PER_DAY", 3)
    inside = [listed(number, portal, "Installation") for number in range(8)]
    days = [
        {row.id for row in calls_share(reversed(inside), NOON.date() + timedelta(days=number))}
        for number in range(3)
    ]
    assert [len(ids) for ids in days] == [3, 3, 3]
    assert set.union(*days) == {row.id for row in inside}
    assert calls_share([], NOON.date()) == []
