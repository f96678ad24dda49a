"""A recorded payment that people change, remove or take to the bank, on either side."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from integrations.causes import Cause
from integrations.models import SyncRun
from integrations.sync.engine.context import _shared_cache
from tests.invoice_harness import InvoiceHarness
from tests.simulation import API_KEY


@pytest.fixture
def paid_invoice(harness: InvoiceHarness) -> tuple[InvoiceHarness, dict[str, Any], dict[str, Any]]:
    """$40 of $100, recorded in QuickBooks."""
    invoice = harness.invoice(("Permit", 1, 100))
    payment = harness.pay(invoice, 40, paymentDate="2026-11-20T00:00:00Z")
    harness.work()
    harness.portal.simulator.forget_log()
    return harness, invoice, payment


Paid = tuple[InvoiceHarness, dict[str, Any], dict[str, Any]]


def test_another_amount_and_date_are_written_and_nothing_else(paid_invoice: Paid) -> None:
    harness, invoice, payment = paid_invoice
    before = harness.in_books("Payment")
    harness.change_payment(invoice, payment, amount=Decimal("35.50"), paymentDate="2026-11-21T00:00:00Z")
    harness.work()
    after = harness.in_books("Payment")
    assert (after["TotalAmt"], after["TxnDate"], after["UnappliedAmt"]) == (35.5, "2026-11-21", 0)
    assert harness.in_books()["Balance"] == 64.5
    for name in ("PrivateNote", "PaymentMethodRef", "DepositToAccountRef", "CustomerRef"):
        assert after[name] == before[name]
    assert harness.link("payment").amount_cents == 3550
    harness.portal.simulator.forget_log()
    harness.work()
    harness.sweep()
    assert harness.calls() == []


def test_a_new_reference_or_method_is_no_reason_to_write(paid_invoice: Paid) -> None:
    harness, invoice, payment = paid_invoice
    harness.change_payment(invoice, payment, paymentReference="4711", paymentMethod="CASH")
    harness.work()
    assert harness.calls() == []
    assert harness.link("payment").coperniq_snapshot["reference"] == "4711"
    runs = SyncRun.objects.count()
    harness.edit(invoice, description="Thanks")
    harness.work()
    assert SyncRun.objects.filter(action="push_payment").count() == 2 <= runs


def test_what_people_applied_elsewhere_goes_back_as_read(harness: InvoiceHarness) -> None:
    harness.portal.simulator.switch(overpayment="accept")
    invoice = harness.invoice(("Permit", 1, 100))
    harness.invoice(("Permit", 1, 50))
    payment = harness.pay(invoice, 130)
    harness.work()
    recorded = harness.in_books("Payment")
    ids = {row["TotalAmt"]: row["Id"] for row in harness.books("Invoice")}
    lines = [{name: line[name] for name in ("Amount", "LinkedTxn")} for line in recorded["Line"]]
    elsewhere = {"Amount": 30, "LinkedTxn": [{"TxnId": ids[50], "TxnType": "Invoice"}]}
    harness.edit_books("Payment", recorded["Id"], Line=[*lines, elsewhere])
    harness.change_payment(invoice, payment, amount=90)
    harness.work()
    harness.decide("use_coperniq")
    after = harness.in_books("Payment")
    shares = {line["LinkedTxn"][0]["TxnId"]: line["Amount"] for line in after["Line"]}
    assert (after["TotalAmt"], shares) == (130, {ids[100]: 90, ids[50]: 30})


@pytest.mark.parametrize("stale", [False, True])
def test_an_increase_above_what_is_open_is_applied_up_to_it(paid_invoice: Paid, stale: bool) -> None:
    harness, invoice, payment = paid_invoice
    harness.portal.simulator.switch(overpayment="accept")
    if stale:
        harness.receive(harness.in_books()["Id"], 50)
    harness.change_payment(invoice, payment, amount=130)
    harness.work()
    ours = next(row for row in harness.books("Payment") if row["TotalAmt"] == 130)
    assert ours["Line"][0]["Amount"] == (50 if stale else 100)
    assert (
        f"Only ${50 if stale else 100}.00 was open on invoice 1001" in harness.logged()[-3 if stale else -2]
    )
    assert "waits unapplied with the customer" in harness.logged()[-1]
    assert harness.in_books()["Balance"] == 0


def test_a_smaller_amount_gives_up_what_is_unapplied_first(harness: InvoiceHarness) -> None:
    harness.portal.simulator.switch(overpayment="accept")
    invoice = harness.invoice(("Permit", 1, 100))
    payment = harness.pay(invoice, 130)
    harness.work()
    harness.change_payment(invoice, payment, amount=110)
    harness.work()
    after = harness.in_books("Payment")
    assert (after["TotalAmt"], after["UnappliedAmt"], harness.in_books()["Balance"]) == (110, 10, 0)


@pytest.mark.parametrize(("choice", "total"), [("use_coperniq", 35), ("use_quickbooks", 45)])
def test_changed_on_both_sides_a_person_chooses(paid_invoice: Paid, choice: str, total: int) -> None:
    harness, invoice, payment = paid_invoice
    recorded = harness.in_books("Payment")
    lines = [{"Amount": 45, "LinkedTxn": recorded["Line"][0]["LinkedTxn"]}]
    harness.edit_books("Payment", recorded["Id"], TotalAmt=45, Line=lines)
    harness.change_payment(invoice, payment, amount=35)
    harness.work()
    run = harness.held()
    assert run.cause == Cause.CONFLICT
    assert (
        "Coperniq has $35.00 on November 20, 2026, QuickBooks has $45.00 on November 20, 2026" in run.sentence
    )
    harness.decide(choice)
    assert harness.in_books("Payment")["TotalAmt"] == total
    harness.edit(invoice, description="Thanks")
    harness.work()
    assert not SyncRun.objects.held().exists()


def test_the_same_change_on_both_sides_is_none(paid_invoice: Paid) -> None:
    harness, invoice, payment = paid_invoice
    recorded = harness.in_books("Payment")
    lines = [{"Amount": 45, "LinkedTxn": recorded["Line"][0]["LinkedTxn"]}]
    harness.edit_books("Payment", recorded["Id"], TotalAmt=45, Line=lines)
    harness.change_payment(invoice, payment, amount=45)
    harness.work()
    assert not SyncRun.objects.held().exists()
    assert harness.in_books("Payment")["SyncToken"] == "1"


def test_somebody_changing_it_at_the_same_moment_is_read_again(paid_invoice: Paid) -> None:
    harness, invoice, payment = paid_invoice
    harness.portal.simulator.fault("stale", path="/payment", times=1)
    harness.change_payment(invoice, payment, amount=35)
    harness.work()
    assert harness.in_books("Payment")["TotalAmt"] == 35


def test_one_in_a_bank_deposit_is_held_until_it_is_taken_out(harness: InvoiceHarness) -> None:
    waiting = next(row for row in harness.books("Account") if row.get("AccountSubType") == "UndepositedFunds")
    harness.configure(deposit_accounts={"CHECK": waiting["Id"]})
    invoice = harness.invoice(("Permit", 1, 100))
    payment = harness.pay(invoice, 40, paymentDate="2026-11-20T00:00:00Z")
    harness.work()
    realm, recorded = harness.portal.realm, harness.in_books("Payment")
    deposit = harness.portal.simulator.control(f"quickbooks/{realm}/deposits", {"payments": [recorded["Id"]]})
    harness.change_payment(invoice, payment, amount=35)
    harness.work()
    run = harness.held()
    assert run.cause == Cause.DEPOSITED
    assert run.sentence.startswith(
        "The payment of $40.00 for invoice 1001 is now $35.00 on November 20, 2026 in Coperniq"
    )
    harness.portal.simulator.control(f"quickbooks/{realm}/records/Deposit/{deposit['Id']}", None, "DELETE")
    harness.decide("retry")
    assert harness.in_books("Payment")["TotalAmt"] == 35


def test_one_that_vanished_is_held_once_and_stays_in_quickbooks(paid_invoice: Paid) -> None:
    harness, invoice, payment = paid_invoice
    harness.remove_payment(invoice, payment)
    harness.work()
    assert harness.held().cause == Cause.PAYMENT_VANISHED
    harness.decide("discard")
    harness.pay(invoice, 10)
    harness.work()
    assert not SyncRun.objects.held().exists()
    assert [row["TotalAmt"] for row in harness.books("Payment")] == [40, 10]


def test_one_that_bounced_is_held_and_may_be_left(paid_invoice: Paid) -> None:
    harness, invoice, payment = paid_invoice
    harness.change_payment(invoice, payment, status="FAILED")
    harness.work()
    run = harness.held()
    assert run.cause == Cause.PAYMENT_STATUS
    assert "now has the status FAILED in Coperniq, but QuickBooks still has it." in run.sentence
    assert [choice["key"] for choice in run.choices] == ["use_quickbooks", "retry", "discard"]
    harness.decide("use_quickbooks")
    harness.edit(invoice, description="Thanks")
    harness.work()
    assert not SyncRun.objects.held().exists()
    assert harness.in_books("Payment")["TotalAmt"] == 40


def test_a_change_that_was_left_is_not_asked_about_again_until_the_next(paid_invoice: Paid) -> None:
    harness, invoice, payment = paid_invoice
    harness.change_payment(invoice, payment, status="FAILED")
    harness.work()
    harness.decide("discard")
    harness.edit(invoice, description="Thanks")
    harness.work()
    assert not SyncRun.objects.held().exists()
    harness.portal.simulator.control("clock", {"shift_seconds": 60})
    harness.change_payment(invoice, payment, status="VOIDED")
    harness.work()
    assert harness.held().cause == "payment_status"


@pytest.mark.parametrize("how", ["void", "delete"])
def test_one_gone_from_quickbooks_is_held_when_coperniq_changes_it(paid_invoice: Paid, how: str) -> None:
    harness, invoice, payment = paid_invoice
    realm, recorded = harness.portal.realm, harness.in_books("Payment")
    path = f"quickbooks/{realm}/payments/{recorded['Id']}/void"
    if how == "delete":
        harness.portal.simulator.control(
            f"quickbooks/{realm}/records/Payment/{recorded['Id']}", None, "DELETE"
        )
    else:
        harness.portal.simulator.control(path)
    harness.change_payment(invoice, payment, amount=35)
    harness.work()
    assert harness.held().cause == "quickbooks_payment_missing"


@pytest.mark.parametrize("amount", [0, -5])
def test_an_amount_that_became_nothing_is_held(paid_invoice: Paid, amount: int) -> None:
    harness, invoice, payment = paid_invoice
    harness.change_payment(invoice, payment, amount=amount)
    harness.work()
    assert harness.held().cause == "payment_not_positive"
    assert harness.in_books("Payment")["TotalAmt"] == 40


@pytest.mark.parametrize("new_day", ["2026-11-20T00:00:00Z", "2026-10-01T00:00:00Z"])
def test_closed_books_keep_a_payment_as_it_is(paid_invoice: Paid, new_day: str) -> None:
    """Neither the day it has nor the day it would get may be in them."""
    harness, invoice, payment = paid_invoice
    until = "2026-11-30" if "11-20" in new_day else "2026-10-31"
    harness.portal.simulator.control(
        f"quickbooks/{harness.portal.realm}", {"book_close_date": until}, "PATCH"
    )
    harness.portal.quickbooks.__class__.objects.update(preferences_read_at=None)
    harness.change_payment(invoice, payment, amount=35, paymentDate=new_day)
    harness.work()
    assert harness.held().cause == "books_closed"
    assert harness.calls(write=True) == []
    harness.portal.simulator.control(f"quickbooks/{harness.portal.realm}", {"book_close_date": ""}, "PATCH")
    harness.decide("retry")
    assert harness.in_books("Payment")["TotalAmt"] == 35


def test_an_invoice_out_of_sight_leaves_its_payment_vanished(paid_invoice: Paid) -> None:
    harness, invoice, payment = paid_invoice
    harness.portal.simulator.control(f"coperniq/{API_KEY}/invoices/{invoice['id']}", None, "DELETE")
    _shared_cache.clear()
    SyncRun.objects.request(
        SyncRun(
            company=harness.portal.company,
            connection=harness.portal.quickbooks,
            kind="payment",
            action="push_payment",
            coperniq_id=str(payment["id"]),
            coperniq_parent_id=str(invoice["id"]),
        )
    )
    harness.portal.work()
    assert harness.held().cause == "payment_vanished"
