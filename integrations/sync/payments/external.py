"""Payments that people, not the portal, recorded in QuickBooks on linked invoices: each may duplicate one in Coperniq.

They are learned from change data capture (ingest/quickbooks_cdc.py), from webhooks, and from reading an invoice again.
If none of these reports a payment, nothing is read here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from integrations.errors import RecordMissing
from integrations.models import (
    Action,
    ExternalPayment,
    InboundEvent,
    Kind,
    QuickBooksConnection,
    RecordLink,
    SyncRun,
)
from integrations.models.leases import LONG_AGO
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.continuity import CDC_OVERLAP
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.invoices.mapping import quickbooks_invoice_snapshot
from integrations.sync.invoices.pull_request import on_invoice_moved, request_pull
from integrations.sync.payments.mapping import is_taken_off, pays_others

_REFRESHED_FIELDS = ("balance", "payments", "customer", "voided")
"""Parts of an invoice's snapshot that people change and that matter to a payment on it."""


def refresh_external_payments(ctx: SyncContext) -> None:
    """Makes one read, and only after QuickBooks has reported a payment that the portal did not create."""
    with ctx.locked("external payments"):
        if _has_unread_payments(ctx.connection):
            _read_external_payments(ctx)


def _has_unread_payments(connection: QuickBooksConnection) -> bool:
    """Whether an event or an unfinished run is about a payment that has not been read yet."""
    since = _last_read_at(connection) or LONG_AGO
    linked = RecordLink.objects.of(connection, Kind.PAYMENT).values("quickbooks_id")
    events = InboundEvent.objects.unplanned().filter(company=connection.company_id, record_type="payment")
    runs = SyncRun.objects.unfinished().filter(connection=connection, action=Action.NOTICE_ALLOCATIONS)
    return (
        events.filter(received_at__gt=since).exclude(record_id__in=linked).exists()
        or runs.filter(updated_at__gt=since).exclude(quickbooks_id__in=linked).exists()
    )


def _last_read_at(connection: QuickBooksConnection) -> datetime | None:
    rows = QuickBooksConnection.objects.filter(pk=connection.pk)
    return rows.values_list("changes_read_at", flat=True).get()


def _read_external_payments(ctx: SyncContext) -> None:
    began_at = timezone.now()
    since = (_last_read_at(ctx.connection) or began_at) - CDC_OVERLAP
    record_external_payments(ctx.connection, ctx.quickbooks.list_payments_changed(since))
    QuickBooksConnection.objects.filter(pk=ctx.connection.pk).update(changes_read_at=began_at)


def record_external_payments(connection: QuickBooksConnection, payments: Iterable[QuickBooksPayment]) -> None:
    """Stores each allocation to a linked invoice; deletes what a payment does not pay any more. Skips the portal's own.

    A payment of zero only applies a credit to an invoice: no money came in (docs/vendors/quickbooks-online.md, 3).
    """
    linked = RecordLink.objects.of(connection, Kind.INVOICE)
    for payment in payments:
        if tagged_coperniq_id(connection.realm_id, Kind.PAYMENT, payment.note):
            continue
        known = ExternalPayment.objects.filter(connection=connection, quickbooks_id=payment.id)
        paid = {line.txn_id for line in payment.lines if line.txn_type == "Invoice"}
        invoices = list(linked.filter(quickbooks_id__in=paid)) if payment.total_cents else []
        known.exclude(quickbooks_invoice_id__in=[row.quickbooks_id for row in invoices]).delete()
        for invoice in invoices:
            ExternalPayment.objects.update_or_create(
                connection=connection,
                quickbooks_id=payment.id,
                quickbooks_invoice_id=invoice.quickbooks_id,
                defaults={
                    "amount_cents": payment.applied_to(invoice.quickbooks_id),
                    "on": payment.on,
                    "reference": payment.reference[:80],
                },
            )


def refresh_invoice(ctx: SyncContext, invoice: RecordLink) -> None:
    """Reads the linked invoice from QuickBooks again, and the payments on it that are not linked."""
    try:
        current = ctx.quickbooks.read_invoice(invoice.quickbooks_id)
    except RecordMissing:
        _on_invoice_ended(ctx, invoice, "deleted")
        return
    if current.is_voided:
        _on_invoice_ended(ctx, invoice, "voided")
        return
    on_invoice_moved(ctx, invoice, current.customer_id)
    snapshot = quickbooks_invoice_snapshot(current, ctx.settings.memo_field)
    invoice.quickbooks_snapshot |= {name: snapshot[name] for name in _REFRESHED_FIELDS}
    invoice.save(update_fields=["quickbooks_snapshot", "sync_state"])
    known = ExternalPayment.objects.on_invoice(ctx.connection, invoice.quickbooks_id)
    known.exclude(quickbooks_id__in=current.payment_ids).delete()
    record_external_payments(ctx.connection, _read_unlinked(ctx, invoice, current.payment_ids))


def _on_invoice_ended(ctx: SyncContext, invoice: RecordLink, end: str) -> None:
    """Sets `end` on the link in memory only. If it were saved, the invoice's own run would see no change to act on."""
    if not invoice.quickbooks_snapshot.get(end) and not invoice.invoice_state.ended:
        request_pull(ctx, invoice)
    invoice.quickbooks_snapshot = {**invoice.quickbooks_snapshot, end: True}


def linked_payment_ids(ctx: SyncContext, invoice: RecordLink) -> set[str]:
    """QuickBooks ids of the payments linked on this invoice. One that pays several has a link for each."""
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT)
    return set(
        links.filter(allocation_invoice_id=invoice.quickbooks_id).values_list("quickbooks_id", flat=True)
    )


def _read_unlinked(
    ctx: SyncContext, invoice: RecordLink, payment_ids: Iterable[str]
) -> Iterable[QuickBooksPayment]:
    """Reads by id, not by the invoice's customer: a parent customer pays for its jobs."""
    linked = linked_payment_ids(ctx, invoice)
    for payment_id in payment_ids:
        if payment_id not in linked:
            yield ctx.quickbooks.read_payment(payment_id)


def invalidate_balance(ctx: SyncContext, coperniq_invoice_id: str) -> None:
    """Sets the stored balance to 0 after a refusal by QuickBooks, so that the next plan reads the invoice again."""
    links = RecordLink.objects.of(ctx.connection, Kind.INVOICE)
    for link in links.filter(coperniq_id=coperniq_invoice_id):
        link.quickbooks_snapshot |= {"balance": 0}
        link.save(update_fields=["quickbooks_snapshot"])


def balance_of(invoice: RecordLink) -> int:
    """The open cents on it as last read; never negative."""
    return max(int(invoice.quickbooks_snapshot.get("balance", 0)), 0)


def was_taken_off(ctx: SyncContext, link: RecordLink, payment: QuickBooksPayment) -> bool:
    """Whether people took some of a linked payment off its invoice.

    If not, the invoice became smaller and QuickBooks itself took off what exceeds it.
    """
    if not is_taken_off(payment, link.allocation_invoice_id, link.quickbooks_snapshot.get("applied", 0)):
        return False
    if pays_others(payment, link.allocation_invoice_id):
        return True
    try:
        return ctx.quickbooks.read_invoice(link.allocation_invoice_id).balance_cents > 0
    except RecordMissing:
        return False
