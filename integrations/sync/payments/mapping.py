"""Payments of both vendors: snapshots, methods, references and notes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, tzinfo

from integrations.coperniq.money import CoperniqPayment
from integrations.models import RecordLink
from integrations.models.snapshots import (
    CoperniqPaymentSnapshot,
    PaymentSnapshot,
    QuickBooksPaymentSnapshot,
)
from integrations.name_matching import canonical_name
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.coperniq_texts import notes_text
from integrations.sync.invoices.mapping import day_of, long_day

_REFERENCE_LIMIT = 21
RECORDED_BY_PORTAL = (RecordLink.MatchMethod.CREATED, RecordLink.MatchMethod.ADOPTED)
CARD_METHOD = "Card"
METHOD_NAMES = {
    "CASH": "Cash",
    "CHECK": "Check",
    "ACH": "ACH",
    "CREDIT_CARD": CARD_METHOD,
    "KLARNA": CARD_METHOD,
    "AFFIRM": CARD_METHOD,
}
"""Coperniq's payment method → the name of the QuickBooks method."""

_CARD_METHOD_NAMES = (
    "card",
    "credit card",
    "debit card",
    "visa",
    "mastercard",
    "american express",
    "discover",
    "diners club",
)
"""Names that QuickBooks, or the portal, gives to methods for cards."""


def method_in_coperniq(name: str) -> str:
    """Coperniq's method for the name of a QuickBooks one, "" where it has none."""
    known = canonical_name(name)
    if known in _CARD_METHOD_NAMES:
        return "CREDIT_CARD"
    return next((method for method, label in METHOD_NAMES.items() if label.casefold() == known), "")


def paid_on(payment: CoperniqPayment, zone: tzinfo) -> date | None:
    return day_of(payment.paid_at or payment.created_at, zone)


def payment_name(payment: CoperniqPayment, invoice_number: str) -> str:
    return f"${money(payment.amount_cents):,} for invoice {invoice_number}"


def quickbooks_payment_name(payment: QuickBooksPayment) -> str:
    return f"Payment of ${money(payment.total_cents):,}"


def amount_and_date(snapshot: PaymentSnapshot) -> str:
    return f"${money(snapshot.amount):,} on {long_day(snapshot.on)}"


_REFERENCE_WORDS = re.compile(
    r"\b(?:checks?|cheques?|chk|ck|numbers?|no|nr|ref|references?|payments?)(?=\b|\d)"
)


def reference_number(text: str) -> str:
    """The number in a reference, to compare what people typed: "Check # 01042" is "1042". "" without a digit."""
    words = re.findall(r"[^\W_]+", _REFERENCE_WORDS.sub(" ", text.casefold()))
    number = "".join(words).lstrip("0")
    return number if re.search(r"\d", number) else ""


_NUMBERED_OTHERWISE = frozenset(
    ("invoice", "inv", "bill", "job", "project", "order", "po", "estimate", "quote", "account", "acct")
)
"""Words before a number that is not the payment's own."""
_SHORTEST_NUMBER = 3


def likely_number(text: str) -> str:
    """The only number among other words, such as names: "#1042 - Smith" is "1042". Good enough for a question only."""
    words = re.findall(r"[^\W_]+", _REFERENCE_WORDS.sub(" ", text.casefold()))
    numbers = [word.lstrip("0") for word in words if re.search(r"\d", word)]
    is_clear = len(numbers) == 1 and numbers[0].isdecimal() and len(numbers[0]) >= _SHORTEST_NUMBER
    return numbers[0] if is_clear and _NUMBERED_OTHERWISE.isdisjoint(words) else reference_number(text)


def short_reference(payment: CoperniqPayment) -> str:
    """The payment's reference, cut to the length that QuickBooks accepts."""
    return payment.reference.strip()[:_REFERENCE_LIMIT].strip()


def note_text(payment: CoperniqPayment, reference: str) -> str:
    """What has no field in QuickBooks: Coperniq's notes, a long reference, a method that QuickBooks does not have."""
    whole = payment.reference.strip()
    parts = [
        f"Reference {whole}" if whole != reference else "",
        f"Paid by {payment.method}" if payment.method and payment.method not in METHOD_NAMES else "",
        notes_text(payment.notes).strip(),
    ]
    return "\n".join(part for part in parts if part)


def has_same_amount_and_date(one: PaymentSnapshot, other: PaymentSnapshot) -> bool:
    return (one.amount, one.on) == (other.amount, other.on)


def coperniq_payment_snapshot(payment: CoperniqPayment, zone: tzinfo) -> CoperniqPaymentSnapshot:
    on = paid_on(payment, zone)
    return CoperniqPaymentSnapshot(
        amount=payment.amount_cents,
        on=on.isoformat() if on else "",
        method=payment.method,
        reference=payment.reference,
        status=payment.status,
    )


def quickbooks_payment_snapshot(
    payment: QuickBooksPayment, quickbooks_invoice_id: str, *, share: bool = False
) -> QuickBooksPaymentSnapshot:
    """`share`: Coperniq's payment is only the money on this invoice, because the QuickBooks payment pays others too."""
    applied, cash = payment.applied_to(quickbooks_invoice_id), cash_on(payment, quickbooks_invoice_id)
    return QuickBooksPaymentSnapshot(
        amount=cash if share else payment.total_cents,
        applied=applied,
        cash=cash,
        on=payment.on.isoformat(),
        method=payment.method_id,
        reference=payment.reference,
        account=payment.deposit_account_id,
        deposited=payment.is_deposited,
        voided=payment.is_voided,
    )


def cash_on(payment: QuickBooksPayment, quickbooks_invoice_id: str) -> int:
    """Cents of money on the invoice, without the payment's credits.

    QuickBooks does not say which invoice a credit pays: credits count toward the first invoices.
    """
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
    """Whether it pays other invoices as well as this one."""
    invoices = {line.txn_id for line in payment.lines if line.txn_type == "Invoice"}
    return quickbooks_invoice_id in invoices and len(invoices) > 1


def pays_elsewhere(payment: QuickBooksPayment, quickbooks_invoice_id: str) -> bool:
    """Whether it pays other invoices, with or without this one."""
    return any(line.txn_type == "Invoice" and line.txn_id != quickbooks_invoice_id for line in payment.lines)


def is_taken_off(payment: QuickBooksPayment, quickbooks_invoice_id: str, applied_before: int) -> bool:
    """Whether less is on this invoice than `applied_before` (cents), and the payment is more than what is left on it."""
    return 0 < payment.applied_to(quickbooks_invoice_id) < min(applied_before, payment.total_cents)


def is_recorded_by_people(link: RecordLink) -> bool:
    """Whether the portal did not create the QuickBooks payment: its amount and date are not the portal's to change."""
    return link.match_method not in RECORDED_BY_PORTAL


def pays_more(payment: QuickBooksPayment, quickbooks_invoice_id: str) -> bool:
    """Whether it pays something else too, or more than this invoice asked for."""
    return payment.applied_to(quickbooks_invoice_id) != payment.total_cents


def payment_line(quickbooks_invoice_id: str, cents: int) -> dict[str, object]:
    return {"Amount": money(cents), "LinkedTxn": [{"TxnId": quickbooks_invoice_id, "TxnType": "Invoice"}]}


def without_line_extension(raw: Mapping[str, object]) -> dict[str, object]:
    """A line of a payment as it may be sent back (docs/vendors/quickbooks-online.md, 6)."""
    return {name: value for name, value in raw.items() if name != "LineEx"}
