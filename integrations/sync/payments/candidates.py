"""Which payments of QuickBooks are probably the same as one of Coperniq, by what the portal knows of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum

from django.db.models import QuerySet

from integrations.coperniq.money import CoperniqPayment
from integrations.models import ExternalPayment, Kind, QuickBooksConnection, RecordLink
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.customers.customer_family import CustomerFamily, family_of
from integrations.sync.engine.context import SyncContext
from integrations.sync.payments.external import external_payments_of, was_unapplied
from integrations.sync.payments.mapping import RECORDED_BY_PORTAL, likely_number, reference_number
from integrations.sync.payments.moved_money import was_taken_away

DUPLICATE_WINDOW = timedelta(days=7)
NUMBER_WINDOW = timedelta(days=90)
"""How far apart payments of one reference number and amount may be dated and still be the same."""


class Place(IntEnum):
    """Where a candidate's money is."""

    ON_INVOICE = 1
    UNAPPLIED = 2
    ELSEWHERE = 3


@dataclass(frozen=True)
class PaymentCandidate:
    """A payment of the other side that is probably the same. Cents; `unapplied_cents` is what pays nothing yet.

    `amount_cents` is what it pays of the invoice that is asked about. `where` names the invoice that it pays, or whose
    money it is; `can_link`: it is linked to no other payment. `only_likely`: nothing but a number among other words
    tells, so that a person is asked in any case.
    """

    id: str
    on: date
    reference: str
    total_cents: int = 0
    unapplied_cents: int = 0
    amount_cents: int = 0
    place: Place = Place.ON_INVOICE
    where: str = ""
    can_link: bool = True
    only_likely: bool = False


def family_of_invoice(ctx: SyncContext, invoice: RecordLink) -> CustomerFamily:
    return family_of(ctx.connection, invoice.coperniq_account_id, invoice.quickbooks_invoice.customer)


def find_quickbooks_duplicates(
    ctx: SyncContext, payment: CoperniqPayment, invoice: RecordLink, on: date
) -> list[PaymentCandidate]:
    """Payments that are probably the same as this one of Coperniq, those on its invoice first.

    That is one of the same amount within a week of `on`, or of the same number within 90 days, on this invoice, and at
    any time if it was not applied before; money of its customer, of the job or of the customer above that is not
    applied, of the same amount or number; and a payment of the same number and amount, whatever it pays and whether it
    is linked or not, within 90 days.
    """
    family = family_of_invoice(ctx, invoice)
    known = external_payments_of(ctx, invoice, family.ids)
    number = likely_number(payment.reference)
    by_payment: dict[str, list[ExternalPayment]] = defaultdict(list)
    for row in known:
        by_payment[row.quickbooks_id].append(row)
    rows_of = _Comparison(ctx, payment, invoice, on, number, family)
    found = [rows_of.candidate(rows) for rows in by_payment.values()]
    pushed = _pushed_of_number(ctx, payment, invoice, on, number) if number else []
    listed = {each.id: each for each in pushed} | {each.id: each for each in found if each is not None}
    return sorted(listed.values(), key=lambda each: (each.place, abs(each.on - on)))


@dataclass(frozen=True)
class _Comparison:
    ctx: SyncContext
    payment: CoperniqPayment
    invoice: RecordLink
    on: date
    number: str
    family: CustomerFamily

    def candidate(self, rows: Sequence[ExternalPayment]) -> PaymentCandidate | None:
        """The payment of these rows, None if it is another one."""
        first, amount = rows[0], self.payment.amount_cents
        parts = {row.quickbooks_invoice_id: row.amount_cents for row in rows}
        unapplied = parts.get("", 0)
        of_number = bool(self.number) and likely_number(first.reference) == self.number
        same_number = of_number and not any(row.both_of_number for row in rows)
        both = {row.quickbooks_invoice_id: row.both_of_amount for row in rows}
        near = abs(first.on - self.on)
        on_invoice = self._is_same_on_invoice(first, parts, same_number)
        is_advance = unapplied and (
            same_number or (unapplied == amount != both[""] and first.customer_id in self.family.payer_ids)
        )
        is_same = same_number and amount in {first.total_cents, *parts.values()} and near <= NUMBER_WINDOW
        if not (on_invoice or is_advance or is_same):
            return None
        links = list(
            RecordLink.objects.of(self.ctx.connection, Kind.PAYMENT).filter(quickbooks_id=first.quickbooks_id)
        )
        here = [link for link in links if link.allocation_invoice_id == self.invoice.quickbooks_id]
        counted = [link for link in links if not was_taken_away(link)]
        whole = any(not link.payment_state.is_share for link in counted)
        is_other = bool(here) and here[0].coperniq_id != self.payment.id
        if on_invoice and not here:
            place, where = Place.ON_INVOICE, self.invoice.display_number
        elif is_advance and not whole:
            place, where = Place.UNAPPLIED, self.family.name_of(first.customer_id)
        elif (is_same and (is_other or not here)) or (on_invoice and is_other and len(counted) < len(links)):
            place, where = Place.ELSEWHERE, self._paid_by(parts, first)
        else:
            return None
        return PaymentCandidate(
            first.quickbooks_id,
            first.on,
            first.reference,
            first.total_cents,
            unapplied,
            parts.get(self.invoice.quickbooks_id, 0),
            place,
            where,
            can_link=not here
            and (place == Place.ON_INVOICE or not (counted if place == Place.ELSEWHERE else whole)),
            only_likely=place == Place.ON_INVOICE
            and near > DUPLICATE_WINDOW
            and reference_number(first.reference) != reference_number(self.payment.reference)
            and not was_unapplied(self.ctx, first.quickbooks_id),
        )

    def _is_same_on_invoice(
        self, first: ExternalPayment, parts: Mapping[str, int], same_number: bool
    ) -> bool:
        here = parts.get(self.invoice.quickbooks_id)
        if here is None or not (same_number or self.payment.amount_cents in (here, first.total_cents)):
            return False
        window = NUMBER_WINDOW if same_number else DUPLICATE_WINDOW
        is_near = abs(first.on - self.on) <= window and (same_number or here == self.payment.amount_cents)
        return is_near or was_unapplied(self.ctx, first.quickbooks_id)

    def _paid_by(self, parts: Iterable[str], row: ExternalPayment) -> str:
        """The invoices that it pays, by their numbers if they are linked."""
        links = RecordLink.objects.of(self.ctx.connection, Kind.INVOICE).filter(quickbooks_id__in=list(parts))
        numbers = ", ".join(link.display_number for link in links)
        return (
            f"invoice {numbers}" if numbers else f"another invoice of {self.family.name_of(row.customer_id)}"
        )


