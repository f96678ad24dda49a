"""An invoice whose create got no answer, and whose mark people took before the portal found out."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun
from tests.portal_harness import PortalHarness
from tests.sampling import crossed
from tests.sync.pull_builders import (
    assert_nothing_left_to_do,
    hear_while_pausing,
    invoices,
    push_into,
    unanswered,
)
from tests.sync.two_way import TwoWayHarness, coperniq_state, open_two_way


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


@pytest.mark.parametrize(
    ("edit", "way"), crossed(["voided", "note"], list(product([86400, 0], [True, False])))
)
def test_it_is_there_once_on_either_side(sides: TwoWayHarness, edit: str, way: tuple[int, bool]) -> None:
    """Voiding takes the note, and with it the mark."""
    memory, noticed = way
    sides.harness.portal.simulator.switch(requestid_memory_seconds=memory)
    made = unanswered(sides)
    if edit == "voided":
        sides.void(made)
    else:
        sides.change(made, note="mine")
    if noticed:
        hear_while_pausing(sides)
    sides.harness.portal.simulator.control("clock", {"shift_seconds": 5})
    sides.harness.work()
    sides.sync()
    assert len(sides.harness.books("Invoice")) == 1
    (invoice,) = coperniq_state(sides.harness, "invoices")
    assert RecordLink.objects.get(kind="invoice").quickbooks_id == made["Id"]
    if edit == "voided":
        assert invoice["storedStatus"] == "DECLINED" or SyncRun.objects.held().exists()
    else:
        assert "mine" in invoice["description"]
    assert_nothing_left_to_do(sides)


OTHERS: dict[str, dict[str, Any]] = {
    "of another amount": {"lines": [{"item": "Permit", "quantity": 1, "price": 70}]},
    "of another number": {"number": "A-77"},
    "of another customer": {"customer": "parent"},
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_one_of_that_moment_is_not_taken_for_it(sides: TwoWayHarness, other: str) -> None:
    """QuickBooks had made nothing of the create, and somebody enters an invoice by hand.

    If customer, total and week are the same, a person says that it is another one.
    """
    harness = sides.harness
    harness.portal.simulator.switch(requestid_memory_seconds=0)
    push_into(sides, "error_500")
    parent = RecordLink.objects.get(kind="customer").quickbooks_id
    values = {"number": "1001", "lines": [{"item": "Permit", "quantity": 1, "price": 100}], **OTHERS[other]}
    lines = values.pop("lines")
    by_hand = sides.invoice(*lines, **{**values, "customer": parent if "customer" in values else ""})
    hear_while_pausing(sides)
    harness.work()
    sides.sync()
    asked = SyncRun.objects.held().filter(cause="probably_same_invoice")
    assert asked.exists() is (other != "of another amount")
    for run in asked:
        harness.decide("another_invoice", run)
        sides.sync()
    linked = RecordLink.objects.filter(kind="invoice")
    assert linked.exclude(quickbooks_id=by_hand["Id"]).count() == 1
    assert linked.get(quickbooks_id=by_hand["Id"]).match_method == RecordLink.MatchMethod.PULLED
    assert len(invoices(sides)) == len(harness.books("Invoice")) == 2
    assert_nothing_left_to_do(sides)
