"""The entities by name and by path: those that are modelled, and those QuickBooks knows besides."""

from __future__ import annotations

from simulator.quickbooks.lists import ACCOUNT, ITEM, PAYMENT_METHOD, TERM
from simulator.quickbooks.people import CUSTOMER, EMPLOYEE, VENDOR
from simulator.quickbooks.sales.forms import CREDIT_MEMO, DEPOSIT, INVOICE, PAYMENT

_LISTS = (CUSTOMER, VENDOR, EMPLOYEE, ACCOUNT, ITEM, PAYMENT_METHOD, TERM)
MODELLED = {one.name: one for one in (*_LISTS, INVOICE, PAYMENT, CREDIT_MEMO, DEPOSIT)}
BY_PATH = {name.lower(): one for name, one in MODELLED.items()}
NOT_YET = frozenset(
    {
        "Attachable", "Bill", "BillPayment", "Budget", "Class", "Department", "Estimate", "JournalCode",
        "JournalEntry", "Purchase", "PurchaseOrder", "RefundReceipt", "SalesReceipt", "TaxAgency", "TaxCode",
        "TaxRate", "TimeActivity", "Transfer", "VendorCredit",
    }
)  # fmt: skip
_SINGLE = {"companyinfo": "CompanyInfo", "preferences": "Preferences"}


def entity_of_path(segment: str) -> str:
    """The entity's own spelling for a path segment; the segment itself where it names none."""
    if segment in BY_PATH:
        return BY_PATH[segment].name
    return _SINGLE.get(segment) or next((name for name in NOT_YET if name.lower() == segment), segment)
