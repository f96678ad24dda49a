"""One way: what people do in QuickBooks stays there, is counted, and comes over when somebody says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.roles import Role
from integrations.forms import configure
from integrations.models import RecordLink, SyncRun, SyncSettings
from integrations.run_decisions import bring_over_all
from integrations.status import kept_of
from tests.factories import person
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import lines_of
from tests.sync.pull_builders import (
    assert_nothing_left_to_do,
    documents,
    invoice,
    invoices,
    logged_in_order,
    payments,
    ring_again,
)
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


@pytest.fixture
def harness(sides: TwoWayHarness) -> InvoiceHarness:
    return sides.harness


def go(sides: TwoWayHarness, direction: str) -> None:
    configure(sides.harness.portal.company, None, {"direction": direction})


def kept(sides: TwoWayHarness) -> dict[str, int]:
    return kept_of(sides.harness.portal.quickbooks)


def pushed(sides: TwoWayHarness, **fields: Any) -> dict[str, Any]:
    """An invoice that Coperniq has made and QuickBooks has got."""
    made = sides.harness.invoice(("Permit", 1, 100), **fields)
    sides.sync()
    return made


def bring_over(sides: TwoWayHarness) -> None:
    finance = person("finance", (sides.harness.portal.company, Role.FINANCE))
    bring_over_all(SyncRun.objects.filter(is_kept=True), finance)
    sides.sync()


def test_what_is_new_in_quickbooks_stays_there_until_somebody_brings_it_over(sides: TwoWayHarness) -> None:
    go(sides, "to_quickbooks")
    made = sides.invoice()
    sides.payment({"id": made["Id"], "amount": 40})
    sides.sync()
    assert not invoices(sides)
    assert kept(sides) == {"invoices": 1, "payments": 0}
    assert SyncRun.objects.open().get().cause == "one_way"
    assert_nothing_left_to_do(sides)
    assert kept(sides) == {"invoices": 1, "payments": 0}

    go(sides, "both")
    sides.sync()
    assert not invoices(sides)
    asked = sides.harness.held()
    assert asked.cause == "kept_while_one_way"
    assert asked.sentence.startswith("Invoice 1001 of $100.00 was entered in QuickBooks")
    assert [choice["key"] for choice in asked.choices] == ["bring_over", "discard"]
    shown = {row["compared"]["field"]: row["compared"]["quickbooks"] for row in asked.planned}
    assert shown["Line 1"].endswith("= $100.00"), shown
    ring_again(sides)
    sides.sync()
    assert not invoices(sides)
    sides.harness.decide("bring_over")
    assert [row["amount"] for row in payments(sides)] == [40]
    assert kept(sides) == {"invoices": 0, "payments": 0}
    assert_nothing_left_to_do(sides)


def test_changes_payments_and_ends_of_pushed_invoices_are_counted_and_come_over_together(
    sides: TwoWayHarness, harness: InvoiceHarness
) -> None:
    for memo in ("Changed", "Paid", "Voided"):
        pushed(sides, description=memo)
    changed, paid, voided = harness.books("Invoice")
    before = invoices(sides)
    go(sides, "to_quickbooks")
    sides.change(changed, due="2027-03-04", note=changed["PrivateNote"].replace("Changed", "By Ann"))
    sides.payment({"id": paid["Id"], "amount": 40})
    sides.void(voided)
    sides.sync()
    assert invoices(sides) == before
    assert kept(sides) == {"invoices": 2, "payments": 1}
    differs = [line for line in logged_in_order(sides) if "open in" in line]
    assert len(differs) == 1, logged_in_order(sides)
    assert_nothing_left_to_do(sides)

    go(sides, "both")
    sides.sync()
    assert invoices(sides) == before
    assert {run.cause for run in SyncRun.objects.held()} == {"kept_while_one_way"}
    assert_nothing_left_to_do(sides)
    bring_over(sides)
    now = {row["description"].split("\n")[0]: row for row in invoices(sides)}
    assert now["By Ann"]["dueDate"].startswith("2027-03-04")
    assert [row["amount"] for row in now["Paid"]["payments"]] == [40]
    assert not RecordLink.objects.filter(kind="invoice").exclude(open_difference_cents=0).exists()
    assert now["Voided"]["status"] == "DECLINED"
    assert not SyncRun.objects.open().exists(), logged_in_order(sides)
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("noticed_first", ["quickbooks", "coperniq"])
def test_coperniqs_edit_counts_without_a_question_and_nothing_else_comes_over(
    sides: TwoWayHarness, harness: InvoiceHarness, noticed_first: str
) -> None:
    made = pushed(sides, description="As agreed")
    go(sides, "to_quickbooks")
    there = harness.in_books()
    note = there["PrivateNote"].replace("As agreed", "By Ann")
    sides.change(there, due="2027-03-04", note=note)
    if noticed_first == "quickbooks":
        sides.sync()
    harness.edit(made, description="By Bob")
    harness.work()
    sides.sync()
    now = harness.in_books()
    assert now["PrivateNote"].startswith("By Bob\n")
    assert now["DueDate"] == "2027-03-04"
    assert invoice(sides)["description"] == "By Bob"
    assert not (invoice(sides)["dueDate"] or "").startswith("2027-03-04")
    assert any("Memo: changed on both sides" in line and "By Ann" in line for line in logged_in_order(sides))
    assert not SyncRun.objects.held().exists()
    assert kept(sides) == {"invoices": 1, "payments": 0}
    assert_nothing_left_to_do(sides)

    go(sides, "both")
    sides.sync()
    harness.edit(made, description="By Bob again")
    harness.work()
    assert not (invoice(sides)["dueDate"] or "").startswith("2027-03-04")
    harness.decide("bring_over")
    assert invoice(sides)["dueDate"].startswith("2027-03-04")
    assert harness.in_books()["PrivateNote"].startswith("By Bob again\n")
    assert_nothing_left_to_do(sides)


def test_an_invoice_that_was_brought_over_before_is_still_pushed(
    sides: TwoWayHarness, harness: InvoiceHarness
) -> None:
    sides.invoice()
    sides.sync()
    here = invoice(sides)
    go(sides, "to_quickbooks")
    harness.edit(here, dueDate="2027-05-06T00:00:00.000Z")
    harness.pay(here, 30)
    harness.work()
    assert harness.in_books()["DueDate"] == "2027-05-06"
    assert harness.in_books()["Balance"] == 70
    sides.change(harness.in_books(), due="2027-07-08")
    sides.sync()
    assert invoice(sides)["dueDate"].startswith("2027-05-06")
    assert kept(sides) == {"invoices": 1, "payments": 0}
    harness.decide("bring_over", SyncRun.objects.open().get())
    assert invoice(sides)["dueDate"].startswith("2027-07-08")
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("amount", [100, 40])
def test_a_payment_that_both_sides_recorded_is_never_paid_twice(
    sides: TwoWayHarness, harness: InvoiceHarness, amount: int
) -> None:
    """The invoice has room for a second one only if it was not paid in full."""
    made = pushed(sides)
    go(sides, "to_quickbooks")
    sides.payment({"id": harness.in_books()["Id"], "amount": amount})
    sides.sync()
    assert kept(sides) == {"invoices": 0, "payments": 1}
    harness.pay(made, amount)
    harness.work()
    if amount == 40:
        asked = harness.held()
        assert asked.cause == "probably_same_payment"
        assert len(harness.books("Payment")) == 1
        harness.decide(next(choice["key"] for choice in asked.choices if choice["key"].startswith("link:")))
    sides.sync()
    assert len(harness.books("Payment")) == 1
    assert len(payments(sides)) == 1
    assert RecordLink.objects.filter(kind="payment").count() == 1
    assert kept(sides) == {"invoices": 0, "payments": 0}
    go(sides, "both")
    sides.sync()
    assert not SyncRun.objects.open().exists()
    assert_nothing_left_to_do(sides)


def test_a_payment_corrected_in_quickbooks_and_entered_anew_in_coperniq_is_one(
    sides: TwoWayHarness, harness: InvoiceHarness
) -> None:
    made = pushed(sides)
    entered = harness.pay(made, 40)
    harness.work()
    go(sides, "to_quickbooks")
    there = harness.in_books("Payment")
    sides.change_payment(there, invoices=[{"id": harness.in_books()["Id"], "amount": 50}], amount=50)
    sides.sync()
    assert kept(sides) == {"invoices": 0, "payments": 1}
    harness.remove_payment(made, entered)
    harness.pay(made, 50)
    harness.work()
    sides.sync()
    assert [row["TotalAmt"] for row in harness.books("Payment")] == [50]
    assert kept(sides) == {"invoices": 0, "payments": 0}
    assert not SyncRun.objects.open().exists(), [(run.action, run.sentence) for run in SyncRun.objects.open()]
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("between", ["off", "fault", "late"])
def test_nothing_comes_over_silently_whatever_happens_in_between(
    sides: TwoWayHarness, harness: InvoiceHarness, between: str
) -> None:
    """The switch is off for a while; a vendor fails; or the portal hears of it after both ways are on again."""
    go(sides, "to_quickbooks")
    sides.invoice()
    if between != "late":
        sides.sync()
    if between == "off":
        harness.switch(False)
    go(sides, "both")
    if between == "late":
        SyncSettings.objects.update(one_way_until=timezone.now() + timedelta(seconds=2))
    if between == "off":
        sides.sync()
        assert SyncRun.objects.open().get().cause == "invoice_sync_off"
        harness.switch(True)
    if between == "fault":
        harness.portal.simulator.fault(
            "error_500", vendor="quickbooks", method="GET", path="/invoice", times=1
        )
    sides.sync()
    assert not invoices(sides)
    assert harness.held().cause == "kept_while_one_way"
    harness.decide("bring_over")
    assert len(invoices(sides)) == 1
    assert_nothing_left_to_do(sides)


def test_what_somebody_leaves_in_quickbooks_is_not_asked_about_again(
    sides: TwoWayHarness, harness: InvoiceHarness
) -> None:
    go(sides, "to_quickbooks")
    made = sides.invoice()
    sides.sync()
    go(sides, "both")
    sides.sync()
    harness.decide("discard")
    stood = documents(sides)
    ring_again(sides)
    sides.sync()
    assert documents(sides) == stood
    assert not SyncRun.objects.open().exists()
    SyncSettings.objects.update(one_way_until=timezone.now() - timedelta(minutes=1))
    sides.change(made, due="2027-03-04")
    sides.sync()
    assert len(invoices(sides)) == 1


def test_a_question_about_lines_and_what_stays_in_quickbooks_come_to_rest(
    sides: TwoWayHarness, harness: InvoiceHarness
) -> None:
    """The lines are asked about, the due date stays in QuickBooks: neither run asks for the other again and again."""
    made = sides.invoice({"item": "Permit", "quantity": "2.5", "price": 40}, due="2027-01-31")
    sides.sync()
    go(sides, "to_quickbooks")
    sides.change(made, due="2027-03-04")
    sides.sync()
    (line,) = lines_of(invoice(sides))
    harness.edit(invoice(sides), lineItems=[{**line, "unitPrice": 120}])
    harness.work()
    assert harness.held().cause == "lines_folded"
    harness.decide("use_quickbooks")
    sides.sync()
    assert (invoice(sides)["amount"], invoice(sides)["dueDate"][:10]) == (100, "2027-03-04")
    go(sides, "both")
    assert_nothing_left_to_do(sides)


def test_what_stays_in_quickbooks_is_counted_though_a_question_beside_it_is_left(
    sides: TwoWayHarness, harness: InvoiceHarness
) -> None:
    made = sides.invoice({"item": "Permit", "quantity": "2.5", "price": 40}, due="2027-01-31")
    sides.sync()
    go(sides, "to_quickbooks")
    sides.change(made, due="2027-03-04")
    sides.sync()
    (line,) = lines_of(invoice(sides))
    harness.edit(invoice(sides), lineItems=[{**line, "unitPrice": 120}])
    harness.work()
    ring_again(sides)
    sides.sync()
    assert kept(sides) == {"invoices": 1, "payments": 0}
    harness.decide("discard", SyncRun.objects.held().get(cause="lines_folded"))
    sides.sync()
    assert kept(sides) == {"invoices": 1, "payments": 0}
    assert_nothing_left_to_do(sides)

    go(sides, "both")
    sides.sync()
    assert harness.held().cause == "kept_while_one_way"
    bring_over(sides)
    assert invoice(sides)["dueDate"][:10] == "2027-03-04"
    harness.decide("use_quickbooks")
    assert invoice(sides)["amount"] == 100
    assert kept(sides) == {"invoices": 0, "payments": 0}
    assert_nothing_left_to_do(sides)
