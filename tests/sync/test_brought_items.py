"""The catalog items that lines of QuickBooks need in Coperniq: found, made, kept up, or done without."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import RecordLink, RemoteWrite, SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import lines_of
from tests.sync.pull_builders import (
    assert_nothing_left_to_do,
    catalog,
    invoice,
    invoices,
    lines,
    logged_in_order,
    writes,
)
from tests.sync.two_way import TwoWayHarness, open_two_way

GENERIC = "External Item (QBO)"


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


def sell(sides: TwoWayHarness, *names: str, **fields: Any) -> dict[str, Any]:
    made = sides.invoice(*({"item": name, "quantity": 1, "price": 100} for name in names), **fields)
    sides.sync()
    return made


def item_id(sides: TwoWayHarness, name: str) -> str:
    return next(str(row["Id"]) for row in sides.harness.books("Item") if row["Name"] == name)


def test_an_item_is_found_by_its_code_before_its_name(sides: TwoWayHarness) -> None:
    simulator = sides.harness.portal.simulator
    simulator.make("catalog-items", name="Permit")
    simulator.make("catalog-items", name="City permit", code="SVC-PERMIT")
    sides.harness.edit_books("Item", item_id(sides, "Permit"), Sku="SVC-PERMIT")
    sell(sides, "Permit")
    assert lines(invoice(sides))[0][0] == "City permit"
    assert RecordLink.objects.get(kind="item").match_method == "code"
    assert_nothing_left_to_do(sides)


def test_an_item_is_found_by_its_name_in_any_case_and_never_changed(sides: TwoWayHarness) -> None:
    sides.harness.portal.simulator.make("catalog-items", name="PERMIT", price=7)
    sell(sides, "Permit")
    sides.harness.edit_books("Item", item_id(sides, "Permit"), Name="Permits", UnitPrice=120)
    sell(sides, "Permits")
    assert [lines(one)[0][0] for one in invoices(sides)] == ["PERMIT", "PERMIT"]
    assert catalog(sides)["PERMIT"]["price"] == 7
    assert len(catalog(sides)) == 1
    assert_nothing_left_to_do(sides)


def test_an_item_that_was_made_is_kept_up(sides: TwoWayHarness) -> None:
    sides.harness.edit_books("Item", item_id(sides, "Permit"), UnitPrice=80, Sku="P-1")
    sell(sides, "Permit")
    made = catalog(sides)["Permit"]
    assert (made["price"], made["code"], made["type"], made["category"]) == (80, "P-1", "SERVICE", "OTHER")
    assert made["catalog"] == "OTHER"
    sides.harness.edit_books("Item", item_id(sides, "Permit"), Name="City permit", UnitPrice=95)
    sell(sides, "City permit")
    assert list(catalog(sides)) == ["City permit"]
    assert catalog(sides)["City permit"]["price"] == 95
    assert [lines(one)[0][0] for one in invoices(sides)] == ["City permit", "City permit"]
    assert_nothing_left_to_do(sides)


def test_an_item_coperniq_refuses_becomes_the_generic_one(sides: TwoWayHarness) -> None:
    """An archived item holds no name, so that only Coperniq's own rules stand in the way of a new one."""
    simulator = sides.harness.portal.simulator
    simulator.switch(duplicate_item_code="refuse")
    for name in ("Permit 1", "Permit 2"):
        simulator.make("catalog-items", name=name, code=f"X-{name}")
    simulator.make("catalog-items", name="Something else", code="P-1")
    simulator.make("catalog-items", name="Another", code="P-2")
    link = {"connection": sides.harness.portal.quickbooks, "kind": "item", "match_method": "chosen"}
    taken = catalog(sides)["Something else"]["id"]
    RecordLink.objects.create(**link, coperniq_id=str(taken), quickbooks_id="999")
    sides.harness.edit_books("Item", item_id(sides, "Permit"), Sku="P-1")
    sell(sides, "Permit", "Labour")
    assert [line[0] for line in lines(invoice(sides))] == [GENERIC, "Labour"]
    assert lines(invoice(sides))[0][3] == "Permit"
    assert_nothing_left_to_do(sides)


def test_two_generic_ones_on_one_invoice_are_numbered(sides: TwoWayHarness) -> None:
    made = sell(sides, "Permit", discount={"amount": 10}, shipping=5)
    assert invoice(sides)["amount"] == made["TotalAmt"] == 95
    assert [line[0] for line in lines(invoice(sides))] == ["Permit", GENERIC, f"{GENERIC} 2"]
    sell(sides, "Labour", discount={"amount": 20})
    assert sorted(catalog(sides)) == [GENERIC, f"{GENERIC} 2", "Labour", "Permit"]
    assert_nothing_left_to_do(sides)


def test_a_catalog_item_archived_in_coperniq_is_not_sold_again(sides: TwoWayHarness) -> None:
    sell(sides, "Permit")
    first = catalog(sides)["Permit"]["id"]
    sides.harness.portal.simulator.change("catalog-items", first, isArchived=True)
    sell(sides, "Permit")
    sides.harness.portal.simulator.forget_log()
    found = [one["lineItems"][0]["catalogItemId"] for one in invoices(sides)]
    assert found[0] == first
    assert found[1] != first
    assert_nothing_left_to_do(sides)


