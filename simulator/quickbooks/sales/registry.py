"""The rules of every kind of sale by its name."""

from __future__ import annotations

from simulator.quickbooks.ruling import Rules
from simulator.quickbooks.sales.deposits import DepositRules
from simulator.quickbooks.sales.forms import CREDIT_MEMO, DEPOSIT, INVOICE, PAYMENT
from simulator.quickbooks.sales.payments import PaymentRules
from simulator.quickbooks.sales.rules import InvoiceRules, SaleRules

SALES: dict[str, Rules] = {
    "Invoice": InvoiceRules(INVOICE),
    "CreditMemo": SaleRules(CREDIT_MEMO),
    "Payment": PaymentRules(PAYMENT),
    "Deposit": DepositRules(DEPOSIT),
}
