"""Caches lists that change seldom in the database: items, accounts, payment methods, Coperniq's catalog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from integrations.connections.clients import CallMeter, coperniq_client, quickbooks_client
from integrations.coperniq.client import CoperniqClient
from integrations.models import LookupList, QuickBooksConnection
from integrations.quickbooks.client import QuickBooksClient

Rows = list[dict[str, Any]]
Name = LookupList.Name

READERS: dict[str, Callable[[QuickBooksClient, CoperniqClient], Rows]] = {
    Name.ITEMS: lambda quickbooks, _: [asdict(row) for row in quickbooks.list_items()],
    Name.ACCOUNTS: lambda quickbooks, _: [asdict(row) for row in quickbooks.list_accounts()],
    Name.METHODS: lambda quickbooks, _: [asdict(row) for row in quickbooks.list_payment_methods()],
    Name.CATALOG: lambda _, coperniq: [asdict(row) for row in coperniq.list_catalog()],
}


def stored_list(connection: QuickBooksConnection, name: str) -> Rows:
    """The list as last read; empty if it was never read. Each row has `id` and `name`."""
    found = LookupList.objects.filter(connection=connection, name=name).first()
    return list(found.rows) if found else []


def refresh_lists(connection: QuickBooksConnection) -> None:
    """Read all lists, one call per list or page. Raises PortalError; lists read before the error are stored."""
    meter = CallMeter(connection.company_id)
    quickbooks = quickbooks_client(connection, meter)
    coperniq = coperniq_client(connection.company.coperniq, meter)
    try:
        for name, read in READERS.items():
            LookupList.keep(connection, name, read(quickbooks, coperniq))
    finally:
        meter.flush()
