"""Coperniq's invoices, payments and catalog (coperniq-api.md §3.7, §3.8, §3.12).

Strict where records are tolerant: what an amount is must be told, never guessed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal

from integrations.coperniq.records import account_id_of, updated_at_of
from integrations.errors import UnexpectedShape
from integrations.parsing import Wild

STATUS_IN_VERSION = 16
PRECISE = Context(prec=200, rounding=ROUND_HALF_UP)
"""Wide enough that a product is rounded once, to whole cents."""


@dataclass(frozen=True)
class InvoiceLine:
    """`unit_price` and `unit_cost` are in dollars, with as many decimals as Coperniq sent. A discount is a negative
    price."""

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
        """Coperniq tells no total of a line (§3.7)."""
        dollars = PRECISE.multiply(self.quantity, self.unit_price)
        return int(dollars.scaleb(2, PRECISE).to_integral_value(context=PRECISE))


@dataclass(frozen=True)
class Invoice:
    """`record_id` is the project or account it was raised on; `lines` are empty for a percentage."""

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
    lines: tuple[InvoiceLine, ...]

    @property
    def version(self) -> str:
        """Another one after every change; whether a payment moves `updatedAt` is not known (A12)."""
        status = self.status[:STATUS_IN_VERSION]
        archived = "a" if self.is_archived else ""
        return f"{self.id}/{self.updated_at:%Y%m%d%H%M%S%f}/{status}/{self.total_cents}/{self.paid_cents}/{archived}"


@dataclass(frozen=True)
class OddInvoice:
    """One of a list that cannot be read, e.g. for a fraction of a cent: it must not stop the others."""

    id: str
    account_id: str
    updated_at: datetime

    @property
    def version(self) -> str:
        return f"{self.id}/{self.updated_at:%Y%m%d%H%M%S%f}/odd"


@dataclass(frozen=True)
class Payment:
    """`number` is the payment's own, though Coperniq calls it the invoice's (§3.8)."""

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
    """`price_cents` and `cost_cents` are None where there is none, or one with a fraction of a cent."""

    id: str
    name: str
    code: str
    sku: str
    type: str
    description: str
    price_cents: int | None
    cost_cents: int | None
    is_archived: bool


def read_invoice_record(record: Wild) -> Invoice:
    raised_on = record.child("record")
    title = record.text("title", "")
    return Invoice(
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


def read_listed_invoice(record: Wild) -> Invoice | OddInvoice:
    try:
        return read_invoice_record(record)
    except UnexpectedShape:
        return OddInvoice(record.identifier("id"), account_id_of(record), updated_at_of(record))


def read_payment_record(record: Wild, invoice_id: str) -> Payment:
    """A payment does not name its invoice: that is known from the address it was read at (§3.8)."""
    return Payment(
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


def read_catalog_item_record(record: Wild) -> CatalogItem:
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


def _line_rows(record: Wild) -> Iterator[Wild]:
    """Should a read show the lines both flat and in their sections, each counts once."""
    seen: set[str] = set()
    for group in (record, *record.children("sections")):
        for row in group.children("lineItems"):
            line_id = row.identifier("id", "")
            if line_id not in seen:
                yield row
            seen |= {line_id} - {""}


def _invoice_line(row: Wild) -> InvoiceLine:
    item = row.child("catalogItem")
    return InvoiceLine(
        id=row.identifier("id", ""),
        catalog_item_id=row.identifier("catalogItemId", item.identifier("id", "")),
        item_name=item.text("name", ""),
        item_sku=item.text("sku", ""),
        description=row.text("description", ""),
        quantity=row.decimal("quantity"),
        unit_price=row.decimal("unitPrice"),
        unit_cost=row.decimal("unitCost", Decimal(0)),
    )