def _pushed_of_number(
    ctx: SyncContext, payment: CoperniqPayment, invoice: RecordLink, on: date, number: str
) -> list[PaymentCandidate]:
    """Payments that the portal itself has recorded for other payments of the account."""
    links = _pushed_payments(ctx.connection, invoice.coperniq_account_id, {payment.amount_cents})
    same = [link for link in links.exclude(coperniq_id=payment.id) if _is_of_number(link, number, on)]
    invoices = RecordLink.objects.of(ctx.connection, Kind.INVOICE)
    numbers = {
        each.quickbooks_id: each.display_number
        for each in invoices.filter(quickbooks_id__in=[link.allocation_invoice_id for link in same])
    }
    return [
        PaymentCandidate(
            link.quickbooks_id,
            date.fromisoformat(link.quickbooks_payment.on),
            link.quickbooks_payment.reference or link.coperniq_payment.reference,
            link.quickbooks_payment.amount,
            place=Place.ELSEWHERE,
            where=f"invoice {numbers.get(link.allocation_invoice_id, '')}".strip(),
            can_link=False,
        )
        for link in same
    ]


def _pushed_payments(
    connection: QuickBooksConnection, account_id: str, amounts: set[int]
) -> QuerySet[RecordLink]:
    links = RecordLink.objects.of(connection, Kind.PAYMENT).filter(match_method__in=RECORDED_BY_PORTAL)
    return links.filter(coperniq_account_id=account_id, amount_cents__in=amounts)


def _is_of_number(link: RecordLink, number: str, on: date) -> bool:
    """A payment that stands in QuickBooks, with this number on either side, within 90 days of `on`."""
    there, here = link.quickbooks_payment, link.coperniq_payment
    numbers = {likely_number(there.reference), likely_number(here.reference)}
    ended = there.voided or there.deleted or not there.on
    return number in numbers and not ended and abs(date.fromisoformat(there.on) - on) <= NUMBER_WINDOW


def find_successor(ctx: SyncContext, link: RecordLink, invoice_id: str) -> ExternalPayment | None:
    """The payment on the same invoice that is the same money as a linked one that has ended.

    Whoever deletes one to enter it again gives it the same amount, and its number or about its date.
    """
    rows = ExternalPayment.objects.filter(
        connection=ctx.connection,
        quickbooks_invoice_id=invoice_id,
        amount_cents=link.quickbooks_payment.amount,
    )
    linked = RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(allocation_invoice_id=invoice_id)
    others = rows.exclude(quickbooks_id__in=linked.values("quickbooks_id")).order_by("pk")
    return next((row for row in others if is_same_money(link, row.on, row.reference)), None)


def is_same_money(link: RecordLink, on: date, reference: str) -> bool:
    """Whether another payment of the same amount has the number of the linked one, or about its date."""
    before = link.quickbooks_payment
    if not before.on:
        return False
    number = reference_number(before.reference)
    same_number = bool(number) and reference_number(reference) == number
    window = NUMBER_WINDOW if same_number else DUPLICATE_WINDOW
    return abs(date.fromisoformat(before.on) - on) <= window


def find_recorded_by_portal(
    connection: QuickBooksConnection, payment: QuickBooksPayment, amounts: set[int]
) -> RecordLink | None:
    """A payment of the same customer, number and amount that the portal recorded before it heard of this one."""
    number = likely_number(payment.reference)
    if not number:
        return None
    customers = connection.links.filter(kind__in=(Kind.CUSTOMER, Kind.JOB), quickbooks_id=payment.customer_id)
    customer = customers.order_by("pk").first()
    if customer is None:
        return None
    account = customer.coperniq_id if customer.kind == Kind.CUSTOMER else customer.coperniq_account_id
    links = _pushed_payments(connection, account, amounts)
    others = (link for link in links if link.quickbooks_id != payment.id)
    return next((link for link in others if _is_of_number(link, number, payment.on)), None)
