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


def strategy(portal: PortalHarness, name: str) -> None:
    SyncSettings.objects.filter(connection=portal.quickbooks).update(matching_strategy=name)


def enter(portal: PortalHarness, title: str = "John Smith", **fields: object) -> None:
    portal.enter(portal.project(portal.account(title, **fields), title))
    portal.work()


def test_the_same_name_is_matched_whatever_its_case(portal: PortalHarness) -> None:
    theirs = portal.simulator.in_books(portal.realm, DisplayName="JOHN SMITH")
    enter(portal)
    assert portal.link("customer").quickbooks_id == theirs["Id"]
    assert portal.link("customer").match_method == RecordLink.MatchMethod.NAME
    assert len(portal.customers(Job=False)) == 1


def test_the_same_email_is_matched(portal: PortalHarness) -> None:
    theirs = portal.simulator.in_books(portal.realm, DisplayName="J. Smith", **EMAIL)
    enter(portal, **JOHN)
    assert portal.link("customer").quickbooks_id == theirs["Id"]
    assert portal.link("customer").match_method == RecordLink.MatchMethod.EMAIL
    assert portal.customer(Job=False)["DisplayName"] == "J. Smith", "Enrich leaves what people entered"


def test_enrich_fills_what_is_empty_and_leaves_the_rest(portal: PortalHarness) -> None:
    portal.simulator.in_books(portal.realm, DisplayName="John Smith", PrimaryPhone={"FreeFormNumber": "1"})
    enter(portal, primaryPhone="2", **JOHN)
    customer = portal.customer(Job=False)
    assert customer["PrimaryPhone"]["FreeFormNumber"] == "1"
    assert customer["PrimaryEmailAddr"]["Address"] == "john@example.com"


def test_replace_overwrites_but_never_erases(portal: PortalHarness) -> None:
    strategy(portal, "replace")
    portal.simulator.in_books(
        portal.realm,
        DisplayName="JOHN SMITH",
        GivenName="J.",
        CompanyName="Kept",
        PrimaryPhone={"FreeFormNumber": "1"},
        **EMAIL,
    )
    enter(portal, primaryPhone="2", accountType="RESIDENTIAL", **JOHN)
    customer = portal.customer(Job=False)
    assert (customer["DisplayName"], customer["PrimaryPhone"]["FreeFormNumber"]) == ("John Smith", "2")
    assert (customer["GivenName"], customer["FamilyName"]) == ("John", "Smith")
    assert customer["CompanyName"] == "Kept"


def test_skip_links_and_changes_nothing_but_the_job_is_made(portal: PortalHarness) -> None:
    strategy(portal, "skip")
    theirs = portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    enter(portal, primaryPhone="2", **JOHN)
    assert portal.customer(Job=False) == theirs | {
        "BalanceWithJobs": portal.customer(Job=False)["BalanceWithJobs"]
    }
    assert portal.customer(Job=True)["ParentRef"]["value"] == theirs["Id"]


def test_several_matches_are_held_and_a_person_chooses(portal: PortalHarness) -> None:
    first = portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    second = portal.simulator.in_books(portal.realm, DisplayName="J. Smith", **EMAIL)
    enter(portal, **JOHN)
    run = portal.held()
    assert run.cause == "several_matches"
    keys = [choice["key"] for choice in run.choices]
    assert keys == [f"link:{first['Id']}", f"link:{second['Id']}", "create_with_suffix", "discard"]
    assert portal.customers(Job=True) == [], "the job waits for its customer"
    portal.decide(f"link:{second['Id']}")
    assert portal.link("customer").quickbooks_id == second["Id"]
    assert portal.link("customer").match_method == RecordLink.MatchMethod.CHOSEN
    assert portal.customer(Job=True)["ParentRef"]["value"] == second["Id"]


def test_create_with_a_suffix_finds_the_next_free_number(portal: PortalHarness) -> None:
    portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    portal.simulator.in_books(portal.realm, DisplayName="J. Smith", **EMAIL)
    portal.simulator.in_books(portal.realm, DisplayName="John Smith #2")
    enter(portal, **JOHN)
    portal.decide("create_with_suffix")
    assert portal.link("customer").quickbooks_name == "John Smith #3"


def test_a_name_a_vendor_has_is_held(portal: PortalHarness) -> None:
    portal.simulator.in_books(portal.realm, "Vendor", DisplayName="John Smith")
    enter(portal)
    assert portal.held().cause == "name_taken"
    portal.decide("create_with_suffix")
    assert portal.customer(Job=False)["DisplayName"] == "John Smith #2"


