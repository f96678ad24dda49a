"""The same check entered on both sides: linked when both cannot be meant, else asked about once, whoever came first."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun
from tests.portal_harness import PortalHarness
from tests.sampling import ORIGINS, crossed
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice, logged_in_order, payments
from tests.sync.two_way import TwoWayHarness, open_two_way

DAY = "2026-11-10"


@pytest.fixture(params=ORIGINS)
def sides(request: pytest.FixtureRequest, portal: PortalHarness) -> TwoWayHarness:
    """An invoice of $100 on both sides, whichever it began on."""
    sides = open_two_way(portal)
    if request.param == "pulled":
        sides.invoice()
    else:
        sides.harness.invoice(("Permit", 1, 100))
        sides.harness.work()
    sides.sync()
    return sides


def enter(
    sides: TwoWayHarness, amount: int, order: str, day: str = DAY, number: str = "4711"
) -> tuple[dict[str, Any], dict[str, Any]]:
    """On both sides; `order` says whether the portal hears of either first, or of both at once."""
    theirs: dict[str, Any] = {}
    if order != "coperniq first":
        theirs = sides.payment(
            {"id": sides.harness.in_books()["Id"], "amount": amount}, date=DAY, reference="4711"
        )
    if order == "quickbooks first":
        sides.harness.look_at_changes()
    ours = sides.harness.pay(invoice(sides), amount, paymentDate=f"{day}T00:00:00Z", paymentReference=number)
    if order == "coperniq first":
        sides.harness.portal.simulator.fault("error_500", vendor="quickbooks", method="POST", path="/payment")
        theirs = sides.payment(
            {"id": sides.harness.in_books()["Id"], "amount": amount}, date=DAY, reference="4711"
        )
    sides.sync()
    return ours, theirs


def totals(sides: TwoWayHarness) -> tuple[list[float], list[float]]:
    ours, theirs = payments(sides), sides.harness.books("Payment")
    return sorted(row["amount"] for row in ours), sorted(row["TotalAmt"] for row in theirs)


ORDERS = ["quickbooks first", "at once", "coperniq first"]


@pytest.mark.parametrize("order", ORDERS)
def test_one_that_leaves_no_room_for_another_is_linked(sides: TwoWayHarness, order: str) -> None:
    ours, theirs = enter(sides, 100, order, day="2026-11-12")
    link = RecordLink.objects.get(kind="payment")
    assert (link.coperniq_id, link.quickbooks_id, link.match_method) == (
        str(ours["id"]),
        theirs["Id"],
        "same_money",
    )
    assert not SyncRun.objects.held().exists()
    assert totals(sides) == ([100], [100])
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize(("order", "answer"), crossed(ORDERS, ["link", "record_both"]))
def test_one_beside_which_there_is_room_is_asked_about_once(
    sides: TwoWayHarness, order: str, answer: str
) -> None:
    enter(sides, 40, order)
    run = sides.harness.held()
    assert run.cause == "probably_same_payment"
    assert [choice["key"].split(":")[0] for choice in run.choices] == ["link", "record_both", "discard"]
    assert totals(sides) == ([40], [40])
    assert_nothing_left_to_do(sides)
    sides.harness.decide(run.choices[0]["key"] if answer == "link" else answer)
    sides.sync()
    assert not SyncRun.objects.open().exists(), logged_in_order(sides)
    assert totals(sides) == (([40], [40]) if answer == "link" else ([40, 40], [40, 40]))
    assert RecordLink.objects.filter(kind="payment").count() == (1 if answer == "link" else 2)
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("order", ["quickbooks first", "at once"])
def test_beyond_a_week_both_are_meant_if_their_numbers_differ(sides: TwoWayHarness, order: str) -> None:
    enter(sides, 40, order, day="2026-11-18", number="4712")
    assert totals(sides) == ([40, 40], [40, 40])
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(sides)


def test_what_is_left_is_asked_about_no_more(sides: TwoWayHarness) -> None:
    enter(sides, 40, "at once")
    sides.harness.decide("discard")
    sides.sync()
    for run in SyncRun.objects.held():
        sides.harness.decide("discard", run)
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(sides)
    assert totals(sides) == ([40], [40])


@pytest.mark.parametrize("answer", ["link", "record_both"])
def test_an_answer_is_for_the_payment_it_was_given_for(sides: TwoWayHarness, answer: str) -> None:
    enter(sides, 20, "at once")
    run = sides.harness.held()
    sides.harness.decide(run.choices[0]["key"] if answer == "link" else answer)
    sides.sync()
    many = totals(sides)
    enter(sides, 30, "at once")
    assert sides.harness.held().cause == "probably_same_payment"
    assert_nothing_left_to_do(sides)
    assert (len(totals(sides)[0]), len(totals(sides)[1])) == (len(many[0]) + 1, len(many[1]) + 1)


@pytest.mark.parametrize("gone", [False, True])
def test_while_coperniqs_payment_is_not_noticed_yet_the_pull_asks_about_it(
    sides: TwoWayHarness, gone: bool
) -> None:
    harness = sides.harness
    theirs = sides.payment({"id": harness.in_books()["Id"], "amount": 40}, date=DAY)
    ours = harness.pay(invoice(sides), 40, paymentDate=f"{DAY}T00:00:00Z", paymentReference="4711")
    harness.look_at_changes()
    harness.portal.work()
    run = harness.held()
    assert [choice["key"] for choice in run.choices] == [f"link:{ours['id']}", "record_both", "discard"]
    assert run.choices[0]["label"] == "Link to the payment of November 10, 2026, reference 4711"
    if gone:
        harness.remove_payment(invoice(sides), ours)
    assert run.decide(f"link:{ours['id']}")
    harness.portal.work()
    if gone:
        assert harness.held().cause == "choice_gone"
        harness.decide("record_both")
    sides.sync()
    assert RecordLink.objects.get(kind="payment").quickbooks_id == theirs["Id"]
    assert totals(sides) == ([40], [40])
    assert_nothing_left_to_do(sides)
