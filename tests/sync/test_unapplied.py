"""Money that found no room on its invoice goes there as soon as there is room."""

from __future__ import annotations

from tests.invoice_harness import open_invoice_harness
from tests.portal_harness import PortalHarness


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


def by_number(rows: list[dict[str, object]], invoice: dict[str, object]) -> object:
    return next(row["Id"] for row in rows if row["DocNumber"] == str(invoice["uid"]))
