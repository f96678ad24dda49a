"""An invoice moved to another customer in QuickBooks: asked about, whoever meets it first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun
from tests.portal_harness import PortalHarness
from tests.sampling import ORIGINS
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice
from tests.sync.two_way import TwoWayHarness, open_two_way

MOVED = "quickbooks_invoice_moved"
DUE = "2040-01-01T00:00:00Z"


def edited(sides: TwoWayHarness) -> None:
    sides.harness.edit(invoice(sides), dueDate=DUE)
    sides.harness.work()


def overpaid(sides: TwoWayHarness) -> None:
    """So that the portal looks who else has paid."""
    sides.harness.pay(invoice(sides), 130)
    sides.harness.work()


def heard_of(sides: TwoWayHarness) -> None:
    sides.sync()


FIRST = pytest.mark.parametrize("first", [edited, overpaid, heard_of])
First = Callable[[TwoWayHarness], None]


@pytest.fixture(params=ORIGINS)
def made(request: pytest.FixtureRequest, portal: PortalHarness) -> tuple[TwoWayHarness, dict[str, Any]]:
    sides = open_two_way(portal)
    if request.param == "pulled":
        sides.invoice()
    else:
        sides.harness.invoice(("Permit", 1, 100))
        sides.harness.work()
    sides.sync()
    return sides, sides.harness.in_books()


Made = tuple[TwoWayHarness, dict[str, Any]]


def parent_id(sides: TwoWayHarness) -> str:
    return str(next(row["Id"] for row in sides.harness.books("Customer") if not row.get("Job")))


def causes() -> list[str]:
    return sorted(SyncRun.objects.held().values_list("cause", flat=True))


@FIRST
def test_it_is_asked_about_once_and_may_go_on_where_it_is(made: Made, first: First) -> None:
    sides, document = made
    sides.change(document, customer=parent_id(sides))
    first(sides)
    sides.sync()
    assert causes() == [MOVED]
    assert_nothing_left_to_do(sides)
    sides.harness.decide("go_on")
    assert causes() == []
    assert_nothing_left_to_do(sides)
    sides.change(sides.harness.in_books(), due="2041-01-01")
    sides.sync()
    assert invoice(sides)["dueDate"].startswith("2041-01-01")
    assert causes() == []


@pytest.mark.parametrize("first", [edited, heard_of])
def test_moved_back_nothing_has_to_be_asked(made: Made, first: First) -> None:
    sides, document = made
    home = document["CustomerRef"]["value"]
    sides.change(document, customer=parent_id(sides))
    first(sides)
    sides.sync()
    sides.change(sides.harness.in_books(), customer=home)
    sides.sync()
    assert causes() == []
    assert not RecordLink.objects.get(kind="invoice").invoice_state.moved_from
    assert_nothing_left_to_do(sides)


def test_a_merge_that_a_push_meets_first_is_one_question(made: Made) -> None:
    sides, document = made
    portal = sides.harness.portal
    survivor = portal.simulator.in_books(
        portal.realm, DisplayName="Smith family", Job=True, ParentRef={"value": parent_id(sides)}
    )
    sides.control("merge/Customer", {"from": document["CustomerRef"]["value"], "into": survivor["Id"]})
    edited(sides)
    sides.sync()
    assert causes() == ["customer_merged"]
    sides.harness.decide("relink")
    sides.sync()
    assert causes() == []
    assert not RecordLink.objects.get(kind="invoice").invoice_state.moved_from
    assert sides.harness.in_books()["DueDate"] == DUE[:10]
    assert_nothing_left_to_do(sides)
