"""What would be written is shown; what is then written equals what was shown."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun
from tests.sync.office import Office

JOHN = {"primaryEmail": "john@example.com", "primaryPhone": "1"}


@pytest.fixture
def shadow(office: Office) -> Office:
    office.trigger.preview = True
    office.trigger.save()
    return office


def run_of(kind: str) -> SyncRun:
    return SyncRun.objects.held().get(kind=kind)


def shown(run: SyncRun) -> dict[str, str]:
    return {change["field"]: change["after"] for change in run.planned[0]["changes"]}


def at(record: dict[str, Any], path: str) -> str:
    value: Any = record
    for name in path.split("."):
        value = value[name]
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_nothing_is_written_until_it_is_released(shadow: Office) -> None:
    project = shadow.project(shadow.account("John Smith", **JOHN))
    shadow.enter(project)
    shadow.work()
    assert shadow.customers() == []
    assert shadow.quickbooks_calls(write=True) == []
    assert run_of("customer").cause == "preview"
    assert shown(run_of("customer"))["PrimaryEmailAddr.Address"] == "john@example.com"
    assert shown(run_of("job"))["DisplayName"] == f"John Smith | #{project['number']}"


@pytest.mark.parametrize("order", [("customer", "job"), ("job", "customer")])
def test_what_is_written_equals_what_was_shown(shadow: Office, order: tuple[str, str]) -> None:
    shadow.enter(shadow.project(shadow.account("John Smith", **JOHN)))
    shadow.work()
    plans = {kind: shown(run_of(kind)) for kind in order}
    for kind in order:
        shadow.decide("release", run_of(kind))
    assert not SyncRun.objects.held().exists()
    records = {"customer": shadow.customer(Job=False), "job": shadow.customer(Job=True)}
    for kind, plan in plans.items():
        assert {path: at(records[kind], path) for path in plan} == plan


def test_the_writes_received_are_the_bodies_planned(shadow: Office) -> None:
    shadow.enter(shadow.project(shadow.account("John Smith", **JOHN)))
    shadow.work()
    shadow.simulator.forget_log()
    for kind in ("customer", "job"):
        shadow.decide("release", run_of(kind))
    assert len(shadow.quickbooks_calls(write=True)) == 2


def test_a_changed_world_is_shown_again_instead_of_written(shadow: Office) -> None:
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


def test_an_update_shows_before_and_after(shadow: Office) -> None:
    shadow.simulator.in_books(shadow.realm, DisplayName="John Smith")
    shadow.enter(shadow.project(shadow.account("John Smith", **JOHN)))
    shadow.work()
    plan = run_of("customer").planned[0]
    assert plan["operation"] == "update"
    assert {"field": "PrimaryPhone.FreeFormNumber", "before": "", "after": "1"} in plan["changes"]


def test_a_taken_job_name_is_seen_before_it_is_shown(shadow: Office) -> None:
    project = shadow.project(shadow.account("John Smith"))
    shadow.simulator.in_books(shadow.realm, DisplayName=f"John Smith | #{project['number']}")
    shadow.enter(project)
    shadow.work()
    assert shown(run_of("job"))["DisplayName"] == f"John Smith | #{project['number']} #2"


def test_a_name_taken_between_preview_and_release_is_held_again(shadow: Office) -> None:
    project = shadow.project(shadow.account("John Smith"))
    shadow.enter(project)
    shadow.work()
    shadow.simulator.in_books(shadow.realm, "Vendor", DisplayName=f"John Smith | #{project['number']}")
    shadow.decide("release", run_of("customer"))
    shadow.decide("release", run_of("job"))
    assert run_of("job").cause == "name_taken"
    assert shadow.customers(Job=True) == []


def test_a_discarded_preview_writes_nothing(shadow: Office) -> None:
    shadow.enter(shadow.project(shadow.account("John Smith")))
    shadow.work()
    for kind in ("customer", "job"):
        shadow.decide("discard", run_of(kind))
    assert shadow.customers() == []
    assert not RecordLink.objects.exists()


def test_a_plan_without_a_write_needs_no_release(shadow: Office) -> None:
    shadow.simulator.in_books(
        shadow.realm,
        DisplayName="John Smith",
        BillAddr={"Line1": "x", "City": "y", "CountrySubDivisionCode": "TX", "PostalCode": "1"},
    )
    shadow.enter(shadow.project(shadow.account("John Smith")))
    shadow.work()
    assert RecordLink.objects.filter(kind="customer").exists()
