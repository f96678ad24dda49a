"""What the forms for an invoice ask for, turned into what a person of the company does."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from flask import request

from simulator.board import invoicing, typed
from simulator.coperniq.billing import invoices, lines, personal
from simulator.coperniq.errors import invalid

if TYPE_CHECKING:
    from simulator.coperniq.billing.records import Invoice, Line
    from simulator.coperniq.company import Company

Json = dict[str, Any]
MOST_ROWS = 100


def typed_rows() -> list[dict[str, str]]:
    """As they were sent, for a form that has to be shown again."""
    names = ("line", "item", "new", "description", "quantity", "price", "remove")
    count = sum(1 for name in request.form if name.startswith("item-"))
    return [{name: typed.text(f"{name}-{row}") for name in names} for row in range(min(count, MOST_ROWS))]


def add(company: Company, project_id: int) -> int:
    wanted = {"recordId": project_id, **_head(None), **_lines(company, None)}
    if not lines.named(wanted):
        raise invalid("lineItems", "An invoice needs at least one line")
    return int(personal.add(company, wanted)["id"])


def change(company: Company, id: int) -> None:
    invoice = invoices.find(company, id, by_api=False)
    wanted = _head(invoice)
    if invoice.calculation == "LINE_ITEMS":
        wanted |= {"lineItems": [], **_lines(company, invoice)}
    personal.change(company, id, wanted)


def pay(company: Company, id: int) -> None:
    amount = typed.number("amount", "The amount")
    if amount is None:
        raise invalid("amount", "A payment needs an amount")
    if typed.text("method") not in invoicing.METHOD_NAMES:
        raise invalid("method", "Choose how it was paid")
    wanted: Json = {
        "amount": amount,
        "paymentMethod": typed.text("method"),
        "paymentReference": typed.text("reference") or None,
    }
    if typed.text("day"):
        wanted["paymentDate"] = typed.text("day")
    personal.pay(company, id, wanted)


def _head(invoice: Invoice | None) -> Json:
    """A day that was left alone keeps its hour."""
    wanted: Json = {"description": typed.text("memo") or None}
    if typed.text("due") != invoicing.day(invoice.due_date if invoice else None):
        wanted["dueDate"] = typed.text("due") or None
    return wanted


def _lines(company: Company, invoice: Invoice | None) -> Json:
    """Lines stay in their sections; rows without any content are spare."""
    before = {str(one.id): one for one in invoice.lines} if invoice else {}
    found: list[tuple[str | None, Json]] = []
    for row, sent in enumerate(typed_rows()):
        if not sent["remove"] and any(sent[name] for name in ("item", "new", "description", "price")):
            old = before.get(sent["line"])
            found.append((old.section if old else None, _line(company, row, sent, old)))
    if not any(section for section, _ in found):
        return {"lineItems": [line for _, line in found]} if found else {}
    groups = groupby(found, key=lambda one: one[0])
    return {"sections": [{"name": name, "lineItems": [line for _, line in rows]} for name, rows in groups]}


def _line(company: Company, row: int, sent: dict[str, str], old: Line | None) -> Json:
    """Without a price, the catalog's; a new name makes a service of that name."""
    wanted: Json = {"id": old.id if old else 0, "quantity": _quantity(row, sent)}
    wanted["description"] = sent["description"] or None
    price, item = typed.number(f"price-{row}", f"Row {row + 1}: the price"), None
    if sent["new"]:
        wanted["catalogItem"] = {"name": sent["new"], "price": price}
    elif sent["item"].isdigit() and int(sent["item"]) in company.catalog:
        item = company.catalog[int(sent["item"])]
        wanted["catalogItemId"] = item.id
    else:
        raise invalid("item", f"Row {row + 1}: choose a catalog item or name a new one")
    if price is None and (item is None or item.price is None):
        raise invalid("price", f"Row {row + 1}: a price is missing")
    wanted["unitPrice"] = price if price is not None or item is None else _dollars(item.price)
    same = old is not None and item is not None and old.catalog_item_id == item.id
    wanted["unitCost"] = _dollars(old.unit_cost if old and same else item.cost if item else 0)
    return wanted


def _quantity(row: int, sent: dict[str, str]) -> int:
    try:
        return int(sent["quantity"] or "1")
    except ValueError as reason:
        raise invalid("quantity", f"Row {row + 1}: Coperniq takes whole quantities only") from reason


def _dollars(cents: int | None) -> Decimal:
    return Decimal(cents or 0) / 100
