"""The lists every new company is born with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.quickbooks.writing import enter

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company

_ACCOUNTS = [
    ("Services", "Income", "ServiceFeeIncome"),
    ("Sales of Product Income", "Income", "SalesOfProductIncome"),
    ("Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable"),
    ("Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
    ("Checking", "Bank", "Checking"),
]
_TERMS = [("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60), ("Net 10", 10)]
_METHODS = [("Cash", "NON_CREDIT_CARD"), ("Check", "NON_CREDIT_CARD"), ("Visa", "CREDIT_CARD")]


def furnish(company: Company) -> None:
    """No webhook tells of these: they are there before anybody can subscribe."""
    accounts = [
        enter(company, "Account", {"Name": name, "AccountType": kind, "AccountSubType": sub})
        for name, kind, sub in _ACCOUNTS
    ]
    for name, days in _TERMS:
        enter(company, "Term", {"Name": name, "Type": "STANDARD", "DueDays": days})
    for name, kind in _METHODS:
        enter(company, "PaymentMethod", {"Name": name, "Type": kind})
    income: dict[str, Any] = {"IncomeAccountRef": {"value": accounts[0].id}}
    for name in ("Services", "Hours"):
        enter(company, "Item", {"Name": name, "Type": "Service", "UnitPrice": 0, "Taxable": False, **income})
    company.changes.clear()
