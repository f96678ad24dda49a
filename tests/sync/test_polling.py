"""A lost webhook costs minutes: the poller reads what changed, and now and then everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.records import Project, read_project_record
from integrations.json_reader import JsonReader
from integrations.models import (
    CallCount,
    CoperniqConnection,
    InboundEvent,
    PhaseEntry,
    PhaseTrigger,
    QuickBooksConnection,
    SyncRun,
)
from integrations.sync.ingest.coperniq_projects import POLL_CLAIM, claim_poll, due_coperniq_polls
from integrations.sync.ingest.router import route_pending_events
from tests.portal_harness import PortalHarness, open_portal
from tests.simulation import Simulation


def make_due(portal: PortalHarness) -> None:
    CoperniqConnection.objects.update(next_poll_at=timezone.now(), poll_claimed_until=timezone.now())


def unheard(portal: PortalHarness, phase: str = "Installation") -> dict[str, object]:
    project = portal.project(portal.account("John Smith"))
    portal.simulator.start_phase(project["id"], portal.phases[phase])
    return project


@pytest.mark.parametrize("moves_updated_at", [True, False])
def test_an_entry_nobody_reported_is_found(portal: PortalHarness, moves_updated_at: bool) -> None:
    portal.simulator.switch(phase_moves_updated_at=moves_updated_at)
    unheard(portal)
    make_due(portal)
    portal.work(polls=True)
    assert len(portal.customers()) == 2


def test_a_project_that_has_moved_on_already_is_found_too(portal: PortalHarness) -> None:
    project = unheard(portal)
    portal.simulator.start_phase(project["id"], portal.phases["Billing"])
    make_due(portal)
    portal.work(polls=True)
    assert len(portal.customers()) == 2


def test_a_known_version_leads_to_no_second_run(portal: PortalHarness) -> None:
    unheard(portal)
    for _ in range(3):
        make_due(portal)
        portal.work(polls=True)
    assert InboundEvent.objects.filter(source="coperniq_poll").count() == 1
    assert SyncRun.objects.filter(action="notice_entry").count() == 1


def test_the_sweep_finds_what_no_stamp_betrays(portal: PortalHarness) -> None:
    portal.simulator.switch(phase_moves_updated_at=False)
    project = portal.project(portal.account("John Smith"))
    make_due(portal)
    portal.work(polls=True)
    CoperniqConnection.objects.update(projects_cursor_at=timezone.now() + timedelta(hours=1))
    portal.simulator.start_phase(project["id"], portal.phases["Installation"])
    CoperniqConnection.objects.update(next_sweep_at=timezone.now())
    make_due(portal)
    portal.work(polls=True)
    assert len(portal.customers()) == 2


def test_projects_of_other_workflows_cost_no_read(portal: PortalHarness) -> None:
    other = portal.simulator.make("workflows", name="Roofing", phases=[{"name": "Start", "type": "PHASE"}])
    portal.project(portal.account("John Smith"), workflowId=other["id"])
    make_due(portal)
    portal.work(polls=True)
    assert not SyncRun.objects.exists()


def test_without_a_trigger_only_the_workflows_are_read(portal: PortalHarness) -> None:
    PhaseTrigger.objects.all().delete()
    make_due(portal)
    portal.simulator.forget_log()
    portal.work(polls=True)
    assert [call["path"] for call in portal.simulator.log("coperniq")] == ["/coperniq/v1/workflows"]
    portal.coperniq.refresh_from_db()
    assert [phase["name"] for phase in portal.coperniq.workflows[0]["phases"]] == [
        "Welcome",
        "Installation",
        "Billing",
    ]


def test_only_one_worker_polls_and_the_next_poll_is_set(portal: PortalHarness, settings: Any) -> None:
    settings.COPERNIQ_POLL_SECONDS = 60
    make_due(portal)
    first, second = due_coperniq_polls(), due_coperniq_polls()
    assert (len(first), len(second)) == (1, 0)
    first[0]()
    portal.coperniq.refresh_from_db()
    assert portal.coperniq.next_poll_at > timezone.now() + timedelta(seconds=50)
    assert portal.coperniq.last_poll_ended_at is not None


def test_a_vendor_in_trouble_is_asked_less_and_less(portal: PortalHarness, settings: Any) -> None:
    settings.COPERNIQ_POLL_SECONDS = 60
    portal.simulator.fault("error_500", vendor="coperniq", times=0)
    waits = []
    for _ in range(5):
        make_due(portal)
        now = timezone.now()
        due_coperniq_polls()[0]()
        portal.coperniq.refresh_from_db()
        waits.append(round((portal.coperniq.next_poll_at - now).total_seconds() / 60))
    assert waits == [2, 4, 8, 15, 15]


def test_a_refused_key_stops_the_polling(portal: PortalHarness) -> None:
    portal.simulator.fault("forbidden", vendor="coperniq", times=0)
    make_due(portal)
    portal.work(polls=True)
    portal.coperniq.refresh_from_db()
    assert portal.coperniq.state == CoperniqConnection.State.REFUSED
    make_due(portal)
    assert due_coperniq_polls() == []


def test_nothing_is_polled_while_quickbooks_is_not_connected(portal: PortalHarness) -> None:
    QuickBooksConnection.objects.update(state=QuickBooksConnection.State.DISCONNECTED)
    make_due(portal)
    assert due_coperniq_polls() == []


def test_calls_are_counted_for_the_company(portal: PortalHarness) -> None:
    unheard(portal)
    make_due(portal)
    portal.work(polls=True)
    tally = CallCount.objects.get(vendor="quickbooks")
    assert (tally.reads, tally.writes) == (
        len(portal.quickbooks_calls(write=False)),
        len(portal.quickbooks_calls(write=True)),
    )
    assert CallCount.objects.get(vendor="coperniq").reads == len(portal.simulator.log("coperniq"))


@pytest.mark.django_db
def test_two_companies_see_nothing_of_each_other(simulator: Simulation) -> None:
    first, second = open_portal(simulator), open_portal(simulator, "northgate", "another-key")
    project = simulator.make(
        "projects", "another-key", title="Theirs", address=["x"], workflowId=second.workflow["id"],
        accountId=simulator.make("accounts", "another-key", title="Theirs", address=["x"])["id"],
    )  # fmt: skip
    simulator.start_phase(project["id"], second.phases["Installation"], "another-key")
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    first.work(polls=True)
    assert first.customers() == []
    assert len(second.customers()) == 2


@pytest.mark.parametrize("status", [404, 403])
def test_one_record_the_key_may_not_see_stops_nobody_else(portal: PortalHarness, status: int) -> None:
    portal.simulator.switch(foreign_record_status=status)
    portal.simulator.coperniq("Elsewhere", "other-key")
    stranger = portal.simulator.make("projects", "other-key", title="Not yours", address=["x"])
    portal.ring({"id": stranger["id"]})
    portal.enter(portal.project(portal.account("John Smith")))
    portal.work()
    assert CoperniqConnection.objects.get().state == "connected"
    assert len(portal.customers()) == 2


@pytest.mark.parametrize("beyond", ["empty", "not_found"])
def test_a_full_last_page_is_the_end(portal: PortalHarness, beyond: str) -> None:
    portal.simulator.switch(page_beyond_end=beyond)
    account = portal.account("John Smith")
    for n in range(100):
        portal.project(account, f"Roof {n}")
    make_due(portal)
    due_coperniq_polls()[0]()
    assert CoperniqConnection.objects.get().poll_failures == 0


@pytest.mark.parametrize(
    ("order", "inclusive", "form"),
    [
        ("updatedAt", True, "milliseconds"),
        ("updatedAt", False, "seconds"),
        ("createdAt", False, "milliseconds"),
        ("id", True, "seconds"),
    ],
)
def test_a_list_that_moves_while_it_is_read_hides_nobody(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch, order: str, inclusive: bool, form: str
) -> None:
    portal.simulator.switch(order_field=order, updated_bounds_inclusive=inclusive, timestamp_form=form)
    account = portal.account("John Smith")
    projects = [portal.project(account, f"Roof {n}") for n in range(100)]
    hidden = unheard(portal)
    portal.project(account, "Roof 102")
    CoperniqConnection.objects.update(next_sweep_at=timezone.now() + timedelta(hours=9))
    before_page_two(monkeypatch, lambda: move(portal, projects[50]))
    # As after an outage, when the pages span more than what is read again.
    monkeypatch.setattr("integrations.sync.ingest.coperniq_projects._POLL_OVERLAP", timedelta(0))
    make_due(portal)
    due_coperniq_polls()[0]()
    assert InboundEvent.objects.filter(record_id=hidden["id"]).exists()


def move(portal: PortalHarness, project: dict[str, Any]) -> None:
    portal.simulator.change("projects", project["id"], description="moved")


def before_page_two(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Once, while the first list of projects is read."""
    real = CoperniqClient._get

    def between(self: CoperniqClient, path: str, **params: str) -> JsonReader:
        if params.get("page") == "2" and path == "projects":
            monkeypatch.setattr(CoperniqClient, "_get", real)
            happens()
        return real(self, path, **params)

    monkeypatch.setattr(CoperniqClient, "_get", between)


