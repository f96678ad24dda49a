"""Money that people, not the portal, recorded in QuickBooks: each payment may duplicate one in Coperniq.

It is learned from change data capture (ingest/quickbooks_cdc.py), from webhooks, and from reading an invoice again. If
none of these reports a payment, nothing is read here, but for what customers had before the portal heard of their money.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from integrations.errors import RecordMissing, Refused
from integrations.models import (
    Action,
    ExternalPayment,
    InboundEvent,
    InvoiceSyncPeriod,
    Kind,
    QuickBooksConnection,
    RecordLink,
    SyncRun,
)
from integrations.models.leases import LONG_AGO
from integrations.models.snapshots import QuickBooksInvoiceSnapshot
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.customers.customer_family import CustomerFamily
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.continuity import CDC_OVERLAP
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.engine.follow_ups import UpdatedLink
from integrations.sync.invoices.mapping import quickbooks_invoice_snapshot
from integrations.sync.invoices.pull_request import note_former_customer, on_invoice_moved, request_pull
from integrations.sync.payments.mapping import RECORDED_BY_PORTAL, is_taken_off, pays_others

_CUSTOMER_KINDS = (Kind.CUSTOMER, Kind.JOB)
_CUSTOMERS_AT_ONCE = 30
_WAS_UNAPPLIED = Q(quickbooks_invoice_id="") | Q(was_unapplied=True)
_REFRESHED_FIELDS = ("balance", "payments", "customer", "voided")
"""Parts of an invoice's snapshot that people change and that matter to a payment on it."""


@dataclass(frozen=True)
class ExternalPayments:
    """Payments with the invoices that each pays, linked or not, as they were at `read_at`, when their read began.

    They may be stored much later, and after what was read after them, which they leave as it is. Which of the invoices
    and customers are linked is looked up then.
    """

    connection_id: int
    read_at: datetime
    allocations: Mapping[str, tuple[ExternalPayment, ...]]

    def store(self) -> None:
        known = ExternalPayment.objects.filter(connection=self.connection_id)
        newer = known.filter(quickbooks_id__in=self.allocations, read_at__gt=self.read_at)
        settled = set(newer.values_list("quickbooks_id", flat=True))
        rows_read = [row for rows in self.allocations.values() for row in rows]
        invoices = self._linked_ids({row.quickbooks_invoice_id for row in rows_read}, (Kind.INVOICE,))
        customers = self._linked_ids({row.customer_id for row in rows_read}, _CUSTOMER_KINDS)
        of_read = known.filter(_WAS_UNAPPLIED, quickbooks_id__in=self.allocations)
        were_unapplied = set(of_read.values_list("quickbooks_id", flat=True))
        for payment_id in self.allocations.keys() - settled:
            rows = [
                row
                for row in self.allocations[payment_id]
                if row.quickbooks_invoice_id in invoices or row.customer_id in customers
            ]
            of_payment = known.filter(quickbooks_id=payment_id, read_at__lte=self.read_at)
            of_payment.exclude(quickbooks_invoice_id__in=[row.quickbooks_invoice_id for row in rows]).delete()
            for row in rows:
                ExternalPayment.objects.update_or_create(
                    connection_id=self.connection_id,
                    quickbooks_id=payment_id,
                    quickbooks_invoice_id=row.quickbooks_invoice_id,
                    defaults={
                        "customer_id": row.customer_id,
                        "amount_cents": row.amount_cents,
                        "total_cents": row.total_cents,
                        "on": row.on,
                        "reference": row.reference,
                        "was_unapplied": payment_id in were_unapplied,
                        "read_at": self.read_at,
                    },
                )

    def _linked_ids(self, ids: set[str], kinds: Sequence[Kind]) -> set[str]:
        links = RecordLink.objects.filter(connection=self.connection_id, kind__in=kinds)
        found = links.filter(quickbooks_id__in=ids).values_list("quickbooks_id", flat=True)
        return set(found) if ids else set()


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
class BothMeant:
    """A person said that this payment is other money than one of Coperniq: nobody is asked for the same reason again.

    `unapplied_cents`: the part of it that is not applied was of the same amount. `of_number`: it has the same number.
    """

    connection_id: int
    payment_id: str
    unapplied_cents: int
    of_number: bool

    def store(self) -> None:
        rows = ExternalPayment.objects.filter(connection=self.connection_id, quickbooks_id=self.payment_id)
        rows.filter(quickbooks_invoice_id="").update(both_of_amount=self.unapplied_cents)
        if self.of_number:
            rows.update(both_of_number=True)


