"""A payment in Coperniq becomes one payment in QuickBooks: to the cent, on its day, by its method, in its account."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun
from integrations.sync.payments import push_create as payments_push_create
from integrations.sync.payments import push_update as payments_push_update
from tests.invoice_harness import InvoiceHarness


def paid(money: InvoiceHarness, amount: object = 40, **fields: Any) -> dict[str, Any]:
    """One payment on an invoice of $100, as QuickBooks has it."""
    invoice = money.invoice(("Permit", 1, 100))
    money.pay(invoice, amount, **fields)
    money.work()
    return money.in_books("Payment")


def account_named(money: InvoiceHarness, name: str) -> dict[str, Any]:
    return next(row for row in money.books("Account") if row["Name"] == name)


def test_amount_customer_and_invoice_are_the_invoices_own(money: InvoiceHarness) -> None:
    payment = paid(money, "40.37")
    invoice = money.in_books()
    assert payment["TotalAmt"] == 40.37
    assert payment["CustomerRef"] == invoice["CustomerRef"]
    assert [line["LinkedTxn"] for line in payment["Line"]] == [
        [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]
    ]
    assert invoice["Balance"] == 59.63
    assert payment["PrivateNote"].startswith("[Coperniq payment ")
    link = money.link("payment")
    assert (link.quickbooks_id, link.amount_cents, link.match_method) == (payment["Id"], 4037, "created")
    assert money.told()[-1] == "done: Recorded the payment of $40.37 for invoice 1001 in QuickBooks."


def test_a_second_look_changes_nothing_and_costs_nothing(money: InvoiceHarness) -> None:
    paid(money)
    money.office.simulator.forget_log()
    money.work()
    money.sweep()
    assert money.calls() == []
    assert len(money.books("Payment")) == 1


def test_several_payments_at_once_are_read_from_one_list(money: InvoiceHarness) -> None:
    invoice = money.invoice(("Permit", 1, 100))
    for amount in (10, 20, "30.01"):
        money.pay(invoice, amount)
    money.work()
    assert sorted(row["TotalAmt"] for row in money.books("Payment")) == [10, 20, 30.01]
    assert money.in_books()["Balance"] == 39.99
    lists = [call for call in money.office.simulator.log("coperniq") if call["path"].endswith("/payments")]
    assert len(lists) == 1


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-02T00:00:00Z", "2026-11-02"),  # a day somebody picked
        ("2026-11-02T03:30:00Z", "2026-11-01"),  # the evening before, in Denver
        ("2026-11-02T18:00:00Z", "2026-11-02"),
    ],
)
def test_a_date_is_a_day_and_a_moment_is_seen_from_the_companys_zone(
    money: InvoiceHarness, moment: str, day: str
) -> None:
    assert paid(money, paymentDate=moment)["TxnDate"] == day


@pytest.mark.parametrize(
    ("reference", "kept", "noted"),
    [
        ("CHK 1042", "CHK 1042", False),
        ("R" * 21, "R" * 21, False),
        ("R" * 20 + "XYZ", "R" * 20 + "X", True),
        ("  4711  ", "4711", False),
    ],
)
def test_a_reference_longer_than_quickbooks_takes_goes_to_the_note(
    money: InvoiceHarness, reference: str, kept: str, noted: bool
) -> None:
    payment = paid(money, paymentReference=reference)
    assert payment["PaymentRefNum"] == kept
    assert (f"Reference {reference}" in payment["PrivateNote"]) is noted


def test_where_quickbooks_takes_less_of_a_reference_all_of_it_goes_to_the_note(money: InvoiceHarness) -> None:
    money.office.simulator.switch(payment_reference_limit=10)
    payment = paid(money, paymentReference="CHEQUE-1042-OF-MAY")
    assert "PaymentRefNum" not in payment
    assert "Reference CHEQUE-1042-OF-MAY" in payment["PrivateNote"]


def test_notes_of_coperniq_are_kept_before_the_mark(money: InvoiceHarness) -> None:
    lines = paid(money, notes="Left at the door")["PrivateNote"].split("\n")
    assert lines[0] == "Left at the door"
    assert lines[-1].startswith("[Coperniq payment ")


@pytest.mark.parametrize(
    ("method", "name", "type_"),
    [
        ("CASH", "Cash", "NON_CREDIT_CARD"),
        ("CHECK", "Check", "NON_CREDIT_CARD"),
        ("ACH", "ACH", "NON_CREDIT_CARD"),
        ("CREDIT_CARD", "Card", "CREDIT_CARD"),
        ("KLARNA", "Card", "CREDIT_CARD"),
        ("AFFIRM", "Card", "CREDIT_CARD"),
    ],
)
def test_each_method_has_its_name_in_quickbooks(
    money: InvoiceHarness, method: str, name: str, type_: str
) -> None:
    payment = paid(money, paymentMethod=method)
    used = next(
        row for row in money.books("PaymentMethod") if row["Id"] == payment["PaymentMethodRef"]["value"]
    )
    assert used["Name"] == name
    assert len([row for row in money.books("PaymentMethod") if row["Name"] == name]) == 1
    if name in ("ACH", "Card"):
        assert used["Type"] == type_


def test_an_unknown_method_is_a_word_in_the_note(money: InvoiceHarness) -> None:
    payment = paid(money, paymentMethod="BARTER")
    assert "PaymentMethodRef" not in payment
    assert "Paid by BARTER" in payment["PrivateNote"]
    assert (
        "QuickBooks has no payment method for BARTER, so the method is in the payment's memo instead."
        in money.told()[-1]
    )


def test_no_method_at_all_is_nothing_to_speak_of(money: InvoiceHarness) -> None:
    payment = paid(money, paymentMethod="")
    assert "PaymentMethodRef" not in payment
    assert money.told()[-1].startswith("done: Recorded")


@pytest.mark.parametrize("frees", [True, False])
def test_an_inactive_method_is_made_anew_or_done_without(money: InvoiceHarness, frees: bool) -> None:
    money.office.simulator.switch(inactive_name_frees=frees)
    made = money.office.simulator.in_books(
        money.office.realm, "PaymentMethod", Name="ACH", Type="NON_CREDIT_CARD"
    )
    money.edit_books("PaymentMethod", made["Id"], Active=False)
    payment = paid(money, paymentMethod="ACH")
    assert ("PaymentMethodRef" in payment) is frees
    assert ("“ACH” is inactive" in money.told()[-1]) is not frees


def test_more_than_is_open_waits_unapplied(money: InvoiceHarness) -> None:
    money.office.simulator.switch(overpayment="accept")
    payment = paid(money, 130)
    assert (payment["TotalAmt"], payment["UnappliedAmt"], payment["Line"][0]["Amount"]) == (130, 30, 100)
    assert money.told()[-1].startswith("done_with_warning: Recorded the payment of $130.00")
    assert "Only $100.00 was open on invoice 1001: the other $30.00 waits unapplied" in money.told()[-1]


def test_what_somebody_paid_in_quickbooks_meanwhile_is_found_out(money: InvoiceHarness) -> None:
    """Refused for the balance we believed in: the invoice is looked at again, and the payment is right."""
    invoice = money.invoice(("Permit", 1, 100))
    money.work()
    money.receive(money.in_books()["Id"], 70, date="2026-01-05")
    money.pay(invoice, 50)
    money.work()
    ours = next(row for row in money.books("Payment") if row["TotalAmt"] == 50)
    assert (ours["Line"][0]["Amount"], ours["UnappliedAmt"]) == (30, 20)
    assert "Only $30.00 was open" in money.told()[-1]


def test_what_somebody_voided_in_quickbooks_is_open_again(money: InvoiceHarness) -> None:
    """What we believe to be paid is looked at before money is left unapplied."""
    invoice = money.invoice(("Permit", 1, 100))
    wrong = money.pay(invoice, 100)
    money.work()
    realm = money.office.realm
    money.office.simulator.control(f"quickbooks/{realm}/payments/{money.in_books('Payment')['Id']}/void")
    money.remove_payment(invoice, wrong)
    money.pay(invoice, 100, paymentReference="second check")
    money.work()
    ours = next(row for row in money.books("Payment") if row.get("PaymentRefNum") == "second check")
    assert (ours["UnappliedAmt"], money.in_books()["Balance"]) == (0, 0)


@pytest.mark.parametrize("foreign", ["refuse", "ignore"])
def test_an_invoice_moved_in_quickbooks_is_paid_by_its_new_customer(
    money: InvoiceHarness, foreign: str
) -> None:
    """QuickBooks refuses the line of another customer's invoice (620), or leaves it out without a word."""
    money.office.simulator.switch(foreign_invoice=foreign)
    invoice = money.invoice(("Permit", 1, 100))
    money.work()
    other = money.office.simulator.in_books(money.office.realm, DisplayName="Somebody Else")
    money.edit_books("Invoice", money.in_books()["Id"], CustomerRef={"value": other["Id"]})
    money.pay(invoice, 40)
    money.work()
    payment = money.in_books("Payment")
    assert payment["CustomerRef"]["value"] == other["Id"]
    assert (payment["UnappliedAmt"], money.in_books()["Balance"]) == (0, 60)
    assert money.held().cause == "quickbooks_invoice_moved"
    money.work()
    assert len(money.books("Payment")) == 1


