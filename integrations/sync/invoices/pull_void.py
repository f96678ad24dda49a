"""Plan what becomes of Coperniq's invoice when QuickBooks' was voided or deleted: decline it, or ask a person."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import Choice, NeedsDecision, RecordMissing, Skipped
from integrations.messages.invoices_pull import InvoicePullMessage
from integrations.models import OnQuickBooksVoid, Question, RecordLink, SyncRun, Vendor
from integrations.models.sync_state import InvoiceEnd
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine import responses as engine_responses
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import requeue
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.engine.responses import QuickBooksRead
from integrations.sync.invoices.mapping import coperniq_invoice_snapshot, quickbooks_invoice_snapshot
from integrations.sync.invoices.merge import open_questions, plan_refreshed, quickbooks_as_read
from integrations.sync.invoices.push_update import ENDED_CAUSES, is_edited_in_coperniq
from integrations.sync.invoices.push_void import DECLINED
from integrations.sync.invoices.write_data import PulledInvoiceData

_VOIDED, _DELETED = InvoiceEnd.VOIDED, InvoiceEnd.DELETED
_ASK_TO_DECLINE = {
    (_VOIDED, False): InvoicePullMessage.VOIDED,
    (_VOIDED, True): InvoicePullMessage.VOIDED_AND_EDITED,
    (_DELETED, False): InvoicePullMessage.DELETED,
    (_DELETED, True): InvoicePullMessage.DELETED_AND_EDITED,
}
_QUESTIONS = {_VOIDED: Question.VOIDED_IN_QUICKBOOKS, _DELETED: Question.DELETED_IN_QUICKBOOKS}


def plan_voided(ctx: SyncContext, run: SyncRun, link: RecordLink, current: QuickBooksInvoice) -> Plan:
    if link.quickbooks_invoice.voided and not current.is_voided and current.total_cents:
        raise _hold_refilled(link, current)
    if link.invoice_state.ended or link.quickbooks_invoice.voided:
        return plan_refreshed(ctx, link, run, current)
    as_read = quickbooks_as_read(current, quickbooks_invoice_snapshot(current, ctx.settings.memo_field))
    return _plan_decline(
        ctx, run, link, _VOIDED, as_read, asks=ctx.settings.on_quickbooks_void == OnQuickBooksVoid.HOLD
    )


def _hold_refilled(link: RecordLink, current: QuickBooksInvoice) -> NeedsDecision:
    """A person has added lines to the voided invoice. Coperniq's is declined, so its total would be missing there."""
    return NeedsDecision(
        InvoicePullMessage.FILLED_AGAIN(invoice=link.display_number, total=money(current.total_cents)),
        [RETRY, DISCARD],
    )


def plan_deleted(ctx: SyncContext, run: SyncRun, link: RecordLink | None) -> Plan:
    """Always ask a person before declining Coperniq's invoice."""
    if link is None:
        raise Skipped(InvoicePullMessage.DELETED_BEFORE_PULL(), silent=True)
    run.record_name = link.coperniq_name
    if link.invoice_state.ended:
        raise Skipped(InvoicePullMessage.DELETION_KNOWN(), silent=True)
    snapshot = replace(link.quickbooks_invoice, deleted=True)
    as_read = QuickBooksRead(link.quickbooks_name, link.quickbooks_version, snapshot.as_json())
    return _plan_decline(ctx, run, link, _DELETED, as_read, asks=True)


def _plan_decline(
    ctx: SyncContext,
    run: SyncRun,
    link: RecordLink,
    ended: InvoiceEnd,
    as_read: QuickBooksRead,
    *,
    asks: bool,
) -> Plan:
    invoice = _find_coperniq_invoice(ctx, link)
    if invoice is None or invoice.status == DECLINED:
        return _plan_already_ended(run, link, ended, as_read)
    coperniq_now = coperniq_invoice_snapshot(invoice, ZoneInfo(ctx.connection.company.time_zone))
    requeue(ctx.follow_ups, open_questions(ctx, run, ENDED_CAUSES))
    _refuse_paid_in_coperniq(link, invoice, ended)
    edited = is_edited_in_coperniq(link, coperniq_now)
    if (asks or edited) and not run.has_taken(_decline_choice(ended)):
        raise _ask_to_decline(link, ended, edited=edited)
    return Plan(
        record_name=run.record_name,
        match_method=link.match_method,
        quickbooks_id=link.quickbooks_id,
        write=PlannedWrite(
            "update",
            engine_responses.COPERNIQ_INVOICE,
            {"status": DECLINED},
            (Change("Status", invoice.status, DECLINED),),
            vendor=Vendor.COPERNIQ,
            coperniq_id=invoice.id,
        ),
        coperniq_snapshot=coperniq_now.as_json(),
        number=link.number,
        amount_cents=coperniq_now.total,
        state=replace(link.invoice_state, ended=ended),
        response_data=PulledInvoiceData(as_read, fields=("status",), ended=ended),
    )


def _find_coperniq_invoice(ctx: SyncContext, link: RecordLink) -> CoperniqInvoice | None:
    try:
        return ctx.coperniq.read_invoice(link.coperniq_id)
    except RecordMissing:
        return None


def _plan_already_ended(run: SyncRun, link: RecordLink, ended: InvoiceEnd, as_read: QuickBooksRead) -> Plan:
    return Plan.of(
        link,
        run.record_name,
        quickbooks_version=as_read.version,
        quickbooks_snapshot=as_read.snapshot,
        state=replace(link.invoice_state, ended=ended),
        sentence=InvoicePullMessage.ALREADY_ENDED(invoice=link.display_number, ended=ended),
    )


def _refuse_paid_in_coperniq(link: RecordLink, invoice: CoperniqInvoice, ended: InvoiceEnd) -> None:
    """Payments must not stay on a declined invoice."""
    if not invoice.paid_cents:
        return
    raise NeedsDecision(
        InvoicePullMessage.ENDED_BUT_PAID(
            invoice=link.display_number, ended=ended, paid=money(invoice.paid_cents)
        ),
        [RETRY, DISCARD],
    )


def _decline_choice(ended: InvoiceEnd) -> Choice:
    return Choice("decline_in_coperniq", "Decline it in Coperniq too", _QUESTIONS[ended])


def _ask_to_decline(link: RecordLink, ended: InvoiceEnd, *, edited: bool) -> NeedsDecision:
    message = _ASK_TO_DECLINE[ended, edited](invoice=link.display_number)
    return NeedsDecision(message, [_decline_choice(ended), RETRY, DISCARD])
