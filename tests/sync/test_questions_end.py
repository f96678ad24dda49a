"""A question about money ends by itself, with a line, when what it asks about is gone."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RunState, SyncLogEntry, SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.pull_builders import assert_nothing_left_to_do, logged_in_order, payments
from tests.sync.test_money_on_both_sides import LATER, advance, bill, keys, pay
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


def at_rest(sides: TwoWayHarness, said: str = "not in Coperniq any more") -> None:
    assert not SyncRun.objects.open().exists(), [(run, run.cause) for run in SyncRun.objects.open()]
    assert any(said in line for line in logged_in_order(sides)), logged_in_order(sides)
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("cause", ["probably_same_payment", "payment_status", "payment_not_positive"])
def test_the_payment_was_removed_in_coperniq(sides: TwoWayHarness, cause: str) -> None:
    if cause == "probably_same_payment":
        advance(sides)
    made = bill(sides)
    fields = {"status": "PENDING"} if cause == "payment_status" else {}
    amount = -5 if cause == "payment_not_positive" else 100
    theirs = sides.harness.pay(
        made, amount, paymentReference="1042", paymentDate=f"{LATER}T00:00:00Z", **fields
    )
    sides.harness.work()
    assert sides.harness.held().cause == cause
    sides.harness.remove_payment(made, theirs)
    sides.sync()
    at_rest(sides)


def both_sides_have_it(sides: TwoWayHarness) -> dict[str, Any]:
    """$100 on the same invoice, which has room for both; the push asks, and the pull waits for that answer."""
    made = bill(sides)
    sides.payment({"id": sides.harness.in_books()["Id"], "amount": 100}, date=LATER)
    ours = sides.harness.pay(made, 100, paymentDate=f"{LATER}T00:00:00Z")
    sides.sync()
    assert sorted(SyncRun.objects.open().values_list("state", flat=True)) == ["held", "waiting"]
    return {"invoice": made, "payment": ours}


def test_what_waited_for_the_answer_goes_on_when_the_payment_is_removed(sides: TwoWayHarness) -> None:
    """QuickBooks' payment is then only there, and is brought over."""
    both = both_sides_have_it(sides)
    sides.harness.remove_payment(both["invoice"], both["payment"])
    sides.sync()
    at_rest(sides)
    assert [row["amount"] for row in payments(sides)] == [100]
    assert len(sides.harness.books("Payment")) == 1


@pytest.mark.parametrize("later", [True, False])
def test_what_waited_for_the_answer_ends_with_it_when_it_is_left(sides: TwoWayHarness, later: bool) -> None:
    """Neither a card about waiting nor the same question from the other side; the line offers the other way."""
    both_sides_have_it(sides)
    sides.harness.decide("discard")
    at_rest(sides, "was left open")
    assert (len(payments(sides)), len(sides.harness.books("Payment"))) == (1, 1)
    entry = SyncLogEntry.objects.get(cause="left_same_payment")
    assert entry.run is not None
    assert (entry.run.state, keys(entry.run)) == (RunState.DONE, ["record_both"])
    if later:
        assert entry.run.decide("record_both")
        sides.sync()
        assert [row["amount"] for row in payments(sides)] == [100, 100]
        assert len(sides.harness.books("Payment")) == 1
        assert_nothing_left_to_do(sides)


def test_the_payment_that_is_missing_here_was_voided_there(sides: TwoWayHarness) -> None:
    made = bill(sides)
    ours = pay(sides, made)
    sides.sync()
    sides.harness.remove_payment(made, ours)
    sides.sync()
    assert sides.harness.held().cause == "payment_vanished"
    sides.void(sides.harness.in_books("Payment"), "payments")
    sides.sync()
    at_rest(sides, "is the same in Coperniq and QuickBooks")


@pytest.mark.parametrize("first", ["coperniq", "quickbooks"])
def test_what_is_off_the_invoice_on_both_sides_and_stands_in_quickbooks_is_said_once(
    sides: TwoWayHarness, first: str
) -> None:
    made = bill(sides)
    ours = pay(sides, made)
    sides.sync()
    payment = sides.harness.in_books("Payment")
    steps = [
        lambda: sides.harness.remove_payment(made, ours),
        lambda: sides.change_payment(payment, invoices=[]),
    ]
    for step in steps if first == "coperniq" else reversed(steps):
        step()
        sides.sync()
    sides.sync()
    at_rest(sides, "QuickBooks still has $100.00 unapplied with the customer")
    said = [line for line in logged_in_order(sides) if "QuickBooks still has $100.00 unapplied" in line]
    assert len(said) == 1, said
    assert said[0].startswith("done_with_warning")
