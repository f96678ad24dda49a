"""How a company keeps its books is known before anything is written into them."""

from __future__ import annotations

import json

from integrations.sync.ingest.events import receive_quickbooks
from tests.invoice_harness import InvoiceHarness, open_invoice_harness
from tests.portal_harness import PortalHarness


def told_of_preferences(harness: InvoiceHarness) -> None:
    event = {
        "specversion": "1.0",
        "id": "88cd52aa-33b6-4351-9aa4-47572edbd068",
        "type": "qbo.preferences.updated.v1",
        "time": "2026-11-27T02:31:25Z",
        "intuitentityid": "1",
        "intuitaccountid": harness.portal.realm,
        "data": {},
    }
    receive_quickbooks(json.dumps([event]).encode())


def test_books_closed_a_moment_ago_are_known_as_soon_as_quickbooks_tells(portal: PortalHarness) -> None:
    harness = open_invoice_harness(portal)
    harness.book_item("Permit")
    harness.invoice()
    harness.work()
    portal.simulator.control(f"quickbooks/{portal.realm}", {"book_close_date": "2099-12-31"}, "PATCH")
    told_of_preferences(harness)
    portal.simulator.forget_log()
    harness.invoice()
    harness.work()
    assert harness.held().cause == "books_closed"
    assert harness.calls(write=True) == []


def test_the_preferences_are_read_once_a_day(portal: PortalHarness) -> None:
    harness = open_invoice_harness(portal)
    harness.book_item("Permit")
    for _ in range(3):
        harness.invoice()
        harness.work()
    assert len([call for call in harness.calls() if call.endswith("/preferences")]) == 1
