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
def money(office: PortalHarness) -> InvoiceHarness:
    return with_items(office)


@pytest.fixture
def invoice(money: InvoiceHarness) -> dict[str, Any]:
    return pushed(money)


def remove(money: InvoiceHarness, *invoices: dict[str, Any]) -> None:
    for invoice in invoices:
        money.office.simulator.control(f"coperniq/{API_KEY}/invoices/{invoice['id']}", None, "DELETE")


def test_one_deleted_in_coperniq_is_held_and_never_voided(
    money: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    remove(money, invoice)
    money.sweep()
    assert money.told()[1:] == [
        "held: Coperniq no longer shows invoice 1001, but QuickBooks still has it. Restore it in Coperniq, or give the "
        "API key's user access to it, then try again. If it was deleted on purpose, void it in QuickBooks by hand."
    ]
    assert money.in_books()["TotalAmt"] == 100
    money.sweep()
    assert_at_rest(money)
    money.decide("discard")
    money.sweep()
    assert not SyncRun.objects.held().exists()


def test_three_missing_at_once_stop_everything_until_the_key_is_entered_again(money: InvoiceHarness) -> None:
    invoices = [money.invoice() for _ in range(4)]
    money.work()
    remove(money, *invoices[:3])
    money.sweep()
    row = CoperniqConnection.objects.get()
    assert row.state == "refused"
    assert row.state_reason == (
        "Coperniq does not show 3 invoices any more that are linked to QuickBooks. The API key may have lost access to "
        "them. Check its user's role in Coperniq, then enter the key again under Integrations."
    )
    assert all(document["TotalAmt"] == 100 for document in money.books("Invoice"))
    assert not SyncRun.objects.held().filter(cause="invoice_missing").exists()
    money.edit(invoices[3], description="Meanwhile")
    money.work()
    assert not money.books("Invoice")[3]["PrivateNote"].startswith("Meanwhile")
    coperniq_api_key.connect_coperniq(money.office.company, None, API_KEY)
    money.sweep()
    assert SyncRun.objects.held().filter(cause="invoice_missing").count() == 3
    assert money.books("Invoice")[3]["PrivateNote"].startswith("Meanwhile")
    money.sweep()
    assert CoperniqConnection.objects.get().state == "connected"
    assert_at_rest(money)


def test_two_missing_at_once_are_asked_about_one_by_one(money: InvoiceHarness) -> None:
    invoices = [money.invoice() for _ in range(3)]
    money.work()
    remove(money, *invoices[:2])
    money.sweep()
    assert CoperniqConnection.objects.get().state == "connected"
    assert SyncRun.objects.held().filter(cause="invoice_missing").count() == 2
    assert RecordLink.objects.filter(kind="invoice").count() == 3


def test_one_that_is_hidden_and_odd_is_asked_about(
    money: InvoiceHarness, invoice: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def reading(_client: CoperniqClient, _id: str) -> CoperniqInvoice:
        raise UnexpectedShape("amount", "amount of money")

    money.office.simulator.switch(archived_invoices="hidden")
    money.act(invoice, "archive")
    monkeypatch.setattr(CoperniqClient, "read_invoice", reading)
    money.sweep()
    assert money.held().cause == "odd_invoice"
    assert money.in_books()["TotalAmt"] == 100
