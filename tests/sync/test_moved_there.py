"""An invoice moved to another customer in QuickBooks: asked about, whoever meets it first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice
from tests.sync.two_way import TwoWayHarness, open_two_way

MOVED = "quickbooks_invoice_moved"
DUE = "2040-01-01T00:00:00Z"


def edited(books: TwoWayHarness) -> None:
    books.money.edit(invoice(books), dueDate=DUE)
    books.money.work()


def overpaid(books: TwoWayHarness) -> None:
    """So that the portal looks who else has paid."""
    books.money.pay(invoice(books), 130)
    books.money.work()


def heard_of(books: TwoWayHarness) -> None:
    books.heard()


FIRST = pytest.mark.parametrize("first", [edited, overpaid, heard_of])
First = Callable[[TwoWayHarness], None]


@pytest.fixture(params=["pulled", "pushed"])
def made(request: pytest.FixtureRequest, office: PortalHarness) -> tuple[TwoWayHarness, dict[str, Any]]:
    books = open_two_way(office)
    if request.param == "pulled":
        books.invoice()
    else:
        books.money.invoice(("Permit", 1, 100))
        books.money.work()
    books.heard()
    return books, books.money.in_books()


Made = tuple[TwoWayHarness, dict[str, Any]]


def parent_id(books: TwoWayHarness) -> str:
    return str(next(row["Id"] for row in books.money.books("Customer") if not row.get("Job")))


def causes() -> list[str]:
    return sorted(SyncRun.objects.held().values_list("cause", flat=True))


@FIRST
def test_it_is_asked_about_once_and_may_go_on_where_it_is(made: Made, first: First) -> None:
    books, document = made
    books.change(document, customer=parent_id(books))
    first(books)
    books.heard()
    assert causes() == [MOVED]
    assert_nothing_left_to_do(books)
    books.money.decide("go_on")
    assert causes() == []
    assert_nothing_left_to_do(books)
    books.change(books.money.in_books(), due="2041-01-01")
    books.heard()
    assert invoice(books)["dueDate"].startswith("2041-01-01")
    assert causes() == []


@pytest.mark.parametrize("first", [edited, heard_of])
def test_moved_back_nothing_has_to_be_asked(made: Made, first: First) -> None:
    books, document = made
    home = document["CustomerRef"]["value"]
    books.change(document, customer=parent_id(books))
    first(books)
    books.heard()
    books.change(books.money.in_books(), customer=home)
    books.heard()
    assert causes() == []
    assert not RecordLink.objects.get(kind="invoice").invoice_state.moved_from
    assert_nothing_left_to_do(books)


def test_a_merge_that_a_push_meets_first_is_one_question(made: Made) -> None:
    books, document = made
    office = books.money.office
    survivor = office.simulator.in_books(
        office.realm, DisplayName="Smith family", Job=True, ParentRef={"value": parent_id(books)}
    )
    books.control("merge/Customer", {"from": document["CustomerRef"]["value"], "into": survivor["Id"]})
    edited(books)
    books.heard()
    assert causes() == ["customer_merged"]
    books.money.decide("relink")
    books.heard()
    assert causes() == []
    assert not RecordLink.objects.get(kind="invoice").invoice_state.moved_from
    assert books.money.in_books()["DueDate"] == DUE[:10]
    assert_nothing_left_to_do(books)
