"""Money that people moved from one invoice to another: it is counted on one of them only, in Coperniq as well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from integrations.causes import Cause
from integrations.errors import BlockedBy, RecordMissing, Skipped
from integrations.messages import Message
from integrations.messages.payments import PaymentMessage
from integrations.models import Action, Kind, RecordLink, SyncLogEntry, SyncRun
from integrations.models.sync_state import PaymentEnd
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.context import SyncContext
from integrations.sync.invoices.pull_create import BRING_OVER
from integrations.sync.payments.mapping import cash_on
from integrations.sync.payments.push_detect import read_coperniq_payments


def number_of_invoice(ctx: SyncContext, quickbooks_id: str) -> str:
    """As people know it; one that is not linked is read."""
    link = RecordLink.objects.pulled(ctx.connection, Kind.INVOICE, quickbooks_id)
    if link is not None:
        return link.display_number
    try:
        return ctx.quickbooks.read_invoice(quickbooks_id).number or f"with id {quickbooks_id}"
    except RecordMissing:
        return f"with id {quickbooks_id}"


def unapplied_warning_of(payment: QuickBooksPayment | None) -> tuple[Message, ...]:
    """A warning if QuickBooks keeps money of a payment that people removed from Coperniq and took off its invoice."""
    unapplied = payment.unapplied_cents if payment is not None and not payment.is_voided else 0
    return (PaymentMessage.LEFT_UNAPPLIED(amount=money(unapplied)),) if unapplied else ()


@dataclass(frozen=True)
class _WaitsForAnswer:
    """Requests `run` again if nobody is asked any more about what the payment is less on another invoice."""

    run: SyncRun
    payment_id: str
    invoice_id: str

    def store(self) -> None:
        asked = SyncRun.objects.open().filter(
            connection=self.run.connection_id,
            action=Action.PULL_PAYMENT,
            quickbooks_id=self.payment_id,
            allocation_invoice_id=self.invoice_id,
        )
        if not asked.exists():
            SyncRun.objects.request(self.run)


def wait_for_moved_money(ctx: SyncContext, run: SyncRun, payment: QuickBooksPayment, invoice_id: str) -> None:
    """Raises BlockedBy while a person is asked, or about to be, about another invoice on which the payment is less now.

    Otherwise Coperniq would count the same money on both. `invoice_id` is the QuickBooks invoice that `run` is about.
    """
    for link in _counted_elsewhere(ctx, payment, invoice_id):
        runs = SyncRun.objects.open().filter(connection=ctx.connection, action=Action.PULL_PAYMENT)
        theirs = runs.filter(quickbooks_id=payment.id, allocation_invoice_id=link.allocation_invoice_id)
        if _is_unsettled(link, payment) and theirs.exists():
            ctx.follow_ups.append(_WaitsForAnswer(run, payment.id, link.allocation_invoice_id))
            message = PaymentMessage.WAITS_FOR_MOVE(
                invoice=number_of_invoice(ctx, link.allocation_invoice_id)
            )
            raise BlockedBy(message, kind=Kind.PAYMENT, coperniq_id=link.coperniq_id)


def skip_if_left_elsewhere(ctx: SyncContext, run: SyncRun, payment: QuickBooksPayment) -> None:
    """Raises Skipped if a person has left the money on the invoice where it was before."""
    if run.has_taken(BRING_OVER):
        return
    for link in _counted_elsewhere(ctx, payment, run.allocation_invoice_id):
        if _amount_in_coperniq(ctx, link) > cash_on(payment, link.allocation_invoice_id):
            invoice = number_of_invoice(ctx, link.allocation_invoice_id)
            message = PaymentMessage.LEFT_ELSEWHERE(invoice=invoice)
            logged = SyncLogEntry.objects.filter(
                company=run.company_id,
                quickbooks_id=payment.id,
                cause=message.cause,
                run__allocation_invoice_id=run.allocation_invoice_id,
            )
            raise Skipped(message, [BRING_OVER], silent=logged.exists())


def _is_unsettled(link: RecordLink, payment: QuickBooksPayment) -> bool:
    """Whether nobody has said yet what becomes of the part that is not on its invoice any more."""
    now = cash_on(payment, link.allocation_invoice_id)
    return not link.payment_state.ended and link.quickbooks_payment.amount > now


def _links_elsewhere(ctx: SyncContext, payment_id: str, invoice_id: str) -> QuerySet[RecordLink]:
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(quickbooks_id=payment_id)
    return links.exclude(allocation_invoice_id=invoice_id).order_by("pk")


def _counted_elsewhere(ctx: SyncContext, payment: QuickBooksPayment, invoice_id: str) -> Iterator[RecordLink]:
    """Links of the payment on other invoices that had more of it when they were last the same on both sides."""
    for link in _links_elsewhere(ctx, payment.id, invoice_id):
        if link.coperniq_payment.amount > cash_on(payment, link.allocation_invoice_id):
            yield link


def _amount_in_coperniq(ctx: SyncContext, link: RecordLink) -> int:
    """Cents, 0 if Coperniq does not have the payment any more."""
    try:
        payments = read_coperniq_payments(ctx, link.coperniq_parent_id)
    except RecordMissing:
        return 0
    return sum(row.amount_cents for row in payments if row.id == link.coperniq_id)


def has_moved_on_both_sides(ctx: SyncContext, run: SyncRun, payment_id: str, invoice_id: str) -> bool:
    """Whether people took the payment, or a part of it, off another invoice, in Coperniq as in QuickBooks.

    What is on this invoice on both sides is then the same money, recorded where it was moved to.
    """
    links = list(_links_elsewhere(ctx, payment_id, invoice_id))
    waited = run.cause == Cause.WAITS_FOR_MOVED_PAYMENT
    if not links or not (waited or any(was_taken_away(link) for link in links)):
        return False
    return all(_amount_in_coperniq(ctx, link) <= (link.quickbooks_payment.cash or 0) for link in links)


def was_taken_away(link: RecordLink) -> bool:
    """Whether QuickBooks' payment does not pay the invoice of the link any more, and it is settled what follows."""
    return link.payment_state.ended == PaymentEnd.GONE_IN_QUICKBOOKS
