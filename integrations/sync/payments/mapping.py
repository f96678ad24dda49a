"""Payments of both vendors: snapshots, methods, references and notes. Pure."""

from __future__ import annotations

from datetime import date, tzinfo
from typing import Any

from integrations.coperniq.money import CoperniqPayment
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.invoices.mapping import day_of

REFERENCE_LIMIT = 21
CARD_METHOD = "Card"
METHOD_NAMES = {
    "CASH": "Cash",
    "CHECK": "Check",
    "ACH": "ACH",
    "CREDIT_CARD": CARD_METHOD,
    "KLARNA": CARD_METHOD,
    "AFFIRM": CARD_METHOD,
}
"""Coperniq's payment method → the name of QuickBooks'."""


CARDS = (
    "card",
    "credit card",
    "debit card",
    "visa",
    "mastercard",
    "american express",
    "discover",
    "diners club",
)
"""What QuickBooks calls them from the start, or the portal does."""


def method_in_coperniq(name: str) -> str:
    """Coperniq's word for a payment method of QuickBooks, "" where it has none."""
    known = name.strip().casefold()
    if known in CARDS:
        return "CREDIT_CARD"
    return next((word for word, told in METHOD_NAMES.items() if told.casefold() == known), "")


def paid_on(payment: CoperniqPayment, zone: tzinfo) -> date | None:
    return day_of(payment.paid_at or payment.created_at, zone)


def payment_name(payment: CoperniqPayment, invoice_number: str) -> str:
    return f"${money(payment.amount_cents):,} for invoice {invoice_number}"


def short_reference(payment: CoperniqPayment) -> str:
    """As much of it as QuickBooks has room for."""
    return payment.reference.strip()[:REFERENCE_LIMIT].strip()


def note_text(payment: CoperniqPayment, reference: str) -> str:
    """What does not fit elsewhere: Coperniq's notes, a long reference, a method QuickBooks has no name for."""
    whole = payment.reference.strip()
    parts = [
        f"Reference {whole}" if whole != reference else "",
        f"Paid by {payment.method}" if payment.method and payment.method not in METHOD_NAMES else "",
        payment.notes.strip(),
    ]
    return "\n".join(part for part in parts if part)


def coperniq_payment_snapshot(payment: CoperniqPayment, zone: tzinfo) -> dict[str, Any]:
    on = paid_on(payment, zone)
    return {
        "amount": payment.amount_cents,
        "on": on.isoformat() if on else "",
        "method": payment.method,
        "reference": payment.reference,
        "status": payment.status,
    }


def quickbooks_payment_snapshot(
    payment: QuickBooksPayment, quickbooks_invoice_id: str, *, share: bool = False
) -> dict[str, Any]:
    """`share`: only the money that is on this invoice is Coperniq's payment, for it pays others too."""
    applied, cash = payment.applied_to(quickbooks_invoice_id), cash_on(payment, quickbooks_invoice_id)
    return {
        "amount": cash if share else payment.total_cents,
        "applied": applied,
        "cash": cash,
        "on": payment.on.isoformat(),
        "method": payment.method_id,
        "reference": payment.reference,
        "account": payment.deposit_account_id,
        "deposited": payment.is_deposited,
        "voided": payment.is_voided,
    }


def cash_on(payment: QuickBooksPayment, quickbooks_invoice_id: str) -> int:
    """Cents of money, less the credits of the same payment: nobody says which invoice they pay, so the first do first."""
    paid: dict[str, int] = {}
    for line in payment.lines:
        if line.txn_type == "Invoice":
            paid[line.txn_id] = paid.get(line.txn_id, 0) + line.amount_cents
    left = max(sum(paid.values()) + payment.unapplied_cents - payment.total_cents, 0)
    for invoice_id, cents in paid.items():
        credit = min(left, cents)
        left -= credit
        if invoice_id == quickbooks_invoice_id:
            return cents - credit
    return 0


def pays_others(payment: QuickBooksPayment, quickbooks_invoice_id: str) -> bool:
    """Other invoices beside this one."""
    invoices = {line.txn_id for line in payment.lines if line.txn_type == "Invoice"}
    return quickbooks_invoice_id in invoices and len(invoices) > 1


def is_taken_off(payment: QuickBooksPayment, quickbooks_invoice_id: str, applied_before: int) -> bool:
    """Some of what was on this invoice, while the payment is more than what is left on it."""
    return 0 < payment.applied_to(quickbooks_invoice_id) < min(applied_before, payment.total_cents)


def pays_more(payment: QuickBooksPayment, quickbooks_invoice_id: str) -> bool:
    """Something else than this invoice, or more than it asked for."""
    return payment.applied_to(quickbooks_invoice_id) != payment.total_cents
