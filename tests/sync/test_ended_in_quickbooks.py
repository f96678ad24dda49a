"""Invoices voided, deleted or moved in QuickBooks, and what becomes of Coperniq's: nothing is lost without a person."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import lines_of
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice, invoices, logged_in_order, writes
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture(params=["pulled", "pushed"])
def made(request: pytest.FixtureRequest, office: PortalHarness) -> tuple[TwoWayHarness, dict[str, Any]]:
    """An invoice of $100 on both sides, whichever it began on."""
    books = open_two_way(office)
    if request.param == "pulled":
        books.invoice()
        books.heard()
    else:
        books.money.invoice(("Permit", 1, 100))
        books.money.work()
        books.heard()
    assert invoice(books)["amount"] == 100
    return books, books.money.in_books()


Made = tuple[TwoWayHarness, dict[str, Any]]


def run_for(books: TwoWayHarness) -> SyncRun:
    return books.money.held()


def test_a_void_declines_it_in_coperniq(made: Made) -> None:
    books, document = made
    books.void(document)
    books.heard()
    assert invoice(books)["status"] == "DECLINED"
    assert (
        logged_in_order(books)[-1]
        == "done: Declined invoice 1001 in Coperniq, because it was voided in QuickBooks."
    )
    assert_nothing_left_to_do(books)
    assert not SyncRun.objects.held().exists()


def test_an_emptied_due_date_is_no_edit_a_void_has_to_be_asked_about(made: Made) -> None:
    books, document = made
    books.money.edit(invoice(books), dueDate=None)
    books.void(document)
    books.heard()
    assert invoice(books)["status"] == "DECLINED"
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(books)


def test_a_void_is_asked_about_where_the_setting_says_so(made: Made) -> None:
    books, document = made
    books.money.configure(on_quickbooks_void="hold")
    books.void(document)
    books.heard()
    assert invoice(books)["status"] != "DECLINED"
    assert run_for(books).cause == "quickbooks_invoice_voided"
    assert_nothing_left_to_do(books)
    books.money.decide("decline_in_coperniq")
    assert invoice(books)["status"] == "DECLINED"
    assert_nothing_left_to_do(books)


def test_a_void_that_a_person_leaves_stays_left(made: Made) -> None:
    books, document = made
    books.money.configure(on_quickbooks_void="hold")
    books.void(document)
    books.heard()
    books.money.decide("discard")
    assert_nothing_left_to_do(books)
    assert invoice(books)["status"] != "DECLINED"


def test_a_void_of_what_coperniq_has_payments_on_is_held(made: Made) -> None:
    books, document = made
    books.money.pay(invoice(books), 40)
    books.void(document)
    books.heard()
    causes = set(SyncRun.objects.held().values_list("action", "cause"))
    assert ("pull_invoice", "ended_but_paid") in causes
    assert invoice(books)["status"] == "PARTIALLY_PAID"
    assert_nothing_left_to_do(books)


def test_a_void_of_what_is_being_edited_in_coperniq_is_held(made: Made) -> None:
    books, document = made
    books.money.edit(invoice(books), lineItems=[{**lines_of(invoice(books))[0], "quantity": 2}])
    books.void(document)
    books.heard()
    run = run_for(books)
    assert run.cause == "quickbooks_invoice_voided"
    assert "and changed in Coperniq" in run.sentence
    assert_nothing_left_to_do(books)
    books.money.decide("decline_in_coperniq")
    assert invoice(books)["status"] == "DECLINED"
    assert_nothing_left_to_do(books)


def test_a_deletion_is_held_and_declines_when_released(made: Made) -> None:
    books, document = made
    books.delete(document)
    books.heard()
    run = run_for(books)
    assert (run.cause, [choice["key"] for choice in run.choices]) == (
        "quickbooks_invoice_deleted",
        ["decline_in_coperniq", "retry", "discard"],
    )
    assert invoice(books)["status"] != "DECLINED"
    assert_nothing_left_to_do(books)
    books.money.decide("decline_in_coperniq")
    assert invoice(books)["status"] == "DECLINED"
    assert_nothing_left_to_do(books)
    assert not SyncRun.objects.held().exists()


def test_a_deletion_that_a_person_leaves_is_asked_about_once(made: Made) -> None:
    books, document = made
    books.delete(document)
    books.heard()
    books.money.decide("discard")
    assert_nothing_left_to_do(books)
    assert invoice(books)["status"] != "DECLINED"


def test_a_deletion_in_coperniq_is_held_and_leaves_quickbooks_alone(made: Made) -> None:
    books, _ = made
    ours = invoice(books)["id"]
    books.money.office.simulator.call(
        "DELETE", f"/_control/coperniq/key-of-the-first-company/invoices/{ours}"
    )
    books.money.sweep()
    books.heard()
    assert run_for(books).cause == "invoice_missing"
    assert books.money.in_books()["TotalAmt"] == 100
    assert_nothing_left_to_do(books)


def test_an_invoice_out_of_sight_is_asked_about_once_and_goes_on_when_it_is_back(made: Made) -> None:
    books, document = made
    books.money.office.simulator.switch(archived_invoices="gone")
    ours = invoice(books)
    books.money.act(ours, "archive")
    books.change(document, note="Looked at again")
    books.heard()
    books.money.sweep()
    assert run_for(books).cause == "invoice_missing", "one card, whichever side it was noticed on"
    assert_nothing_left_to_do(books)
    books.money.act(ours, "restore")
    books.money.decide("retry")
    assert "Looked at again" in invoice(books)["description"]
    assert_nothing_left_to_do(books)


def test_an_invoice_moved_to_another_customer_is_held_and_goes_on_when_released(made: Made) -> None:
    books, document = made
    other = books.money.office.simulator.in_books(books.money.office.realm, DisplayName="Ann Brown")
    books.change(document, customer=other["Id"], note="Moved")
    books.heard()
    assert run_for(books).cause == "quickbooks_invoice_moved"
    assert "Moved" not in (invoice(books)["description"] or "")
    assert_nothing_left_to_do(books)
    books.money.decide("go_on")
    assert "Moved" in invoice(books)["description"]
    assert_nothing_left_to_do(books)
    books.change(document, note="Moved and settled")
    books.heard()
    assert "Moved and settled" in invoice(books)["description"]
    assert_nothing_left_to_do(books)
    assert not SyncRun.objects.held().exists()


def test_an_invoice_moved_back_needs_no_answer(made: Made) -> None:
    books, document = made
    other = books.money.office.simulator.in_books(books.money.office.realm, DisplayName="Ann Brown")
    books.change(document, customer=other["Id"])
    books.heard()
    books.change(document, customer=books.job_id)
    books.heard()
    books.money.decide("retry") if SyncRun.objects.held().exists() else None
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(books)
    assert RecordLink.objects.get(kind="invoice").quickbooks_id == document["Id"]


def test_a_declined_invoice_made_anew_after_a_void_is_a_new_one(made: Made) -> None:
    books, document = made
    books.void(document)
    books.heard()
    books.invoice(number="1001-new")
    books.heard()
    assert sorted(one["status"] for one in invoices(books)) == ["DECLINED", "SENT"]
    assert_nothing_left_to_do(books)


def test_what_changed_while_coperniqs_was_archived_comes_over_once_it_is_back(made: Made) -> None:
    books, document = made
    ours = invoice(books)
    books.money.act(ours, "archive")
    books.money.sweep()
    books.change(document, note="Meanwhile", lines=[{"item": "Permit", "quantity": 3, "price": 100}])
    books.heard()
    assert invoice(books)["amount"] == 100
    assert_nothing_left_to_do(books)
    books.money.act(ours, "restore")
    books.heard()
    assert invoice(books)["amount"] == 300
    assert "Meanwhile" in invoice(books)["description"]
    assert_nothing_left_to_do(books)


def test_an_invoice_deleted_before_anybody_had_looked_is_nothing(office: PortalHarness) -> None:
    books = open_two_way(office)
    made = books.invoice()
    books.money.look_at_changes()
    books.delete(made)
    books.money.office.work()
    books.heard()
    assert (invoices(books), writes(books)) == ([], [])
    assert not SyncRun.objects.held().exists()


def test_a_void_meets_an_invoice_that_is_declined_already(made: Made) -> None:
    books, document = made
    books.money.act(invoice(books), "decline")
    books.void(document)
    books.money.look_at_changes()
    books.money.office.simulator.forget_log()
    books.money.office.work()
    assert logged_in_order(books)[-1].endswith(
        "was voided in QuickBooks, and is no longer active in Coperniq either."
    )
    assert writes(books) == []
    assert_nothing_left_to_do(books)


def test_what_happens_to_an_ended_invoice_afterwards_is_no_news(made: Made) -> None:
    books, document = made
    books.void(document)
    books.heard()
    rows = logged_in_order(books)
    books.change(books.money.in_books(), note="Voided by mistake?")
    books.heard()
    books.delete(document)
    books.heard()
    assert logged_in_order(books) == rows
    assert not SyncRun.objects.held().exists()
    assert invoice(books)["status"] == "DECLINED"
