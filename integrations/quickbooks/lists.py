"""Items, ledger accounts and payment methods of QuickBooks (docs/vendors/quickbooks-online.md, 7.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.json_reader import JsonReader


@dataclass(frozen=True)
class Item:
    """An item.

    `kind` is Service, NonInventory, Inventory, Group or Category; the last two cannot be sold as a single item.
    `price_cents` and `cost_cents` are in cents, None if absent or with a fraction of a cent.
    """

    id: str
    name: str
    sku: str
    kind: str
    is_active: bool
    price_cents: int | None
    cost_cents: int | None = None


@dataclass(frozen=True)
class LedgerAccount:
    """An account of the general ledger; an account of Coperniq is a customer."""

    id: str
    name: str
    account_type: str
    account_subtype: str
    is_active: bool


@dataclass(frozen=True)
class PaymentMethod:
    id: str
    name: str
    is_active: bool


def read_item_record(raw: Mapping[str, Any]) -> Item:
    record = JsonReader(raw, "Item")
    return Item(
        id=record.identifier("Id"),
        name=record.text("Name", ""),
        sku=record.text("Sku", ""),
        kind=record.text("Type", ""),
        is_active=record.flag("Active", True),
        price_cents=record.cents("UnitPrice", None),
        cost_cents=record.cents("PurchaseCost", None),
    )


def read_ledger_account_record(raw: Mapping[str, Any]) -> LedgerAccount:
    record = JsonReader(raw, "Account")
    return LedgerAccount(
        id=record.identifier("Id"),
        name=record.text("Name", ""),
        account_type=record.text("AccountType", ""),
        account_subtype=record.text("AccountSubType", ""),
        is_active=record.flag("Active", True),
    )


def read_payment_method_record(raw: Mapping[str, Any]) -> PaymentMethod:
    record = JsonReader(raw, "PaymentMethod")
    return PaymentMethod(
        id=record.identifier("Id"),
        name=record.text("Name", ""),
        is_active=record.flag("Active", True),
    )
