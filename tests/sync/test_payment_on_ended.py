"""A payment finds its invoice voided or deleted in QuickBooks before anybody has told of that."""

from __future__ import annotations

import pytest

from integrations.models import SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def books(office: PortalHarness) -> TwoWayHarness:
    return open_two_way(office)


def causes() -> list[str]:
    return sorted(SyncRun.objects.held().values_list("cause", flat=True))


@pytest.mark.parametrize("end", ["void", "delete"])
def test_the_end_itself_is_asked_about_too(books: TwoWayHarness, end: str) -> None:
    money = books.money
    invoice = money.invoice()
    money.work()
    getattr(books, end)(money.in_books())
    money.pay(invoice, 100)
    money.work()
    books.heard()
    assert causes() == ["ended_but_paid", "invoice_ended"]
    books.heard()
    assert causes() == ["ended_but_paid", "invoice_ended"]
    told = money.told()
    books.heard()
    assert money.told() == told
