"""Lines of a linked invoice: paired with those in QuickBooks, and what people added there stays where it stood."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import RecordLink
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import (
    assert_at_rest,
    ignore_changes,
    lines_of,
    prefer,
    pushed,
    put,
    sales,
    with_items,
)

UPDATED = "done: Updated invoice 1001 in QuickBooks: line 1."
IN_STEP = f"nothing_to_do: {InvoicePushMessage.IN_STEP(number=1001)}"
DETAIL = "SalesItemLineDetail"


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    return with_items(portal)


def dress(harness: InvoiceHarness, **more: Any) -> dict[str, Any]:
    """A bookkeeper gives the first line a class, a service date and the tax code, and saves."""
    made = harness.in_books()
    line = made["Line"][0]
    detail = {
        **line[DETAIL],
        "ServiceDate": "2026-01-31",
        "TaxCodeRef": {"value": "TAX"},
        "ClassRef": {"value": "9"},
    }
    extra = {"value": "Voided is not what this is"}
    dressed = put(
        harness, made["Id"], Line=[{**line, DETAIL: detail}, *made["Line"][1:]], CustomerMemo=extra, **more
    )
    ignore_changes(harness)
    return dressed


def test_a_line_edit_leaves_class_service_date_and_tax_code(harness: InvoiceHarness) -> None:
    invoice = pushed(harness, ("Permit", 1, 100), ("Panel", 2, 50))
    dress(harness)
    lines = lines_of(invoice)
    lines[0] |= {"quantity": 3, "description": "Three of them"}
    harness.edit(invoice, lineItems=lines)
    harness.work()
    line = harness.in_books()["Line"][0]
    detail = line[DETAIL]
    assert (line["Description"], line["Amount"], detail["Qty"]) == ("Three of them", 300, 3)
    assert (detail["ServiceDate"], detail["TaxCodeRef"], detail["ClassRef"]) == (
        "2026-01-31",
        {"value": "TAX"},
        {"value": "9"},
    )
    assert harness.in_books()["CustomerMemo"]["value"] == "Voided is not what this is"
    assert harness.logged()[-1] == UPDATED
    assert_at_rest(harness)


def test_a_memo_edit_does_not_touch_the_lines(harness: InvoiceHarness) -> None:
    invoice = pushed(harness)
    dress(harness)
    before = harness.in_books()["Line"]
    harness.edit(invoice, description="Only the memo")
    harness.work()
    assert harness.in_books()["Line"] == before
    assert_at_rest(harness)


def test_discount_shipping_and_notes_go_back_as_read(harness: InvoiceHarness) -> None:
    """Each where it stood; QuickBooks itself puts the discount last."""
    invoice = pushed(harness, ("Permit", 1, 100), ("Panel", 2, 50))
    first, second, _ = harness.in_books()["Line"]
    note = {"DetailType": "DescriptionOnly", "Description": "Work on site:"}
    shipping = {"DetailType": DETAIL, "Amount": 12, DETAIL: {"ItemRef": {"value": "SHIPPING_ITEM_ID"}}}
    discount = {
        "DetailType": "DiscountLineDetail",
        "Amount": 5,
        "DiscountLineDetail": {"PercentBased": False},
    }
    put(harness, harness.in_books()["Id"], Line=[note, first, shipping, second, discount])
    ignore_changes(harness)
    ids = [line.get("Id") for line in harness.in_books()["Line"]]
    lines = lines_of(invoice)
    lines[0]["unitPrice"] = 110
    harness.edit(invoice, lineItems=lines)
    harness.work()
    made = harness.in_books()
    assert [line.get("Id") for line in made["Line"]] == ids
    assert [line["Amount"] for line in made["Line"] if "Amount" in line] == [110, 12, 100, 222, 5]
    assert made["Line"][0]["Description"] == "Work on site:"
    assert made["TotalAmt"] == 217
    assert "The total is $217.00 in QuickBooks and $210.00 in Coperniq" in harness.logged()[-2]
    assert_at_rest(harness)


def test_a_bundle_of_quickbooks_stays_whole(harness: InvoiceHarness) -> None:
    part = {"ItemRef": {"value": "1"}, "Qty": 2}
    bundle = harness.book_item("Bundle", Type="Group", ItemGroupDetail={"ItemGroupLine": [part]})
    invoice = pushed(harness, ("Permit", 1, 100))
    group = {"DetailType": "GroupLineDetail", "GroupLineDetail": {"GroupItemRef": {"value": bundle["Id"]}}}
    put(harness, harness.in_books()["Id"], Line=[*harness.in_books()["Line"][:1], group])
    ignore_changes(harness)
    lines = lines_of(invoice)
    lines[0]["quantity"] = 2
    harness.edit(invoice, lineItems=lines)
    harness.work()
    kinds = [line["DetailType"] for line in harness.in_books()["Line"]]
    assert kinds == [DETAIL, "GroupLineDetail", "SubTotalLineDetail"]
    assert harness.in_books()["Line"][0]["Amount"] == 200


@pytest.mark.parametrize("ids", ["kept", "renewed"])
def test_lines_are_added_removed_and_reordered(harness: InvoiceHarness, ids: str) -> None:
    """Whether or not Coperniq keeps the ids of lines, a line's class goes with what it sells."""
    harness.portal.simulator.switch(line_ids=ids)
    harness.book_item("Cable")
    invoice = pushed(harness, ("Permit", 1, 100), ("Panel", 2, 50))
    dress(harness)
    first, second = lines_of(invoice)
    invoice = harness.edit(invoice, lineItems=[second, harness.line("Cable", 3, 5), first])
    harness.work()
    made = harness.in_books()
    assert sales(made) == [("Panel as agreed", 100), ("Cable as agreed", 15), ("Permit as agreed", 100)]
    assert [line[DETAIL].get("ClassRef") for line in made["Line"][:3]] == [None, None, {"value": "9"}]
    assert_at_rest(harness)
    kept = [line for line in lines_of(invoice) if line["description"].startswith("Permit")]
    invoice = harness.edit(invoice, lineItems=[{**kept[0], "quantity": 2}])
    harness.work()
    made = harness.in_books()
    assert sales(made) == [("Permit as agreed", 200)]
    assert made["Line"][0][DETAIL]["ClassRef"] == {"value": "9"}
    assert_at_rest(harness)


