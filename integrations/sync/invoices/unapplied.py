"""Payments with money that found no room on their invoice, once the invoice has room."""

from __future__ import annotations

from integrations.models import Action, Kind, RecordLink, RemoteWrite, SyncRun
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.context import SyncContext


def payments_with_unapplied_money(
    ctx: SyncContext, write: RemoteWrite, invoice: QuickBooksInvoice | None
) -> list[RecordLink]:
    """Ours on this invoice of which something is left over, now that it has an open balance again."""
    if write.operation != "update" or invoice is None or invoice.balance_cents <= 0:
        return []
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(coperniq_parent_id=write.coperniq_id)
    waiting = [link for link in links if is_left_over(link)]
    for link in waiting:
        link.written["misplaced"] = True
    return waiting


def is_left_over(link: RecordLink) -> bool:
    image = link.quickbooks_snapshot
    ended = image.get("voided") or image.get("deposited") or link.written.get("share")
    return not ended and int(image.get("applied", 0)) < int(image.get("amount", 0))


def run_for_payment(ctx: SyncContext, link: RecordLink) -> SyncRun:
    return SyncRun.of(ctx.connection, Action.PUSH_PAYMENT, link)
