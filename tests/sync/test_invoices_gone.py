"""Linked invoices that Coperniq does not show any more: asked about, never voided; many of them mean the key."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.connections import coperniq_api_key
from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import UnexpectedShape
from integrations.models import CoperniqConnection, RecordLink, SyncRun
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.simulation import API_KEY
from tests.sync.invoice_builders import assert_at_rest, pushed, with_items


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    return with_items(portal)


@pytest.fixture
def invoice(harness: InvoiceHarness) -> dict[str, Any]:
    return pushed(harness)


def remove(harness: InvoiceHarness, *invoices: dict[str, Any]) -> None:
    for invoice in invoices:
        harness.portal.simulator.control(f"coperniq/{API_KEY}/invoices/{invoice['id']}", None, "DELETE")


def test_one_deleted_in_coperniq_is_held_and_never_voided(
    harness: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    remove(harness, invoice)
    harness.sweep()
    (line,) = harness.logged()[1:]
    assert line.startswith(
        "held: Coperniq no longer shows invoice 1001: it was deleted, or the API key's user has"
    )
    assert "with $100.00 open. If it was deleted on purpose, void it in QuickBooks too." in line
    assert harness.in_books()["TotalAmt"] == 100
    harness.sweep()
    assert_at_rest(harness)
    harness.decide("discard")
    harness.sweep()
    assert not SyncRun.objects.held().exists()


def test_three_missing_at_once_stop_everything_until_the_key_is_entered_again(
    harness: InvoiceHarness,
) -> None:
    invoices = [harness.invoice() for _ in range(4)]
    harness.work()
    remove(harness, *invoices[:3])
    harness.sweep()
    row = CoperniqConnection.objects.get()
    assert row.state == "refused"
    assert row.state_reason == (
        "Coperniq does not show 3 invoices any more that are linked to QuickBooks. The API key may have lost access to "
        "them. Check its user's role in Coperniq, then enter the key again under Integrations."
    )
    assert all(document["TotalAmt"] == 100 for document in harness.books("Invoice"))
    assert not SyncRun.objects.held().filter(cause="invoice_missing").exists()
    harness.edit(invoices[3], description="Meanwhile")
    harness.work()
    assert not harness.books("Invoice")[3]["PrivateNote"].startswith("Meanwhile")
    coperniq_api_key.connect_coperniq(harness.portal.company, None, API_KEY)
    harness.sweep()
    assert SyncRun.objects.held().filter(cause="invoice_missing").count() == 3
    assert harness.books("Invoice")[3]["PrivateNote"].startswith("Meanwhile")
    harness.sweep()
    assert CoperniqConnection.objects.get().state == "connected"
    assert_at_rest(harness)


def test_two_missing_at_once_are_asked_about_one_by_one(harness: InvoiceHarness) -> None:
    invoices = [harness.invoice() for _ in range(3)]
    harness.work()
    remove(harness, *invoices[:2])
    harness.sweep()
    assert CoperniqConnection.objects.get().state == "connected"
    assert SyncRun.objects.held().filter(cause="invoice_missing").count() == 2
    assert RecordLink.objects.filter(kind="invoice").count() == 3


def test_one_that_is_hidden_and_odd_is_asked_about(
    harness: InvoiceHarness, invoice: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def reading(_client: CoperniqClient, _id: str) -> CoperniqInvoice:
        raise UnexpectedShape("amount", "amount of money")

    harness.portal.simulator.switch(archived_invoices="hidden")
    harness.act(invoice, "archive")
    monkeypatch.setattr(CoperniqClient, "read_invoice", reading)
    harness.sweep()
    assert harness.held().cause == "odd_invoice"
    assert harness.in_books()["TotalAmt"] == 100
