"""Payments changed, voided or deleted in QuickBooks after they were recorded: Coperniq's cannot follow, people say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integrations.models import SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice, logged_in_order, payments
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def books(office: PortalHarness) -> TwoWayHarness:
    books = open_two_way(office)
    books.invoice()
    books.heard()
    return books


@pytest.fixture(params=["pulled", "pushed"])
def paid(request: pytest.FixtureRequest, books: TwoWayHarness) -> tuple[TwoWayHarness, dict[str, Any]]:
    """An invoice of $100, with a payment of $40 on both sides, whichever it began on."""
    if request.param == "pulled":
        books.payment({"id": books.money.in_books()["Id"], "amount": 40}, date="2026-11-03")
    else:
        books.money.pay(invoice(books), 40, paymentDate="2026-11-03T00:00:00Z")
        books.money.work()
    books.heard()
    books.heard()
    assert [row["amount"] for row in payments(books)] == [40]
    return books, books.money.in_books("Payment")


Paid = tuple[TwoWayHarness, dict[str, Any]]


def less(books: TwoWayHarness, payment: dict[str, Any], amount: int = 30) -> None:
    one = {"id": books.money.in_books()["Id"], "amount": amount}
    books.change_payment(payment, invoices=[one], amount=amount)


CHANGES: dict[str, Callable[[TwoWayHarness, dict[str, Any]], object]] = {
    "amount": less,
    "date": lambda books, payment: books.change_payment(payment, date="2026-11-09"),
    "void": lambda books, payment: books.void(payment, "payments"),
    "delete": lambda books, payment: books.delete(payment, "Payment"),
    "taken off": lambda books, payment: books.change_payment(payment, invoices=[], amount=40),
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_change_is_held_with_the_difference_and_may_be_left(paid: Paid, change: str) -> None:
    books, payment = paid
    CHANGES[change](books, payment)
    books.heard()
    run = books.money.held()
    assert run.cause == "quickbooks_payment_changed"
    (row,) = (row["compared"] for row in run.planned)
    assert row["before"] == "$40.00 on 2026-11-03"
    wanted = {"amount": "$30.00 on 2026-11-03", "date": "$40.00 on 2026-11-09"}
    assert row["quickbooks"] == wanted.get(change, "voided, deleted or removed from the invoice")
    assert [row["amount"] for row in payments(books)] == [40]
    assert_nothing_left_to_do(books)
    books.money.decide("leave_coperniq")
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(books)
    assert not SyncRun.objects.held().exists(), logged_in_order(books)


@pytest.mark.parametrize("change", ["amount", "delete"])
def test_a_change_that_a_person_leaves_is_not_asked_about_again(paid: Paid, change: str) -> None:
    books, payment = paid
    CHANGES[change](books, payment)
    books.heard()
    books.money.decide("discard")
    assert_nothing_left_to_do(books)
    assert not SyncRun.objects.held().exists()


def test_an_amount_put_right_by_hand_is_in_step_after_another_look(paid: Paid) -> None:
    books, payment = paid
    less(books, payment)
    books.heard()
    run = books.money.held()
    books.money.change_payment(invoice(books), payments(books)[0], amount=30)
    books.money.decide("retry", run)
    assert not SyncRun.objects.held().exists(), logged_in_order(books)
    assert_nothing_left_to_do(books)
    assert books.money.in_books("Payment")["TotalAmt"] == 30


@pytest.mark.parametrize("day", ["2026-11-03", "2026-11-05"])
def test_an_amount_put_right_by_entering_it_anew_is_no_second_payment(paid: Paid, day: str) -> None:
    books, payment = paid
    less(books, payment)
    books.heard()
    books.money.remove_payment(invoice(books), payments(books)[0])
    books.money.pay(invoice(books), 30, paymentDate=f"{day}T00:00:00Z")
    books.heard()
    assert not SyncRun.objects.open().exists(), logged_in_order(books)
    assert [row["TotalAmt"] for row in books.money.books("Payment")] == [30]
    assert books.money.link("payment").coperniq_id == str(payments(books)[0]["id"])
    assert_nothing_left_to_do(books)


def test_a_void_followed_by_hand_needs_no_answer_any_more(paid: Paid) -> None:
    books, payment = paid
    books.void(payment, "payments")
    books.heard()
    assert books.money.held().cause == "quickbooks_payment_changed"
    books.money.remove_payment(invoice(books), payments(books)[0])
    books.heard()
    assert not SyncRun.objects.held().exists(), logged_in_order(books)
    assert_nothing_left_to_do(books)


def test_what_a_deposit_or_a_reference_changes_is_no_difference(paid: Paid) -> None:
    books, payment = paid
    books.change_payment(payment, reference="Check 9", note="Deposited by Ann")
    books.heard()
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(books)


def test_a_payment_spread_over_another_invoice_later_is_told_and_the_new_share_recorded(
    books: TwoWayHarness,
) -> None:
    first = books.money.in_books()["Id"]
    payment = books.payment({"id": first, "amount": 100})
    books.heard()
    second = books.invoice({"item": "Labour", "quantity": 1, "price": 50})["Id"]
    books.change_payment(
        payment, invoices=[{"id": first, "amount": 60}, {"id": second, "amount": 40}], amount=100
    )
    books.heard()
    assert [row["amount"] for row in payments(books, 1)] == [40]
    run = books.money.held()
    (row,) = run.planned
    assert (row["compared"]["before"][:7], row["compared"]["quickbooks"][:6]) == ("$100.00", "$60.00")
    assert_nothing_left_to_do(books)
    books.money.change_payment({"id": 20001}, payments(books)[0], amount=60)
    books.money.decide("retry", run)
    assert not SyncRun.objects.held().exists(), logged_in_order(books)
    assert_nothing_left_to_do(books)


def test_a_payment_that_grows_to_pay_another_invoice_has_not_changed_here(paid: Paid) -> None:
    books, payment = paid
    first = books.money.in_books()["Id"]
    second = books.invoice({"item": "Labour", "quantity": 1, "price": 50})["Id"]
    books.change_payment(
        payment, invoices=[{"id": first, "amount": 40}, {"id": second, "amount": 50}], amount=90
    )
    books.heard()
    assert not SyncRun.objects.held().exists(), logged_in_order(books)
    assert [[row["amount"] for row in payments(books, number)] for number in (0, 1)] == [[40], [50]]
    assert_nothing_left_to_do(books)


def test_the_same_change_twice_makes_one_card(paid: Paid) -> None:
    books, payment = paid
    less(books, payment, 30)
    books.heard()
    less(books, payment, 20)
    books.heard()
    assert "and is now $20.00 on " in books.money.held().sentence
    assert_nothing_left_to_do(books)
    less(books, payment, 40)
    books.heard()
    assert not SyncRun.objects.held().exists(), "it is as it was"
    assert_nothing_left_to_do(books)


def test_another_payment_is_not_taken_for_the_one_that_was_removed(paid: Paid) -> None:
    """The card waits for one of $30, and somebody enters one of $25 that has nothing to do with it."""
    books, payment = paid
    less(books, payment)
    books.heard()
    (removed,) = payments(books)
    books.money.remove_payment(invoice(books), removed)
    books.money.pay(invoice(books), 25, paymentDate="2026-11-20T00:00:00Z")
    books.heard()
    assert sorted(row["TotalAmt"] for row in books.money.books("Payment")) == [25, 30]
    assert SyncRun.objects.held().get(action="pull_payment").cause == "quickbooks_payment_changed"


def test_a_new_payment_beside_the_one_that_was_asked_about_is_its_own(books: TwoWayHarness) -> None:
    made = books.money.in_books()
    paid = books.payment({"id": made["Id"], "amount": 50})
    books.heard()
    books.change_payment(paid, invoices=[{"id": made["Id"], "amount": 30}], amount=30)
    books.heard()
    assert books.money.held().cause == "quickbooks_payment_changed"
    books.money.pay(invoice(books), 20)
    books.money.work()
    assert [row["TotalAmt"] for row in books.money.books("Payment")] == [30, 20]
    assert books.money.held().cause == "quickbooks_payment_changed"
    assert_nothing_left_to_do(books)
