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
def paid(money: InvoiceHarness) -> tuple[InvoiceHarness, dict[str, Any], dict[str, Any]]:
    """$40 of $100, recorded in QuickBooks."""
    invoice = money.invoice(("Permit", 1, 100))
    payment = money.pay(invoice, 40, paymentDate="2026-11-20T00:00:00Z")
    money.work()
    money.office.simulator.forget_log()
    return money, invoice, payment


Paid = tuple[InvoiceHarness, dict[str, Any], dict[str, Any]]


def test_another_amount_and_date_are_written_and_nothing_else(paid: Paid) -> None:
    money, invoice, payment = paid
    before = money.in_books("Payment")
    money.change_payment(invoice, payment, amount=Decimal("35.50"), paymentDate="2026-11-21T00:00:00Z")
    money.work()
    after = money.in_books("Payment")
    assert (after["TotalAmt"], after["TxnDate"], after["UnappliedAmt"]) == (35.5, "2026-11-21", 0)
    assert money.in_books()["Balance"] == 64.5
    for name in ("PrivateNote", "PaymentMethodRef", "DepositToAccountRef", "CustomerRef"):
        assert after[name] == before[name]
    assert money.link("payment").amount_cents == 3550
    money.office.simulator.forget_log()
    money.work()
    money.sweep()
    assert money.calls() == []


def test_a_new_reference_or_method_is_no_reason_to_write(paid: Paid) -> None:
    money, invoice, payment = paid
    money.change_payment(invoice, payment, paymentReference="4711", paymentMethod="CASH")
    money.work()
    assert money.calls() == []
    assert money.link("payment").coperniq_snapshot["reference"] == "4711"
    runs = SyncRun.objects.count()
    money.edit(invoice, description="Thanks")
    money.work()
    assert SyncRun.objects.filter(action="push_payment").count() == 2 <= runs


def test_what_people_applied_elsewhere_goes_back_as_read(money: InvoiceHarness) -> None:
    money.office.simulator.switch(overpayment="accept")
    invoice = money.invoice(("Permit", 1, 100))
    money.invoice(("Permit", 1, 50))
    payment = money.pay(invoice, 130)
    money.work()
    recorded = money.in_books("Payment")
    ids = {row["TotalAmt"]: row["Id"] for row in money.books("Invoice")}
    lines = [{name: line[name] for name in ("Amount", "LinkedTxn")} for line in recorded["Line"]]
    elsewhere = {"Amount": 30, "LinkedTxn": [{"TxnId": ids[50], "TxnType": "Invoice"}]}
    money.edit_books("Payment", recorded["Id"], Line=[*lines, elsewhere])
    money.change_payment(invoice, payment, amount=120)
    money.work()
    after = money.in_books("Payment")
    shares = {line["LinkedTxn"][0]["TxnId"]: line["Amount"] for line in after["Line"]}
    assert (after["TotalAmt"], shares) == (120, {ids[100]: 90, ids[50]: 30})


@pytest.mark.parametrize("stale", [False, True])
def test_an_increase_above_what_is_open_is_applied_up_to_it(paid: Paid, stale: bool) -> None:
    money, invoice, payment = paid
    money.office.simulator.switch(overpayment="accept")
    if stale:
        money.receive(money.in_books()["Id"], 50)
    money.change_payment(invoice, payment, amount=130)
    money.work()
    ours = next(row for row in money.books("Payment") if row["TotalAmt"] == 130)
    assert ours["Line"][0]["Amount"] == (50 if stale else 100)
    assert f"Only ${50 if stale else 100}.00 was open on invoice 1001" in money.told()[-1]
    assert money.in_books()["Balance"] == 0


def test_a_smaller_amount_gives_up_what_is_unapplied_first(money: InvoiceHarness) -> None:
    money.office.simulator.switch(overpayment="accept")
    invoice = money.invoice(("Permit", 1, 100))
    payment = money.pay(invoice, 130)
    money.work()
    money.change_payment(invoice, payment, amount=110)
    money.work()
    after = money.in_books("Payment")
    assert (after["TotalAmt"], after["UnappliedAmt"], money.in_books()["Balance"]) == (110, 10, 0)


@pytest.mark.parametrize(("choice", "total"), [("use_coperniq", 35), ("use_quickbooks", 45)])
def test_changed_on_both_sides_a_person_chooses(paid: Paid, choice: str, total: int) -> None:
    money, invoice, payment = paid
    recorded = money.in_books("Payment")
    lines = [{"Amount": 45, "LinkedTxn": recorded["Line"][0]["LinkedTxn"]}]
    money.edit_books("Payment", recorded["Id"], TotalAmt=45, Line=lines)
    money.change_payment(invoice, payment, amount=35)
    money.work()
    run = money.held()
    assert run.cause == Cause.CONFLICT
    assert "Coperniq has $35.00 on 2026-11-20, QuickBooks has $45.00 on 2026-11-20" in run.sentence
    money.decide(choice)
    assert money.in_books("Payment")["TotalAmt"] == total
    money.edit(invoice, description="Thanks")
    money.work()
    assert not SyncRun.objects.held().exists()


def test_the_same_change_on_both_sides_is_none(paid: Paid) -> None:
    money, invoice, payment = paid
    recorded = money.in_books("Payment")
    lines = [{"Amount": 45, "LinkedTxn": recorded["Line"][0]["LinkedTxn"]}]
    money.edit_books("Payment", recorded["Id"], TotalAmt=45, Line=lines)
    money.change_payment(invoice, payment, amount=45)
    money.work()
    assert not SyncRun.objects.held().exists()
    assert money.in_books("Payment")["SyncToken"] == "1"


