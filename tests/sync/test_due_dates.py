"""QuickBooks gives every invoice a due date; Coperniq has one only where somebody wanted it."""

from __future__ import annotations

import pytest

from tests.portal_harness import PortalHarness
from tests.sync.two_way import TwoWayHarness, coperniq_state, open_two_way


@pytest.fixture
def books(office: PortalHarness) -> TwoWayHarness:
    return open_two_way(office)


def test_one_that_quickbooks_gave_by_itself_stays_there(books: TwoWayHarness) -> None:
    books.money.invoice()
    books.money.work()
    books.change(books.money.in_books(), note="Roof")
    books.heard()
    (invoice,) = coperniq_state(books.money, "invoices")
    assert not invoice.get("dueDate")


def test_a_due_date_set_in_quickbooks_comes_over_where_coperniq_had_none(books: TwoWayHarness) -> None:
    books.money.invoice()
    books.money.work()
    books.change(books.money.in_books(), due="2027-05-06")
    books.heard()
    (invoice,) = coperniq_state(books.money, "invoices")
    assert invoice["dueDate"][:10] == "2027-05-06"
