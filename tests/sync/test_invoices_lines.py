"""Lines of a new invoice: amounts to the cent, discounts, percentages, differences, and what QuickBooks cannot take."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

import pytest

from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.money import CoperniqInvoiceLine
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.sync.invoices import push_lines as invoices_push_lines
from integrations.sync.invoices.mapping import line_payload
from integrations.sync.items.lines import InvoiceLine
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import assert_at_rest, lines_of, prefer, pushed, sales, with_items

read_invoice = CoperniqClient.read_invoice


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    return with_items(portal)


def payload(quantity: str, price: str) -> tuple[Any, Any, Any]:
    line = CoperniqInvoiceLine("1", "", "", "", "", Decimal(quantity), Decimal(price))
    sent = line_payload(
        InvoiceLine("1", "", "7", "", "Text", line.quantity, line.unit_price, line.amount_cents),
    )
    detail = cast("dict[str, Any]", sent["SalesItemLineDetail"])
    return str(sent["Amount"]), f"{detail['Qty']:f}", f"{detail['UnitPrice']:f}"


ROUNDED = [
    (("3", "33.33"), ("99.99", "3", "33.33")),
    (("7", "0.123456"), ("0.86", "1", "0.86")),
    (("3", "0.12345"), ("0.37", "3", "0.12345")),
    (("1", "0.005"), ("0.01", "1", "0.01")),
    (("2.5", "10.25"), ("25.63", "1", "25.63")),
    (("1.5", "10.03"), ("15.05", "1", "15.05")),
    (("1.5", "10.02"), ("15.03", "1.5", "10.02")),
    (("1", "-0.005"), ("-0.01", "1", "-0.01")),
    (("4", "-25"), ("-100.00", "4", "-25")),
    (("0", "12"), ("0.00", "0", "12")),
]


@pytest.mark.parametrize(("line", "sent"), ROUNDED)
def test_quantity_and_price_make_the_amount_however_half_a_cent_is_rounded(
    line: tuple[str, str], sent: tuple[str, str, str]
) -> None:
    assert payload(*line) == sent


@pytest.mark.parametrize("rounding", ["half_up", "half_even", "either"])
def test_each_line_has_text_quantity_price_and_amount_and_no_tax(
    harness: InvoiceHarness, rounding: str
) -> None:
    harness.portal.simulator.switch(line_rounding=rounding)
    pushed(harness, ("Permit", 3, "33.33"), ("Panel", 12, "199.99"))
    first, second, _subtotal = harness.in_books()["Line"]
    assert (first["Description"], first["Amount"]) == ("Permit as agreed", 99.99)
    detail = first["SalesItemLineDetail"]
    assert (detail["Qty"], detail["UnitPrice"], detail["TaxCodeRef"]) == (3, 33.33, {"value": "NON"})
    assert detail["ItemRef"]["name"] == "Permit"
    assert second["Amount"] == 2399.88
    assert harness.in_books()["TotalAmt"] == 2499.87


def test_a_line_without_text_bears_its_items_name(harness: InvoiceHarness) -> None:
    pushed(harness, lineItems=[{**harness.line("Permit", 1, 10), "description": None}])
    assert sales(harness.in_books()) == [("Permit", 10)]


def test_a_discount_is_a_line_below_zero(harness: InvoiceHarness) -> None:
    pushed(harness, ("Permit", 1, 100), ("Panel", 1, -15))
    assert sales(harness.in_books()) == [("Permit as agreed", 100), ("Panel as agreed", -15)]
    assert harness.in_books()["TotalAmt"] == 85
    assert_at_rest(harness)


def test_a_line_of_nothing_goes_along(harness: InvoiceHarness) -> None:
    pushed(harness, ("Permit", 1, 100), ("Panel", 5, 0), ("Cable", 2, 0))
    invoice = harness.in_books()
    assert invoice["TotalAmt"] == 100
    assert [line["Description"] for line in invoice["Line"][:3]] == [
        "Permit as agreed",
        "Panel as agreed",
        "Cable as agreed",
    ]
    assert_at_rest(harness)


def test_a_line_of_nothing_without_an_item_can_become_one_with_a_price(harness: InvoiceHarness) -> None:
    """QuickBooks keeps it as a mere text, which a later price must not leave behind."""
    harness.configure(fallback_item="1")
    invoice = pushed(harness, ("Permit", 1, 100), ("Cable", 2, 0))
    lines = lines_of(invoice)
    lines[1]["unitPrice"] = 25
    harness.edit(invoice, lineItems=lines)
    harness.work()
    assert sales(harness.in_books()) == [("Permit as agreed", 100), ("Cable as agreed", 50)]
    assert len(harness.in_books()["Line"]) == 3
    assert_at_rest(harness)


def test_an_invoice_of_nothing_is_created(harness: InvoiceHarness) -> None:
    pushed(harness, ("Permit", 1, 100), ("Panel", 1, -100))
    assert harness.in_books()["TotalAmt"] == 0
    assert_at_rest(harness)


def test_an_invoice_below_zero_is_held(harness: InvoiceHarness) -> None:
    harness.invoice(("Permit", 1, 100), ("Panel", 1, -1250.5))
    harness.work()
    assert harness.logged() == [
        "held: The total of this invoice is -$1,150.50, and QuickBooks accepts no invoice below zero. Change it in "
        "Coperniq and try again, or record it in QuickBooks by hand."
    ]
    assert not harness.books("Invoice")
    assert_at_rest(harness)


def test_an_invoice_without_lines_is_held_until_it_has_some(harness: InvoiceHarness) -> None:
    invoice = harness.invoice(lineItems=[])
    harness.work()
    assert harness.logged() == [
        "held: This invoice has no lines, and QuickBooks requires one. Change it in Coperniq and try again, or record "
        "it in QuickBooks by hand."
    ]
    harness.edit(invoice, lineItems=[harness.line("Permit", 1, 10)])
    harness.work()
    assert harness.in_books()["TotalAmt"] == 10
    assert_at_rest(harness)


def test_more_lines_than_quickbooks_takes_are_held(
    harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invoices_push_lines, "MOST_LINES", 2)
    harness.invoice(*[("Permit", 1, 1)] * 3)
    harness.work()
    assert harness.logged()[0].startswith("held: This invoice has 3 lines, and QuickBooks accepts at most 2.")


@pytest.mark.parametrize(
    ("value", "text"),
    [(25_000, "30 % of $25,000, John Smith"), (25_000.5, "30 % of $25,000.50, John Smith")],
)
def test_a_percentage_is_one_line(harness: InvoiceHarness, value: float, text: str) -> None:
    harness.configure(fallback_item="1")
    harness.portal.simulator.change("projects", harness.project["id"], value=value)
    harness.portal.simulator.make(
        "invoices", recordId=harness.project["id"], calculationMethod="PERCENTAGE", percentage=30
    )
    harness.work()
    ((logged, amount),) = sales(harness.in_books())
    assert logged.startswith(text.split(",")[0])
    assert amount == round(value * 0.3, 2)
    assert_at_rest(harness)


def test_a_percentage_of_nothing_known_is_a_share(
    harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare: dict[str, Any] = {"percentage": None, "base_cents": None, "record_title": "", "total_cents": 5000}
    harness.configure(fallback_item="1")
    monkeypatch.setattr(
        CoperniqClient, "read_invoice", lambda client, id_: replace(read_invoice(client, id_), **bare)
    )
    harness.portal.simulator.make(
        "invoices", recordId=harness.project["id"], calculationMethod="PERCENTAGE", percentage=30
    )
    harness.work()
    assert sales(harness.in_books()) == [("Share", 50)]


def test_a_total_beyond_the_lines_is_held(harness: InvoiceHarness) -> None:
    harness.invoice(("Permit", 1, 100), amount=108.25)
    harness.work()
    assert harness.logged() == [
        "held: Coperniq's total of $108.25 differs by $8.25 from the sum of the lines, perhaps because of tax. "
        "Correct it in Coperniq, or choose an active item for tax and differences on the QuickBooks page; then try again."
    ]
    assert not harness.books("Invoice")
    assert_at_rest(harness)


@pytest.mark.parametrize("total", [108.25, 91.5])
def test_a_total_beyond_the_lines_goes_to_the_item_an_admin_chose(
    harness: InvoiceHarness, total: float
) -> None:
    tax = harness.book_item("Sales tax by hand")
    invoice = harness.invoice(("Permit", 1, 100), amount=total)
    harness.work()
    harness.configure(difference_item=tax["Id"])
    harness.decide("retry")
    assert sales(harness.in_books())[1] == ("Tax and other amounts", round(total - 100, 2))
    assert harness.in_books()["TotalAmt"] == total
    assert_at_rest(harness)
    harness.edit(invoice, amount=200)
    harness.work()
    assert harness.in_books()["TotalAmt"] == 200
    assert len(sales(harness.in_books())) == 2
    assert_at_rest(harness)


def test_an_inactive_item_for_differences_is_not_used(harness: InvoiceHarness) -> None:
    tax = harness.book_item("Sales tax by hand", Active=False)
    harness.configure(difference_item=tax["Id"])
    harness.invoice(("Permit", 1, 100), amount=108)
    harness.work()
    assert harness.held().cause == "total_mismatch"


def test_a_total_quickbooks_makes_otherwise_comes_over(harness: InvoiceHarness) -> None:
    """Somebody has given the invoice a discount of the whole in QuickBooks, which is no variance but an edit."""
    invoice = pushed(harness, ("Permit", 1, 1000))
    made = harness.in_books()
    discount = {
        "DetailType": "DiscountLineDetail",
        "Amount": 100,
        "DiscountLineDetail": {"PercentBased": False},
    }
    harness.edit_books("Invoice", made["Id"], Line=[*made["Line"], discount])
    harness.edit(invoice, description="Only the memo")
    harness.work()
    assert harness.logged()[-2:] == [
        "done: Updated invoice 1001 in QuickBooks: memo.",
        "done: Updated invoice 1001 in Coperniq: line 2.",
    ]


def test_our_lines_bear_no_sales_tax_where_the_books_have_it(harness: InvoiceHarness) -> None:
    prefer(harness.portal, using_sales_tax=True)
    pushed(harness, ("Permit", 1, 100))
    assert harness.in_books()["TotalAmt"] == 100
    assert harness.logged() == [f"done: {InvoicePushMessage.CREATED(number=1001)}"]