@dataclass(frozen=True)
class _ReadChanges:
    """All payments that QuickBooks reported as changed. The stored time of that read is never set back."""

    payments: ExternalPayments

    @property
    def at(self) -> datetime:
        return self.payments.read_at

    def store(self) -> None:
        self.payments.store()
        record_changes_read(self.payments.connection_id, self.at)


def record_changes_read(connection_id: int, at: datetime) -> None:
    """Store that all changes up to `at` are read, unless more is known to be read."""
    earlier = Q(changes_read_at__isnull=True) | Q(changes_read_at__lt=at)
    QuickBooksConnection.objects.filter(earlier, pk=connection_id).update(changes_read_at=at)


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
    return _up_to_date(
        ctx, Q(quickbooks_invoice_id=invoice_id), lambda row: row.quickbooks_invoice_id == invoice_id
    )


def external_payments_of(
    ctx: SyncContext, invoice: RecordLink, customer_ids: Container[str]
) -> list[ExternalPayment]:
    """Those on this invoice, and all of these customers."""
    invoice_id = invoice.quickbooks_id
    return _up_to_date(
        ctx,
        Q(quickbooks_invoice_id=invoice_id) | Q(customer_id__in=customer_ids),
        lambda row: row.quickbooks_invoice_id == invoice_id or row.customer_id in customer_ids,
    )


def _up_to_date(
    ctx: SyncContext, stored: Q, is_wanted: Callable[[ExternalPayment], bool]
) -> list[ExternalPayment]:
    rows = ExternalPayment.objects.filter(stored, connection=ctx.connection).order_by("pk")
    known = {(row.quickbooks_id, row.quickbooks_invoice_id): row for row in rows}
    found = dict(known)
    for each in ctx.follow_ups:
        if isinstance(each, RemovedPayments):
            found = {
                key: row
                for key, row in found.items()
                if row.quickbooks_invoice_id != each.quickbooks_invoice_id
                or _is_kept(row, each.payment_ids, each.read_at)
            }
        elif isinstance(each, _ReadChanges | ExternalPayments):
            read = each.payments if isinstance(each, _ReadChanges) else each
            found = {key: row for key, row in found.items() if _is_kept(row, read.allocations, read.read_at)}
            newer = {row.quickbooks_id for row in found.values()}
            wanted = filter(is_wanted, (row for rows in read.allocations.values() for row in rows))
            found |= {
                (row.quickbooks_id, row.quickbooks_invoice_id): row
                for row in wanted
                if row.quickbooks_id not in newer
            }
    for key, row in found.items():
        if key in known:
            row.both_of_amount, row.both_of_number = known[key].both_of_amount, known[key].both_of_number
    return list(found.values())


def _is_kept(row: ExternalPayment, read: Container[str], read_at: datetime) -> bool:
    """Whether the payment was not read again at `read_at`."""
    return row.quickbooks_id not in read or row.read_at > read_at


def was_unapplied(ctx: SyncContext, payment_id: str) -> bool:
    """Whether some of it was not applied to an invoice when it was read before: it may be older than the invoice."""
    known = ExternalPayment.objects.filter(connection=ctx.connection, quickbooks_id=payment_id)
    return known.filter(_WAS_UNAPPLIED).exists()


