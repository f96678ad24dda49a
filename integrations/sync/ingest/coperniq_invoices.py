"""Poll Coperniq for changed, new and missing invoices and for payments; Coperniq reports none of them by webhook."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil
from secrets import SystemRandom

from django.utils import timezone

from integrations.connections.budget import is_scarce
from integrations.connections.tokens import mark_invoices_lost
from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.money import CoperniqInvoice, UnreadableInvoice
from integrations.coperniq.paging import PAGE_SIZE
from integrations.errors import RecordMissing, UnexpectedShape
from integrations.models import (
    CoperniqConnection,
    InvoiceSyncPeriod,
    Kind,
    PolledInvoice,
    QuickBooksConnection,
    RecordLink,
)
from integrations.models.typed_json import UnreadableData
from integrations.sync.ingest.events import (
    EVENTS_PER_INSERT,
    record_invoices_changed,
    record_invoices_missing,
    record_payment_checks,
)

_INVOICE_OVERLAP = timedelta(minutes=5)
_SCAN_INTERVAL = timedelta(minutes=5)
_SCAN_PAGE_INTERVAL = timedelta(seconds=120)  # so that scans cost under 750 of the day's 5,000 calls
_MANY_MISSING = 3
_READ_AT_ONCE = 20
_HIDDEN_READ_AT_ONCE = 2
_RECHECK_PERIOD = timedelta(minutes=30)
_RECHECKED = 20
_RECHECKED_SELDOM = 5  # a quarter of the calls, where amountPaid has been seen to follow payments
_SKIPPED_AT_ONCE = 100  # each costs one of the day's calls

_Listed = CoperniqInvoice | UnreadableInvoice


def poll_invoices(connection: CoperniqConnection, client: CoperniqClient, now: datetime) -> None:
    quickbooks_connection = QuickBooksConnection.objects.live().filter(company=connection.company_id).first()
    period = (
        InvoiceSyncPeriod.objects.latest_of(quickbooks_connection)
        if quickbooks_connection is not None
        else None
    )
    if quickbooks_connection is None or period is None or period.off_at is not None:
        return
    first = InvoiceSyncPeriod.objects.first_of(quickbooks_connection) or period
    cursor = min(connection.invoices_cursor_at or first.on_at - client.clock_behind, now)
    changed = client.list_invoices(cursor - _INVOICE_OVERLAP)
    _record_changes(connection, quickbooks_connection, period, changed)
    newest = max((invoice.updated_at for invoice in changed), default=cursor)
    if len(changed) >= PAGE_SIZE and newest > cursor:
        # A change between two pages moves the other rows up, past the reader: read the list again, as with projects.
        _record_changes(
            connection, quickbooks_connection, period, client.list_invoices(cursor - _INVOICE_OVERLAP)
        )
    CoperniqConnection.objects.filter(pk=connection.pk).update(invoices_cursor_at=max(newest, cursor))
    if connection.next_invoice_sweep_at <= now and not is_scarce(
        connection.company_id, client.calls_remaining
    ):
        _scan_invoices_if_due(connection, quickbooks_connection, period, client, now)


def _scan_invoices_if_due(
    connection: CoperniqConnection,
    quickbooks_connection: QuickBooksConnection,
    period: InvoiceSyncPeriod,
    client: CoperniqClient,
    now: datetime,
) -> None:
    """Coperniq does not promise that a payment changes its invoice's timestamp. A failed scan is repeated later.

    See docs/vendors/coperniq-api.md, A12.
    """
    before = client.calls_made

    def pause() -> timedelta:
        return max(_SCAN_INTERVAL, _SCAN_PAGE_INTERVAL * (client.calls_made - before))

    try:
        listed = client.list_invoices(None)
        _record_changes(connection, quickbooks_connection, period, listed)
        _check_missing(connection, quickbooks_connection, period, client, {invoice.id for invoice in listed})
        _recheck_some(connection, quickbooks_connection, period, listed, pause() / _RECHECK_PERIOD)
    finally:
        CoperniqConnection.objects.filter(pk=connection.pk).update(next_invoice_sweep_at=now + pause())


def _record_changes(
    connection: CoperniqConnection,
    quickbooks_connection: QuickBooksConnection,
    period: InvoiceSyncPeriod,
    listed: Sequence[_Listed],
) -> None:
    """Record an event for each invoice that differs from the stored version, then store the new versions."""
    skipped = _newest_skipped(listed, period)
    for start in range(0, len(listed), EVENTS_PER_INSERT):
        batch = listed[start : start + EVENTS_PER_INSERT]
        ids, versions = [invoice.id for invoice in batch], {invoice.version for invoice in batch}
        seen = {row.invoice_id: row for row in connection.polled_invoices.filter(invoice_id__in=ids)}
        links = RecordLink.objects.of(quickbooks_connection, Kind.INVOICE).filter(coperniq_id__in=ids)
        linked = set(links.values_list("coperniq_id", flat=True))
        changed = [row for row in batch if _is_changed_since_poll(row, seen.get(row.id), linked, period)]
        paid = _with_linked_payments(quickbooks_connection, [row.id for row in changed])
        found = [(row, row.id in paid or _has_payments_to_read(row, seen.get(row.id))) for row in changed]
        found += [(row, False) for row in batch if row.id in skipped - seen.keys() - linked]
        moved = {id_ for id_, polled in seen.items() if polled.version not in versions}
        record_invoices_changed(connection, period, found, moved)
        _store_polled(connection, batch)


def _with_linked_payments(connection: QuickBooksConnection, invoice_ids: Collection[str]) -> set[str]:
    """Of these, the ids of invoices with payments that the portal knows, which polls need not have seen.

    A payment that the portal recorded may be gone by the next poll.
    """
    payments = RecordLink.objects.of(connection, Kind.PAYMENT).filter(coperniq_parent_id__in=invoice_ids)
    return set(payments.values_list("coperniq_parent_id", flat=True)) if invoice_ids else set()


def _is_changed_since_poll(
    invoice: _Listed, seen: PolledInvoice | None, linked: Collection[str], period: InvoiceSyncPeriod
) -> bool:
    """An unlinked invoice that is out of scope stays so even if it was paid."""
    if seen is not None and seen.version != invoice.version:
        return True
    in_scope = invoice.id in linked or not _is_out_of_scope(invoice, period)
    return in_scope and (seen is None or _has_payments_to_read(invoice, seen))


def _is_out_of_scope(invoice: _Listed, period: InvoiceSyncPeriod) -> bool:
    """Created while syncing was off, and not changed in this period."""
    created_at = invoice.created_at if isinstance(invoice, CoperniqInvoice) else None
    return invoice.updated_at < period.on_at and not period.accepts(created_at or invoice.updated_at)


def _newest_skipped(listed: Sequence[_Listed], period: InvoiceSyncPeriod) -> set[str]:
    """The newest invoices out of scope: the log lists each once as skipped, so that it can be sent."""
    earlier = [
        row
        for row in listed
        if isinstance(row, CoperniqInvoice)
        and _is_out_of_scope(row, period)
        and not (row.is_archived or row.status == "DECLINED")
    ]
    newest = sorted(earlier, key=lambda row: row.updated_at, reverse=True)
    return {row.id for row in newest[:_SKIPPED_AT_ONCE]}


def _has_payments_to_read(invoice: _Listed, seen: PolledInvoice | None) -> bool:
    """Its payments were last read for another paid amount or another version of the invoice.

    A payment that got another date shows in the invoice's timestamp, if at all (docs/vendors/coperniq-api.md, A12).
    """
    if not isinstance(invoice, CoperniqInvoice):
        return False
    read_for = seen.payments_read_cents if seen is not None else None
    is_new = seen is None or seen.version != invoice.version
    had_payments = read_for is not None or _shows_payments(invoice)
    return invoice.paid_cents != (read_for or 0) or (is_new and had_payments)


def _shows_payments(invoice: CoperniqInvoice) -> bool:
    return bool(invoice.paid_cents) or invoice.status in ("PAID", "PARTIALLY_PAID")


def _store_polled(connection: CoperniqConnection, listed: Iterable[_Listed]) -> None:
    rows = [
        PolledInvoice(
            connection=connection,
            invoice_id=invoice.id,
            version=invoice.version,
            created_at=invoice.created_at if isinstance(invoice, CoperniqInvoice) else None,
            paid_cents=invoice.paid_cents if isinstance(invoice, CoperniqInvoice) else 0,
        )
        for invoice in listed
    ]
    PolledInvoice.objects.bulk_create(
        rows,
        batch_size=EVENTS_PER_INSERT,
        update_conflicts=True,
        unique_fields=["connection", "invoice_id"],
        update_fields=["version", "created_at", "paid_cents", "missing_since"],
    )


def _check_missing(
    connection: CoperniqConnection,
    quickbooks_connection: QuickBooksConnection,
    period: InvoiceSyncPeriod,
    client: CoperniqClient,
    listed: set[str],
) -> None:
    """Check linked invoices that the full list lacks. A person is asked about each; many mean a wrong API key."""
    known = connection.polled_invoices.filter(missing_since__isnull=False)
    missing = set(known.values_list("invoice_id", flat=True))
    links = RecordLink.objects.of(quickbooks_connection, Kind.INVOICE)
    absent = [link for link in links.exclude(coperniq_id__in=listed) if link.coperniq_id not in missing]
    found = {each: _read_absent(connection, client, each) for each in _absent_to_read(absent)}
    _record_changes(
        connection,
        quickbooks_connection,
        period,
        [invoice for invoice in found.values() if invoice is not None],
    )
    _settle_missing(connection, period, [each for each, invoice in found.items() if invoice is None])


def _absent_to_read(absent: Sequence[RecordLink]) -> list[str]:
    """Ids of a few, other ones each time: each read costs a call, and the list may lack archived ones by design."""
    watched = [link for link in absent if _is_watched(link)]
    hidden = [link.coperniq_id for link in watched if link.coperniq_snapshot.get("archived")]
    shown = [link.coperniq_id for link in watched if not link.coperniq_snapshot.get("archived")]
    return _draw(shown, _READ_AT_ONCE) + _draw(hidden, _HIDDEN_READ_AT_ONCE)


def _draw(ids: Sequence[str], count: int) -> list[str]:
    return SystemRandom().sample(ids, min(len(ids), count))


def _recheck_some(
    connection: CoperniqConnection,
    quickbooks_connection: QuickBooksConnection,
    period: InvoiceSyncPeriod,
    listed: Sequence[_Listed],
    share: float,
) -> None:
    """Read the payments of a few open invoices, in case a payment changes nothing of its invoice.

    `share`: the part of the period for which the calls are meant that passes until the next time.
    """
    linked = set(
        RecordLink.objects.of(quickbooks_connection, Kind.INVOICE).values_list("coperniq_id", flat=True)
    )
    unpaid = [
        row
        for row in listed
        if isinstance(row, CoperniqInvoice) and row.id in linked and row.paid_cents < row.total_cents
    ]
    shows_paid = connection.polled_invoices.filter(paid_cents__gt=0).exists()
    count = min(len(unpaid), ceil((_RECHECKED_SELDOM if shows_paid else _RECHECKED) * share))
    record_payment_checks(connection, period, SystemRandom().sample(unpaid, count))


def _is_watched(link: RecordLink) -> bool:
    """Whether QuickBooks' invoice still counts: one that is paid, declined or archived in Coperniq may as well.

    True also if what is stored cannot be read: then the invoice's run says so, and the others go on.
    """
    try:
        return not link.invoice_state.ended
    except UnreadableData:
        return True


def _read_absent(connection: CoperniqConnection, client: CoperniqClient, invoice_id: str) -> _Listed | None:
    try:
        return client.read_invoice(invoice_id)
    except RecordMissing:
        return None
    except UnexpectedShape:
        return UnreadableInvoice(invoice_id, "", timezone.now())


def _settle_missing(connection: CoperniqConnection, period: InvoiceSyncPeriod, fresh: Sequence[str]) -> None:
    """Ask about invoices missing since an earlier scan, and about new ones unless they are many."""
    waiting = list(connection.polled_invoices.filter(missing_since__isnull=False))
    for invoice_id in fresh:
        connection.polled_invoices.update_or_create(
            invoice_id=invoice_id, defaults={"missing_since": timezone.now()}
        )
    if len(fresh) >= _MANY_MISSING:
        mark_invoices_lost(connection, len(fresh))
        return
    gone = waiting + list(connection.polled_invoices.filter(invoice_id__in=fresh))
    record_invoices_missing(connection, period, gone)
