"""Coperniq invoice to QuickBooks invoice: created once, then updated, voided or deleted with it."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from zoneinfo import ZoneInfo

from integrations.causes import Cause
from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import (
    BadEmail,
    BooksClosed,
    BusinessRule,
    InactiveReference,
    InvalidCustomer,
    NeedsDecision,
    NumberTaken,
    RecordMissing,
    Skipped,
    UnexpectedShape,
)
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import (
    ItemlessLines,
    Numbers,
    PushFrom,
    RecordLink,
    SyncRun,
    SyncSettings,
)
from integrations.sync.customers.merge_detection import wait_if_refused
from integrations.sync.engine.choices import CREATE_AGAIN, DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.continuity import find_current_link
from integrations.sync.engine.follow_ups import UpdatedLink, requeue
from integrations.sync.engine.lookups import forget_lookup, read_preferences
from integrations.sync.engine.plan import Plan, RunResult
from integrations.sync.engine.planning import make_plan
from integrations.sync.engine.replan import execute_or_refresh, refresh_nothing
from integrations.sync.invoices.eligibility import (
    SEND_ANYWAY,
    is_chosen,
    is_wanted,
    wait_while_off,
    was_made_while_off,
)
from integrations.sync.invoices.itemless import execute_with_items
from integrations.sync.invoices.mapping import INVOICE_FIELDS, coperniq_invoice_snapshot, is_numbered
from integrations.sync.invoices.merge import open_questions, refuse_below_payments
from integrations.sync.invoices.pulled_copies import refuse_pulled_copy
from integrations.sync.invoices.push_create import plan_invoice_create
from integrations.sync.invoices.push_update import PULL_ENDED_CAUSES, plan_invoice_update
from integrations.sync.invoices.push_void import DECLINED, plan_missing_invoice
from integrations.sync.invoices.same_bill import ReleasedPulls
from integrations.sync.invoices.typed_again import ask_again
from integrations.sync.items.push import itemless_lines_policy


def plan(ctx: SyncContext, run: SyncRun) -> Plan:
    try:
        return _plan_record(ctx, run)
    except Skipped:
        ctx.follow_ups.append(ReleasedPulls(ctx.connection.pk, run.coperniq_id))
        raise


def _plan_record(ctx: SyncContext, run: SyncRun) -> Plan:
    settings = ctx.settings
    wait_while_off(settings)
    link = find_current_link(ctx, run)
    invoice = read_invoice(ctx, run, link)
    if invoice is None:
        assert link is not None
        _ask_again(ctx, run, link)
        return plan_missing_invoice(ctx, run, link)
    is_pulled = link is not None and link.match_method == RecordLink.MatchMethod.PULLED
    run.record_name = link.coperniq_name if link is not None and is_pulled else _invoice_name(invoice)
    run.coperniq_account_id = invoice.account_id
    run.amount_cents = invoice.total_cents
    snapshot = coperniq_invoice_snapshot(
        invoice, ZoneInfo(ctx.connection.company.time_zone), numbered=is_numbered(link, invoice)
    )
    ended = end_of_invoice(settings, invoice)
    wants_another = run.has_taken(CREATE_AGAIN) or (link is not None and link.invoice_state.create_again)
    if link is not None and (ended is not None or not wants_another):
        if ended is not None or run.cause or snapshot != link.coperniq_invoice:
            _ask_again(ctx, run, link)
        return plan_invoice_update(ctx, run, invoice, link, snapshot, ended)
    if link is None:
        refuse_pulled_copy(ctx, run, invoice)
        _refuse_ineligible(ctx, run, invoice, settings)
    number = link.number if link is not None and is_pulled else ""
    return plan_invoice_create(ctx, run, invoice, snapshot, number or _number_of(settings, invoice))


def _ask_again(ctx: SyncContext, run: SyncRun, link: RecordLink) -> None:
    """Plan again what is asked about an end in QuickBooks, and about the same bill: Coperniq's invoice has changed."""
    ask_again(ctx, run, link.coperniq_account_id)
    requeue(ctx.follow_ups, open_questions(ctx, run, PULL_ENDED_CAUSES))


