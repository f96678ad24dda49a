"""A payment that people move on both sides is one payment: the link follows, and no money is recorded again."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun
from tests.sync.pull_builders import assert_nothing_left_to_do, invoices, logged_in_order, payments
from tests.sync.test_moved_payments import Moved, amounts, move, paid
from tests.sync.two_way import TwoWayHarness

__all__ = ["paid"]


def remove_here(sides: TwoWayHarness) -> None:
    sides.harness.remove_payment(invoices(sides)[0], payments(sides)[0])


def record_here(sides: TwoWayHarness, amount: int = 40) -> Any:
    return sides.harness.pay(invoices(sides)[1], amount)


def in_step(sides: TwoWayHarness, here: list[list[float]]) -> None:
    assert amounts(sides) == here, logged_in_order(sides)
    assert [row["TotalAmt"] for row in sides.harness.books("Payment")] == [40], logged_in_order(sides)
    assert not SyncRun.objects.open().exists(), [(run, run.cause) for run in SyncRun.objects.open()]
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("order", ["there first", "at once", "here in two steps", "here first"])
def test_moved_alike_the_link_follows_without_a_question(paid: Moved, order: str) -> None:
    sides, _, second, payment = paid
    if order == "here in two steps":
        record_here(sides)
        move(sides, payment, **{f"to_{second}": 40})
        sides.sync()
        remove_here(sides)
    elif order == "here first":
        remove_here(sides)
        record_here(sides)
        move(sides, payment, **{f"to_{second}": 40})
    else:
        move(sides, payment, **{f"to_{second}": 40})
        if order == "there first":
            sides.sync()
        remove_here(sides)
        record_here(sides)
    sides.sync()
    sides.sync()
    in_step(sides, [[], [40]])
    link = RecordLink.objects.get(kind="payment", coperniq_id=str(payments(sides, 1)[0]["id"]))
    assert (link.quickbooks_id, link.allocation_invoice_id) == (payment["Id"], second)


def test_what_the_portal_has_moved_already_is_not_recorded_again_if_people_record_it_too(paid: Moved) -> None:
    """They do it in two steps, and the portal is quicker with the second."""
    sides, _, second, payment = paid
    move(sides, payment, **{f"to_{second}": 40})
    sides.sync()
    remove_here(sides)
    sides.sync()
    assert amounts(sides) == [[], [40]]
    theirs = record_here(sides)
    sides.sync()
    run = sides.harness.held()
    assert (run.cause, run.coperniq_id) == ("probably_same_payment", str(theirs["id"]))
    assert "on invoice 1002, and it is linked to another payment in Coperniq" in run.sentence
    sides.harness.remove_payment(invoices(sides)[1], theirs)
    sides.sync()
    in_step(sides, [[], [40]])


def test_a_part_that_is_moved_alike(paid: Moved) -> None:
    sides, first, second, payment = paid
    move(sides, payment, **{f"to_{first}": 25, f"to_{second}": 15})
    sides.sync()
    sides.harness.change_payment(invoices(sides)[0], payments(sides)[0], amount=25)
    record_here(sides, 15)
    sides.sync()
    sides.sync()
    in_step(sides, [[25], [15]])


def test_moved_to_the_customers_credit_it_is_applied_where_coperniq_has_it(paid: Moved) -> None:
    sides, _, second, payment = paid
    move(sides, payment)
    sides.sync()
    remove_here(sides)
    sides.sync()
    assert not SyncRun.objects.open().exists()
    record_here(sides)
    sides.sync()
    run = sides.harness.held()
    assert run.choices[0]["key"] == f"apply:{payment['Id']}"
    assert "is not applied to any invoice" in run.sentence
    sides.harness.decide(run.choices[0]["key"])
    sides.sync()
    in_step(sides, [[], [40]])
    assert sides.harness.in_books("Payment")["Line"][0]["LinkedTxn"][0]["TxnId"] == second


def test_moved_to_an_invoice_where_coperniq_has_other_money_a_person_is_asked(paid: Moved) -> None:
    """Nothing was removed here: what is on the second invoice may have come in besides."""
    sides, _, second, payment = paid
    record_here(sides)
    move(sides, payment, **{f"to_{second}": 40})
    sides.sync()
    run = SyncRun.objects.held().get()
    assert run.cause == "quickbooks_payment_changed"
    assert len(sides.harness.books("Payment")) == 1
    sides.harness.decide("leave_coperniq", run)
    sides.sync()
    run = SyncRun.objects.held().get()
    assert [each["key"] for each in run.choices] == [f"link:{payment['Id']}", "record_both", "discard"]
    assert_nothing_left_to_do(sides)
    sides.harness.decide("record_both", run)
    sides.sync()
    assert not SyncRun.objects.open().exists()
    assert amounts(sides) == [[40], [40]]
    assert [row["TotalAmt"] for row in sides.harness.books("Payment")] == [40, 40]
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("answer", ["move", "record_both", "discard", "moved there"])
@pytest.mark.parametrize("steps", [1, 2])
def test_moved_in_coperniq_alone_it_is_one_question(paid: Moved, steps: int, answer: str) -> None:
    """Whether the removal was noticed, and asked about, before the payment was entered elsewhere or not."""
    sides, _, second, payment = paid
    remove_here(sides)
    if steps == 2:
        sides.sync()
        assert sides.harness.held().cause == "payment_vanished"
    theirs = record_here(sides)
    sides.sync()
    run = SyncRun.objects.held().get()
    assert (run.cause, run.coperniq_id) == ("probably_same_payment", str(theirs["id"]))
    assert "was removed from invoice 1001 in Coperniq, and QuickBooks still has it there" in run.sentence
    assert [each["key"] for each in run.choices] == [f"move:{payment['Id']}", "record_both", "discard"]
    assert len(sides.harness.books("Payment")) == 1
    assert_nothing_left_to_do(sides)
    if answer == "moved there":
        move(sides, payment, **{f"to_{second}": 40})
    else:
        sides.harness.decide(run.choices[0]["key"] if answer == "move" else answer, run)
    sides.sync()
    sides.sync()
    if answer in ("move", "moved there"):
        in_step(sides, [[], [40]])
        assert [row["Balance"] for row in sides.harness.books("Invoice")] == [100, 60]
        return
    assert SyncRun.objects.open().get().cause == "payment_vanished", "it is other money"
    assert len(sides.harness.books("Payment")) == (2 if answer == "record_both" else 1)
    if answer == "record_both":  # the clock there is ahead: a payment that was left counts as edited since
        assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("amount", [40, 100])
def test_removed_and_entered_again_on_the_same_invoice_it_is_the_same(
    paid: Moved, amount: int, steps: int
) -> None:
    """With room on the invoice for another, or without."""
    sides, first, _, payment = paid
    if amount == 100:
        sides.change_payment(payment, invoices=[{"id": first, "amount": 100}], amount=100)
        sides.harness.change_payment(invoices(sides)[0], payments(sides)[0], amount=100)
        sides.sync()
        assert not SyncRun.objects.open().exists()
    remove_here(sides)
    if steps == 2:
        sides.sync()
    sides.harness.pay(invoices(sides)[0], amount, paymentMethod="CHECK")
    sides.sync()
    sides.sync()
    assert amounts(sides) == [[amount], []]
    assert [row["TotalAmt"] for row in sides.harness.books("Payment")] == [amount], logged_in_order(sides)
    assert not SyncRun.objects.open().exists(), [(run, run.cause) for run in SyncRun.objects.open()]
    assert any("entered again" in line for line in logged_in_order(sides))
    assert_nothing_left_to_do(sides)
