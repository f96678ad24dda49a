"""Names that are taken, and jobs people made inactive: what is offered works."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RemoteWrite, SyncRun, SyncSettings
from tests.portal_harness import PortalHarness


def entered(office: PortalHarness, title: str = "Roof") -> dict[str, Any]:
    project = office.project(office.account("John Smith"), title)
    office.enter(project)
    office.work()
    return project


def again(office: PortalHarness, project: dict[str, Any]) -> None:
    office.simulator.control("clock", {"shift_seconds": 60})
    office.enter(project, "Billing")
    office.enter(project)
    office.work()


def name_of(project: dict[str, Any]) -> str:
    return f"{project['title']} | #{project['number']}"


def vendors(office: PortalHarness, name: str, numbers: range) -> None:
    for number in numbers:
        suffix = f" #{number}" if number > 1 else ""
        office.simulator.in_books(office.realm, "Vendor", DisplayName=f"{name}{suffix}")


@pytest.mark.parametrize("strategy", ["enrich", "replace", "skip"])
def test_an_inactive_job_is_asked_about_and_revived_when_a_person_says_so(
    office: PortalHarness, strategy: str
) -> None:
    project = entered(office)
    SyncSettings.objects.update(matching_strategy=strategy)
    job = office.customer(Job=True)
    office.simulator.edit_books(office.realm, job["Id"], Active=False)
    again(office, project)
    run = office.held()
    assert run.cause == "job_inactive"
    assert [choice["key"] for choice in run.choices] == [f"reactivate:{job['Id']}", "retry", "discard"]
    office.decide("retry")
    assert office.customer(Id=job["Id"])["Active"] is False
    office.decide(f"reactivate:{job['Id']}")
    revived = office.customer(Id=job["Id"])
    assert (revived["Active"], revived["DisplayName"]) == (True, name_of(project))


@pytest.mark.parametrize(("strategy", "named"), [("enrich", "Smith residence"), ("replace", "")])
def test_a_revived_job_keeps_the_name_people_gave_unless_it_is_replaced(
    office: PortalHarness, strategy: str, named: str
) -> None:
    project = entered(office)
    SyncSettings.objects.update(matching_strategy=strategy)
    job = office.customer(Job=True)
    office.simulator.edit_books(office.realm, job["Id"], DisplayName="Smith residence")
    office.simulator.edit_books(office.realm, job["Id"], Active=False)
    again(office, project)
    office.decide(f"reactivate:{job['Id']}")
    assert office.customer(Id=job["Id"])["DisplayName"] == (named or name_of(project))


def test_a_job_is_revived_onto_a_taken_name_with_a_number(office: PortalHarness) -> None:
    project = entered(office)
    job = office.customer(Job=True)
    office.simulator.edit_books(office.realm, job["Id"], Active=False)
    vendors(office, name_of(project), range(1, 2))
    again(office, project)
    office.decide(f"reactivate:{job['Id']}")
    assert office.customer(Id=job["Id"])["DisplayName"] == f"{name_of(project)} #2"


def test_names_of_vendors_are_stepped_over_and_each_try_is_a_row(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith"), "Roof")
    vendors(office, name_of(project), range(1, 4))
    office.enter(project)
    office.work()
    assert office.customer(Job=True)["DisplayName"] == f"{name_of(project)} #4"
    rows = RemoteWrite.objects.filter(kind="job").order_by("id")
    assert [row.state for row in rows] == ["refused", "refused", "refused", "answered"]


def test_many_names_of_vendors_are_passed_by_trying_again(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith"), "Roof")
    vendors(office, name_of(project), range(1, 9))
    office.enter(project)
    office.work()
    assert office.held().cause == "name_taken"
    office.decide("retry")
    assert office.customer(Job=True)["DisplayName"] == f"{name_of(project)} #9"


def test_twenty_five_names_of_customers_are_stepped_over(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith"), "Roof")
    for number in range(1, 26):
        suffix = f" #{number}" if number > 1 else ""
        office.simulator.in_books(office.realm, DisplayName=f"{name_of(project)}{suffix}")
    office.enter(project)
    office.work()
    assert office.customer(Job=True)["DisplayName"] == f"{name_of(project)} #26"
    assert not SyncRun.objects.open().exists()
