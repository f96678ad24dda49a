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
def books(office: PortalHarness) -> TwoWayHarness:
    return open_two_way(office)


def sell(books: TwoWayHarness, *names: str, **fields: Any) -> dict[str, Any]:
    made = books.invoice(*({"item": name, "quantity": 1, "price": 100} for name in names), **fields)
    books.heard()
    return made


def item_id(books: TwoWayHarness, name: str) -> str:
    return next(str(row["Id"]) for row in books.money.books("Item") if row["Name"] == name)


def test_an_item_is_found_by_its_code_before_its_name(books: TwoWayHarness) -> None:
    simulator = books.money.office.simulator
    simulator.make("catalog-items", name="Permit")
    simulator.make("catalog-items", name="City permit", code="SVC-PERMIT")
    books.money.edit_books("Item", item_id(books, "Permit"), Sku="SVC-PERMIT")
    sell(books, "Permit")
    assert lines(invoice(books))[0][0] == "City permit"
    assert RecordLink.objects.get(kind="item").match_method == "code"
    assert_nothing_left_to_do(books)


def test_an_item_is_found_by_its_name_in_any_case_and_never_changed(books: TwoWayHarness) -> None:
    books.money.office.simulator.make("catalog-items", name="PERMIT", price=7)
    sell(books, "Permit")
    books.money.edit_books("Item", item_id(books, "Permit"), Name="Permits", UnitPrice=120)
    sell(books, "Permits")
    assert [lines(one)[0][0] for one in invoices(books)] == ["PERMIT", "PERMIT"]
    assert catalog(books)["PERMIT"]["price"] == 7
    assert len(catalog(books)) == 1
    assert_nothing_left_to_do(books)


def test_an_item_that_was_made_is_kept_up(books: TwoWayHarness) -> None:
    books.money.edit_books("Item", item_id(books, "Permit"), UnitPrice=80, Sku="P-1")
    sell(books, "Permit")
    made = catalog(books)["Permit"]
    assert (made["price"], made["code"], made["type"], made["category"]) == (80, "P-1", "SERVICE", "OTHER")
    assert made["catalog"] == "OTHER"
    books.money.edit_books("Item", item_id(books, "Permit"), Name="City permit", UnitPrice=95)
    sell(books, "City permit")
    assert list(catalog(books)) == ["City permit"]
    assert catalog(books)["City permit"]["price"] == 95
    assert [lines(one)[0][0] for one in invoices(books)] == ["City permit", "City permit"]
    assert_nothing_left_to_do(books)


def test_an_item_coperniq_refuses_becomes_the_generic_one(books: TwoWayHarness) -> None:
    """An archived item holds no name, so that only Coperniq's own rules stand in the way of a new one."""
    simulator = books.money.office.simulator
    simulator.switch(duplicate_item_code="refuse")
    for name in ("Permit 1", "Permit 2"):
        simulator.make("catalog-items", name=name, code=f"X-{name}")
    simulator.make("catalog-items", name="Something else", code="P-1")
    simulator.make("catalog-items", name="Another", code="P-2")
    link = {"connection": books.money.office.quickbooks, "kind": "item", "match_method": "chosen"}
    taken = catalog(books)["Something else"]["id"]
    RecordLink.objects.create(**link, coperniq_id=str(taken), quickbooks_id="999")
    books.money.edit_books("Item", item_id(books, "Permit"), Sku="P-1")
    sell(books, "Permit", "Labour")
    assert [line[0] for line in lines(invoice(books))] == [GENERIC, "Labour"]
    assert lines(invoice(books))[0][3] == "Permit"
    assert_nothing_left_to_do(books)


def test_two_generic_ones_on_one_invoice_are_numbered(books: TwoWayHarness) -> None:
    made = sell(books, "Permit", discount={"amount": 10}, shipping=5)
    assert invoice(books)["amount"] == made["TotalAmt"] == 95
    assert [line[0] for line in lines(invoice(books))] == ["Permit", GENERIC, f"{GENERIC} 2"]
    sell(books, "Labour", discount={"amount": 20})
    assert sorted(catalog(books)) == [GENERIC, f"{GENERIC} 2", "Labour", "Permit"]
    assert_nothing_left_to_do(books)


def test_a_catalog_item_archived_in_coperniq_is_not_sold_again(books: TwoWayHarness) -> None:
    sell(books, "Permit")
    first = catalog(books)["Permit"]["id"]
    books.money.office.simulator.change("catalog-items", first, isArchived=True)
    sell(books, "Permit")
    books.money.office.simulator.forget_log()
    found = [one["lineItems"][0]["catalogItemId"] for one in invoices(books)]
    assert found[0] == first
    assert found[1] != first
    assert_nothing_left_to_do(books)