@pytest.mark.parametrize("unique", ["everywhere", "within_parent"])
def test_a_name_a_job_has_is_for_quickbooks_to_allow(portal: PortalHarness, unique: str) -> None:
    portal.simulator.switch(job_names_unique=unique)
    parent = portal.simulator.in_books(portal.realm, DisplayName="Somebody")
    portal.simulator.in_books(
        portal.realm, DisplayName="John Smith", Job=True, ParentRef={"value": parent["Id"]}
    )
    enter(portal)
    if unique == "everywhere":
        assert portal.held().cause == "name_taken"
    else:
        assert portal.link("customer").quickbooks_name == "John Smith"


def test_an_inactive_match_is_never_revived_silently(portal: PortalHarness) -> None:
    theirs = portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    portal.simulator.edit_books(portal.realm, theirs["Id"], Active=False)
    enter(portal)
    run = portal.held()
    assert run.cause == "match_inactive"
    assert run.choices[0]["key"] == f"reactivate:{theirs['Id']}"
    portal.decide(f"reactivate:{theirs['Id']}")
    customer = portal.customer(Id=theirs["Id"])
    assert (customer["Active"], customer["DisplayName"]) == (True, "John Smith")
    assert portal.link("customer").quickbooks_id == theirs["Id"]


@pytest.mark.parametrize("frees", [True, False])
def test_beside_an_inactive_match_a_new_customer_can_be_made(portal: PortalHarness, frees: bool) -> None:
    portal.simulator.switch(inactive_name_frees=frees)
    theirs = portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    portal.simulator.edit_books(portal.realm, theirs["Id"], Active=False)
    enter(portal)
    portal.decide("create")
    if not frees:
        assert portal.held().cause == "name_taken"
        portal.decide("create_with_suffix")
    assert portal.link("customer").quickbooks_name == ("John Smith" if frees else "John Smith #2")


@pytest.mark.django_db
def test_a_match_in_another_currency_is_held(simulator: Simulation) -> None:
    portal = open_portal(simulator, multicurrency=True)
    simulator.in_books(portal.realm, DisplayName="John Smith", CurrencyRef={"value": "CAD"})
    enter(portal)
    assert portal.held().cause == "match_currency"


def test_an_archived_account_is_held_and_can_be_created_all_the_same(portal: PortalHarness) -> None:
    account = portal.account("John Smith")
    project = portal.project(account)
    portal.simulator.change("accounts", account["id"], isActive=False)
    portal.enter(project)
    portal.work()
    assert portal.held().cause == "account_archived"
    portal.decide("push_archived")
    assert portal.customer(Job=False)["DisplayName"] == "John Smith"


def test_a_match_another_account_has_by_name_is_held(portal: PortalHarness) -> None:
    enter(portal, "John Smith")
    portal.enter(portal.project(portal.account("John Smith"), "Second"))
    portal.work()
    run = portal.held()
    assert run.cause == "match_already_linked"
    assert f"link:{portal.link('customer').quickbooks_id}" not in [choice["key"] for choice in run.choices]
    portal.decide("create_with_suffix")
    assert RecordLink.objects.filter(kind="customer").count() == 2


def test_a_match_another_account_has_by_email_alone_gets_its_own_customer_with_a_warning(
    portal: PortalHarness,
) -> None:
    enter(portal, "John Smith", **JOHN)
    mary = portal.simulator.make("contacts", name="Mary Smith", emails=["john@example.com"])
    enter(portal, "Smith Household", contacts=[mary["id"]], **JOHN)
    assert {row["DisplayName"] for row in portal.customers(Job=False)} == {"John Smith", "Mary Smith"}
    assert any(
        line.startswith("done_with_warning: Created the customer “Mary Smith”") for line in portal.log()
    )


def test_a_linked_customer_follows_what_the_portal_wrote_and_leaves_what_people_changed(
    portal: PortalHarness,
) -> None:
    account = portal.account("John Smith", primaryPhone="1", **JOHN)
    project = portal.project(account)
    portal.enter(project)
    portal.work()
    mine = portal.customer(Job=False)
    portal.simulator.edit_books(portal.realm, mine["Id"], PrimaryEmailAddr={"Address": "entered@people.com"})
    portal.simulator.change("accounts", account["id"], primaryPhone="2", primaryEmail="new@example.com")
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.enter(project, "Billing")
    portal.enter(project)
    portal.work()
    customer = portal.customer(Job=False)
    assert customer["PrimaryPhone"]["FreeFormNumber"] == "2"
    assert customer["PrimaryEmailAddr"]["Address"] == "entered@people.com"


