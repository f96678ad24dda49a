"""What can be chosen from the stored lists: items for invoice lines, accounts for money."""

from __future__ import annotations

from typing import Any

from integrations.connections.ending import NotConnected
from integrations.connections.reference import Rows, refresh_lists, stored_list
from integrations.item_matches import is_usable
from integrations.models import CoperniqConnection, QuickBooksConnection, ReferenceList

Name = ReferenceList.Name
MONEY_ACCOUNTS = ("Bank", "Other Current Asset")


def items_offered(connection: QuickBooksConnection) -> Rows:
    """By name, those that can stand on an invoice line."""
    return sorted(filter(is_usable, stored_list(connection, Name.ITEMS)), key=by_name)


def accounts_offered(connection: QuickBooksConnection) -> Rows:
    """By name, those that a payment can be deposited to."""
    rows = stored_list(connection, Name.ACCOUNTS)
    return sorted((row for row in rows if takes_money(row)), key=by_name)


def by_name(row: dict[str, Any]) -> str:
    return str(row["name"]).casefold()


def takes_money(row: dict[str, Any]) -> bool:
    return bool(row["is_active"]) and row["account_type"] in MONEY_ACCOUNTS


def find_item(connection: QuickBooksConnection, item_id: str) -> dict[str, Any] | None:
    return next((row for row in items_offered(connection) if row["id"] == item_id), None)


def read_lists(connection: QuickBooksConnection) -> None:
    """Anew, from both vendors. Raises PortalError; lists read before it are kept."""
    if not CoperniqConnection.objects.filter(company=connection.company_id).exists():
        raise NotConnected(
            "Coperniq is not connected yet. Please enter its API key under Integrations first."
        )
    refresh_lists(connection)
