"""After a restored backup or a long outage: link again the QuickBooks documents that carry the portal's tag."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from integrations.messages.ingest import IngestMessage
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
    _relink_invoices(ctx, ctx.quickbooks.list_invoices_changed(since))
    began_at = timezone.now()
    payments = ctx.quickbooks.list_payments_changed(since)
    _relink_payments(ctx, payments)
    record_external_payments(ctx.connection, payments, began_at)


def _relink_invoices(ctx: SyncContext, invoices: Iterable[QuickBooksInvoice]) -> None:
    """Of several invoices with the same tag the oldest counts: copying an invoice in QuickBooks copies its note."""
    for invoice in sorted(invoices, key=lambda row: row.created_at or timezone.now()):
        tag = read_coperniq_tag(ctx.connection.realm_id, Kind.INVOICE, invoice.note)
        if tag.coperniq_id and _may_relink(ctx, Kind.INVOICE, tag.coperniq_id, invoice.id):
            link = RecordLink(
                connection=ctx.connection,
                kind=Kind.INVOICE,
                coperniq_id=tag.coperniq_id,
                coperniq_name=f"Invoice {invoice.number}",
                quickbooks_id=invoice.id,
                quickbooks_name=f"Invoice {invoice.number}",
                quickbooks_version=invoice.sync_token,
                quickbooks_at=invoice.updated_at,
                quickbooks_snapshot=quickbooks_invoice_snapshot(invoice, ctx.settings.memo_field).as_json(),
                number=invoice.number,
                amount_cents=invoice.total_cents,
                match_method=RecordLink.MatchMethod.ADOPTED,
            )
            _store_relinked(ctx, link)


def _relink_payments(ctx: SyncContext, payments: Iterable[QuickBooksPayment]) -> None:
    for payment in payments:
        tag = read_coperniq_tag(ctx.connection.realm_id, Kind.PAYMENT, payment.note)
        if tag.coperniq_id and _may_relink(ctx, Kind.PAYMENT, tag.coperniq_id, payment.id):
            invoice = RecordLink.objects.pushed(ctx.connection, Kind.INVOICE, tag.parent_id)
            invoice_id = invoice.quickbooks_id if invoice else ""
            amount = f"${money(payment.total_cents):,}"
            link = RecordLink(
                connection=ctx.connection,
                kind=Kind.PAYMENT,
                coperniq_id=tag.coperniq_id,
                coperniq_name=f"{amount} for invoice {invoice.number}" if invoice else amount,
                coperniq_parent_id=tag.parent_id,
                quickbooks_id=payment.id,
                quickbooks_name=f"Payment of {amount}",
                allocation_invoice_id=invoice_id,
                quickbooks_version=payment.sync_token,
                quickbooks_at=payment.updated_at,
                quickbooks_snapshot=quickbooks_payment_snapshot(payment, invoice_id).as_json(),
                amount_cents=payment.total_cents,
                match_method=RecordLink.MatchMethod.ADOPTED,
            )
            _store_relinked(ctx, link)


def _may_relink(ctx: SyncContext, kind: str, coperniq_id: str, quickbooks_id: str) -> bool:
    """Neither record is linked, and no write for it is open, whose own recovery would link it."""
    links = RecordLink.objects.of(ctx.connection, kind)
    linked = links.filter(coperniq_id=coperniq_id) | links.filter(quickbooks_id=quickbooks_id)
    writes = ctx.connection.writes.open().filter(kind=kind, coperniq_id=coperniq_id)
    return not linked.exists() and not writes.exists()


def _store_relinked(ctx: SyncContext, link: RecordLink) -> None:
    """Store the link, which releases the runs that waited for it, and log it."""
    message = IngestMessage.ADOPTED(document=link.quickbooks_name)
    entry = SyncLogEntry(
        company_id=ctx.connection.company_id,
        connection=ctx.connection,
        direction=Direction.PUSH,
        kind=link.kind,
        outcome=Outcome.DONE,
        cause=message.cause,
        sentence=message.text,
        coperniq_id=link.coperniq_id,
        quickbooks_id=link.quickbooks_id,
        record_name=link.coperniq_name,
    )
    with transaction.atomic():
        ctx.lease.assert_owned()
        store_link(link)
        entry.save()
