"""A linked invoice that was voided or deleted in QuickBooks: what becomes of Coperniq's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import Choice, NeedsDecision, RecordMissing, Skipped
from integrations.messages.invoices_pull import InvoicePullMessage
from integrations.models import OnQuickBooksVoid, Question, RecordLink, SyncRun, Vendor
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine import responses as engine_responses
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.invoices.mapping import coperniq_invoice_snapshot, quickbooks_invoice_snapshot
from integrations.sync.invoices.merge import open_questions, plan_refreshed, quickbooks_as_read
from integrations.sync.invoices.push_update import ENDED_CAUSES, is_edited_in_coperniq
from integrations.sync.invoices.push_void import DECLINED

_VOIDED, _DELETED = "voided", "deleted"
_ASK_TO_DECLINE = {
    (_VOIDED, False): InvoicePullMessage.VOIDED,
    (_VOIDED, True): InvoicePullMessage.VOIDED_AND_EDITED,
    (_DELETED, False): InvoicePullMessage.DELETED,
    (_DELETED, True): InvoicePullMessage.DELETED_AND_EDITED,
}
_QUESTIONS = {_VOIDED: Question.VOIDED_IN_QUICKBOOKS, _DELETED: Question.DELETED_IN_QUICKBOOKS}


def plan_voided(ctx: SyncContext, run: SyncRun, link: RecordLink, current: QuickBooksInvoice) -> Plan:
    if link.quickbooks_snapshot.get("voided") and not current.is_voided and current.total_cents:
        raise _hold_refilled(link, current)
    if link.written.get("ended") or link.quickbooks_snapshot.get("voided"):
        return plan_refreshed(ctx, link, run, current)
    image = quickbooks_invoice_snapshot(current, ctx.settings.memo_field)
    told = quickbooks_as_read(current, image)
    return _plan_decline(
        ctx, run, link, _VOIDED, told, asks=ctx.settings.on_quickbooks_void == OnQuickBooksVoid.HOLD
    )


def _hold_refilled(link: RecordLink, current: QuickBooksInvoice) -> NeedsDecision:
    """People have given it lines once more. Coperniq's has come to its end, and nothing would tell of the money."""
    return NeedsDecision.of(
        InvoicePullMessage.FILLED_AGAIN(invoice=link.display_number, total=money(current.total_cents)),
        [RETRY, DISCARD],
    )


def plan_deleted(ctx: SyncContext, run: SyncRun, link: RecordLink | None) -> Plan:
    """Nothing is ever ended in Coperniq for it without a person."""
    if link is None:
        raise Skipped.of(InvoicePullMessage.DELETED_BEFORE_PULL(), silent=True)
    run.record_name = link.coperniq_name
    if link.written.get("ended"):
        raise Skipped.of(InvoicePullMessage.DELETION_KNOWN(), silent=True)
    told = {
        "name": link.quickbooks_name,
        "version": link.quickbooks_version,
        "at": "",
        "image": {**link.quickbooks_snapshot, "deleted": True},
    }
    return _plan_decline(ctx, run, link, _DELETED, told, asks=True)


def _plan_decline(
    ctx: SyncContext, run: SyncRun, link: RecordLink, because: str, told: Mapping[str, Any], *, asks: bool
) -> Plan:
    invoice = read_coperniq_invoice(ctx, link)
    if invoice is None or invoice.status == DECLINED:
        return _plan_known_end(run, link, because, told)
    image = coperniq_invoice_snapshot(invoice, ZoneInfo(ctx.connection.company.time_zone))
    open_questions(ctx, run, ENDED_CAUSES).requeue()
    _refuse_paid_in_coperniq(run, link, invoice, because)
    edited = is_edited_in_coperniq(link, image)
    if (asks or edited) and not run.has_taken(decline(because)):
        raise _ask_to_decline(link, because, edited=edited)
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
        coperniq_snapshot=image,
        number=link.number,
        amount_cents=image["total"],
        written={**link.written, "ended": because},
        about={"quickbooks": told, "fields": ["status"], "because": because},
    )


def read_coperniq_invoice(ctx: SyncContext, link: RecordLink) -> CoperniqInvoice | None:
    try:
        return ctx.coperniq.read_invoice(link.coperniq_id)
    except RecordMissing:
        return None


def _plan_known_end(run: SyncRun, link: RecordLink, because: str, told: Mapping[str, Any]) -> Plan:
    return Plan.of(
        link,
        run.record_name,
        quickbooks_version=str(told["version"]),
        quickbooks_snapshot=dict(told["image"]),
        written={**link.written, "ended": because},
        sentence=InvoicePullMessage.ALREADY_ENDED(invoice=link.display_number, ended=because),
    )


def _refuse_paid_in_coperniq(run: SyncRun, link: RecordLink, invoice: CoperniqInvoice, because: str) -> None:
    """Money that Coperniq has on it would hang in the air."""
    if not invoice.paid_cents:
        return
    raise NeedsDecision.of(
        InvoicePullMessage.ENDED_BUT_PAID(
            invoice=link.display_number, ended=because, paid=money(invoice.paid_cents)
        ),
        [RETRY, DISCARD],
    )


def decline(because: str) -> Choice:
    return Choice("decline_in_coperniq", "Decline it in Coperniq too", _QUESTIONS[because])


def _ask_to_decline(link: RecordLink, because: str, *, edited: bool) -> NeedsDecision:
    message = _ASK_TO_DECLINE[because, edited](invoice=link.display_number)
    return NeedsDecision.of(message, [decline(because), RETRY, DISCARD])
