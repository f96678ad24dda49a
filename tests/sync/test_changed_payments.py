"""Payments changed, voided or deleted in QuickBooks after they were recorded: Coperniq's cannot follow, people say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integrations.models import SyncRun
from tests.portal_harness import PortalHarness
from tests.sampling import ORIGINS
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice, logged_in_order, payments
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    sides = open_two_way(portal)
    sides.invoice()
    sides.sync()
    return sides


@pytest.fixture(params=ORIGINS)
def paid(request: pytest.FixtureRequest, sides: TwoWayHarness) -> tuple[TwoWayHarness, dict[str, Any]]:
    """An invoice of $100, with a payment of $40 on both sides, whichever it began on."""
    if request.param == "pulled":
        sides.payment({"id": sides.harness.in_books()["Id"], "amount": 40}, date="2026-11-03")
    else:
        sides.harness.pay(invoice(sides), 40, paymentDate="2026-11-03T00:00:00Z")
        sides.harness.work()
    sides.sync()
    sides.sync()
    assert [row["amount"] for row in payments(sides)] == [40]
    return sides, sides.harness.in_books("Payment")


Paid = tuple[TwoWayHarness, dict[str, Any]]


def less(sides: TwoWayHarness, payment: dict[str, Any], amount: int = 30) -> None:
    one = {"id": sides.harness.in_books()["Id"], "amount": amount}
    sides.change_payment(payment, invoices=[one], amount=amount)


CHANGES: dict[str, Callable[[TwoWayHarness, dict[str, Any]], object]] = {
    "amount": less,
    "date": lambda sides, payment: sides.change_payment(payment, date="2026-11-09"),
    "void": lambda sides, payment: sides.void(payment, "payments"),
    "delete": lambda sides, payment: sides.delete(payment, "Payment"),
    "taken off": lambda sides, payment: sides.change_payment(payment, invoices=[], amount=40),
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_change_is_held_with_the_difference_and_may_be_left(paid: Paid, change: str) -> None:
    sides, payment = paid
    CHANGES[change](sides, payment)
    sides.sync()
    run = sides.harness.held()
    assert run.cause == "quickbooks_payment_changed"
    (row,) = (row["compared"] for row in run.planned)
    assert row["before"] == "$40.00 on November 3, 2026"
    wanted = {
        "amount": "$30.00 on November 3, 2026",
        "date": "$40.00 on November 9, 2026",
        "void": "voided",
        "delete": "deleted",
        "taken off": "$40.00 unapplied with the customer",
    }
    assert row["quickbooks"] == wanted[change]
    assert [row["amount"] for row in payments(sides)] == [40]
    assert_nothing_left_to_do(sides)
    sides.harness.decide("leave_coperniq")
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(sides)
    assert not SyncRun.objects.held().exists(), logged_in_order(sides)


@pytest.mark.parametrize("change", ["amount", "delete"])
def test_a_change_that_a_person_leaves_is_not_asked_about_again(paid: Paid, change: str) -> None:
    sides, payment = paid
    CHANGES[change](sides, payment)
    sides.sync()
    sides.harness.decide("discard")
    assert_nothing_left_to_do(sides)
    assert not SyncRun.objects.held().exists()


def test_an_amount_put_right_by_hand_is_in_step_after_another_look(paid: Paid) -> None:
    sides, payment = paid
    less(sides, payment)
    sides.sync()
    run = sides.harness.held()
    sides.harness.change_payment(invoice(sides), payments(sides)[0], amount=30)
    sides.harness.decide("retry", run)
    assert not SyncRun.objects.held().exists(), logged_in_order(sides)
    assert_nothing_left_to_do(sides)
    assert sides.harness.in_books("Payment")["TotalAmt"] == 30


@pytest.mark.parametrize("day", ["2026-11-03", "2026-11-05"])
def test_an_amount_put_right_by_entering_it_anew_is_no_second_payment(paid: Paid, day: str) -> None:
    sides, payment = paid
    less(sides, payment)
    sides.sync()
    sides.harness.remove_payment(invoice(sides), payments(sides)[0])
    sides.harness.pay(invoice(sides), 30, paymentDate=f"{day}T00:00:00Z")
    sides.sync()
    assert not SyncRun.objects.open().exists(), logged_in_order(sides)
    assert [row["TotalAmt"] for row in sides.harness.books("Payment")] == [30]
    assert sides.harness.link("payment").coperniq_id == str(payments(sides)[0]["id"])
    assert_nothing_left_to_do(sides)


def test_a_void_followed_by_hand_needs_no_answer_any_more(paid: Paid) -> None:
    sides, payment = paid
    sides.void(payment, "payments")
    sides.sync()
    assert sides.harness.held().cause == "quickbooks_payment_changed"
    sides.harness.remove_payment(invoice(sides), payments(sides)[0])
    sides.sync()
    assert not SyncRun.objects.held().exists(), logged_in_order(sides)
    assert_nothing_left_to_do(sides)


def test_what_a_deposit_or_a_reference_changes_is_no_difference(paid: Paid) -> None:
    sides, payment = paid
    sides.change_payment(payment, reference="Check 9", note="Deposited by Ann")
    sides.sync()
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(sides)


def test_a_payment_spread_over_another_invoice_later_is_told_and_the_new_share_recorded(
    sides: TwoWayHarness,
) -> None:
    first = sides.harness.in_books()["Id"]
    payment = sides.payment({"id": first, "amount": 100})
    sides.sync()
    second = sides.invoice({"item": "Labour", "quantity": 1, "price": 50})["Id"]
    sides.change_payment(
        payment, invoices=[{"id": first, "amount": 60}, {"id": second, "amount": 40}], amount=100
    )
    sides.sync()
    assert payments(sides, 1) == [], "it would be counted twice"
    run = sides.harness.held()
    (row,) = run.planned
    assert (row["compared"]["before"][:7], row["compared"]["quickbooks"][:6]) == ("$100.00", "$60.00")
    assert_nothing_left_to_do(sides)
    sides.harness.change_payment({"id": 20001}, payments(sides)[0], amount=60)
    sides.harness.decide("retry", run)
    assert [row["amount"] for row in payments(sides, 1)] == [40]
    assert not SyncRun.objects.held().exists(), logged_in_order(sides)
    assert_nothing_left_to_do(sides)


def test_a_payment_that_grows_to_pay_another_invoice_has_not_changed_here(paid: Paid) -> None:
    sides, payment = paid
    first = sides.harness.in_books()["Id"]
    second = sides.invoice({"item": "Labour", "quantity": 1, "price": 50})["Id"]
    sides.change_payment(
        payment, invoices=[{"id": first, "amount": 40}, {"id": second, "amount": 50}], amount=90
    )
    sides.sync()
    assert not SyncRun.objects.held().exists(), logged_in_order(sides)
    assert [[row["amount"] for row in payments(sides, number)] for number in (0, 1)] == [[40], [50]]
    assert_nothing_left_to_do(sides)


def test_the_same_change_twice_makes_one_card(paid: Paid) -> None:
    sides, payment = paid
    less(sides, payment, 30)
    sides.sync()
    less(sides, payment, 20)
    sides.sync()
    assert "and is now $20.00 on " in sides.harness.held().sentence
    assert_nothing_left_to_do(sides)
    less(sides, payment, 40)
    sides.sync()
    assert not SyncRun.objects.held().exists(), "it is as it was"
    assert_nothing_left_to_do(sides)


def test_another_payment_is_not_taken_for_the_one_that_was_removed(paid: Paid) -> None:
    """The card waits for one of $30, and somebody enters one of $25 that has nothing to do with it."""
    sides, payment = paid
    less(sides, payment)
    sides.sync()
    (removed,) = payments(sides)
    sides.harness.remove_payment(invoice(sides), removed)
    sides.harness.pay(invoice(sides), 25, paymentDate="2026-11-20T00:00:00Z")
    sides.sync()
    assert sorted(row["TotalAmt"] for row in sides.harness.books("Payment")) == [25, 30]
    assert SyncRun.objects.held().get(action="pull_payment").cause == "quickbooks_payment_changed"


def test_a_new_payment_beside_the_one_that_was_asked_about_is_its_own(sides: TwoWayHarness) -> None:
    made = sides.harness.in_books()
    paid = sides.payment({"id": made["Id"], "amount": 50})
    sides.sync()
    sides.change_payment(paid, invoices=[{"id": made["Id"], "amount": 30}], amount=30)
    sides.sync()
    assert sides.harness.held().cause == "quickbooks_payment_changed"
    sides.harness.pay(invoice(sides), 20)
    sides.harness.work()
    assert [row["TotalAmt"] for row in sides.harness.books("Payment")] == [30, 20]
    assert sides.harness.held().cause == "quickbooks_payment_changed"
    assert_nothing_left_to_do(sides)