def test_renewed_ids_alone_are_nothing_to_do_and_do_not_cost_the_pairs(harness: InvoiceHarness) -> None:
    harness.portal.simulator.switch(line_ids="renewed")
    harness.book_item("Cable")
    invoice = pushed(harness, ("Permit", 1, 100), ("Panel", 2, 50))
    dress(harness)
    harness.portal.simulator.forget_log()
    invoice = harness.edit(invoice, lineItems=lines_of(invoice))
    harness.work()
    assert (harness.logged()[-1], harness.calls()) == (IN_STEP, [])
    harness.portal.simulator.switch(line_ids="kept")
    lines = lines_of(invoice)
    lines[0] |= {"description": "Another text", "catalogItemId": harness.item("Cable")}
    harness.edit(invoice, lineItems=lines)
    harness.work()
    detail = harness.in_books()["Line"][0][DETAIL]
    assert (detail["ItemRef"]["name"], detail["ClassRef"]) == ("Cable", {"value": "9"})
    assert_at_rest(harness)


def test_renewed_ids_of_two_lines_of_one_item_go_by_text_first(harness: InvoiceHarness) -> None:
    harness.portal.simulator.switch(line_ids="renewed")
    invoice = pushed(
        harness, lineItems=[harness.line("Permit", 1, 100, "Roof"), harness.line("Permit", 1, 50, "Garage")]
    )
    dress(harness)
    roof, garage = lines_of(invoice)
    harness.edit(invoice, lineItems=[garage, {**roof, "quantity": 2}])
    harness.work()
    made = harness.in_books()
    assert sales(made) == [("Garage", 50), ("Roof", 200)]
    assert [line[DETAIL].get("ClassRef") for line in made["Line"][:2]] == [None, {"value": "9"}]


