"""A QuickBooks invoice as Coperniq can hold it: the total is the same to the cent, always."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from integrations.coperniq.money import CoperniqInvoiceLine
from integrations.quickbooks.bodies import dump
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.invoices.line_folding import (
    TEXT_LIMIT,
    FoldedLines,
    existing_line_ids,
    fold_lines,
    line_bodies,
    same_lines,
)
from integrations.sync.invoices.line_parts import INLINE_SUBTOTAL, dollars
from integrations.sync.items.generic import generic_item
from tests.sync.line_strategies import (
    CATALOG,
    GENERIC,
    INVOICES,
    PLAIN_INVOICES,
    an_invoice,
    bundle,
    discount,
    folded,
    logged,
    note,
    sale,
    subtotal,
)

G1, G2, G3 = map(generic_item, (1, 2, 3))


def catalog_ids(found: FoldedLines) -> dict[str, str]:
    return {
        line.item: f"9{line.generic}" if line.generic else CATALOG[line.item] or "" for line in found.lines
    }


def as_stored(found: FoldedLines) -> list[CoperniqInvoiceLine]:
    ids = catalog_ids(found)
    return [
        CoperniqInvoiceLine(
            f"8{n}",
            ids[line.item],
            "",
            "",
            line.description,
            Decimal(line.quantity),
            Decimal(line.price_cents) / 100,
        )
        for n, line in enumerate(found.lines)
    ]


@given(INVOICES | PLAIN_INVOICES)
def test_coperniq_can_hold_every_invoice_and_the_total_is_equal(invoice: QuickBooksInvoice) -> None:
    found = fold_lines(invoice, CATALOG.get, GENERIC)
    assert sum(line.amount_cents for line in found.lines) == invoice.total_cents
    assert found.lines
    for line in found.lines:
        assert line.quantity >= 1
        assert isinstance(line.quantity, int)
        assert isinstance(line.price_cents, int)
        assert len(line.description) <= TEXT_LIMIT
    assert [line.generic for line in found.lines if line.generic] == list(
        range(1, 1 + sum(bool(line.generic) for line in found.lines))
    )
    on_invoice = [catalog_ids(found)[line.item] for line in found.lines]
    assert len(set(on_invoice)) == len(on_invoice)
    assert len({line.key for line in found.lines}) == len(found.lines)
    assert fold_lines(invoice, CATALOG.get, GENERIC) == found


@given(INVOICES | PLAIN_INVOICES)
def test_only_what_is_the_very_same_is_not_folded(invoice: QuickBooksInvoice) -> None:
    found = fold_lines(invoice, CATALOG.get, GENERIC)
    standing = [line for line in invoice.lines if counts(line)]
    is_same = len(standing) == len(found.lines) and all(
        line.sources == (sold.id,)
        and line.generic == 0
        and line.item == sold.item_id
        and line.description == sold.description.strip()
        and line.amount_cents == sold.amount_cents
        and line.quantity == (1 if sold.quantity is None else sold.quantity)
        and sold.unit_price in (None, Decimal(line.price_cents) / 100)
        for line, sold in zip(found.lines, standing, strict=False)
    )
    assert found.is_folded is not is_same
    assert found.is_folded is bool(found.reasons)


def counts(line: Any) -> bool:
    """Whether it is more than a sum of others, an empty text or an empty box of the form."""
    if line.kind in ("SubTotalLineDetail", "DiscountLineDetail"):
        return line.kind == "DiscountLineDetail" and bool(line.amount_cents)
    if line.kind == "DescriptionOnly" or (not line.item_id and not line.amount_cents):
        text = line.description.strip()
        return bool(text) and not INLINE_SUBTOTAL.fullmatch(text)
    return line.kind == "GroupLineDetail" or line.item_id in CATALOG or bool(line.amount_cents)


@given(INVOICES)
def test_what_was_sent_says_the_same_when_it_comes_back(invoice: QuickBooksInvoice) -> None:
    found = fold_lines(invoice, CATALOG.get, GENERIC)
    ids, stored = catalog_ids(found), as_stored(found)
    assert same_lines(found, ids, reversed(stored))
    assert not same_lines(found, ids, stored[1:])
    assert not same_lines(found, ids, [replace(stored[0], quantity=Decimal(7777)), *stored[1:]])
    paired = existing_line_ids(found, ids, stored)
    bodies = line_bodies(found, ids, {}, paired)
    assert [body["id"] for body in bodies] == [int(line.id) for line in stored]
    amounts = [Decimal(str(body["quantity"])) * Decimal(str(body["unitPrice"])) for body in bodies]
    assert sum(amounts) * 100 == invoice.total_cents


def test_plain_sales_are_taken_as_they_are() -> None:
    found = folded(sale("1", 3, "450.10", text="Panel"), sale("2", 1, "-100"), subtotal("1250.30"))
    assert logged(found) == [("1", 3, 45010, "Panel"), ("2", 1, -10000, "")]
    assert (found.is_folded, found.reasons) == (False, ())
    assert [(line.key, line.generic, line.sources) for line in found.lines] == [
        ("item:31", 0, ("1",)),
        ("item:32", 0, ("2",)),
    ]


def test_an_amount_alone_is_one_at_that_amount() -> None:
    found = folded(sale("1", None, None, 100, "Service"), sale("2", 4, None, 100))
    assert logged(found) == [("1", 1, 10000, "Service"), ("2", 4, 2500, "")]
    assert not found.is_folded


@pytest.mark.parametrize(
    ("line", "cents", "text", "why"),
    [
        (sale("1", "2.5", 40, text="Cable"), 10000, "Cable (2.5 × $40.00)", "a fractional quantity"),  # noqa: RUF001
        (sale("1", "2.5", 40), 10000, "2.5 × $40.00", "a fractional quantity"),  # noqa: RUF001
        (sale("1", 0, 40, text="Cable"), 0, "Cable (0 × $40.00)", "a quantity below one"),  # noqa: RUF001
        (sale("1", -2, 1234.5), -246900, "-2 × $1,234.50", "a quantity below one"),  # noqa: RUF001
        (sale("1", 3, "1.33333"), 400, "3 × $1.33333", "a price finer than a cent"),  # noqa: RUF001
        (sale("1", 3, "-0.005"), -2, "3 × -$0.005", "a price finer than a cent"),  # noqa: RUF001
        (sale("1", 3, None, 10), 1000, "3 for $10.00", "a price finer than a cent"),
        (
            sale("1", 2, 40, 75),
            7500,
            "2 × $40.00",  # noqa: RUF001
            "an amount that is not quantity times price",
        ),
    ],
)
def test_what_coperniq_cannot_hold_is_one_at_the_amount(line: Any, cents: int, text: str, why: str) -> None:
    found = folded(line)
    assert logged(found) == [("1", 1, cents, text)]
    assert found.reasons == (why,)
    assert found.is_folded


def test_the_same_item_at_the_same_price_is_added_up() -> None:
    found = folded(sale("1", 2, 40, text="Cable"), sale("2", 1, 5), sale("3", 3, 40, text="Cable"))
    assert logged(found) == [("1", 5, 4000, "Cable"), ("2", 1, 500, "")]
    assert found.lines[0].sources == ("1", "3")
    assert found.reasons == ("several lines of the same item",)


def test_the_same_item_otherwise_is_one_at_the_sum() -> None:
    found = folded(
        sale("1", 2, 40, text="Cable"), sale("1", "0.5", 30, text="Rest"), sale("1", None, None, 7)
    )
    assert logged(found) == [("1", 1, 10200, "Cable (2 × $40.00)\nRest (0.5 × $30.00)\n$7.00")]  # noqa: RUF001
    assert found.reasons == ("several lines of the same item", "a fractional quantity")


def test_what_has_no_item_takes_numbered_generic_items() -> None:
    found = folded(
        sale("", 2, 40, text="Haulage"),
        sale("4", 1, 30, text="black"),
        sale("1", 1, 10),
        sale("SHIPPING_ITEM_ID", None, None, 15),
        sale("GRATUITY_ITEM_ID", None, None, 5, "for the crew"),
        discount("13.5", 10),
        discount(1, text="Friends"),
        tax="8.25",
    )
    assert logged(found) == [
        (G1, 2, 4000, "Haulage"),
        (G2, 1, 3000, "Item 4: black"),
        ("1", 1, 1000, ""),
        (G3, 1, 1500, "Shipping"),
        (generic_item(4), 1, 500, "Gratuity: for the crew"),
        (generic_item(5), 1, -1350, "Discount 10 %"),
        (generic_item(6), 1, -100, "Discount: Friends"),
        (generic_item(7), 1, 825, "Sales tax"),
    ]
    assert (G1, G2) == ("External Item (QBO)", "External Item (QBO) 2")
    assert found.reasons == (
        "a line without an item",
        "an item that Coperniq does not have",
        "shipping",
        "gratuity",
        "a discount",
        "sales tax",
    )


def test_an_item_matched_to_a_generic_one_does_not_come_twice() -> None:
    assert logged(folded(sale("5", 1, 10, text="Anything"))) == [(G1, 1, 1000, "Item 5: Anything")]


def test_a_bundle_is_flattened_and_its_name_leads() -> None:
    found = folded(
        sale("2", 1, 5),
        bundle(sale("1", 2, 40, text="Panel"), note("by crane"), sale("4", 1, 9), amount=89),
    )
    assert logged(found) == [
        ("2", 1, 500, ""),
        ("1", 2, 4000, "Roof kit\nPanel\nby crane"),
        (G1, 1, 900, "Item 4"),
    ]
    assert found.reasons == ("a bundle", "a line of text", "an item that Coperniq does not have")
    assert found.lines[1].sources == ("2", "2", "2")


def test_the_name_of_a_bundle_of_texts_joins_the_line_before_where_none_follows() -> None:
    found = folded(sale("1", 2, 10, text="Inverter"), bundle(note("Thanks"), subtotal(20)))
    assert logged(found) == [("1", 2, 1000, "Inverter\nRoof kit\nThanks")]


def test_a_bundle_without_its_lines_is_one_line() -> None:
    found = folded(bundle(amount=89, text="all in", Quantity=Decimal("1.5")))
    assert logged(found) == [(G1, 1, 8900, "Roof kit: all in (1.5 for $89.00)")]
    assert found.reasons == ("a bundle", "a fractional quantity")


def test_a_bundle_that_differs_from_its_lines_keeps_the_total() -> None:
    found = folded(bundle(sale("1", 1, 40), amount=50), total=50)
    assert logged(found) == [("1", 1, 4000, "Roof kit"), (G1, 1, 1000, "Other amounts in QuickBooks")]
    assert found.reasons == ("a bundle", "other amounts in QuickBooks")


def test_texts_join_the_line_before_and_the_first_one_the_line_after() -> None:
    found = folded(
        note("Dear Pat"),
        sale("1", "1.5", 40, text="Cable"),
        note("black"),
        sale("", None, None, 0, "and long"),
        note("Subtotal:", Amount=60),
        note(" "),
        sale("2", 1, 5),
    )
    text = "Dear Pat\nCable (1.5 × $40.00)\nblack\nand long"  # noqa: RUF001
    assert logged(found) == [("1", 1, 6000, text), ("2", 1, 500, "")]
    assert found.reasons == ("a fractional quantity", "a line of text")
    assert found.lines[0].sources == ("2", "1", "3", "4")


def test_a_subtotal_or_an_empty_box_is_no_line() -> None:
    box = sale("SHIPPING_ITEM_ID", None, None, 0)
    found = folded(sale("1", 1, 60), note("Subtotal: $60.00", Amount=60), box, discount(0), subtotal(60))
    assert logged(found) == [("1", 1, 6000, "")]
    assert not found.is_folded


def test_texts_only_are_a_line_of_nothing() -> None:
    found = folded(note("Thank you"), note("See you"))
    assert logged(found) == [(G1, 1, 0, "Thank you\nSee you")]
    assert found.reasons == ("a line of text",)


def test_no_lines_at_all_are_a_line_of_nothing() -> None:
    assert logged(folded()) == [(G1, 1, 0, "No lines in QuickBooks")]
    assert folded().reasons == ("no lines",)


def test_a_rest_of_the_total_is_a_line() -> None:
    found = folded(sale("1", 1, 60), tax=4, total="65.01")
    assert logged(found)[1:] == [(G1, 1, 400, "Sales tax"), (G2, 1, 101, "Other amounts in QuickBooks")]
    assert found.reasons == ("sales tax", "other amounts in QuickBooks")


def test_a_tax_that_the_prices_have_in_them_is_not_added() -> None:
    assert not folded(sale("1", 1, 60), tax=10, total=60).is_folded


def test_a_long_text_is_cut() -> None:
    found = folded(sale("1", 1, 60, text="x" * 3000), note("y" * 3000))
    assert len(found.lines[0].description) == TEXT_LIMIT
    assert found.lines[0].description.endswith("y…")
    assert found.reasons == ("a line of text", "a long text")


def test_line_bodies_are_what_coperniq_takes() -> None:
    found = folded(sale("1", 2, "40.5", text="Cable"), tax="0.05")
    bodies = line_bodies(found, {"1": "31", G1: "90"}, {"1": 2000}, {"item:31": "7"})
    assert dump({"lineItems": bodies}) == (
        '{"lineItems": [{"catalogItemId": 31, "description": "Cable", "id": 7, "quantity": 2,'
        ' "unitCost": 20.00, "unitPrice": 40.50}, {"catalogItemId": 90, "description": "Sales tax",'
        ' "quantity": 1, "unitCost": 0.00, "unitPrice": 0.05}]}'
    )


def test_lines_differ_by_item_quantity_price_and_text() -> None:
    found = folded(sale("1", 2, "40.5", text="Cable"))
    stored = as_stored(found)[0]
    assert same_lines(found, {"1": "31"}, [replace(stored, id="", description="Cable \n")])
    for other in (
        replace(stored, catalog_item_id="32"),
        replace(stored, quantity=Decimal("2.5")),
        replace(stored, unit_price=Decimal("40.501")),
        replace(stored, description="cable"),
    ):
        assert not same_lines(found, {"1": "31"}, [other])


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1234.5", "$1,234.50"), ("-0.00001", "-$0.00001"), ("1E+3", "$1,000.00"), ("0", "$0.00")],
)
def test_dollars_are_told_with_every_decimal_there_is(amount: str, text: str) -> None:
    assert dollars(Decimal(amount)) == text


def test_tax_deposit_and_currency_are_read() -> None:
    invoice = an_invoice(sale("1", 1, 60), tax="4.5")
    assert (invoice.tax_cents, invoice.deposit_cents, invoice.currency) == (450, 0, "")
