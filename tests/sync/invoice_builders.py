"""Situations that the tests of invoices begin with, and what they all end with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.utils import timezone

from integrations.json_reader import load_json
from integrations.models import RecordLink, RemoteWrite
from integrations.quickbooks.documents import parse_quickbooks_invoice
from integrations.sync.invoices.mapping import quickbooks_invoice_snapshot
from tests.invoice_harness import InvoiceHarness, open_invoice_harness
from tests.portal_harness import PortalHarness

LINE_FIELDS = ("id", "catalogItemId", "quantity", "unitPrice", "description")


def with_items(portal: PortalHarness, **switches: Any) -> InvoiceHarness:
    """Permits and panels are items on both sides."""
    harness = open_invoice_harness(portal, **switches)
    harness.book_item("Permit")
    harness.book_item("Panel")
    return harness


def pushed(harness: InvoiceHarness, *lines: tuple[str, int, object], **fields: Any) -> dict[str, Any]:
    """An invoice that is in QuickBooks by now."""
    invoice = harness.invoice(*lines, **fields)
    harness.work()
    assert harness.link().coperniq_id == str(invoice["id"]), harness.logged()
    harness.portal.simulator.forget_log()
    return invoice


def assert_at_rest(harness: InvoiceHarness) -> None:
    """A second look changes nothing and costs QuickBooks nothing."""
    before = harness.books("Invoice"), harness.logged()
    harness.portal.simulator.forget_log()
    harness.work()
    assert (harness.books("Invoice"), harness.logged()) == before
    assert harness.calls() == []
    assert not RemoteWrite.objects.open().exists()


def lines_of(invoice: dict[str, Any]) -> list[dict[str, Any]]:
    """As a person's form sends them back."""
    return [{name: line[name] for name in LINE_FIELDS} for line in invoice["lineItems"]]


def sales(document: dict[str, Any]) -> list[tuple[str, float]]:
    """Text and amount of every line that is sold in QuickBooks."""
    found = [line for line in document["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    return [(line.get("Description", ""), line["Amount"]) for line in found]


def put(harness: InvoiceHarness, invoice_id: str, **fields: Any) -> dict[str, Any]:
    return harness.edit_books("Invoice", invoice_id, **fields)


def ignore_changes(harness: InvoiceHarness) -> None:
    """The portal has seen QuickBooks as it stands: only Coperniq's next edit is news."""
    raw = load_json(json.dumps(harness.in_books()))
    assert isinstance(raw, dict)
    image = quickbooks_invoice_snapshot(parse_quickbooks_invoice(raw), "private_note").as_json()
    RecordLink.objects.filter(kind="invoice").update(quickbooks_snapshot=image)


def void_in_books(harness: InvoiceHarness, invoice_id: str) -> None:
    harness.portal.simulator.control(f"quickbooks/{harness.portal.realm}/invoices/{invoice_id}/void")


def delete_in_books(harness: InvoiceHarness, invoice_id: str) -> None:
    path = f"quickbooks/{harness.portal.realm}/records/Invoice/{invoice_id}"
    harness.portal.simulator.control(path, None, "DELETE")


def prefer(portal: PortalHarness, **settings: Any) -> None:
    """The owner of the books chooses; the portal has not looked since yesterday."""
    portal.simulator.control(f"quickbooks/{portal.realm}", settings, "PATCH")
    forget_preferences(portal)


def forget_preferences(portal: PortalHarness) -> None:
    type(portal.quickbooks).objects.update(preferences_read_at=None)


@contextmanager
def earlier(portal: PortalHarness, minutes: int) -> Iterator[None]:
    """What both vendors do meanwhile they did so many minutes ago."""
    portal.simulator.control("clock", {"shift_seconds": -60 * minutes})
    yield
    portal.simulator.control("clock", {"shift_seconds": 60 * minutes})


def later(portal: PortalHarness, minutes: int = 10) -> None:
    portal.simulator.control("clock", {"shift_seconds": 60 * minutes})


def long_ago() -> None:
    RemoteWrite.objects.open().update(sent_at=timezone.now() - timedelta(hours=3))
