"""Sales, payments and deposits as the wire shows them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from simulator.quickbooks.answers import money, stamp
from simulator.quickbooks.sales.addresses import ADDRESSES, as_text
from simulator.quickbooks.sales.form_lines import (
    DISCOUNT_LINE,
    GROUP_LINE,
    ITEM_LINE,
    NOTE_LINE,
    SUBTOTAL_LINE,
)
from simulator.quickbooks.sales.money import cents, plain

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record

_VALUE = "com.intuit.schema.finance.v3.NameValue"
_USER = {"value": "9341457021722234"}


def sale(company: Company, record: Record) -> dict[str, Any]:
    fields = record.fields
    found: dict[str, Any] = {
        "LinkedTxn": [],
        "CustomField": [],
        "Line": _lines(company, record),
        "TxnTaxDetail": {**_numbers(fields.get("TxnTaxDetail", {})), "TotalTax": money(record.sale.tax)},
        "CustomerRef": named(company, "Customer", fields["CustomerRef"]["value"]),
        "TotalAmt": money(record.sale.total),
        "Balance": money(record.sale.open),
    }
    if "SalesTermRef" in fields:
        found["SalesTermRef"] = named(company, "Term", fields["SalesTermRef"]["value"])
    return found


def invoice(company: Company, record: Record) -> dict[str, Any]:
    found = sale(company, record) | {
        "AllowIPNPayment": False,
        "AllowOnlinePayment": False,
        "FreeFormAddress": True,
        "ShipFromAddr": {"Id": "1", "Line1": "2500 Garcia Ave", "Line2": "Mountain View, CA  94043"},
        "LinkedTxn": [{"TxnId": id_, "TxnType": "Payment"} for id_ in record.sale.applied],
    }
    if record.sale.deposit:
        found["Deposit"] = money(record.sale.deposit)
    if record.sale.sent_at is not None:
        found["DeliveryInfo"] = {"DeliveryType": "Email", "DeliveryTime": stamp(record.sale.sent_at)}
    if record.sale.minted:
        found["InvoiceLink"] = f"https://connect.intuit.example/t/scs-v1-{record.pseudonym}"
    if record.sale.free_form and company.switch("invoice_address_becomes_text"):
        for name in ADDRESSES:
            if name in record.fields:
                shown = as_text(company, record, record.fields[name])
                found[name] = {"Id": record.address_ids.get(name, "1"), **shown}
    return found


def credit_memo(company: Company, record: Record) -> dict[str, Any]:
    return {**sale(company, record), "RemainingCredit": money(record.sale.open)}


def payment(company: Company, record: Record) -> dict[str, Any]:
    fields = record.fields
    deposited = [{"TxnId": record.sale.deposit_id, "TxnType": "Deposit"}] if record.sale.deposit_id else []
    found: dict[str, Any] = {
        "CustomerRef": named(company, "Customer", fields["CustomerRef"]["value"]),
        "DepositToAccountRef": named(company, "Account", fields["DepositToAccountRef"]["value"]),
        "TotalAmt": money(record.sale.total),
        "UnappliedAmt": money(record.sale.open),
        "ProcessPayment": False,
        "LinkedTxn": deposited,
        "Line": [_payment_line(company, one) for one in fields["Line"]],
    }
    for name, entity in (("PaymentMethodRef", "PaymentMethod"), ("ARAccountRef", "Account")):
        if name in fields:
            found[name] = named(company, entity, fields[name]["value"])
    return found


def deposit(company: Company, record: Record) -> dict[str, Any]:
    lines = [{**one, "Amount": money(cents(one["Amount"]))} for one in record.fields["Line"]]
    account = named(company, "Account", record.fields["DepositToAccountRef"]["value"])
    return {"Line": lines, "TotalAmt": money(record.sale.total), "DepositToAccountRef": account}


def named(company: Company, entity: str, id_: str) -> dict[str, str]:
    """The name is the one of today, however old the form."""
    target = company.find(entity, id_)
    return {"value": id_, "name": company.full_name(target)} if target else {"value": id_}


def last_modified() -> dict[str, Any]:
    return {"LastModifiedByRef": dict(_USER)}


def _lines(company: Company, record: Record) -> list[dict[str, Any]]:
    """The subtotal stands between what is sold and the discount, and neither of the two has a number."""
    stored = record.fields["Line"]
    subtotal: dict[str, Any] = {
        "Amount": money(record.sale.subtotal),
        "DetailType": SUBTOTAL_LINE,
        SUBTOTAL_LINE: {},
    }
    sold = [_line(company, one) for one in stored if one["DetailType"] != DISCOUNT_LINE]
    if company.switch("inline_subtotal_amount"):
        _sum_between(sold)
    discounts = [_line(company, one) for one in stored if one["DetailType"] == DISCOUNT_LINE]
    return [*sold, subtotal, *discounts]


def _sum_between(lines: list[dict[str, Any]]) -> None:
    """Each inline subtotal counts from the one before it."""
    since = 0
    for line in lines:
        if line["DetailType"] == NOTE_LINE and str(line.get("Description", "")).startswith("Subtotal:"):
            line["Amount"], since = money(since), 0
        else:
            since += cents(line.get("Amount", 0))


def _line(company: Company, line: dict[str, Any]) -> dict[str, Any]:
    found = dict(line)
    if "Amount" in found:
        found["Amount"] = money(cents(found["Amount"]))
    if ITEM_LINE in found:
        found[ITEM_LINE] = _item_detail(company, found[ITEM_LINE])
    if GROUP_LINE in found:
        detail = found[GROUP_LINE] = dict(found[GROUP_LINE])
        found["Amount"] = money(sum(cents(one["Amount"]) for one in detail["Line"]))
        detail["Line"] = [_line(company, one) for one in detail["Line"]]
        detail["Quantity"] = plain(Decimal(detail["Quantity"]))
        detail["GroupItemRef"] = named(company, "Item", detail["GroupItemRef"]["value"])
    if DISCOUNT_LINE in found:
        found[DISCOUNT_LINE] = _numbers(found[DISCOUNT_LINE])
    else:
        found["CustomExtensions"] = []
    return found


def _item_detail(company: Company, detail: dict[str, Any]) -> dict[str, Any]:
    found = _numbers(detail)
    item = company.find("Item", detail.get("ItemRef", {}).get("value", ""))
    if item is not None:
        found["ItemRef"] = named(company, "Item", item.id)
        account = item.fields.get("IncomeAccountRef", {}).get("value")
        if account:
            found["ItemAccountRef"] = named(company, "Account", account)
    return found


def _numbers(detail: dict[str, Any]) -> dict[str, Any]:
    return {name: plain(value) if isinstance(value, Decimal) else value for name, value in detail.items()}


def _payment_line(company: Company, line: dict[str, Any]) -> dict[str, Any]:
    link = line["LinkedTxn"][0]
    target = company.find(link["TxnType"], link["TxnId"])
    amount = cents(line["Amount"])
    shown = {"txnId": link["TxnId"]}
    if target is not None:
        shown["txnOpenBalance"] = str(money(target.sale.open + amount))
        shown["txnReferenceNumber"] = target.fields.get("DocNumber", "")
    extra = {"any": [_name_value(name, value) for name, value in shown.items()]}
    return {"Amount": money(amount), "LinkedTxn": [dict(link)], "LineEx": extra}


def _name_value(name: str, value: str) -> dict[str, Any]:
    return {
        "name": "{http://schema.intuit.com/finance/v3}NameValue",
        "declaredType": _VALUE,
        "scope": "javax.xml.bind.JAXBElement$GlobalScope",
        "value": {"Name": name, "Value": value},
        "nil": False,
        "globalScope": True,
        "typeSubstituted": False,
    }
