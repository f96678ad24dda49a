"""The stored lists of a connection, as both vendors last gave them."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.errors import Unavailable
from integrations.models import LookupList, QuickBooksConnection

Rows = list[dict[str, Any]]


def item(item_id: str, name: str, sku: str = "", **values: Any) -> dict[str, Any]:
    usual = {"kind": "Service", "is_active": True, "price_cents": 25000}
    return {"id": item_id, "name": name, "sku": sku, **usual, **values}


def account(account_id: str, name: str, kind: str, *, is_active: bool = True) -> dict[str, Any]:
    named = {"id": account_id, "name": name, "account_type": kind, "account_subtype": ""}
    return {**named, "is_active": is_active}


def catalog_item(catalog_id: str, name: str, code: str = "", sku: str = "", **values: Any) -> dict[str, Any]:
    return {"id": catalog_id, "name": name, "code": code, "sku": sku, "is_archived": False, **values}


ITEMS = [
    item("58", "Panel 400 W", "PAN-400"),
    item("59", "Labor"),
    item("60", "Retired", "OLD", is_active=False),
    item("61", "Kit", kind="Group"),
]
ACCOUNTS = [
    account("35", "Checking", "Bank"),
    account("4", "Undeposited Funds", "Other Current Asset"),
    account("79", "Sales", "Income"),
    account("36", "Old bank", "Bank", is_active=False),
]
CATALOG = [
    catalog_item("1", "Solar panel", code="PAN-400"),
    catalog_item("2", "LABOR"),
    catalog_item("3", "Permit fee", code="PERMIT"),
]


def keep(connection: QuickBooksConnection, **lists: Rows) -> None:
    for name, rows in lists.items():
        LookupList.keep(connection, name, rows)


class Refreshing:
    """Replaces both vendors: what the next read of the lists returns, and how often they were read."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.brings: dict[str, Rows] = {}
        self.fails = False
        self.count = 0
        patch.setattr("integrations.forms.refresh.refresh_lists", self)

    def __call__(self, connection: QuickBooksConnection) -> None:
        self.count += 1
        keep(connection, **self.brings)
        if self.fails:
            raise Unavailable(vendor="quickbooks")
