"""What would be written is shown; what is then written equals what was shown."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.messages.customers import CustomerMessage
from integrations.models import RecordLink, SyncRun
from tests.portal_harness import PortalHarness

JOHN = {"primaryEmail": "john@example.com", "primaryPhone": "1"}


@pytest.fixture
def shadow(portal: PortalHarness) -> PortalHarness:
    portal.trigger.preview = True
    portal.trigger.save()
    return portal


def run_of(kind: str) -> SyncRun:
    return SyncRun.objects.held().get(kind=kind)


def shown(run: SyncRun) -> dict[str, str]:
    return {change["field"]: change["after"] for change in run.planned[0]["changes"]}


def at(record: dict[str, Any], path: str) -> str:
    value: Any = record
    for name in path.split("."):
        value = value[name]
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_nothing_is_written_until_it_is_released(shadow: PortalHarness) -> None:
    project = shadow.project(shadow.account("John Smith", **JOHN))
    shadow.enter(project)
    shadow.work()
    assert shadow.customers() == []
    assert shadow.quickbooks_calls(write=True) == []
    assert run_of("customer").cause == "preview"
    assert shown(run_of("customer"))["PrimaryEmailAddr.Address"] == "john@example.com"
    assert shown(run_of("job"))["DisplayName"] == f"John Smith | #{project['number']}"


@pytest.mark.parametrize("order", [("customer", "job"), ("job", "customer")])
def test_what_is_written_equals_what_was_shown(shadow: PortalHarness, order: tuple[str, str]) -> None:
    shadow.enter(shadow.project(shadow.account("John Smith", **JOHN)))
    shadow.work()
    plans = {kind: shown(run_of(kind)) for kind in order}
    for kind in order:
        shadow.decide("release", run_of(kind))
    assert not SyncRun.objects.held().exists()
    records = {"customer": shadow.customer(Job=False), "job": shadow.customer(Job=True)}
    for kind, plan in plans.items():
        assert {path: at(records[kind], path) for path in plan} == plan


def test_the_writes_received_are_the_bodies_planned(shadow: PortalHarness) -> None:
    shadow.enter(shadow.project(shadow.account("John Smith", **JOHN)))
    shadow.work()
    shadow.simulator.forget_log()
    for kind in ("customer", "job"):
        shadow.decide("release", run_of(kind))
    assert len(shadow.quickbooks_calls(write=True)) == 2


def test_a_changed_world_is_shown_again_instead_of_written(shadow: PortalHarness) -> None:
    account = shadow.account("John Smith", **JOHN)
    shadow.enter(shadow.project(account))
    shadow.work()
    shadow.simulator.change("accounts", account["id"], primaryPhone="2")
    shadow.decide("release", run_of("customer"))
    run = run_of("customer")
    assert run.cause == "preview_changed"
    assert shown(run)["PrimaryPhone.FreeFormNumber"] == "2"
    assert shadow.customers() == []
    shadow.decide("release", run)
    assert shadow.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "2"


def test_an_update_shows_before_and_after(shadow: PortalHarness) -> None:
    shadow.simulator.in_books(shadow.realm, DisplayName="John Smith")
    shadow.enter(shadow.project(shadow.account("John Smith", **JOHN)))
    shadow.work()
    plan = run_of("customer").planned[0]
    assert plan["operation"] == "update"
    assert {"field": "PrimaryPhone.FreeFormNumber", "before": "", "after": "1"} in plan["changes"]


def test_a_taken_job_name_is_seen_before_it_is_shown(shadow: PortalHarness) -> None:
    project = shadow.project(shadow.account("John Smith"))
    shadow.simulator.in_books(shadow.realm, DisplayName=f"John Smith | #{project['number']}")
    shadow.enter(project)
    shadow.work()
    assert shown(run_of("job"))["DisplayName"] == f"John Smith | #{project['number']} #2"


def test_a_name_taken_between_preview_and_release_is_held_again(shadow: PortalHarness) -> None:
    project = shadow.project(shadow.account("John Smith"))
    shadow.enter(project)
    shadow.work()
    shadow.simulator.in_books(shadow.realm, "Vendor", DisplayName=f"John Smith | #{project['number']}")
    shadow.decide("release", run_of("customer"))
    shadow.decide("release", run_of("job"))
    assert run_of("job").cause == "preview_changed"
    assert shown(run_of("job"))["DisplayName"] == f"John Smith | #{project['number']} #2"
    assert shadow.customers(Job=True) == []
    shadow.decide("release", run_of("job"))
    assert shadow.customer(Job=True)["DisplayName"] == f"John Smith | #{project['number']} #2"


def test_a_customer_s_name_taken_between_preview_and_release_is_asked_about(shadow: PortalHarness) -> None:
    shadow.enter(shadow.project(shadow.account("John Smith")))
    shadow.work()
    for name in ("John Smith", "John Smith #2"):
        shadow.simulator.in_books(shadow.realm, "Vendor", DisplayName=name)
    shadow.decide("release", run_of("customer"))
    assert run_of("customer").cause == "name_taken"
    shadow.decide("create_with_suffix", run_of("customer"))
    assert shown(run_of("customer"))["DisplayName"] == "John Smith #3", "a vendor has the second"
    shadow.decide("release", run_of("customer"))
    assert shadow.customer(Job=False)["DisplayName"] == "John Smith #3"


@pytest.mark.parametrize("holder", ["Vendor", "Employee"])
def test_a_customer_s_name_that_somebody_else_has_is_asked_about_instead_of_shown(
    shadow: PortalHarness, holder: str
) -> None:
    name = {"DisplayName": "John Smith"} | ({"GivenName": "John"} if holder == "Employee" else {})
    shadow.simulator.in_books(shadow.realm, holder, **name)
    shadow.enter(shadow.project(shadow.account("John Smith")))
    shadow.work()
    run = run_of("customer")
    assert run.cause == "name_taken"
    assert [choice["key"] for choice in run.choices] == [
        "create_with_suffix",
        "create_with_name",
        "retry",
        "discard",
    ]
    assert shadow.quickbooks_calls(write=True) == []
    shadow.decide("create_with_suffix", run)
    assert shown(run_of("customer"))["DisplayName"] == "John Smith #2"
    shadow.decide("release", run_of("customer"))
    assert shadow.customer(Job=False)["DisplayName"] == "John Smith #2"
    assert len(shadow.quickbooks_calls(write=True)) == 1, "nothing was refused"


def test_a_customer_renamed_to_a_name_that_a_vendor_has_is_asked_about(shadow: PortalHarness) -> None:
    account = shadow.account("John Smith")
    project = in_books_already(shadow, account)
    shadow.simulator.in_books(shadow.realm, "Vendor", DisplayName="Jane Smith")
    shadow.simulator.change("accounts", account["id"], title="Jane Smith")
    again(shadow, project)
    assert run_of("customer").cause == "name_taken"
    shadow.decide("create_with_suffix", run_of("customer"))
    assert shown(run_of("customer"))["DisplayName"] == "Jane Smith #2"


def in_books_already(shadow: PortalHarness, account: dict[str, Any], title: str = "Roof") -> dict[str, Any]:
    project = shadow.project(account, title)
    shadow.enter(project)
    shadow.work()
    for kind in ("customer", "job"):
        shadow.decide("release", run_of(kind))
    return project


def again(shadow: PortalHarness, project: dict[str, Any]) -> None:
    shadow.simulator.control("clock", {"shift_seconds": 60})
    shadow.enter(project, "Billing")
    shadow.enter(project)
    shadow.work()


@pytest.mark.parametrize("holder", ["Customer", "Vendor", "Employee"])
def test_a_job_s_new_name_that_is_taken_is_released_with_its_number(
    shadow: PortalHarness, holder: str
) -> None:
    project = in_books_already(shadow, shadow.account("John Smith"))
    name = f"Barn | #{project['number']}"
    shadow.simulator.in_books(shadow.realm, holder, DisplayName=name)
    shadow.simulator.change("projects", project["id"], title="Barn")
    again(shadow, project)
    assert shown(shadow.held())["DisplayName"] == f"{name} #2"
    shadow.decide("release")
    assert shadow.customer(Job=True)["DisplayName"] == f"{name} #2"


def test_a_new_name_that_differs_in_its_case_alone_is_nobody_else_s(shadow: PortalHarness) -> None:
    project = in_books_already(shadow, shadow.account("John Smith"))
    shadow.simulator.change("projects", project["id"], title="ROOF")
    again(shadow, project)
    shadow.decide("release")
    assert shadow.customer(Job=True)["DisplayName"] == f"ROOF | #{project['number']}"


def test_what_quickbooks_refuses_of_a_released_update_is_shown_again_without_it(
    shadow: PortalHarness,
) -> None:
    account = shadow.account("John Smith", **JOHN)
    project = in_books_already(shadow, account)
    customer = shadow.customer(Job=False)
    balance = f"quickbooks/{shadow.realm}/customers/{customer['Id']}/balance"
    shadow.simulator.control(balance, {"amount": 100})
    shadow.simulator.change("accounts", account["id"], isActive=False, primaryPhone="2")
    again(shadow, project)
    assert shown(run_of("customer")) == {"PrimaryPhone.FreeFormNumber": "2", "Active": "false"}
    shadow.decide("release", run_of("customer"))
    assert shown(run_of("customer")) == {"PrimaryPhone.FreeFormNumber": "2"}
    assert shadow.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "1", "nothing of it is written yet"
    shadow.decide("release", run_of("customer"))
    assert shadow.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "2"
    assert any(CustomerMessage.CUSTOMER_KEPT_ACTIVE.template in line for line in shadow.log())


def test_a_discarded_preview_writes_nothing(shadow: PortalHarness) -> None:
    shadow.enter(shadow.project(shadow.account("John Smith")))
    shadow.work()
    for kind in ("customer", "job"):
        shadow.decide("discard", run_of(kind))
    assert shadow.customers() == []
    assert not RecordLink.objects.exists()


def test_a_plan_without_a_write_needs_no_release(shadow: PortalHarness) -> None:
    shadow.simulator.in_books(
        shadow.realm,
        DisplayName="John Smith",
        BillAddr={"Line1": "x", "City": "y", "CountrySubDivisionCode": "TX", "PostalCode": "1"},
    )
    shadow.enter(shadow.project(shadow.account("John Smith")))
    shadow.work()
    assert RecordLink.objects.filter(kind="customer").exists()


def test_an_account_restored_before_the_rest_is_released_leaves_nothing_to_warn_of(
    shadow: PortalHarness,
) -> None:
    account = shadow.account("John Smith", **JOHN)
    project = in_books_already(shadow, account)
    customer = shadow.customer(Job=False)
    shadow.simulator.control(f"quickbooks/{shadow.realm}/customers/{customer['Id']}/balance", {"amount": 100})
    shadow.simulator.change("accounts", account["id"], isActive=False, primaryPhone="2")
    again(shadow, project)
    shadow.decide("release", run_of("customer"))
    shadow.simulator.change("accounts", account["id"], isActive=True)
    shadow.decide("release", run_of("customer"))
    assert shadow.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "2"
    assert not any(CustomerMessage.CUSTOMER_KEPT_ACTIVE.template in line for line in shadow.log())
