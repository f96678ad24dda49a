"""Customers that a reader takes for the same are not made twice: spellings, lists of addresses, nearly equal names."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun, SyncSettings
from integrations.quickbooks import query
from integrations.sync.customers import customer_index
from tests.portal_harness import PortalHarness
from tests.sampling import crossed

PHONE: dict[str, Any] = {"PrimaryPhone": {"FreeFormNumber": "(520) 555-0134"}}
ELM: dict[str, Any] = {"BillAddr": {"Line1": "77 Elm Street", "Line2": "Tucson, AZ 85701"}}

NUNEZ: dict[str, Any] = {
    "BillAddr": {
        "Line1": "J. Nunez",
        "Line2": "77 Elm St",
        "City": "Tucson",
        "CountrySubDivisionCode": "Arizona",
        "PostalCode": "85701-1234",
        "Country": "USA",
    }
}


def in_books(portal: PortalHarness, name: str, entity: str = "Customer", **fields: Any) -> str:
    return str(portal.simulator.in_books(portal.realm, entity, DisplayName=name, **fields)["Id"])


def enter(portal: PortalHarness, title: str, **fields: Any) -> dict[str, Any]:
    account = portal.account(title, **fields)
    project = portal.project(account, title)
    portal.enter(project)
    portal.work()
    return project


def again(portal: PortalHarness, project: dict[str, Any]) -> list[str]:
    """The writes of a second entry."""
    portal.simulator.forget_log()
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.enter(project, "Billing")
    portal.enter(project)
    portal.work()
    return portal.quickbooks_calls(write=True)


def keys(run: SyncRun) -> list[str]:
    return [choice["key"] for choice in run.choices]


SPELLINGS = [
    ("Harbor Coffee", "Harbor  Coffee"),
    ("A&W", "A & W"),
    ("O'Brien Roofing", "O\u2019Brien Roofing"),
    ("José Núñez", "Jose\u0301 Nu\u0301n\u0303ez"),
    ("Harbor Coffee", "Harbor\u00a0Coffee"),
    ("Harbor Coffee Inc", "HARBOR COFFEE INC."),
    ("Smith - Jones", "Smith \u2013 Jones"),
    ("Harbor Coffee", "Har\u200bbor Coffee\ufeff"),
    ("Große Straße", "GROSSE STRASSE"),
    ("Harbor Coffee", "\uff28\uff41\uff52\uff42\uff4f\uff52\u3000\uff23\uff4f\uff46\uff46\uff45\uff45"),
    ("“Best” Roofing", '"Best" Roofing'),
]


@pytest.mark.parametrize(("spellings", "turned"), crossed(SPELLINGS, [False, True]))
def test_spellings_that_look_the_same_are_one_customer(
    portal: PortalHarness, spellings: tuple[str, str], turned: bool
) -> None:
    one, other = spellings
    ours, theirs = (other, one) if turned else (one, other)
    id_ = in_books(portal, theirs)
    project = enter(portal, ours)
    assert portal.link("customer").quickbooks_id == id_
    assert portal.link("customer").match_method == RecordLink.MatchMethod.NAME
    assert len(portal.customers(Job=False)) == 1
    assert portal.customer(Id=id_)["DisplayName"] == theirs, "Enrich leaves the name that people entered"
    assert again(portal, project) == []


def test_an_inactive_spelling_is_asked_about(portal: PortalHarness) -> None:
    id_ = in_books(portal, "Harbor  Coffee")
    portal.simulator.edit_books(portal.realm, id_, Active=False)
    enter(portal, "Harbor Coffee")
    assert portal.held().cause == "match_inactive"
    assert keys(portal.held())[0] == f"reactivate:{id_}"


def test_customers_entered_since_the_last_look_are_found(portal: PortalHarness) -> None:
    enter(portal, "Somebody Else")
    id_ = in_books(portal, "Harbor  Coffee")
    enter(portal, "Harbor Coffee")
    assert RecordLink.objects.get(coperniq_name="Harbor Coffee", kind="customer").quickbooks_id == id_
    portal.simulator.edit_books(portal.realm, in_books(portal, "Old Name"), DisplayName="New Name.")
    enter(portal, "New Name")
    assert len(portal.customers(Job=False)) == 3


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("office@x.com; Pat@X.com", "pat@x.com"),
        ("pat@x.com", "office@x.com, PAT@x.com"),
        ("a@x.com,pat@x.com", "b@x.com,pat@x.com"),
    ],
)
def test_each_address_of_a_list_counts_on_both_sides(portal: PortalHarness, ours: str, theirs: str) -> None:
    id_ = in_books(portal, "P. Roe", PrimaryEmailAddr={"Address": theirs})
    project = with_emails(portal, "Pat Roe", ours)
    assert portal.link("customer").quickbooks_id == id_
    assert portal.link("customer").match_method == RecordLink.MatchMethod.EMAIL
    assert again(portal, project) == []


def with_emails(portal: PortalHarness, title: str, emails: str) -> dict[str, Any]:
    portal.simulator.switch(email_lists="accept")
    project = portal.project(portal.account(title, primaryEmail=emails), title)
    portal.enter(project)
    portal.work()
    return project


def test_a_list_of_addresses_is_sent_as_the_list_that_quickbooks_takes(portal: PortalHarness) -> None:
    project = with_emails(portal, "Pat Roe", "pat@x.com ; office@x.com")
    assert portal.customer(Job=False)["PrimaryEmailAddr"]["Address"] == "pat@x.com, office@x.com"
    assert again(portal, project) == []


@pytest.mark.parametrize(
    ("title", "theirs", "fields", "ours"),
    [
        ("John Smith", "Jon Smith", PHONE, {"primaryPhone": "+1 520.555.0134"}),
        ("John Smith", "Smith, John", {"Mobile": {"FreeFormNumber": "5205550134"}}, {"primaryPhone": "520-555-0134"}),
        ("Harbor Coffee Roasters", "Harbor Coffee Roasters LLC", ELM, {"address": ["77 Elm St, Tucson, AZ 85701"]}),
        ("Harbor Coffee", "Harbour Coffee", {"ShipAddr": ELM["BillAddr"]}, {"address": ["77 Elm St, Tucson, AZ 85701"]}),
        ("A and W", "A&W", {"Mobile": {"FreeFormNumber": "5205550134 x7"}}, {"primaryPhone": "520-5550134"}),
        ("Jose Nunez", "José Núñez", NUNEZ, {"address": ["77 Elm St, Tucson, AZ 85701"]}),
        ("Łódź Deli", "Lodz Deli", PHONE, {"primaryPhone": "520 555 0134 ext. 7"}),
        ("John Smith III", "John Smith 3rd", ELM, {"address": ["77 Elm St, Tucson, AZ 85701"]}),
        ("The Co-op", "Coop", ELM, {"address": ["77 Elm St, Tucson, AZ 85701"]}),
    ],
)  # fmt: skip
def test_who_is_probably_the_same_is_asked_about(
    portal: PortalHarness, title: str, theirs: str, fields: dict[str, Any], ours: dict[str, Any]
) -> None:
    id_ = in_books(portal, theirs, **fields)
    project = enter(portal, title, **ours)
    assert portal.held().cause == "probably_same_customer"
    assert keys(portal.held()) == [f"link:{id_}", "create", "discard"]
    assert f"“{theirs}”" in portal.held().sentence
    portal.decide(f"link:{id_}")
    assert portal.link("customer").quickbooks_id == id_
    assert len(portal.customers(Job=False)) == 1
    again(portal, project)
    assert not SyncRun.objects.open().exists()


def test_who_is_another_after_all_becomes_a_customer_of_its_own(portal: PortalHarness) -> None:
    in_books(portal, "Jon Smith", **PHONE)
    project = enter(portal, "John Smith", primaryPhone="520 555 0134")
    portal.decide("create")
    assert portal.link("customer").quickbooks_name == "John Smith"
    assert again(portal, project) == []


@pytest.mark.parametrize(
    ("title", "theirs", "ours"),
    [
        ("John Smith", "Jon Smith", {"primaryPhone": "520 555 9999"}),
        ("Mary Smith", "John Smith", {"primaryPhone": "520 555 0134"}),
        ("Building A", "Building B", {"primaryPhone": "520 555 0134"}),
        ("Jon Smith", "John Smith", {"address": ["Tucson, AZ 85701"]}),
    ],
)
def test_different_customers_are_not_asked_about(
    portal: PortalHarness, title: str, theirs: str, ours: dict[str, Any]
) -> None:
    in_books(
        portal,
        theirs,
        **PHONE,
        BillAddr={"City": "Tucson", "CountrySubDivisionCode": "AZ", "PostalCode": "85701"},
    )
    enter(portal, title, **ours)
    assert portal.link("customer").quickbooks_name == title
    assert not SyncRun.objects.open().exists()


def test_two_accounts_at_once_whose_names_look_the_same_get_one_customer(portal: PortalHarness) -> None:
    """The second one's customer is planned while the first one's is being created: it is not there yet."""
    index = customer_index.CustomerIndex()
    index.claims["harbor coffee"] = ("another account", float("inf"))
    customer_index._indexes[portal.quickbooks.pk, portal.quickbooks.connected_at] = index
    portal.enter(portal.project(portal.account("Harbor  Coffee"), "Roof"))
    portal.work_once()
    portal.work_once()
    assert portal.customers() == []
    assert SyncRun.objects.get(action="push_customer").state == "queued"
    index.claims.clear()
    enter(portal, "Harbor Coffee")
    run = SyncRun.objects.held().get(kind="customer")
    assert run.cause == "match_already_linked"
    assert len(portal.customers(Job=False)) == 1


def test_a_name_that_is_free_again_is_used_at_once(portal: PortalHarness) -> None:
    portal.simulator.switch(inactive_name_frees=True)
    enter(portal, "Harbor Coffee")
    portal.simulator.edit_books(portal.realm, portal.customer(Job=False)["Id"], DisplayName="Pier Coffee")
    enter(portal, "Harbor  Coffee")
    assert {row["DisplayName"] for row in portal.customers(Job=False)} == {"Pier Coffee", "Harbor  Coffee"}
    in_books(portal, "Dock Coffee", "Vendor")
    for _ in range(2):
        enter(portal, "Dock Coffee")
    assert [run.cause for run in SyncRun.objects.held().filter(kind="customer")] == ["name_taken"] * 2


def test_many_customers_at_one_address_are_read_at_once(portal: PortalHarness) -> None:
    for number in range(3):
        in_books(portal, f"Tenant {number}", PrimaryEmailAddr={"Address": "office@x.com"}, **ELM)
    in_books(portal, "Harbor  Coffee", **ELM)
    portal.simulator.forget_log()
    enter(portal, "Harbor Coffee", address=["77 Elm St, Tucson, AZ 85701"])
    assert len(portal.quickbooks_calls(write=False)) <= 2
    assert RecordLink.objects.filter(kind="customer").exists()


def test_customers_of_other_accounts_are_not_asked_about(portal: PortalHarness) -> None:
    enter(portal, "John Smith")
    enter(portal, "Jon Smith")
    assert {row["DisplayName"] for row in portal.customers(Job=False)} == {"John Smith", "Jon Smith"}
    assert not SyncRun.objects.open().exists()


@pytest.mark.parametrize("status", [400, 500])
def test_a_stranger_s_malformed_address_hides_nobody_else(portal: PortalHarness, status: int) -> None:
    portal.simulator.switch(malformed_email_status=status)
    harbor, pat = (
        in_books(portal, "Harbor  Coffee"),
        in_books(portal, "P. Roe", PrimaryEmailAddr={"Address": "pat@x.com, office@x.com"}),
    )
    stranger = in_books(portal, "Stranger")
    portal.simulator.control(
        f"quickbooks/{portal.realm}/records/Customer/{stranger}/email", {"address": "a@x.com; b@x.com"}
    )
    enter(portal, "Harbor Coffee")
    enter(portal, "Pat Roe", primaryEmail="office@x.com")
    linked = set(RecordLink.objects.filter(kind="customer").values_list("quickbooks_id", flat=True))
    assert linked == {harbor, pat}
    assert not SyncRun.objects.open().exists()


@pytest.mark.parametrize("most", [0, 1])
def test_books_with_too_many_customers_to_list_are_asked_and_searched_as_far_as_they_are_listed(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(customer_index, "_MOST_PAGES", most)
    monkeypatch.setattr(query, "PAGE_SIZE", 2)
    jon = in_books(portal, "Jon Smith", **PHONE)
    in_books(portal, "Somebody")
    theirs = (
        in_books(portal, "A & W Roofing"),
        in_books(portal, "P. Roe", PrimaryEmailAddr={"Address": "a@x.com, p@x.com"}),
    )
    enter(portal, "A&W Roofing")
    enter(portal, "Pat Roe", primaryEmail="p@x.com")
    linked = RecordLink.objects.filter(kind="customer").values_list("quickbooks_id", flat=True)
    assert set(linked) == set(theirs)
    enter(portal, "John Smith", primaryPhone="520-555-0134")
    warned = [line for line in portal.log() if "a second customer like" in line]
    if most:
        assert keys(portal.held())[0] == f"link:{jon}"
        assert len(warned) == 2
    else:
        assert len(warned) == 3
        assert all(line.startswith("done_with_warning") for line in warned)


def test_many_malformed_addresses_hide_nobody_else(portal: PortalHarness) -> None:
    id_ = in_books(portal, "Jon Smith", **PHONE)
    for number in range(12):
        stranger = in_books(portal, f"Stranger {number}")
        path = f"quickbooks/{portal.realm}/records/Customer/{stranger}/email"
        portal.simulator.control(path, {"address": "a@x.com; b@x.com"})
    enter(portal, "John Smith", primaryPhone="520-555-0134")
    assert keys(portal.held())[0] == f"link:{id_}"


@pytest.mark.parametrize("first", ["enrich", "skip"])
def test_replace_chosen_later_renames_nobody_found_by_email_alone(portal: PortalHarness, first: str) -> None:
    SyncSettings.objects.update(matching_strategy=first)
    in_books(portal, "Smith Household", PrimaryEmailAddr={"Address": "john@x.com"}, **PHONE)
    project = enter(portal, "John Smith", primaryEmail="john@x.com", primaryPhone="520 555 9999")
    SyncSettings.objects.update(matching_strategy="replace")
    assert len(again(portal, project)) == 1
    customer = portal.customer(Job=False)
    assert customer["DisplayName"] == "Smith Household"
    assert customer["PrimaryPhone"]["FreeFormNumber"] == "520 555 9999", "Replace for everything else"
    assert again(portal, project) == []
    assert not SyncRun.objects.open().exists()


@pytest.mark.parametrize(
    ("active", "cause"),
    crossed([True, False], ["several_matches", "probably_same_customer", "match_inactive"]),
)
def test_under_replace_every_link_may_keep_the_name(portal: PortalHarness, cause: str, active: bool) -> None:
    SyncSettings.objects.update(matching_strategy="replace")
    email: dict[str, Any] = {"PrimaryEmailAddr": {"Address": "john@x.com"}}
    fields = PHONE if cause == "probably_same_customer" else email
    id_ = in_books(portal, "Jon Smith", **fields)
    if cause == "several_matches":
        in_books(portal, "Jones Household", **email)
    is_active = active and cause != "match_inactive"
    if not is_active:
        portal.simulator.edit_books(portal.realm, id_, Active=False)
        portal.simulator.control(f"quickbooks/{portal.realm}/customers/{id_}/balance", {"amount": 285})
    project = enter(portal, "John Smith", primaryPhone="520 555 0134", primaryEmail="john@x.com")
    run = portal.held()
    assert run.cause == cause
    link, keep = ("link", "keep_name") if is_active else ("reactivate", "reactivate_keep_name")
    assert keys(run)[:2] == [f"{link}:{id_}", f"{keep}:{id_}"]
    assert ("$285" in f"{run.sentence} {run.choices[1]['label']}") != is_active
    portal.decide(f"{keep}:{id_}")
    customer = portal.customer(Id=id_)
    assert (customer["DisplayName"], customer["Active"]) == ("Jon Smith", True)
    assert again(portal, project) == []
    assert not SyncRun.objects.open().exists()


def test_a_job_spelled_alike_is_linked_where_the_setting_says_so(portal: PortalHarness) -> None:
    SyncSettings.objects.update(link_same_named_job=True)
    account = portal.account("John Smith")
    parent = in_books(portal, "John Smith")
    project = portal.project(account, "A&W  Roof")
    job = in_books(portal, f"A & W Roof | #{project['number']}", Job=True, ParentRef={"value": parent})
    portal.enter(project)
    portal.work()
    assert portal.link("job").quickbooks_id == job
    assert len(portal.customers(Job=True)) == 1
