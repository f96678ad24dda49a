"""When the poller asks, from which moment on, and what only the sweep can find."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import CoperniqConnection, PhaseEntry, PhaseTrigger, QuickBooksConnection, SyncRun
from integrations.models.processes import HOST
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from integrations.sync.ingest.full_scan import projects_with_triggers
from integrations.sync.ingest.quickbooks_cdc import due_cdc_reads
from tests.portal_harness import PortalHarness
from tests.sync.customer_builders import entered
from tests.sync.test_mapping import PROJECT


def make_due() -> None:
    now = timezone.now()
    CoperniqConnection.objects.update(next_poll_at=now, poll_claimed_until=now)


def poll(portal: PortalHarness) -> None:
    """One poll, and what follows from it."""
    make_due()
    portal.work(polls=True)
    portal.coperniq.refresh_from_db()


def polled(portal: PortalHarness) -> list[str]:
    """What one poll asks for."""
    make_due()
    portal.simulator.forget_log()
    due_coperniq_polls()[0]()
    portal.coperniq.refresh_from_db()
    return [call["path"] for call in portal.simulator.log("coperniq")]


def unheard(portal: PortalHarness) -> dict[str, Any]:
    project = portal.project(portal.account("John Smith"))
    portal.simulator.start_phase(project["id"], portal.phases["Installation"])
    return project


def no_sweep() -> None:
    CoperniqConnection.objects.update(next_sweep_at=timezone.now() + timedelta(hours=9))


def test_the_sweep_alone_finds_what_no_stamp_betrays(portal: PortalHarness) -> None:
    portal.simulator.switch(phase_moves_updated_at=False)
    portal.simulator.control("clock", {"shift_seconds": -3600})
    project = portal.project(portal.account("John Smith"))
    portal.simulator.control("clock", {"shift_seconds": 3600})
    poll(portal)
    portal.simulator.start_phase(project["id"], portal.phases["Installation"])
    poll(portal)
    assert portal.customers() == [], "neither by its stamp nor before the sweep"
    CoperniqConnection.objects.update(next_sweep_at=timezone.now())
    poll(portal)
    assert len(portal.customers()) == 2


def test_a_change_that_shows_late_is_read_within_the_overlap(portal: PortalHarness) -> None:
    unheard(portal)
    poll(portal)
    assert portal.coperniq.projects_cursor_at is not None
    ahead = portal.coperniq.projects_cursor_at + timedelta(minutes=4)
    CoperniqConnection.objects.update(projects_cursor_at=ahead)
    no_sweep()
    late = portal.project(portal.account("Mary Jones"), "Mary")
    poll(portal)
    assert SyncRun.objects.filter(coperniq_id=str(late["id"])).exists()


def test_a_cursor_ahead_of_the_clock_misses_nothing(portal: PortalHarness) -> None:
    poll(portal)
    CoperniqConnection.objects.update(projects_cursor_at=timezone.now() + timedelta(hours=1))
    no_sweep()
    unheard(portal)
    poll(portal)
    assert PhaseEntry.objects.exists()


def test_the_first_poll_begins_with_the_oldest_trigger(portal: PortalHarness) -> None:
    now = timezone.now()
    portal.trigger.saved_at = now - timedelta(hours=1)
    portal.trigger.save()
    portal.quickbooks.triggers.create(workflow_id="another", phase_template_id="another", saved_at=now)
    no_sweep()
    portal.simulator.control("clock", {"shift_seconds": -1800})
    unheard(portal)
    poll(portal)
    assert PhaseEntry.objects.exists()


def test_the_cursor_is_the_newest_change_seen(portal: PortalHarness) -> None:
    unheard(portal)
    poll(portal)
    newest = portal.company.events.latest("occurred_at").occurred_at
    assert portal.coperniq.projects_cursor_at == newest
    poll(portal)
    assert portal.coperniq.projects_cursor_at == newest


def test_a_project_that_changes_again_is_seen_again(portal: PortalHarness) -> None:
    project = unheard(portal)
    poll(portal)
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.simulator.change("projects", project["id"], title="Renamed")
    poll(portal)
    assert portal.company.events.count() == 2


def test_a_project_without_a_workflow_in_the_list_is_read() -> None:
    projects = [replace(PROJECT, workflow_id=workflow) for workflow in ("1", "2", "")]
    assert projects_with_triggers(projects, [PhaseTrigger(workflow_id="1")]) == [projects[0], projects[2]]


def test_a_webhook_makes_a_poll_due(portal: PortalHarness) -> None:
    CoperniqConnection.objects.update(next_poll_at=timezone.now() + timedelta(hours=1))
    assert due_coperniq_polls() == []
    portal.ring({"id": 1})
    assert len(due_coperniq_polls()) == 1


@pytest.mark.parametrize("ago", [0, 4])
def test_many_webhooks_make_no_more_than_a_poll_every_ten_seconds(portal: PortalHarness, ago: int) -> None:
    now = timezone.now()
    began = now - timedelta(seconds=ago)
    CoperniqConnection.objects.update(next_poll_at=now + timedelta(hours=1), last_poll_started_at=began)
    portal.coperniq.refresh_from_db()
    for number in range(3):
        portal.ring({"id": number})
    portal.coperniq.refresh_from_db()
    assert portal.coperniq.next_poll_at == began + timedelta(seconds=10)


def test_a_webhook_never_puts_a_poll_off(portal: PortalHarness) -> None:
    now = timezone.now()
    soon = now + timedelta(seconds=1)
    CoperniqConnection.objects.update(next_poll_at=soon, last_poll_started_at=now)
    portal.coperniq.refresh_from_db()
    portal.ring({"id": 1})
    portal.coperniq.refresh_from_db()
    assert portal.coperniq.next_poll_at == soon


def test_workflows_and_the_sweep_have_their_own_pace(portal: PortalHarness) -> None:
    poll(portal)
    asked = polled(portal)
    assert len(asked) == 1, "what changed, and no sweep"
    assert not any("workflows" in path for path in asked)


def test_a_poll_that_succeeds_forgets_the_failures(portal: PortalHarness) -> None:
    CoperniqConnection.objects.update(poll_failures=5)
    poll(portal)
    assert portal.coperniq.poll_failures == 0


def test_a_poll_that_ended_gives_its_claim_back(portal: PortalHarness) -> None:
    poll(portal)
    assert portal.coperniq.poll_claimed_until <= timezone.now()


def test_a_refused_key_found_by_the_poll_holds_what_is_queued(portal: PortalHarness) -> None:
    entered(portal)
    portal.work_once()
    portal.simulator.fault("forbidden", vendor="coperniq", times=0)
    make_due()
    due_coperniq_polls()[0]()
    assert set(SyncRun.objects.held().values_list("cause", flat=True)) == {"reconnect"}


def test_a_poll_whose_worker_was_killed_is_due_again_at_once(portal: PortalHarness) -> None:
    now = timezone.now()
    CoperniqConnection.objects.update(next_poll_at=now, poll_claimed_until=now)
    assert len(due_coperniq_polls()) == 1
    assert CoperniqConnection.objects.release_dead_owners() == 0, "this very process is alive"
    CoperniqConnection.objects.update(poll_owner=f"{HOST}:999999999")
    assert due_coperniq_polls() == []
    assert CoperniqConnection.objects.release_dead_owners() == 1
    assert len(due_coperniq_polls()) == 1


def test_a_read_whose_worker_was_killed_is_due_again_at_once(portal: PortalHarness) -> None:
    now = timezone.now()
    QuickBooksConnection.objects.update(next_changes_at=now, changes_claimed_until=now)
    assert len(due_cdc_reads()) == 1
    assert QuickBooksConnection.objects.release_dead_owners() == 0, "this very process is alive"
    QuickBooksConnection.objects.update(changes_owner=f"{HOST}:999999999")
    assert due_cdc_reads() == []
    assert QuickBooksConnection.objects.release_dead_owners() == 1
    assert len(due_cdc_reads()) == 1
