"""After a restored backup or a long outage: link again the QuickBooks documents that carry the portal's tag."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from integrations.models import Direction, Kind, Outcome, RecordLink, SyncLogEntry
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice, QuickBooksPayment
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import read_coperniq_tag
from integrations.sync.engine.persistence import store_link
from integrations.sync.invoices.mapping import quickbooks_invoice_snapshot
from integrations.sync.payments.external import record_external_payments
from integrations.sync.payments.mapping import quickbooks_payment_snapshot


def relink_documents(ctx: SyncContext, since: datetime) -> None:
    relink_invoices(ctx, ctx.quickbooks.list_invoices_changed(since))
    payments = ctx.quickbooks.list_payments_changed(since)
    relink_payments(ctx, payments)
    record_external_payments(ctx.connection, payments)


def relink_invoices(ctx: SyncContext, invoices: Iterable[QuickBooksInvoice]) -> None:
    """The oldest of each mark: copying an invoice in QuickBooks copies its note."""
    for invoice in sorted(invoices, key=lambda row: row.created_at or timezone.now()):
        mark = read_coperniq_tag(ctx.connection.realm_id, Kind.INVOICE, invoice.note)
        if mark.coperniq_id and _is_unlinked(ctx, Kind.INVOICE, mark.coperniq_id, invoice.id):
            link = RecordLink(
                connection=ctx.connection,
                kind=Kind.INVOICE,
                coperniq_id=mark.coperniq_id,
                coperniq_name=f"Invoice {invoice.number}",
                quickbooks_id=invoice.id,
                quickbooks_name=f"Invoice {invoice.number}",
                quickbooks_version=invoice.sync_token,
                quickbooks_at=invoice.updated_at,
                quickbooks_snapshot=quickbooks_invoice_snapshot(invoice, ctx.settings.memo_field),
                number=invoice.number,
                amount_cents=invoice.total_cents,
                match_method=RecordLink.MatchMethod.ADOPTED,
            )
            _store_relinked(ctx, link)


def relink_payments(ctx: SyncContext, payments: Iterable[QuickBooksPayment]) -> None:
    for payment in payments:
        mark = read_coperniq_tag(ctx.connection.realm_id, Kind.PAYMENT, payment.note)
        if mark.coperniq_id and _is_unlinked(ctx, Kind.PAYMENT, mark.coperniq_id, payment.id):
            invoice = RecordLink.objects.pushed(ctx.connection, Kind.INVOICE, mark.parent_id)
            part = invoice.quickbooks_id if invoice else ""
            told = f"${money(payment.total_cents):,}"
            link = RecordLink(
                connection=ctx.connection,
                kind=Kind.PAYMENT,
                coperniq_id=mark.coperniq_id,
                coperniq_name=f"{told} for invoice {invoice.number}" if invoice else told,
                coperniq_parent_id=mark.parent_id,
                quickbooks_id=payment.id,
                quickbooks_name=f"Payment of {told}",
                quickbooks_part=part,
                quickbooks_version=payment.sync_token,
                quickbooks_at=payment.updated_at,
                quickbooks_snapshot=quickbooks_payment_snapshot(payment, part),
                amount_cents=payment.total_cents,
                match_method=RecordLink.MatchMethod.ADOPTED,
            )
            _store_relinked(ctx, link)


def _is_unlinked(ctx: SyncContext, kind: str, coperniq_id: str, quickbooks_id: str) -> bool:
    """Neither is linked, nor is a write for it under way, which will tell more."""
    links = RecordLink.objects.of(ctx.connection, kind)
    linked = links.filter(coperniq_id=coperniq_id) | links.filter(quickbooks_id=quickbooks_id)
    writes = ctx.connection.writes.open().filter(kind=kind, coperniq_id=coperniq_id)
    return not linked.exists() and not writes.exists()


def _store_relinked(ctx: SyncContext, link: RecordLink) -> None:
    """Like every new link it releases what waited for it."""
    entry = SyncLogEntry(
        company_id=ctx.connection.company_id,
        connection=ctx.connection,
        direction=Direction.PUSH,
        kind=link.kind,
        outcome=Outcome.DONE,
        cause="adopted",
        sentence=f"{link.quickbooks_name} in QuickBooks bears the portal's mark and was linked again instead of being "
        "made anew.",
        coperniq_id=link.coperniq_id,
        quickbooks_id=link.quickbooks_id,
        record_name=link.coperniq_name,
    )
    with transaction.atomic():
        ctx.lease.assert_owned()
        store_link(link)
        entry.save()
