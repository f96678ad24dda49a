"""Records as the wire shows them. The three roads (write answer, read by id, query) differ in which fields they carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from simulator.quickbooks.account_types import CLASSES
from simulator.quickbooks.answers import money, stamp
from simulator.quickbooks.sales import showing

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record

Road = Literal["create", "write", "read", "query"]
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
_MISSING: dict[tuple[str, Road], tuple[str, ...]] = {
    ("Customer", "write"): ("V4IDPseudonym", "ClientEntityId"),
    ("Customer", "read"): ("ClientEntityId",),
    ("Customer", "query"): ("DefaultTaxCodeRef",),
    ("Vendor", "query"): ("BillRate", "CostRate"),
    ("Item", "query"): ("DeferredRevenue",),
}


def shown(company: Company, record: Record, road: Road, *, linked: bool = False) -> dict[str, Any]:
    """`linked`: a query asked for the payment link of invoices."""
    found = bare(company, record)
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


def bare(company: Company, record: Record) -> dict[str, Any]:
    """All of it, unmasked: what the control room sees."""
    found = {name: _shown_value(record, name, value) for name, value in record.fields.items()}
    found |= _DERIVED.get(record.entity, _nothing)(company, record)
    times: dict[str, Any] = {
        "CreateTime": stamp(record.created),
        "LastUpdatedTime": stamp(record.updated),
    }
    if record.entity in _SALES:
        times |= showing.last_modified()
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


def _customer(company: Company, record: Record) -> dict[str, Any]:
    level = len(company.ancestors(record))
    derived: dict[str, Any] = {
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


def _vendor(company: Company, record: Record) -> dict[str, Any]:
    return {"Balance": money(record.balance_cents), "CurrencyRef": _currency(company, record)}


def _account(company: Company, record: Record) -> dict[str, Any]:
    return {
        "SubAccount": bool(record.parent_id),
        "Classification": CLASSES[record.fields["AccountType"]],
        "FullyQualifiedName": full_name(company, record),
        "CurrentBalance": money(record.balance_cents),
        "CurrentBalanceWithSubAccounts": money(record.balance_cents),
        "CurrencyRef": _currency(company, record),
    }


def _item(company: Company, record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {"FullyQualifiedName": full_name(company, record)}
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


def _nothing(company: Company, record: Record) -> dict[str, Any]:
    return {}


_SALES = {
    "Invoice": showing.invoice,
    "CreditMemo": showing.credit_memo,
    "Payment": showing.payment,
    "Deposit": showing.deposit,
}
_DERIVED = {"Customer": _customer, "Vendor": _vendor, "Account": _account, "Item": _item, **_SALES}
