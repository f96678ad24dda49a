"""Customers and invoices of the books as their pages show them: sums in dollars, lines as rows of a form."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from simulator.board import book_forms, books
from simulator.quickbooks.names import without_suffix
from simulator.quickbooks.presenting import balance_with_jobs
from simulator.quickbooks.sales.desk import is_shipping
from simulator.quickbooks.sales.form_lines import DISCOUNT_LINE, GROUP_LINE, ITEM_LINE
from simulator.quickbooks.sales.money import cents, plain

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record

Json = dict[str, Any]
ROWS = 3
_SPARE = dict.fromkeys(book_forms.ROW, "")


def customer(company: Company, record: Record) -> Json:
    return {
        "id": record.id,
        "name": record.own_name,
        "bare_name": without_suffix(record.own_name),
        "full_name": company.full_name(record).replace(":", ": "),
        "active": record.active,
        "balance": books.money(record.balance_cents),
        "with_jobs": books.money(balance_with_jobs(company, record)),
    }


def others(company: Company, record: Record) -> list[Json]:
    """Whom it may be merged into, by name; not into a job of its own."""
    found = [one for one in company.records["Customer"].values() if one.active and one is not record]
    above = [one for one in found if record not in company.ancestors(one)]
    named = [{"id": one.id, "name": company.full_name(one).replace(":", ": ")} for one in above]
    return sorted(named, key=lambda one: one["name"].lower())


def invoices_of(company: Company, record: Record) -> list[books.Invoice]:
    mine = company.index.by("Invoice", "CustomerRef", record.id)
    return [books.invoice_row(company, one, company.now()) for one in reversed(mine)]


def payments_of(company: Company, invoice: Record) -> list[books.Payment]:
    found = [company.records["Payment"][id_] for id_ in invoice.sale.applied]
    return [books.payment_row(company, one, company.now()) for one in found]


def sums(invoice: Record) -> list[tuple[str, str]]:
    sale = invoice.sale
    named = (
        ("Lines", sale.subtotal),
        ("Discount", -sale.discount),
        ("Tax", sale.tax),
        ("Deposit", -sale.deposit),
        ("Paid", -sum(sale.applied.values())),
    )
    return [(label, books.money(amount)) for label, amount in named if amount]


def left(invoice: Record) -> str:
    """As it stands in the field of the amount to receive."""
    return _plain(Decimal(invoice.sale.open).scaleb(-2)) if invoice.sale.open > 0 else ""


def items(company: Company, invoice: Record | None) -> list[Json]:
    """What is sold, and what no longer is but stands on the invoice."""
    lines = invoice.fields["Line"] if invoice else []
    used = {one.get(ITEM_LINE, {}).get("ItemRef", {}).get("value") for one in lines}
    every = company.records["Item"].values()
    offered = [one for one in every if one.fields["Type"] not in {"Category", "Group"}]
    return [
        {"id": one.id, "label": company.full_name(one).replace(":", ": ")}
        for one in offered
        if one.active or one.id in used
    ]


def rows(invoice: Record | None) -> list[dict[str, str]]:
    lines = invoice.fields["Line"] if invoice else []
    found = [_row(one) for one in lines if one["DetailType"] != DISCOUNT_LINE and not is_shipping(one)]
    return found + [dict(_SPARE) for _ in range(max(1, ROWS - len(found)))]


def _row(line: Json) -> dict[str, str]:
    """A bundle, and what has no item to choose, such as a gratuity, stays as it is or goes."""
    found = {**_SPARE, "line": line["Id"], "description": line.get("Description", "")}
    detail = line.get(ITEM_LINE, {})
    item = detail.get("ItemRef", {}).get("value", "")
    if GROUP_LINE in line or (ITEM_LINE in line and not item.isdigit()):
        amount = sum(cents(one["Amount"]) for one in line.get(GROUP_LINE, {}).get("Line", [line]))
        return {
            **found,
            "kept": "A bundle" if GROUP_LINE in line else "A line without an item",
            "amount": books.money(amount),
        }
    if "Qty" in detail and "UnitPrice" in detail:
        found |= {"quantity": _plain(detail["Qty"]), "price": _plain(detail["UnitPrice"])}
    elif "Amount" in line:
        found["amount"] = _plain(line["Amount"])
    taxed = "1" if detail.get("TaxCodeRef", {}).get("value") == "TAX" else ""
    return {**found, "item": item, "taxed": taxed}


def head(invoice: Record | None) -> dict[str, str]:
    if invoice is None:
        return dict.fromkeys(book_forms.HEAD, "")
    fields = invoice.fields
    found = {
        "date": fields["TxnDate"],
        "due": fields.get("DueDate", ""),
        "number": fields.get("DocNumber", ""),
        "memo": fields.get("CustomerMemo", {}).get("value", ""),
        "tax": _plain(Decimal(invoice.sale.tax).scaleb(-2)) if invoice.sale.tax else "",
        "percent": "",
        "discount": "",
        "shipping": "",
    }
    for line in fields["Line"]:
        if is_shipping(line):
            found["shipping"] = _plain(line["Amount"])
        if line["DetailType"] == DISCOUNT_LINE:
            by_percent = line[DISCOUNT_LINE].get("PercentBased")
            value = line[DISCOUNT_LINE]["DiscountPercent"] if by_percent else line["Amount"]
            found["percent" if by_percent else "discount"] = _plain(value)
    return found


def _plain(value: Decimal | int) -> str:
    """Never with an exponent, which nobody types."""
    found = plain(Decimal(value))
    return f"{found:f}" if isinstance(found, Decimal) else str(found)
