"""The same check entered on both sides: linked when both cannot be meant, else asked about once, whoever came first."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice, logged_in_order, payments
from tests.sync.two_way import TwoWayHarness, open_two_way

DAY = "2026-11-10"


@pytest.fixture(params=["pulled", "pushed"])
def books(request: pytest.FixtureRequest, office: PortalHarness) -> TwoWayHarness:
    """An invoice of $100 on both sides, whichever it began on."""
    books = open_two_way(office)
    if request.param == "pulled":
        books.invoice()
    else:
        books.money.invoice(("Permit", 1, 100))
        books.money.work()
    books.heard()
    return books


def enter(
    books: TwoWayHarness, amount: int, order: str, day: str = DAY
) -> tuple[dict[str, Any], dict[str, Any]]:
    """On both sides; `order` says whether the portal hears of either first, or of both at once."""
    theirs: dict[str, Any] = {}
    if order != "coperniq first":
        theirs = books.payment(
            {"id": books.money.in_books()["Id"], "amount": amount}, date=DAY, reference="4711"
        )
    if order == "quickbooks first":
        books.money.look_at_changes()
    ours = books.money.pay(invoice(books), amount, paymentDate=f"{day}T00:00:00Z", paymentReference="4711")
    if order == "coperniq first":
        books.money.office.simulator.fault("error_500", vendor="quickbooks", method="POST", path="/payment")
        theirs = books.payment(
            {"id": books.money.in_books()["Id"], "amount": amount}, date=DAY, reference="4711"
        )
    books.heard()
    return ours, theirs


def totals(books: TwoWayHarness) -> tuple[list[float], list[float]]:
    ours, theirs = payments(books), books.money.books("Payment")
    return sorted(row["amount"] for row in ours), sorted(row["TotalAmt"] for row in theirs)


ORDERS = ["quickbooks first", "at once", "coperniq first"]


@pytest.mark.parametrize("order", ORDERS)
def test_one_that_leaves_no_room_for_another_is_linked(books: TwoWayHarness, order: str) -> None:
    ours, theirs = enter(books, 100, order, day="2026-11-12")
    link = RecordLink.objects.get(kind="payment")
    assert (link.coperniq_id, link.quickbooks_id, link.match_method) == (
        str(ours["id"]),
        theirs["Id"],
        "same_money",
    )
    assert not SyncRun.objects.held().exists()
    assert totals(books) == ([100], [100])
    assert_nothing_left_to_do(books)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("answer", ["link", "record_both"])
def test_one_beside_which_there_is_room_is_asked_about_once(
    books: TwoWayHarness, order: str, answer: str
) -> None:
    enter(books, 40, order)
    run = books.money.held()
    assert run.cause == "probably_same_payment"
    assert [choice["key"].split(":")[0] for choice in run.choices] == ["link", "record_both", "discard"]
    assert totals(books) == ([40], [40])
    assert_nothing_left_to_do(books)
    books.money.decide(run.choices[0]["key"] if answer == "link" else answer)
    books.heard()
    assert not SyncRun.objects.open().exists(), logged_in_order(books)
    assert totals(books) == (([40], [40]) if answer == "link" else ([40, 40], [40, 40]))
    assert RecordLink.objects.filter(kind="payment").count() == (1 if answer == "link" else 2)
    assert_nothing_left_to_do(books)


@pytest.mark.parametrize("order", ["quickbooks first", "at once"])
def test_beyond_a_week_both_are_meant(books: TwoWayHarness, order: str) -> None:
    enter(books, 40, order, day="2026-11-18")
    assert totals(books) == ([40, 40], [40, 40])
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(books)


def test_what_is_left_is_asked_about_no_more(books: TwoWayHarness) -> None:
    enter(books, 40, "at once")
    books.money.decide("discard")
    books.heard()
    for run in SyncRun.objects.held():
        books.money.decide("discard", run)
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(books)
    assert totals(books) == ([40], [40])


@pytest.mark.parametrize("answer", ["link", "record_both"])
def test_an_answer_is_for_the_payment_it_was_given_for(books: TwoWayHarness, answer: str) -> None:
    enter(books, 20, "at once")
    run = books.money.held()
    books.money.decide(run.choices[0]["key"] if answer == "link" else answer)
    books.heard()
    many = totals(books)
    enter(books, 30, "at once")
    assert books.money.held().cause == "probably_same_payment"
    assert_nothing_left_to_do(books)
    assert (len(totals(books)[0]), len(totals(books)[1])) == (len(many[0]) + 1, len(many[1]) + 1)


@pytest.mark.parametrize("gone", [False, True])
def test_while_coperniqs_payment_is_not_noticed_yet_the_pull_asks_about_it(
    books: TwoWayHarness, gone: bool
) -> None:
    money = books.money
    theirs = books.payment({"id": money.in_books()["Id"], "amount": 40}, date=DAY)
    ours = money.pay(invoice(books), 40, paymentDate=f"{DAY}T00:00:00Z", paymentReference="4711")
    money.look_at_changes()
    money.office.work()
    run = money.held()
    assert [choice["key"] for choice in run.choices] == [f"link:{ours['id']}", "record_both", "discard"]
    assert run.choices[0]["label"] == "Link to the payment of November 10, 2026, reference 4711"
    if gone:
        money.remove_payment(invoice(books), ours)
    assert run.decide(f"link:{ours['id']}")
    money.office.work()
    if gone:
        assert money.held().cause == "choice_gone"
        money.decide("record_both")
    books.heard()
    assert RecordLink.objects.get(kind="payment").quickbooks_id == theirs["Id"]
    assert totals(books) == ([40], [40])
    assert_nothing_left_to_do(books)
