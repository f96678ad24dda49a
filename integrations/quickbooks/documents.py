"""Invoices and payments of QuickBooks (docs/vendors/quickbooks-online.md, 5 and 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from integrations.json_reader import JsonReader

VOIDED = "Voided"
FIRST_VERSION = "0"
"""The SyncToken of a new record (docs/vendors/quickbooks-online.md, 8.1)."""
GROUP = "GroupLineDetail"


def is_later_version(version: str, known: str) -> bool:
    """Whether a SyncToken is later than a known one, which is "" if none is known.

    Times do not tell: records have whole seconds, and two versions may have the same one. See
    docs/vendors/quickbooks-online.md, 8.1.
    """
    if version.isdecimal() and known.isdecimal():
        return int(version) > int(known)
    return version != known


@dataclass(frozen=True)
class QuickBooksInvoiceLine:
    """A line of an invoice (docs/vendors/quickbooks-online.md, 5.2).

    `kind` is the DetailType. Subtotals and discounts have no `id`; quantity and unit price (dollars) are None if the
    line has only an amount. `raw` is the line as read, since an update has to send every line again. Only bundles
    have `children`.
    """

    id: str
    kind: str
    item_id: str
    item_name: str
    description: str
    quantity: Decimal | None
    unit_price: Decimal | None
    amount_cents: int
    raw: Mapping[str, Any] = field(repr=False)
    children: tuple[QuickBooksInvoiceLine, ...] = ()


@dataclass(frozen=True)
class QuickBooksInvoice:
    """An invoice (docs/vendors/quickbooks-online.md, 5); `*_cents` in cents.

    `note` is internal (PrivateNote), `memo` is printed (CustomerMemo). Payments are linked from the payment only
    (docs/vendors/quickbooks-online.md, 5.5). The total includes tax. The deposit reduces the balance, not the total.
    `currency` is "" if absent.
    """

    id: str
    sync_token: str
    number: str
    customer_id: str
    on: date
    due_on: date | None
    total_cents: int
    balance_cents: int
    tax_cents: int
    deposit_cents: int
    currency: str
    note: str
    memo: str
    email_status: str
    lines: tuple[QuickBooksInvoiceLine, ...]
    payment_ids: tuple[str, ...]
    created_at: datetime | None
    updated_at: datetime | None

    @property
    def is_voided(self) -> bool:
        """True for a voided invoice.

        QuickBooks has no status, and an invoice may have a total of zero without being voided, so amounts and note
        are checked (docs/vendors/quickbooks-online.md, 5.4).
        """
        amounts = [self.total_cents, self.balance_cents, *(line.amount_cents for line in self.lines)]
        return not any(amounts) and self.note.startswith(VOIDED)

    @property
    def is_paid(self) -> bool:
        return self.balance_cents == 0 and self.total_cents > 0


@dataclass(frozen=True)
class PaymentLine:
    """The part of a payment that is applied to one transaction; `amount_cents` in cents.

    `txn_type` is Invoice, CreditMemo … Lines have no id. See docs/vendors/quickbooks-online.md, 6.
    """

    amount_cents: int
    txn_id: str
    txn_type: str
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class QuickBooksPayment:
    """A payment (docs/vendors/quickbooks-online.md, 6); `*_cents` in cents.

    `unapplied_cents` is what its lines do not apply. A payment that `is_deposited` cannot be changed.
    """

    id: str
    sync_token: str
    customer_id: str
    on: date
    total_cents: int
    unapplied_cents: int
    method_id: str
    reference: str
    deposit_account_id: str
    note: str
    lines: tuple[PaymentLine, ...]
    is_deposited: bool
    created_at: datetime | None
    updated_at: datetime | None

    @property
    def is_voided(self) -> bool:
        return self.total_cents == 0 and self.unapplied_cents == 0 and self.note.startswith(VOIDED)

    def applied_to(self, invoice_id: str) -> int:
        """The amount applied to this invoice, in cents."""
        target = ("Invoice", invoice_id)
        return sum(line.amount_cents for line in self.lines if (line.txn_type, line.txn_id) == target)


def parse_quickbooks_invoice(raw: Mapping[str, Any]) -> QuickBooksInvoice:
    """Raises UnexpectedShape if id, SyncToken, customer, date, total or balance is missing or unreadable."""
    record = JsonReader(raw, "Invoice")
    stamps = record.child("MetaData")
    return QuickBooksInvoice(
        id=record.identifier("Id"),
        sync_token=record.identifier("SyncToken"),
        number=record.text("DocNumber", ""),
        customer_id=record.child("CustomerRef").identifier("value"),
        on=record.day("TxnDate"),
        due_on=record.day("DueDate", None),
        total_cents=record.cents("TotalAmt"),
        balance_cents=record.cents("Balance"),
        tax_cents=record.child("TxnTaxDetail").cents("TotalTax", 0),
        deposit_cents=record.cents_or_zero("Deposit"),
        currency=record.child("CurrencyRef").identifier("value", ""),
        note=record.text("PrivateNote", ""),
        memo=record.text_at("CustomerMemo.value"),
        email_status=record.text("EmailStatus", ""),
        lines=tuple(map(_invoice_line, record.children("Line"))),
        payment_ids=_linked(record, "Payment"),
        created_at=stamps.moment("CreateTime", None),
        updated_at=stamps.moment("LastUpdatedTime", None),
    )


def parse_quickbooks_payment(raw: Mapping[str, Any]) -> QuickBooksPayment:
    """Raises UnexpectedShape if id, SyncToken, customer, date, total or a line's amount is missing or unreadable."""
    record = JsonReader(raw, "Payment")
    stamps = record.child("MetaData")
    return QuickBooksPayment(
        id=record.identifier("Id"),
        sync_token=record.identifier("SyncToken"),
        customer_id=record.child("CustomerRef").identifier("value"),
        on=record.day("TxnDate"),
        total_cents=record.cents("TotalAmt"),
        unapplied_cents=record.cents_or_zero("UnappliedAmt"),
        method_id=record.child("PaymentMethodRef").identifier("value", ""),
        reference=record.text("PaymentRefNum", ""),
        deposit_account_id=record.child("DepositToAccountRef").identifier("value", ""),
        note=record.text("PrivateNote", ""),
        lines=tuple(map(_payment_line, record.children("Line"))),
        is_deposited=bool(_linked(record, "Deposit")),
        created_at=stamps.moment("CreateTime", None),
        updated_at=stamps.moment("LastUpdatedTime", None),
    )


