"""A payment finds its invoice voided or deleted in QuickBooks before anybody has told of that."""

from __future__ import annotations

import pytest

from integrations.models import SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


def causes() -> list[str]:
    return sorted(SyncRun.objects.held().values_list("cause", flat=True))


@pytest.mark.parametrize("end", ["void", "delete"])
def test_the_end_itself_is_asked_about_too(sides: TwoWayHarness, end: str) -> None:
    harness = sides.harness
    invoice = harness.invoice()
    harness.work()
    getattr(sides, end)(harness.in_books())
    harness.pay(invoice, 100)
    harness.work()
    sides.sync()
    assert causes() == ["ended_but_paid", "invoice_ended"]
    sides.sync()
    assert causes() == ["ended_but_paid", "invoice_ended"]
    logged = harness.logged()
    sides.sync()
    assert harness.logged() == logged
