"""Names that are taken, and jobs people made inactive: what is offered works."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RemoteWrite, SyncRun, SyncSettings
from tests.portal_harness import PortalHarness


def entered(portal: PortalHarness, title: str = "Roof") -> dict[str, Any]:
    project = portal.project(portal.account("John Smith"), title)
    portal.enter(project)
    portal.work()
    return project


def again(portal: PortalHarness, project: dict[str, Any]) -> None:
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.enter(project, "Billing")
    portal.enter(project)
    portal.work()


def name_of(project: dict[str, Any]) -> str:
    return f"{project['title']} | #{project['number']}"


def vendors(portal: PortalHarness, name: str, numbers: range) -> None:
    for number in numbers:
        suffix = f" #{number}" if number > 1 else ""
        portal.simulator.in_books(portal.realm, "Vendor", DisplayName=f"{name}{suffix}")


@pytest.mark.parametrize("strategy", ["enrich", "replace", "skip"])
def test_an_inactive_job_is_asked_about_and_revived_when_a_person_says_so(
    portal: PortalHarness, strategy: str
) -> None:
    project = entered(portal)
    SyncSettings.objects.update(matching_strategy=strategy)
    job = portal.customer(Job=True)
    portal.simulator.edit_books(portal.realm, job["Id"], Active=False)
    again(portal, project)
    run = portal.held()
    assert run.cause == "job_inactive"
    assert [choice["key"] for choice in run.choices] == [f"reactivate:{job['Id']}", "retry", "discard"]
    portal.decide("retry")
    assert portal.customer(Id=job["Id"])["Active"] is False
    portal.decide(f"reactivate:{job['Id']}")
    revived = portal.customer(Id=job["Id"])
    assert (revived["Active"], revived["DisplayName"]) == (True, name_of(project))


@pytest.mark.parametrize(("strategy", "named"), [("enrich", "Smith residence"), ("replace", "")])
def test_a_revived_job_keeps_the_name_people_gave_unless_it_is_replaced(
    portal: PortalHarness, strategy: str, named: str
) -> None:
    project = entered(portal)
    SyncSettings.objects.update(matching_strategy=strategy)
    job = portal.customer(Job=True)
    portal.simulator.edit_books(portal.realm, job["Id"], DisplayName="Smith residence")
    portal.simulator.edit_books(portal.realm, job["Id"], Active=False)
    again(portal, project)
    portal.decide(f"reactivate:{job['Id']}")
    assert portal.customer(Id=job["Id"])["DisplayName"] == (named or name_of(project))


def test_a_job_is_revived_onto_a_taken_name_with_a_number(portal: PortalHarness) -> None:
    project = entered(portal)
    job = portal.customer(Job=True)
    portal.simulator.edit_books(portal.realm, job["Id"], Active=False)
    vendors(portal, name_of(project), range(1, 2))
    again(portal, project)
    portal.decide(f"reactivate:{job['Id']}")
    assert portal.customer(Id=job["Id"])["DisplayName"] == f"{name_of(project)} #2"


def test_names_of_vendors_are_stepped_over_and_each_try_is_a_row(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"), "Roof")
    vendors(portal, name_of(project), range(1, 4))
    portal.enter(project)
    portal.work()
    assert portal.customer(Job=True)["DisplayName"] == f"{name_of(project)} #4"
    rows = RemoteWrite.objects.filter(kind="job").order_by("id")
    assert [row.state for row in rows] == ["refused", "refused", "refused", "answered"]


def test_many_names_of_vendors_are_passed_by_trying_again(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"), "Roof")
    vendors(portal, name_of(project), range(1, 9))
    portal.enter(project)
    portal.work()
    assert portal.held().cause == "name_taken"
    portal.decide("retry")
    assert portal.customer(Job=True)["DisplayName"] == f"{name_of(project)} #9"


def test_twenty_five_names_of_customers_are_stepped_over(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"), "Roof")
    for number in range(1, 26):
        suffix = f" #{number}" if number > 1 else ""
        portal.simulator.in_books(portal.realm, DisplayName=f"{name_of(project)}{suffix}")
    portal.enter(project)
    portal.work()
    assert portal.customer(Job=True)["DisplayName"] == f"{name_of(project)} #26"
    assert not SyncRun.objects.open().exists()
