"""How a company keeps its books is known before anything is written into them."""

from __future__ import annotations

import json

from integrations.sync.ingest.events import receive_quickbooks
from tests.invoice_harness import InvoiceHarness, open_invoice_harness
from tests.portal_harness import PortalHarness


def told_of_preferences(money: InvoiceHarness) -> None:
    event = {
        "specversion": "1.0",
        "id": "88cd52aa-33b6-4351-9aa4-47572edbd068",
        "type": "qbo.preferences.updated.v1",
        "time": "2026-11-27T02:31:25Z",
        "intuitentityid": "1",
        "intuitaccountid": money.office.realm,
        "data": {},
    }
    receive_quickbooks(json.dumps([event]).encode())


def test_books_closed_a_moment_ago_are_known_as_soon_as_quickbooks_tells(office: PortalHarness) -> None:
    money = open_invoice_harness(office)
    money.book_item("Permit")
    money.invoice()
    money.work()
    office.simulator.control(f"quickbooks/{office.realm}", {"book_close_date": "2099-12-31"}, "PATCH")
    told_of_preferences(money)
    office.simulator.forget_log()
    money.invoice()
    money.work()
    assert money.held().cause == "books_closed"
    assert money.calls(write=True) == []


def test_the_preferences_are_read_once_a_day(office: PortalHarness) -> None:
    money = open_invoice_harness(office)
    money.book_item("Permit")
    for _ in range(3):
        money.invoice()
        money.work()
    assert len([call for call in money.calls() if call.endswith("/preferences")]) == 1
