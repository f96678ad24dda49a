"""Payments that people, not the portal, recorded in QuickBooks on linked invoices: each may duplicate one in Coperniq.

They are learned from change data capture (ingest/quickbooks_cdc.py), from webhooks, and from reading an invoice again.
If none of these reports a payment, nothing is read here.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q
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
from integrations.models.snapshots import QuickBooksInvoiceSnapshot
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.continuity import CDC_OVERLAP
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.invoices.mapping import quickbooks_invoice_snapshot
from integrations.sync.invoices.pull_request import note_former_customer, on_invoice_moved, request_pull
from integrations.sync.payments.mapping import is_taken_off, pays_others

_REFRESHED_FIELDS = ("balance", "payments", "customer", "voided")
"""Parts of an invoice's snapshot that people change and that matter to a payment on it."""


@dataclass(frozen=True)
class ExternalPayments:
    """Payments with the invoices that each pays, linked or not, as they were at `read_at`, when their read began.

    They may be stored much later, and after what was read after them, which they leave as it is. Which of the invoices
    are linked is looked up then.
    """

    connection_id: int
    read_at: datetime
    allocations: Mapping[str, tuple[ExternalPayment, ...]]

    def store(self) -> None:
        known = ExternalPayment.objects.filter(connection=self.connection_id)
        newer = known.filter(quickbooks_id__in=self.allocations, read_at__gt=self.read_at)
        settled = set(newer.values_list("quickbooks_id", flat=True))
        paid = {row.quickbooks_invoice_id for rows in self.allocations.values() for row in rows}
        links = RecordLink.objects.filter(connection=self.connection_id, kind=Kind.INVOICE)
        linked = (
            set(links.filter(quickbooks_id__in=paid).values_list("quickbooks_id", flat=True))
            if paid
            else set()
        )
        for payment_id in self.allocations.keys() - settled:
            rows = [row for row in self.allocations[payment_id] if row.quickbooks_invoice_id in linked]
            of_payment = known.filter(quickbooks_id=payment_id, read_at__lte=self.read_at)
            of_payment.exclude(quickbooks_invoice_id__in=[row.quickbooks_invoice_id for row in rows]).delete()
            for row in rows:
                ExternalPayment.objects.update_or_create(
                    connection_id=self.connection_id,
                    quickbooks_id=payment_id,
                    quickbooks_invoice_id=row.quickbooks_invoice_id,
                    defaults={
                        "amount_cents": row.amount_cents,
                        "on": row.on,
                        "reference": row.reference,
                        "read_at": self.read_at,
                    },
                )


@dataclass(frozen=True)
class RemovedPayments:
    """Payments that did not pay this invoice any more at `read_at`."""

    connection_id: int
    read_at: datetime
    quickbooks_invoice_id: str
    payment_ids: tuple[str, ...]

    def store(self) -> None:
        ExternalPayment.objects.filter(
            connection=self.connection_id,
            quickbooks_invoice_id=self.quickbooks_invoice_id,
            quickbooks_id__in=self.payment_ids,
            read_at__lte=self.read_at,
        ).delete()


@dataclass(frozen=True)
class _ReadChanges:
    """All payments that QuickBooks reported as changed. The stored time of that read is never set back."""

    payments: ExternalPayments

    @property
    def at(self) -> datetime:
        return self.payments.read_at

    def store(self) -> None:
        self.payments.store()
        rows = QuickBooksConnection.objects.filter(pk=self.payments.connection_id)
        earlier = Q(changes_read_at__isnull=True) | Q(changes_read_at__lt=self.at)
        rows.filter(earlier).update(changes_read_at=self.at)


@dataclass(frozen=True)
class _RefreshedInvoice:
    """The parts of an invoice that matter to a payment on it, as they were at `read_at`.

    The rest of the link stays as it is when this is stored, and all of it if the invoice was synced in between.
    """

    link_id: int
    read_at: datetime
    snapshot: QuickBooksInvoiceSnapshot

    def store(self) -> None:
        unsynced = RecordLink.objects.filter(pk=self.link_id, synced_at__lte=self.read_at)
        for link in unsynced.select_for_update():
            self.apply_to(link)
            link.save(update_fields=["quickbooks_snapshot", "sync_state"])

    def apply_to(self, link: RecordLink) -> None:
        note_former_customer(link, self.snapshot.customer)
        link.quickbooks_invoice = link.quickbooks_invoice.with_values_of(self.snapshot, _REFRESHED_FIELDS)


def external_payments_on(ctx: SyncContext, invoice: RecordLink) -> list[ExternalPayment]:
    """Those stored, brought up to date with what this run has read and not stored yet."""
    invoice_id = invoice.quickbooks_id
    stored = ExternalPayment.objects.on_invoice(ctx.connection, invoice_id).order_by("pk")
    found = {row.quickbooks_id: row for row in stored}
    for each in ctx.follow_ups:
        if isinstance(each, RemovedPayments) and each.quickbooks_invoice_id == invoice_id:
            found = _kept(found, each.payment_ids, each.read_at)
        elif isinstance(each, _ReadChanges | ExternalPayments):
            read = each.payments if isinstance(each, _ReadChanges) else each
            found = _kept(found, read.allocations, read.read_at)
            rows = (row for rows in read.allocations.values() for row in rows)
            on_invoice = (row for row in rows if row.quickbooks_invoice_id == invoice_id)
            found |= {row.quickbooks_id: row for row in on_invoice if row.quickbooks_id not in found}
    return list(found.values())


def _kept(
    found: Mapping[str, ExternalPayment], read: Container[str], read_at: datetime
) -> dict[str, ExternalPayment]:
    """Without the payments that were read again at `read_at`."""
    return {id_: row for id_, row in found.items() if id_ not in read or row.read_at > read_at}


