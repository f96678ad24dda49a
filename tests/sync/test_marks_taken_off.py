"""An invoice whose create got no answer, and whose mark people took before the portal found out."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.pull_builders import (
    assert_nothing_left_to_do,
    hear_while_pausing,
    invoices,
    push_into,
    unanswered,
)
from tests.sync.two_way import TwoWayHarness, coperniq_state, open_two_way


@pytest.fixture
def books(office: PortalHarness) -> TwoWayHarness:
    return open_two_way(office)


@pytest.mark.parametrize("edit", ["voided", "note"])
@pytest.mark.parametrize("memory", [86400, 0])
@pytest.mark.parametrize("heard", [True, False])
def test_it_is_there_once_on_either_side(books: TwoWayHarness, edit: str, memory: int, heard: bool) -> None:
    """Voiding takes the note, and with it the mark."""
    books.money.office.simulator.switch(requestid_memory_seconds=memory)
    made = unanswered(books)
    if edit == "voided":
        books.void(made)
    else:
        books.change(made, note="mine")
    if heard:
        hear_while_pausing(books)
    books.money.office.simulator.control("clock", {"shift_seconds": 5})
    books.money.work()
    books.heard()
    assert len(books.money.books("Invoice")) == 1
    (invoice,) = coperniq_state(books.money, "invoices")
    assert RecordLink.objects.get(kind="invoice").quickbooks_id == made["Id"]
    if edit == "voided":
        assert invoice["storedStatus"] == "DECLINED" or SyncRun.objects.held().exists()
    else:
        assert "mine" in invoice["description"]
    assert_nothing_left_to_do(books)


OTHERS: dict[str, dict[str, Any]] = {
    "of another amount": {"lines": [{"item": "Permit", "quantity": 1, "price": 70}]},
    "of another number": {"number": "A-77"},
    "of another customer": {"customer": "parent"},
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_one_of_that_moment_is_not_taken_for_it(books: TwoWayHarness, other: str) -> None:
    """QuickBooks had made nothing of the create, and somebody enters an invoice by hand."""
    money = books.money
    money.office.simulator.switch(requestid_memory_seconds=0)
    push_into(books, "error_500")
    parent = RecordLink.objects.get(kind="customer").quickbooks_id
    values = {"number": "1001", "lines": [{"item": "Permit", "quantity": 1, "price": 100}], **OTHERS[other]}
    lines = values.pop("lines")
    by_hand = books.invoice(*lines, **{**values, "customer": parent if "customer" in values else ""})
    hear_while_pausing(books)
    money.work()
    books.heard()
    linked = RecordLink.objects.filter(kind="invoice")
    assert linked.exclude(quickbooks_id=by_hand["Id"]).count() == 1
    assert linked.get(quickbooks_id=by_hand["Id"]).match_method == RecordLink.MatchMethod.PULLED
    assert len(invoices(books)) == len(money.books("Invoice")) == 2
    assert_nothing_left_to_do(books)
