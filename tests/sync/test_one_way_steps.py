"""The one-way app's own sentences, each a step through the front door, with all its settings on together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.forms import configuration_of, configure
from integrations.models import InvoiceSyncPeriod, QuickBooksConnection, SyncRun
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness, open_portal
from tests.simulation import Simulation
from tests.sync.invoice_builders import assert_at_rest, lines_of, with_items
from tests.sync.pull_builders import assert_nothing_left_to_do, hear_while_pausing, unanswered
from tests.sync.two_way import open_two_way

ONE_WAY = {
    "direction": "to_quickbooks",
    "match_by": "email",
    "customers_on": "invoice",
    "line_item": "sales_or_services",
    "numbers": "quickbooks",
    "on_declined": "delete",
}


def one_way(portal: PortalHarness) -> InvoiceHarness:
    """No workflow has a trigger."""
    portal.trigger.delete()
    harness = InvoiceHarness(portal)
    since = timezone.now() - timedelta(minutes=1)
    InvoiceSyncPeriod.objects.create(connection=portal.quickbooks, on_at=since)
    harness.configure(invoice_sync=True)
    configure(portal.company, None, {"preset": "one_way"})
    harness.account = portal.account("John Smith", primaryEmail="john@example.com")
    portal.simulator.forget_log()
    return harness


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    return one_way(portal)


def document(harness: InvoiceHarness, **wanted: Any) -> dict[str, Any]:
    found = harness.in_books()
    assert {name: found.get(name) for name in wanted} == wanted
    return found


def test_syncs_happen_at_once_on_creation_payment_and_voiding(harness: InvoiceHarness) -> None:
    made = harness.invoice(("Permit", 1, 100), on=harness.account)
    harness.work()
    document(harness, TotalAmt=100, Balance=100)
    harness.edit(made, lineItems=[{**lines_of(made)[0], "unitPrice": 120}])
    payment = harness.pay(made, 20)
    harness.work()
    document(harness, TotalAmt=120, Balance=100)
    harness.remove_payment(made, payment)
    harness.work()
    harness.decide(next(c["key"] for c in harness.held().choices if "void" in c["key"]))
    harness.act(made, "decline")
    harness.work()
    assert harness.books("Invoice") == [], harness.logged()
    assert not SyncRun.objects.open().exists()
    assert_at_rest(harness)


@pytest.mark.parametrize("of_project", [False, True])
def test_an_invoice_is_issued_to_the_customer_with_its_clients_e_mail_address(
    harness: InvoiceHarness, of_project: bool
) -> None:
    portal = harness.portal
    theirs = portal.simulator.in_books(
        portal.realm, DisplayName="Smith Household", PrimaryEmailAddr={"Address": "john@example.com"}
    )
    on = portal.project(harness.account, "Roof") if of_project else harness.account
    harness.invoice(("Permit", 1, 100), on=on)
    harness.work()
    document(harness, CustomerRef={"value": theirs["Id"], "name": "Smith Household"})
    assert len(portal.customers()) == 1
    assert_at_rest(harness)


@pytest.mark.parametrize("of_project", [False, True])
def test_a_client_without_a_match_becomes_a_customer_once(harness: InvoiceHarness, of_project: bool) -> None:
    on = harness.portal.project(harness.account, "Roof") if of_project else harness.account
    for price in (100, 200):
        harness.invoice(("Permit", 1, price), on=on)
    harness.work()
    customer = harness.portal.customer(DisplayName="John Smith")
    assert [row["CustomerRef"]["value"] for row in harness.books("Invoice")] == [customer["Id"]] * 2
    assert len(harness.portal.customers()) == 1, "no job: the invoices belong to the customer"
    assert_at_rest(harness)


@pytest.mark.parametrize("entity", ["Vendor", "Customer"])
@pytest.mark.parametrize("choice", ["create_with_suffix", "create_with_name:Smith of Austin", "link"])
def test_a_display_name_that_is_taken_is_asked_about_and_the_invoice_follows(
    harness: InvoiceHarness, entity: str, choice: str
) -> None:
    """A customer of that name has another e-mail address; a vendor cannot be linked."""
    portal = harness.portal
    other = {"PrimaryEmailAddr": {"Address": "other@example.com"}} if entity == "Customer" else {}
    holder = portal.simulator.in_books(portal.realm, entity, DisplayName="John Smith", **other)
    harness.invoice(("Permit", 1, 100), on=harness.account)
    harness.work()
    asked = harness.held()
    assert (asked.kind, asked.cause) == ("customer", "name_taken")
    assert SyncRun.objects.get(action="push_invoice").state == "waiting"
    offered = [each["key"] for each in asked.choices]
    if choice == "link":
        assert (f"link:{holder['Id']}" in offered) == (entity == "Customer")
        choice = choice if entity == "Vendor" else f"link:{holder['Id']}"
    if choice == "link":
        return
    harness.decide(choice)
    names = {"create_with_suffix": "John Smith #2", "create_with_name:Smith of Austin": "Smith of Austin"}
    assert document(harness)["CustomerRef"]["name"] == names.get(choice, "John Smith")
    assert_at_rest(harness)


def test_a_declined_invoice_is_deleted_and_a_paid_one_is_asked_about(harness: InvoiceHarness) -> None:
    plain = harness.invoice(("Permit", 1, 100), on=harness.account)
    paid = harness.invoice(("Permit", 1, 200), on=harness.account)
    harness.pay(paid, 200)
    harness.work()
    for invoice in (plain, paid):
        harness.act(invoice, "decline")
    harness.work()
    assert [row["TotalAmt"] for row in harness.books("Invoice")] == [200]
    assert harness.held().cause == "declined_but_paid"
    assert_at_rest(harness)


@pytest.mark.parametrize("custom", [True, False])
def test_the_number_is_quickbooks_own_and_a_lost_answer_makes_no_second_invoice(
    db: None, simulator: Simulation, custom: bool
) -> None:
    """Intuit: with custom transaction numbers the number stays empty, without them QuickBooks counts on."""
    portal = open_portal(simulator, custom_txn_numbers=custom)
    QuickBooksConnection.objects.update(custom_txn_numbers=custom)
    harness = one_way(portal)
    harness.invoice(("Permit", 1, 100), on=harness.account)
    harness.work()
    assert (document(harness).get("DocNumber") is None) == custom
    assert "with its number" not in " ".join(harness.logged())
    harness.look_at_changes()
    portal.simulator.forget_log()
    for fault in ("lost_answer", "late_error_500"):
        simulator.switch(requestid_memory_seconds=0)
        simulator.fault(fault, method="POST", path="/invoice", times=1)
        harness.invoice(("Permit", 2, 100), on=harness.account)
        harness.work()
    totals = [row["TotalAmt"] for row in harness.books("Invoice")]
    assert totals == [100, 200, 200], harness.logged()
    portal.simulator.forget_log()
    harness.invoice(("Permit", 3, 100), on=harness.account)
    harness.work()
    assert [call.split()[0] for call in harness.calls()] == ["POST"], "one write and no look-up"
    assert_at_rest(harness)


@pytest.mark.parametrize("edit", ["voided", "note"])
def test_a_lost_invoice_whose_tag_was_taken_off_is_recognized_by_its_lines(
    portal: PortalHarness, edit: str
) -> None:
    sides = open_two_way(portal)
    configure(portal.company, None, {"numbers": "quickbooks"})
    portal.simulator.switch(requestid_memory_seconds=0)
    made = unanswered(sides)
    sides.void(made) if edit == "voided" else sides.change(made, note="mine")
    hear_while_pausing(sides)
    portal.simulator.control("clock", {"shift_seconds": 5})
    sides.harness.work()
    sides.sync()
    assert sides.harness.in_books()["Id"] == made["Id"]
    assert sides.harness.link().quickbooks_id == made["Id"]
    assert_nothing_left_to_do(sides)


def test_each_line_sells_the_item_that_was_chosen(harness: InvoiceHarness) -> None:
    services = next(row for row in harness.books("Item") if row["Name"] == "Services")
    harness.invoice(("Permit", 1, 100), ("Panel", 2, 50), on=harness.account)
    harness.work()
    assert items_of(harness.in_books()) == [services["Id"]] * 2
    harness.portal.simulator.edit_books(harness.portal.realm, services["Id"], "Item", Active=False)
    harness.invoice(("Permit", 1, 300), on=harness.account)
    harness.work()
    assert harness.held().cause == "line_item_unusable"
    harness.book_item("Sales")
    configure(harness.portal.company, None, {"line_item": "sales_or_services"})
    harness.work()
    sales = next(row for row in harness.books("Item") if row["Name"] == "Sales")
    assert items_of(harness.books("Invoice")[1]) == [sales["Id"]], harness.logged()
    assert_at_rest(harness)


def items_of(document: dict[str, Any]) -> list[str]:
    lines = [line for line in document["Line"] if "SalesItemLineDetail" in line]
    return [line["SalesItemLineDetail"]["ItemRef"]["value"] for line in lines]


def test_settings_that_cannot_hold_are_refused_and_the_defaults_change_nothing(portal: PortalHarness) -> None:
    defaults = configuration_of(portal.company)
    assert {name: defaults[name] for name in ONE_WAY} == {
        "direction": "both",
        "match_by": "name_or_email",
        "customers_on": "phase",
        "line_item": "",
        "numbers": "coperniq",
        "on_declined": "void",
    }
    for row in portal.simulator.state()["quickbooks"][portal.realm].get("Item", []):
        portal.simulator.edit_books(portal.realm, row["Id"], "Item", Active=False)
    for wrong in ({"line_item": "sales_or_services"}, {"line_item": "999"}, {"direction": "to_coperniq"}):
        with pytest.raises(ValidationError) as refused:
            configure(portal.company, None, {**wrong, "numbers": "quickbooks"})
        assert list(refused.value.message_dict) == list(wrong)
    assert configuration_of(portal.company) == defaults


def test_waiting_invoices_go_on_once_customers_come_with_them(portal: PortalHarness) -> None:
    harness = with_items(portal)
    other = portal.account("Ann Doe")
    harness.invoice(("Permit", 1, 100), on=portal.project(other, "Roof"))
    harness.invoice(("Permit", 1, 200), on=other)
    harness.work()
    assert not harness.books("Invoice")
    configure(portal.company, None, {"customers_on": "invoice"})
    harness.work()
    assert sorted(row["TotalAmt"] for row in harness.books("Invoice")) == [100, 200]
    assert {row["CustomerRef"]["name"] for row in harness.books("Invoice")} == {"Ann Doe"}
    assert_at_rest(harness)