def apply(ctx: SyncContext, run: SyncRun, planned: Plan) -> RunResult:
    """The first invoice with unmatched lines shows whether QuickBooks keeps lines without an item.

    Until then only one such invoice is written at a time, and each is planned again with what the one before showed.
    """
    remedies = {
        NumberTaken: refresh_nothing,
        InactiveReference: forget_lookup,
        BooksClosed: read_preferences,
        BadEmail: refresh_nothing,
    }
    learning = planned.learns and itemless_lines_policy(ctx) == ItemlessLines.UNKNOWN
    with ctx.locked("learning") if learning else nullcontext():
        if learning:
            planned = make_plan(ctx, run, plan)
        try:
            return execute_with_items(
                ctx, run, planned, plan, lambda each: execute_or_refresh(ctx, run, each, plan, remedies)
            )
        except BusinessRule as error:
            refuse_below_payments(planned, error)
            raise
        except (InactiveReference, InvalidCustomer):
            wait_if_refused(ctx, planned, "CustomerRef.value")
            raise


def _number_of(settings: SyncSettings, invoice: CoperniqInvoice) -> str:
    """The number that it is sent with, "" if QuickBooks numbers."""
    return "" if settings.numbers == Numbers.QUICKBOOKS else invoice.number or invoice.id


def _invoice_name(invoice: CoperniqInvoice) -> str:
    return f"Invoice {invoice.number}" if invoice.number else f"Invoice with id {invoice.id}"


def read_invoice(ctx: SyncContext, run: SyncRun, link: RecordLink | None) -> CoperniqInvoice | None:
    """The Coperniq invoice of a run, None if it is linked and missing. Raises NeedsDecision if it cannot be read.

    Raises Skipped for one that is missing if it is not linked, or if a person is asked about it already.
    """
    try:
        return ctx.coperniq.read_invoice(run.coperniq_id)
    except UnexpectedShape as error:
        run.record_name = link.coperniq_name if link is not None else f"Invoice with id {run.coperniq_id}"
        message = InvoicePushMessage.UNREADABLE(wanted=error.wanted, path=error.path)
        raise NeedsDecision(message, [RETRY, DISCARD]) from error
    except RecordMissing as error:
        if link is None:
            raise Skipped(InvoicePushMessage.GONE(), silent=True) from error
        run.record_name, run.amount_cents = link.coperniq_name, link.amount_cents
        _skip_if_asked(ctx, run, link)
        return None


def _skip_if_asked(ctx: SyncContext, run: SyncRun, link: RecordLink) -> None:
    """Raises Skipped if the run of the other direction already asks: one answer continues both directions."""
    if not open_questions(ctx, run, (Cause.INVOICE_MISSING,)).exists():
        return
    link.invoice_state = replace(link.invoice_state, unsettled=INVOICE_FIELDS)
    ctx.follow_ups.append(UpdatedLink.of(link, "sync_state"))
    raise Skipped(InvoicePushMessage.ASKED_ALREADY(), silent=True)


def end_of_invoice(settings: SyncSettings, invoice: CoperniqInvoice) -> str | None:
    """What to do with the QuickBooks invoice; None while Coperniq's is in use."""
    if invoice.status == DECLINED:
        return settings.on_declined
    return settings.on_archived if invoice.is_archived else None


def _refuse_ineligible(
    ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice, settings: SyncSettings
) -> None:
    """Raises Skipped for an invoice that is not to be created in QuickBooks."""
    name = _invoice_name(invoice)
    if invoice.status == DECLINED or invoice.is_archived:
        state = "declined" if invoice.status == DECLINED else "archived"
        raise Skipped(InvoicePushMessage.ENDED_BEFORE_PUSH(invoice=name, state=state))
    reason = None
    if was_made_while_off(ctx, invoice.created_at, -ctx.coperniq.clock_behind):
        reason = InvoicePushMessage.MADE_WHILE_OFF(invoice=name)
    elif settings.push_from == PushFrom.SENT and invoice.status == "DRAFT":
        reason = InvoicePushMessage.STILL_A_DRAFT(invoice=name)
    if reason is not None and not (is_chosen(run) or is_wanted(run, SEND_ANYWAY)):
        raise Skipped(reason, [SEND_ANYWAY])
