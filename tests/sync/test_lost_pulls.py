"""Coperniq knows no repetition: what it may have done without an answer is looked for, and done once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import RecordLink, RemoteWrite, SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import assert_at_rest
from tests.sync.pull_builders import assert_nothing_left_to_do, hear_while_pausing, payments
from tests.sync.two_way import TwoWayHarness, coperniq_state, open_two_way

LOST = ["lost_answer", "late_error_500"]


@pytest.fixture
def books(office: PortalHarness) -> TwoWayHarness:
    return open_two_way(office)


@pytest.mark.parametrize("fault", LOST)
def test_an_invoice_brought_over_without_an_answer_is_linked_and_done(
    books: TwoWayHarness, fault: str
) -> None:
    books.invoice()
    books.money.office.simulator.fault(fault, "coperniq", method="POST", path="/invoices")
    books.heard()
    assert len(coperniq_state(books.money, "invoices")) == 1
    assert RecordLink.objects.get(kind="invoice").match_method == RecordLink.MatchMethod.PULLED
    assert not SyncRun.objects.held().exists(), books.money.told()
    books.heard()
    assert_at_rest(books.money)


@pytest.mark.parametrize("fault", LOST)
def test_a_payment_recorded_without_an_answer_is_linked_and_done(books: TwoWayHarness, fault: str) -> None:
    made = books.invoice()
    books.heard()
    books.payment(made["Id"])
    books.money.office.simulator.fault(fault, "coperniq", method="POST", path="/payments")
    books.heard()
    (invoice,) = coperniq_state(books.money, "invoices")
    assert [payment["amount"] for payment in invoice["payments"]] == [made["TotalAmt"]]
    assert RecordLink.objects.get(kind="payment").match_method == RecordLink.MatchMethod.PULLED
    assert not SyncRun.objects.held().exists(), books.money.told()
    books.heard()
    assert_at_rest(books.money)


@pytest.mark.parametrize("fault", LOST)
def test_a_generic_item_made_without_an_answer_is_found_by_another_invoice_first(
    books: TwoWayHarness, fault: str
) -> None:
    """The catalog is read anew for the other's own item, and shows what was made by then."""
    office = books.money.office
    books.invoice(discount={"percent": 10})
    books.money.book_item("Gravel")
    books.money.look_at_changes()
    office.simulator.fault(fault, "coperniq", method="POST", path="/catalog-items", skip=1)
    office.work_once()  # its own item, and the generic one without an answer
    SyncRun.objects.update(not_before=timezone.now() + timedelta(minutes=1))
    books.invoice({"item": "Gravel", "quantity": 1, "price": 10})
    books.money.look_at_changes()
    office.work(pauses=True)  # the first is pausing
    books.heard()
    names = [row["name"] for row in coperniq_state(books.money, "catalogItems")]
    assert names.count("External Item (QBO)") == 1
    assert len(coperniq_state(books.money, "invoices")) == 2
    assert not RemoteWrite.objects.open().exists()


def test_a_payment_heard_of_before_the_invoice_is_found_is_recorded(books: TwoWayHarness) -> None:
    """Neither the invoice as it was read nor whoever heard of the payment could tell."""
    made = books.invoice()
    brought_without_answer(books)
    books.payment({"id": made["Id"], "amount": 40})
    hear_while_pausing(books)
    books.money.work()
    assert [row["amount"] for row in payments(books)] == [40]
    assert_nothing_left_to_do(books)


def test_an_invoice_moved_in_coperniq_before_it_is_found_is_there_once_and_asked_about(
    books: TwoWayHarness,
) -> None:
    money = books.money
    books.invoice()
    brought_without_answer(books)
    (made,) = coperniq_state(money, "invoices")
    other = money.office.project(money.account, "Garage", workflowId=money.project["workflowId"])
    money.edit(made, recordId=other["id"])
    money.work()
    books.heard()
    assert [row["id"] for row in coperniq_state(money, "invoices")] == [made["id"]]
    money.edit(made, dueDate="2027-05-06T00:00:00.000Z")
    money.work()
    assert money.held().cause == "invoice_moved"
    money.decide("go_on")
    assert money.in_books()["DueDate"] == "2027-05-06"
    assert_nothing_left_to_do(books)


def test_an_invoice_deleted_in_quickbooks_before_it_is_found_is_asked_about(books: TwoWayHarness) -> None:
    made = books.invoice()
    brought_without_answer(books)
    books.delete(made)
    books.money.work()
    books.heard()
    assert len(coperniq_state(books.money, "invoices")) == 1
    assert books.money.held().cause == "quickbooks_invoice_deleted"
    assert_nothing_left_to_do(books)


def brought_without_answer(books: TwoWayHarness) -> None:
    books.money.look_at_changes()
    books.money.office.simulator.fault("lost_answer", "coperniq", method="POST", path="/invoices", times=1)
    books.money.office.work_once()
    assert RemoteWrite.objects.open().exists()


def test_a_second_payment_without_an_answer_is_told_from_the_first(books: TwoWayHarness) -> None:
    made = books.invoice()
    books.heard()
    books.payment({"id": made["Id"], "amount": 30})
    books.heard()
    books.money.office.simulator.fault("lost_answer", "coperniq", method="POST", path="/payments")
    books.payment({"id": made["Id"], "amount": 20})
    books.heard()
    assert sorted(row["amount"] for row in payments(books)) == [20, 30]
    assert_nothing_left_to_do(books)
