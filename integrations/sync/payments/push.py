"""Coperniq payment to QuickBooks payment: created once, then updated."""

from __future__ import annotations

from integrations.coperniq.money import CoperniqPayment
from integrations.errors import (
    BlockedBy,
    BooksClosed,
    BusinessRule,
    CannotBeLinked,
    InactiveReference,
    RecordMissing,
    Skipped,
    TooLong,
)
from integrations.messages import Message
from integrations.messages.payments import PaymentMessage
from integrations.models import Action, Kind, RecordLink, SyncRun
from integrations.models.run_querysets import SyncRunQuerySet
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.continuity import find_current_link
from integrations.sync.engine.follow_ups import requeue
from integrations.sync.engine.lookups import forget_lookup, read_preferences
from integrations.sync.engine.plan import Plan, RunResult
from integrations.sync.engine.replan import execute_or_refresh, refresh_nothing
from integrations.sync.invoices.eligibility import refuse_pulled_copy
from integrations.sync.payments.eligibility import refuse_amount, refuse_before_cutoff, refuse_unknown_status
from integrations.sync.payments.external import invalidate_balance
from integrations.sync.payments.mapping import payment_name
from integrations.sync.payments.pull_change import requeue_replaced
from integrations.sync.payments.push_create import plan_payment_create
from integrations.sync.payments.push_detect import cached_coperniq_payments, refuse_off
from integrations.sync.payments.push_update import hold_vanished, plan_payment_update


def plan(ctx: SyncContext, run: SyncRun) -> Plan:
    refuse_off(ctx, run.coperniq_parent_id)
    link = find_current_link(ctx, run)
    invoice = RecordLink.objects.pushed(ctx.connection, Kind.INVOICE, run.coperniq_parent_id)
    payment = _read_coperniq_payment(ctx, run, link)
    if invoice is None:
        raise _missing_invoice(ctx, run)
    if link is not None:
        return plan_payment_update(ctx, run, payment, link, invoice)
    if invoice.invoice_state.needs_repair:
        raise _wait_for_invoice(run, PaymentMessage.WAITS_FOR_INVOICE_LINES())
    refuse_pulled_copy(ctx, run, Kind.PAYMENT, payment.notes)
    run.record_name = payment_name(payment, invoice.display_number)
    if requeue_replaced(ctx, payment, invoice):
        message = PaymentMessage.WAITS_FOR_LINK()
        raise BlockedBy(message, kind=Kind.PAYMENT, coperniq_id=run.coperniq_id)
    refuse_before_cutoff(ctx, run, payment, invoice)
    refuse_unknown_status(ctx, run, payment)
    refuse_amount(payment)
    return plan_payment_create(ctx, run, payment, invoice)


def apply(ctx: SyncContext, run: SyncRun, planned: Plan) -> RunResult:
    """After a refusal that may come from outdated data, that data is read again before the next plan."""

    def refresh_balance(ctx: SyncContext) -> None:
        invalidate_balance(ctx, run.coperniq_parent_id)

    def refresh_balance_and_lookups(ctx: SyncContext) -> None:
        refresh_balance(ctx)
        forget_lookup(ctx)

    remedies = {
        BusinessRule: refresh_balance,
        CannotBeLinked: refresh_balance,
        InactiveReference: refresh_balance_and_lookups,
        BooksClosed: read_preferences,
        TooLong: refresh_nothing,
    }
    return execute_or_refresh(ctx, run, planned, plan, remedies)


def _read_coperniq_payment(ctx: SyncContext, run: SyncRun, link: RecordLink | None) -> CoperniqPayment:
    """Finds it in the invoice's cached list of payments: only a list shows that a payment is missing."""
    try:
        listed = cached_coperniq_payments(ctx, run.coperniq_parent_id)
    except RecordMissing:
        listed = []
    payment = next((row for row in listed if row.id == run.coperniq_id), None)
    if payment is not None:
        return payment
    if link is None:
        raise Skipped(PaymentMessage.PAYMENT_GONE(), silent=True)
    run.record_name = link.coperniq_name
    if requeue(ctx.follow_ups, _held_pulls(ctx, link)):
        raise Skipped(PaymentMessage.ASKED_ALREADY(), silent=True)
    raise hold_vanished(link)


def _held_pulls(ctx: SyncContext, link: RecordLink) -> SyncRunQuerySet:
    """The open question about a change of it in QuickBooks, which people may just have corrected."""
    held = SyncRun.objects.held().filter(connection=ctx.connection, action=Action.PULL_PAYMENT)
    return held.filter(quickbooks_id=link.quickbooks_id, allocation_invoice_id=link.allocation_invoice_id)


def _missing_invoice(ctx: SyncContext, run: SyncRun) -> BlockedBy | Skipped:
    if _is_invoice_left_out(ctx, run):
        return Skipped(PaymentMessage.INVOICE_LEFT_OUT())
    return _wait_for_invoice(run, PaymentMessage.WAITS_FOR_INVOICE())


def _wait_for_invoice(run: SyncRun, message: Message) -> BlockedBy:
    return BlockedBy(message, kind=Kind.INVOICE, coperniq_id=run.coperniq_parent_id)


def _is_invoice_left_out(ctx: SyncContext, run: SyncRun) -> bool:
    """Whether the last run of an invoice that is not linked has ended."""
    runs = SyncRun.objects.filter(
        connection=ctx.connection, action=Action.PUSH_INVOICE, coperniq_id=run.coperniq_parent_id
    )
    latest = runs.order_by("-id").first()
    return latest is not None and not latest.is_open
