"""Which records of a change data answer differ from what the portal has stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

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
BALANCE = ("balance", "payments")
"""What payments change of an invoice, and nothing else does."""

R = TypeVar("R")


@dataclass
class _StoredState:
    """What is stored about the records that changed.

    `paid` are the invoices whose payments matter; `asked` are kind and Coperniq's id of what waits for a person.
    """

    links: dict[tuple[str, str], list[RecordLink]] = field(default_factory=lambda: defaultdict(list))
    told_at: dict[tuple[str, str, bool], datetime] = field(default_factory=dict)
    writing: set[tuple[str, str]] = field(default_factory=set)
    paid: set[str] = field(default_factory=set)
    asked: set[tuple[str, str]] = field(default_factory=set)
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
    """`on_at`, by QuickBooks' clock, is the cut-off for invoices that are not linked; None: none of them is looked at."""
    known = _load_stored_state(connection, changes)
    untold = [change for change in changes if not _already_notified(known, change)]
    found = [
        change
        for change in untold
        if (change.entity == "Invoice" and _is_changed_invoice(connection, known, change, on_at))
        or (change.entity == "Customer" and _is_changed_customer(known, change))
    ]
    known.paid |= {change.id for change in found if change.entity == "Invoice"}
    return found + [
        change
        for change in untold
        if change.entity == "Payment" and _is_changed_payment(connection, known, change)
    ]


def _load_stored_state(connection: QuickBooksConnection, changes: Sequence[ChangedRecord]) -> _StoredState:
    stored = SyncSettings.objects.filter(connection=connection).first() or SyncSettings()
    known = _StoredState(memo_field=stored.memo_field)
    for ids in chunks({change.id for change in changes}):
        for link in connection.links.filter(kind__in=_ENTITIES, quickbooks_id__in=ids):
            known.links[_ENTITIES[Kind(link.kind)], link.quickbooks_id].append(link)
        told = InboundEvent.objects.filter(
            company=connection.company_id,
            source=InboundEvent.Source.QUICKBOOKS_WEBHOOK,
            record_type__in=("invoice", "payment"),
            record_id__in=ids,
            outcome__in=("", InboundEvent.Outcome.PLANNED),
        )
        for event in told:
            kind = Kind(event.record_type)
            if not event.outcome and is_echo(connection, kind, event.record_id, event.occurred_at):
                continue  # it will be passed over, though it may tell of somebody's edit in the same moment
            key = (event.record_type, event.record_id, event.name == "deleted")
            known.told_at[key] = max(event.occurred_at or LONG_AGO, known.told_at.get(key, LONG_AGO))
    held = SyncRun.objects.held().filter(connection=connection, kind__in=(Kind.INVOICE, Kind.PAYMENT))
    known.asked = set(held.exclude(coperniq_id="").values_list("kind", "coperniq_id"))
    writes = connection.writes.open().filter(vendor=Vendor.QUICKBOOKS)
    known.writing = set(writes.values_list("kind", "coperniq_id"))
    known.paid = interesting_invoices(connection, changes)
    return known


