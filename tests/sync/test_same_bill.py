"""The same bill typed on both sides before the portal has seen either: one question, and never four documents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from integrations.models import CoperniqConnection, RecordLink, SyncRun
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from integrations.sync.ingest.router import route_pending_events
from tests.portal_harness import PortalHarness
from tests.sampling import crossed
from tests.sync.pull_builders import assert_nothing_left_to_do, invoices
from tests.sync.quickbooks_webhooks import cloud_event, post
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


def typed(sides: TwoWayHarness, number: str = "1002", price: int = 285, **fields: Any) -> dict[str, Any]:
    return sides.invoice({"item": "Permit", "quantity": 1, "price": price}, number=number, **fields)


def both(sides: TwoWayHarness, number: str = "1002", **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The bookkeeper's, and the office's."""
    return typed(sides, number), sides.harness.invoice(("Permit", 1, 285), **fields)


def notify(sides: TwoWayHarness, document: dict[str, Any]) -> None:
    at = document["MetaData"]["LastUpdatedTime"]
    post([cloud_event(sides.harness.portal.realm, "invoice.created", document["Id"], at)])


def hear(sides: TwoWayHarness, document: dict[str, Any], order: str) -> None:
    """Of the document in QuickBooks, and of the invoice in Coperniq, one before the other."""
    harness = sides.harness
    if order == "pull first":
        notify(sides, document)
        harness.portal.work()
    if order == "push first, notified":
        due_polls(sides)
        route_pending_events()
        notify(sides, document)
        harness.portal.work_once()
    if order == "push first, unheard":
        harness.work()
    sides.sync()


def due_polls(sides: TwoWayHarness) -> None:
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    for job in due_coperniq_polls():
        job()


def counts(sides: TwoWayHarness) -> tuple[int, int]:
    """Of invoices in QuickBooks, and in Coperniq."""
    return len(sides.harness.books("Invoice")), len(invoices(sides))


ORDERS = ["pull first", "at once", "push first, notified"]


@pytest.mark.parametrize(
    ("numbers", "custom", "order"),
    crossed([(False, "link"), (True, "link"), (False, "new_number")], [True, False], ORDERS),
)
def test_it_is_asked_about_once(
    sides: TwoWayHarness, order: str, custom: bool, numbers: tuple[bool, str]
) -> None:
    same_number, answer = numbers
    realm = sides.harness.portal.realm
    sides.harness.portal.simulator.control(f"quickbooks/{realm}", {"custom_txn_numbers": custom}, "PATCH")
    type(sides.harness.portal.quickbooks).objects.update(custom_txn_numbers=custom)
    theirs, ours = both(sides, "1001" if same_number else "1002")
    assert str(ours["uid"]) == "1001"
    hear(sides, theirs, order)
    run = sides.harness.held()
    assert (run.action, run.cause) == ("push_invoice", "probably_same_invoice")
    assert theirs["DocNumber"] in run.sentence
    assert "$285.00" in run.sentence
    keys = [choice["key"] for choice in run.choices]
    assert keys == [f"link:{theirs['Id']}", "new_number", "retry", "discard"]
    assert counts(sides) == (1, 1)
    assert_nothing_left_to_do(sides)
    sides.harness.decide(keys[0] if answer == "link" else answer)
    sides.sync()
    assert not SyncRun.objects.open().exists()
    assert counts(sides) == ((1, 1) if answer == "link" else (2, 2))
    if answer == "link":
        link = RecordLink.objects.get(kind="invoice")
        assert (link.coperniq_id, link.quickbooks_id) == (str(ours["id"]), theirs["Id"])
    else:
        assert sorted(row["DocNumber"] for row in sides.harness.books("Invoice")) == ["1001", "1002"]
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("answer", ["another_invoice", "discard"])
def test_of_one_heard_of_too_late_no_copy_is_made_unasked(sides: TwoWayHarness, answer: str) -> None:
    theirs, _ = both(sides)
    hear(sides, theirs, "push first, unheard")
    run = sides.harness.held()
    assert (run.action, run.cause) == ("pull_invoice", "probably_same_invoice")
    assert "1001" in run.sentence
    assert [choice["key"] for choice in run.choices] == ["another_invoice", "retry", "discard"]
    assert counts(sides) == (2, 1)
    assert_nothing_left_to_do(sides)
    sides.harness.decide(answer)
    sides.sync()
    assert not SyncRun.objects.open().exists()
    assert counts(sides) == (2, 2 if answer == "another_invoice" else 1)
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("answer", ["link", "another_invoice"])
def test_one_that_is_not_sent_is_asked_about_by_the_pull(sides: TwoWayHarness, answer: str) -> None:
    """A draft, where drafts are not sent: nobody would answer the question of its push."""
    sides.harness.configure(push_from="sent")
    theirs, ours = both(sides, status="DRAFT")
    sides.sync()
    run = sides.harness.held()
    assert (run.action, run.cause) == ("pull_invoice", "probably_same_invoice")
    assert [choice["key"] for choice in run.choices] == [
        f"link:{ours['id']}",
        "another_invoice",
        "retry",
        "discard",
    ]
    assert_nothing_left_to_do(sides)
    sides.harness.decide(f"link:{ours['id']}" if answer == "link" else answer)
    sides.sync()
    assert not SyncRun.objects.open().exists()
    assert counts(sides) == (1, 1 if answer == "link" else 2)
    link = RecordLink.objects.get(kind="invoice")
    assert link.quickbooks_id == theirs["Id"]
    assert (link.coperniq_id == str(ours["id"])) is (answer == "link")
    assert_nothing_left_to_do(sides)


