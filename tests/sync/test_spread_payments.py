"""Payments that people spread, take off and put back in QuickBooks: what is money on an invoice is told to the cent."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.pull_builders import assert_nothing_left_to_do, credit, invoice, logged_in_order, payments
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture(params=["pulled", "pushed"])
def paid(request: pytest.FixtureRequest, office: PortalHarness) -> tuple[TwoWayHarness, dict[str, Any]]:
    """An invoice of $100, and all of it paid on both sides, whichever the payment began on."""
    books = open_two_way(office)
    made = books.invoice()
    books.heard()
    if request.param == "pulled":
        books.payment({"id": made["Id"], "amount": 100})
    else:
        books.money.pay(invoice(books), 100)
        books.money.work()
    books.heard()
    return books, books.money.in_books("Payment")


Paid = tuple[TwoWayHarness, dict[str, Any]]


def spread(books: TwoWayHarness, payment: dict[str, Any], amount: int) -> None:
    one = [{"id": books.money.books("Invoice")[0]["Id"], "amount": amount}] if amount else []
    books.change_payment(payment, invoices=one, amount=100)


def put_right(books: TwoWayHarness, amount: int) -> None:
    books.money.change_payment({"id": 20001}, payments(books)[0], amount=amount)


def share_out(books: TwoWayHarness, payment: dict[str, Any]) -> None:
    first = books.money.in_books()["Id"]
    second = books.invoice({"item": "Labour", "quantity": 1, "price": 50})["Id"]
    shares = [{"id": first, "amount": 60}, {"id": second, "amount": 40}]
    books.change_payment(payment, invoices=shares, amount=100)


def asked() -> list[str]:
    return list(SyncRun.objects.held().values_list("cause", flat=True))


def applied(books: TwoWayHarness) -> tuple[float, list[float]]:
    payment = books.money.in_books("Payment")
    return payment["TotalAmt"], [line["Amount"] for line in payment["Line"]]


@pytest.mark.parametrize("polled_first", [True, False])
def test_a_part_taken_off_is_asked_about_and_put_right(paid: Paid, polled_first: bool) -> None:
    books, payment = paid
    spread(books, payment, 60)
    books.heard()
    assert "it was $100.00 on " in books.money.held().sentence
    assert "and is now $60.00 on " in books.money.held().sentence
    assert_nothing_left_to_do(books)
    put_right(books, 60)
    if polled_first:
        books.money.work()
    for run in SyncRun.objects.held():
        books.money.decide("retry", run)
    assert not asked(), logged_in_order(books)
    assert applied(books) == (100, [60])
    assert_nothing_left_to_do(books)


@pytest.mark.parametrize("polled_first", [True, False])
def test_what_is_put_right_in_coperniq_takes_nothing_off_other_invoices(
    paid: Paid, polled_first: bool
) -> None:
    books, payment = paid
    share_out(books, payment)
    books.heard()
    assert asked() == ["quickbooks_payment_changed"]
    put_right(books, 60)
    if polled_first:
        books.money.work()
    for run in SyncRun.objects.held():
        books.money.decide("retry", run)
    assert not asked(), logged_in_order(books)
    assert applied(books) == (100, [60, 40])
    assert_nothing_left_to_do(books)


def test_another_amount_in_coperniq_meanwhile_is_a_conflict(paid: Paid) -> None:
    books, payment = paid
    share_out(books, payment)
    books.heard()
    put_right(books, 50)
    books.money.work()
    assert sorted(asked()) == ["conflict", "quickbooks_payment_changed"]
    assert applied(books) == (100, [60, 40])


@pytest.mark.parametrize("answer", ["entered anew", "leave_coperniq", "discard"])
def test_what_was_taken_off_and_is_put_back_is_asked_about_again(paid: Paid, answer: str) -> None:
    books, payment = paid
    spread(books, payment, 0)
    books.heard()
    books.money.remove_payment(invoice(books), payments(books)[0])
    books.money.decide("retry")
    assert not asked()
    assert_nothing_left_to_do(books)
    spread(books, payment, 100)
    books.heard()
    assert (
        "it was voided, deleted or removed from the invoice, and is now $100.00"
        in books.money.held().sentence
    )
    assert_nothing_left_to_do(books)
    if answer == "entered anew":
        books.money.pay(invoice(books), 100)
        books.heard()
        for run in SyncRun.objects.held():
            books.money.decide("retry", run)
        assert [row["amount"] for row in payments(books)] == [100]
    else:
        books.money.decide(answer)
    assert_nothing_left_to_do(books)
    assert not asked(), logged_in_order(books)
    assert applied(books) == (100, [100])


def test_money_that_became_a_credit_is_asked_about(paid: Paid) -> None:
    books, payment = paid
    one = [{"id": books.money.in_books()["Id"], "amount": 100}]
    books.change_payment(payment, invoices=one, credits=[credit(books, 100)], amount=0)
    books.heard()
    assert "and is now a credit" in books.money.held().sentence
    assert_nothing_left_to_do(books)
    books.money.remove_payment(invoice(books), payments(books)[0])
    books.money.decide("retry")
    assert not asked(), logged_in_order(books)
    assert_nothing_left_to_do(books)


def test_a_share_beside_a_credit_is_corrected_by_the_difference(office: PortalHarness) -> None:
    books = open_two_way(office)
    first, second = books.invoice()["Id"], books.invoice({"item": "Labour", "quantity": 1, "price": 50})["Id"]
    books.heard()
    shares = [{"id": first, "amount": 95}, {"id": second, "amount": 50}]
    books.payment(*shares, credits=[credit(books, 25)], amount=120)
    books.heard()
    (mine,) = (row for row in payments(books) if row["amount"] == 70)
    books.money.change_payment({"id": 20001}, mine, amount=75)
    books.money.work()
    assert applied(books)[0] == 125, logged_in_order(books)
    assert books.money.books("Invoice")[0]["Balance"] == 0
    assert_nothing_left_to_do(books)


def test_what_an_invoice_that_became_less_gives_back_is_nobodys_change(paid: Paid) -> None:
    books, _ = paid
    books.money.office.simulator.switch(invoice_below_payments="unapply")
    books.change(books.money.in_books(), lines=[{"item": "Permit", "quantity": 1, "price": 80}])
    books.heard()
    assert invoice(books)["amount"] == 80
    assert not asked(), logged_in_order(books)
    assert_nothing_left_to_do(books)
