"""Invoices of both vendors: snapshots, payload fields, numbers and dates. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal

from integrations.coperniq.money import CoperniqInvoice
from integrations.models import RecordLink
from integrations.models.snapshots import (
    CoperniqInvoiceSnapshot,
    CoperniqLineSnapshot,
    QuickBooksInvoiceSnapshot,
    QuickBooksLineSnapshot,
)
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice, QuickBooksInvoiceLine
from integrations.sync.engine.coperniq_texts import memo_of, parts_of, shown_number
from integrations.sync.engine.correlation_tag import without_tag
from integrations.sync.items.lines import InvoiceLine

_NUMBER_LIMIT, DESCRIPTION_LIMIT, NOTE_LIMIT, MEMO_LIMIT = 21, 4000, 4000, 1000
MOST_LINES = 10_000
_PRICE_DECIMALS = 5  # of a UnitPrice (docs/vendors/quickbooks-online.md, 5.2)
_HALF_A_CENT = Decimal("0.005")
SALES, SUBTOTAL = "SalesItemLineDetail", "SubTotalLineDetail"
_Method = RecordLink.MatchMethod
INVOICE_FIELDS = ("due_date", "memo", "lines")
"""The synced fields. Customer, number and date are written once; after that QuickBooks' own values count."""
PERCENTAGE, DIFFERENCE = "percentage", "difference"
"""Ids of lines for which Coperniq has no id."""


def day_of(moment: datetime | None, zone: tzinfo) -> date | None:
    """Midnight in UTC is a date that was picked; any other moment is converted to the company's time zone.

    See docs/vendors/coperniq-api.md, A6.
    """
    if moment is None:
        return None
    in_utc = moment.astimezone(UTC)
    return in_utc.date() if in_utc.time() == time(0) else moment.astimezone(zone).date()


def invoice_lines_of(invoice: CoperniqInvoice) -> list[InvoiceLine]:
    if invoice.calculation_method == "PERCENTAGE" and not invoice.lines:
        return [_percentage_line(invoice)]
    return [
        InvoiceLine(
            id=line.id or f"{n}",
            catalog_id=line.catalog_item_id,
            item_id="",
            item_name=line.item_name,
            description=line.description or line.item_name,
            quantity=line.quantity,
            unit_price=line.unit_price,
            amount_cents=line.amount_cents,
        )
        for n, line in enumerate(invoice.lines)
    ]


def _percentage_line(invoice: CoperniqInvoice) -> InvoiceLine:
    price = money(invoice.total_cents)
    return InvoiceLine(
        PERCENTAGE, "", "", "", _percentage_text(invoice), Decimal(1), price, invoice.total_cents
    )


def _percentage_text(invoice: CoperniqInvoice) -> str:
    """`30 % of $25,000, John Smith`."""
    share = f"{invoice.percentage.normalize():f} %" if invoice.percentage is not None else "Share"
    base = f" of ${money(invoice.base_cents):,}".removesuffix(".00") if invoice.base_cents else ""
    return f"{share}{base}" + (f", {invoice.record_title}" if invoice.record_title else "")


def difference_line(cents: int, item_id: str) -> InvoiceLine:
    """The part of Coperniq's total that its lines lack, as one line with the item that was chosen for it."""
    text = "Tax and other amounts"
    return InvoiceLine(DIFFERENCE, "", item_id, text, text, Decimal(1), money(cents), cents)


def line_payload(line: InvoiceLine) -> dict[str, object]:
    return {
        "DetailType": SALES,
        "Amount": money(line.amount_cents),
        "Description": line.description,
        SALES: sales_detail(line),
    }


def sales_detail(line: InvoiceLine) -> dict[str, object]:
    item = {"ItemRef": {"value": line.item_id}} if line.item_id else {}
    return {"TaxCodeRef": {"value": "NON"}, **item, **quantity_and_price(line)}


def quantity_and_price(line: InvoiceLine) -> dict[str, Decimal]:
    """QuickBooks refuses a line whose quantity times price is not its amount (error 6070).

    The line becomes one piece at its amount if QuickBooks cannot store the price, or if the product ends in half a cent,
    which QuickBooks may round either way.
    """
    exponent = line.unit_price.normalize().as_tuple().exponent
    too_fine = isinstance(exponent, int) and -exponent > _PRICE_DECIMALS
    if too_fine or abs(line.quantity * line.unit_price - money(line.amount_cents)) == _HALF_A_CENT:
        return {"Qty": Decimal(1), "UnitPrice": money(line.amount_cents)}
    return {"Qty": line.quantity, "UnitPrice": line.unit_price}