def read_earlier_payments(ctx: SyncContext, family: CustomerFamily) -> None:
    """One read for each customer, ever: the money that it had before the portal heard of its payments.

    What the portal itself has created while payments were synced had none.
    """
    unread = [link for link in family.links if not link.customer_state.payments_read]
    unread = [link for link in unread if link.quickbooks_id in family.payer_ids][:_CUSTOMERS_AT_ONCE]
    if not unread:
        return
    period = InvoiceSyncPeriod.objects.filter(connection=ctx.connection).order_by("on_at").first()
    created = RecordLink.MatchMethod.CREATED
    earlier = [
        link
        for link in unread
        if period is None or link.match_method != created or link.linked_at < period.on_at
    ]
    if not earlier:
        return
    began_at = timezone.now()
    found = ctx.quickbooks.find_payments_of([link.quickbooks_id for link in earlier])
    ctx.follow_ups.append(_build_external_payments(ctx.connection, found, began_at))
    for link in earlier:
        link.customer_state = replace(link.customer_state, payments_read=True)
        ctx.follow_ups.append(UpdatedLink.of(link, "sync_state"))


def read_payments_again(ctx: SyncContext, payment_ids: Iterable[str]) -> list[QuickBooksPayment]:
    """Those that are still there: what is stored of a candidate may be outdated when a person is asked about it."""
    began_at, found = timezone.now(), []
    for payment_id in payment_ids:
        try:
            found.append(ctx.quickbooks.read_payment(payment_id))
        except RecordMissing:
            ctx.follow_ups.append(ExternalPayments(ctx.connection.pk, began_at, {payment_id: ()}))
    ctx.follow_ups.append(_build_external_payments(ctx.connection, found, began_at))
    return found


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
            try:
                read = _read_changed_payments(ctx)
            except Refused:
                return  # what the change data capture has stored counts; its failure is shown on the pages
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
    """Each allocation to an invoice, and what is not applied.

    Of a payment that the portal created it is what people have moved elsewhere, and nothing until it is linked. A
    payment of zero only applies a credit to an invoice: no money came in (docs/vendors/quickbooks-online.md, 3).
    """
    rows = list(payments)
    own = _own_allocations(connection, rows)
    allocations = {
        payment.id: tuple(
            _external_payment(connection, payment, id_, read_at)
            for id_ in sorted(_parts_of(payment) - own.get(payment.id, set()))
        )
        for payment in rows
        if own.get(payment.id) != set()
    }
    return ExternalPayments(connection.pk, read_at, allocations)


def _own_allocations(
    connection: QuickBooksConnection, payments: Iterable[QuickBooksPayment]
) -> Mapping[str, set[str]]:
    """By the id of each payment that the portal created, the invoices it created it for; empty if it is not linked."""
    own: dict[str, set[str]] = {
        payment.id: set()
        for payment in payments
        if tagged_coperniq_id(connection.realm_id, Kind.PAYMENT, payment.note)
    }
    if own:
        links = RecordLink.objects.of(connection, Kind.PAYMENT).filter(quickbooks_id__in=own)
        for link in links.filter(match_method__in=RECORDED_BY_PORTAL):
            own[link.quickbooks_id].add(link.allocation_invoice_id)
    return own


def _parts_of(payment: QuickBooksPayment) -> set[str]:
    """The invoices that it pays, and "" if some of it is not applied."""
    if not payment.total_cents:
        return set()
    invoices = {line.txn_id for line in payment.lines if line.txn_type == "Invoice"}
    return invoices | ({""} if payment.unapplied_cents > 0 else set())


def _external_payment(
    connection: QuickBooksConnection, payment: QuickBooksPayment, invoice_id: str, read_at: datetime
) -> ExternalPayment:
    return ExternalPayment(
        connection=connection,
        quickbooks_id=payment.id,
        quickbooks_invoice_id=invoice_id,
        customer_id=payment.customer_id,
        amount_cents=payment.applied_to(invoice_id) if invoice_id else payment.unapplied_cents,
        total_cents=payment.total_cents,
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


def with_payment_applied(invoice: RecordLink, payment_id: str, applied_cents: int) -> RecordLink:
    """The link of an invoice with the balance that a payment on it leaves, so that it need not be read."""
    snapshot = invoice.quickbooks_invoice
    invoice.quickbooks_invoice = replace(
        snapshot,
        balance=snapshot.balance - applied_cents,
        payments=tuple(sorted({*snapshot.payments, payment_id})),
    )
    return invoice


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