def test_an_account_archived_later_makes_its_customer_inactive_unless_there_is_a_balance(
    portal: PortalHarness,
) -> None:
    account = portal.account("John Smith")
    project = portal.project(account)
    portal.enter(project)
    portal.work()
    customer = portal.customer(Job=False)
    portal.simulator.control(f"quickbooks/{portal.realm}/customers/{customer['Id']}/balance", {"amount": 100})
    portal.simulator.change("accounts", account["id"], isActive=False)
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.enter(project, "Billing")
    portal.enter(project)
    portal.work()
    assert portal.customer(Id=customer["Id"])["Active"] is True
    assert any(
        line.startswith("done_with_warning") and CustomerMessage.CUSTOMER_KEPT_ACTIVE.template in line
        for line in portal.log()
    )


def test_an_account_coperniq_does_not_show_is_held(portal: PortalHarness) -> None:
    run = SyncRun.objects.request(
        SyncRun(
            company=portal.company,
            connection=portal.quickbooks,
            kind="customer",
            action="push_customer",
            coperniq_id="999999",
        )
    )
    portal.work()
    run.refresh_from_db()
    assert (run.state, run.cause) == (RunState.HELD, "account_missing")


def test_a_linked_customer_made_inactive_by_people_is_held(portal: PortalHarness) -> None:
    account = portal.account("John Smith")
    project = portal.project(account)
    portal.enter(project)
    portal.work()
    customer = portal.customer(Job=False)
    job = portal.customer(Job=True)
    portal.simulator.edit_books(portal.realm, job["Id"], Active=False)
    portal.simulator.edit_books(portal.realm, customer["Id"], Active=False)
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.enter(project, "Billing")
    portal.enter(project)
    portal.work()
    run = SyncRun.objects.held().get(kind="customer")
    assert run.cause == "customer_inactive"
    portal.decide(f"reactivate:{customer['Id']}", run)
    assert portal.customer(Id=customer["Id"])["Active"] is True


def test_a_discarded_run_is_over(portal: PortalHarness) -> None:
    portal.simulator.in_books(portal.realm, "Vendor", DisplayName="John Smith")
    enter(portal)
    portal.decide("discard")
    assert portal.held().cause == "waited_in_vain", "its job would wait for ever"
    portal.decide("discard")
    assert not SyncRun.objects.open().exists()
    assert portal.customers() == []


def test_a_choice_that_was_not_offered_is_refused(portal: PortalHarness) -> None:
    portal.simulator.in_books(portal.realm, "Vendor", DisplayName="John Smith")
    enter(portal)
    assert not portal.held().decide("link:1")


def test_a_chosen_customer_that_became_inactive_is_asked_about_again(portal: PortalHarness) -> None:
    first = portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    portal.simulator.in_books(portal.realm, DisplayName="J. Smith", **EMAIL)
    enter(portal, **JOHN)
    portal.simulator.edit_books(portal.realm, first["Id"], Active=False)
    portal.decide(f"link:{first['Id']}")
    assert portal.held().cause == "customer_inactive"
    portal.decide(f"reactivate:{first['Id']}")
    assert portal.customer(Id=first["Id"])["Active"] is True


def test_a_chosen_customer_somebody_linked_meanwhile_is_refused(portal: PortalHarness) -> None:
    first = portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    portal.simulator.in_books(portal.realm, DisplayName="J. Smith", **EMAIL)
    enter(portal, **JOHN)
    RecordLink.objects.create(
        connection=portal.quickbooks,
        kind="customer",
        coperniq_id="other",
        coperniq_name="Other",
        quickbooks_id=first["Id"],
        match_method="chosen",
    )
    portal.decide(f"link:{first['Id']}")
    assert portal.held().cause == "match_already_linked"
    assert "“Other”" in portal.held().sentence


def test_an_account_without_any_name_is_held(portal: PortalHarness) -> None:
    account = portal.account("John Smith")
    project = portal.project(account)
    portal.simulator.switch(unknown_fields="ignore")
    with_nothing = SyncRun(
        company=portal.company,
        connection=portal.quickbooks,
        kind="customer",
        action="push_customer",
        coperniq_id=str(account["id"]),
    )
    FieldMapping.objects.filter(quickbooks_field="DisplayName").update(source="custom:nickname")
    run = SyncRun.objects.request(with_nothing)
    portal.work()
    run.refresh_from_db()
    assert run.cause == "account_without_name"
    assert project


