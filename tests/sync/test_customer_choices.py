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


def names(office: PortalHarness) -> list[str]:
    return sorted(row["DisplayName"] for row in office.customers(Job=False))


def keys(run: SyncRun) -> list[str]:
    return [choice["key"] for choice in run.choices]


def choose(office: PortalHarness, key: str) -> None:
    """What was chosen has ceased to exist since the page was shown."""
    run = office.held()
    run.decision_rows.withdraw()
    record_answer(run, Question.CUSTOMER, key)


def enter(office: PortalHarness, title: str = "John Smith", **fields: Any) -> dict[str, Any]:
    account = office.account(title, **fields)
    office.enter(office.project(account, title))
    office.work()
    return account


def enter_archived(office: PortalHarness, **fields: Any) -> None:
    account = office.account("John Smith", **fields)
    project = office.project(account)
    office.simulator.change("accounts", account["id"], isActive=False)
    office.enter(project)
    office.work()


def inactive(office: PortalHarness, name: str, **fields: Any) -> str:
    row = office.simulator.in_books(office.realm, DisplayName=name, **fields)
    office.simulator.edit_books(office.realm, row["Id"], Active=False)
    return str(row["Id"])


def test_an_archived_account_pushed_all_the_same_is_linked_to_the_customer_of_its_email(
    office: PortalHarness,
) -> None:
    theirs = office.simulator.in_books(office.realm, DisplayName="Smith Household", **EMAIL)
    enter_archived(office, **JOHN)
    assert keys(office.held()) == ["push_archived", "retry", "discard"]
    office.decide("push_archived")
    assert office.link("customer").quickbooks_id == theirs["Id"]
    assert names(office) == ["Smith Household"]


def test_an_archived_account_pushed_all_the_same_is_linked_to_its_namesake(office: PortalHarness) -> None:
    theirs = office.simulator.in_books(office.realm, DisplayName="John Smith")
    enter_archived(office)
    office.decide("push_archived")
    assert office.link("customer").quickbooks_id == theirs["Id"]


def test_an_archived_account_with_several_matches_asks_again_and_then_obeys(office: PortalHarness) -> None:
    office.simulator.in_books(office.realm, DisplayName="Smith, John", **EMAIL)
    office.simulator.in_books(office.realm, DisplayName="Smith Household", **EMAIL)
    enter_archived(office, **JOHN)
    office.decide("push_archived")
    assert office.held().cause == "several_matches"
    office.decide("create_with_suffix")
    assert office.link("customer").quickbooks_name == "John Smith #2"


def test_any_number_of_other_accounts_customers_with_the_email_are_passed_over(office: PortalHarness) -> None:
    for title in ("Unit A", "Unit B", "Unit C"):
        contact = office.simulator.make("contacts", name=title, emails=["office@example.com"])
        enter(office, title, primaryEmail="office@example.com", contacts=[contact["id"]])
    assert names(office) == ["Unit A", "Unit B", "Unit C"]
    warned = [line for line in office.log() if line.startswith("done_with_warning: Created the customer")]
    assert len(warned) == 2
    assert "(and 1 more like it) has the same e-mail address but is linked to “Unit A”" in warned[1]


def test_a_namesake_is_linked_though_the_email_is_also_somebody_else_s(office: PortalHarness) -> None:
    enter(office, "Smith Household", **JOHN)
    theirs = office.simulator.in_books(office.realm, DisplayName="John Smith")
    john = office.simulator.make("contacts", name="John Smith", emails=["john@example.com"])
    enter(office, contacts=[john["id"]], **JOHN)
    assert RecordLink.objects.filter(kind="customer", quickbooks_id=theirs["Id"]).exists()
    household = "“Smith Household” (john@example.com)"
    warning = CustomerMessage.SAME_EMAIL_ALREADY_LINKED(
        customer=household, more="", account="Smith Household"
    )
    assert any(warning.text in line for line in office.log())


def again(office: PortalHarness, project: dict[str, Any]) -> None:
    office.simulator.control("clock", {"shift_seconds": 60})
    office.enter(project, "Billing")
    office.enter(project)
    office.work()


@pytest.fixture
def linked(office: PortalHarness) -> dict[str, Any]:
    account = office.account("John Smith", primaryPhone="1")
    project = office.project(account, "Roof")
    office.enter(project)
    office.work()
    office.simulator.forget_log()
    return {"account": account["id"], "project": project, "customer": office.customer(Job=False)["Id"]}


