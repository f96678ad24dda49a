"""A project enters the trigger phase: its customer and its job appear in QuickBooks, once."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import PhaseEntry, RecordLink, SyncRun
from tests.portal_harness import PortalHarness

JOHN = {"primaryEmail": "john@example.com", "primaryPhone": "512 555 0100"}
SIZED: dict[str, Any] = {"number": 12345, "value": 25000, "size": 10.5}


@pytest.mark.every_database
def test_an_entry_makes_the_customer_and_the_job(portal: PortalHarness) -> None:
    account = portal.account("John Smith", **JOHN)
    project = portal.project(account, **SIZED)
    portal.enter(project)
    portal.work()
    customer = portal.customer(DisplayName="John Smith")
    assert customer["PrimaryEmailAddr"]["Address"] == "john@example.com"
    job = portal.customer(ParentRef={"value": customer["Id"]})
    assert job["DisplayName"] == f"John Smith | #{project['number']} | $25,000 | 10.5 kW"
    assert job["Job"] is True
    assert job["BillWithParent"] is True


def test_the_log_tells_the_story_in_order(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"), **SIZED)
    portal.enter(project)
    portal.work()
    logged = portal.log()
    assert logged[0] == "done: “John Smith” entered Installation: its customer and job are pushed."
    assert logged[1] == "done: Created the customer “John Smith” in QuickBooks."
    assert logged[2].startswith("done: Created the job “John Smith | #")
    assert len(logged) == 3


@pytest.mark.every_database
def test_both_links_are_stored_with_both_images(portal: PortalHarness) -> None:
    account = portal.account("John Smith", **JOHN)
    project = portal.project(account)
    portal.enter(project)
    portal.work()
    link = portal.link("customer")
    assert (link.coperniq_id, link.quickbooks_id) == (str(account["id"]), portal.customer(Job=False)["Id"])
    assert link.quickbooks_snapshot["PrimaryEmailAddr.Address"] == "john@example.com"
    assert link.coperniq_snapshot["PrimaryEmailAddr.Address"] == "john@example.com"
    assert portal.link("job").coperniq_account_id == str(account["id"])


@pytest.mark.every_database
def test_a_second_run_changes_nothing(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith", **JOHN), **SIZED)
    portal.enter(project)
    portal.work()
    before = portal.simulator.state()["quickbooks"]
    portal.ring(project)
    portal.work()
    assert portal.simulator.state()["quickbooks"] == before
    assert PhaseEntry.objects.count() == 1


@pytest.mark.every_database
def test_the_same_event_twice_is_stored_once(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"))
    portal.simulator.start_phase(project["id"], portal.phases["Installation"])
    for _ in range(2):
        portal.ring(project, event_id=77)
    portal.work()
    assert SyncRun.objects.filter(action="push_job").count() == 1


def test_another_phase_is_no_trigger_and_costs_no_call(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"))
    portal.simulator.forget_log()
    portal.enter(project, "Billing")
    portal.work()
    assert portal.simulator.log() == []
    assert not RecordLink.objects.exists()


def test_an_entry_before_the_trigger_was_saved_does_not_count(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"))
    portal.enter(project)
    portal.simulator.control("clock", {"shift_seconds": 0})
    portal.trigger.saved_at = portal.trigger.saved_at.replace(year=portal.trigger.saved_at.year + 1)
    portal.trigger.save()
    portal.work()
    assert portal.customers() == []
    assert portal.log() == []


def test_a_new_customer_and_job_cost_at_most_two_reads_and_two_writes_of_quickbooks(
    portal: PortalHarness,
) -> None:
    project = portal.project(portal.account("John Smith", **JOHN), **SIZED)
    portal.simulator.forget_log()
    portal.enter(project)
    portal.work()
    assert len(portal.quickbooks_calls(write=False)) <= 2
    assert len(portal.quickbooks_calls(write=True)) == 2


@pytest.mark.parametrize("new_instance", [True, False])
def test_entering_again_updates_and_never_doubles(portal: PortalHarness, new_instance: bool) -> None:
    portal.simulator.switch(reentry_new_instance=new_instance)
    account = portal.account("John Smith", **JOHN)
    project = portal.project(account, **SIZED)
    portal.enter(project)
    portal.work()
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.simulator.change("projects", project["id"], value=30000)
    portal.enter(project, "Billing")
    portal.enter(project, "Installation")
    portal.work()
    assert len(portal.customers()) == 2
    assert (
        portal.customer(Job=True)["DisplayName"] == f"John Smith | #{project['number']} | $30,000 | 10.5 kW"
    )
    assert PhaseEntry.objects.count() == 2


def test_a_project_without_account_is_held_and_pushed_after_it_got_one(portal: PortalHarness) -> None:
    project = portal.project(None, "Orphan")
    portal.enter(project)
    portal.work()
    assert portal.held().cause == "project_without_account"
    account = portal.account("John Smith")
    portal.simulator.change("projects", project["id"], accountId=account["id"])
    portal.decide("retry")
    assert portal.customer(Job=True)["ParentRef"]["value"] == portal.customer(Job=False)["Id"]


def test_the_jobs_link_tells_number_and_value(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"), **SIZED)
    portal.enter(project)
    portal.work()
    link = portal.link("job")
    assert (link.number, link.amount_cents) == (str(project["number"]), 2_500_000)
    assert SyncRun.objects.get(action="push_job").entry == PhaseEntry.objects.get()
