"""Payments of which an amount is not applied, once their invoice has an open balance again."""

from __future__ import annotations

from dataclasses import replace

from integrations.models import Action, Kind, RecordLink, RemoteWrite, SyncRun
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.context import SyncContext


def payments_with_unapplied_money(
    ctx: SyncContext, write: RemoteWrite, invoice: QuickBooksInvoice | None
) -> list[RecordLink]:
    """Payments the portal sent for this invoice and could not fully apply; their links are marked."""
    if write.operation != "update" or invoice is None or invoice.balance_cents <= 0:
        return []
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(coperniq_parent_id=write.coperniq_id)
    unapplied = [link for link in links if _is_partly_unapplied(link)]
    for link in unapplied:
        link.payment_state = replace(link.payment_state, needs_applying=True)
    return unapplied


def _is_partly_unapplied(link: RecordLink) -> bool:
    snapshot = link.quickbooks_payment
    is_final = snapshot.voided or snapshot.deposited or link.payment_state.is_share
    return not is_final and snapshot.applied < snapshot.amount


def run_for_payment(ctx: SyncContext, link: RecordLink) -> SyncRun:
    return SyncRun.of(ctx.connection, Action.PUSH_PAYMENT, link)
