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
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


def test_a_fraction_is_sold_once_at_its_amount_and_the_text_tells_the_rest(sides: TwoWayHarness) -> None:
    made = sides.invoice({"item": "Permit", "quantity": "1.333", "price": "33.33", "description": "Hours"})
    sides.sync()
    assert invoice(sides)["amount"] == made["TotalAmt"] == 44.43
    assert lines(invoice(sides)) == [("Permit", 1, 44.43, f"Hours (1.333 {TIMES} $33.33)")]
    assert logged_in_order(sides)[-1] == (
        f"done: Created invoice {made['DocNumber']} in Coperniq on “John Smith | #1001”: $44.43. "
        "Lines were combined because of: a fractional quantity."
    )
    assert_nothing_left_to_do(sides)


def test_every_reason_for_putting_lines_together_is_named(sides: TwoWayHarness) -> None:
    sides.invoice(
        {"item": "Permit", "quantity": "2.75", "price": 40},
        {"item": "Labour", "quantity": 6, "price": 40},
        {"item": "Labour", "quantity": 4, "price": 30},
        {"text": "as agreed"},
        discount={"percent": 5},
    )
    sides.sync()
    assert logged_in_order(sides)[-1].endswith(
        "because of: a fractional quantity, several lines of the same item, a line of text, a discount."
    )


def test_two_lines_of_one_item_at_one_price_become_one(sides: TwoWayHarness) -> None:
    one = {"item": "Permit", "quantity": 2, "price": 40, "description": "Hours"}
    sides.invoice(one, {**one, "quantity": 3}, {"item": "Labour", "quantity": 1, "price": 10})
    sides.sync()
    assert lines(invoice(sides)) == [("Permit", 5, 40, "Hours"), ("Labour", 1, 10, "")]
    assert_nothing_left_to_do(sides)


def test_two_lines_of_one_item_at_two_prices_become_one_at_their_sum(sides: TwoWayHarness) -> None:
    sides.invoice(
        {"item": "Permit", "quantity": 2, "price": 40, "description": "Day"},
        {"item": "Permit", "quantity": 1, "price": "60.01", "description": "Night"},
    )
    sides.sync()
    assert lines(invoice(sides)) == [
        ("Permit", 1, 140.01, f"Day (2 {TIMES} $40.00)\nNight (1 {TIMES} $60.01)")
    ]
    assert_nothing_left_to_do(sides)


def test_tax_discount_shipping_a_bundle_and_words_come_to_the_total_of_quickbooks(
    sides: TwoWayHarness,
) -> None:
    portal = sides.harness.portal
    prefer(portal, using_sales_tax=True)
    ids = {row["Name"]: row["Id"] for row in sides.harness.books("Item")}
    parts = [{"ItemRef": {"value": ids[name]}, "Qty": 2} for name in ("Permit", "Labour")]
    sides.harness.portal.simulator.in_books(
        portal.realm, "Item", Name="Kit", Type="Group", ItemGroupDetail={"ItemGroupLine": parts}
    )
    made = sides.invoice(
        {"text": "As agreed on the phone"},
        {"item": "Services", "quantity": "0.5", "price": "99.99", "taxed": True},
        {"text": "Roof side south"},
        {"bundle": "Kit"},
        discount={"percent": 10},
        shipping="15.5",
        tax="12.34",
    )
    sides.sync()
    found = invoice(sides)
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
    assert_nothing_left_to_do(sides)
    sides.change(made, shipping=0, discount={})
    sides.sync()
    assert invoice(sides)["amount"] == sides.harness.in_books()["TotalAmt"] != made["TotalAmt"]
    assert_nothing_left_to_do(sides)


def folded(sides: TwoWayHarness) -> dict[str, Any]:
    made = sides.invoice(
        {"item": "Permit", "quantity": "2.5", "price": 40}, due="2027-01-31", memo="", note="Roof"
    )
    sides.sync()
    return made


def test_an_edit_of_folded_lines_is_held_and_the_rest_still_flows(sides: TwoWayHarness) -> None:
    folded(sides)
    line = lines_of(invoice(sides))[0]
    description = invoice(sides)["description"].replace("Roof", "Carport")
    sides.harness.edit(
        invoice(sides),
        lineItems=[{**line, "unitPrice": 120}],
        dueDate="2027-02-15",
        description=description,
    )
    sides.harness.work()
    assert sides.harness.held().cause == "lines_folded"
    document = sides.harness.in_books()
    assert (document["DueDate"], document["TotalAmt"]) == ("2027-02-15", 100)
    assert document["PrivateNote"] == "Carport"
    assert_nothing_left_to_do(sides)
    sides.harness.decide("use_quickbooks")
    assert invoice(sides)["amount"] == 100
    assert lines(invoice(sides)) == [("Permit", 1, 100, f"2.5 {TIMES} $40.00")]
    assert invoice(sides)["description"] == description
    assert_nothing_left_to_do(sides)