def test_a_line_that_never_gets_onto_its_invoice_is_a_warning(
    money: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    money.office.simulator.switch(foreign_invoice="ignore", parent_pays_jobs="never")
    invoice = money.invoice(("Permit", 1, 100))
    money.work()
    link = money.link("invoice")
    parent = RecordLink.objects.get(kind="customer").quickbooks_id
    image = {**link.quickbooks_snapshot, "customer": parent}
    RecordLink.objects.filter(pk=link.pk).update(quickbooks_snapshot=image)
    monkeypatch.setattr(payments_push_update, "customer_of_payment", lambda *_: parent)
    money.pay(invoice, 40)
    money.work()
    assert money.in_books()["Balance"] == 100
    assert (
        "done_with_warning: Corrected the payment of $40.00 for invoice 1001 in QuickBooks. QuickBooks did not apply "
        "$40.00 of it to the invoice: it waits unapplied with the customer. Apply it in QuickBooks by hand."
    ) in money.told()


def test_an_invoice_deleted_in_quickbooks_leaves_the_money_nowhere_to_go(money: InvoiceHarness) -> None:
    invoice = money.invoice(("Permit", 1, 100))
    money.work()
    realm = money.office.realm
    money.office.simulator.control(
        f"quickbooks/{realm}/records/Invoice/{money.in_books()['Id']}", None, "DELETE"
    )
    money.pay(invoice, 40)
    money.work()
    assert SyncRun.objects.held().get(kind="payment").cause == "invoice_ended"
    assert money.books("Payment") == []


def test_an_invoice_voided_in_quickbooks_leaves_the_money_nowhere_to_go(money: InvoiceHarness) -> None:
    invoice = money.invoice(("Permit", 1, 100))
    money.work()
    realm = money.office.realm
    money.office.simulator.control(f"quickbooks/{realm}/invoices/{money.in_books()['Id']}/void")
    money.pay(invoice, 40)
    money.work()
    assert SyncRun.objects.held().get(kind="payment").cause == "invoice_ended"


def test_a_payment_without_a_date_takes_the_day_it_was_entered(money: InvoiceHarness) -> None:
    assert paid(money, paymentDate=None)["TxnDate"]


def test_a_payment_nobody_dated_is_held(money: InvoiceHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coperniq documents both its date and the moment it was entered as optional."""
    with monkeypatch.context() as patch:
        patch.setattr(payments_push_create, "paid_on", lambda *_: None)
        money.pay(money.invoice(("Permit", 1, 100)), 40)
        money.work()
    assert money.held().cause == "payment_without_date"
    money.decide("retry")
    assert len(money.books("Payment")) == 1
