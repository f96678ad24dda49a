"""Coperniq payment to QuickBooks payment: created once, then updated."""

from __future__ import annotations

from zoneinfo import ZoneInfo

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
from integrations.models import Action, Kind, Question, RecordLink, RunState, SyncRun
from integrations.sync.engine.choices import RECORD_AGAIN
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.continuity import find_current_link
from integrations.sync.engine.follow_ups import requeue
from integrations.sync.engine.lookups import forget_lookup, read_preferences
from integrations.sync.engine.plan import Plan, RunResult
from integrations.sync.engine.replan import execute_or_refresh, refresh_nothing
from integrations.sync.invoices.eligibility import wait_while_off
from integrations.sync.payments.duplicates import refuse_same_payment
from integrations.sync.payments.eligibility import refuse_amount, refuse_before_cutoff, refuse_unknown_status
from integrations.sync.payments.entered_again import find_removed, plan_entered_again
from integrations.sync.payments.external import invalidate_balance
from integrations.sync.payments.mapping import paid_on, payment_name
from integrations.sync.payments.pull_change import requeue_replaced
from integrations.sync.payments.pulled_payments import refuse_pulled_payment
from integrations.sync.payments.push_create import plan_payment_create
from integrations.sync.payments.push_detect import cached_coperniq_payments
from integrations.sync.payments.push_update import held_pulls, plan_payment_update, read_standing_payment
from integrations.sync.payments.push_void import plan_vanished_payment


def plan(ctx: SyncContext, run: SyncRun) -> Plan:
    wait_while_off(ctx.settings)
    link = find_current_link(ctx, run)
    invoice = RecordLink.objects.pushed(ctx.connection, Kind.INVOICE, run.coperniq_parent_id)
    payment = _read_coperniq_payment(ctx, run, link)
    if payment is None:
        assert link is not None
        return plan_vanished_payment(ctx, run, link)
    if invoice is None:
        raise _missing_invoice(ctx, run)
    if link is not None and not _is_recorded_again(ctx, run, link):
        return plan_payment_update(ctx, run, payment, link, invoice)
    if invoice.invoice_state.needs_repair:
        raise _wait_for_invoice(run, PaymentMessage.WAITS_FOR_INVOICE_LINES())
    run.record_name = payment_name(payment, invoice.display_number)
    if link is not None:
        refuse_amount(payment)
        return plan_payment_create(ctx, run, payment, invoice)
    if requeue_replaced(ctx, payment, invoice):
        message = PaymentMessage.WAITS_FOR_LINK()
        raise BlockedBy(message, kind=Kind.PAYMENT, coperniq_id=run.coperniq_id)
    day = paid_on(payment, ZoneInfo(ctx.connection.company.time_zone))
    removed = find_removed(ctx, payment, invoice, day) if day is not None else None
    if removed is not None and removed.coperniq_parent_id == invoice.coperniq_id:
        return plan_entered_again(ctx, run, payment, removed, invoice)
    source = refuse_pulled_payment(ctx, run, payment, invoice)
    if source is not None and not run.answer_to(Question.SAME_PAYMENT).key:
        refuse_same_payment(ctx, invoice, source)
    refuse_before_cutoff(ctx, run, payment, invoice)
    refuse_unknown_status(ctx, run, payment)
    refuse_amount(payment)
    return plan_payment_create(ctx, run, payment, invoice, removed)


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


def _read_coperniq_payment(ctx: SyncContext, run: SyncRun, link: RecordLink | None) -> CoperniqPayment | None:
    """Finds it in the invoice's cached list of payments: only a list shows that a linked payment is missing."""
    try:
        listed = cached_coperniq_payments(ctx, run.coperniq_parent_id)
    except RecordMissing:
        listed = []
    payment = next((row for row in listed if row.id == run.coperniq_id), None)
    if payment is not None:
        run.amount_cents = payment.amount_cents
        return payment
    if link is None:
        waiting = SyncRun.objects.filter(state=RunState.WAITING, connection=ctx.connection)
        requeue(ctx.follow_ups, waiting.filter(waits_for_kind=Kind.PAYMENT, waits_for_id=run.coperniq_id))
        raise Skipped(PaymentMessage.PAYMENT_GONE(), silent=not run.cause)
    run.record_name, run.amount_cents = link.coperniq_name, link.amount_cents
    if requeue(ctx.follow_ups, held_pulls(ctx, link)):
        raise Skipped(PaymentMessage.ASKED_ALREADY(), silent=True)
    return None


def _is_recorded_again(ctx: SyncContext, run: SyncRun, link: RecordLink) -> bool:
    """Whether a person wants it in QuickBooks again, and it has not come back there."""
    wants_another = link.payment_state.create_again or run.has_taken(RECORD_AGAIN)
    return wants_another and read_standing_payment(ctx, link) is None


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
