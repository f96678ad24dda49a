"""Invoices, payments and items as their vendor last returned them. Amounts are in cents, dates are ISO texts.

Stored in `RecordLink.coperniq_snapshot` and `quickbooks_snapshot`. A field that is None is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.models.typed_json import StoredData


@dataclass(frozen=True)
class CoperniqLineSnapshot:
    """`catalog` is the id of the catalog item, "" if it has none."""

    id: str
    catalog: str
    description: str
    quantity: str
    price: str
    amount: int


@dataclass(frozen=True)
class QuickBooksLineSnapshot:
    """`item` is the id of the item, "" if it has none."""

    id: str
    kind: str
    item: str
    description: str
    quantity: str
    price: str
    amount: int


@dataclass(frozen=True)
class Snapshot(StoredData):
    def as_json(self) -> dict[str, Any]:
        """All fields that are known: a page shows them as they are stored."""
        plain = {name: value for name, value in vars(self).items() if isinstance(value, str | int)}
        return {**super().as_json(), **plain}


@dataclass(frozen=True)
class InvoiceSnapshot(Snapshot):
    """What both vendors have; due date and memo are "" if an invoice has none."""

    due_date: str | None = None
    memo: str | None = None
    total: int | None = None

    def value_of(self, field: str) -> object:
        return getattr(self, field)


@dataclass(frozen=True)
class CoperniqInvoiceSnapshot(InvoiceSnapshot):
    """`record_id` is the project or account it was raised on. Coperniq does not have a deleted one any more."""

    lines: tuple[CoperniqLineSnapshot, ...] | None = None
    status: str = ""
    archived: bool = False
    deleted: bool = False
    record_id: str | None = None
    account_id: str | None = None
    paid: int = 0


@dataclass(frozen=True)
class QuickBooksInvoiceSnapshot(InvoiceSnapshot):
    """`memo_field` is the field that the memo was read from; `payments` are the ids of the payments on it.

    `paid_since`: the portal has recorded a payment since, which changed the time of the last update.
    """

    lines: tuple[QuickBooksLineSnapshot, ...] | None = None
    memo_field: str = ""
    balance: int = 0
    customer: str = ""
    number: str | None = None
    on: str = ""
    payments: tuple[str, ...] = ()
    paid_since: bool = False
    voided: bool = False
    deleted: bool = False


@dataclass(frozen=True)
class PaymentSnapshot(Snapshot):
    """What both vendors have."""

    amount: int = 0
    on: str = ""
    method: str = ""
    reference: str = ""


@dataclass(frozen=True)
class CoperniqPaymentSnapshot(PaymentSnapshot):
    status: str | None = None


@dataclass(frozen=True)
class QuickBooksPaymentSnapshot(PaymentSnapshot):
    """`applied` is what of it is on this invoice, `cash` what of that is money and no credit.

    `amount` is what Coperniq's payment has to be: the cash if that is a share, else the whole payment. `account` is the
    deposit account; `deposited`: it is part of a bank deposit.
    """

    applied: int = 0
    cash: int | None = None
    account: str = ""
    deposited: bool = False
    voided: bool = False
    deleted: bool = False


@dataclass(frozen=True)
class ItemSnapshot(Snapshot):
    """What of a QuickBooks item is copied to the catalog item that the portal creates for it."""

    name: str = ""
    code: str = ""
    price: int = 0
    cost: int = 0
