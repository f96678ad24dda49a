"""Invoices, payments and catalog items of Coperniq (docs/vendors/coperniq-api.md, 3.7, 3.8, 3.12).

Unlike the readers in `records`, these are strict about amounts: a missing or unreadable total raises UnexpectedShape.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal

from integrations.coperniq.records import account_id_of, updated_at_of
from integrations.errors import UnexpectedShape
from integrations.json_reader import JsonReader

STATUS_IN_VERSION = 16
PRECISE = Context(prec=200, rounding=ROUND_HALF_UP)
"""Precise enough that a product of quantity and price is rounded only once, to whole cents."""


@dataclass(frozen=True)
class CoperniqInvoiceLine:
    """A line of an invoice (docs/vendors/coperniq-api.md, 3.7).

    `unit_price` and `unit_cost` are in dollars, with as many decimals as Coperniq sent. A discount has a negative price.
    """

    id: str
    catalog_item_id: str
    item_name: str
    item_sku: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    unit_cost: Decimal = Decimal(0)

    @property
    def amount_cents(self) -> int:
        """Quantity times unit price, rounded half up to cents: Coperniq sends no line total.

        See docs/vendors/coperniq-api.md, 3.7.
        """
        dollars = PRECISE.multiply(self.quantity, self.unit_price)
        return int(dollars.scaleb(2, PRECISE).to_integral_value(context=PRECISE))


@dataclass(frozen=True)
class CoperniqInvoice:
    """An invoice (docs/vendors/coperniq-api.md, 3.7); `*_cents` in cents.

    `record_id` is the project or account it was raised on. `lines` is empty if the invoice is a percentage of a base
    amount.
    """

    id: str
    number: str
    title: str
    status: str
    description: str
    total_cents: int
    paid_cents: int
    created_at: datetime | None
    updated_at: datetime
    due_at: datetime | None
    issued_at: datetime | None
    calculation_method: str
    percentage: Decimal | None
    base_cents: int | None
    is_archived: bool
    account_id: str
    account_title: str
    record_id: str
    record_title: str
    lines: tuple[CoperniqInvoiceLine, ...]

    @property
    def version(self) -> str:
        """A text that differs after every change.

        It contains the paid amount, since it is unknown whether a payment changes `updatedAt`
        (docs/vendors/coperniq-api.md, A12).
        """
        status = self.status[:STATUS_IN_VERSION]
        archived = "a" if self.is_archived else ""
        return f"{self.id}/{self.updated_at:%Y%m%d%H%M%S%f}/{status}/{self.total_cents}/{self.paid_cents}/{archived}"


@dataclass(frozen=True)
class UnreadableInvoice:
    """An invoice of a list that cannot be read, for example because of a fraction of a cent.

    It replaces the invoice so that the rest of the list can be used.
    """

    id: str
    account_id: str
    updated_at: datetime

    @property
    def version(self) -> str:
        return f"{self.id}/{self.updated_at:%Y%m%d%H%M%S%f}/odd"


@dataclass(frozen=True)
class CoperniqPayment:
    """A payment on an invoice (docs/vendors/coperniq-api.md, 3.8); `amount_cents` in cents.

    `number` is the payment's own number, although Coperniq's field is called `invoiceNumber`.
    """

    id: str
    number: str
    invoice_id: str
    amount_cents: int
    status: str
    method: str
    paid_at: datetime | None
    reference: str
    notes: str
    is_external: bool
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True)
class CatalogItem:
    """A catalog item (docs/vendors/coperniq-api.md, 3.12).

    `price_cents` and `cost_cents` are in cents, None if absent or with a fraction of a cent.
    """

    id: str
    name: str
    code: str
    sku: str
    type: str
    description: str
    price_cents: int | None
    cost_cents: int | None
    is_archived: bool


def parse_coperniq_invoice(record: JsonReader) -> CoperniqInvoice:
    """Raises UnexpectedShape if the id, the total or a line's quantity or price is missing or unreadable."""
    raised_on = record.child("record")
    title = record.text("title", "")
    return CoperniqInvoice(
        id=record.identifier("id"),
        number=record.text("uid", "") or record.text("number", "") or title,
        title=title,
        status=record.text("status", "").upper(),
        description=record.text("description", ""),
        total_cents=record.cents("amount"),
        paid_cents=record.cents_or_zero("amountPaid"),
        created_at=record.moment("createdAt", None),
        updated_at=updated_at_of(record),
        due_at=record.moment("dueDate", None),
        issued_at=record.moment("issueDate", None),
        calculation_method=record.text("calculationMethod", "").upper(),
        percentage=record.decimal("percentage", None),
        base_cents=record.cents("baseAmount", None),
        is_archived=record.flag("isArchived", False),
        account_id=account_id_of(record),
        account_title=record.text_at("account.title") or record.text_at("client.title"),
        record_id=raised_on.identifier("id", record.identifier("recordId", "")),
        record_title=raised_on.text("title", ""),
        lines=tuple(map(_invoice_line, _line_rows(record))),
    )


def parse_listed_invoice(record: JsonReader) -> CoperniqInvoice | UnreadableInvoice:
    """Raises UnexpectedShape only if the invoice has no id."""
    try:
        return parse_coperniq_invoice(record)
    except UnexpectedShape:
        return UnreadableInvoice(record.identifier("id"), account_id_of(record), updated_at_of(record))


def parse_coperniq_payment(record: JsonReader, invoice_id: str) -> CoperniqPayment:
    """`invoice_id` comes from the path of the request, since a payment does not contain it.

    See docs/vendors/coperniq-api.md, 3.8.
    """
    return CoperniqPayment(
        id=record.identifier("id"),
        number=record.text("invoiceNumber", ""),
        invoice_id=invoice_id,
        amount_cents=record.cents("amount"),
        status=record.text("status", "").upper(),
        method=record.text("paymentMethod", "").upper(),
        paid_at=record.moment("paymentDate", None),
        reference=record.text("paymentReference", ""),
        notes=record.text("notes", ""),
        is_external=record.flag("isExternal", False),
        created_at=record.moment("createdAt", None),
        updated_at=record.moment("updatedAt", None),
    )


def parse_catalog_item(record: JsonReader) -> CatalogItem:
    return CatalogItem(
        id=record.identifier("id"),
        name=record.text("name", ""),
        code=record.text("code", ""),
        sku=record.text("sku", ""),
        type=record.text("type", "").upper(),
        description=record.text("description", ""),
        price_cents=record.cents("price", None),
        cost_cents=record.cents("cost", None),
        is_archived=record.flag("isArchived", False),
    )


def _line_rows(record: JsonReader) -> Iterator[JsonReader]:
    """The lines, flat and in sections. A line that appears in both counts once."""
    seen: set[str] = set()
    for group in (record, *record.children("sections")):
        for row in group.children("lineItems"):
            line_id = row.identifier("id", "")
            if line_id not in seen:
                yield row
            seen |= {line_id} - {""}


def _invoice_line(row: JsonReader) -> CoperniqInvoiceLine:
    item = row.child("catalogItem")
    return CoperniqInvoiceLine(
        id=row.identifier("id", ""),
        catalog_item_id=row.identifier("catalogItemId", item.identifier("id", "")),
        item_name=item.text("name", ""),
        item_sku=item.text("sku", ""),
        description=row.text("description", ""),
        quantity=row.decimal("quantity"),
        unit_price=row.decimal("unitPrice"),
        unit_cost=row.decimal("unitCost", Decimal(0)),
    )