def is_numbered(link: RecordLink | None, invoice: CoperniqInvoice) -> bool:
    """Whether a number at the beginning of its description is the portal's: only that of an invoice from QuickBooks.

    One that was found again by its note in QuickBooks may have come from there as well: then it has its own number.
    """
    if link is None or link.match_method not in (_Method.PULLED, _Method.ADOPTED):
        return False
    number = parts_of(invoice.description, numbered=True).number
    return link.match_method == _Method.PULLED or (bool(number) and number == shown_number(link.number))


def coperniq_invoice_snapshot(
    invoice: CoperniqInvoice, zone: tzinfo, *, numbered: bool
) -> CoperniqInvoiceSnapshot:
    """`numbered`: its description begins with QuickBooks' number, which is not part of the memo."""
    due_on = day_of(invoice.due_at, zone)
    return CoperniqInvoiceSnapshot(
        due_date=due_on.isoformat() if due_on else "",
        memo=memo_of(invoice.description, numbered=numbered),
        lines=tuple(_coperniq_line_snapshot(line) for line in invoice_lines_of(invoice)),
        total=invoice.total_cents,
        status=invoice.status,
        archived=invoice.is_archived,
        record_id=invoice.record_id,
        account_id=invoice.account_id,
        paid=invoice.paid_cents,
    )


def _coperniq_line_snapshot(line: InvoiceLine) -> CoperniqLineSnapshot:
    return CoperniqLineSnapshot(
        id=line.id,
        catalog=line.catalog_id,
        description=line.description,
        quantity=f"{line.quantity.normalize():f}",
        price=f"{line.unit_price.normalize():f}",
        amount=line.amount_cents,
    )


def quickbooks_invoice_snapshot(invoice: QuickBooksInvoice, memo_field: str) -> QuickBooksInvoiceSnapshot:
    return QuickBooksInvoiceSnapshot(
        due_date=invoice.due_on.isoformat() if invoice.due_on else "",
        memo=memo_in(invoice, memo_field),
        memo_field=memo_field,
        lines=tuple(_quickbooks_line_snapshot(line) for line in invoice.lines if line.kind != SUBTOTAL),
        total=invoice.total_cents,
        balance=invoice.balance_cents,
        customer=invoice.customer_id,
        number=invoice.number,
        on=invoice.on.isoformat(),
        voided=invoice.is_voided,
        payments=tuple(sorted(invoice.payment_ids)),
    )


def memo_in(invoice: QuickBooksInvoice, memo_field: str) -> str:
    return invoice.memo.strip() if memo_field == "customer_memo" else without_tag(invoice.note)


def _quickbooks_line_snapshot(line: QuickBooksInvoiceLine) -> QuickBooksLineSnapshot:
    return QuickBooksLineSnapshot(
        id=line.id,
        kind=line.kind,
        item=line.item_id,
        description=line.description,
        quantity=text_of(line.quantity),
        price=text_of(line.unit_price),
        amount=line.amount_cents,
    )


def text_of(number: Decimal | None) -> str:
    return "" if number is None else f"{number.normalize():f}"


def with_balance_of(
    snapshot: QuickBooksInvoiceSnapshot, current: QuickBooksInvoice
) -> QuickBooksInvoiceSnapshot:
    """The snapshot with what is open now, and with the payments that the balance has been reduced by."""
    payments = tuple(sorted(current.payment_ids))
    paid_since = snapshot.paid_since or payments != snapshot.payments
    return replace(snapshot, balance=current.balance_cents, payments=payments, paid_since=paid_since)


def suffixed_number(number: str, count: int) -> str:
    """`1042-2`, cut to the length that QuickBooks accepts; the first has no suffix."""
    suffix = f"-{count}" if count > 1 else ""
    return number[: _NUMBER_LIMIT - len(suffix)] + suffix


def long_day(on: str) -> str:
    """“March 1, 2041” of an ISO date, "" if there is none."""
    return f"{date.fromisoformat(on):%B %-d, %Y}" if on else ""
