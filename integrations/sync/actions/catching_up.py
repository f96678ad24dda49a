"""After a restored backup or a long silence: what in QuickBooks is ours, and what have people recorded there?

In steady state nothing is read here. What was written is known to the database, and payments made in QuickBooks
are looked for in the background (sync/changes.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from integrations.models import (
    Direction,
    ForeignPayment,
    InboundEvent,
    InvoiceSyncPeriod,
    Kind,
    Outcome,
    QuickBooksConnection,
    RecordLink,
    SyncLogEntry,
    SyncRun,
)
from integrations.quickbooks.documents import Invoice, Payment
from integrations.sync.desk import Desk
from integrations.sync.mapping.invoices import quickbooks_image
from integrations.sync.mapping.marks import marked_id
from integrations.sync.mapping.payments import quickbooks_image as payment_image

OVERLAP = timedelta(minutes=10)
SHORTEST_SILENCE = timedelta(minutes=2)

_fences: dict[int, int] = {}
"""Connection → the highest fence under which this process knew it was up to date."""


def link_of(desk: Desk, run: SyncRun) -> RecordLink | None:
    """Before anything is created it is looked for among what a lost database may have forgotten."""
    link = RecordLink.objects.pushed(desk.connection, run.kind, run.coperniq_id)
    if link is None and ensure(desk):
        link = RecordLink.objects.pushed(desk.connection, run.kind, run.coperniq_id)
    return link


def ensure(desk: Desk) -> bool:
    """True if something had to be read."""
    if is_up_to_date(desk):
        return False
    with desk.locked("catching up"):
        if is_up_to_date(desk):
            return True
        catch_up(desk)
        _fences[desk.connection.pk] = desk.lane.fence
    return True


def is_up_to_date(desk: Desk) -> bool:
    """A process that begins, a fence that fell, a long silence: each may be a database that came from a backup."""
    known = _fences.get(desk.connection.pk)
    if known is None or desk.lane.fence < known:
        return False
    row = QuickBooksConnection.objects.only("changes_cursor_at", "changes_read_at").get(pk=desk.connection.pk)
    if row.changes_cursor_at is None or is_silent(row.changes_cursor_at) or heard_of_strangers(row):
        return False
    _fences[desk.connection.pk] = desk.lane.fence
    return True


def is_silent(at: datetime) -> bool:
    return timezone.now() - at > max(2 * timedelta(seconds=settings.QUICKBOOKS_CDC_SECONDS), SHORTEST_SILENCE)


def heard_of_strangers(row: QuickBooksConnection) -> bool:
    """QuickBooks told of a payment that is not ours, and it has not been looked at yet."""
    told = InboundEvent.objects.filter(
        company=row.company_id, source=InboundEvent.Source.QUICKBOOKS_WEBHOOK, record_type="payment"
    )
    if row.changes_read_at is not None:
        told = told.filter(received_at__gt=row.changes_read_at)
    ours = RecordLink.objects.of(row, Kind.PAYMENT).values("quickbooks_id")
    return told.exclude(record_id__in=ours).exists()


def catch_up(desk: Desk) -> None:
    began_at = timezone.now()
    since = cursor_of(desk.connection) - OVERLAP
    adopt_invoices(desk, desk.quickbooks.list_invoices_changed(since))
    payments = desk.quickbooks.list_payments_changed(since)
    adopt_payments(desk, payments)
    note_foreign(desk.connection, payments)
    rows = QuickBooksConnection.objects.filter(pk=desk.connection.pk)
    rows.update(changes_cursor_at=began_at, changes_read_at=began_at)


def cursor_of(connection: QuickBooksConnection) -> datetime:
    """Nothing of ours can be older than the first switch-on."""
    stored = QuickBooksConnection.objects.values_list("changes_cursor_at", flat=True).get(pk=connection.pk)
    first = InvoiceSyncPeriod.objects.filter(connection=connection).order_by("id").first()
    return stored or (first.on_at if first else timezone.now())


def adopt_invoices(desk: Desk, invoices: Iterable[Invoice]) -> None:
    for invoice in sorted(invoices, key=lambda row: row.created_at or timezone.now()):
        coperniq_id = marked_id(desk.connection.realm_id, Kind.INVOICE, invoice.note)
        if coperniq_id and is_free(desk, Kind.INVOICE, coperniq_id, invoice.id):
            link = RecordLink(
                connection=desk.connection,
                kind=Kind.INVOICE,
                coperniq_id=coperniq_id,
                coperniq_name=f"Invoice {invoice.number}",
                quickbooks_id=invoice.id,
                quickbooks_name=f"Invoice {invoice.number}",
                quickbooks_version=invoice.sync_token,
                quickbooks_image=quickbooks_image(invoice, desk.settings.memo_field),
                number=invoice.number,
                amount_cents=invoice.total_cents,
                rule=RecordLink.Rule.ADOPTED,
            )
            adopt(desk, link)


def adopt_payments(desk: Desk, payments: Iterable[Payment]) -> None:
    for payment in payments:
        coperniq_id = marked_id(desk.connection.realm_id, Kind.PAYMENT, payment.note)
        invoice = paid_invoice(desk, payment)
        if coperniq_id and invoice is not None and is_free(desk, Kind.PAYMENT, coperniq_id, payment.id):
            link = RecordLink(
                connection=desk.connection,
                kind=Kind.PAYMENT,
                coperniq_id=coperniq_id,
                coperniq_parent_id=invoice.coperniq_id,
                quickbooks_id=payment.id,
                quickbooks_part=invoice.quickbooks_id,
                quickbooks_version=payment.sync_token,
                quickbooks_image=payment_image(payment, invoice.quickbooks_id),
                amount_cents=payment.total_cents,
                rule=RecordLink.Rule.ADOPTED,
            )
            adopt(desk, link)


def paid_invoice(desk: Desk, payment: Payment) -> RecordLink | None:
    ids = [line.txn_id for line in payment.lines if line.txn_type == "Invoice"]
    return RecordLink.objects.of(desk.connection, Kind.INVOICE).filter(quickbooks_id__in=ids).first()


def is_free(desk: Desk, kind: str, coperniq_id: str, quickbooks_id: str) -> bool:
    """Neither is linked, nor is a write for it under way, which will tell more."""
    links = RecordLink.objects.of(desk.connection, kind)
    linked = links.filter(coperniq_id=coperniq_id) | links.filter(quickbooks_id=quickbooks_id)
    writes = desk.connection.writes.open().filter(kind=kind, coperniq_id=coperniq_id)
    return not linked.exists() and not writes.exists()


def adopt(desk: Desk, link: RecordLink) -> None:
    what = link.quickbooks_name or "A payment"
    entry = SyncLogEntry(
        company_id=desk.connection.company_id,
        connection=desk.connection,
        direction=Direction.PUSH,
        kind=link.kind,
        outcome=Outcome.DONE,
        cause="adopted",
        sentence=f"{what} in QuickBooks bears the portal's mark and was linked again instead of being made anew.",
        coperniq_id=link.coperniq_id,
        quickbooks_id=link.quickbooks_id,
        record_name=link.coperniq_name,
    )
    with transaction.atomic():
        desk.lane.hold_fast()
        link.save()
        entry.save()


def note_foreign(connection: QuickBooksConnection, payments: Iterable[Payment]) -> None:
    """Those on linked invoices that are not ours, an allocation a row; voided ones are forgotten."""
    linked = RecordLink.objects.of(connection, Kind.INVOICE)
    for payment in payments:
        if marked_id(connection.realm_id, Kind.PAYMENT, payment.note):
            continue
        known = ForeignPayment.objects.filter(connection=connection, quickbooks_id=payment.id)
        paid = {line.txn_id for line in payment.lines if line.txn_type == "Invoice"}
        invoices = [] if payment.is_voided else list(linked.filter(quickbooks_id__in=paid))
        known.exclude(quickbooks_invoice_id__in=[row.quickbooks_id for row in invoices]).delete()
        for invoice in invoices:
            ForeignPayment.objects.update_or_create(
                connection=connection,
                quickbooks_id=payment.id,
                quickbooks_invoice_id=invoice.quickbooks_id,
                defaults={
                    "amount_cents": payment.applied_to(invoice.quickbooks_id),
                    "on": payment.on,
                    "reference": payment.reference[:80],
                },
            )