def read_external_payments(ctx: SyncContext) -> None:
    """Makes one read, and only after QuickBooks has reported a payment that the portal did not create.

    The other threads find it in the cache, even before it is stored.
    """
    with ctx.locked("external payments"):
        known = ctx.cache_get(_CHANGED_PAYMENTS)
        read = known if isinstance(known, _ReadChanges) else None
        stored_at = _last_read_at(ctx.connection) or LONG_AGO
        is_newer = read is not None and read.at > stored_at
        if _has_unread_payments(ctx.connection, read.at if read and is_newer else stored_at):
            read = _read_changed_payments(ctx)
            ctx.cache_set(_CHANGED_PAYMENTS, read)
        elif not is_newer:
            return
    if read is not None:
        ctx.follow_ups.append(read)


_CHANGED_PAYMENTS = ("external payments", "")


def _read_changed_payments(ctx: SyncContext) -> _ReadChanges:
    began_at = timezone.now()
    since = (_last_read_at(ctx.connection) or began_at) - CDC_OVERLAP
    changed = ctx.quickbooks.list_payments_changed(since)
    return _ReadChanges(_build_external_payments(ctx.connection, changed, began_at))


def _has_unread_payments(connection: QuickBooksConnection, since: datetime) -> bool:
    """Whether an event or an unfinished run of a later time is about a payment that is not linked."""
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


def record_external_payments(
    connection: QuickBooksConnection, payments: Iterable[QuickBooksPayment], read_at: datetime
) -> None:
    """Store them as they were at `read_at`, when their read began."""
    _build_external_payments(connection, payments, read_at).store()


def _build_external_payments(
    connection: QuickBooksConnection, payments: Iterable[QuickBooksPayment], read_at: datetime
) -> ExternalPayments:
    """Each allocation to an invoice. Payments that the portal created are left out.

    A payment of zero only applies a credit to an invoice: no money came in (docs/vendors/quickbooks-online.md, 3).
    """
    allocations = {
        payment.id: tuple(
            _external_payment(connection, payment, id_, read_at) for id_ in sorted(_invoices_paid_by(payment))
        )
        for payment in payments
        if not tagged_coperniq_id(connection.realm_id, Kind.PAYMENT, payment.note)
    }
    return ExternalPayments(connection.pk, read_at, allocations)


def _invoices_paid_by(payment: QuickBooksPayment) -> set[str]:
    if not payment.total_cents:
        return set()
    return {line.txn_id for line in payment.lines if line.txn_type == "Invoice"}


def _external_payment(
    connection: QuickBooksConnection, payment: QuickBooksPayment, invoice_id: str, read_at: datetime
) -> ExternalPayment:
    return ExternalPayment(
        connection=connection,
        quickbooks_id=payment.id,
        quickbooks_invoice_id=invoice_id,
        amount_cents=payment.applied_to(invoice_id),
        on=payment.on,
        reference=payment.reference[:80],
        read_at=read_at,
    )


def refresh_invoice(ctx: SyncContext, invoice: RecordLink) -> None:
    """Reads the linked invoice from QuickBooks again, and the payments on it that are not linked."""
    began_at = timezone.now()
    try:
        current = ctx.quickbooks.read_invoice(invoice.quickbooks_id)
    except RecordMissing:
        _on_invoice_ended(ctx, invoice, "deleted")
        return
    if current.is_voided:
        _on_invoice_ended(ctx, invoice, "voided")
        return
    snapshot = quickbooks_invoice_snapshot(current, ctx.settings.memo_field)
    on_invoice_moved(ctx, invoice, current.customer_id)
    refreshed = _RefreshedInvoice(invoice.pk, began_at, snapshot)
    refreshed.apply_to(invoice)
    ctx.follow_ups.append(refreshed)
    known = (row.quickbooks_id for row in external_payments_on(ctx, invoice))
    gone = tuple(id_ for id_ in known if id_ not in current.payment_ids)
    if gone:
        ctx.follow_ups.append(RemovedPayments(ctx.connection.pk, began_at, invoice.quickbooks_id, gone))
    unlinked = _read_unlinked(ctx, invoice, current.payment_ids)
    ctx.follow_ups.append(_build_external_payments(ctx.connection, unlinked, began_at))


def _on_invoice_ended(ctx: SyncContext, invoice: RecordLink, end: str) -> None:
    """Sets `end` on the link in memory only. If it were saved, the invoice's own run would see no change to act on."""
    snapshot = invoice.quickbooks_invoice
    if not snapshot.value_of(end) and not invoice.invoice_state.ended:
        request_pull(ctx, invoice)
    ended = QuickBooksInvoiceSnapshot(voided=True, deleted=True)
    invoice.quickbooks_invoice = snapshot.with_values_of(ended, [end])


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
        link.quickbooks_invoice = replace(link.quickbooks_invoice, balance=0)
        link.save(update_fields=["quickbooks_snapshot"])


def balance_of(invoice: RecordLink) -> int:
    """The open cents on it as last read; never negative."""
    return max(invoice.quickbooks_invoice.balance, 0)


def was_taken_off(ctx: SyncContext, link: RecordLink, payment: QuickBooksPayment) -> bool:
    """Whether people took some of a linked payment off its invoice.

    If not, the invoice became smaller and QuickBooks itself took off what exceeds it.
    """
    if not is_taken_off(payment, link.allocation_invoice_id, link.quickbooks_payment.applied):
        return False
    if pays_others(payment, link.allocation_invoice_id):
        return True
    try:
        return ctx.quickbooks.read_invoice(link.allocation_invoice_id).balance_cents > 0
    except RecordMissing:
        return False
