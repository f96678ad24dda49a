"""Money that found no room on its invoice goes there as soon as there is room."""

from __future__ import annotations

import pytest

from integrations.models import SyncLogEntry, SyncRun
from tests.invoice_harness import open_invoice_harness
from tests.portal_harness import PortalHarness
from tests.sampling import crossed


def test_what_was_left_over_goes_onto_the_invoice_when_it_grows(portal: PortalHarness) -> None:
    harness = open_invoice_harness(portal)
    harness.book_item("Permit")
    invoice = harness.invoice(("Permit", 1, 1000))
    harness.work()
    harness.pay(invoice, 600)
    harness.edit(invoice, lineItems=[harness.line("Permit", 1, 400)])
    harness.work()
    assert (harness.in_books()["Balance"], harness.in_books("Payment")["UnappliedAmt"]) == (0, 200)
    harness.edit(invoice, lineItems=[harness.line("Permit", 1, 900)])
    harness.work()
    assert (harness.in_books()["Balance"], harness.in_books("Payment")["UnappliedAmt"]) == (300, 0)
    portal.simulator.forget_log()
    harness.sweep()
    assert harness.calls(write=True) == []


def test_what_people_used_elsewhere_stays_there(portal: PortalHarness) -> None:
    harness = open_invoice_harness(portal)
    harness.book_item("Permit")
    invoice, other = harness.invoice(("Permit", 1, 1000)), harness.invoice(("Permit", 1, 150))
    harness.work()
    harness.pay(invoice, 600)
    harness.edit(invoice, lineItems=[harness.line("Permit", 1, 400)])
    harness.work()
    payment = harness.in_books("Payment")
    lines = [
        {
            "Amount": 400,
            "LinkedTxn": [{"TxnId": by_number(harness.books("Invoice"), invoice), "TxnType": "Invoice"}],
        },
        {
            "Amount": 150,
            "LinkedTxn": [{"TxnId": by_number(harness.books("Invoice"), other), "TxnType": "Invoice"}],
        },
    ]
    harness.edit_books("Payment", payment["Id"], Line=lines)
    harness.edit(invoice, lineItems=[harness.line("Permit", 1, 900)])
    harness.work()
    assert harness.in_books("Payment")["UnappliedAmt"] == 0
    balances = {row["DocNumber"]: row["Balance"] for row in harness.books("Invoice")}
    assert balances == {str(invoice["uid"]): 450, str(other["uid"]): 0}


@pytest.mark.parametrize(("way", "paid"), crossed(["refuse", "unapply"], ["push", "pull"]))
def test_an_invoice_made_smaller_than_what_is_paid_says_how_much_is_free(
    portal: PortalHarness, way: str, paid: str
) -> None:
    harness = open_invoice_harness(portal, invoice_below_payments=way)
    harness.book_item("Permit")
    invoice = harness.invoice(("Permit", 1, 285))
    harness.work()
    if paid == "push":
        harness.pay(invoice, 285)
    else:
        harness.receive(harness.in_books()["Id"], 285)
        harness.look_at_changes()
    harness.work()
    harness.edit(invoice, lineItems=[harness.line("Permit", 1, 95)])
    harness.work()
    entry = SyncLogEntry.objects.filter(kind="invoice").latest("id")
    assert "$190.00" in entry.sentence, entry.sentence
    if way == "unapply":
        assert entry.outcome == "done_with_warning"
        assert harness.in_books("Payment")["UnappliedAmt"] == 190
    else:
        run = SyncRun.objects.held().get(kind="invoice")
        assert (run.cause, harness.in_books()["TotalAmt"]) == ("invoice_below_payments", 285)
        assert "$285.00" in run.sentence
        link = {"TxnId": harness.in_books()["Id"], "TxnType": "Invoice"}
        payment = harness.in_books("Payment")
        harness.edit_books("Payment", payment["Id"], Line=[{"Amount": 95, "LinkedTxn": [link]}])
        harness.decide("retry", run)
    assert harness.in_books()["TotalAmt"] == 95
    portal.simulator.forget_log()
    harness.sweep()
    assert harness.calls(write=True) == []


def test_what_is_in_a_bank_deposit_stays_as_it_is_when_the_invoice_grows(portal: PortalHarness) -> None:
    """QuickBooks refuses to change it, and nobody is asked about what the portal cannot do anyway."""
    harness = open_invoice_harness(portal, invoice_below_payments="unapply")
    harness.book_item("Permit")
    invoice = harness.invoice(("Permit", 1, 1000))
    harness.work()
    undeposited = next(
        row["Id"] for row in harness.books("Account") if row["AccountSubType"] == "UndepositedFunds"
    )
    harness.configure(deposit_accounts={"CHECK": undeposited})
    harness.pay(invoice, 600, paymentMethod="CHECK")
    harness.edit(invoice, lineItems=[harness.line("Permit", 1, 400)])
    harness.work()
    payment = harness.in_books("Payment")
    portal.simulator.control(f"quickbooks/{portal.realm}/deposits", {"payments": [payment["Id"]]})
    harness.look_at_changes()
    harness.work()
    harness.edit(invoice, lineItems=[harness.line("Permit", 1, 900)])
    harness.work()
    assert harness.in_books("Payment")["UnappliedAmt"] == 200
    assert not SyncRun.objects.held().exists()


def by_number(rows: list[dict[str, object]], invoice: dict[str, object]) -> object:
    return next(row["Id"] for row in rows if row["DocNumber"] == str(invoice["uid"]))
