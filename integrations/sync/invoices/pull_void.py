"""Plan what becomes of Coperniq's invoice when QuickBooks' was voided or deleted: decline it, or ask a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from integrations.causes import Cause
from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import Choice, NeedsDecision, RecordMissing, Skipped
from integrations.messages.choices import ChoiceLabel
from integrations.messages.invoices_pull import InvoicePullMessage
from integrations.models import Action, OnQuickBooksVoid, Question, RecordLink, RunState, SyncRun, Vendor
from integrations.models.sync_state import InvoiceEnd
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine import responses as engine_responses
from integrations.sync.engine.choices import CREATE_AGAIN, DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import UpdatedLink, requeue
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.engine.responses import QuickBooksRead
from integrations.sync.invoices.mapping import (
    coperniq_invoice_snapshot,
    is_numbered,
    quickbooks_invoice_snapshot,
)
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
    if _was_left(run, current):
        raise Skipped(InvoicePullMessage.STALE_EVENT(), silent=True)
    if link.quickbooks_invoice.voided and not current.is_voided and current.total_cents:
        raise _hold_refilled(link, current)
    if link.invoice_state.ended or link.quickbooks_invoice.voided:
        return plan_refreshed(ctx, link, run, current)
    as_read = quickbooks_as_read(current, quickbooks_invoice_snapshot(current, ctx.settings.memo_field))
    return _plan_decline(
        ctx, run, link, _VOIDED, as_read, asks=ctx.settings.on_quickbooks_void == OnQuickBooksVoid.HOLD
    )


def _was_left(run: SyncRun, current: QuickBooksInvoice) -> bool:
    """Whether a person has left this version as it is: notifications may come twice."""
    earlier = SyncRun.objects.of_record(run).exclude(pk=run.pk).order_by("-id").first()
    if earlier is None or earlier.state != RunState.CANCELLED:
        return False
    return earlier.read_version == current.sync_token


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
    run.record_name, run.amount_cents = link.coperniq_name, link.amount_cents
    if link.invoice_state.ended or link.invoice_state.create_again:
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
    requeue(ctx.follow_ups, open_questions(ctx, run, (*ENDED_CAUSES, Cause.INVOICE_MISSING)))
    invoice = _find_coperniq_invoice(ctx, link)
    if invoice is None or invoice.status == DECLINED:
        return _plan_already_ended(run, link, ended, as_read)
    coperniq_now = coperniq_invoice_snapshot(
        invoice, ZoneInfo(ctx.connection.company.time_zone), numbered=is_numbered(link, invoice)
    )
    if link.open_difference_cents:  # nothing is open there any more, whatever becomes of Coperniq's invoice
        link.open_difference_cents = 0
        ctx.follow_ups.append(UpdatedLink.of(link, "open_difference_cents"))
    if run.has_taken(CREATE_AGAIN):
        return _plan_create_again(ctx, run, link, as_read)
    _refuse_paid_in_coperniq(link, invoice, ended)
    edited = is_edited_in_coperniq(link, coperniq_now)
    if (asks or edited) and not run.has_taken(_decline_choice(ended)):
        raise _ask_to_decline(link, invoice, ended, edited=edited)
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


def _plan_create_again(ctx: SyncContext, run: SyncRun, link: RecordLink, as_read: QuickBooksRead) -> Plan:
    """Leave it to the push, which also asks what may have to be asked about the new one."""
    return Plan.of(
        link,
        run.record_name,
        quickbooks_version=as_read.version,
        quickbooks_snapshot=as_read.snapshot,
        state=replace(link.invoice_state, create_again=True),
        sentence=InvoicePullMessage.IS_CREATED_AGAIN(invoice=link.display_number),
        asks=(SyncRun.of(ctx.connection, Action.PUSH_INVOICE, link),),
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
    is_deleted = ended == _DELETED
    message = InvoicePullMessage.DELETED_BUT_PAID if is_deleted else InvoicePullMessage.ENDED_BUT_PAID
    raise NeedsDecision(
        message(
            invoice=_description_of(link),
            ended=ended,
            total=money(invoice.total_cents),
            paid=money(invoice.paid_cents),
        ),
        [*([CREATE_AGAIN] if is_deleted else []), RETRY, DISCARD],
    )


def _description_of(link: RecordLink) -> str:
    """Its number, and its total and date when QuickBooks last had them."""
    before = link.quickbooks_invoice
    dated = f", dated {date.fromisoformat(before.on):%B %-d, %Y}" if before.on else ""
    return f"{link.display_number} (${money(before.total or 0):,}{dated})"


def _decline_choice(ended: InvoiceEnd) -> Choice:
    return Choice("decline_in_coperniq", ChoiceLabel.DECLINE_IN_COPERNIQ(), _QUESTIONS[ended])


def _ask_to_decline(
    link: RecordLink, invoice: CoperniqInvoice, ended: InvoiceEnd, *, edited: bool
) -> NeedsDecision:
    message = _ASK_TO_DECLINE[ended, edited](invoice=_description_of(link), total=money(invoice.total_cents))
    again = [CREATE_AGAIN] if ended == _DELETED else []
    return NeedsDecision(message, [_decline_choice(ended), *again, RETRY, DISCARD])
