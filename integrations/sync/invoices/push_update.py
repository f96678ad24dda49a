"""A linked invoice: what changed in Coperniq since the last sync goes to QuickBooks."""

from __future__ import annotations

from dataclasses import replace

from integrations.causes import Cause
from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import Choice, NeedsDecision, RecordMissing, Skipped
from integrations.messages.choices import ChoiceLabel
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import OnEnded, Question, RecordLink, SyncRun
from integrations.models.snapshots import CoperniqInvoiceSnapshot
from integrations.models.sync_state import EditTimes
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.choices import CREATE_AGAIN, DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan
from integrations.sync.invoices.compare import changed_in_coperniq
from integrations.sync.invoices.conflicts import decided_side
from integrations.sync.invoices.mapping import INVOICE_FIELDS
from integrations.sync.invoices.merge import open_questions, plan_merge
from integrations.sync.invoices.pull_request import on_invoice_moved
from integrations.sync.invoices.push_lines import current_line_ids
from integrations.sync.invoices.push_void import plan_invoice_end

ENDED_CAUSES = (Cause.QUICKBOOKS_INVOICE_MISSING, Cause.QUICKBOOKS_INVOICE_VOIDED)
"""Asked by a push that finds the QuickBooks invoice deleted or voided before the pull has noticed it."""
PULL_ENDED_CAUSES = (
    Cause.QUICKBOOKS_INVOICE_DELETED,
    Cause.QUICKBOOKS_INVOICE_VOIDED,
    Cause.ENDED_BUT_PAID,
)
"""Asked by the pull of a deleted or voided invoice."""
GO_ON_IN_QUICKBOOKS = Choice("go_on", ChoiceLabel.GO_ON_IN_QUICKBOOKS(), Question.MOVED_IN_COPERNIQ)


def plan_invoice_update(
    ctx: SyncContext,
    run: SyncRun,
    invoice: CoperniqInvoice,
    link: RecordLink,
    snapshot: CoperniqInvoiceSnapshot,
    ended: str | None,
) -> Plan:
    """`snapshot` is Coperniq's; `ended` is what to do with the QuickBooks invoice, None while Coperniq's is in use."""
    snapshot = refuse_moved_in_coperniq(run, link, snapshot)
    if link.invoice_state.ended or ended in (OnEnded.VOID, OnEnded.DELETE):
        return plan_invoice_end(ctx, run, link, snapshot, ended)
    if not (is_edited_in_coperniq(link, snapshot) or decided_side(run) or _is_unsettled(link)):
        return _plan_in_step(link, snapshot, run)
    current = _read_quickbooks_invoice(ctx, run, link)
    on_invoice_moved(ctx, link, current.customer_id)
    return plan_merge(ctx, run, invoice, link, snapshot, current)


def is_edited_in_coperniq(link: RecordLink, snapshot: CoperniqInvoiceSnapshot) -> bool:
    """Whether a synced field differs from what Coperniq last answered."""
    state, before = link.invoice_state, link.coperniq_invoice
    return any(changed_in_coperniq(state, before, snapshot, field) for field in INVOICE_FIELDS)


def _is_unsettled(link: RecordLink) -> bool:
    """QuickBooks is known to have changed, and Coperniq does not have the change yet."""
    state = link.invoice_state
    return bool(state.unsettled or state.edit_times.quickbooks)


def refuse_moved_in_coperniq(
    run: SyncRun, link: RecordLink, snapshot: CoperniqInvoiceSnapshot
) -> CoperniqInvoiceSnapshot:
    """The snapshot; of an invoice whose project is gone with the project and account it had, for it was not moved.

    Raises NeedsDecision if it was moved to another project or account.
    """
    before = link.coperniq_invoice
    if not snapshot.record_id and before.record_id:
        run.coperniq_account_id = link.coperniq_account_id
        return replace(snapshot, record_id=before.record_id, account_id=before.account_id)
    owner, owner_before = ((each.record_id, each.account_id) for each in (snapshot, before))
    is_moved = owner_before not in ((None, None), owner)
    if is_moved and not run.has_taken(GO_ON_IN_QUICKBOOKS):
        message = InvoicePushMessage.MOVED(number=link.display_number)
        raise NeedsDecision(message, [GO_ON_IN_QUICKBOOKS, RETRY, DISCARD])
    return snapshot


def _read_quickbooks_invoice(ctx: SyncContext, run: SyncRun, link: RecordLink) -> QuickBooksInvoice:
    try:
        current = ctx.quickbooks.read_invoice(link.quickbooks_id)
    except RecordMissing as error:
        _skip_if_end_asked(ctx, run)
        message = InvoicePushMessage.DELETED_IN_QUICKBOOKS(number=link.display_number)
        raise NeedsDecision(message, [CREATE_AGAIN, RETRY, DISCARD]) from error
    if current.is_voided:
        _skip_if_end_asked(ctx, run)
        message = InvoicePushMessage.VOIDED_IN_QUICKBOOKS(number=link.display_number)
        raise NeedsDecision(message, [CREATE_AGAIN, RETRY, DISCARD])
    return current


def _skip_if_end_asked(ctx: SyncContext, run: SyncRun) -> None:
    """Raises Skipped if the pull already asks about it: its question can decline Coperniq's invoice, too."""
    if open_questions(ctx, run, PULL_ENDED_CAUSES).exists():
        raise Skipped(InvoicePushMessage.ASKED_ALREADY(), silent=True)


def _plan_in_step(link: RecordLink, snapshot: CoperniqInvoiceSnapshot, run: SyncRun) -> Plan:
    """No synced field has changed, only e.g. a payment or the status, so that QuickBooks need not be read."""
    state = replace(link.invoice_state, edit_times=EditTimes())
    if state.line_ids:
        before, now = link.coperniq_invoice.lines or (), snapshot.lines or ()
        state = replace(state, line_ids=current_line_ids(before, now, state.line_ids))
    return Plan.of(
        link,
        run.record_name,
        coperniq_snapshot=snapshot.as_json(),
        amount_cents=snapshot.total,
        state=state,
        sentence=InvoicePushMessage.IN_STEP(number=link.display_number),
        silent=snapshot == link.coperniq_invoice,
    )