def test_what_one_pull_made_serves_the_push_too(books: TwoWayHarness) -> None:
    sell(books, "Permit")
    books.money.items["Permit"] = catalog(books)["Permit"]["id"]
    books.money.invoice(("Permit", 2, 10))
    books.money.work()
    pushed = books.money.books("Invoice")[-1]
    assert pushed["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"] == item_id(books, "Permit")
    assert_nothing_left_to_do(books)


def test_an_item_changed_on_a_linked_line_is_another_line(books: TwoWayHarness) -> None:
    made = sell(books, "Permit")
    line = made["Line"][0]
    books.change(made, lines=[{"id": line["Id"], "item": "Labour", "quantity": 1, "price": 100}])
    books.heard()
    assert [row[0] for row in lines(invoice(books))] == ["Labour"]
    assert_nothing_left_to_do(books)
    books.money.edit(invoice(books), lineItems=[{**lines_of(invoice(books))[0], "quantity": 2}])
    books.money.work()
    assert books.money.in_books()["TotalAmt"] == 200
    assert books.money.in_books()["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"] == item_id(
        books, "Labour"
    )
    assert_nothing_left_to_do(books)


@pytest.mark.parametrize("fault", ["lost_answer", "late_error_500"])
def test_a_catalog_item_whose_answer_was_lost_is_found_and_not_made_twice(
    books: TwoWayHarness, fault: str
) -> None:
    books.money.office.simulator.fault(fault, vendor="coperniq", method="POST", path="/catalog-items")
    sell(books, "Permit")
    books.money.work()
    assert list(catalog(books)) == ["Permit"]
    assert len(invoices(books)) == 1
    assert "done: Created the catalog item “Permit” in Coperniq." in logged_in_order(books)
    assert writes(books).count("coperniq POST /coperniq/v1/catalog-items") == 1
    assert_nothing_left_to_do(books)


def test_an_item_that_fits_several_of_the_catalog_becomes_the_generic_one(books: TwoWayHarness) -> None:
    for code in ("A", "B"):
        books.money.item("Permit", code=code)
        books.money.items.clear()
    books.invoice()
    books.heard()
    assert [line[0] for line in lines(invoice(books))] == ["External Item (QBO)"]
    assert_nothing_left_to_do(books)


@pytest.mark.parametrize("fault", ["error_500", "refuse_connection_before"])
def test_an_item_that_was_not_made_after_all_is_made_later(books: TwoWayHarness, fault: str) -> None:
    books.money.office.simulator.fault(fault, "coperniq", method="POST", path="/catalog-items")
    books.invoice()
    books.heard()
    books.heard()
    assert [line[0] for line in lines(invoice(books))] == ["Permit"]
    assert list(catalog(books)).count("Permit") == 1
    assert_nothing_left_to_do(books)


def test_a_catalog_item_left_without_an_answer_is_linked_though_nobody_needs_it_any_more(
    books: TwoWayHarness,
) -> None:
    books.money.book_item("Gravel")
    made = books.invoice({"item": "Gravel", "quantity": 1, "price": 10})
    books.money.office.simulator.fault("lost_answer", "coperniq", method="POST", path="/catalog-items")
    books.money.look_at_changes()
    books.money.office.work_once()
    assert RemoteWrite.objects.open().get().kind == "item"
    books.change(made, lines=[{"item": "Permit", "quantity": 1, "price": 10}])
    books.heard()
    assert [line[0] for line in lines(invoice(books))] == ["Permit"]
    assert "done: Created the catalog item “Gravel” in Coperniq." in logged_in_order(books)
    assert_nothing_left_to_do(books)
    books.invoice({"item": "Gravel", "quantity": 1, "price": 10})
    books.heard()
    assert list(catalog(books)).count("Gravel") == 1


def test_a_catalog_item_left_by_a_pausing_run_is_found_by_the_next_invoice_that_needs_it(
    books: TwoWayHarness,
) -> None:
    books.money.book_item("Gravel")
    gravel = {"item": "Gravel", "quantity": 1, "price": 10}
    books.invoice(gravel)
    books.money.office.simulator.fault("lost_answer", "coperniq", method="POST", path="/catalog-items")
    books.money.look_at_changes()
    books.money.office.work_once()
    SyncRun.objects.update(not_before=timezone.now() + timedelta(minutes=1))
    books.invoice(gravel)
    books.money.look_at_changes()
    books.money.office.work(pauses=True)
    assert len(invoices(books)) == 1, "the first is pausing"
    assert not RemoteWrite.objects.open().exists()
    books.heard()
    assert len(invoices(books)) == 2
    assert list(catalog(books)).count("Gravel") == 1
    assert_nothing_left_to_do(books)
