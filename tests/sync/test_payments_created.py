"""A payment in Coperniq becomes one payment in QuickBooks: to the cent, on its day, by its method, in its account."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun
from integrations.sync.payments import push_create as payments_push_create
from integrations.sync.payments import push_update as payments_push_update
from tests.invoice_harness import InvoiceHarness


def paid(harness: InvoiceHarness, amount: object = 40, **fields: Any) -> dict[str, Any]:
    """One payment on an invoice of $100, as QuickBooks has it."""
    invoice = harness.invoice(("Permit", 1, 100))
    harness.pay(invoice, amount, **fields)
    harness.work()
    return harness.in_books("Payment")


def account_named(harness: InvoiceHarness, name: str) -> dict[str, Any]:
    return next(row for row in harness.books("Account") if row["Name"] == name)


def test_amount_customer_and_invoice_are_the_invoices_own(harness: InvoiceHarness) -> None:
    payment = paid(harness, "40.37")
    invoice = harness.in_books()
    assert payment["TotalAmt"] == 40.37
    assert payment["CustomerRef"] == invoice["CustomerRef"]
    assert [line["LinkedTxn"] for line in payment["Line"]] == [
        [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]
    ]
    assert invoice["Balance"] == 59.63
    assert payment["PrivateNote"].startswith("[Coperniq ")
    link = harness.link("payment")
    assert (link.quickbooks_id, link.amount_cents, link.match_method) == (payment["Id"], 4037, "created")
    assert harness.logged()[-1] == "done: Recorded the payment of $40.37 for invoice 1001 in QuickBooks."


def test_a_second_look_changes_nothing_and_costs_nothing(harness: InvoiceHarness) -> None:
    paid(harness)
    harness.portal.simulator.forget_log()
    harness.work()
    harness.sweep()
    assert harness.calls() == []
    assert len(harness.books("Payment")) == 1


def test_several_payments_at_once_are_read_from_one_list(harness: InvoiceHarness) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    for amount in (10, 20, "30.01"):
        harness.pay(invoice, amount)
    harness.work()
    assert sorted(row["TotalAmt"] for row in harness.books("Payment")) == [10, 20, 30.01]
    assert harness.in_books()["Balance"] == 39.99
    lists = [call for call in harness.portal.simulator.log("coperniq") if call["path"].endswith("/payments")]
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
    harness: InvoiceHarness, moment: str, day: str
) -> None:
    assert paid(harness, paymentDate=moment)["TxnDate"] == day


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
    harness: InvoiceHarness, reference: str, kept: str, noted: bool
) -> None:
    payment = paid(harness, paymentReference=reference)
    assert payment["PaymentRefNum"] == kept
    assert (f"Reference {reference}" in payment["PrivateNote"]) is noted


def test_where_quickbooks_takes_less_of_a_reference_all_of_it_goes_to_the_note(
    harness: InvoiceHarness,
) -> None:
    harness.portal.simulator.switch(payment_reference_limit=10)
    payment = paid(harness, paymentReference="CHEQUE-1042-OF-MAY")
    assert "PaymentRefNum" not in payment
    assert "Reference CHEQUE-1042-OF-MAY" in payment["PrivateNote"]


def test_notes_of_coperniq_are_kept_before_the_mark(harness: InvoiceHarness) -> None:
    lines = paid(harness, notes="Left at the door")["PrivateNote"].split("\n")
    assert lines[0] == "Left at the door"
    assert lines[-1].startswith("[Coperniq ")


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
    harness: InvoiceHarness, method: str, name: str, type_: str
) -> None:
    payment = paid(harness, paymentMethod=method)
    used = next(
        row for row in harness.books("PaymentMethod") if row["Id"] == payment["PaymentMethodRef"]["value"]
    )
    assert used["Name"] == name
    assert len([row for row in harness.books("PaymentMethod") if row["Name"] == name]) == 1
    if name in ("ACH", "Card"):
        assert used["Type"] == type_


def test_an_unknown_method_is_a_word_in_the_note(harness: InvoiceHarness) -> None:
    payment = paid(harness, paymentMethod="BARTER")
    assert "PaymentMethodRef" not in payment
    assert "Paid by BARTER" in payment["PrivateNote"]
    assert (
        "QuickBooks has no payment method for BARTER, so the method is in the payment's memo instead."
        in harness.logged()[-1]
    )


def test_no_method_at_all_is_nothing_to_speak_of(harness: InvoiceHarness) -> None:
    payment = paid(harness, paymentMethod="")
    assert "PaymentMethodRef" not in payment
    assert harness.logged()[-1].startswith("done: Recorded")


@pytest.mark.parametrize("frees", [True, False])
def test_an_inactive_method_is_made_anew_or_done_without(harness: InvoiceHarness, frees: bool) -> None:
    harness.portal.simulator.switch(inactive_name_frees=frees)
    made = harness.portal.simulator.in_books(
        harness.portal.realm, "PaymentMethod", Name="ACH", Type="NON_CREDIT_CARD"
    )
    harness.edit_books("PaymentMethod", made["Id"], Active=False)
    payment = paid(harness, paymentMethod="ACH")
    assert ("PaymentMethodRef" in payment) is frees
    assert ("“ACH” is inactive" in harness.logged()[-1]) is not frees


def test_more_than_is_open_waits_unapplied(harness: InvoiceHarness) -> None:
    harness.portal.simulator.switch(overpayment="accept")
    payment = paid(harness, 130)
    assert (payment["TotalAmt"], payment["UnappliedAmt"], payment["Line"][0]["Amount"]) == (130, 30, 100)
    recorded, compared = harness.logged()[-2:]
    assert recorded.startswith("done_with_warning: Recorded the payment of $130.00")
    assert "Only $100.00 was open on invoice 1001: the other $30.00 waits unapplied" in recorded
    assert compared.startswith(
        "done_with_warning: On invoice 1001 $0.00 is open in QuickBooks, and -$30.00 in Coperniq"
    )


def test_what_somebody_paid_in_quickbooks_meanwhile_is_found_out(harness: InvoiceHarness) -> None:
    """Refused for the balance we believed in: the invoice is looked at again, and the payment is right."""
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    harness.receive(harness.in_books()["Id"], 70, date="2026-01-05")
    harness.pay(invoice, 50)
    harness.work()
    ours = next(row for row in harness.books("Payment") if row["TotalAmt"] == 50)
    assert (ours["Line"][0]["Amount"], ours["UnappliedAmt"]) == (30, 20)
    assert "Only $30.00 was open" in harness.logged()[-3]
    assert "held: QuickBooks has a payment of $70.00" in harness.logged()[-2]


@pytest.mark.parametrize("end", ["voided", "deleted"])
@pytest.mark.parametrize("reference", ["second check", ""])
def test_what_somebody_ended_in_quickbooks_is_open_again(
    harness: InvoiceHarness, end: str, reference: str
) -> None:
    """What we believe to be paid is looked at before money is left unapplied."""
    invoice = harness.invoice(("Permit", 1, 100))
    wrong = harness.pay(invoice, 100)
    harness.work()
    realm = harness.portal.realm
    former = harness.in_books("Payment")["Id"]
    if end == "voided":
        harness.portal.simulator.control(f"quickbooks/{realm}/payments/{former}/void")
    else:
        harness.portal.simulator.control(f"quickbooks/{realm}/records/Payment/{former}", None, "DELETE")
    harness.remove_payment(invoice, wrong)
    harness.pay(invoice, 100, paymentReference=reference)
    harness.work()
    ours = next(row for row in harness.books("Payment") if row["Id"] != former)
    assert (ours["UnappliedAmt"], harness.in_books()["Balance"]) == (0, 0)


@pytest.mark.parametrize("foreign", ["refuse", "ignore"])
def test_an_invoice_moved_in_quickbooks_is_paid_by_its_new_customer(
    harness: InvoiceHarness, foreign: str
) -> None:
    """QuickBooks refuses the line of another customer's invoice (620), or leaves it out without a word."""
    harness.portal.simulator.switch(foreign_invoice=foreign)
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    other = harness.portal.simulator.in_books(harness.portal.realm, DisplayName="Somebody Else")
    harness.edit_books("Invoice", harness.in_books()["Id"], CustomerRef={"value": other["Id"]})
    harness.pay(invoice, 40)
    harness.work()
    payment = harness.in_books("Payment")
    assert payment["CustomerRef"]["value"] == other["Id"]
    assert (payment["UnappliedAmt"], harness.in_books()["Balance"]) == (0, 60)
    assert harness.held().cause == "quickbooks_invoice_moved"
    harness.work()
    assert len(harness.books("Payment")) == 1