def test_due_date_and_memo_of_a_folded_invoice_flow_to_coperniq_while_a_line_edit_waits(
    sides: TwoWayHarness,
) -> None:
    made = folded(sides)
    line = lines_of(invoice(sides))[0]
    sides.harness.edit(invoice(sides), lineItems=[{**line, "unitPrice": 120}])
    sides.harness.work()
    sides.change(made, due="2027-03-01", note="Gable")
    sides.sync()
    assert invoice(sides)["dueDate"].startswith("2027-03-01")
    assert "Gable" in invoice(sides)["description"]
    assert (invoice(sides)["amount"], sides.harness.held().cause) == (120, "lines_folded")
    assert_nothing_left_to_do(sides)


def test_folded_lines_changed_in_quickbooks_come_over_anew(sides: TwoWayHarness) -> None:
    made = folded(sides)
    sides.change(made, lines=[{"item": "Permit", "quantity": 3, "price": 40}])
    sides.sync()
    assert lines(invoice(sides)) == [("Permit", 3, 40, "")]
    assert_nothing_left_to_do(sides)
    line = lines_of(invoice(sides))[0]
    sides.harness.edit(invoice(sides), lineItems=[{**line, "quantity": 4}])
    sides.harness.work()
    assert sides.harness.in_books()["TotalAmt"] == 160, "not folded any more, so it is Coperniq's as well"
    assert_nothing_left_to_do(sides)


def test_lines_that_are_one_to_one_go_both_ways(sides: TwoWayHarness) -> None:
    made = sides.invoice(
        {"item": "Permit", "quantity": 2, "price": 100, "description": "City", "service_date": "2026-11-02"},
        {"item": "Labour", "quantity": 1, "price": 50},
    )
    sides.sync()
    first, second = lines_of(invoice(sides))
    sides.harness.edit(invoice(sides), lineItems=[{**first, "quantity": 3}, second])
    sides.harness.work()
    document = sides.harness.in_books()
    assert sales(document) == [("City", 300), (document["Line"][1].get("Description", ""), 50)]
    assert document["Line"][0]["SalesItemLineDetail"]["ServiceDate"] == "2026-11-02"
    assert_nothing_left_to_do(sides)
    first, second = [{"id": line["Id"], "keep": True} for line in document["Line"][:2]]
    sides.change(made, lines=[first, {**second, "keep": False, "item": "Labour", "quantity": 2, "price": 50}])
    sides.sync()
    assert lines(invoice(sides)) == [("Permit", 3, 100, "City"), ("Labour", 2, 50, "")]
    assert_nothing_left_to_do(sides)
    assert sides.harness.in_books()["TotalAmt"] == invoice(sides)["amount"] == 400


def test_a_percentage_invoice_changed_in_quickbooks_is_a_persons(sides: TwoWayHarness) -> None:
    sides.harness.configure(fallback_item="1")
    simulator, project = sides.harness.portal.simulator, sides.harness.project["id"]
    simulator.change("projects", project, value=10000)
    ours = simulator.make("invoices", recordId=project, calculationMethod="PERCENTAGE", percentage=30)
    sides.harness.work()
    document = sides.harness.in_books()
    assert document["TotalAmt"] == 3000
    sides.change(document, lines=[{"item": "Services", "quantity": 1, "price": 2500}])
    sides.sync()
    run = sides.harness.held()
    assert (run.cause, [choice["key"] for choice in run.choices][:2]) == (
        "lines_not_in_coperniq",
        ["use_coperniq", "leave_both"],
    )
    assert run.planned
    assert_nothing_left_to_do(sides)
    sides.harness.decide("use_coperniq")
    assert sides.harness.in_books()["TotalAmt"] == 3000
    assert_nothing_left_to_do(sides)
    sides.change(document, lines=[{"item": "Services", "quantity": 1, "price": 2600}])
    sides.sync()
    sides.harness.decide("leave_both")
    assert (sides.harness.in_books()["TotalAmt"], invoice(sides)["amount"]) == (2600, 3000)
    assert_nothing_left_to_do(sides)
    assert ours["id"] == invoice(sides)["id"]
