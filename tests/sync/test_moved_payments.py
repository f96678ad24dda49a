"""A payment moved to another invoice in QuickBooks is one event: Coperniq never counts the same money twice."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Company
from integrations.models import SyncLogEntry, SyncRun
from integrations.status import status_of
from tests.portal_harness import PortalHarness
from tests.sampling import ORIGINS
from tests.sync.pull_builders import (
    assert_nothing_left_to_do,
    invoices,
    logged_in_order,
    payments,
    ring_again,
)
from tests.sync.two_way import TwoWayHarness, open_two_way

Moved = tuple[TwoWayHarness, str, str, dict[str, Any]]


@pytest.fixture(params=ORIGINS)
def paid(request: pytest.FixtureRequest, portal: PortalHarness) -> Moved:
    """Two invoices of $100 on both sides, and a payment of $40 on the first, whichever side it began on."""
    sides = open_two_way(portal)
    first, second = (sides.invoice()["Id"] for _ in range(2))
    sides.sync()
    if request.param == "pulled":
        sides.payment({"id": first, "amount": 40})
    else:
        sides.harness.pay(invoices(sides)[0], 40)
        sides.harness.work()
    sides.sync()
    sides.harness.portal.simulator.control("clock", {"shift_seconds": 5})
    return sides, first, second, sides.harness.in_books("Payment")


def amounts(sides: TwoWayHarness) -> list[list[float]]:
    return [[row["amount"] for row in payments(sides, number)] for number in (0, 1)]


def move(sides: TwoWayHarness, payment: dict[str, Any], **shares: int) -> None:
    """What is not on an invoice any more waits with the customer."""
    rows = [{"id": id_.removeprefix("to_"), "amount": amount} for id_, amount in shares.items()]
    sides.change_payment(payment, invoices=rows, amount=40)


def hear(sides: TwoWayHarness, road: str) -> None:
    if road == "webhook":
        ring_again(sides)
        sides.harness.work()
    else:
        sides.sync()


def asked(sides: TwoWayHarness) -> SyncRun:
    run = sides.harness.held()
    assert run.cause == "quickbooks_payment_changed", logged_in_order(sides)
    assert [choice["key"] for choice in run.choices] == ["retry", "leave_coperniq", "discard"]
    return run


@pytest.mark.parametrize("road", ["webhook", "change data"])
def test_what_it_adds_waits_for_what_it_takes_away(paid: Moved, road: str) -> None:
    sides, first, second, payment = paid
    move(sides, payment, **{f"to_{second}": 40})
    hear(sides, road)
    run = asked(sides)
    assert run.allocation_invoice_id == first
    assert "is now $40.00 on invoice 1002. Coperniq still counts it on invoice 1001" in run.sentence
    assert amounts(sides) == [[40], []]
    waiting = SyncRun.objects.get(state="waiting")
    assert (waiting.cause, waiting.allocation_invoice_id) == ("waits_for_moved_payment", second)
    assert_nothing_left_to_do(sides)
    sides.harness.remove_payment(invoices(sides)[0], payments(sides)[0])
    sides.harness.decide("retry", run)
    assert amounts(sides) == [[], [40]], logged_in_order(sides)
    assert not SyncRun.objects.open().exists()
    assert_nothing_left_to_do(sides)


def test_put_right_in_coperniq_it_needs_no_answer(paid: Moved) -> None:
    sides, _, second, payment = paid
    move(sides, payment, **{f"to_{second}": 40})
    sides.sync()
    sides.harness.remove_payment(invoices(sides)[0], payments(sides)[0])
    sides.sync()
    assert amounts(sides) == [[], [40]], logged_in_order(sides)
    assert not SyncRun.objects.open().exists()


@pytest.mark.parametrize("choice", ["leave_coperniq", "discard"])
def test_left_where_it_was_it_is_not_recorded_elsewhere(paid: Moved, choice: str) -> None:
    sides, _, second, payment = paid
    move(sides, payment, **{f"to_{second}": 40})
    sides.sync()
    sides.harness.decide(choice, asked(sides))
    assert amounts(sides) == [[40], []]
    assert not SyncRun.objects.open().exists()
    entry = SyncLogEntry.objects.get(cause="left_on_other_invoice")
    assert "came from invoice 1001" in entry.sentence
    assert_nothing_left_to_do(sides)
    assert entry.run is not None
    assert entry.run.decide("bring_over")
    sides.harness.work()
    assert amounts(sides) == [[40], [40]]


def test_split_over_both_only_the_rest_is_asked_about(paid: Moved) -> None:
    sides, first, second, payment = paid
    move(sides, payment, **{f"to_{first}": 25, f"to_{second}": 15})
    sides.sync()
    run = asked(sides)
    assert "is now $25.00 on " in run.sentence
    assert "and $15.00 on invoice 1002. Coperniq still counts it on invoice 1001" in run.sentence
    assert amounts(sides) == [[40], []]
    sides.harness.change_payment(invoices(sides)[0], payments(sides)[0], amount=25)
    sides.harness.work()
    assert amounts(sides) == [[25], [15]], logged_in_order(sides)
    assert not SyncRun.objects.open().exists()
    assert status_of(Company.objects.get())["open_differences"]["invoices"] == 0, logged_in_order(sides)
    assert_nothing_left_to_do(sides)


def test_moved_to_the_customers_credit_it_is_said_where_it_is(paid: Moved) -> None:
    sides, _, second, payment = paid
    move(sides, payment)
    sides.sync()
    run = asked(sides)
    assert "is now $40.00 unapplied with the customer" in run.sentence
    move(sides, payment, **{f"to_{second}": 40})
    sides.sync()
    assert amounts(sides) == [[40], []]
    assert "is now $40.00 on invoice 1002" in asked(sides).sentence
    assert_nothing_left_to_do(sides)


def test_moved_to_an_invoice_that_is_not_linked_it_is_said_which(paid: Moved) -> None:
    sides, _, _, payment = paid
    job, name = sides.job_id, "Added by hand"
    parent = next(row for row in sides.harness.books("Customer") if not row.get("Job"))["Id"]
    by_hand = sides.harness.portal.simulator.in_books(
        sides.harness.portal.realm,
        DisplayName=name,
        Job=True,
        ParentRef={"value": parent},
        BillWithParent=True,
    )
    assert by_hand["Id"] != job
    other = sides.invoice(customer=by_hand["Id"])
    sides.change_payment(payment, customer=parent, invoices=[{"id": other["Id"], "amount": 40}], amount=40)
    sides.sync()
    assert f"is now $40.00 on invoice {other['DocNumber']}. " in asked(sides).sentence
    assert amounts(sides) == [[40], []]
    assert_nothing_left_to_do(sides)


def test_moved_back_before_the_answer_nothing_is_asked_any_more(paid: Moved) -> None:
    sides, first, second, payment = paid
    move(sides, payment, **{f"to_{second}": 40})
    sides.sync()
    asked(sides)
    move(sides, payment, **{f"to_{first}": 40})
    sides.sync()
    assert not SyncRun.objects.open().exists(), logged_in_order(sides)
    assert amounts(sides) == [[40], []]
    assert_nothing_left_to_do(sides)


def test_moved_onto_an_invoice_that_has_some_of_it_already_one_question_comes_after_the_other(
    paid: Moved,
) -> None:
    sides, first, second, payment = paid
    sides.change_payment(
        payment, invoices=[{"id": first, "amount": 40}, {"id": second, "amount": 30}], amount=70
    )
    sides.sync()
    assert amounts(sides) == [[40], [30]]
    sides.change_payment(payment, invoices=[{"id": second, "amount": 70}], amount=70)
    sides.sync()
    run = asked(sides)
    assert run.allocation_invoice_id == first
    sides.harness.remove_payment(invoices(sides)[0], payments(sides)[0])
    sides.harness.decide("retry", run)
    assert asked(sides).allocation_invoice_id == second
    assert amounts(sides) == [[], [30]]
    assert_nothing_left_to_do(sides)
