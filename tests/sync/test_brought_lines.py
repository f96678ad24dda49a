"""Lines people typed in QuickBooks, as Coperniq can hold them: to the cent, whatever there is on an invoice."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.sync.invoices.line_parts import TIMES
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import lines_of, prefer, sales
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice, lines, logged_in_order
from tests.sync.two_way import TwoWayHarness, open_two_way

GENERIC = "External Item (QBO)"


@pytest.fixture
def books(office: PortalHarness) -> TwoWayHarness:
    return open_two_way(office)


def test_a_fraction_is_sold_once_at_its_amount_and_the_text_tells_the_rest(books: TwoWayHarness) -> None:
    made = books.invoice({"item": "Permit", "quantity": "1.333", "price": "33.33", "description": "Hours"})
    books.heard()
    assert invoice(books)["amount"] == made["TotalAmt"] == 44.43
    assert lines(invoice(books)) == [("Permit", 1, 44.43, f"Hours (1.333 {TIMES} $33.33)")]
    assert logged_in_order(books)[-1] == (
        f"done: Created invoice {made['DocNumber']} in Coperniq on “John Smith | #1001”: $44.43. "
        "Lines were combined because of: a fractional quantity."
    )
    assert_nothing_left_to_do(books)


def test_every_reason_for_putting_lines_together_is_named(books: TwoWayHarness) -> None:
    books.invoice(
        {"item": "Permit", "quantity": "2.75", "price": 40},
        {"item": "Labour", "quantity": 6, "price": 40},
        {"item": "Labour", "quantity": 4, "price": 30},
        {"text": "as agreed"},
        discount={"percent": 5},
    )
    books.heard()
    assert logged_in_order(books)[-1].endswith(
        "because of: a fractional quantity, several lines of the same item, a line of text, a discount."
    )


def test_two_lines_of_one_item_at_one_price_become_one(books: TwoWayHarness) -> None:
    one = {"item": "Permit", "quantity": 2, "price": 40, "description": "Hours"}
    books.invoice(one, {**one, "quantity": 3}, {"item": "Labour", "quantity": 1, "price": 10})
    books.heard()
    assert lines(invoice(books)) == [("Permit", 5, 40, "Hours"), ("Labour", 1, 10, "")]
    assert_nothing_left_to_do(books)


def test_two_lines_of_one_item_at_two_prices_become_one_at_their_sum(books: TwoWayHarness) -> None:
    books.invoice(
        {"item": "Permit", "quantity": 2, "price": 40, "description": "Day"},
        {"item": "Permit", "quantity": 1, "price": "60.01", "description": "Night"},
    )
    books.heard()
    assert lines(invoice(books)) == [
        ("Permit", 1, 140.01, f"Day (2 {TIMES} $40.00)\nNight (1 {TIMES} $60.01)")
    ]
    assert_nothing_left_to_do(books)


def test_tax_discount_shipping_a_bundle_and_words_come_to_the_total_of_quickbooks(
    books: TwoWayHarness,
) -> None:
    office = books.money.office
    prefer(office, using_sales_tax=True)
    ids = {row["Name"]: row["Id"] for row in books.money.books("Item")}
    parts = [{"ItemRef": {"value": ids[name]}, "Qty": 2} for name in ("Permit", "Labour")]
    books.money.office.simulator.in_books(
        office.realm, "Item", Name="Kit", Type="Group", ItemGroupDetail={"ItemGroupLine": parts}
    )
    made = books.invoice(
        {"text": "As agreed on the phone"},
        {"item": "Services", "quantity": "0.5", "price": "99.99", "taxed": True},
        {"text": "Roof side south"},
        {"bundle": "Kit"},
        discount={"percent": 10},
        shipping="15.5",
        tax="12.34",
    )
    books.heard()
    found = invoice(books)
    assert found["amount"] == made["TotalAmt"]
    assert {GENERIC, f"{GENERIC} 2", f"{GENERIC} 3"} <= {line[0] for line in lines(found)}
    texts = "\n".join(line[3] for line in lines(found))
    for words in (
        "As agreed on the phone",
        "Roof side south",
        "Kit",
        "Discount 10 %",
        "Shipping",
        "Sales tax",
    ):
        assert words in texts
    assert_nothing_left_to_do(books)
    books.change(made, shipping=0, discount={})
    books.heard()
    assert invoice(books)["amount"] == books.money.in_books()["TotalAmt"] != made["TotalAmt"]
    assert_nothing_left_to_do(books)


def folded(books: TwoWayHarness) -> dict[str, Any]:
    made = books.invoice(
        {"item": "Permit", "quantity": "2.5", "price": 40}, due="2027-01-31", memo="", note="Roof"
    )
    books.heard()
    return made


def test_an_edit_of_folded_lines_is_held_and_the_rest_still_flows(books: TwoWayHarness) -> None:
    folded(books)
    line = lines_of(invoice(books))[0]
    description = invoice(books)["description"].replace("Roof", "Carport")
    books.money.edit(
        invoice(books),
        lineItems=[{**line, "unitPrice": 120}],
        dueDate="2027-02-15",
        description=description,
    )
    books.money.work()
    assert books.money.held().cause == "lines_folded"
    document = books.money.in_books()
    assert (document["DueDate"], document["TotalAmt"]) == ("2027-02-15", 100)
    assert document["PrivateNote"].startswith("Carport\n[Coperniq invoice ")
    assert_nothing_left_to_do(books)
    books.money.decide("use_quickbooks")
    assert invoice(books)["amount"] == 100
    assert lines(invoice(books)) == [("Permit", 1, 100, f"2.5 {TIMES} $40.00")]
    assert invoice(books)["description"] == description
    assert_nothing_left_to_do(books)


def test_due_date_and_memo_of_a_folded_invoice_flow_to_coperniq_while_a_line_edit_waits(
    books: TwoWayHarness,
) -> None:
    made = folded(books)
    line = lines_of(invoice(books))[0]
    books.money.edit(invoice(books), lineItems=[{**line, "unitPrice": 120}])
    books.money.work()
    books.change(made, due="2027-03-01", note="Gable")
    books.heard()
    assert invoice(books)["dueDate"].startswith("2027-03-01")
    assert "Gable" in invoice(books)["description"]
    assert (invoice(books)["amount"], books.money.held().cause) == (120, "lines_folded")
    assert_nothing_left_to_do(books)


def test_folded_lines_changed_in_quickbooks_come_over_anew(books: TwoWayHarness) -> None:
    made = folded(books)
    books.change(made, lines=[{"item": "Permit", "quantity": 3, "price": 40}])
    books.heard()
    assert lines(invoice(books)) == [("Permit", 3, 40, "")]
    assert_nothing_left_to_do(books)
    line = lines_of(invoice(books))[0]
    books.money.edit(invoice(books), lineItems=[{**line, "quantity": 4}])
    books.money.work()
    assert books.money.in_books()["TotalAmt"] == 160, "not folded any more, so it is Coperniq's as well"
    assert_nothing_left_to_do(books)


def test_lines_that_are_one_to_one_go_both_ways(books: TwoWayHarness) -> None:
    made = books.invoice(
        {"item": "Permit", "quantity": 2, "price": 100, "description": "City", "service_date": "2026-11-02"},
        {"item": "Labour", "quantity": 1, "price": 50},
    )
    books.heard()
    first, second = lines_of(invoice(books))
    books.money.edit(invoice(books), lineItems=[{**first, "quantity": 3}, second])
    books.money.work()
    document = books.money.in_books()
    assert sales(document) == [("City", 300), (document["Line"][1].get("Description", ""), 50)]
    assert document["Line"][0]["SalesItemLineDetail"]["ServiceDate"] == "2026-11-02"
    assert_nothing_left_to_do(books)
    first, second = [{"id": line["Id"], "keep": True} for line in document["Line"][:2]]
    books.change(made, lines=[first, {**second, "keep": False, "item": "Labour", "quantity": 2, "price": 50}])
    books.heard()
    assert lines(invoice(books)) == [("Permit", 3, 100, "City"), ("Labour", 2, 50, "")]
    assert_nothing_left_to_do(books)
    assert books.money.in_books()["TotalAmt"] == invoice(books)["amount"] == 400


def test_a_percentage_invoice_changed_in_quickbooks_is_a_persons(books: TwoWayHarness) -> None:
    books.money.configure(fallback_item="1")
    simulator, project = books.money.office.simulator, books.money.project["id"]
    simulator.change("projects", project, value=10000)
    ours = simulator.make("invoices", recordId=project, calculationMethod="PERCENTAGE", percentage=30)
    books.money.work()
    document = books.money.in_books()
    assert document["TotalAmt"] == 3000
    books.change(document, lines=[{"item": "Services", "quantity": 1, "price": 2500}])
    books.heard()
    run = books.money.held()
    assert (run.cause, [choice["key"] for choice in run.choices][:2]) == (
        "lines_not_in_coperniq",
        ["use_coperniq", "leave_both"],
    )
    assert run.planned
    assert_nothing_left_to_do(books)
    books.money.decide("use_coperniq")
    assert books.money.in_books()["TotalAmt"] == 3000
    assert_nothing_left_to_do(books)
    books.change(document, lines=[{"item": "Services", "quantity": 1, "price": 2600}])
    books.heard()
    books.money.decide("leave_both")
    assert (books.money.in_books()["TotalAmt"], invoice(books)["amount"]) == (2600, 3000)
    assert_nothing_left_to_do(books)
    assert ours["id"] == invoice(books)["id"]
