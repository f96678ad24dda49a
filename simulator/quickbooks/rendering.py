"""Records as the API shows them: docs/vendors/quickbooks-online.md, 7.4.

The answer to a write, a read by id and a query differ in their fields.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from simulator.quickbooks.company import Company, Record
from simulator.quickbooks.entities import (
    ACCOUNT_CLASSES,
    DISCOUNT_LINE,
    GROUP_LINE,
    ITEM_LINE,
    JOURNAL_LINE,
    NOTE_LINE,
    SUBTOTAL_LINE,
)
from simulator.quickbooks.responses import Json, cents, money, plain, stamp

ADDRESSES = ("BillAddr", "ShipAddr")


def settle_addresses(company: Company, record: Record) -> None:
    customer = company.find("Customer", record.fields["CustomerRef"]["value"])
    if customer is None:
        return
    fallback = customer.fields.get("BillAddr")
    for name in ADDRESSES:
        given = customer.fields.get(name) or fallback
        if name not in record.fields and given:
            record.fields[name] = dict(given)


def _address_as_text(company: Company, record: Record, address: Json) -> Json:
    """Names on the first two lines, the rest joined on those below, as recorded after an update."""
    customer = company.find("Customer", record.fields["CustomerRef"]["value"])
    fields = customer.fields if customer else {}
    person = " ".join(str(fields[one]) for one in ("GivenName", "FamilyName") if fields.get(one))
    named = [one for one in (person, str(fields.get("DisplayName", ""))) if one]
    streets = [address[f"Line{n}"] for n in range(1, 6) if f"Line{n}" in address]
    town = ", ".join(str(address[one]) for one in ("City", "CountrySubDivisionCode") if address.get(one))
    last = "  ".join(one for one in (town, str(address.get("PostalCode", ""))) if one)
    shown = [*named[:2], *(one for one in streets if one not in named), last]
    return {f"Line{n}": line for n, line in enumerate([one for one in shown if one][:5], 1)}


_VALUE = "com.intuit.schema.finance.v3.NameValue"
_USER = {"value": "9341457021722234"}


def _sale_json(company: Company, record: Record) -> Json:
    fields = record.fields
    found: Json = {
        "LinkedTxn": [],
        "CustomField": [],
        "Line": _lines_json(company, record),
        "TxnTaxDetail": {**_numbers(fields.get("TxnTaxDetail", {})), "TotalTax": money(record.sale.tax)},
        "CustomerRef": _reference(company, "Customer", fields["CustomerRef"]["value"]),
        "TotalAmt": money(record.sale.total),
        "Balance": money(record.sale.open),
    }
    if "SalesTermRef" in fields:
        found["SalesTermRef"] = _reference(company, "Term", fields["SalesTermRef"]["value"])
    return found


def _invoice_json(company: Company, record: Record) -> Json:
    found = _sale_json(company, record) | {
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
    if record.sale.has_payment_link:
        found["InvoiceLink"] = f"https://connect.intuit.example/t/scs-v1-{record.pseudonym}"
    if record.sale.free_form and company.switch("invoice_address_becomes_text"):
        for name in ADDRESSES:
            if name in record.fields:
                shown = _address_as_text(company, record, record.fields[name])
                found[name] = {"Id": record.address_ids.get(name, "1"), **shown}
    return found


def _credit_memo_json(company: Company, record: Record) -> Json:
    return {**_sale_json(company, record), "RemainingCredit": money(record.sale.open)}


def _payment_json(company: Company, record: Record) -> Json:
    fields = record.fields
    deposited = [{"TxnId": record.sale.deposit_id, "TxnType": "Deposit"}] if record.sale.deposit_id else []
    found: Json = {
        "CustomerRef": _reference(company, "Customer", fields["CustomerRef"]["value"]),
        "DepositToAccountRef": _reference(company, "Account", fields["DepositToAccountRef"]["value"]),
        "TotalAmt": money(record.sale.total),
        "UnappliedAmt": money(record.sale.open),
        "ProcessPayment": False,
        "LinkedTxn": deposited,
        "Line": [_payment_line(company, one) for one in fields["Line"]],
    }
    for name, entity in (("PaymentMethodRef", "PaymentMethod"), ("ARAccountRef", "Account")):
        if name in fields:
            found[name] = _reference(company, entity, fields[name]["value"])
    return found


def _deposit_json(company: Company, record: Record) -> Json:
    lines = [{**one, "Amount": money(cents(one["Amount"]))} for one in record.fields["Line"]]
    account = _reference(company, "Account", record.fields["DepositToAccountRef"]["value"])
    return {"Line": lines, "TotalAmt": money(record.sale.total), "DepositToAccountRef": account}


def _journal_entry_json(company: Company, record: Record) -> Json:
    return {"Line": [_journal_line(company, one) for one in record.fields["Line"]], "TxnTaxDetail": {}}


def _journal_line(company: Company, line: Json) -> Json:
    detail = dict(line[JOURNAL_LINE])
    detail["AccountRef"] = _reference(company, "Account", detail["AccountRef"]["value"])
    if "Entity" in detail:
        named = detail["Entity"]
        detail["Entity"] = {
            **named,
            "EntityRef": _reference(company, named["Type"], named["EntityRef"]["value"]),
        }
    return {**line, "Amount": money(cents(line["Amount"])), JOURNAL_LINE: detail}


def _reference(company: Company, entity: str, id_: str) -> dict[str, str]:
    """The name is the one of today, however old the form."""
    target = company.find(entity, id_)
    return {"value": id_, "name": company.full_name(target)} if target else {"value": id_}


def _last_modified() -> Json:
    return {"LastModifiedByRef": dict(_USER)}


def _lines_json(company: Company, record: Record) -> list[Json]:
    """The subtotal comes between what is sold and the discount; neither of the two has an Id."""
    stored = record.fields["Line"]
    subtotal: Json = {
        "Amount": money(record.sale.subtotal),
        "DetailType": SUBTOTAL_LINE,
        SUBTOTAL_LINE: {},
    }
    sold = [_line_json(company, one) for one in stored if one["DetailType"] != DISCOUNT_LINE]
    if company.switch("inline_subtotal_amount"):
        _sum_between(sold)
    discounts = [_line_json(company, one) for one in stored if one["DetailType"] == DISCOUNT_LINE]
    return [*sold, subtotal, *discounts]


def _sum_between(lines: list[Json]) -> None:
    """Each inline subtotal counts from the one before it."""
    since = 0
    for line in lines:
        if line["DetailType"] == NOTE_LINE and str(line.get("Description", "")).startswith("Subtotal:"):
            line["Amount"], since = money(since), 0
        else:
            since += cents(line.get("Amount", 0))


def _line_json(company: Company, line: Json) -> Json:
    found = dict(line)
    if "Amount" in found:
        found["Amount"] = money(cents(found["Amount"]))
    if ITEM_LINE in found:
        found[ITEM_LINE] = _item_detail(company, found[ITEM_LINE])
    if GROUP_LINE in found:
        detail = found[GROUP_LINE] = dict(found[GROUP_LINE])
        found["Amount"] = money(sum(cents(one["Amount"]) for one in detail["Line"]))
        detail["Line"] = [_line_json(company, one) for one in detail["Line"]]
        detail["Quantity"] = plain(Decimal(detail["Quantity"]))
        detail["GroupItemRef"] = _reference(company, "Item", detail["GroupItemRef"]["value"])
    if DISCOUNT_LINE in found:
        found[DISCOUNT_LINE] = _numbers(found[DISCOUNT_LINE])
    else:
        found["CustomExtensions"] = []
    return found


def _item_detail(company: Company, detail: Json) -> Json:
    found = _numbers(detail)
    item = company.find("Item", detail.get("ItemRef", {}).get("value", ""))
    if item is not None:
        found["ItemRef"] = _reference(company, "Item", item.id)
        account = item.fields.get("IncomeAccountRef", {}).get("value")
        if account:
            found["ItemAccountRef"] = _reference(company, "Account", account)
    return found


def _numbers(detail: Json) -> Json:
    return {name: plain(value) if isinstance(value, Decimal) else value for name, value in detail.items()}


def _payment_line(company: Company, line: Json) -> Json:
    link = line["LinkedTxn"][0]
    target = company.find(link["TxnType"], link["TxnId"])
    amount = cents(line["Amount"])
    shown = {"txnId": link["TxnId"]}
    if target is not None:
        shown["txnOpenBalance"] = str(money(target.sale.open + amount))
        shown["txnReferenceNumber"] = target.fields.get("DocNumber", "")
    extra = {"any": [_name_value(name, value) for name, value in shown.items()]}
    return {"Amount": money(amount), "LinkedTxn": [dict(link)], "LineEx": extra}


def _name_value(name: str, value: str) -> Json:
    return {
        "name": "{http://schema.intuit.com/finance/v3}NameValue",
        "declaredType": _VALUE,
        "scope": "javax.xml.bind.JAXBElement$GlobalScope",
        "value": {"Name": name, "Value": value},
        "nil": False,
        "globalScope": True,
        "typeSubstituted": False,
    }


ResponseKind = Literal["create", "write", "read", "query"]
CURRENCIES = {
    "USD": "United States Dollar",
    "CAD": "Canadian Dollar",
    "EUR": "Euro",
    "GBP": "British Pound Sterling",
}
DEFAULT_TAX_CODE = {"value": "2"}
_TAX_IDS = ("PrimaryTaxIdentifier", "SecondaryTaxIdentifier", "TaxIdentifier")
_MASK_KEEPS = {"PrimaryTaxIdentifier": 5, "SecondaryTaxIdentifier": 5, "TaxIdentifier": 4}
_DEFAULTED = {
    "DefaultTaxCodeRef"
}  # a query shows it where somebody chose it, not where the company's default stands in
_MISSING: dict[tuple[str, ResponseKind], tuple[str, ...]] = {
    ("Customer", "write"): ("V4IDPseudonym", "ClientEntityId"),
    ("Customer", "read"): ("ClientEntityId",),
    ("Customer", "query"): ("DefaultTaxCodeRef",),
    ("Vendor", "query"): ("BillRate", "CostRate"),
    ("Item", "query"): ("DeferredRevenue",),
}


def render(company: Company, record: Record, road: ResponseKind, *, linked: bool = False) -> Json:
    """`linked`: a query asked for the payment link of invoices."""
    found = render_full(company, record)
    if record.entity == "Account" and road == "create":
        del found["MetaData"]["LastUpdatedTime"]
    if record.entity == "Payment" and road in {"create", "write"}:
        found["DepositToAccountRef"].pop("name", None)
    if road == "query" and not linked:
        found.pop("InvoiceLink", None)
    road = "write" if road == "create" else road
    for name in _TAX_IDS:
        if name in found:
            found[name] = masked(found[name], _MASK_KEEPS[name])
    for name in _MISSING.get((record.entity, road), ()):
        if name not in record.fields or name not in _DEFAULTED:
            found.pop(name, None)
    return found


def render_full(company: Company, record: Record) -> Json:
    """All of it, unmasked: what the control API shows."""
    found = {name: _shown_value(record, name, value) for name, value in record.fields.items()}
    found |= _DERIVED.get(record.entity, _nothing)(company, record)
    times: Json = {
        "CreateTime": stamp(record.created),
        "LastUpdatedTime": stamp(record.updated),
    }
    if record.entity in _SALES:
        times |= _last_modified()
        found["CurrencyRef"] = _currency(company, record)
    return found | {
        "domain": "QBO",
        "sparse": False,
        "Id": record.id,
        "SyncToken": str(record.sync_token),
        "MetaData": times,
    }


def _shown_value(record: Record, name: str, value: object) -> object:
    if name in record.address_ids and isinstance(value, dict):
        return {"Id": record.address_ids[name], **value}
    return dict(value) if isinstance(value, dict) else value


def masked(value: str, keep: int) -> str:
    return "X" * max(len(value) - keep, 0) + value[-keep:]


def full_name(company: Company, record: Record) -> str:
    return company.full_name(record)


def balance_with_jobs(company: Company, record: Record) -> int:
    return record.balance_cents + sum(balance_with_jobs(company, child) for child in company.children(record))


def _currency(company: Company, record: Record) -> dict[str, str]:
    code = record.fields.get("CurrencyRef", {}).get("value", company.settings.home_currency)
    return {"value": code, "name": CURRENCIES.get(code, code)}


def _customer_json(company: Company, record: Record) -> Json:
    level = len(company.ancestors(record))
    derived: Json = {
        "Balance": money(record.balance_cents),
        "BalanceWithJobs": money(balance_with_jobs(company, record)),
        "CurrencyRef": _currency(company, record),
        "IsProject": False,
        "FullyQualifiedName": full_name(company, record),
        "V4IDPseudonym": record.pseudonym,
        "ClientEntityId": "0",
    }
    if company.settings.using_sales_tax:
        derived["DefaultTaxCodeRef"] = record.fields.get("DefaultTaxCodeRef", dict(DEFAULT_TAX_CODE))
    return {**derived, "Level": level} if level else derived


def _vendor_json(company: Company, record: Record) -> Json:
    return {"Balance": money(record.balance_cents), "CurrencyRef": _currency(company, record)}


def _account_json(company: Company, record: Record) -> Json:
    return {
        "SubAccount": bool(record.parent_id),
        "Classification": ACCOUNT_CLASSES[record.fields["AccountType"]],
        "FullyQualifiedName": full_name(company, record),
        "CurrentBalance": money(record.balance_cents),
        "CurrentBalanceWithSubAccounts": money(record.balance_cents),
        "CurrencyRef": _currency(company, record),
    }


def _item_json(company: Company, record: Record) -> Json:
    found: Json = {"FullyQualifiedName": full_name(company, record)}
    if record.fields["Type"] != "Category":
        found["DeferredRevenue"] = False
    level = len(company.ancestors(record))
    if level:
        found |= {"SubItem": True, "Level": level}
    for name in ("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef"):
        account = company.find("Account", record.fields.get(name, {}).get("value", ""))
        if account is not None:
            found[name] = {"value": account.id, "name": account.fields["Name"]}
    return found


def _nothing(company: Company, record: Record) -> Json:
    return {}


_SALES = {
    "Invoice": _invoice_json,
    "CreditMemo": _credit_memo_json,
    "Payment": _payment_json,
    "Deposit": _deposit_json,
    "JournalEntry": _journal_entry_json,
}
_DERIVED = {
    "Customer": _customer_json,
    "Vendor": _vendor_json,
    "Account": _account_json,
    "Item": _item_json,
    **_SALES,
}


_WITH_TOTALS = {"Invoice", "Payment", "CreditMemo", "Deposit"}


def query_value(company: Company, record: Record, name: str) -> object:
    """Moments come as they are, whole seconds."""
    if name == "Id":
        return record.id
    if name == "MetaData.CreateTime":
        return record.created
    if name == "MetaData.LastUpdatedTime":
        return record.updated
    if name == "FullyQualifiedName":
        return company.full_name(record)
    if record.entity in _WITH_TOTALS and name in {"TotalAmt", "Balance"}:
        return money(record.sale.total if name == "TotalAmt" else record.sale.open)
    if name == "Balance":
        return money(record.balance_cents)
    outer, _, inner = name.partition(".")
    found = record.fields[outer] if outer in record.fields else _derived(company, record, outer)
    return found.get(inner) if inner and isinstance(found, dict) else found


def _derived(company: Company, record: Record, name: str) -> object:
    """Of what is never stored, only accounts have anything a query asks."""
    return render_full(company, record).get(name) if record.entity == "Account" else None