def chunks(ids: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(ids)
    return (ordered[start : start + _IDS_AT_ONCE] for start in range(0, len(ordered), _IDS_AT_ONCE))


def interesting_invoices(connection: QuickBooksConnection, changes: Iterable[ChangedRecord]) -> set[str]:
    """Of those that are paid: linked ones, and those about to be brought over."""
    paid = {each for payment in read_changed_payments(changes) for each in _invoices_paid(payment)}
    links = RecordLink.objects.of(connection, Kind.INVOICE)
    pulls = SyncRun.objects.open().filter(connection=connection, action=Action.PULL_INVOICE)
    found: set[str] = set()
    for ids in chunks(paid):
        found.update(links.filter(quickbooks_id__in=ids).values_list("quickbooks_id", flat=True))
        found.update(pulls.filter(quickbooks_id__in=ids).values_list("quickbooks_id", flat=True))
    return found


def read_changed_payments(changes: Iterable[ChangedRecord]) -> Iterator[QuickBooksPayment]:
    for change in changes:
        if change.entity == "Payment" and not change.is_deleted:
            payment = readable_changes(parse_quickbooks_payment, change)
            if payment is not None:
                yield payment


def readable_changes(read: Callable[[Mapping[str, Any]], R], change: ChangedRecord) -> R | None:
    """One odd record must not keep the others from being seen. Whoever reads it next tells what is odd."""
    try:
        return read(change.record)
    except UnexpectedShape:
        return None


def _invoices_paid(payment: QuickBooksPayment) -> set[str]:
    return {line.txn_id for line in payment.lines if line.txn_type == "Invoice"}


def _already_notified(known: _StoredState, change: ChangedRecord) -> bool:
    """A notification of the same moment has been or will be acted upon, unless it was taken for known (whole seconds)."""
    told_at = known.told_at.get((change.entity.lower(), change.id, change.is_deleted))
    if told_at is None or change.updated_at is None or told_at < change.updated_at:
        return False
    return not any(
        link.quickbooks_at == told_at and not _already_seen(link, change) for link in known.of(change)
    )


def _already_seen(link: RecordLink, change: ChangedRecord) -> bool:
    """This version has been answered, or a later one."""
    same = link.quickbooks_version == change.sync_token
    late = change.updated_at and link.quickbooks_at and change.updated_at < link.quickbooks_at
    return same or bool(late)


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
            invoice is None or _is_requested(known, link) or _is_edited(known, link, invoice)
            for link in unseen
        )
    if on_at is None or change.updated_at is None or change.updated_at < on_at:
        return False
    return invoice is None or not is_being_written(connection, known, Kind.INVOICE, invoice.note)


def _is_requested(known: _StoredState, link: RecordLink) -> bool:
    """A person who is asked about it may have put it back as it was, and the question is none any more."""
    return (link.kind, link.coperniq_id) in known.asked


def _is_edited(known: _StoredState, link: RecordLink, invoice: QuickBooksInvoice) -> bool:
    memo_field = link.quickbooks_snapshot.get("memo_field", known.memo_field)
    fresh = quickbooks_invoice_snapshot(invoice, memo_field)
    return differs(link.quickbooks_snapshot, {name: fresh[name] for name in fresh if name not in BALANCE})


def differs(stored: Mapping[str, Any], fresh: Mapping[str, Any]) -> bool:
    return any(stored.get(name) != value for name, value in fresh.items())


def is_being_written(connection: QuickBooksConnection, known: _StoredState, kind: Kind, note: str) -> bool:
    """It bears our mark, and the answer to that write has yet to be stored."""
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
        return bool(paid) and not is_being_written(connection, known, Kind.PAYMENT, payment.note)
    unlinked = paid - {link.quickbooks_part for link in links}
    unseen = [link for link in links if not _already_seen(link, change)]
    return bool(unlinked) or any(_is_requested(known, link) or _is_changed(link, payment) for link in unseen)


def _is_changed(link: RecordLink, payment: QuickBooksPayment) -> bool:
    share = bool(link.written.get("share"))
    return differs(
        link.quickbooks_snapshot, quickbooks_payment_snapshot(payment, link.quickbooks_part, share=share)
    )


def _is_changed_customer(known: _StoredState, change: ChangedRecord) -> bool:
    links = known.of(change)
    if change.is_deleted:
        return _is_new_deletion(links)
    unseen = [link for link in links if not _already_seen(link, change)]
    customer = readable_changes(read_customer_record, change)
    return any(customer is None or _is_other_version(link, customer) for link in unseen)


def _is_other_version(link: RecordLink, customer: Customer) -> bool:
    return not customer.is_active or differs(link.quickbooks_snapshot, customer.values)
