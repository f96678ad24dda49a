"""Which records of a change data answer differ from what the portal has stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

from integrations.errors import UnexpectedShape
from integrations.models import (
    Action,
    InvoiceSyncPeriod,
    Kind,
    QuickBooksConnection,
    RecordLink,
    SyncRun,
    SyncSettings,
    Vendor,
)
from integrations.models.typed_json import UnreadableData
from integrations.quickbooks.changes import ChangedRecord
from integrations.quickbooks.documents import (
    QuickBooksInvoice,
    QuickBooksPayment,
    is_later_version,
    parse_quickbooks_invoice,
    parse_quickbooks_payment,
)
from integrations.quickbooks.records import Customer, read_customer_record
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.invoices.mapping import quickbooks_invoice_snapshot
from integrations.sync.payments.candidates import find_recorded_by_portal
from integrations.sync.payments.mapping import quickbooks_payment_snapshot

_IDS_AT_ONCE = 500
_READERS = (Action.PULL_INVOICE, Action.NOTICE_ALLOCATIONS, Action.PULL_PAYMENT)
_PAID = ("balance", "payments", "paid_since", "deleted")
"""Fields of an invoice's snapshot that only payments change, and that it was deleted."""

R = TypeVar("R")


@dataclass
class _StoredState:
    """What is stored about the records that changed.

    `read` are the versions that runs have read of records, by action and ids. `paid` are the invoices whose payments
    matter; `held` are kind and Coperniq id of records that wait for a person, `asked` the ids of QuickBooks payments that
    do. `offered` are the ids of customers and jobs that people are asked to choose from.
    """

    links: dict[tuple[str, str], list[RecordLink]] = field(default_factory=lambda: defaultdict(list))
    read: dict[tuple[str, str, str], str] = field(default_factory=dict)
    writing: set[tuple[str, str]] = field(default_factory=set)
    paid: set[str] = field(default_factory=set)
    held: set[tuple[str, str]] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    offered: set[str] = field(default_factory=set)
    memo_field: str = ""

    def of(self, change: ChangedRecord) -> list[RecordLink]:
        return self.links.get((change.entity, change.id), [])

    def is_read(self, action: Action, change: ChangedRecord, invoice_id: str = "") -> bool:
        """Whether a run has read this version or a later one. What a run was only asked for does not count."""
        version = self.read.get((action, change.id, invoice_id), "")
        return bool(version) and not is_later_version(change.sync_token, version)


_ENTITIES = {
    Kind.CUSTOMER: "Customer",
    Kind.JOB: "Customer",
    Kind.INVOICE: "Invoice",
    Kind.PAYMENT: "Payment",
}


def filter_relevant_changes(
    connection: QuickBooksConnection,
    changes: Sequence[ChangedRecord],
    period: InvoiceSyncPeriod | None,
    clock_offset: timedelta = timedelta(),
) -> list[ChangedRecord]:
    """Without a period, while syncing is off, all unlinked invoices are left out."""
    known = _load_stored_state(connection, changes)
    tests: dict[str, Callable[[ChangedRecord], bool]] = {
        "Invoice": lambda change: _is_changed_invoice(connection, known, change, period, clock_offset),
        "Customer": lambda change: _is_changed_customer(known, change),
        "Payment": lambda change: _is_changed_payment(connection, known, change),
    }
    others = [each for each in changes if each.entity in tests and each.entity != "Payment"]
    found = [each for each in others if _is_relevant(tests[each.entity], each)]
    known.paid |= {change.id for change in found if change.entity == "Invoice"}
    payments = [each for each in changes if each.entity == "Payment"]
    return found + [each for each in payments if _is_relevant(tests["Payment"], each)]


def find_changed_balances(
    connection: QuickBooksConnection, changes: Sequence[ChangedRecord], relevant: Sequence[ChangedRecord]
) -> list[tuple[ChangedRecord, int]]:
    """Linked invoices whose balance alone is not the stored one, with it, in cents: deposits and credits change it."""
    reported = {change.id for change in relevant if change.entity == "Invoice"}
    rows = {
        change.id: change
        for change in changes
        if change.entity == "Invoice" and not change.is_deleted and change.id not in reported
    }
    found = []
    for ids in _chunks(rows):
        for link in RecordLink.objects.of(connection, Kind.INVOICE).filter(quickbooks_id__in=ids):
            change = rows[link.quickbooks_id]
            invoice = readable_changes(parse_quickbooks_invoice, change)
            is_older = is_later_version(link.quickbooks_version, change.sync_token)
            if invoice is not None and not is_older and invoice.balance_cents != _stored_balance(link):
                found.append((change, invoice.balance_cents))
    return found


