"""QuickBooks gives every invoice a due date; Coperniq has one only where somebody wanted it."""

from __future__ import annotations

import pytest

from tests.portal_harness import PortalHarness
from tests.sync.two_way import TwoWayHarness, coperniq_state, open_two_way


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


def test_one_that_quickbooks_gave_by_itself_stays_there(sides: TwoWayHarness) -> None:
    sides.harness.invoice()
    sides.harness.work()
    sides.change(sides.harness.in_books(), note="Roof")
    sides.sync()
    (invoice,) = coperniq_state(sides.harness, "invoices")
    assert not invoice.get("dueDate")


def test_a_due_date_set_in_quickbooks_comes_over_where_coperniq_had_none(sides: TwoWayHarness) -> None:
    sides.harness.invoice()
    sides.harness.work()
    sides.change(sides.harness.in_books(), due="2027-05-06")
    sides.sync()
    (invoice,) = coperniq_state(sides.harness, "invoices")
    assert invoice["dueDate"][:10] == "2027-05-06"
