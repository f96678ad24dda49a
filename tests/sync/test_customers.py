"""Which QuickBooks customer is it? None, one or many; and what is written to the one."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import F

from integrations.messages.customers import CustomerMessage
from integrations.models import FieldMapping, RecordLink, RunState, SyncRun, SyncSettings
from tests.portal_harness import PortalHarness, open_portal
from tests.simulation import Simulation

JOHN: dict[str, Any] = {"primaryEmail": "john@example.com"}
EMAIL: dict[str, Any] = {"PrimaryEmailAddr": {"Address": "john@example.com"}}


def strategy(office: PortalHarness, name: str) -> None:
    SyncSettings.objects.filter(connection=office.quickbooks).update(matching_strategy=name)


def enter(office: PortalHarness, title: str = "John Smith", **fields: object) -> None:
    office.enter(office.project(office.account(title, **fields), title))
    office.work()


def test_the_same_name_is_matched_whatever_its_case(office: PortalHarness) -> None:
    theirs = office.simulator.in_books(office.realm, DisplayName="JOHN SMITH")
    enter(office)
    assert office.link("customer").quickbooks_id == theirs["Id"]
    assert office.link("customer").match_method == RecordLink.MatchMethod.NAME
    assert len(office.customers(Job=False)) == 1


def test_the_same_email_is_matched(office: PortalHarness) -> None:
    theirs = office.simulator.in_books(office.realm, DisplayName="J. Smith", **EMAIL)
    enter(office, **JOHN)
    assert office.link("customer").quickbooks_id == theirs["Id"]
    assert office.link("customer").match_method == RecordLink.MatchMethod.EMAIL
    assert office.customer(Job=False)["DisplayName"] == "J. Smith", "Enrich leaves what people entered"


def test_enrich_fills_what_is_empty_and_leaves_the_rest(office: PortalHarness) -> None:
    office.simulator.in_books(office.realm, DisplayName="John Smith", PrimaryPhone={"FreeFormNumber": "1"})
    enter(office, primaryPhone="2", **JOHN)
    customer = office.customer(Job=False)
    assert customer["PrimaryPhone"]["FreeFormNumber"] == "1"
    assert customer["PrimaryEmailAddr"]["Address"] == "john@example.com"


def test_replace_overwrites_but_never_erases(office: PortalHarness) -> None:
    strategy(office, "replace")
    office.simulator.in_books(
        office.realm,
        DisplayName="J. Smith",
        CompanyName="Kept",
        PrimaryPhone={"FreeFormNumber": "1"},
        **EMAIL,
    )
    enter(office, primaryPhone="2", **JOHN)
    customer = office.customer(Job=False)
    assert (customer["DisplayName"], customer["PrimaryPhone"]["FreeFormNumber"]) == ("John Smith", "2")
    assert customer["CompanyName"] == "Kept"


def test_skip_links_and_changes_nothing_but_the_job_is_made(office: PortalHarness) -> None:
    strategy(office, "skip")
    theirs = office.simulator.in_books(office.realm, DisplayName="John Smith")
    enter(office, primaryPhone="2", **JOHN)
    assert office.customer(Job=False) == theirs | {
        "BalanceWithJobs": office.customer(Job=False)["BalanceWithJobs"]
    }
    assert office.customer(Job=True)["ParentRef"]["value"] == theirs["Id"]


def test_several_matches_are_held_and_a_person_chooses(office: PortalHarness) -> None:
    first = office.simulator.in_books(office.realm, DisplayName="John Smith")
    second = office.simulator.in_books(office.realm, DisplayName="J. Smith", **EMAIL)
    enter(office, **JOHN)
    run = office.held()
    assert run.cause == "several_matches"
    keys = [choice["key"] for choice in run.choices]
    assert keys == [f"link:{first['Id']}", f"link:{second['Id']}", "create_with_suffix", "discard"]
    assert office.customers(Job=True) == [], "the job waits for its customer"
    office.decide(f"link:{second['Id']}")
    assert office.link("customer").quickbooks_id == second["Id"]
    assert office.link("customer").match_method == RecordLink.MatchMethod.CHOSEN
    assert office.customer(Job=True)["ParentRef"]["value"] == second["Id"]


def test_create_with_a_suffix_finds_the_next_free_number(office: PortalHarness) -> None:
    office.simulator.in_books(office.realm, DisplayName="John Smith")
    office.simulator.in_books(office.realm, DisplayName="J. Smith", **EMAIL)
    office.simulator.in_books(office.realm, DisplayName="John Smith #2")
    enter(office, **JOHN)
    office.decide("create_with_suffix")
    assert office.link("customer").quickbooks_name == "John Smith #3"


def test_a_name_a_vendor_has_is_held(office: PortalHarness) -> None:
    office.simulator.in_books(office.realm, "Vendor", DisplayName="John Smith")
    enter(office)
    assert office.held().cause == "name_taken"
    office.decide("create_with_suffix")
    assert office.customer(Job=False)["DisplayName"] == "John Smith #2"


@pytest.mark.parametrize("unique", ["everywhere", "within_parent"])
def test_a_name_a_job_has_is_for_quickbooks_to_allow(office: PortalHarness, unique: str) -> None:
    office.simulator.switch(job_names_unique=unique)
    parent = office.simulator.in_books(office.realm, DisplayName="Somebody")
    office.simulator.in_books(
        office.realm, DisplayName="John Smith", Job=True, ParentRef={"value": parent["Id"]}
    )
    enter(office)
    if unique == "everywhere":
        assert office.held().cause == "name_taken"
    else:
        assert office.link("customer").quickbooks_name == "John Smith"


def test_an_inactive_match_is_never_revived_silently(office: PortalHarness) -> None:
    theirs = office.simulator.in_books(office.realm, DisplayName="John Smith")
    office.simulator.edit_books(office.realm, theirs["Id"], Active=False)
    enter(office)
    run = office.held()
    assert run.cause == "match_inactive"
    assert run.choices[0]["key"] == f"reactivate:{theirs['Id']}"
    office.decide(f"reactivate:{theirs['Id']}")
    customer = office.customer(Id=theirs["Id"])
    assert (customer["Active"], customer["DisplayName"]) == (True, "John Smith")
    assert office.link("customer").quickbooks_id == theirs["Id"]


@pytest.mark.parametrize("frees", [True, False])
def test_beside_an_inactive_match_a_new_customer_can_be_made(office: PortalHarness, frees: bool) -> None:
    office.simulator.switch(inactive_name_frees=frees)
    theirs = office.simulator.in_books(office.realm, DisplayName="John Smith")
    office.simulator.edit_books(office.realm, theirs["Id"], Active=False)
    enter(office)
    office.decide("create")
    if not frees:
        assert office.held().cause == "name_taken"
        office.decide("create_with_suffix")
    assert office.link("customer").quickbooks_name == ("John Smith" if frees else "John Smith #2")


@pytest.mark.django_db
def test_a_match_in_another_currency_is_held(simulator: Simulation) -> None:
    office = open_portal(simulator, multicurrency=True)
    simulator.in_books(office.realm, DisplayName="John Smith", CurrencyRef={"value": "CAD"})
    enter(office)
    assert office.held().cause == "match_currency"


def test_an_archived_account_is_held_and_can_be_created_all_the_same(office: PortalHarness) -> None:
    account = office.account("John Smith")
    project = office.project(account)
    office.simulator.change("accounts", account["id"], isActive=False)
    office.enter(project)
    office.work()
    assert office.held().cause == "account_archived"
    office.decide("push_archived")
    assert office.customer(Job=False)["DisplayName"] == "John Smith"


def test_a_match_another_account_has_by_name_is_held(office: PortalHarness) -> None:
    enter(office, "John Smith")
    office.enter(office.project(office.account("John Smith"), "Second"))
    office.work()
    run = office.held()
    assert run.cause == "match_already_linked"
    assert f"link:{office.link('customer').quickbooks_id}" not in [choice["key"] for choice in run.choices]
    office.decide("create_with_suffix")
    assert RecordLink.objects.filter(kind="customer").count() == 2


def test_a_match_another_account_has_by_email_alone_gets_its_own_customer_with_a_warning(
    office: PortalHarness,
) -> None:
    enter(office, "John Smith", **JOHN)
    mary = office.simulator.make("contacts", name="Mary Smith", emails=["john@example.com"])
    enter(office, "Smith Household", contacts=[mary["id"]], **JOHN)
    assert {row["DisplayName"] for row in office.customers(Job=False)} == {"John Smith", "Mary Smith"}
    assert any(
        line.startswith("done_with_warning: Created the customer “Mary Smith”") for line in office.log()
    )


def test_a_linked_customer_follows_what_the_portal_wrote_and_leaves_what_people_changed(
    office: PortalHarness,
) -> None:
    account = office.account("John Smith", primaryPhone="1", **JOHN)
    project = office.project(account)
    office.enter(project)
    office.work()
    mine = office.customer(Job=False)
    office.simulator.edit_books(office.realm, mine["Id"], PrimaryEmailAddr={"Address": "entered@people.com"})
    office.simulator.change("accounts", account["id"], primaryPhone="2", primaryEmail="new@example.com")
    office.simulator.control("clock", {"shift_seconds": 60})
    office.enter(project, "Billing")
    office.enter(project)
    office.work()
    customer = office.customer(Job=False)
    assert customer["PrimaryPhone"]["FreeFormNumber"] == "2"
    assert customer["PrimaryEmailAddr"]["Address"] == "entered@people.com"


def test_an_account_archived_later_makes_its_customer_inactive_unless_there_is_a_balance(
    office: PortalHarness,
) -> None:
    account = office.account("John Smith")
    project = office.project(account)
    office.enter(project)
    office.work()
    customer = office.customer(Job=False)
    office.simulator.control(f"quickbooks/{office.realm}/customers/{customer['Id']}/balance", {"amount": 100})
    office.simulator.change("accounts", account["id"], isActive=False)
    office.simulator.control("clock", {"shift_seconds": 60})
    office.enter(project, "Billing")
    office.enter(project)
    office.work()
    assert office.customer(Id=customer["Id"])["Active"] is True
    assert any(
        line.startswith("done_with_warning") and CustomerMessage.CUSTOMER_KEPT_ACTIVE.template in line
        for line in office.log()
    )


def test_an_account_coperniq_does_not_show_is_held(office: PortalHarness) -> None:
    run = SyncRun.objects.request(
        SyncRun(
            company=office.company,
            connection=office.quickbooks,
            kind="customer",
            action="push_customer",
            coperniq_id="999999",
        )
    )
    office.work()
    run.refresh_from_db()
    assert (run.state, run.cause) == (RunState.HELD, "account_missing")


def test_a_linked_customer_made_inactive_by_people_is_held(office: PortalHarness) -> None:
    account = office.account("John Smith")
    project = office.project(account)
    office.enter(project)
    office.work()
    customer = office.customer(Job=False)
    job = office.customer(Job=True)
    office.simulator.edit_books(office.realm, job["Id"], Active=False)
    office.simulator.edit_books(office.realm, customer["Id"], Active=False)
    office.simulator.control("clock", {"shift_seconds": 60})
    office.enter(project, "Billing")
    office.enter(project)
    office.work()
    run = SyncRun.objects.held().get(kind="customer")
    assert run.cause == "customer_inactive"
    office.decide(f"reactivate:{customer['Id']}", run)
    assert office.customer(Id=customer["Id"])["Active"] is True


def test_a_discarded_run_is_over(office: PortalHarness) -> None:
    office.simulator.in_books(office.realm, "Vendor", DisplayName="John Smith")
    enter(office)
    office.decide("discard")
    assert office.held().cause == "waited_in_vain", "its job would wait for ever"
    office.decide("discard")
    assert not SyncRun.objects.open().exists()
    assert office.customers() == []


def test_a_choice_that_was_not_offered_is_refused(office: PortalHarness) -> None:
    office.simulator.in_books(office.realm, "Vendor", DisplayName="John Smith")
    enter(office)
    assert not office.held().decide("link:1")


def test_a_chosen_customer_that_became_inactive_is_asked_about_again(office: PortalHarness) -> None:
    first = office.simulator.in_books(office.realm, DisplayName="John Smith")
    office.simulator.in_books(office.realm, DisplayName="J. Smith", **EMAIL)
    enter(office, **JOHN)
    office.simulator.edit_books(office.realm, first["Id"], Active=False)
    office.decide(f"link:{first['Id']}")
    assert office.held().cause == "customer_inactive"
    office.decide(f"reactivate:{first['Id']}")
    assert office.customer(Id=first["Id"])["Active"] is True


def test_a_chosen_customer_somebody_linked_meanwhile_is_refused(office: PortalHarness) -> None:
    first = office.simulator.in_books(office.realm, DisplayName="John Smith")
    office.simulator.in_books(office.realm, DisplayName="J. Smith", **EMAIL)
    enter(office, **JOHN)
    RecordLink.objects.create(
        connection=office.quickbooks,
        kind="customer",
        coperniq_id="other",
        coperniq_name="Other",
        quickbooks_id=first["Id"],
        match_method="chosen",
    )
    office.decide(f"link:{first['Id']}")
    assert office.held().cause == "match_already_linked"
    assert "“Other”" in office.held().sentence


def test_an_account_without_any_name_is_held(office: PortalHarness) -> None:
    account = office.account("John Smith")
    project = office.project(account)
    office.simulator.switch(unknown_fields="ignore")
    with_nothing = SyncRun(
        company=office.company,
        connection=office.quickbooks,
        kind="customer",
        action="push_customer",
        coperniq_id=str(account["id"]),
    )
    FieldMapping.objects.filter(quickbooks_field="DisplayName").update(source="custom:nickname")
    run = SyncRun.objects.request(with_nothing)
    office.work()
    run.refresh_from_db()
    assert run.cause == "account_without_name"
    assert project


def test_a_linked_customer_quickbooks_does_not_know_is_held(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith"))
    office.enter(project)
    office.work()
    RecordLink.objects.update(quickbooks_id=F("id") + 9000)
    office.simulator.control("clock", {"shift_seconds": 60})
    office.enter(project, "Billing")
    office.enter(project)
    office.work()
    assert set(SyncRun.objects.held().values_list("cause", flat=True)) == {"customer_missing", "job_missing"}


@pytest.mark.parametrize("nested", ["replace", "merge"])
def test_filling_the_city_keeps_the_street_people_entered(office: PortalHarness, nested: str) -> None:
    entered = {"Line1": "9 Elm Street", "Line2": "Suite 4", "PostalCode": "80202"}
    office.simulator.switch(sparse_nested=nested, address_parts=True)
    office.simulator.in_books(
        office.realm,
        DisplayName="John Smith",
        BillAddr={"Line1": "9 Elm Street", "Line2": "Suite 4", "PostalCode": "80202"},
    )
    office.enter(office.project(office.account("John Smith", address=["1 Main St, Austin, TX 78701"])))
    office.work()
    address = office.customer(Job=False)["BillAddr"]
    assert {name: address[name] for name in entered} == entered
    assert address["City"] == "Austin"