def test_the_bookkeeper_may_bill_the_customer_for_the_project(sides: TwoWayHarness) -> None:
    theirs = typed(sides, customer=RecordLink.objects.get(kind="customer").quickbooks_id)
    sides.harness.invoice(("Permit", 1, 285))
    sides.sync()
    sides.harness.decide(f"link:{theirs['Id']}")
    sides.sync()
    assert counts(sides) == (1, 1)
    assert not SyncRun.objects.open().exists()


@pytest.mark.parametrize(
    ("price", "days", "asked"), [(285, 7, True), (285, -7, True), (285, 8, False), (286, 0, False)]
)
def test_another_bill_is_none_of_it(sides: TwoWayHarness, price: int, days: int, asked: bool) -> None:
    today = timezone.localdate(timezone=ZoneInfo(sides.harness.portal.company.time_zone))
    day = today + timedelta(days=days)
    typed(sides, price=price, date=day.isoformat())
    sides.harness.invoice(("Permit", 1, 285), issueDate=None)
    sides.sync()
    assert SyncRun.objects.held().exists() is asked
    assert counts(sides) == ((1, 1) if asked else (2, 2))


@pytest.mark.parametrize("what", ["voided there", "deleted there", "declined here", "left"])
def test_when_one_of_the_two_is_gone_the_other_goes_its_way(sides: TwoWayHarness, what: str) -> None:
    theirs, ours = both(sides)
    sides.sync()
    run = sides.harness.held()
    if what == "voided there":
        sides.void(theirs)
    if what == "deleted there":
        sides.delete(theirs)
    if what == "declined here":
        sides.harness.act(ours, "decline")
    if what == "left":
        sides.harness.decide("discard")
        for each in SyncRun.objects.held():
            sides.harness.decide("retry", each)
    sides.sync()
    for each in SyncRun.objects.held():
        assert each.pk == run.pk
        sides.harness.decide("retry", each)
    assert not SyncRun.objects.open().exists()
    assert RecordLink.objects.filter(kind="invoice").count() == 1
    assert_nothing_left_to_do(sides)


def test_a_number_whose_holder_came_over_is_asked_about_too(sides: TwoWayHarness) -> None:
    """The office types the bill that it has not seen come over, and gets the number that it has there."""
    theirs = typed(sides, "1002")
    sides.sync()
    sides.harness.invoice(("Permit", 1, 285), uid=1002)
    sides.sync()
    run = sides.harness.held()
    assert (run.action, run.cause) == ("push_invoice", "probably_same_invoice")
    assert [choice["key"] for choice in run.choices] == ["new_number", "retry", "discard"]
    assert theirs["DocNumber"] in run.sentence
    sides.harness.decide("new_number")
    assert counts(sides) == (2, 2)
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("answered", ["one after the other", "the same one twice"])
def test_of_several_equal_bills_each_is_linked_once(sides: TwoWayHarness, answered: str) -> None:
    """A candidate that is taken is offered no more, and the others stay."""
    theirs = [typed(sides, number) for number in ("900", "901", "902")]
    for _ in theirs:
        sides.harness.invoice(("Permit", 1, 285))
    sides.sync()
    first, second, third = SyncRun.objects.held().order_by("id")
    keys = [f"link:{row['Id']}" for row in theirs]
    assert offered(first) == offered(second) == offered(third) == keys
    if answered == "the same one twice":
        assert second.decide(keys[0])
    sides.harness.decide(keys[0], first)
    for run in (second, third):
        run.refresh_from_db()
        assert offered(run) == keys[1:]
    assert second.cause == ("choice_gone" if "twice" in answered else "probably_same_invoice")
    assert "901" in third.sentence
    assert_nothing_left_to_do(sides)
    sides.harness.decide(keys[1], second)
    third.refresh_from_db()
    assert offered(third) == keys[2:]
    sides.harness.decide(keys[2], third)
    assert not SyncRun.objects.open().exists()
    assert counts(sides) == (3, 3)
    assert RecordLink.objects.filter(kind="invoice").count() == 3
    assert_nothing_left_to_do(sides)


def test_more_in_coperniq_than_in_quickbooks_need_no_further_answer(sides: TwoWayHarness) -> None:
    theirs = typed(sides)
    for _ in range(2):
        sides.harness.invoice(("Permit", 1, 285))
    sides.sync()
    sides.harness.decide(f"link:{theirs['Id']}", SyncRun.objects.held().order_by("-id")[0])
    sides.sync()
    assert not SyncRun.objects.open().exists()
    assert counts(sides) == (2, 2)
    assert_nothing_left_to_do(sides)


def test_of_several_drafts_the_pull_offers_those_that_are_left(sides: TwoWayHarness) -> None:
    """The same, where the pull asks: two drafts that are not sent, and two bills in QuickBooks."""
    sides.harness.configure(push_from="sent")
    for number in ("900", "901"):
        typed(sides, number)
    ours = [sides.harness.invoice(("Permit", 1, 285), status="DRAFT") for _ in range(2)]
    sides.sync()
    first, second = SyncRun.objects.held().order_by("id")
    keys = [f"link:{row['id']}" for row in ours]
    assert offered(first) == offered(second) == keys
    assert second.decide(keys[0])
    sides.harness.decide(keys[0], first)
    second.refresh_from_db()
    assert (second.cause, offered(second)) == ("choice_gone", keys[1:])
    sides.harness.decide(keys[1], second)
    assert not SyncRun.objects.open().exists()
    assert counts(sides) == (2, 2)
    assert_nothing_left_to_do(sides)


def offered(run: SyncRun) -> list[str]:
    return [choice["key"] for choice in run.choices if choice["key"].startswith("link:")]
