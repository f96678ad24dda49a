"""Request the pull of an invoice that a run has found changed in QuickBooks."""

from __future__ import annotations

from dataclasses import replace

from integrations.models import Action, RecordLink, SyncRun
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import RequestedRun


def on_invoice_moved(ctx: SyncContext, invoice: RecordLink, customer_id: str) -> None:
    """Request the pull that asks about the move."""
    if note_former_customer(invoice, customer_id):
        request_pull(ctx, invoice)


def note_former_customer(invoice: RecordLink, customer_id: str) -> bool:
    """Keep the customer it had, because payments store the new one; False if it has not moved. The caller saves it."""
    before = invoice.quickbooks_invoice.customer or customer_id
    if customer_id == before:
        return False
    state = invoice.invoice_state
    invoice.invoice_state = replace(state, moved_from=state.moved_from or before)
    return True


def request_pull(ctx: SyncContext, invoice: RecordLink) -> None:
    """The caller stores the new version, after which change detection would skip it."""
    ctx.follow_ups.append(RequestedRun(SyncRun.of(ctx.connection, Action.PULL_INVOICE, invoice)))