def _stored_balance(link: RecordLink) -> int | None:
    try:
        return link.quickbooks_invoice.balance
    except UnreadableData:
        return None


def _is_relevant(is_changed: Callable[[ChangedRecord], bool], change: ChangedRecord) -> bool:
    """A record whose stored state cannot be read is reported, so that its run says so and the others go on."""
    try:
        return is_changed(change)
    except UnreadableData:
        return True


def _load_stored_state(connection: QuickBooksConnection, changes: Sequence[ChangedRecord]) -> _StoredState:
    stored = SyncSettings.objects.filter(connection=connection).first() or SyncSettings()
    known = _StoredState(memo_field=stored.memo_field)
    for ids in _chunks({change.id for change in changes}):
        for link in connection.links.filter(kind__in=_ENTITIES, quickbooks_id__in=ids):
            known.links[_ENTITIES[Kind(link.kind)], link.quickbooks_id].append(link)
        runs = SyncRun.objects.filter(connection=connection, action__in=_READERS, quickbooks_id__in=ids)
        for action, id_, invoice_id, version in (
            runs.exclude(read_version="")
            .order_by("id")
            .values_list("action", "quickbooks_id", "allocation_invoice_id", "read_version")
        ):
            known.read[action, id_, invoice_id] = version
    held = SyncRun.objects.held().filter(connection=connection, kind__in=(Kind.INVOICE, Kind.PAYMENT))
    known.held = set(held.exclude(coperniq_id="").values_list("kind", "coperniq_id"))
    known.asked = set(held.filter(kind=Kind.PAYMENT).values_list("quickbooks_id", flat=True)) - {""}
    if any(change.entity == "Customer" for change in changes):
        known.offered = SyncRun.objects.held().offered_ids(connection)
    writes = connection.writes.open().filter(vendor=Vendor.QUICKBOOKS, shared_entry_name="")
    known.writing = set(writes.values_list("kind", "coperniq_id"))
    known.paid = _invoices_to_watch(connection, changes)
    return known


