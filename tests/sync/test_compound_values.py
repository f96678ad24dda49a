"""An address is one value, and so is a person's name: parts of two are never mixed."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from integrations.models import SyncRun, SyncSettings
from tests.portal_harness import PortalHarness
from tests.sync.customer_builders import change_account, enter_again

THEIRS: dict[str, Any] = {"Line1": "77 Elm St Apt 4", "Line2": "Phoenix, AZ 85004"}
OLD: dict[str, Any] = {
    "Line1": "9 Old Rd",
    "Line2": "Apt 4",
    "Line3": "c/o J. Roe",
    "City": "Phoenix",
    "CountrySubDivisionCode": "AZ",
    "PostalCode": "85004",
    "Country": "USA",
}
OURS = {"Line1": "1 Main St", "City": "Tucson", "CountrySubDivisionCode": "AZ", "PostalCode": "85701"}
MAIN = {"address": ["1 Main St, Tucson, AZ 85701"]}


def in_books(portal: PortalHarness, name: str = "John Smith", **fields: Any) -> str:
    return str(portal.simulator.in_books(portal.realm, DisplayName=name, **fields)["Id"])


def enter(portal: PortalHarness, strategy: str = "enrich", **fields: Any) -> dict[str, Any]:
    SyncSettings.objects.update(matching_strategy=strategy)
    project = portal.project(portal.account(**{"title": "John Smith", **MAIN, **fields}))
    portal.enter(project)
    portal.work()
    return project


def nothing_more(portal: PortalHarness, project: dict[str, Any]) -> bool:
    """A second entry writes nothing and asks nothing."""
    portal.simulator.forget_log()
    enter_again(portal, project)
    portal.work()
    return portal.quickbooks_calls(write=True) == [] and not SyncRun.objects.open().exists()


def address(portal: PortalHarness, kind: str = "BillAddr") -> dict[str, Any]:
    found = portal.customer(Job=False).get(kind, {})
    return {name: value for name, value in found.items() if name != "Id"}


@pytest.mark.parametrize(
    "theirs", [THEIRS, {"Line1": "77 Elm St"}, {"PostalCode": "85004"}, {"Line3": "c/o J. Roe"}]
)
def test_enrich_leaves_an_address_that_people_entered(portal: PortalHarness, theirs: dict[str, Any]) -> None:
    in_books(portal, BillAddr=theirs)
    project = enter(portal)
    assert address(portal) == theirs
    assert nothing_more(portal, project)


def test_enrich_fills_an_address_where_there_is_none_and_follows_it(portal: PortalHarness) -> None:
    portal.simulator.switch(address_parts=True)
    in_books(portal, ShipAddr=THEIRS)
    project = enter(portal)
    assert address(portal) == OURS
    assert address(portal, "ShipAddr") == THEIRS
    change_account(portal, address=["5 Oak Ave, Mesa, AZ 85201"])
    enter_again(portal, project)
    portal.work()
    assert address(portal) == {**OURS, "Line1": "5 Oak Ave", "City": "Mesa", "PostalCode": "85201"}
    portal.simulator.edit_books(
        portal.realm, portal.customer(Job=False)["Id"], BillAddr={**OURS, "Line2": "Apt 4"}
    )
    change_account(portal, address=["6 Oak Ave, Mesa, AZ 85201"])
    enter_again(portal, project)
    portal.work()
    assert address(portal) == {**OURS, "Line2": "Apt 4"}, "people took it over"


@pytest.mark.parametrize(
    ("nested", "clears"), [*product(["merge"], ["both", "empty_string", "null", "none"]), ("replace", "none")]
)  # fmt: skip
def test_replace_replaces_the_whole_address_whatever_clears_a_field(
    portal: PortalHarness, nested: str, clears: str
) -> None:
    portal.simulator.switch(sparse_nested=nested, clear_by_sparse=clears)
    in_books(
        portal,
        BillAddr=OLD,
        Notes="kept",
        Mobile={"FreeFormNumber": "5"},
        PrimaryPhone={"FreeFormNumber": "6"},
    )
    project = enter(portal, "replace")
    assert address(portal) == OURS
    customer = portal.customer(Job=False)
    kept = customer["Notes"], customer["Mobile"]["FreeFormNumber"], customer["PrimaryPhone"]["FreeFormNumber"]
    assert kept == ("kept", "5", "6")
    assert nothing_more(portal, project)


def test_a_tax_number_is_not_lost_for_a_line_that_cannot_be_cleared(portal: PortalHarness) -> None:
    portal.simulator.switch(sparse_nested="merge", clear_by_sparse="none")
    in_books(portal, BillAddr=OLD, PrimaryTaxIdentifier="123456789")
    enter(portal, "replace")
    assert portal.customer(Job=False)["PrimaryTaxIdentifier"].endswith("56789")
    assert any("“Apt 4”" in line and line.startswith("done_with_warning") for line in portal.log())


def contact(portal: PortalHarness, name: str) -> dict[str, Any]:
    made = portal.simulator.make("contacts", name=name, emails=["john@example.com"])
    return {"contacts": [made["id"]], "primaryEmail": "john@example.com", "title": "Smith Household"}


def person(portal: PortalHarness) -> tuple[str, ...]:
    customer = portal.customer(Job=False)
    return tuple(customer.get(name, "") for name in ("GivenName", "MiddleName", "FamilyName", "Suffix"))


@pytest.mark.parametrize(
    "theirs", [{"GivenName": "Robert"}, {"FamilyName": "Roe"}, {"MiddleName": "Q"}, {"Suffix": "Jr."}]
)
def test_enrich_leaves_a_name_that_people_entered(portal: PortalHarness, theirs: dict[str, str]) -> None:
    in_books(portal, **theirs)
    before = person(portal)
    project = enter(portal, **contact(portal, "John Smith"))
    assert person(portal) == before
    assert nothing_more(portal, project)


@pytest.mark.parametrize("clears", ["both", "null", "none"])
def test_replace_replaces_the_whole_name(portal: PortalHarness, clears: str) -> None:
    portal.simulator.switch(clear_by_sparse=clears)
    in_books(portal, GivenName="Robert", MiddleName="J.", FamilyName="Roe", Suffix="Jr.")
    project = enter(portal, "replace", **contact(portal, "John Smith"))
    assert person(portal) == ("John", "", "Smith", "")
    assert nothing_more(portal, project)


def test_a_middle_name_that_is_among_the_first_names_is_no_difference(portal: PortalHarness) -> None:
    in_books(portal, "John Q Smith", GivenName="John", MiddleName="Q", FamilyName="Smith", Suffix="Sr.")
    project = enter(portal, "replace", **contact(portal, "John Q Smith"))
    assert person(portal) == ("John", "Q", "Smith", "Sr.")
    assert nothing_more(portal, project)


def test_replace_keeps_the_other_phones_and_addresses_of_a_list(portal: PortalHarness) -> None:
    emails = {"Address": "office@x.com, john@example.com"}
    in_books(portal, PrimaryEmailAddr=emails, AlternatePhone={"FreeFormNumber": "2"})
    project = enter(portal, "replace", primaryPhone="1", **contact(portal, "John Smith"))
    customer = portal.customer(Job=False)
    assert customer["PrimaryEmailAddr"] == emails
    assert (customer["PrimaryPhone"], customer["AlternatePhone"]) == (
        {"FreeFormNumber": "1"},
        {"FreeFormNumber": "2"},
    )
    assert nothing_more(portal, project)


@pytest.mark.parametrize("clears", ["both", "null", "none"])
def test_a_name_that_the_portal_cut_is_cleared_once_coperniq_says_that_it_is_a_company(
    portal: PortalHarness, clears: str
) -> None:
    portal.simulator.switch(clear_by_sparse=clears)
    project = enter(portal, **contact(portal, "Harbor Kitchen Supply"))
    assert person(portal) == ("Harbor Kitchen", "", "Supply", "")
    change_account(portal, accountType="COMMERCIAL")
    enter_again(portal, project)
    portal.work()
    assert person(portal) == ("", "", "", "")
    assert nothing_more(portal, project)


@pytest.mark.parametrize("strategy", ["enrich", "replace"])
def test_a_name_that_people_entered_is_not_cleared(portal: PortalHarness, strategy: str) -> None:
    in_books(portal, "Harbor Kitchen", GivenName="Jane", FamilyName="Roe")
    project = enter(portal, strategy, title="Harbor Kitchen", accountType="COMMERCIAL")
    assert person(portal) == ("Jane", "", "Roe", "")
    assert nothing_more(portal, project)


@pytest.mark.parametrize("strategy", ["enrich", "replace"])
def test_an_address_of_the_list_that_coperniq_removed_is_removed_and_those_of_people_stay(
    portal: PortalHarness, strategy: str
) -> None:
    portal.simulator.switch(email_lists="accept")
    project = enter(portal, strategy, primaryEmail="pat@x.com; ex@x.com")

    def change(emails: str) -> str:
        change_account(portal, primaryEmail=emails)
        enter_again(portal, project)
        portal.work()
        assert nothing_more(portal, project)
        return str(portal.customer(Job=False)["PrimaryEmailAddr"]["Address"])

    assert change("pat@x.com") == "pat@x.com"
    theirs = {"Address": "pat@x.com, Office@x.com"}
    portal.simulator.edit_books(portal.realm, portal.customer(Job=False)["Id"], PrimaryEmailAddr=theirs)
    assert change("PAT@x.com") == "pat@x.com, Office@x.com"
    assert change("new@x.com") == "new@x.com, Office@x.com"
    assert change("newer@x.com") == "newer@x.com, Office@x.com"


@pytest.mark.parametrize("strategy", ["enrich", "replace"])
@pytest.mark.parametrize("makes_site", [True, False])
def test_a_changed_address_arrives_although_the_old_one_stays_a_site(
    portal: PortalHarness, strategy: str, makes_site: bool
) -> None:
    portal.simulator.switch(account_makes_site=makes_site)
    project = enter(portal, strategy)
    assert address(portal) == OURS
    account = portal.link("customer").coperniq_id
    portal.simulator.make("sites", accountId=int(account), fullAddress="500 Rental Ave, Mesa, AZ 85201")
    assert nothing_more(portal, project)
    change_account(portal, address=["9 New Rd, Mesa, AZ 85201"])
    enter_again(portal, project)
    portal.work()
    assert address(portal) == {**OURS, "Line1": "9 New Rd", "City": "Mesa", "PostalCode": "85201"}
    assert nothing_more(portal, project)
