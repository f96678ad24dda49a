"""An invoice that was declined or archived in Coperniq: void, delete or leave it in QuickBooks."""

from __future__ import annotations

from dataclasses import replace

from integrations.errors import Choice, NeedsDecision, RecordMissing
from integrations.messages import Message
from integrations.messages.choices import ChoiceLabel
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import OnEnded, Question, RecordLink, SyncRun
from integrations.models.snapshots import CoperniqInvoiceSnapshot
from integrations.models.sync_state import InvoiceEnd
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.choices import CREATE_AGAIN, DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.invoices.closed_period import refuse_closed
from integrations.sync.invoices.mapping import quickbooks_invoice_snapshot

DECLINED = "DECLINED"
VOID_IN_QUICKBOOKS = Choice(
    "void_in_quickbooks", ChoiceLabel.VOID_IN_QUICKBOOKS(), Question.MISSING_IN_COPERNIQ
)


def plan_invoice_end(
    ctx: SyncContext, run: SyncRun, link: RecordLink, snapshot: CoperniqInvoiceSnapshot, ended: str | None
) -> Plan:
    """`snapshot` is Coperniq's; `ended` is what to do with the QuickBooks invoice, None if Coperniq's is in use again.

    Raises NeedsDecision if the invoice is in use again, has payments, or is dated in a closed period.
    """
    number = link.display_number
    if ended is None:
        raise NeedsDecision(InvoicePushMessage.REVIVED(number=number), [CREATE_AGAIN, RETRY, DISCARD])
    if link.invoice_state.ended:
        # Nobody misses a log entry if Coperniq is as it last answered, e.g. when the portal declined it.
        silent = snapshot == link.coperniq_invoice
        return _plan_nothing(
            run, link, snapshot, InvoicePushMessage.ENDED_ALREADY(number=number), silent=silent
        )
    try:
        current = ctx.quickbooks.read_invoice(link.quickbooks_id)
    except RecordMissing:
        return _plan_nothing(run, link, snapshot, InvoicePushMessage.DELETED_ALREADY(number=number))
    if current.is_voided and ended == OnEnded.VOID:
        return _plan_nothing(run, link, snapshot, InvoicePushMessage.VOIDED_ALREADY(number=number))
    _refuse_paid_invoice(link, snapshot, current)
    refuse_closed(ctx, current.on)
    return _plan_end(ctx, run, link, snapshot, current, ended)


def plan_missing_invoice(ctx: SyncContext, run: SyncRun, link: RecordLink) -> Plan:
    """Coperniq answers that it has no such invoice. Raises NeedsDecision unless QuickBooks' has ended as well.

    Only a person knows whether it was deleted or the API key has lost access.
    """
    number, snapshot = link.display_number, replace(link.coperniq_invoice, deleted=True)
    if link.invoice_state.ended:
        return _plan_nothing(
            run, link, snapshot, InvoicePushMessage.ENDED_ALREADY(number=number), silent=True
        )
    try:
        current = ctx.quickbooks.read_invoice(link.quickbooks_id)
    except RecordMissing:
        return _plan_nothing(run, link, snapshot, InvoicePushMessage.DELETED_ALREADY(number=number))
    if current.is_voided:
        return _plan_nothing(run, link, snapshot, InvoicePushMessage.VOIDED_ALREADY(number=number))
    paid_cents = current.total_cents - current.balance_cents
    is_paid = bool(paid_cents or current.payment_ids)
    if is_paid or not run.has_taken(VOID_IN_QUICKBOOKS):
        message = InvoicePushMessage.MISSING_BUT_PAID if is_paid else InvoicePushMessage.MISSING_IN_COPERNIQ
        raise NeedsDecision(
            message(number=number, on=current.on, total=money(current.total_cents), paid=money(paid_cents)),
            [RETRY, DISCARD] if is_paid else [VOID_IN_QUICKBOOKS, RETRY, DISCARD],
        )
    refuse_closed(ctx, current.on)
    return _plan_end(ctx, run, link, snapshot, current, OnEnded.VOID)


def end_state(snapshot: CoperniqInvoiceSnapshot) -> str:
    """The state of an ended invoice of Coperniq, as people read it."""
    if snapshot.deleted:
        return "deleted"
    return "declined" if snapshot.status == DECLINED else "archived"


def _refuse_paid_invoice(
    link: RecordLink, snapshot: CoperniqInvoiceSnapshot, current: QuickBooksInvoice
) -> None:
    paid_cents = current.total_cents - current.balance_cents
    if paid_cents or current.payment_ids:
        message = InvoicePushMessage.ENDED_BUT_PAID(
            number=link.display_number, state=end_state(snapshot), paid=money(paid_cents)
        )
        raise NeedsDecision(message, [RETRY, DISCARD])


def _plan_end(
    ctx: SyncContext,
    run: SyncRun,
    link: RecordLink,
    snapshot: CoperniqInvoiceSnapshot,
    current: QuickBooksInvoice,
    ended: str,
) -> Plan:
    changes = (
        Change("Status in Coperniq", link.coperniq_invoice.status, end_state(snapshot)),
        Change("Total", f"${money(current.total_cents):,}", "$0.00" if ended == OnEnded.VOID else ""),
    )
    return Plan(
        record_name=run.record_name,
        match_method=link.match_method,
        write=PlannedWrite(ended, "Invoice", {}, changes, current.id, current.sync_token),
        quickbooks_snapshot=quickbooks_invoice_snapshot(current, ctx.settings.memo_field).as_json(),
        coperniq_snapshot=snapshot.as_json(),
        number=link.number,
        amount_cents=snapshot.total,
        state=replace(link.invoice_state, ended=InvoiceEnd(ended)),
    )


def _plan_nothing(
    run: SyncRun,
    link: RecordLink,
    snapshot: CoperniqInvoiceSnapshot,
    message: Message,
    *,
    silent: bool = False,
) -> Plan:
    state = link.invoice_state
    return Plan.of(
        link,
        run.record_name,
        coperniq_snapshot=snapshot.as_json(),
        amount_cents=snapshot.total,
        state=replace(state, ended=state.ended or InvoiceEnd.ELSEWHERE),
        sentence=message,
        silent=silent,
    )
