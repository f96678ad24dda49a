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


def with_items(office: PortalHarness, **switches: Any) -> InvoiceHarness:
    """Permits and panels are items on both sides."""
    money = open_invoice_harness(office, **switches)
    money.book_item("Permit")
    money.book_item("Panel")
    return money


def pushed(money: InvoiceHarness, *lines: tuple[str, int, object], **fields: Any) -> dict[str, Any]:
    """An invoice that is in QuickBooks by now."""
    invoice = money.invoice(*lines, **fields)
    money.work()
    assert money.link().coperniq_id == str(invoice["id"]), money.told()
    money.office.simulator.forget_log()
    return invoice


def assert_at_rest(money: InvoiceHarness) -> None:
    """A second look changes nothing and costs QuickBooks nothing."""
    before = money.books("Invoice"), money.told()
    money.office.simulator.forget_log()
    money.work()
    assert (money.books("Invoice"), money.told()) == before
    assert money.calls() == []
    assert not RemoteWrite.objects.open().exists()


def lines_of(invoice: dict[str, Any]) -> list[dict[str, Any]]:
    """As a person's form sends them back."""
    return [{name: line[name] for name in LINE_FIELDS} for line in invoice["lineItems"]]


def sales(document: dict[str, Any]) -> list[tuple[str, float]]:
    """Text and amount of every line that is sold in QuickBooks."""
    found = [line for line in document["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    return [(line.get("Description", ""), line["Amount"]) for line in found]


def put(money: InvoiceHarness, invoice_id: str, **fields: Any) -> dict[str, Any]:
    return money.edit_books("Invoice", invoice_id, **fields)


def ignore_changes(money: InvoiceHarness) -> None:
    """The portal has seen QuickBooks as it stands: only Coperniq's next edit is news."""
    raw = load_json(json.dumps(money.in_books()))
    assert isinstance(raw, dict)
    image = quickbooks_invoice_snapshot(parse_quickbooks_invoice(raw), "private_note").as_json()
    RecordLink.objects.filter(kind="invoice").update(quickbooks_snapshot=image)


def void_in_books(money: InvoiceHarness, invoice_id: str) -> None:
    money.office.simulator.control(f"quickbooks/{money.office.realm}/invoices/{invoice_id}/void")


def delete_in_books(money: InvoiceHarness, invoice_id: str) -> None:
    path = f"quickbooks/{money.office.realm}/records/Invoice/{invoice_id}"
    money.office.simulator.control(path, None, "DELETE")


def prefer(office: PortalHarness, **settings: Any) -> None:
    """The owner of the books chooses; the portal has not looked since yesterday."""
    office.simulator.control(f"quickbooks/{office.realm}", settings, "PATCH")
    forget_preferences(office)


def forget_preferences(office: PortalHarness) -> None:
    type(office.quickbooks).objects.update(preferences_read_at=None)


@contextmanager
def earlier(office: PortalHarness, minutes: int) -> Iterator[None]:
    """What both vendors do meanwhile they did so many minutes ago."""
    office.simulator.control("clock", {"shift_seconds": -60 * minutes})
    yield
    office.simulator.control("clock", {"shift_seconds": 60 * minutes})


def later(office: PortalHarness, minutes: int = 10) -> None:
    office.simulator.control("clock", {"shift_seconds": 60 * minutes})


def long_ago() -> None:
    RemoteWrite.objects.open().update(sent_at=timezone.now() - timedelta(hours=3))
