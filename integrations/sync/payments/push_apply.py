"""Plan to apply money that QuickBooks has unapplied to the invoice that Coperniq records it on, and to link the two."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqPayment
from integrations.errors import Choice, NeedsDecision
from integrations.messages import Message
from integrations.messages.payments import PaymentMessage
from integrations.models import RecordLink, RemoteWrite, SyncRun
from integrations.models.sync_state import PaymentState
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.invoices.closed_period import refuse_closed
from integrations.sync.payments.candidates import PaymentCandidate, Place, family_of_invoice
from integrations.sync.payments.duplicates import RECORD_BOTH, choice_gone, link_choice, read_unlinked_payment
from integrations.sync.payments.external import balance_of, refresh_invoice
from integrations.sync.payments.mapping import (
    coperniq_payment_snapshot,
    payment_line,
    without_line_extension,
)


def plan_apply(
    ctx: SyncContext, run: SyncRun, payment: CoperniqPayment, invoice: RecordLink, on: date, payment_id: str
) -> Plan:
    """Applies as much of it as Coperniq has, as is not applied yet, and as is open on the invoice.

    Raises NeedsDecision if none of it can be applied any more.
    """
    current = read_unlinked_payment(ctx, invoice, payment_id)
    if current is None or current.unapplied_cents <= 0:
        raise choice_gone(ctx, payment, invoice, on)
    return _plan_applied(ctx, run, payment, invoice, current, current.unapplied_cents)


def plan_move(
    ctx: SyncContext,
    run: SyncRun,
    payment: CoperniqPayment,
    invoice: RecordLink,
    on: date,
    removed: RecordLink,
) -> Plan:
    """Applies to the invoice what the payment pays of the one that it was removed from in Coperniq."""
    current = read_unlinked_payment(ctx, invoice, removed.quickbooks_id)
    freed = current.applied_to(removed.allocation_invoice_id) if current is not None else 0
    if current is None or not freed:
        raise choice_gone(ctx, payment, invoice, on)
    available = current.unapplied_cents + freed
    planned = _plan_applied(
        ctx, run, payment, invoice, current, available, former_id=removed.allocation_invoice_id
    )
    return replace(planned, match_method=removed.match_method)


def _plan_applied(
    ctx: SyncContext,
    run: SyncRun,
    payment: CoperniqPayment,
    invoice: RecordLink,
    current: QuickBooksPayment,
    available: int,
    *,
    former_id: str = "",
) -> Plan:
    """`available` are the cents that can be applied, of which those on the invoice `former_id` are taken off it."""
    if current.is_deposited:
        raise NeedsDecision(
            PaymentMessage.APPLY_DEPOSITED(amount=money(current.total_cents), invoice=invoice.display_number),
            [_link_choice_for(current), RECORD_BOTH, RETRY, DISCARD],
        )
    refuse_closed(ctx, current.on)
    refresh_invoice(ctx, invoice)
    wanted = min(payment.amount_cents, available)
    applied = min(wanted, balance_of(invoice))
    if not applied:
        raise NeedsDecision(
            PaymentMessage.NOTHING_OPEN(invoice=invoice.display_number),
            [_link_choice_for(current), RECORD_BOTH, RETRY, DISCARD],
        )
    return _plan_write(ctx, run, payment, invoice, current, applied, available, former_id)


def _link_choice_for(current: QuickBooksPayment) -> Choice:
    return link_choice(PaymentCandidate(current.id, current.on, current.reference, place=Place.UNAPPLIED))


def _plan_write(
    ctx: SyncContext,
    run: SyncRun,
    payment: CoperniqPayment,
    invoice: RecordLink,
    current: QuickBooksPayment,
    applied: int,
    available: int,
    former_id: str,
) -> Plan:
    invoice_id = invoice.quickbooks_id
    changed = (("Invoice", invoice_id), ("Invoice", former_id))
    others = [line for line in current.lines if (line.txn_type, line.txn_id) not in changed]
    lines = [without_line_extension(line.raw) for line in others]
    values = {
        "TotalAmt": money(current.total_cents),
        "TxnDate": current.on.isoformat(),
        "CustomerRef.value": _customer_of(ctx, run, invoice, current),
        "Line": [payment_line(invoice_id, current.applied_to(invoice_id) + applied), *lines],
    }
    left = available - applied
    off = current.applied_to(former_id) if former_id else 0
    taken = (Change("Applied to the former invoice", f"${money(off):,}", "$0.00"),) if off else ()
    changes = (
        *taken,
        Change(f"Applied to invoice {invoice.display_number}", "", f"${money(applied):,}"),
        Change("Not applied", f"${money(current.unapplied_cents):,}", f"${money(left):,}"),
    )
    return Plan(
        record_name=run.record_name,
        match_method=RecordLink.MatchMethod.CHOSEN,
        write=PlannedWrite("update", "Payment", values, changes, current.id, current.sync_token),
        coperniq_snapshot=coperniq_payment_snapshot(
            payment, ZoneInfo(ctx.connection.company.time_zone)
        ).as_json(),
        allocation_invoice_id=invoice_id,
        number=payment.reference[:40],
        amount_cents=payment.amount_cents,
        warnings=_warnings(payment, invoice, available, applied),
        state=PaymentState(is_share=bool(others) or current.total_cents != payment.amount_cents),
    )


def _customer_of(ctx: SyncContext, run: SyncRun, invoice: RecordLink, current: QuickBooksPayment) -> str:
    """A customer pays for its jobs, unless QuickBooks has refused that; else the money moves to the invoice's own."""
    family = family_of_invoice(ctx, invoice)
    refused = RemoteWrite.objects.filter(run=run, state=RemoteWrite.State.REFUSED, quickbooks_id=current.id)
    is_above = current.customer_id in family.parent_ids and not refused.exists()
    return current.customer_id if is_above else family.invoice_customer


def _warnings(
    payment: CoperniqPayment, invoice: RecordLink, available: int, applied: int
) -> tuple[Message, ...]:
    wanted = min(payment.amount_cents, available)
    warnings = unapplied_warning(invoice, wanted, applied)
    if wanted < payment.amount_cents:
        warnings += (
            PaymentMessage.APPLIED_LESS(
                applied=money(wanted),
                amount=money(payment.amount_cents),
                missing=money(payment.amount_cents - wanted),
            ),
        )
    return warnings


def unapplied_warning(invoice: RecordLink, total_cents: int, applied_cents: int) -> tuple[Message, ...]:
    if total_cents == applied_cents:
        return ()
    return (
        PaymentMessage.PARTLY_UNAPPLIED(
            applied=money(applied_cents),
            invoice=invoice.display_number,
            unapplied=money(total_cents - applied_cents),
        ),
    )