def test_hundreds_of_one_timestamp_cost_a_second_read_only_once(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    row = read_project_record(JsonReader({"id": "1", "workflowId": "999", "updatedAt": now.isoformat()}))
    projects = [replace(row, id=str(n)) for n in range(250)]
    CoperniqConnection.objects.update(next_sweep_at=timezone.now() + timedelta(hours=9))
    looks: list[datetime | None] = []

    def listing(self: CoperniqClient, since: datetime | None) -> list[Project]:
        looks.append(since)
        return projects

    monkeypatch.setattr(CoperniqClient, "list_projects", listing)
    counts = []
    for _ in range(2):
        make_due(portal)
        due_coperniq_polls()[0]()
        counts.append(len(looks))
    assert counts == [2, 3]
    assert CoperniqConnection.objects.get().projects_cursor_at == now


@pytest.mark.parametrize("found_by", ["a poll", "a sweep"])
def test_what_was_seen_while_quickbooks_was_disconnected_is_planned_when_it_is_back(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch, found_by: str
) -> None:
    unheard(portal)
    due_coperniq_polls()[0]()
    QuickBooksConnection.objects.update(state=QuickBooksConnection.State.DISCONNECTED)
    route_pending_events()
    assert not InboundEvent.objects.unplanned().exists()
    QuickBooksConnection.objects.update(state=QuickBooksConnection.State.CONNECTED)
    if found_by == "a sweep":
        monkeypatch.setattr("integrations.sync.ingest.coperniq_projects._POLL_OVERLAP", timedelta(0))
        cursor = timezone.now() + timedelta(minutes=20)
        CoperniqConnection.objects.update(projects_cursor_at=cursor, next_sweep_at=timezone.now())
    make_due(portal)
    portal.work(polls=True)
    assert PhaseEntry.objects.count() == 1


def test_what_was_ignored_for_another_reason_stays_ignored(portal: PortalHarness) -> None:
    unheard(portal)
    due_coperniq_polls()[0]()
    InboundEvent.objects.all().settle("ignored", "no trigger for this phase")
    make_due(portal)
    due_coperniq_polls()[0]()
    assert not InboundEvent.objects.unplanned().exists()


def test_a_ring_during_a_poll_makes_the_next_one_due(portal: PortalHarness, settings: Any) -> None:
    settings.COPERNIQ_POLL_SECONDS = 60
    project = portal.project(portal.account("John Smith"))
    make_due(portal)
    job = due_coperniq_polls()[0]
    portal.coperniq.refresh_from_db()
    portal.ring(project, "Billing")
    job()
    row = CoperniqConnection.objects.get()
    assert row.last_poll_started_at is not None
    assert row.next_poll_at == row.last_poll_started_at + timedelta(seconds=10)


def test_a_ring_does_not_put_off_a_poll_that_is_due_before(portal: PortalHarness, settings: Any) -> None:
    settings.COPERNIQ_POLL_SECONDS = 1
    project = portal.project(portal.account("John Smith"))
    make_due(portal)
    job = due_coperniq_polls()[0]
    portal.coperniq.refresh_from_db()
    portal.ring(project, "Billing")
    job()
    row = CoperniqConnection.objects.get()
    assert row.last_poll_started_at is not None
    assert row.next_poll_at == row.last_poll_started_at + timedelta(seconds=1)


def test_a_poll_whose_worker_died_is_due_again_when_its_claim_has_ended(portal: PortalHarness) -> None:
    make_due(portal)
    due_coperniq_polls()
    started_at = CoperniqConnection.objects.get().last_poll_started_at
    assert started_at is not None
    due = CoperniqConnection.objects.due_for_poll
    assert not due(started_at + timedelta(seconds=119)).exists()
    assert due(started_at + timedelta(seconds=120)).exists()


def test_who_comes_too_late_to_claim_a_poll_moves_nothing(portal: PortalHarness) -> None:
    make_due(portal)
    row, now = CoperniqConnection.objects.get(), timezone.now()
    assert claim_poll(row, now)
    assert not claim_poll(row, now + timedelta(seconds=1))
    assert CoperniqConnection.objects.get().next_poll_at == now + POLL_CLAIM
