"""A linked payment that Coperniq does not have any more: a person decides whether it is voided in QuickBooks too."""

from __future__ import annotations

from dataclasses import replace

from integrations.causes import Cause
from integrations.errors import BlockedBy, NeedsDecision, RecordMissing
from integrations.messages.payments import PaymentMessage
from integrations.models import Action, Kind, RecordLink, SyncRun
from integrations.models.sync_state import PaymentEnd, PaymentState
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.invoices.closed_period import refuse_closed
from integrations.sync.invoices.push_void import VOID_IN_QUICKBOOKS
from integrations.sync.payments.mapping import (
    is_recorded_by_people,
    pays_elsewhere,
    quickbooks_payment_snapshot,
)
from integrations.sync.payments.moved_money import unapplied_warning_of


def plan_vanished_payment(ctx: SyncContext, run: SyncRun, link: RecordLink) -> Plan:
    """Raises NeedsDecision unless QuickBooks' payment has ended as well.

    Only what the portal recorded for this payment alone, and what is in no deposit, is offered to be voided.
    """
    _wait_for_move(ctx, link)
    ended = replace(link.payment_state, ended=PaymentEnd.GONE_IN_QUICKBOOKS)
    try:
        current = ctx.quickbooks.read_payment(link.quickbooks_id)
    except RecordMissing:
        current = None
    if current is None or current.is_voided or _is_off_invoice(link, current):
        return _plan_gone_on_both_sides(run, link, current, ended)
    may_void = _is_all_of_it(link, current) and not current.is_deposited
    if not (may_void and run.has_taken(VOID_IN_QUICKBOOKS)):
        message = PaymentMessage.VANISHED(
            payment=link.coperniq_name, on=current.on, total=money(current.total_cents)
        )
        raise NeedsDecision(message, [*([VOID_IN_QUICKBOOKS] if may_void else []), RETRY, DISCARD])
    refuse_closed(ctx, current.on)
    changes = (Change("TotalAmt", f"${money(current.total_cents):,}", "$0.00"),)
    return Plan.of(
        link,
        run.record_name,
        write=PlannedWrite("void", "Payment", {}, changes, current.id, current.sync_token),
        state=ended,
    )


def _plan_gone_on_both_sides(
    run: SyncRun, link: RecordLink, current: QuickBooksPayment | None, ended: PaymentState
) -> Plan:
    """What stands in QuickBooks is none of this invoice's money any more."""
    if current is None or current.is_voided:
        message = PaymentMessage.SAME_ON_BOTH_SIDES(payment=run.record_name)
        return Plan.of(link, run.record_name, state=ended, sentence=message, silent=not run.cause)
    warnings = () if link.payment_state.ended else unapplied_warning_of(current)
    return Plan.of(
        link,
        run.record_name,
        quickbooks_version=current.sync_token,
        quickbooks_snapshot=quickbooks_payment_snapshot(
            current, link.allocation_invoice_id, share=True
        ).as_json(),
        state=replace(ended, is_share=True),
        sentence=PaymentMessage.OFF_INVOICE_ON_BOTH_SIDES(payment=run.record_name),
        warnings=warnings,
        silent=not (run.cause or warnings),
    )


def _wait_for_move(ctx: SyncContext, link: RecordLink) -> None:
    """Raises BlockedBy while a person is asked whether it is the payment that was entered on another invoice."""
    held = SyncRun.objects.held().filter(
        connection=ctx.connection, action=Action.PUSH_PAYMENT, cause=Cause.PROBABLY_SAME_PAYMENT
    )
    for run in held.filter(coperniq_account_id=link.coperniq_account_id):
        if f"move:{link.quickbooks_id}" in [choice["key"] for choice in run.choices]:
            message = PaymentMessage.WAITS_FOR_SAME_PAYMENT()
            raise BlockedBy(message, kind=Kind.PAYMENT, coperniq_id=run.coperniq_id)


def _is_off_invoice(link: RecordLink, current: QuickBooksPayment) -> bool:
    """Whether people have taken it off its invoice in QuickBooks as well."""
    was_on_it = bool(link.payment_state.ended or link.quickbooks_payment.applied)
    return was_on_it and not current.applied_to(link.allocation_invoice_id)


def _is_all_of_it(link: RecordLink, current: QuickBooksPayment) -> bool:
    """Whether the payment is the portal's record of Coperniq's payment, and nothing else."""
    is_own = not is_recorded_by_people(link) and not pays_elsewhere(current, link.allocation_invoice_id)
    return is_own and current.total_cents == link.coperniq_payment.amount