def test_somebody_changing_it_at_the_same_moment_is_read_again(paid: Paid) -> None:
    money, invoice, payment = paid
    money.office.simulator.fault("stale", path="/payment", times=1)
    money.change_payment(invoice, payment, amount=35)
    money.work()
    assert money.in_books("Payment")["TotalAmt"] == 35


def test_one_in_a_bank_deposit_is_held_until_it_is_taken_out(money: InvoiceHarness) -> None:
    waiting = next(row for row in money.books("Account") if row.get("AccountSubType") == "UndepositedFunds")
    money.configure(deposit_accounts={"CHECK": waiting["Id"]})
    invoice = money.invoice(("Permit", 1, 100))
    payment = money.pay(invoice, 40, paymentDate="2026-11-20T00:00:00Z")
    money.work()
    realm, recorded = money.office.realm, money.in_books("Payment")
    deposit = money.office.simulator.control(f"quickbooks/{realm}/deposits", {"payments": [recorded["Id"]]})
    money.change_payment(invoice, payment, amount=35)
    money.work()
    run = money.held()
    assert run.cause == Cause.DEPOSITED
    assert run.sentence.startswith(
        "The payment of $40.00 for invoice 1001 is now $35.00 on 2026-11-20 in Coperniq"
    )
    money.office.simulator.control(f"quickbooks/{realm}/records/Deposit/{deposit['Id']}", None, "DELETE")
    money.decide("retry")
    assert money.in_books("Payment")["TotalAmt"] == 35


def test_one_that_vanished_is_held_once_and_stays_in_quickbooks(paid: Paid) -> None:
    money, invoice, payment = paid
    money.remove_payment(invoice, payment)
    money.work()
    assert money.held().cause == Cause.PAYMENT_VANISHED
    money.decide("discard")
    money.pay(invoice, 10)
    money.work()
    assert not SyncRun.objects.held().exists()
    assert [row["TotalAmt"] for row in money.books("Payment")] == [40, 10]


def test_one_that_bounced_is_held_and_may_be_left(paid: Paid) -> None:
    money, invoice, payment = paid
    money.change_payment(invoice, payment, status="FAILED")
    money.work()
    run = money.held()
    assert run.cause == Cause.PAYMENT_STATUS
    assert "now has the status FAILED in Coperniq, but QuickBooks still has it." in run.sentence
    assert [choice["key"] for choice in run.choices] == ["use_quickbooks", "retry", "discard"]
    money.decide("use_quickbooks")
    money.edit(invoice, description="Thanks")
    money.work()
    assert not SyncRun.objects.held().exists()
    assert money.in_books("Payment")["TotalAmt"] == 40


def test_a_change_that_was_left_is_not_asked_about_again_until_the_next(paid: Paid) -> None:
    money, invoice, payment = paid
    money.change_payment(invoice, payment, status="FAILED")
    money.work()
    money.decide("discard")
    money.edit(invoice, description="Thanks")
    money.work()
    assert not SyncRun.objects.held().exists()
    money.office.simulator.control("clock", {"shift_seconds": 60})
    money.change_payment(invoice, payment, status="VOIDED")
    money.work()
    assert money.held().cause == "payment_status"


@pytest.mark.parametrize("how", ["void", "delete"])
def test_one_gone_from_quickbooks_is_held_when_coperniq_changes_it(paid: Paid, how: str) -> None:
    money, invoice, payment = paid
    realm, recorded = money.office.realm, money.in_books("Payment")
    path = f"quickbooks/{realm}/payments/{recorded['Id']}/void"
    if how == "delete":
        money.office.simulator.control(f"quickbooks/{realm}/records/Payment/{recorded['Id']}", None, "DELETE")
    else:
        money.office.simulator.control(path)
    money.change_payment(invoice, payment, amount=35)
    money.work()
    assert money.held().cause == "quickbooks_payment_missing"


@pytest.mark.parametrize("amount", [0, -5])
def test_an_amount_that_became_nothing_is_held(paid: Paid, amount: int) -> None:
    money, invoice, payment = paid
    money.change_payment(invoice, payment, amount=amount)
    money.work()
    assert money.held().cause == "payment_not_positive"
    assert money.in_books("Payment")["TotalAmt"] == 40


@pytest.mark.parametrize("new_day", ["2026-11-20T00:00:00Z", "2026-10-01T00:00:00Z"])
def test_closed_books_keep_a_payment_as_it_is(paid: Paid, new_day: str) -> None:
    """Neither the day it has nor the day it would get may be in them."""
    money, invoice, payment = paid
    until = "2026-11-30" if "11-20" in new_day else "2026-10-31"
    money.office.simulator.control(f"quickbooks/{money.office.realm}", {"book_close_date": until}, "PATCH")
    money.office.quickbooks.__class__.objects.update(preferences_read_at=None)
    money.change_payment(invoice, payment, amount=35, paymentDate=new_day)
    money.work()
    assert money.held().cause == "books_closed"
    assert money.calls(write=True) == []
    money.office.simulator.control(f"quickbooks/{money.office.realm}", {"book_close_date": ""}, "PATCH")
    money.decide("retry")
    assert money.in_books("Payment")["TotalAmt"] == 35


def test_an_invoice_out_of_sight_leaves_its_payment_vanished(paid: Paid) -> None:
    money, invoice, payment = paid
    money.office.simulator.control(f"coperniq/{API_KEY}/invoices/{invoice['id']}", None, "DELETE")
    _shared_cache.clear()
    SyncRun.objects.request(
        SyncRun(
            company=money.office.company,
            connection=money.office.quickbooks,
            kind="payment",
            action="push_payment",
            coperniq_id=str(payment["id"]),
            coperniq_parent_id=str(invoice["id"]),
        )
    )
    money.office.work()
    assert money.held().cause == "payment_vanished"
