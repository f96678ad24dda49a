"""Which records of a change data answer differ from what the portal has stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from integrations.errors import UnexpectedShape
from integrations.models import (
    Action,
    InboundEvent,
    Kind,
    QuickBooksConnection,
    RecordLink,
    SyncRun,
    SyncSettings,
    Vendor,
)
from integrations.models.leases import LONG_AGO
from integrations.models.typed_json import UnreadableData
from integrations.quickbooks.changes import ChangedRecord
from integrations.quickbooks.documents import (
    QuickBooksInvoice,
    QuickBooksPayment,
    parse_quickbooks_invoice,
    parse_quickbooks_payment,
)
from integrations.quickbooks.records import Customer, read_customer_record
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.ingest.echo_detection import is_echo
from integrations.sync.invoices.mapping import quickbooks_invoice_snapshot
from integrations.sync.payments.mapping import quickbooks_payment_snapshot

_IDS_AT_ONCE = 500
_PAID = ("balance", "payments", "paid_since", "deleted")
"""Fields of an invoice's snapshot that only payments change, and that it was deleted."""

R = TypeVar("R")


@dataclass
class _StoredState:
    """What is stored about the records that changed.

    `paid` are the invoices whose payments matter; `held` are kind and Coperniq id of records that wait for a person.
    """

    links: dict[tuple[str, str], list[RecordLink]] = field(default_factory=lambda: defaultdict(list))
    notified_at: dict[tuple[str, str, bool], datetime] = field(default_factory=dict)
    writing: set[tuple[str, str]] = field(default_factory=set)
    paid: set[str] = field(default_factory=set)
    held: set[tuple[str, str]] = field(default_factory=set)
    memo_field: str = ""

    def of(self, change: ChangedRecord) -> list[RecordLink]:
        return self.links.get((change.entity, change.id), [])


_ENTITIES = {
    Kind.CUSTOMER: "Customer",
    Kind.JOB: "Customer",
    Kind.INVOICE: "Invoice",
    Kind.PAYMENT: "Payment",
}


def filter_relevant_changes(
    connection: QuickBooksConnection, changes: Sequence[ChangedRecord], on_at: datetime | None
) -> list[ChangedRecord]:
    """`on_at`, by QuickBooks' clock, is the cut-off for unlinked invoices; with None they are all left out."""
    known = _load_stored_state(connection, changes)
    tests: dict[str, Callable[[ChangedRecord], bool]] = {
        "Invoice": lambda change: _is_changed_invoice(connection, known, change, on_at),
        "Customer": lambda change: _is_changed_customer(known, change),
        "Payment": lambda change: _is_changed_payment(connection, known, change),
    }
    unreported = [each for each in changes if each.entity in tests and not _already_notified(known, each)]
    found = [
        each for each in unreported if each.entity != "Payment" and _is_relevant(tests[each.entity], each)
    ]
    known.paid |= {change.id for change in found if change.entity == "Invoice"}
    payments = [each for each in unreported if each.entity == "Payment"]
    return found + [each for each in payments if _is_relevant(tests["Payment"], each)]


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
        notifications = InboundEvent.objects.filter(
            company=connection.company_id,
            source=InboundEvent.Source.QUICKBOOKS_WEBHOOK,
            record_type__in=("invoice", "payment"),
            record_id__in=ids,
            outcome__in=("", InboundEvent.Outcome.PLANNED),
        )
        for event in notifications:
            kind = Kind(event.record_type)
            if not event.outcome and is_echo(connection, kind, event.record_id, event.occurred_at):
                continue  # it will be ignored, although a person may have edited the record in the same second
            key = (event.record_type, event.record_id, event.name == "deleted")
            known.notified_at[key] = max(event.occurred_at or LONG_AGO, known.notified_at.get(key, LONG_AGO))
    held = SyncRun.objects.held().filter(connection=connection, kind__in=(Kind.INVOICE, Kind.PAYMENT))
    known.held = set(held.exclude(coperniq_id="").values_list("kind", "coperniq_id"))
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


def _already_notified(known: _StoredState, change: ChangedRecord) -> bool:
    """A webhook of the same second has been or will be routed, unless it was taken for an echo."""
    notified_at = known.notified_at.get((change.entity.lower(), change.id, change.is_deleted))
    if notified_at is None or change.updated_at is None or notified_at < change.updated_at:
        return False
    return not any(
        link.quickbooks_at == notified_at and not _already_seen(link, change) for link in known.of(change)
    )


def _already_seen(link: RecordLink, change: ChangedRecord) -> bool:
    """The portal has stored this version or a later one."""
    same = link.quickbooks_version == change.sync_token
    older = change.updated_at and link.quickbooks_at and change.updated_at < link.quickbooks_at
    return same or bool(older)


def _is_new_deletion(links: Iterable[RecordLink]) -> bool:
    return any(not link.quickbooks_snapshot.get("deleted") for link in links)


def _is_changed_invoice(
    connection: QuickBooksConnection, known: _StoredState, change: ChangedRecord, on_at: datetime | None
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
    if on_at is None or change.updated_at is None or change.updated_at < on_at:
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
        return _is_new_deletion(links)
    payment = readable_changes(parse_quickbooks_payment, change)
    if payment is None:
        return True
    paid = _invoices_paid(payment) & known.paid
    if not links:
        return bool(paid) and not _is_being_written(connection, known, Kind.PAYMENT, payment.note)
    unlinked = paid - {link.allocation_invoice_id for link in links}
    unseen = [link for link in links if not _already_seen(link, change)]
    return bool(unlinked) or any(_is_held(known, link) or _is_changed(link, payment) for link in unseen)


def _is_changed(link: RecordLink, payment: QuickBooksPayment) -> bool:
    share = link.payment_state.is_share
    fresh = quickbooks_payment_snapshot(payment, link.allocation_invoice_id, share=share)
    return replace(link.quickbooks_payment, deleted=False) != fresh


def _is_changed_customer(known: _StoredState, change: ChangedRecord) -> bool:
    links = known.of(change)
    if change.is_deleted:
        return _is_new_deletion(links)
    unseen = [link for link in links if not _already_seen(link, change)]
    customer = readable_changes(read_customer_record, change)
    return any(customer is None or _is_other_version(link, customer) for link in unseen)


def _is_other_version(link: RecordLink, customer: Customer) -> bool:
    stored = link.quickbooks_snapshot
    return not customer.is_active or any(stored.get(path) != value for path, value in customer.values.items())
