"""The rules of every kind of sale by its name."""

from __future__ import annotations

from integrations.simulator.quickbooks.ruling import Rules
from integrations.simulator.quickbooks.sales.deposits import DepositRules
from integrations.simulator.quickbooks.sales.forms import CREDIT_MEMO, DEPOSIT, INVOICE, PAYMENT
from integrations.simulator.quickbooks.sales.payments import PaymentRules
from integrations.simulator.quickbooks.sales.rules import InvoiceRules, SaleRules

SALES: dict[str, Rules] = {
    "Invoice": InvoiceRules(INVOICE),
    "CreditMemo": SaleRules(CREDIT_MEMO),
    "Payment": PaymentRules(PAYMENT),
    "Deposit": DepositRules(DEPOSIT),
}
