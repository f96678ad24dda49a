"""What a held customer offers works, whichever of it is chosen and whatever happened meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RecordLink, RemoteWrite, SyncRun, SyncSettings
from tests.sync.office import Office

JOHN: dict[str, Any] = {"primaryEmail": "john@example.com"}
EMAIL: dict[str, Any] = {"PrimaryEmailAddr": {"Address": "john@example.com"}}


def names(office: Office) -> list[str]:
    return sorted(row["DisplayName"] for row in office.customers(Job=False))


def keys(run: SyncRun) -> list[str]:
    return [choice["key"] for choice in run.choices]


def enter(office: Office, title: str = "John Smith", **fields: Any) -> dict[str, Any]:
    account = office.account(title, **fields)
    office.enter(office.project(account, title))
    office.work()
    return account


def enter_archived(office: Office, **fields: Any) -> None:
    account = office.account("John Smith", **fields)
    project = office.project(account)
    office.simulator.change("accounts", account["id"], isActive=False)
    office.enter(project)
    office.work()


def inactive(office: Office, name: str, **fields: Any) -> str:
    row = office.simulator.in_books(office.realm, DisplayName=name, **fields)
    office.simulator.edit_books(office.realm, row["Id"], Active=False)
    return str(row["Id"])


def test_an_archived_account_pushed_all_the_same_is_linked_to_the_customer_of_its_email(
    office: Office,
) -> None:
    theirs = office.simulator.in_books(office.realm, DisplayName="Smith Household", **EMAIL)
    enter_archived(office, **JOHN)
    assert keys(office.held()) == ["release", "retry", "discard"]
    office.decide("release")
    assert office.link("customer").quickbooks_id == theirs["Id"]
    assert names(office) == ["Smith Household"]


def test_an_archived_account_pushed_all_the_same_is_linked_to_its_namesake(office: Office) -> None:
    theirs = office.simulator.in_books(office.realm, DisplayName="John Smith")
    enter_archived(office)
    office.decide("release")
    assert office.link("customer").quickbooks_id == theirs["Id"]


def test_an_archived_account_with_several_matches_asks_again_and_then_obeys(office: Office) -> None:
    office.simulator.in_books(office.realm, DisplayName="Smith, John", **EMAIL)
    office.simulator.in_books(office.realm, DisplayName="Smith Household", **EMAIL)
    enter_archived(office, **JOHN)
    office.decide("release")
    assert office.held().cause == "several_matches"
    office.decide("create_with_suffix")
    assert office.link("customer").quickbooks_name == "John Smith #2"


def test_any_number_of_other_accounts_customers_with_the_email_are_passed_over(office: Office) -> None:
    for title in ("Unit A", "Unit B", "Unit C"):
        contact = office.simulator.make("contacts", name=title, emails=["office@example.com"])
        enter(office, title, primaryEmail="office@example.com", contacts=[contact["id"]])
    assert names(office) == ["Unit A", "Unit B", "Unit C"]
    warned = [line for line in office.log() if line.startswith("done_with_warning: Created the customer")]
    assert len(warned) == 2
    assert "(and 1 more like it) has the same e-mail address but belongs to “Unit A”" in warned[1]


def test_a_namesake_is_linked_though_the_email_is_also_somebody_else_s(office: Office) -> None:
    enter(office, "Smith Household", **JOHN)
    theirs = office.simulator.in_books(office.realm, DisplayName="John Smith")
    john = office.simulator.make("contacts", name="John Smith", emails=["john@example.com"])
    enter(office, contacts=[john["id"]], **JOHN)
    assert RecordLink.objects.filter(kind="customer", quickbooks_id=theirs["Id"]).exists()
    assert any("so it was not taken" in line for line in office.log())
