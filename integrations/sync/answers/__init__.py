"""What a vendor answered to a write, by entity: the link and the sentence it comes to, and how to find what was lost.

people            customers and jobs
invoices          invoices
payments          payments
shared            accounts and payment methods the portal makes for all to use
brought_invoices  invoices in Coperniq
brought_payments  payments in Coperniq
catalog           catalog items in Coperniq
finding           what they look with
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from integrations.models import RemoteWrite
from integrations.sync.answers import (
    brought_invoices,
    brought_payments,
    catalog,
    invoices,
    payments,
    people,
)
from integrations.sync.answers.sent import CATALOG_ITEM, COPERNIQ_INVOICE, COPERNIQ_PAYMENT, Sent
from integrations.sync.answers.shared import accounts, methods
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending


class Answers(Protocol):
    """One module of this package."""

    def ending_of(self, desk: Desk, write: RemoteWrite, sent: Sent, body: str) -> Ending:
        """`body` is what was sent: the row, when it is closed, no longer has it."""

    def look_for(self, desk: Desk, write: RemoteWrite, body: str) -> Sent | None:
        """What a write whose answer was lost left behind, recognised by what we sent; None if nothing."""


OF: dict[str, Answers] = {
    "Customer": people,
    "Invoice": invoices,
    "Payment": payments,
    "Account": accounts,
    "PaymentMethod": methods,
    COPERNIQ_INVOICE: brought_invoices,
    COPERNIQ_PAYMENT: brought_payments,
    CATALOG_ITEM: catalog,
}

READ: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "Customer": people.read,
    "Invoice": invoices.read,
    "Payment": payments.read,
    "Account": accounts.read,
    "PaymentMethod": methods.read,
}
"""A record as QuickBooks answered it; Coperniq's client reads its own."""

__all__ = ["CATALOG_ITEM", "COPERNIQ_INVOICE", "COPERNIQ_PAYMENT", "OF", "READ", "Answers", "Sent"]
