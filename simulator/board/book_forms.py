"""What the forms of the books ask for, turned into what a person does in QuickBooks."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import request

from simulator.board import typed
from simulator.coperniq.errors import invalid
from simulator.quickbooks import hands
from simulator.quickbooks.names import without_suffix
from simulator.quickbooks.sales.receiving import payment_body
from simulator.quickbooks.writing import enter, existing

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record

Json = dict[str, Any]
ROW = ("line", "kept", "item", "description", "quantity", "price", "amount", "taxed", "remove")
HEAD = ("date", "due", "percent", "discount", "shipping", "tax", "number", "memo")
MOST_ROWS = 100
TAX_CODE = "2"  # the one rate of the books


def typed_rows() -> list[dict[str, str]]:
    """As they were sent, for a form that has to be shown again."""
    count = sum(1 for name in request.form if name.startswith("line-"))
    return [{name: typed.text(f"{name}-{row}") for name in ROW} for row in range(min(count, MOST_ROWS))]


def typed_head() -> dict[str, str]:
    return {name: typed.text(name) for name in HEAD}


def add(company: Company, customer: Record) -> Record:
    wanted = {name: value for name, value in _head(company, None).items() if value}
    lines = _lines(company)
    if company.settings.using_sales_tax and "tax" not in wanted and any(one.get("taxed") for one in lines):
        wanted["tax_code"] = TAX_CODE
    return hands.write_invoice(company, {"customer": customer.id, **wanted, "lines": lines})


def change(company: Company, invoice: Record) -> Record:
    wanted = {**_head(company, invoice), "lines": _lines(company)}
    return hands.rewrite_invoice(company, invoice.id, wanted)


def receive(company: Company, invoice: Record) -> Record:
    amount = typed.number("amount", "The amount")
    if amount is None or amount <= 0:
        raise invalid("amount", "A payment needs an amount")
    wanted: Json = {"amount": amount, "date": typed.text("day"), "reference": typed.text("reference")}
    if typed.text("method"):
        wanted["method"] = typed.text("method")
    return enter(company, "Payment", payment_body(company, invoice, wanted))


def rename(company: Company, customer: Record) -> Record:
    if not typed.text("name"):
        raise invalid("name", "A customer needs a name")
    return hands.edit_record(company, "Customer", customer.id, {"DisplayName": typed.text("name")})


def close(company: Company, customer: Record, action: str) -> Record:
    """Back to life, it takes its old name again."""
    wanted: Json = {"Active": action == "reactivate"}
    if action == "reactivate":
        wanted["DisplayName"] = without_suffix(customer.own_name)
    return hands.edit_record(company, "Customer", customer.id, wanted)


def other(company: Company) -> Record:
    if not typed.text("into").isdigit():
        raise invalid("into", "Choose a customer to merge into")
    return existing(company, "Customer", typed.text("into"))


def _head(company: Company, old: Record | None) -> Json:
    """Tax that nobody typed is left to the books; tax that was there and is cleared becomes none."""
    wanted: Json = {name: typed.text(name) for name in ("date", "due", "memo", "number")}
    percent, amount = typed.number("percent", "The discount"), typed.number("discount", "The discount")
    if percent is not None and amount is not None:
        raise invalid("discount", "A discount is a percentage or an amount")
    if company.settings.allow_discount:
        wanted["discount"] = (
            {"percent": percent} if percent is not None else {"amount": amount} if amount else None
        )
    wanted["shipping"] = typed.number("shipping", "The shipping")
    tax = typed.number("tax", "The tax")
    if company.settings.using_sales_tax and (tax is not None or (old is not None and old.sale.tax)):
        wanted["tax"] = tax or 0
    return wanted


def _lines(company: Company) -> list[Json]:
    """Rows without any content are spare."""
    found = []
    for row, sent in enumerate(typed_rows()):
        filled = any(sent[name] for name in ("kept", "item", "description", "quantity", "price", "amount"))
        if filled and not sent["remove"]:
            known = {"id": sent["line"]} if sent["line"] else {}
            found.append({**known, **_line(company, row, sent)})
    if not found:
        raise invalid("lines", "An invoice needs at least one line")
    return found


def _line(company: Company, row: int, sent: dict[str, str]) -> Json:
    if sent["kept"]:
        return {"keep": True}
    numbers = {name: _number(row, name) for name in ("quantity", "price", "amount")}
    given = {name: value for name, value in numbers.items() if value is not None}
    if not sent["item"]:
        if given:
            raise invalid("item", f"Row {row + 1}: choose an item")
        return {"text": sent["description"]}
    wanted: Json = {"item": sent["item"], **given}
    if "price" in given or "quantity" in given:
        wanted.pop("amount", None)
    if sent["description"]:
        wanted["description"] = sent["description"]
    if company.settings.using_sales_tax:
        wanted["taxed"] = bool(sent["taxed"])
    return wanted


def _number(row: int, name: str) -> Decimal | None:
    return typed.number(f"{name}-{row}", f"Row {row + 1}: the {name}")