def _chunks(ids: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(ids)
    return (ordered[start : start + _IDS_AT_ONCE] for start in range(0, len(ordered), _IDS_AT_ONCE))


def _invoices_to_watch(connection: QuickBooksConnection, changes: Iterable[ChangedRecord]) -> set[str]:
    """Paid invoices that are linked or about to be pulled."""
    paid = {each for payment in read_changed_payments(changes) for each in _invoices_paid(payment)}
    links = RecordLink.objects.of(connection, Kind.INVOICE)
    pulls = SyncRun.objects.open().filter(connection=connection, action=Action.PULL_INVOICE)
    found: set[str] = set()
    for ids in _chunks(paid):
        found.update(links.filter(quickbooks_id__in=ids).values_list("quickbooks_id", flat=True))
        found.update(pulls.filter(quickbooks_id__in=ids).values_list("quickbooks_id", flat=True))
    return found


def read_changed_payments(changes: Iterable[ChangedRecord]) -> Iterator[QuickBooksPayment]:
    for change in changes:
        if change.entity == "Payment" and not change.is_deleted:
            payment = readable_changes(parse_quickbooks_payment, change)
            if payment is not None:
                yield payment


def readable_changes(read: Callable[[Mapping[str, object]], R], change: ChangedRecord) -> R | None:
    """None for an unreadable record, so that the others are still checked. The run that reads it reports the error."""
    try:
        return read(change.record)
    except UnexpectedShape:
        return None


def _invoices_paid(payment: QuickBooksPayment) -> set[str]:
    return {line.txn_id for line in payment.lines if line.txn_type == "Invoice"}


def _already_seen(link: RecordLink, change: ChangedRecord) -> bool:
    """The portal has stored this version or a later one."""
    return bool(link.quickbooks_version) and not is_later_version(change.sync_token, link.quickbooks_version)


def _is_new_deletion(links: Iterable[RecordLink]) -> bool:
    return any(not link.quickbooks_snapshot.get("deleted") for link in links)


def _is_changed_invoice(
    connection: QuickBooksConnection,
    known: _StoredState,
    change: ChangedRecord,
    period: InvoiceSyncPeriod | None,
    clock_offset: timedelta,
) -> bool:
    links = known.of(change)
    if change.is_deleted:
        return _is_new_deletion(links)
    invoice = readable_changes(parse_quickbooks_invoice, change)
    if links:
        unseen = [link for link in links if not _already_seen(link, change)]
        return any(
            invoice is None or _is_held(known, link) or _is_edited(known, link, invoice) for link in unseen
        )
    moments = (change.updated_at, invoice.created_at if invoice is not None else None)
    if period is None or not any(at is not None and period.accepts(at, clock_offset) for at in moments):
        return False
    if known.is_read(Action.PULL_INVOICE, change):
        return False
    return invoice is None or not _is_being_written(connection, known, Kind.INVOICE, invoice.note)


def _is_held(known: _StoredState, link: RecordLink) -> bool:
    """A person may have undone the change that a held run asks about."""
    return (link.kind, link.coperniq_id) in known.held


def _is_edited(known: _StoredState, link: RecordLink, invoice: QuickBooksInvoice) -> bool:
    stored = link.quickbooks_invoice
    fresh = quickbooks_invoice_snapshot(invoice, stored.memo_field or known.memo_field)
    return stored.without(_PAID) != fresh.without(_PAID)


def _is_being_written(connection: QuickBooksConnection, known: _StoredState, kind: Kind, note: str) -> bool:
    """It carries the portal's tag, and the answer to that write has not been stored yet."""
    return (kind, tagged_coperniq_id(connection.realm_id, kind, note)) in known.writing


def _is_changed_payment(connection: QuickBooksConnection, known: _StoredState, change: ChangedRecord) -> bool:
    links = known.of(change)
    if change.is_deleted:
        return _is_new_deletion(links) or change.id in known.asked
    payment = readable_changes(parse_quickbooks_payment, change)
    if payment is None:
        return True
    unlinked = _invoices_paid(payment) & known.paid - {link.allocation_invoice_id for link in links}
    if known.is_read(Action.NOTICE_ALLOCATIONS, change):
        unlinked = {each for each in unlinked if payment.total_cents and _is_unread(known, change, each)}
    if not links:
        is_wanted = bool(unlinked) or _is_asked_about(connection, known, change, payment)
        return is_wanted and not _is_being_written(connection, known, Kind.PAYMENT, payment.note)
    unseen = [link for link in links if not _already_seen(link, change)]
    return bool(unlinked) or any(_is_held(known, link) or _is_changed(link, payment) for link in unseen)


def _is_unread(known: _StoredState, change: ChangedRecord, invoice_id: str) -> bool:
    return not known.is_read(Action.PULL_PAYMENT, change, invoice_id)


def _is_asked_about(
    connection: QuickBooksConnection, known: _StoredState, change: ChangedRecord, payment: QuickBooksPayment
) -> bool:
    """A version that no run has read of a payment that a person is asked about, or of money that is not applied.

    The latter the portal may have recorded once more before it heard of it.
    """
    if known.is_read(Action.NOTICE_ALLOCATIONS, change):
        return False
    amounts = {payment.total_cents, payment.unapplied_cents}
    is_unapplied = payment.unapplied_cents > 0
    return change.id in known.asked or (
        is_unapplied and find_recorded_by_portal(connection, payment, amounts) is not None
    )


def _is_changed(link: RecordLink, payment: QuickBooksPayment) -> bool:
    share = link.payment_state.is_share
    fresh = quickbooks_payment_snapshot(payment, link.allocation_invoice_id, share=share)
    return replace(link.quickbooks_payment, deleted=False) != fresh


def _is_changed_customer(known: _StoredState, change: ChangedRecord) -> bool:
    if change.id in known.offered:
        return True
    links = known.of(change)
    if change.is_deleted:
        return _is_new_deletion(links)
    unseen = [link for link in links if not _already_seen(link, change)]
    customer = readable_changes(read_customer_record, change)
    return any(customer is None or _is_other_version(link, customer) for link in unseen)


def _is_other_version(link: RecordLink, customer: Customer) -> bool:
    stored = link.quickbooks_snapshot
    is_billed_elsewhere = stored.get("billing", customer.billing) != customer.billing
    differs = any(stored.get(path) != value for path, value in customer.values.items())
    return not customer.is_active or is_billed_elsewhere or differs