def _invoice_line(row: JsonReader) -> QuickBooksInvoiceLine:
    """A line with the lines of its bundle; bundles are not nested."""
    return replace(_line(row), children=tuple(map(_line, row.child(GROUP).children("Line"))))


def _line(row: JsonReader) -> QuickBooksInvoiceLine:
    """A line by itself. A bundle names its item and quantity differently (docs/vendors/quickbooks-online.md, 5.2)."""
    kind = row.text("DetailType", "")
    detail = row.child(kind)
    item = detail.child("GroupItemRef" if kind == GROUP else "ItemRef")
    return QuickBooksInvoiceLine(
        id=row.identifier("Id", ""),
        kind=kind,
        item_id=item.identifier("value", ""),
        item_name=item.text("name", ""),
        description=row.text("Description", ""),
        quantity=detail.decimal("Qty", detail.decimal("Quantity", None)),
        unit_price=detail.decimal("UnitPrice", None),
        amount_cents=row.cents_or_zero("Amount"),
        raw=_raw(row),
    )


def _payment_line(row: JsonReader) -> PaymentLine:
    target = next(iter(row.children("LinkedTxn")), JsonReader(None))
    return PaymentLine(
        amount_cents=row.cents("Amount"),
        txn_id=target.identifier("TxnId", ""),
        txn_type=target.text("TxnType", ""),
        raw=_raw(row),
    )


def _linked(record: JsonReader, txn_type: str) -> tuple[str, ...]:
    links = record.children("LinkedTxn")
    return tuple(link.identifier("TxnId") for link in links if link.text("TxnType", "") == txn_type)


def _raw(row: JsonReader) -> Mapping[str, Any]:
    return row.value if isinstance(row.value, dict) else {}