def test_a_linked_customer_quickbooks_does_not_know_is_held(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"))
    portal.enter(project)
    portal.work()
    RecordLink.objects.update(quickbooks_id=F("id") + 9000)
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.enter(project, "Billing")
    portal.enter(project)
    portal.work()
    assert set(SyncRun.objects.held().values_list("cause", flat=True)) == {"customer_missing", "job_missing"}


def firm(portal: PortalHarness) -> tuple[str, ...]:
    customer = portal.customer(Job=False)
    names = ("DisplayName", "CompanyName", "GivenName", "FamilyName")
    return tuple(customer.get(name, "") for name in names)


@pytest.mark.parametrize("in_books", [False, True])
@pytest.mark.parametrize("kind", [None, "COMMERCIAL"])
def test_a_company_has_no_first_and_last_name(
    portal: PortalHarness, kind: str | None, in_books: bool
) -> None:
    if in_books:
        portal.simulator.in_books(portal.realm, DisplayName="Harbor Coffee Roasters")
    enter(portal, "Harbor Coffee Roasters", accountType=kind, primaryEmail="office@harbor.com")
    company = "" if in_books and kind is None else "Harbor Coffee Roasters"
    assert firm(portal) == ("Harbor Coffee Roasters", company, "", "")


@pytest.mark.parametrize(
    ("title", "kind", "contact", "expected"),
    [
        ("Harbor Coffee", "COMMERCIAL", "Jane Q. Roe", ("Jane Q. Roe", "Harbor Coffee", "", "")),
        ("Smith Household", "RESIDENTIAL", "Jane Q. Roe", ("Jane Q. Roe", "", "Jane Q.", "Roe")),
        ("Smith Household", None, "Jane Roe", ("Jane Roe", "", "Jane", "Roe")),
        ("John Smith", "RESIDENTIAL", "John Smith", ("John Smith", "", "John", "Smith")),
        ("Roe", "RESIDENTIAL", "Jim and Jane Roe", ("Jim and Jane Roe", "", "", "")),
        (
            "Harbor Coffee Roasters, Inc.",
            None,
            "Harbor Coffee Roasters",
            ("Harbor Coffee Roasters", "Harbor Coffee Roasters, Inc.", "", ""),
        ),
        ("Roe", None, "Roe, Dr. Jane", ("Roe, Dr. Jane", "", "Jane", "Roe")),
        ("Roe", "RESIDENTIAL", "The Roe Family", ("The Roe Family", "", "", "")),
    ],
)
def test_only_a_person_s_name_is_divided(
    portal: PortalHarness, title: str, kind: str | None, contact: str, expected: tuple[str, ...]
) -> None:
    made = portal.simulator.make("contacts", name=contact, emails=["john@example.com"])
    enter(portal, title, accountType=kind, contacts=[made["id"]], **JOHN)
    assert firm(portal) == expected


def test_a_person_in_the_books_becomes_no_company(portal: PortalHarness) -> None:
    portal.simulator.in_books(
        portal.realm, DisplayName="John Smith", GivenName="John", FamilyName="Smith", **EMAIL
    )
    enter(portal, **JOHN)
    assert firm(portal) == ("John Smith", "", "John", "Smith")


def test_a_customer_found_by_email_alone_is_not_renamed_without_a_question(portal: PortalHarness) -> None:
    strategy(portal, "replace")
    theirs = portal.simulator.in_books(portal.realm, DisplayName="Smith Household", **EMAIL)
    enter(portal, primaryPhone="2", **JOHN)
    run = portal.held()
    assert run.cause == "match_renamed"
    keys = [choice["key"] for choice in run.choices]
    assert keys == [f"link:{theirs['Id']}", f"keep_name:{theirs['Id']}", "create", "discard"]
    assert "rename it to “John Smith”" in run.choices[0]["label"]
    assert portal.quickbooks_calls(write=True) == []
    portal.decide(f"link:{theirs['Id']}")
    assert portal.customer(Job=False)["DisplayName"] == "John Smith"


def test_a_customer_found_by_email_alone_may_keep_its_name(portal: PortalHarness) -> None:
    strategy(portal, "replace")
    theirs = portal.simulator.in_books(portal.realm, DisplayName="Smith Household", **EMAIL)
    account = portal.account("John Smith", primaryPhone="2", **JOHN)
    project = portal.project(account)
    portal.enter(project)
    portal.work()
    portal.decide(f"keep_name:{theirs['Id']}")
    customer = portal.customer(Job=False)
    assert (customer["DisplayName"], customer["PrimaryPhone"]["FreeFormNumber"]) == ("Smith Household", "2")
    portal.simulator.change("accounts", account["id"], primaryPhone="3")
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.enter(project, "Billing")
    portal.enter(project)
    portal.work()
    customer = portal.customer(Job=False)
    assert (customer["DisplayName"], customer["PrimaryPhone"]["FreeFormNumber"]) == ("Smith Household", "3")
    assert not SyncRun.objects.open().exists()


def test_the_choice_among_several_says_who_would_be_renamed(portal: PortalHarness) -> None:
    strategy(portal, "replace")
    portal.simulator.in_books(portal.realm, DisplayName="Smith Household", **EMAIL)
    portal.simulator.in_books(portal.realm, DisplayName="john  smith", **EMAIL)
    enter(portal, **JOHN)
    labels = [choice["label"] for choice in portal.held().choices]
    assert ["rename it" in label for label in labels[:2]] == [True, False]
