"""Coperniq invoice to QuickBooks invoice: created once, then updated, voided or deleted with it."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from zoneinfo import ZoneInfo

from integrations.causes import Cause
from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import (
    BooksClosed,
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
    Kind,
    PushFrom,
    RecordLink,
    SyncRun,
    SyncSettings,
)
from integrations.sync.customers.merge_detection import wait_if_refused
from integrations.sync.engine.choices import CREATE_AGAIN, DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.continuity import find_current_link
from integrations.sync.engine.follow_ups import ForgottenInvoice, UpdatedLink
from integrations.sync.engine.lookups import forget_lookup, read_preferences
from integrations.sync.engine.plan import Plan, RunResult
from integrations.sync.engine.planning import make_plan
from integrations.sync.engine.replan import execute_or_refresh, refresh_nothing
from integrations.sync.invoices.eligibility import (
    SEND_ANYWAY,
    is_before_cutoff,
    refuse_pulled_copy,
    refuse_while_off,
)
from integrations.sync.invoices.mapping import INVOICE_FIELDS, coperniq_invoice_snapshot
from integrations.sync.invoices.merge import open_questions
from integrations.sync.invoices.push_create import plan_invoice_create
from integrations.sync.invoices.push_update import plan_invoice_update
from integrations.sync.invoices.push_void import DECLINED
from integrations.sync.items.push import itemless_lines_policy


def plan(ctx: SyncContext, run: SyncRun) -> Plan:
    settings = ctx.settings
    if not settings.invoice_sync:
        ctx.follow_ups.append(ForgottenInvoice(run.company_id, run.coperniq_id, list_again=True))
    refuse_while_off(settings)
    link = find_current_link(ctx, run)
    invoice = read_invoice(ctx, run, link)
    is_pulled = link is not None and link.match_method == RecordLink.MatchMethod.PULLED
    run.record_name = link.coperniq_name if link is not None and is_pulled else _invoice_name(invoice)
    run.coperniq_account_id = invoice.account_id
    snapshot = coperniq_invoice_snapshot(invoice, ZoneInfo(ctx.connection.company.time_zone))
    ended = end_of_invoice(settings, invoice)
    if link is not None and (ended is not None or not run.has_taken(CREATE_AGAIN)):
        return plan_invoice_update(ctx, run, invoice, link, snapshot, ended)
    if link is None:
        refuse_pulled_copy(ctx, run, Kind.INVOICE, invoice.description)
        _refuse_ineligible(ctx, run, invoice, settings)
    return plan_invoice_create(ctx, run, invoice, snapshot)


def apply(ctx: SyncContext, run: SyncRun, planned: Plan) -> RunResult:
    """The first invoice with unmatched lines shows whether QuickBooks keeps lines without an item.

    Until then only one such invoice is written at a time, and each is planned again with what the one before showed.
    """
    remedies = {
        NumberTaken: refresh_nothing,
        InactiveReference: forget_lookup,
        BooksClosed: read_preferences,
    }
    learning = planned.learns and itemless_lines_policy(ctx) == ItemlessLines.UNKNOWN
    with ctx.locked("learning") if learning else nullcontext():
        if learning:
            planned = make_plan(ctx, run, plan)
        try:
            return execute_or_refresh(ctx, run, planned, plan, remedies)
        except (InactiveReference, InvalidCustomer):
            wait_if_refused(ctx, planned, "CustomerRef.value")
            raise


def _invoice_name(invoice: CoperniqInvoice) -> str:
    return f"Invoice {invoice.number}" if invoice.number else f"Invoice with id {invoice.id}"


def read_invoice(ctx: SyncContext, run: SyncRun, link: RecordLink | None) -> CoperniqInvoice:
    """The Coperniq invoice of a run. Raises NeedsDecision or Skipped if there is none or it cannot be read."""
    try:
        return ctx.coperniq.read_invoice(run.coperniq_id)
    except UnexpectedShape as error:
        run.record_name = link.coperniq_name if link is not None else f"Invoice with id {run.coperniq_id}"
        message = InvoicePushMessage.UNREADABLE(wanted=error.wanted, path=error.path)
        raise NeedsDecision(message, [RETRY, DISCARD]) from error
    except RecordMissing as error:
        if link is None:
            raise Skipped(InvoicePushMessage.GONE(), silent=True) from error
        run.record_name = link.coperniq_name
        _skip_if_asked(ctx, run, link)
        message = InvoicePushMessage.MISSING_IN_COPERNIQ(number=link.display_number)
        raise NeedsDecision(message, [RETRY, DISCARD]) from error


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
    if run.is_wanted:
        return  # a person who answered any question about it wants it sent
    if is_before_cutoff(ctx, invoice.created_at, -ctx.coperniq.clock_behind):
        raise Skipped(InvoicePushMessage.BEFORE_CUT_OFF(invoice=name), [SEND_ANYWAY])
    if settings.push_from == PushFrom.SENT and invoice.status == "DRAFT":
        raise Skipped(InvoicePushMessage.STILL_A_DRAFT(invoice=name), [SEND_ANYWAY])
