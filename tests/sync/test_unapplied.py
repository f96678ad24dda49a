"""Money that found no room on its invoice goes there as soon as there is room."""

from __future__ import annotations

from tests.invoice_harness import open_invoice_harness
from tests.portal_harness import PortalHarness


def test_what_was_left_over_goes_onto_the_invoice_when_it_grows(office: PortalHarness) -> None:
    money = open_invoice_harness(office)
    money.book_item("Permit")
    invoice = money.invoice(("Permit", 1, 1000))
    money.work()
    money.pay(invoice, 600)
    money.edit(invoice, lineItems=[money.line("Permit", 1, 400)])
    money.work()
    assert (money.in_books()["Balance"], money.in_books("Payment")["UnappliedAmt"]) == (0, 200)
    money.edit(invoice, lineItems=[money.line("Permit", 1, 900)])
    money.work()
    assert (money.in_books()["Balance"], money.in_books("Payment")["UnappliedAmt"]) == (300, 0)
    office.simulator.forget_log()
    money.sweep()
    assert money.calls(write=True) == []


def test_what_people_used_elsewhere_stays_there(office: PortalHarness) -> None:
    money = open_invoice_harness(office)
    money.book_item("Permit")
    invoice, other = money.invoice(("Permit", 1, 1000)), money.invoice(("Permit", 1, 150))
    money.work()
    money.pay(invoice, 600)
    money.edit(invoice, lineItems=[money.line("Permit", 1, 400)])
    money.work()
    payment = money.in_books("Payment")
    lines = [
        {
            "Amount": 400,
            "LinkedTxn": [{"TxnId": by_number(money.books("Invoice"), invoice), "TxnType": "Invoice"}],
        },
        {
            "Amount": 150,
            "LinkedTxn": [{"TxnId": by_number(money.books("Invoice"), other), "TxnType": "Invoice"}],
        },
    ]
    money.edit_books("Payment", payment["Id"], Line=lines)
    money.edit(invoice, lineItems=[money.line("Permit", 1, 900)])
    money.work()
    assert money.in_books("Payment")["UnappliedAmt"] == 0
    balances = {row["DocNumber"]: row["Balance"] for row in money.books("Invoice")}
    assert balances == {str(invoice["uid"]): 450, str(other["uid"]): 0}


def by_number(rows: list[dict[str, object]], invoice: dict[str, object]) -> object:
    return next(row["Id"] for row in rows if row["DocNumber"] == str(invoice["uid"]))
