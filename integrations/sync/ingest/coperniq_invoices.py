"""Poll Coperniq for changed, new and missing invoices and for payments; Coperniq reports none of them by webhook."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
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
from integrations.sync.ingest.events import (
    EVENTS_PER_INSERT,
    record_invoices_changed,
    record_invoices_missing,
    record_payment_checks,
)

_INVOICE_OVERLAP = timedelta(minutes=5)
_SCAN_INTERVAL = timedelta(minutes=30)
_SCAN_PAGE_INTERVAL = timedelta(seconds=120)  # so that sweeps cost under 750 of the day's 5,000 calls
MISSING_AT_ONCE = 3
_READ_AT_ONCE = 20
_RECHECKED_AT_ONCE = 5  # a quarter of the calls, where amountPaid has been seen to follow payments
LEFT_OUT_AT_ONCE = 100  # each costs one of the day's calls

Listed = CoperniqInvoice | UnreadableInvoice


def poll_invoices(connection: CoperniqConnection, client: CoperniqClient, now: datetime) -> None:
    books = QuickBooksConnection.objects.live().filter(company=connection.company_id).first()
    period = InvoiceSyncPeriod.objects.latest_of(books) if books is not None else None
    if books is None or period is None or period.off_at is not None:
        return
    cursor = min(connection.invoices_cursor_at or period.on_at - client.clock_behind, now)
    changed = client.list_invoices(cursor - _INVOICE_OVERLAP)
    _record_changes(connection, books, period, changed)
    newest = max((invoice.updated_at for invoice in changed), default=cursor)
    if len(changed) >= PAGE_SIZE and newest > cursor:
        # As with projects: what moved up a row between two pages stands on an earlier one by now.
        _record_changes(connection, books, period, client.list_invoices(cursor - _INVOICE_OVERLAP))
    CoperniqConnection.objects.filter(pk=connection.pk).update(invoices_cursor_at=max(newest, cursor))
    if connection.next_invoice_sweep_at <= now and not is_scarce(
        connection.company_id, client.calls_remaining
    ):
        _scan_invoices_if_due(connection, books, period, client, now)


def _scan_invoices_if_due(
    connection: CoperniqConnection,
    books: QuickBooksConnection,
    period: InvoiceSyncPeriod,
    client: CoperniqClient,
    now: datetime,
) -> None:
    """Nobody promises that a payment moves an invoice's stamp. One that fails is only tried later.

    See docs/vendors/coperniq-api.md, A12.
    """
    before = client.calls_made
    try:
        listed = client.list_invoices(None)
        _record_changes(connection, books, period, listed)
        _find_missing(connection, books, period, client, {invoice.id for invoice in listed})
        _recheck_some(connection, books, period, listed)
    finally:
        pause = max(_SCAN_INTERVAL, _SCAN_PAGE_INTERVAL * (client.calls_made - before))
        CoperniqConnection.objects.filter(pk=connection.pk).update(next_invoice_sweep_at=now + pause)


def _record_changes(
    connection: CoperniqConnection,
    books: QuickBooksConnection,
    period: InvoiceSyncPeriod,
    listed: Sequence[Listed],
) -> None:
    """What differs from when it was last seen becomes an event; then it counts as seen."""
    old = _newest_skipped(listed, period)
    for start in range(0, len(listed), EVENTS_PER_INSERT):
        some = listed[start : start + EVENTS_PER_INSERT]
        ids = [invoice.id for invoice in some]
        seen = {row.invoice_id: row for row in connection.polled_invoices.filter(invoice_id__in=ids)}
        links = RecordLink.objects.of(books, Kind.INVOICE).filter(coperniq_id__in=ids)
        linked = set(links.values_list("coperniq_id", flat=True))
        news = [row for row in some if _is_changed_invoice(row, seen.get(row.id), linked, period)]
        told = [(row, _has_payments_to_read(row, seen.get(row.id))) for row in news]
        told += [(row, False) for row in some if row.id in old - seen.keys() - linked]
        record_invoices_changed(connection, period, told)
        _store_polled(connection, some)


def _is_changed_invoice(
    invoice: Listed, seen: PolledInvoice | None, linked: Collection[str], period: InvoiceSyncPeriod
) -> bool:
    """What has rested since before the switch-on is none of ours, however much was paid on it."""
    if seen is not None and seen.version != invoice.version:
        return True
    ours = invoice.id in linked or not _has_settled(invoice, period)
    return ours and (seen is None or _has_payments_to_read(invoice, seen))


def _has_settled(invoice: Listed, period: InvoiceSyncPeriod) -> bool:
    made_at = invoice.created_at if isinstance(invoice, CoperniqInvoice) else None
    return invoice.updated_at < period.on_at and (made_at or invoice.updated_at) < period.on_at


def _newest_skipped(listed: Sequence[Listed], period: InvoiceSyncPeriod) -> set[str]:
    """Of those made before the switch-on the log tells once, so that a person can send one anyway; but not of years."""
    rested = [
        row
        for row in listed
        if isinstance(row, CoperniqInvoice)
        and _has_settled(row, period)
        and not (row.is_archived or row.status == "DECLINED")
    ]
    newest = sorted(rested, key=lambda row: row.updated_at, reverse=True)
    return {row.id for row in newest[:LEFT_OUT_AT_ONCE]}


def _has_payments_to_read(invoice: Listed, seen: PolledInvoice | None) -> bool:
    """Its payments have not been read for what is paid by now, or for how the invoice stands now.

    Of a payment that got another date only the invoice's stamp tells, if anything does
    (docs/vendors/coperniq-api.md, A12).
    """
    if not isinstance(invoice, CoperniqInvoice):
        return False
    read_for = seen.payments_read_cents if seen is not None else None
    is_new = seen is None or seen.version != invoice.version
    had_payments = read_for is not None or _has_payments(invoice)
    return invoice.paid_cents != (read_for or 0) or (is_new and had_payments)


def _has_payments(invoice: CoperniqInvoice) -> bool:
    return bool(invoice.paid_cents) or invoice.status in ("PAID", "PARTIALLY_PAID")


def _store_polled(connection: CoperniqConnection, listed: Iterable[Listed]) -> None:
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


def _find_missing(
    connection: CoperniqConnection,
    books: QuickBooksConnection,
    period: InvoiceSyncPeriod,
    client: CoperniqClient,
    listed: set[str],
) -> None:
    """Open linked invoices that the whole list does not show: one by one a person is asked; many mean the key."""
    links = RecordLink.objects.of(books, Kind.INVOICE).exclude(coperniq_id__in=listed).order_by("-id")
    hidden = [link.coperniq_id for link in links if is_open(link)]
    known = connection.polled_invoices.filter(invoice_id__in=hidden, missing_since__isnull=False)
    gone = set(known.values_list("invoice_id", flat=True))
    fresh = [each for each in hidden if each not in gone][:_READ_AT_ONCE]
    found = {each: read_hidden(connection, client, each) for each in fresh}
    _record_changes(connection, books, period, [invoice for invoice in found.values() if invoice is not None])
    _settle_missing(connection, period, [each for each, invoice in found.items() if invoice is None])


def _recheck_some(
    connection: CoperniqConnection,
    books: QuickBooksConnection,
    period: InvoiceSyncPeriod,
    listed: Sequence[Listed],
) -> None:
    """Should a payment move nothing at all of its invoice, those of a few open ones are read all the same."""
    linked = set(RecordLink.objects.of(books, Kind.INVOICE).values_list("coperniq_id", flat=True))
    unpaid = [
        row
        for row in listed
        if isinstance(row, CoperniqInvoice) and row.id in linked and row.paid_cents < row.total_cents
    ]
    moves = connection.polled_invoices.filter(paid_cents__gt=0).exists()
    count = min(len(unpaid), _RECHECKED_AT_ONCE if moves else _READ_AT_ONCE)
    record_payment_checks(connection, period, SystemRandom().sample(unpaid, count))


def is_open(link: RecordLink) -> bool:
    image = link.coperniq_snapshot
    ended = image.get("status") in ("PAID", "DECLINED") or image.get("archived") or link.written.get("ended")
    return not ended


def read_hidden(connection: CoperniqConnection, client: CoperniqClient, invoice_id: str) -> Listed | None:
    try:
        return client.read_invoice(invoice_id)
    except RecordMissing:
        return None
    except UnexpectedShape:
        return UnreadableInvoice(invoice_id, "", timezone.now())


def _settle_missing(connection: CoperniqConnection, period: InvoiceSyncPeriod, fresh: Sequence[str]) -> None:
    """Those of an earlier pass, after which somebody has looked at the key, are asked about now."""
    waiting = list(connection.polled_invoices.filter(missing_since__isnull=False))
    for invoice_id in fresh:
        connection.polled_invoices.update_or_create(
            invoice_id=invoice_id, defaults={"missing_since": timezone.now()}
        )
    if len(fresh) >= MISSING_AT_ONCE:
        mark_invoices_lost(connection, len(fresh))
        return
    gone = waiting + list(connection.polled_invoices.filter(invoice_id__in=fresh))
    record_invoices_missing(connection, period, gone)
