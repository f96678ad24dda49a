"""Request the pull of an invoice, or a look at its payments, that a run has found changed in QuickBooks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from integrations.models import Action, Kind, RecordLink, SyncRun
from integrations.quickbooks.documents import QuickBooksInvoice
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


def request_changed_payments(ctx: SyncContext, link: RecordLink, current: QuickBooksInvoice) -> None:
    """Request a look at the payments that have come onto the invoice, or gone off it, since it was read last."""
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(allocation_invoice_id=current.id)
    before, now = set(link.quickbooks_invoice.payments), set(current.payment_ids)
    if before != now:
        linked = set(links.values_list("quickbooks_id", flat=True))
        changed = sorted((now - before - linked) | ((before - now) & linked))
        runs = allocation_runs(ctx, changed, link.coperniq_account_id)
        ctx.follow_ups += [RequestedRun(run) for run in runs]


def allocation_runs(ctx: SyncContext, payment_ids: Iterable[str], coperniq_account_id: str) -> list[SyncRun]:
    """Runs that read payments in QuickBooks and find out which linked invoices they pay."""
    return [
        SyncRun.of(
            ctx.connection,
            Action.NOTICE_ALLOCATIONS,
            quickbooks_id=payment_id,
            coperniq_account_id=coperniq_account_id,
        )
        for payment_id in payment_ids
    ]
