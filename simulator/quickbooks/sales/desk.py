"""An invoice as a person types it: items, terms and customers by name or number, one discount, what is due when."""

from __future__ import annotations

from copy import deepcopy
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from simulator.quickbooks.sales.form_lines import (
    DISCOUNT_LINE,
    GROUP_LINE,
    ITEM_LINE,
    NOTE_LINE,
)
from simulator.quickbooks.sales.lines import PSEUDO_ITEMS
from simulator.quickbooks.sales.money import CENT
from simulator.quickbooks.sales.receiving import by_name

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record

Wanted = dict[str, Any]
SHIPPING = "SHIPPING_ITEM_ID"
INLINE_SUBTOTAL = "Subtotal:"
_PLAIN = {
    "date": "TxnDate",
    "due": "DueDate",
    "number": "DocNumber",
    "note": "PrivateNote",
    "deposit": "Deposit",
    "tax_after_discount": "ApplyTaxAfterDiscount",
    "tax_calculation": "GlobalTaxCalculation",
}
_WRAPPED = {
    "customer": ("CustomerRef", "value"),
    "memo": ("CustomerMemo", "value"),
    "email": ("BillEmail", "Address"),
}
_HIDDEN = {"ServiceDate", "TaxCodeRef", "ClassRef"}
_ADDED = {"lines", "discount", "shipping"}
_KEYS = _PLAIN.keys() | _WRAPPED.keys() | _ADDED | {"terms", "tax", "tax_code"}
_LINE_KEYS = {
    *("id", "keep", "item", "bundle", "text", "subtotal"),
    *("description", "quantity", "price", "amount", "taxed", "service_date"),
}


def invoice_body(company: Company, wanted: Wanted, old: Record | None = None) -> Wanted:
    """Only what was typed; lines that nobody touched stay as they are beside a new discount or new shipping."""
    _refuse_unknown(wanted, _KEYS)
    body: Wanted = {name: wanted[key] for key, name in _PLAIN.items() if key in wanted}
    for key, (name, part) in _WRAPPED.items():
        if key in wanted:
            body[name] = {part: str(wanted[key])}
    if "terms" in wanted:
        body["SalesTermRef"] = {"value": by_name(company, "Term", str(wanted["terms"]))}
    if "tax" in wanted or "tax_code" in wanted:
        body["TxnTaxDetail"] = _tax(wanted)
    if wanted.keys() & _ADDED:
        body["Line"] = _lines(company, wanted, old)
    return body


def _refuse_unknown(wanted: Wanted, known: set[str]) -> None:
    if set(wanted) - known:
        raise ValueError(f"unknown keys {sorted(set(wanted) - known)}")


def _tax(wanted: Wanted) -> Wanted:
    code = {"TxnTaxCodeRef": {"value": str(wanted["tax_code"])}} if wanted.get("tax_code") else {}
    return {**code, "TotalTax": _decimal(wanted["tax"])} if wanted.get("tax") is not None else dict(code)


def _lines(company: Company, wanted: Wanted, old: Record | None) -> list[Wanted]:
    stored = deepcopy(old.fields["Line"]) if old else []
    sold = [one for one in stored if one["DetailType"] != DISCOUNT_LINE and not is_shipping(one)]
    shipping = [one for one in stored if is_shipping(one)]
    discount = [one for one in stored if one["DetailType"] == DISCOUNT_LINE]
    if "lines" in wanted:
        known = {one["Id"]: one for one in sold}
        sold = [_relined(company, one, known.get(str(one.get("id", "")))) for one in wanted["lines"]]
    if "shipping" in wanted:
        same = (
            {name: shipping[0][name] for name in ("Id", "Description") if name in shipping[0]}
            if shipping
            else {}
        )
        shipping = [{**same, **_shipping(wanted["shipping"])}] if wanted["shipping"] else []
    if "discount" in wanted:
        discount = [_discount(wanted["discount"])] if wanted["discount"] else []
    return [*sold, *shipping, *discount]


def _relined(company: Company, wanted: Wanted, before: Wanted | None) -> Wanted:
    """With `keep` nothing in a line changes; otherwise it keeps what the page of an invoice does not show."""
    if wanted.get("keep") and before is not None:
        return before
    line = _line(company, wanted)
    if before is not None and ITEM_LINE in before and ITEM_LINE in line:
        hidden = {name: value for name, value in before[ITEM_LINE].items() if name in _HIDDEN}
        line[ITEM_LINE] = hidden | line[ITEM_LINE]
    return line


def is_shipping(line: Wanted) -> bool:
    return bool(line.get(ITEM_LINE, {}).get("ItemRef", {}).get("value") == SHIPPING)


def _shipping(amount: object) -> Wanted:
    detail = {"ItemRef": {"value": SHIPPING}}
    return {"DetailType": ITEM_LINE, "Amount": _decimal(amount), ITEM_LINE: detail}


def _discount(wanted: Wanted) -> Wanted:
    _refuse_unknown(wanted, {"percent", "amount"})
    if "percent" in wanted:
        detail = {"PercentBased": True, "DiscountPercent": _decimal(wanted["percent"])}
        return {"DetailType": DISCOUNT_LINE, DISCOUNT_LINE: detail}
    amount = _decimal(wanted["amount"])
    return {"DetailType": DISCOUNT_LINE, "Amount": amount, DISCOUNT_LINE: {"PercentBased": False}}


def _line(company: Company, wanted: Wanted) -> Wanted:
    """`id` says which line it was; `text` and `subtotal` say something, `bundle` sells several items at once."""
    _refuse_unknown(wanted, _LINE_KEYS)
    head: Wanted = {"Id": str(wanted["id"])} if wanted.get("id") else {}
    if wanted.get("description"):
        head["Description"] = str(wanted["description"])
    if wanted.get("subtotal") or "text" in wanted:
        text = INLINE_SUBTOTAL if wanted.get("subtotal") else str(wanted["text"])
        return {**head, "DetailType": NOTE_LINE, "Description": text, "DescriptionLineDetail": {}}
    if "bundle" in wanted:
        group = {"value": by_name(company, "Item", str(wanted["bundle"]))}
        detail = {"GroupItemRef": group, "Quantity": _decimal(wanted.get("quantity", 1))}
        return {**head, "DetailType": GROUP_LINE, GROUP_LINE: detail}
    return {**head, "DetailType": ITEM_LINE, **_sold(company, wanted)}


def _sold(company: Company, wanted: Wanted) -> Wanted:
    """An amount alone has neither quantity nor price; a price left out is the item's."""
    name = str(wanted.get("item", "Services"))
    id_ = name if name in PSEUDO_ITEMS else by_name(company, "Item", name)
    detail: Wanted = {"ItemRef": {"value": id_}}
    if "taxed" in wanted:
        detail["TaxCodeRef"] = {"value": "TAX" if wanted["taxed"] else "NON"}
    if wanted.get("service_date"):
        detail["ServiceDate"] = str(wanted["service_date"])
    if "amount" in wanted and "price" not in wanted and "quantity" not in wanted:
        return {"Amount": _decimal(wanted["amount"]), ITEM_LINE: detail}
    item = company.find("Item", id_)
    price = _decimal(wanted.get("price", item.fields.get("UnitPrice", 0) if item else 0))
    count = _decimal(wanted.get("quantity", 1))
    amount = (count * price).quantize(CENT, ROUND_HALF_UP)
    return {"Amount": amount, ITEM_LINE: {**detail, "Qty": count, "UnitPrice": price}}


def _decimal(value: object) -> Decimal:
    return Decimal(str(value))