def of_customer() -> SyncRun:
    return SyncRun.objects.held().get(kind="customer")


@pytest.mark.parametrize("holder", ["Customer", "Vendor"])
def test_a_linked_customer_renamed_onto_a_taken_name_takes_the_next_number(
    office: PortalHarness, linked: dict[str, Any], holder: str
) -> None:
    for name in ("Smith Roofing", "Smith Roofing #2"):
        office.simulator.in_books(office.realm, holder, DisplayName=name)
    office.simulator.change("accounts", linked["account"], title="Smith Roofing", primaryPhone="2")
    again(office, linked["project"])
    assert of_customer().cause == "name_taken"
    assert of_customer().choices[0]["label"] == RENAME_WITH_SUFFIX.label
    office.decide("create_with_suffix", of_customer())
    customer = office.customer(Id=linked["customer"])
    assert (customer["DisplayName"], customer["PrimaryPhone"]["FreeFormNumber"]) == ("Smith Roofing #3", "2")
    again(office, linked["project"])
    assert office.customer(Id=linked["customer"])["DisplayName"] == "Smith Roofing #3"
    assert not SyncRun.objects.open().exists()


def test_a_number_chosen_where_the_name_fits_by_now_changes_nothing_else(
    office: PortalHarness, linked: dict[str, Any]
) -> None:
    office.simulator.in_books(office.realm, "Vendor", DisplayName="Smith Roofing")
    office.simulator.change("accounts", linked["account"], title="Smith Roofing", primaryPhone="2")
    again(office, linked["project"])
    office.simulator.change("accounts", linked["account"], title="John Smith")
    office.decide("create_with_suffix", of_customer())
    customer = office.customer(Id=linked["customer"])
    assert (customer["DisplayName"], customer["PrimaryPhone"]["FreeFormNumber"]) == ("John Smith", "2")


def make_inactive(office: PortalHarness, linked: dict[str, Any]) -> None:
    office.simulator.edit_books(office.realm, office.customer(Job=True)["Id"], Active=False)
    office.simulator.edit_books(office.realm, linked["customer"], Active=False)


def test_a_linked_customer_is_revived_onto_a_taken_name_with_a_number(
    office: PortalHarness, linked: dict[str, Any]
) -> None:
    make_inactive(office, linked)
    office.simulator.in_books(office.realm, "Vendor", DisplayName="John Smith")
    again(office, linked["project"])
    office.decide(f"reactivate:{linked['customer']}", of_customer())
    assert of_customer().cause == "name_taken"
    office.decide("create_with_suffix", of_customer())
    customer = office.customer(Id=linked["customer"])
    assert (customer["Active"], customer["DisplayName"]) == (True, "John Smith #2")


def test_who_chose_a_number_has_not_chosen_to_revive(office: PortalHarness, linked: dict[str, Any]) -> None:
    office.simulator.in_books(office.realm, "Vendor", DisplayName="Smith Roofing")
    office.simulator.change("accounts", linked["account"], title="Smith Roofing", primaryPhone="2")
    again(office, linked["project"])
    make_inactive(office, linked)
    office.decide("create_with_suffix", of_customer())
    assert of_customer().cause == "customer_inactive"
    assert office.customer(Id=linked["customer"])["Active"] is False


@pytest.mark.parametrize(
    ("strategy", "name", "phone"),
    [
        ("enrich", "Smith Household", "2"),
        ("replace", "John Smith", "2"),
        ("skip", "Smith Household", ""),
    ],
)
def test_a_revived_customer_is_treated_as_the_strategy_says(
    office: PortalHarness, strategy: str, name: str, phone: str
) -> None:
    SyncSettings.objects.update(matching_strategy=strategy)
    theirs = inactive(office, "Smith Household", **EMAIL)
    enter(office, primaryPhone="2", **JOHN)
    office.decide(f"reactivate:{theirs}")
    customer = office.customer(Id=theirs)
    assert (customer["Active"], customer["DisplayName"]) == (True, name)
    assert customer.get("PrimaryPhone", {}).get("FreeFormNumber", "") == phone


