"""Invoices as the board shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.coperniq.billing import dates, statuses
from simulator.coperniq.billing.records import METHODS

if TYPE_CHECKING:
    from datetime import datetime

    from simulator.coperniq.billing.records import Invoice, Line, Payment
    from simulator.coperniq.company import Company
    from simulator.coperniq.records import CatalogItem

ON_A_CARD = 4
ROWS = 3
METHOD_NAMES = {name: name.replace("_", " ").capitalize() for name in METHODS} | {"ACH": "ACH"}


def dollars(cents: int) -> str:
    sign, cents = ("-" if cents < 0 else ""), abs(cents)
    return f"{sign}${cents // 100:,}.{cents % 100:02d}".removesuffix(".00")


def plain(cents: int | None) -> str:
    """As it stands in a field to be edited."""
    return "" if cents is None else dollars(cents).replace("$", "").replace(",", "")


def of_project(company: Company, project_id: int) -> dict[str, Any]:
    mine = [one for one in company.invoices.values() if one.record_id == project_id]
    newest_first = sorted(mine, key=lambda one: (one.created_at, one.id), reverse=True)
    shown = [summary(company, one) for one in newest_first[:ON_A_CARD]]
    return {"shown": shown, "more": max(0, len(mine) - ON_A_CARD)}


def summary(company: Company, invoice: Invoice) -> dict[str, Any]:
    status = statuses.shown(company, invoice)
    return {
        "id": invoice.id,
        "uid": invoice.uid,
        "status": status.lower(),
        "standing": status.replace("_", " ").lower(),
        "amount": dollars(invoice.amount),
        "paid": dollars(invoice.amount_paid) if invoice.amount_paid else "",
        "archived": invoice.is_archived,
        "lines": [_line(company, one) for one in invoice.lines],
    }


def _line(company: Company, line: Line) -> dict[str, Any]:
    item = company.catalog.get(line.catalog_item_id)
    name = item.name if item else "Unknown item"
    return {"quantity": line.quantity, "what": line.description or name, "total": dollars(line.total)}


def detail(company: Company, invoice: Invoice) -> dict[str, Any]:
    beyond = dollars(invoice.beyond_lines) if invoice.beyond_lines else ""
    return summary(company, invoice) | {
        "share": f"{invoice.percentage} %" if invoice.percentage is not None else "",
        "beyond": beyond,
        "open": dollars(invoice.amount - invoice.amount_paid),
        "payments": [_payment(one) for one in invoice.payments],
        "is_draft": invoice.status == "DRAFT",
        "is_declined": invoice.status == "DECLINED",
    }


def _payment(payment: Payment) -> dict[str, str]:
    return {
        "day": day(payment.date),
        "amount": dollars(payment.amount),
        "method": METHOD_NAMES.get(payment.method, payment.method),
        "reference": payment.reference or "",
        "status": "" if payment.status == "PAID" else payment.status.lower(),
    }


def day(when: datetime | None) -> str:
    """The day a person meant: late in the evening in Texas is not tomorrow."""
    if when is None:
        return ""
    midnight = when == when.replace(hour=0, minute=0, second=0, microsecond=0)
    return (when if midnight else when.astimezone(dates.LOCAL)).date().isoformat()


def items(company: Company, invoice: Invoice | None) -> list[dict[str, Any]]:
    """The catalog, and what has left it but stands on the invoice."""
    used = {one.catalog_item_id for one in invoice.lines} if invoice else set()
    offered = [one for one in company.catalog.values() if not one.is_archived or one.id in used]
    return [{"id": str(one.id), "label": _label(one)} for one in offered]


def _label(item: CatalogItem) -> str:
    code = f" ({item.code})" if item.code else ""
    price = f", {dollars(item.price)}" if item.price else ""
    return f"{item.name}{code}{price}"


def rows(invoice: Invoice | None) -> list[dict[str, str]]:
    """What the form for lines holds at first: the lines, and room for more."""
    found = [_row(one) for one in invoice.lines] if invoice else []
    spare = max(1, ROWS - len(found))
    return found + [dict.fromkeys(("line", "item", "new", "description", "quantity", "price"), "")] * spare


def _row(line: Line) -> dict[str, str]:
    return {
        "line": str(line.id),
        "item": str(line.catalog_item_id),
        "new": "",
        "description": line.description or "",
        "quantity": str(line.quantity),
        "price": plain(line.unit_price),
    }
