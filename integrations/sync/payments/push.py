"""Coperniq payment to QuickBooks payment: created once, then kept in step."""

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
from integrations.models import Action, Kind, RecordLink, SyncRun
from integrations.models.run_querysets import SyncRunQuerySet
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.continuity import find_or_recover_link
from integrations.sync.engine.lookups import forget_lookup, read_preferences
from integrations.sync.engine.plan import Plan, RunResult
from integrations.sync.engine.replan import execute_or_refresh, refresh_nothing
from integrations.sync.invoices.eligibility import refuse_pulled_copy
from integrations.sync.payments.eligibility import refuse_amount, refuse_before_cutoff, refuse_unknown_status
from integrations.sync.payments.external import invalidate_balance
from integrations.sync.payments.mapping import payment_name
from integrations.sync.payments.pull_change import is_replaced_by
from integrations.sync.payments.push_create import plan_payment_create
from integrations.sync.payments.push_detect import cached_coperniq_payments, refuse_off
from integrations.sync.payments.push_update import hold_vanished, plan_payment_update


def plan(ctx: SyncContext, run: SyncRun) -> Plan:
    refuse_off(ctx, run.coperniq_parent_id)
    link = find_or_recover_link(ctx, run)
    invoice = RecordLink.objects.pushed(ctx.connection, Kind.INVOICE, run.coperniq_parent_id)
    payment = _read_coperniq_payment(ctx, run, link)
    if invoice is None:
        raise wait_for_invoice(ctx, run)
    if link is not None:
        return plan_payment_update(ctx, run, payment, link, invoice)
    if invoice.written.get("repair"):
        raise waits_for(run, "Waiting for the lines of its invoice to be put right in QuickBooks.")
    refuse_pulled_copy(ctx, run, Kind.PAYMENT, payment.notes)
    run.record_name = payment_name(payment, invoice.display_number)
    if is_replaced_by(ctx, payment, invoice):
        raise BlockedBy(
            "waits_for_link",
            "It takes the place of a payment that was changed in QuickBooks, and is about to be linked with that.",
            kind=Kind.PAYMENT,
            coperniq_id=run.coperniq_id,
        )
    refuse_before_cutoff(ctx, run, payment, invoice)
    refuse_unknown_status(ctx, run, payment)
    refuse_amount(payment)
    return plan_payment_create(ctx, run, payment, invoice)


def apply(ctx: SyncContext, run: SyncRun, planned: Plan) -> RunResult:
    """Refused for the balance, the customer or something gone: the invoice is perhaps not what we last saw."""

    def doubt_invoice(ctx: SyncContext) -> None:
        invalidate_balance(ctx, run.coperniq_parent_id)

    def doubt_all(ctx: SyncContext) -> None:
        doubt_invoice(ctx)
        forget_lookup(ctx)

    remedies = {
        BusinessRule: doubt_invoice,
        CannotBeLinked: doubt_invoice,
        InactiveReference: doubt_all,
        BooksClosed: read_preferences,
        TooLong: refresh_nothing,
    }
    return execute_or_refresh(ctx, run, planned, plan, remedies)


def _read_coperniq_payment(ctx: SyncContext, run: SyncRun, link: RecordLink | None) -> CoperniqPayment:
    """From the list of the invoice, which every reader of these minutes shares: there is no other way to miss one."""
    try:
        listed = cached_coperniq_payments(ctx, run.coperniq_parent_id)
    except RecordMissing:
        listed = []
    payment = next((row for row in listed if row.id == run.coperniq_id), None)
    if payment is not None:
        return payment
    if link is None:
        raise Skipped(
            "payment_gone", "It is not in Coperniq any more, and never was in QuickBooks.", silent=True
        )
    run.record_name = link.coperniq_name
    if asked_in_quickbooks(ctx, link).requeue():
        raise Skipped("asked_already", "A person has been asked about it already.", silent=True)
    raise hold_vanished(link)


def asked_in_quickbooks(ctx: SyncContext, link: RecordLink) -> SyncRunQuerySet:
    """The card about a change of it in QuickBooks: it is looked at anew, for people may just have put it right."""
    held = SyncRun.objects.held().filter(connection=ctx.connection, action=Action.PULL_PAYMENT)
    return held.filter(quickbooks_id=link.quickbooks_id, quickbooks_part=link.quickbooks_part)


def wait_for_invoice(ctx: SyncContext, run: SyncRun) -> BlockedBy | Skipped:
    if _is_skipped(ctx, run):
        return Skipped(
            "invoice_left_out",
            "Its invoice is not in QuickBooks, so there is nothing to put the payment on. Send the invoice, and its "
            "payments follow.",
        )
    return waits_for(run, "Waiting for its invoice to be in QuickBooks.")


def waits_for(run: SyncRun, sentence: str) -> BlockedBy:
    return BlockedBy("waits_for_invoice", sentence, kind=Kind.INVOICE, coperniq_id=run.coperniq_parent_id)


def _is_skipped(ctx: SyncContext, run: SyncRun) -> bool:
    """The invoice's last run ended without a link, and no other is under way."""
    runs = SyncRun.objects.filter(
        connection=ctx.connection, action="push_invoice", coperniq_id=run.coperniq_parent_id
    )
    latest = runs.order_by("-id").first()
    return latest is not None and not latest.is_open