def test_a_line_that_never_gets_onto_its_invoice_is_a_warning(
    harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.portal.simulator.switch(foreign_invoice="ignore", parent_pays_jobs="never")
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    link = harness.link("invoice")
    parent = RecordLink.objects.get(kind="customer").quickbooks_id
    image = {**link.quickbooks_snapshot, "customer": parent}
    RecordLink.objects.filter(pk=link.pk).update(quickbooks_snapshot=image)
    monkeypatch.setattr(payments_push_update, "customer_of_payment", lambda *_: parent)
    harness.pay(invoice, 40)
    harness.work()
    assert harness.in_books()["Balance"] == 100
    assert (
        "done_with_warning: Corrected the payment of $40.00 for invoice 1001 in QuickBooks. QuickBooks did not apply "
        "$40.00 of it to the invoice: it waits unapplied with the customer. Apply it in QuickBooks by hand."
    ) in harness.logged()


def test_an_invoice_deleted_in_quickbooks_leaves_the_money_nowhere_to_go(harness: InvoiceHarness) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    realm = harness.portal.realm
    harness.portal.simulator.control(
        f"quickbooks/{realm}/records/Invoice/{harness.in_books()['Id']}", None, "DELETE"
    )
    harness.pay(invoice, 40)
    harness.work()
    assert SyncRun.objects.held().get(kind="payment").cause == "invoice_ended"
    assert harness.books("Payment") == []


def test_an_invoice_voided_in_quickbooks_leaves_the_money_nowhere_to_go(harness: InvoiceHarness) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    realm = harness.portal.realm
    harness.portal.simulator.control(f"quickbooks/{realm}/invoices/{harness.in_books()['Id']}/void")
    harness.pay(invoice, 40)
    harness.work()
    assert SyncRun.objects.held().get(kind="payment").cause == "invoice_ended"


def test_a_payment_without_a_date_takes_the_day_it_was_entered(harness: InvoiceHarness) -> None:
    assert paid(harness, paymentDate=None)["TxnDate"]


def test_a_payment_nobody_dated_is_held(harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coperniq documents both its date and the moment it was entered as optional."""
    with monkeypatch.context() as patch:
        patch.setattr(payments_push_create, "paid_on", lambda *_: None)
        harness.pay(harness.invoice(("Permit", 1, 100)), 40)
        harness.work()
    assert harness.held().cause == "payment_without_date"
    harness.decide("retry")
    assert len(harness.books("Payment")) == 1
