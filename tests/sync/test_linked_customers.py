"""A customer that is linked already: what a later entry still changes, and what it leaves."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RemoteWrite, SyncRun, SyncSettings
from integrations.sync.customers.push_response import written_values
from tests.portal_harness import PortalHarness
from tests.sync.customer_builders import change_account, enter_again, pushed
from tests.sync.test_fields import PHONE, customer


def archive(portal: PortalHarness, **fields: Any) -> None:
    change_account(portal, isActive=False, **fields)


def enter_and_work(portal: PortalHarness, project: dict[str, Any]) -> None:
    enter_again(portal, project)
    portal.work()


@pytest.mark.parametrize(("strategy", "active"), [("skip", True), ("enrich", False), ("replace", False)])
def test_skip_alone_leaves_the_customer_of_an_archived_account_active(
    portal: PortalHarness, strategy: str, active: bool
) -> None:
    project = pushed(portal)
    archive(portal)
    SyncSettings.objects.update(matching_strategy=strategy)
    enter_and_work(portal, project)
    assert portal.customer(Job=False)["Active"] is active


def test_a_customer_as_inactive_as_its_account_is_no_question(portal: PortalHarness) -> None:
    project = pushed(portal)
    archive(portal)
    for row in (portal.customer(Job=True), portal.customer(Job=False)):
        portal.simulator.edit_books(portal.realm, row["Id"], Active=False)
    enter_and_work(portal, project)
    assert not SyncRun.objects.held().filter(kind="customer").exists()


def test_a_balance_keeps_the_customer_active_and_the_rest_is_written(portal: PortalHarness) -> None:
    project = pushed(portal)
    archive(portal, primaryPhone="7")
    theirs = portal.customer(Job=False)
    portal.simulator.control(f"quickbooks/{portal.realm}/customers/{theirs['Id']}/balance", {"amount": 100})
    enter_and_work(portal, project)
    after = portal.customer(Id=theirs["Id"])
    assert (after["Active"], after["PrimaryPhone"]["FreeFormNumber"]) == (True, "7")


def test_a_warning_is_given_when_something_is_written_not_every_time(portal: PortalHarness) -> None:
    project = pushed(portal, primaryPhone="5" * 40)
    enter_and_work(portal, project)
    assert sum(line.startswith("done_with_warning") for line in portal.log()) == 1


def test_what_an_earlier_push_wrote_is_still_known_as_the_portals(portal: PortalHarness) -> None:
    project = pushed(portal, primaryPhone="1")
    for fields in ({"primaryPhone": "2"}, {"primaryEmail": "new@example.com"}):
        change_account(portal, **fields)
        enter_and_work(portal, project)
    assert portal.customer(Job=False)["PrimaryEmailAddr"]["Address"] == "new@example.com"


def test_a_written_value_is_remembered_as_quickbooks_answered_it() -> None:
    write = RemoteWrite(changes=[{"field": "GivenName", "before": "", "after": " John "}])
    answered = customer(GivenName="John", PrimaryPhone__FreeFormNumber="1")
    remembered = written_values(write, {"GivenName": " John ", PHONE: "1"}, answered)
    assert remembered == {"GivenName": "John"}, "the phone was only sent along"


def test_a_same_named_job_another_project_has_is_not_linked(portal: PortalHarness) -> None:
    """QuickBooks lets an inactive job's name be borne again, so two links could meet in one job."""
    SyncSettings.objects.update(link_same_named_job=True)
    project = pushed(portal)
    link = portal.link("job")
    link.coperniq_id = "another"
    link.save()
    enter_and_work(portal, project)
    assert len(portal.customers(Job=True)) == 2