def test_a_line_that_people_removed_in_quickbooks_is_added_again_by_an_edit(harness: InvoiceHarness) -> None:
    invoice = pushed(harness, ("Permit", 1, 100), ("Panel", 2, 50))
    put(harness, harness.in_books()["Id"], Line=harness.in_books()["Line"][:1])
    ignore_changes(harness)
    lines = lines_of(invoice)
    lines[1]["quantity"] = 4
    harness.edit(invoice, lineItems=lines)
    harness.work()
    assert sales(harness.in_books()) == [("Permit as agreed", 100), ("Panel as agreed", 200)]


def test_another_item_of_a_line_takes_the_place_of_the_old_one(harness: InvoiceHarness) -> None:
    invoice = pushed(harness, ("Permit", 1, 100))
    lines = lines_of(invoice)
    lines[0]["catalogItemId"] = harness.item("Panel")
    harness.edit(invoice, lineItems=lines)
    harness.work()
    assert harness.in_books()["Line"][0][DETAIL]["ItemRef"]["name"] == "Panel"
    assert len(harness.in_books()["Line"]) == 2


def test_a_difference_that_is_gone_takes_its_line_along(harness: InvoiceHarness) -> None:
    harness.configure(difference_item="1")
    invoice = pushed(harness, ("Permit", 1, 100), amount=108)
    note = {"DetailType": "DescriptionOnly", "Description": "Taxes are ours to pay"}
    put(harness, harness.in_books()["Id"], Line=[*harness.in_books()["Line"][:2], note])
    ignore_changes(harness)
    harness.edit(invoice, amount=None, lineItems=[{**lines_of(invoice)[0], "quantity": 2}])
    harness.work()
    made = harness.in_books()
    assert sales(made) == [("Permit as agreed", 200)]
    assert made["Line"][1]["Description"] == "Taxes are ours to pay"
    assert_at_rest(harness)


def test_the_first_edit_of_a_found_one_pairs_lines_by_their_order(harness: InvoiceHarness) -> None:
    """Found by its mark after a restored backup: which line is which was lost with the database."""
    invoice = pushed(harness, ("Permit", 1, 100), ("Panel", 2, 50))
    link = harness.link()
    RecordLink.objects.filter(pk=link.pk).update(sync_state={}, coperniq_snapshot={})
    dress(harness)
    lines = lines_of(invoice)
    lines[0]["quantity"] = 5
    harness.edit(invoice, lineItems=lines)
    harness.work()
    line = harness.in_books()["Line"][0]
    assert (line["Amount"], line[DETAIL]["ClassRef"]) == (500, {"value": "9"})
    assert len(sales(harness.in_books())) == 2
    assert_at_rest(harness)


def test_using_sales_tax_of_quickbooks_is_told_as_a_difference(harness: InvoiceHarness) -> None:
    prefer(harness.portal, using_sales_tax=True, automated_sales_tax=True)
    invoice = pushed(harness)
    dress(harness)
    harness.edit(invoice, lineItems=[{**lines_of(invoice)[0], "quantity": 2}])
    harness.work()
    assert harness.logged()[-1].startswith("done_with_warning: ")


def test_renewed_ids_go_by_the_item_where_the_text_is_another_too(harness: InvoiceHarness) -> None:
    harness.portal.simulator.switch(line_ids="renewed")
    invoice = pushed(harness, ("Permit", 1, 100), ("Panel", 2, 50))
    dress(harness)
    permit, panel = lines_of(invoice)
    harness.edit(invoice, lineItems=[panel, {**permit, "description": "Another text"}])
    harness.work()
    made = harness.in_books()
    assert sales(made) == [("Panel as agreed", 100), ("Another text", 100)]
    assert [line[DETAIL].get("ClassRef") for line in made["Line"][:2]] == [None, {"value": "9"}]


def test_of_a_found_one_whose_lines_nobody_noted_a_status_is_nothing_to_do(harness: InvoiceHarness) -> None:
    invoice = pushed(harness)
    RecordLink.objects.filter(kind="invoice").update(sync_state={})
    harness.act(invoice, "send")
    harness.work()
    assert (harness.logged()[-1], harness.calls()) == (IN_STEP, [])
