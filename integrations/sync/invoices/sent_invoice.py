"""The body of a write of an invoice to QuickBooks, read back when its response is handled. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.responses import load_body
from integrations.sync.invoices.mapping import SALES, SUBTOTAL


@dataclass(frozen=True)
class SentInvoiceLine:
    """`amount` is None of a line of text. `is_itemless`: a sale with an amount and without an item."""

    amount: Decimal | None
    description: str
    is_itemless: bool


@dataclass(frozen=True)
class SentInvoice:
    """What is None was not sent. `version` is the one that the write is based on, "" of a create."""

    version: str
    number: str
    customer_id: str
    due_date: str | None
    note: str | None
    memo: str | None
    lines: tuple[SentInvoiceLine, ...] | None

    @property
    def total(self) -> Decimal:
        return sum((line.amount or Decimal(0) for line in self.lines or ()), Decimal(0))

    def are_texts_of(self, invoice: QuickBooksInvoice) -> bool:
        """Whether its lines have the texts that were sent, as those of a voided invoice still have."""
        found = [line.description for line in invoice.lines if line.kind != SUBTOTAL]
        return [line.description for line in self.lines or ()] == found

    def are_lines_of(self, invoice: QuickBooksInvoice) -> bool:
        """Whether QuickBooks' invoice has the amounts and texts that were sent."""
        found = [line for line in invoice.lines if line.kind != SUBTOTAL]
        return [(line.amount, line.description) for line in self.lines or ()] == [
            (money(line.amount_cents), line.description) for line in found
        ]


def read_sent_invoice(body: str) -> SentInvoice:
    sent = load_body(body)
    lines = sent.get("Line")
    return SentInvoice(
        version=str(sent.get("SyncToken", "")),
        number=str(sent.get("DocNumber", "")),
        customer_id=str(sent.get("CustomerRef", {}).get("value", "")),
        due_date=sent.get("DueDate"),
        note=sent.get("PrivateNote"),
        memo=sent.get("CustomerMemo", {}).get("value"),
        lines=None if lines is None else tuple(_read_line(line) for line in lines),
    )


def _read_line(line: Mapping[str, Any]) -> SentInvoiceLine:
    amount = line.get("Amount")
    is_sale = line.get("DetailType") == SALES
    return SentInvoiceLine(
        amount=None if amount is None else Decimal(amount),
        description=line.get("Description", ""),
        is_itemless=is_sale and "ItemRef" not in line[SALES] and bool(amount),
    )
