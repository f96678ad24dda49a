"""A project enters the trigger phase: its customer and its job appear in QuickBooks, once."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import PhaseEntry, RecordLink, SyncRun
from tests.portal_harness import PortalHarness

pytestmark = pytest.mark.every_database

JOHN = {"primaryEmail": "john@example.com", "primaryPhone": "512 555 0100"}
SIZED: dict[str, Any] = {"number": 12345, "value": 25000, "size": 10.5}


def test_an_entry_makes_the_customer_and_the_job(office: PortalHarness) -> None:
    account = office.account("John Smith", **JOHN)
    project = office.project(account, **SIZED)
    office.enter(project)
    office.work()
    customer = office.customer(DisplayName="John Smith")
    assert customer["PrimaryEmailAddr"]["Address"] == "john@example.com"
    job = office.customer(ParentRef={"value": customer["Id"]})
    assert job["DisplayName"] == f"John Smith | #{project['number']} | $25,000 | 10.5 kW"
    assert job["Job"] is True
    assert job["BillWithParent"] is True


def test_the_log_tells_the_story_in_order(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith"), **SIZED)
    office.enter(project)
    office.work()
    told = office.log()
    assert told[0] == "done: “John Smith” entered Installation: its customer and job are pushed."
    assert told[1] == "done: Created the customer “John Smith” in QuickBooks."
    assert told[2].startswith("done: Created the job “John Smith | #")
    assert len(told) == 3


def test_both_links_are_stored_with_both_images(office: PortalHarness) -> None:
    account = office.account("John Smith", **JOHN)
    project = office.project(account)
    office.enter(project)
    office.work()
    link = office.link("customer")
    assert (link.coperniq_id, link.quickbooks_id) == (str(account["id"]), office.customer(Job=False)["Id"])
    assert link.quickbooks_snapshot["PrimaryEmailAddr.Address"] == "john@example.com"
    assert link.coperniq_snapshot["PrimaryEmailAddr.Address"] == "john@example.com"
    assert office.link("job").coperniq_account_id == str(account["id"])


def test_a_second_run_changes_nothing(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith", **JOHN), **SIZED)
    office.enter(project)
    office.work()
    before = office.simulator.state()["quickbooks"]
    office.ring(project)
    office.work()
    assert office.simulator.state()["quickbooks"] == before
    assert PhaseEntry.objects.count() == 1


def test_the_same_event_twice_is_stored_once(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith"))
    office.simulator.start_phase(project["id"], office.phases["Installation"])
    for _ in range(2):
        office.ring(project, event_id=77)
    office.work()
    assert SyncRun.objects.filter(action="push_job").count() == 1


def test_another_phase_is_no_trigger_and_costs_no_call(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith"))
    office.simulator.forget_log()
    office.enter(project, "Billing")
    office.work()
    assert office.simulator.log() == []
    assert not RecordLink.objects.exists()


def test_an_entry_before_the_trigger_was_saved_does_not_count(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith"))
    office.enter(project)
    office.simulator.control("clock", {"shift_seconds": 0})
    office.trigger.saved_at = office.trigger.saved_at.replace(year=office.trigger.saved_at.year + 1)
    office.trigger.save()
    office.work()
    assert office.customers() == []
    assert office.log() == []


def test_a_new_customer_and_job_cost_two_reads_and_two_writes_of_quickbooks(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith", **JOHN), **SIZED)
    office.simulator.forget_log()
    office.enter(project)
    office.work()
    assert len(office.quickbooks_calls(write=False)) == 2
    assert len(office.quickbooks_calls(write=True)) == 2


@pytest.mark.parametrize("new_instance", [True, False])
def test_entering_again_updates_and_never_doubles(office: PortalHarness, new_instance: bool) -> None:
    office.simulator.switch(reentry_new_instance=new_instance)
    account = office.account("John Smith", **JOHN)
    project = office.project(account, **SIZED)
    office.enter(project)
    office.work()
    office.simulator.control("clock", {"shift_seconds": 60})
    office.simulator.change("projects", project["id"], value=30000)
    office.enter(project, "Billing")
    office.enter(project, "Installation")
    office.work()
    assert len(office.customers()) == 2
    assert (
        office.customer(Job=True)["DisplayName"] == f"John Smith | #{project['number']} | $30,000 | 10.5 kW"
    )
    assert PhaseEntry.objects.count() == 2


def test_a_project_without_account_is_held_and_pushed_after_it_got_one(office: PortalHarness) -> None:
    project = office.project(None, "Orphan")
    office.enter(project)
    office.work()
    assert office.held().cause == "project_without_account"
    account = office.account("John Smith")
    office.simulator.change("projects", project["id"], accountId=account["id"])
    office.decide("retry")
    assert office.customer(Job=True)["ParentRef"]["value"] == office.customer(Job=False)["Id"]


def test_the_jobs_link_tells_number_and_value(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith"), **SIZED)
    office.enter(project)
    office.work()
    link = office.link("job")
    assert (link.number, link.amount_cents) == (str(project["number"]), 2_500_000)
    assert SyncRun.objects.get(action="push_job").entry == PhaseEntry.objects.get()
