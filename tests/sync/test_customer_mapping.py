"""The customer mapping through its page: what people decide there holds when a project enters its phase."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditLogEntry
from accounts.roles import Role
from integrations.models import CustomerListRead, RecordLink, RunState, SyncRun, SyncSettings
from tests.factories import JSON, company, person
from tests.portal_harness import PortalHarness, open_portal
from tests.simulation import Simulation
from tests.sync.mapping_page import PAGE, MappingPage, enter, go_on


def test_an_accepted_pair_is_a_link_and_phase_entry_makes_no_second_customer(
    portal: PortalHarness, page: MappingPage
) -> None:
    theirs = portal.simulator.in_books(portal.realm, DisplayName="Acme Corp")
    account = portal.account("Acme Corporation", primaryPhone="5125550101")
    page.read()
    assert page.rows() == [("Acme Corporation", "Acme Corp", 100, "suggested")]
    portal.simulator.forget_log()
    assert page.decide("accept", account, theirs) == []
    assert portal.simulator.log(write=True) == []
    link = portal.link("customer")
    assert (link.quickbooks_id, link.match_method) == (theirs["Id"], RecordLink.MatchMethod.CHOSEN)
    assert page.rows("mapped") == [("Acme Corporation", "Acme Corp", 100, "accepted")]
    page.read()
    assert page.counts() == {"suggested": 0, "none": 0, "mapped": 1, "rejected": 0}
    enter(portal, account)
    customer = portal.customer(Job=False)
    assert (customer["Id"], customer["DisplayName"]) == (theirs["Id"], "Acme Corp"), "Enrich keeps their name"
    assert customer["PrimaryPhone"]["FreeFormNumber"] == "5125550101"
    assert portal.customer(Job=True)["ParentRef"]["value"] == theirs["Id"]
    assert "has been synced" in page.decide("undo", account)[0]
    before = portal.simulator.customers(portal.realm)
    enter(portal, account, "Roof 2")
    assert [row for row in portal.simulator.customers(portal.realm) if not row.get("Job")] == [
        portal.customer(Job=False)
    ]
    assert len(portal.simulator.customers(portal.realm)) == len(before) + 1, "the other job"
    assert AuditLogEntry.objects.filter(verb="map the customer").count() == 1


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"title": "John Smith"}, {"DisplayName": "JOHN  Smith"}),
        (
            {"title": "John Smith", "primaryEmail": "j@example.com"},
            {"DisplayName": "Jo", "PrimaryEmailAddr": {"Address": "J@example.com"}},
        ),
        (
            {"title": "John Smith", "primaryPhone": "512 555 0101"},
            {"DisplayName": "Jon Smith", "PrimaryPhone": {"FreeFormNumber": "5125550101"}},
        ),
    ],
    ids=["name", "e-mail", "phone and nearly the name"],
)
def test_a_rejected_pair_is_not_matched_at_phase_entry(
    portal: PortalHarness, page: MappingPage, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    other = portal.simulator.in_books(portal.realm, **theirs)
    account = portal.account(**ours)
    page.read()
    assert page.decide("reject", account, other) == []
    assert page.rows() == []
    assert [row[:2] for row in page.rows("rejected")] == [("John Smith", theirs["DisplayName"])]
    page.read()
    assert page.counts() == {"suggested": 0, "none": 1, "mapped": 0, "rejected": 1}
    enter(portal, account)
    assert len(portal.customers(Job=False)) == 2
    assert portal.link("customer").quickbooks_id != other["Id"]


def test_a_taken_name_of_a_rejected_pair_is_asked_about_and_says_why(
    portal: PortalHarness, page: MappingPage
) -> None:
    other = portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    account = portal.account("John Smith")
    page.read()
    page.decide("reject", account, other)
    enter(portal, account)
    run = portal.held()
    assert (run.cause, "link" in str(run.choices)) == ("customer_rejected", False)
    portal.decide("create_with_suffix")
    assert portal.link("customer").quickbooks_name == "John Smith #2"


def test_an_undone_rejection_answers_the_question_that_it_led_to(
    portal: PortalHarness, page: MappingPage
) -> None:
    other = portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    account = portal.account("John Smith")
    page.read()
    page.decide("reject", account, other)
    enter(portal, account)
    assert portal.held().cause == "customer_rejected"
    assert page.decide("undo", account, other) == []
    portal.work()
    assert portal.link("customer").quickbooks_id == other["Id"]


def test_a_question_that_waits_is_answered_by_the_mapping(portal: PortalHarness, page: MappingPage) -> None:
    first = portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    email: dict[str, Any] = {"PrimaryEmailAddr": {"Address": "j@example.com"}}
    second = portal.simulator.in_books(portal.realm, DisplayName="J. Smith", **email)
    account = portal.account("John Smith", primaryEmail="j@example.com")
    enter(portal, account)
    assert portal.held().cause == "several_matches"
    page.read()
    assert page.decide("reject", account, first) == []
    portal.work()
    assert portal.link("customer").quickbooks_id == second["Id"]


def test_another_customer_is_chosen_and_a_rejection_of_it_forgotten(
    portal: PortalHarness, page: MappingPage
) -> None:
    suggested = portal.simulator.in_books(portal.realm, DisplayName="Acme Corp")
    other = portal.simulator.in_books(portal.realm, DisplayName="Bolt Roofing")
    account = portal.account("Acme Corporation")
    page.read()
    page.decide("reject", account, other)
    text = page.client.get(PAGE, {"choose": account["id"], "find": "bolt"}).text
    assert f'value="{other["Id"]}"' in text
    assert f'value="{suggested["Id"]}" required' not in text
    assert page.decide("choose", account, other) == []
    assert page.rows("mapped") == [("Acme Corporation", "Bolt Roofing", None, "overridden")]
    assert page.rows("rejected") == []
    assert page.decide("undo", account) == []
    assert page.rows() == [("Acme Corporation", "Acme Corp", 100, "suggested")]
    page.decide("choose", account, other)
    enter(portal, account)
    assert portal.link("customer").quickbooks_id == other["Id"]


def test_a_new_customer_is_made_without_a_question_though_one_looks_alike(
    portal: PortalHarness, page: MappingPage
) -> None:
    email: dict[str, Any] = {"PrimaryEmailAddr": {"Address": "j@example.com"}}
    portal.simulator.in_books(portal.realm, DisplayName="John Smith Sr", **email)
    account = portal.account("John Smith", primaryEmail="j@example.com")
    page.read()
    assert page.decide("create", account) == []
    page.read()
    assert page.rows("none") == [("John Smith", "", None, "create")]
    enter(portal, account)
    assert {row["DisplayName"] for row in portal.customers(Job=False)} == {"John Smith Sr", "John Smith"}
    assert page.counts()["mapped"] == 1


def test_sure_suggestions_are_accepted_together_and_doubts_are_left(
    portal: PortalHarness, page: MappingPage
) -> None:
    add = portal.simulator.in_books
    for name in ("Acme Corp", "Bolt Inc.", "Twin Roofs", "Near Street Partners East", "Dup One", "Gone LLC"):
        add(portal.realm, DisplayName=name)
    add(portal.realm, DisplayName="Dup, One")
    for title in (
        "Acme",
        "Bolt",
        "Twin Roofs LLC",
        "Twin Roofs Inc",
        "Near Street Partners",
        "Dup One",
        "Gone",
    ):
        portal.account(title)
    page.read()
    portal.simulator.edit_books(portal.realm, portal.customer(DisplayName="Gone LLC")["Id"], Active=False)
    answer = page.client.post(f"{PAGE}accept-all/", {"at": "95"}, headers=JSON).json()
    assert answer["accepted"] == 2
    assert sum(answer["left_out"].values()) == 4
    assert {row[0] for row in page.rows("mapped")} == {"Acme", "Bolt"}
    refused = page.client.post(f"{PAGE}accept-all/", {"at": "85"}, headers=JSON)
    assert refused.status_code == 400


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"DisplayName": "Bolt Roofing"}, "is called “Bolt Roofing” in QuickBooks now"),
        ({"Active": False}, "is inactive"),
        ("merge", "merged"),
        ("linked", "already linked to “Other”"),
        ("currency", "uses EUR"),
    ],
    ids=str,
)
def test_what_has_changed_in_quickbooks_since_is_noticed(
    portal: PortalHarness, page: MappingPage, change: Any, said: str
) -> None:
    fields: dict[str, Any] = {"CurrencyRef": {"value": "EUR"}} if change == "currency" else {}
    if fields:
        portal.simulator.control(f"quickbooks/{portal.realm}", {"multicurrency": True}, "PATCH")
    theirs = portal.simulator.in_books(portal.realm, DisplayName="Acme Corp", **fields)
    account = portal.account("Acme Corporation")
    page.read()
    if change == "merge":
        into = portal.simulator.in_books(portal.realm, DisplayName="Acme Holding")
        portal.simulator.control(
            f"quickbooks/{portal.realm}/merge/Customer", {"from": theirs["Id"], "into": into["Id"]}
        )
    elif change == "linked":
        other = portal.account("Other")
        page.read()
        assert page.decide("choose", other, theirs) == []
    elif isinstance(change, dict):
        portal.simulator.edit_books(portal.realm, theirs["Id"], **change)
    decision = "choose" if change == "linked" else "accept"
    assert said in page.decide(decision, account, theirs)[0]
    assert not RecordLink.objects.filter(kind="customer", coperniq_id=account["id"]).exists()
    if change == {"DisplayName": "Bolt Roofing"}:
        assert page.rows("none") == [("Acme Corporation", "", None, "none")]


def test_sub_customers_unknown_ids_and_busy_accounts_are_refused(
    portal: PortalHarness, page: MappingPage
) -> None:
    parent = portal.simulator.in_books(portal.realm, DisplayName="Parent")
    job = portal.simulator.in_books(
        portal.realm, DisplayName="Job", Job=True, ParentRef={"value": parent["Id"]}
    )
    account = portal.account("Acme")
    page.read()
    assert "sub-customer" in page.decide("choose", account, job)[0]
    assert "no customer with the id 999" in page.decide("choose", account, {"Id": "999"})[0]
    assert "Nothing is suggested" in page.decide("accept", account, parent)[0]
    assert page.decide("choose", account) == ["Say which customer in QuickBooks is meant."]
    assert "knows" in page.decide("choose", {"id": "none"}, parent)[0]
    assert "Choose one of" in page.decide("marry", account, parent)[0]
    portal.enter(portal.project(account))
    portal.work_once()
    SyncRun.objects.filter(action="push_customer").update(state=RunState.RUNNING)
    assert "at this moment" in page.decide("choose", account, parent)[0]


@pytest.mark.parametrize(
    ("match_by", "linked"),
    [("name_or_email", "Jo"), ("email", "Jo"), ("company_name", "Somebody")],
)
def test_phase_entry_matches_by_what_is_set(
    portal: PortalHarness, page: MappingPage, match_by: str, linked: str
) -> None:
    answer = page.client.post("/integrations/quickbooks/settings/", {"match_by": match_by}, headers=JSON)
    assert answer.json() == {"ok": True}
    assert SyncSettings.objects.get().match_by == match_by
    portal.simulator.in_books(portal.realm, DisplayName="Jo", PrimaryEmailAddr={"Address": "j@example.com"})
    portal.simulator.in_books(portal.realm, DisplayName="Somebody", CompanyName="Smith Roofing")
    enter(portal, portal.account("Smith Roofing", primaryEmail="j@example.com", accountType="COMMERCIAL"))
    assert portal.link("customer").quickbooks_name == linked
    assert len(portal.customers(Job=False)) == 2


def test_another_setting_compares_again_and_answers_what_waits(
    portal: PortalHarness, page: MappingPage
) -> None:
    email: dict[str, Any] = {"PrimaryEmailAddr": {"Address": "j@example.com"}}
    portal.simulator.in_books(portal.realm, DisplayName="Smith Roofing")
    portal.simulator.in_books(portal.realm, DisplayName="Jo", **email)
    account = portal.account("Smith Roofing", primaryEmail="j@example.com")
    portal.account("Smith Roofing LLC")
    page.read()
    assert [row[:2] for row in page.rows()] == [
        ("Smith Roofing", "Smith Roofing"),
        ("Smith Roofing LLC", "Smith Roofing"),
    ]
    enter(portal, account)
    assert portal.held().cause == "several_matches"
    page.client.post("/integrations/quickbooks/settings/", {"match_by": "email"}, headers=JSON)
    go_on()
    assert page.counts()["none"] == 1
    portal.work()
    assert portal.link("customer").quickbooks_name == "Jo"


def test_by_email_alone_a_taken_name_is_asked_about(portal: PortalHarness) -> None:
    SyncSettings.objects.update(match_by="email")
    portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    enter(portal, portal.account("John Smith", primaryEmail="j@example.com"))
    assert portal.held().cause == "name_taken"


def test_nothing_of_another_company_is_seen_or_decided(
    portal: PortalHarness, page: MappingPage, simulator: Simulation
) -> None:
    account = portal.account("Acme")
    theirs = portal.simulator.in_books(portal.realm, DisplayName="Acme Corp")
    page.read()
    other = open_portal(simulator, "bolt", "another-key")
    bob = MappingPage(person("bob", (other.company, Role.ADMIN)))
    assert bob.rows() == []
    assert "knows" in bob.decide("accept", account, theirs)[0]
    assert bob.client.get(PAGE, {"company": portal.company.slug}).status_code == 404
    sam = MappingPage(person("sam", (portal.company, Role.STAFF)))
    assert len(sam.rows()) == 1
    assert 'value="accept"' not in sam.client.get(PAGE).text
    denied = sam.client.post(f"{PAGE}{account['id']}/", {"decision": "accept"}, headers=JSON)
    assert (denied.status_code, RecordLink.objects.count()) == (403, 0)
    assert sam.client.get(PAGE, {"format": "csv"}).status_code == 403


def test_pages_searches_and_progress(portal: PortalHarness, page: MappingPage) -> None:
    for number in range(60):
        portal.account(f"Account {number:02}")
    CustomerListRead.request(portal.quickbooks)
    assert "Reading the customers in QuickBooks" in page.client.get(PAGE).text
    page.read()
    text = page.client.get(PAGE, {"tab": "none", "page": "2"}).text
    assert "Page 2 of 2" in text
    assert "Account 59" in text
    assert page.rows("none", q="account 07") == [("Account 07", "", None, "none")]
    assert page.client.get(PAGE, {"tab": "wrong", "format": "json"}).status_code == 400
    assert "cannot be read" in page.client.get(PAGE, {"page": "x"}).text
    csv = page.client.get(PAGE, {"format": "csv"}).getvalue().decode().splitlines()
    assert csv[0].startswith("coperniq_id,coperniq_name,quickbooks_id")
    assert len(csv) == 61
    status = page.client.get("/integrations/status/", {"format": "json"}).json()["customer_mapping"]
    assert (status["none"], status["read"]["stage"]) == (60, "done")
    assert timezone.now().isoformat() > status["read"]["ended_at"]


def test_a_company_without_quickbooks_is_told_so(db: None) -> None:
    nobody = MappingPage(person("nia", (company("new"), Role.ADMIN)))
    assert "Connect QuickBooks first" in nobody.client.get(PAGE).text
    assert nobody.client.get(PAGE, {"format": "json"}).json() == {"rows": [], "count": 0}
    assert nobody.decide("accept", {"id": "1"})[0].startswith("Connect QuickBooks first")


def test_customers_of_a_like_name_are_offered_before_anything_is_typed(
    portal: PortalHarness, page: MappingPage
) -> None:
    portal.simulator.in_books(portal.realm, DisplayName="Oak Street Partners East")
    portal.simulator.in_books(portal.realm, DisplayName="Elm Street Partners")
    account = portal.account("Oak Street Partners")
    page.read()
    offered = page.client.get(PAGE, {"choose": account["id"]}).context["offered"]
    assert [each.name for each in offered] == ["Oak Street Partners East"]
    offered = page.client.get(PAGE, {"choose": account["id"], "find": "elm"}).context["offered"]
    assert [each.name for each in offered] == ["Elm Street Partners"]


def test_a_rejection_names_both_customers(portal: PortalHarness, page: MappingPage) -> None:
    theirs = portal.simulator.in_books(portal.realm, DisplayName="Oak Street Partners East")
    account = portal.account("Oak Street Partners")
    page.read()
    fields = {"decision": "reject", "customer": theirs["Id"]}
    text = page.client.post(f"{PAGE}{account['id']}/", fields, follow=True).text
    assert "“Oak Street Partners East” is not suggested for “Oak Street Partners” again" in text