def several(office: PortalHarness) -> tuple[str, str]:
    """Held, with two to choose from."""
    first = office.simulator.in_books(office.realm, DisplayName="John Smith", **EMAIL)
    second = office.simulator.in_books(office.realm, DisplayName="Smith, John", **EMAIL)
    enter(office, **JOHN)
    return str(first["Id"]), str(second["Id"])


def test_a_chosen_customer_that_became_inactive_leaves_the_others_to_choose(office: PortalHarness) -> None:
    first, second = several(office)
    office.simulator.edit_books(office.realm, first, Active=False)
    office.decide(f"link:{first}")
    assert office.held().cause == "customer_inactive"
    expected = [f"reactivate:{first}", f"link:{second}", "create_with_suffix", "retry", "discard"]
    assert keys(office.held()) == expected
    office.decide("retry")
    office.decide(f"link:{second}")
    assert office.link("customer").quickbooks_id == second


def test_a_chosen_customer_that_is_gone_or_a_job_now_leaves_the_others_to_choose(
    office: PortalHarness,
) -> None:
    first, second = several(office)
    office.simulator.edit_books(office.realm, first, Job=True, ParentRef={"value": second})
    office.decide(f"link:{first}")
    assert office.held().cause == "choice_gone"
    assert keys(office.held()) == [f"link:{second}", "create_with_suffix", "discard"]
    choose(office, "link:987654")
    SyncRun.objects.held().requeue()
    office.work()
    assert keys(office.held()) == [f"link:{second}", "create_with_suffix", "discard"]
    office.decide(f"link:{second}")
    assert office.link("customer").quickbooks_id == second


def test_where_the_only_choice_is_gone_a_new_customer_can_be_made(office: PortalHarness) -> None:
    theirs = inactive(office, "Smith Household", **EMAIL)
    enter(office, **JOHN)
    choose(office, "reactivate:987654")
    office.simulator.edit_books(office.realm, theirs, PrimaryEmailAddr={"Address": "other@example.com"})
    SyncRun.objects.held().requeue()
    office.work()
    assert keys(office.held()) == ["create", "discard"]
    office.decide("create")
    assert office.link("customer").quickbooks_name == "John Smith"


def test_a_chosen_customer_somebody_linked_meanwhile_leaves_the_others_to_choose(
    office: PortalHarness,
) -> None:
    first, second = several(office)
    RecordLink.objects.create(
        connection=office.quickbooks,
        kind="customer",
        coperniq_id="other",
        coperniq_name="Other",
        quickbooks_id=first,
        match_method="chosen",
    )
    office.decide(f"link:{first}")
    assert office.held().cause == "match_already_linked"
    assert keys(office.held()) == [f"link:{second}", "create_with_suffix", "retry", "discard"]
    office.decide(f"link:{second}")
    assert RecordLink.objects.filter(kind="customer", quickbooks_id=second).exists()


@pytest.mark.django_db
def test_a_customer_in_another_currency_is_not_offered(simulator: Simulation) -> None:
    office = open_portal(simulator, multicurrency=True)
    office.simulator.in_books(office.realm, DisplayName="John Smith", CurrencyRef={"value": "CAD"}, **EMAIL)
    ours = office.simulator.in_books(office.realm, DisplayName="Smith, John", **EMAIL)
    enter(office, **JOHN)
    assert keys(office.held()) == [f"link:{ours['Id']}", "create_with_suffix", "discard"]


def test_a_number_an_inactive_customer_has_is_stepped_over(office: PortalHarness) -> None:
    office.simulator.switch(inactive_name_frees=False)
    office.simulator.in_books(office.realm, "Vendor", DisplayName="John Smith")
    inactive(office, "John Smith #2")
    enter(office)
    office.decide("create_with_suffix")
    assert office.link("customer").quickbooks_name == "John Smith #3"


def test_many_names_vendors_have_are_passed_by_choosing_again(office: PortalHarness) -> None:
    for number in range(1, 10):
        suffix = f" #{number}" if number > 1 else ""
        office.simulator.in_books(office.realm, "Vendor", DisplayName=f"John Smith{suffix}")
    enter(office)
    office.decide("create_with_suffix")
    assert office.held().cause == "name_taken"
    office.decide("create_with_suffix")
    assert office.link("customer").quickbooks_name == "John Smith #10"
    refused = RemoteWrite.objects.filter(kind="customer", state=RemoteWrite.State.REFUSED)
    assert len({row.request_id for row in refused}) == 9