def test_what_one_pull_made_serves_the_push_too(sides: TwoWayHarness) -> None:
    sell(sides, "Permit")
    sides.harness.items["Permit"] = catalog(sides)["Permit"]["id"]
    sides.harness.invoice(("Permit", 2, 10))
    sides.harness.work()
    pushed = sides.harness.books("Invoice")[-1]
    assert pushed["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"] == item_id(sides, "Permit")
    assert_nothing_left_to_do(sides)


def test_an_item_changed_on_a_linked_line_is_another_line(sides: TwoWayHarness) -> None:
    made = sell(sides, "Permit")
    line = made["Line"][0]
    sides.change(made, lines=[{"id": line["Id"], "item": "Labour", "quantity": 1, "price": 100}])
    sides.sync()
    assert [row[0] for row in lines(invoice(sides))] == ["Labour"]
    assert_nothing_left_to_do(sides)
    sides.harness.edit(invoice(sides), lineItems=[{**lines_of(invoice(sides))[0], "quantity": 2}])
    sides.harness.work()
    assert sides.harness.in_books()["TotalAmt"] == 200
    assert sides.harness.in_books()["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"] == item_id(
        sides, "Labour"
    )
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("fault", ["lost_answer", "late_error_500"])
def test_a_catalog_item_whose_answer_was_lost_is_found_and_not_made_twice(
    sides: TwoWayHarness, fault: str
) -> None:
    sides.harness.portal.simulator.fault(fault, vendor="coperniq", method="POST", path="/catalog-items")
    sell(sides, "Permit")
    sides.harness.work()
    assert list(catalog(sides)) == ["Permit"]
    assert len(invoices(sides)) == 1
    assert "done: Created the catalog item “Permit” in Coperniq." in logged_in_order(sides)
    assert writes(sides).count("coperniq POST /coperniq/v1/catalog-items") == 1
    assert_nothing_left_to_do(sides)


def test_an_item_that_fits_several_of_the_catalog_becomes_the_generic_one(sides: TwoWayHarness) -> None:
    for code in ("A", "B"):
        sides.harness.item("Permit", code=code)
        sides.harness.items.clear()
    sides.invoice()
    sides.sync()
    assert [line[0] for line in lines(invoice(sides))] == ["External Item (QBO)"]
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("fault", ["error_500", "refuse_connection_before"])
def test_an_item_that_was_not_made_after_all_is_made_later(sides: TwoWayHarness, fault: str) -> None:
    sides.harness.portal.simulator.fault(fault, "coperniq", method="POST", path="/catalog-items")
    sides.invoice()
    sides.sync()
    sides.sync()
    assert [line[0] for line in lines(invoice(sides))] == ["Permit"]
    assert list(catalog(sides)).count("Permit") == 1
    assert_nothing_left_to_do(sides)


def test_a_catalog_item_left_without_an_answer_is_linked_though_nobody_needs_it_any_more(
    sides: TwoWayHarness,
) -> None:
    sides.harness.book_item("Gravel")
    made = sides.invoice({"item": "Gravel", "quantity": 1, "price": 10})
    sides.harness.portal.simulator.fault("lost_answer", "coperniq", method="POST", path="/catalog-items")
    sides.harness.look_at_changes()
    sides.harness.portal.work_once()
    assert RemoteWrite.objects.open().get().kind == "item"
    sides.change(made, lines=[{"item": "Permit", "quantity": 1, "price": 10}])
    sides.sync()
    assert [line[0] for line in lines(invoice(sides))] == ["Permit"]
    assert "done: Created the catalog item “Gravel” in Coperniq." in logged_in_order(sides)
    assert_nothing_left_to_do(sides)
    sides.invoice({"item": "Gravel", "quantity": 1, "price": 10})
    sides.sync()
    assert list(catalog(sides)).count("Gravel") == 1


def test_a_catalog_item_left_by_a_pausing_run_is_found_by_the_next_invoice_that_needs_it(
    sides: TwoWayHarness,
) -> None:
    sides.harness.book_item("Gravel")
    gravel = {"item": "Gravel", "quantity": 1, "price": 10}
    sides.invoice(gravel)
    sides.harness.portal.simulator.fault("lost_answer", "coperniq", method="POST", path="/catalog-items")
    sides.harness.look_at_changes()
    sides.harness.portal.work_once()
    SyncRun.objects.update(not_before=timezone.now() + timedelta(minutes=1))
    sides.invoice(gravel)
    sides.harness.look_at_changes()
    sides.harness.portal.work(pauses=True)
    assert len(invoices(sides)) == 1, "the first is pausing"
    assert not RemoteWrite.objects.open().exists()
    sides.sync()
    assert len(invoices(sides)) == 2
    assert list(catalog(sides)).count("Gravel") == 1
    assert_nothing_left_to_do(sides)
