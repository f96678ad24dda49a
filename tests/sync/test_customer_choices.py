"""What a held customer offers works, whichever of it is chosen and whatever happened meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.messages.customers import CustomerMessage
from integrations.models import Question, RecordLink, RemoteWrite, SyncRun, SyncSettings
from integrations.sync.customers.naming import RENAME_WITH_SUFFIX
from tests.factories import record_answer
from tests.portal_harness import PortalHarness, open_portal
from tests.simulation import Simulation

JOHN: dict[str, Any] = {"primaryEmail": "john@example.com"}
EMAIL: dict[str, Any] = {"PrimaryEmailAddr": {"Address": "john@example.com"}}


def names(portal: PortalHarness) -> list[str]:
    return sorted(row["DisplayName"] for row in portal.customers(Job=False))


def keys(run: SyncRun) -> list[str]:
    return [choice["key"] for choice in run.choices]


def choose(portal: PortalHarness, key: str) -> None:
    """What was chosen has ceased to exist since the page was shown."""
    run = portal.held()
    run.decision_rows.withdraw()
    record_answer(run, Question.CUSTOMER, key)


def enter(portal: PortalHarness, title: str = "John Smith", **fields: Any) -> dict[str, Any]:
    account = portal.account(title, **fields)
    portal.enter(portal.project(account, title))
    portal.work()
    return account


def enter_archived(portal: PortalHarness, **fields: Any) -> None:
    account = portal.account("John Smith", **fields)
    project = portal.project(account)
    portal.simulator.change("accounts", account["id"], isActive=False)
    portal.enter(project)
    portal.work()


def inactive(portal: PortalHarness, name: str, **fields: Any) -> str:
    row = portal.simulator.in_books(portal.realm, DisplayName=name, **fields)
    portal.simulator.edit_books(portal.realm, row["Id"], Active=False)
    return str(row["Id"])


def test_an_archived_account_pushed_all_the_same_is_linked_to_the_customer_of_its_email(
    portal: PortalHarness,
) -> None:
    theirs = portal.simulator.in_books(portal.realm, DisplayName="Smith Household", **EMAIL)
    enter_archived(portal, **JOHN)
    assert keys(portal.held()) == ["push_archived", "retry", "discard"]
    portal.decide("push_archived")
    assert portal.link("customer").quickbooks_id == theirs["Id"]
    assert names(portal) == ["Smith Household"]


def test_an_archived_account_pushed_all_the_same_is_linked_to_its_namesake(portal: PortalHarness) -> None:
    theirs = portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    enter_archived(portal)
    portal.decide("push_archived")
    assert portal.link("customer").quickbooks_id == theirs["Id"]


def test_an_archived_account_with_several_matches_asks_again_and_then_obeys(portal: PortalHarness) -> None:
    portal.simulator.in_books(portal.realm, DisplayName="Smith, John", **EMAIL)
    portal.simulator.in_books(portal.realm, DisplayName="Smith Household", **EMAIL)
    enter_archived(portal, **JOHN)
    portal.decide("push_archived")
    assert portal.held().cause == "several_matches"
    portal.decide("create_with_suffix")
    assert portal.link("customer").quickbooks_name == "John Smith #2"


def test_any_number_of_other_accounts_customers_with_the_email_are_passed_over(portal: PortalHarness) -> None:
    for title in ("Unit A", "Unit B", "Unit C"):
        contact = portal.simulator.make("contacts", name=title, emails=["office@example.com"])
        enter(portal, title, primaryEmail="office@example.com", contacts=[contact["id"]])
    assert names(portal) == ["Unit A", "Unit B", "Unit C"]
    warned = [line for line in portal.log() if line.startswith("done_with_warning: Created the customer")]
    assert len(warned) == 2
    assert "(and 1 more like it) has the same e-mail address but is linked to “Unit A”" in warned[1]


def test_a_namesake_is_linked_though_the_email_is_also_somebody_else_s(portal: PortalHarness) -> None:
    enter(portal, "Smith Household", **JOHN)
    theirs = portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    john = portal.simulator.make("contacts", name="John Smith", emails=["john@example.com"])
    enter(portal, contacts=[john["id"]], **JOHN)
    assert RecordLink.objects.filter(kind="customer", quickbooks_id=theirs["Id"]).exists()
    household = "“Smith Household” (john@example.com)"
    warning = CustomerMessage.SAME_EMAIL_ALREADY_LINKED(
        customer=household, more="", account="Smith Household"
    )
    assert any(warning.text in line for line in portal.log())


def again(portal: PortalHarness, project: dict[str, Any]) -> None:
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.enter(project, "Billing")
    portal.enter(project)
    portal.work()


@pytest.fixture
def linked(portal: PortalHarness) -> dict[str, Any]:
    account = portal.account("John Smith", primaryPhone="1")
    project = portal.project(account, "Roof")
    portal.enter(project)
    portal.work()
    portal.simulator.forget_log()
    return {"account": account["id"], "project": project, "customer": portal.customer(Job=False)["Id"]}


def of_customer() -> SyncRun:
    return SyncRun.objects.held().get(kind="customer")


@pytest.mark.parametrize("holder", ["Customer", "Vendor"])
def test_a_linked_customer_renamed_onto_a_taken_name_takes_the_next_number(
    portal: PortalHarness, linked: dict[str, Any], holder: str
) -> None:
    for name in ("Smith Roofing", "Smith Roofing #2"):
        portal.simulator.in_books(portal.realm, holder, DisplayName=name)
    portal.simulator.change("accounts", linked["account"], title="Smith Roofing", primaryPhone="2")
    again(portal, linked["project"])
    assert of_customer().cause == "name_taken"
    assert of_customer().choices[0]["label"] == RENAME_WITH_SUFFIX.label
    portal.decide("create_with_suffix", of_customer())
    customer = portal.customer(Id=linked["customer"])
    assert (customer["DisplayName"], customer["PrimaryPhone"]["FreeFormNumber"]) == ("Smith Roofing #3", "2")
    again(portal, linked["project"])
    assert portal.customer(Id=linked["customer"])["DisplayName"] == "Smith Roofing #3"
    assert not SyncRun.objects.open().exists()


def test_a_number_chosen_where_the_name_fits_by_now_changes_nothing_else(
    portal: PortalHarness, linked: dict[str, Any]
) -> None:
    portal.simulator.in_books(portal.realm, "Vendor", DisplayName="Smith Roofing")
    portal.simulator.change("accounts", linked["account"], title="Smith Roofing", primaryPhone="2")
    again(portal, linked["project"])
    portal.simulator.change("accounts", linked["account"], title="John Smith")
    portal.decide("create_with_suffix", of_customer())
    customer = portal.customer(Id=linked["customer"])
    assert (customer["DisplayName"], customer["PrimaryPhone"]["FreeFormNumber"]) == ("John Smith", "2")


def make_inactive(portal: PortalHarness, linked: dict[str, Any]) -> None:
    portal.simulator.edit_books(portal.realm, portal.customer(Job=True)["Id"], Active=False)
    portal.simulator.edit_books(portal.realm, linked["customer"], Active=False)


def test_a_linked_customer_is_revived_onto_a_taken_name_with_a_number(
    portal: PortalHarness, linked: dict[str, Any]
) -> None:
    make_inactive(portal, linked)
    portal.simulator.in_books(portal.realm, "Vendor", DisplayName="John Smith")
    again(portal, linked["project"])
    portal.decide(f"reactivate:{linked['customer']}", of_customer())
    assert of_customer().cause == "name_taken"
    portal.decide("create_with_suffix", of_customer())
    customer = portal.customer(Id=linked["customer"])
    assert (customer["Active"], customer["DisplayName"]) == (True, "John Smith #2")


def test_who_chose_a_number_has_not_chosen_to_revive(portal: PortalHarness, linked: dict[str, Any]) -> None:
    portal.simulator.in_books(portal.realm, "Vendor", DisplayName="Smith Roofing")
    portal.simulator.change("accounts", linked["account"], title="Smith Roofing", primaryPhone="2")
    again(portal, linked["project"])
    make_inactive(portal, linked)
    portal.decide("create_with_suffix", of_customer())
    assert of_customer().cause == "customer_inactive"
    assert portal.customer(Id=linked["customer"])["Active"] is False


@pytest.mark.parametrize(
    ("strategy", "name", "phone"),
    [
        ("enrich", "Smith Household", "2"),
        ("replace", "John Smith", "2"),
        ("skip", "Smith Household", ""),
    ],
)
def test_a_revived_customer_is_treated_as_the_strategy_says(
    portal: PortalHarness, strategy: str, name: str, phone: str
) -> None:
    SyncSettings.objects.update(matching_strategy=strategy)
    theirs = inactive(portal, "Smith Household", **EMAIL)
    enter(portal, primaryPhone="2", **JOHN)
    portal.decide(f"reactivate:{theirs}")
    customer = portal.customer(Id=theirs)
    assert (customer["Active"], customer["DisplayName"]) == (True, name)
    assert customer.get("PrimaryPhone", {}).get("FreeFormNumber", "") == phone


def several(portal: PortalHarness) -> tuple[str, str]:
    """Held, with two to choose from."""
    first = portal.simulator.in_books(portal.realm, DisplayName="John Smith", **EMAIL)
    second = portal.simulator.in_books(portal.realm, DisplayName="Smith, John", **EMAIL)
    enter(portal, **JOHN)
    return str(first["Id"]), str(second["Id"])


def test_a_chosen_customer_that_became_inactive_leaves_the_others_to_choose(portal: PortalHarness) -> None:
    first, second = several(portal)
    portal.simulator.edit_books(portal.realm, first, Active=False)
    portal.decide(f"link:{first}")
    assert portal.held().cause == "customer_inactive"
    expected = [f"reactivate:{first}", f"link:{second}", "create_with_suffix", "retry", "discard"]
    assert keys(portal.held()) == expected
    portal.decide("retry")
    portal.decide(f"link:{second}")
    assert portal.link("customer").quickbooks_id == second


def test_a_chosen_customer_that_is_gone_or_a_job_now_leaves_the_others_to_choose(
    portal: PortalHarness,
) -> None:
    first, second = several(portal)
    portal.simulator.edit_books(portal.realm, first, Job=True, ParentRef={"value": second})
    portal.decide(f"link:{first}")
    assert portal.held().cause == "choice_gone"
    assert keys(portal.held()) == [f"link:{second}", "create_with_suffix", "discard"]
    choose(portal, "link:987654")
    SyncRun.objects.held().requeue()
    portal.work()
    assert keys(portal.held()) == [f"link:{second}", "create_with_suffix", "discard"]
    portal.decide(f"link:{second}")
    assert portal.link("customer").quickbooks_id == second


def test_where_the_only_choice_is_gone_a_new_customer_can_be_made(portal: PortalHarness) -> None:
    theirs = inactive(portal, "Smith Household", **EMAIL)
    enter(portal, **JOHN)
    choose(portal, "reactivate:987654")
    portal.simulator.edit_books(portal.realm, theirs, PrimaryEmailAddr={"Address": "other@example.com"})
    SyncRun.objects.held().requeue()
    portal.work()
    assert keys(portal.held()) == ["create", "discard"]
    portal.decide("create")
    assert portal.link("customer").quickbooks_name == "John Smith"


def test_a_chosen_customer_somebody_linked_meanwhile_leaves_the_others_to_choose(
    portal: PortalHarness,
) -> None:
    first, second = several(portal)
    RecordLink.objects.create(
        connection=portal.quickbooks,
        kind="customer",
        coperniq_id="other",
        coperniq_name="Other",
        quickbooks_id=first,
        match_method="chosen",
    )
    portal.decide(f"link:{first}")
    assert portal.held().cause == "match_already_linked"
    assert keys(portal.held()) == [f"link:{second}", "create_with_suffix", "retry", "discard"]
    portal.decide(f"link:{second}")
    assert RecordLink.objects.filter(kind="customer", quickbooks_id=second).exists()


@pytest.mark.django_db
def test_a_customer_in_another_currency_is_not_offered(simulator: Simulation) -> None:
    portal = open_portal(simulator, multicurrency=True)
    portal.simulator.in_books(portal.realm, DisplayName="John Smith", CurrencyRef={"value": "CAD"}, **EMAIL)
    ours = portal.simulator.in_books(portal.realm, DisplayName="Smith, John", **EMAIL)
    enter(portal, **JOHN)
    assert keys(portal.held()) == [f"link:{ours['Id']}", "create_with_suffix", "discard"]


def test_a_number_an_inactive_customer_has_is_stepped_over(portal: PortalHarness) -> None:
    portal.simulator.switch(inactive_name_frees=False)
    portal.simulator.in_books(portal.realm, "Vendor", DisplayName="John Smith")
    inactive(portal, "John Smith #2")
    enter(portal)
    portal.decide("create_with_suffix")
    assert portal.link("customer").quickbooks_name == "John Smith #3"


def test_many_names_vendors_have_are_passed_by_choosing_again(portal: PortalHarness) -> None:
    for number in range(1, 10):
        suffix = f" #{number}" if number > 1 else ""
        portal.simulator.in_books(portal.realm, "Vendor", DisplayName=f"John Smith{suffix}")
    enter(portal)
    portal.decide("create_with_suffix")
    assert portal.held().cause == "name_taken"
    portal.decide("create_with_suffix")
    assert portal.link("customer").quickbooks_name == "John Smith #10"
    refused = RemoteWrite.objects.filter(kind="customer", state=RemoteWrite.State.REFUSED)
    assert len({row.request_id for row in refused}) == 9
