"""Turns that a pull seldom takes: what ended twice, was answered late, refused again, or fits several."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.errors import Refused
from integrations.models import Lane, RecordLink, RemoteWrite, SyncRun, Vendor
from integrations.sync.engine.context import SyncContext
from integrations.sync.invoices import pull as invoices_pull
from integrations.sync.payments.external import on_invoice_ended
from tests.sync.office import Office
from tests.sync.pull_scenes import assert_calm, catalog, invoice, invoices, lines, payments, told, writes
from tests.sync.two_way import Books, open_both
from tests.sync.two_way_histories import die


@pytest.fixture
def books(office: Office) -> Books:
    return open_both(office)


@pytest.fixture
def linked(books: Books) -> tuple[Books, dict[str, Any]]:
    """An invoice of $100 that began in QuickBooks."""
    made = books.invoice()
    books.heard()
    return books, made


Linked = tuple[Books, dict[str, Any]]


def test_an_item_that_fits_several_of_the_catalog_becomes_the_generic_one(books: Books) -> None:
    for code in ("A", "B"):
        books.money.item("Permit", code=code)
        books.money.items.clear()
    books.invoice()
    books.heard()
    assert [line[0] for line in lines(invoice(books))] == ["External Item (QBO)"]
    assert_calm(books)


@pytest.mark.parametrize("fault", ["error_500", "refuse_connection_before"])
def test_an_item_that_was_not_made_after_all_is_made_later(books: Books, fault: str) -> None:
    books.money.office.simulator.fault(fault, "coperniq", method="POST", path="/catalog-items")
    books.invoice()
    books.heard()
    books.heard()
    assert [line[0] for line in lines(invoice(books))] == ["Permit"]
    assert list(catalog(books)).count("Permit") == 1
    assert_calm(books)


@pytest.mark.parametrize("fault", ["lost_answer", "error_500"])
def test_a_due_date_without_an_answer_is_looked_for_and_written_once(linked: Linked, fault: str) -> None:
    books, made = linked
    books.money.office.simulator.forget_log()
    books.money.office.simulator.fault(fault, "coperniq", method="PATCH", path="/invoices")
    books.change(made, due="2040-05-06")
    books.heard()
    assert invoice(books)["dueDate"].startswith("2040-05-06")
    applied = [call for call in books.money.office.simulator.log(write=True) if call["applied"]]
    assert [call["method"] for call in applied] == ["PATCH"]
    assert_calm(books)


def test_a_second_payment_without_an_answer_is_told_from_the_first(linked: Linked) -> None:
    books, made = linked
    books.payment({"id": made["Id"], "amount": 30})
    books.heard()
    books.money.office.simulator.fault("lost_answer", "coperniq", method="POST", path="/payments")
    books.payment({"id": made["Id"], "amount": 20})
    books.heard()
    assert sorted(row["amount"] for row in payments(books)) == [20, 30]
    assert_calm(books)


def test_a_new_payment_beside_the_one_that_was_asked_about_is_its_own(linked: Linked) -> None:
    books, made = linked
    paid = books.payment({"id": made["Id"], "amount": 50})
    books.heard()
    books.change_payment(paid, invoices=[{"id": made["Id"], "amount": 30}], amount=30)
    books.heard()
    assert books.money.held().cause == "quickbooks_payment_changed"
    books.money.pay(invoice(books), 20)
    books.money.work()
    assert [row["TotalAmt"] for row in books.money.books("Payment")] == [30, 20]
    assert books.money.held().cause == "quickbooks_payment_changed"
    assert_calm(books)


@pytest.mark.parametrize("vendor", Vendor)
def test_what_a_vendor_refuses_for_good_is_for_a_person(
    books: Books, monkeypatch: pytest.MonkeyPatch, vendor: Vendor
) -> None:
    def refuse(*_: object) -> None:
        raise Refused(vendor=vendor, detail="no")

    with monkeypatch.context() as patch:
        patch.setattr(invoices_pull, "execute_plan", refuse)
        books.invoice()
        books.heard()
    assert books.money.held().cause == "refused"
    books.money.decide("retry")
    assert invoice(books)["amount"] == 100
    assert_calm(books)


def test_a_catalog_item_left_without_an_answer_is_linked_though_nobody_needs_it_any_more(
    books: Books,
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
    assert "done: Created the catalog item “Gravel” in Coperniq." in told(books)
    assert_calm(books)
    books.invoice({"item": "Gravel", "quantity": 1, "price": 10})
    books.heard()
    assert list(catalog(books)).count("Gravel") == 1


def test_a_catalog_item_left_by_a_pausing_run_is_found_by_the_next_invoice_that_needs_it(
    books: Books,
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
    assert_calm(books)


def test_an_account_left_without_an_answer_is_told_though_nobody_needs_it_any_more(books: Books) -> None:
    money = books.money
    billed = money.invoice(("Permit", 1, 100))
    money.work()
    paid = money.pay(billed, 40)
    money.office.simulator.fault("lost_answer", method="POST", path="/account", times=9)
    money.work_until_payment()
    money.office.work_once()
    assert RemoteWrite.objects.open().get().entity == "Account"
    money.office.simulator.control("faults", method="DELETE")
    die()
    money.remove_payment(billed, paid)
    money.work()
    assert "done: Created the account “Coperniq Payments” in QuickBooks." in money.told()
    assert_calm(books)


def test_an_invoice_deleted_before_anybody_had_looked_is_nothing(books: Books) -> None:
    made = books.invoice()
    books.money.look_at_changes()
    books.delete(made)
    books.money.office.work()
    books.heard()
    assert (invoices(books), writes(books)) == ([], [])
    assert not SyncRun.objects.held().exists()


def test_a_void_meets_an_invoice_that_is_declined_already(linked: Linked) -> None:
    books, made = linked
    books.money.act(invoice(books), "decline")
    books.void(made)
    books.money.look_at_changes()
    books.money.office.simulator.forget_log()
    books.money.office.work()
    assert told(books)[-1].endswith("was voided in QuickBooks, and has come to its end in Coperniq too.")
    assert writes(books) == []
    assert_calm(books)


def test_what_happens_to_an_ended_invoice_afterwards_is_no_news(linked: Linked) -> None:
    books, made = linked
    books.void(made)
    books.heard()
    rows = told(books)
    books.change(books.money.in_books(), note="Voided by mistake?")
    books.heard()
    books.delete(made)
    books.heard()
    assert told(books) == rows
    assert not SyncRun.objects.held().exists()
    assert invoice(books)["status"] == "DECLINED"


def test_an_end_that_is_known_is_not_asked_about_again(linked: Linked) -> None:
    books, _ = linked
    desk = SyncContext(Lane.objects.get(), books.money.office.quickbooks)
    link = RecordLink.objects.get(kind="invoice")
    link.written["ended"] = "voided"
    on_invoice_ended(desk, link, "voided")
    assert not SyncRun.objects.unfinished().exists()
    assert link.quickbooks_image["voided"]
