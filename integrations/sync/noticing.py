"""Coperniq reports no invoice by webhook: they are read by when they changed, and now and then all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from secrets import SystemRandom

from django.utils import timezone

from integrations.connections.budget import is_scarce
from integrations.connections.tokens import mark_invoices_lost
from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.money import Invoice, OddInvoice
from integrations.coperniq.paging import PAGE_SIZE
from integrations.errors import RecordMissing, UnexpectedShape
from integrations.models import (
    CoperniqConnection,
    InvoiceSyncPeriod,
    Kind,
    QuickBooksConnection,
    RecordLink,
    SeenInvoice,
)
from integrations.sync.inbox import (
    AT_ONCE,
    record_invoices_changed,
    record_missing,
    record_payments_doubted,
)

OVERLAP = timedelta(minutes=5)
SWEEP_EVERY = timedelta(minutes=30)
SWEPT_PAGE_EVERY = timedelta(seconds=120)  # so that sweeps cost under 750 of the day's 5,000 calls
MISSING_AT_ONCE = 3
LOOKED_AT_ONCE = 20
DOUBTED_AT_ONCE = 5  # a quarter of the calls, where amountPaid has been seen to follow payments
LEFT_OUT_AT_ONCE = 100  # each costs one of the day's calls

Listed = Invoice | OddInvoice


def read_invoices(connection: CoperniqConnection, client: CoperniqClient, now: datetime) -> None:
    books = QuickBooksConnection.objects.live().filter(company=connection.company_id).first()
    period = InvoiceSyncPeriod.objects.latest_of(books) if books is not None else None
    if books is None or period is None or period.off_at is not None:
        return
    cursor = min(connection.invoices_cursor_at or period.on_at - client.clock_behind, now)
    changed = client.list_invoices(cursor - OVERLAP)
    record(connection, books, period, changed)
    newest = max((invoice.updated_at for invoice in changed), default=cursor)
    if len(changed) >= PAGE_SIZE and newest > cursor:
        # As with projects: what moved up a row between two pages stands on an earlier one by now.
        record(connection, books, period, client.list_invoices(cursor - OVERLAP))
    CoperniqConnection.objects.filter(pk=connection.pk).update(invoices_cursor_at=max(newest, cursor))
    if connection.next_invoice_sweep_at <= now and not is_scarce(
        connection.company_id, client.calls_remaining
    ):
        sweep_at_times(connection, books, period, client, now)


def sweep_at_times(
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
        record(connection, books, period, listed)
        look_for_missing(connection, books, period, client, {invoice.id for invoice in listed})
        doubt_some(connection, books, period, listed)
    finally:
        pause = max(SWEEP_EVERY, SWEPT_PAGE_EVERY * (client.calls_made - before))
        CoperniqConnection.objects.filter(pk=connection.pk).update(next_invoice_sweep_at=now + pause)


def record(
    connection: CoperniqConnection,
    books: QuickBooksConnection,
    period: InvoiceSyncPeriod,
    listed: Sequence[Listed],
) -> None:
    """What differs from when it was last seen becomes an event; then it counts as seen."""
    old = newest_left_out(listed, period)
    for start in range(0, len(listed), AT_ONCE):
        some = listed[start : start + AT_ONCE]
        ids = [invoice.id for invoice in some]
        seen = {row.invoice_id: row for row in connection.seen_invoices.filter(invoice_id__in=ids)}
        links = RecordLink.objects.of(books, Kind.INVOICE).filter(coperniq_id__in=ids)
        linked = set(links.values_list("coperniq_id", flat=True))
        news = [row for row in some if is_news(row, seen.get(row.id), linked, period)]
        told = [(row, has_money(row, seen.get(row.id))) for row in news]
        told += [(row, False) for row in some if row.id in old - seen.keys() - linked]
        record_invoices_changed(connection, period, told)
        remember(connection, some)


def is_news(
    invoice: Listed, seen: SeenInvoice | None, linked: Collection[str], period: InvoiceSyncPeriod
) -> bool:
    """What has rested since before the switch-on is none of ours, however much was paid on it."""
    if seen is not None and seen.version != invoice.version:
        return True
    ours = invoice.id in linked or not has_rested(invoice, period)
    return ours and (seen is None or has_money(invoice, seen))


def has_rested(invoice: Listed, period: InvoiceSyncPeriod) -> bool:
    made_at = invoice.created_at if isinstance(invoice, Invoice) else None
    return invoice.updated_at < period.on_at and (made_at or invoice.updated_at) < period.on_at


def newest_left_out(listed: Sequence[Listed], period: InvoiceSyncPeriod) -> set[str]:
    """Of those made before the switch-on the log tells once, so that a person can send one anyway; but not of years."""
    rested = [
        row
        for row in listed
        if isinstance(row, Invoice)
        and has_rested(row, period)
        and not (row.is_archived or row.status == "DECLINED")
    ]
    newest = sorted(rested, key=lambda row: row.updated_at, reverse=True)
    return {row.id for row in newest[:LEFT_OUT_AT_ONCE]}


def has_money(invoice: Listed, seen: SeenInvoice | None) -> bool:
    """Its payments have not been read for what is paid by now, or for how the invoice stands now.

    Of a payment that got another date only the invoice's stamp tells, if anything does
    (docs/vendors/coperniq-api.md, A12).
    """
    if not isinstance(invoice, Invoice):
        return False
    read_for = seen.payments_read_cents if seen is not None else None
    is_new = seen is None or seen.version != invoice.version
    had_payments = read_for is not None or has_payments(invoice)
    return invoice.paid_cents != (read_for or 0) or (is_new and had_payments)


def has_payments(invoice: Invoice) -> bool:
    return bool(invoice.paid_cents) or invoice.status in ("PAID", "PARTIALLY_PAID")


def remember(connection: CoperniqConnection, listed: Iterable[Listed]) -> None:
    rows = [
        SeenInvoice(
            connection=connection,
            invoice_id=invoice.id,
            version=invoice.version,
            created_at=invoice.created_at if isinstance(invoice, Invoice) else None,
            paid_cents=invoice.paid_cents if isinstance(invoice, Invoice) else 0,
        )
        for invoice in listed
    ]
    SeenInvoice.objects.bulk_create(
        rows,
        batch_size=AT_ONCE,
        update_conflicts=True,
        unique_fields=["connection", "invoice_id"],
        update_fields=["version", "created_at", "paid_cents", "missing_since"],
    )


def look_for_missing(
    connection: CoperniqConnection,
    books: QuickBooksConnection,
    period: InvoiceSyncPeriod,
    client: CoperniqClient,
    listed: set[str],
) -> None:
    """Open linked invoices that the whole list does not show: one by one a person is asked; many mean the key."""
    links = RecordLink.objects.of(books, Kind.INVOICE).exclude(coperniq_id__in=listed).order_by("-id")
    hidden = [link.coperniq_id for link in links if is_open(link)]
    known = connection.seen_invoices.filter(invoice_id__in=hidden, missing_since__isnull=False)
    gone = set(known.values_list("invoice_id", flat=True))
    fresh = [each for each in hidden if each not in gone][:LOOKED_AT_ONCE]
    found = {each: read_hidden(connection, client, each) for each in fresh}
    record(connection, books, period, [invoice for invoice in found.values() if invoice is not None])
    settle_missing(connection, period, [each for each, invoice in found.items() if invoice is None])


def doubt_some(
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
        if isinstance(row, Invoice) and row.id in linked and row.paid_cents < row.total_cents
    ]
    moves = connection.seen_invoices.filter(paid_cents__gt=0).exists()
    count = min(len(unpaid), DOUBTED_AT_ONCE if moves else LOOKED_AT_ONCE)
    record_payments_doubted(connection, period, SystemRandom().sample(unpaid, count))


def is_open(link: RecordLink) -> bool:
    image = link.coperniq_image
    ended = image.get("status") in ("PAID", "DECLINED") or image.get("archived") or link.written.get("ended")
    return not ended


def read_hidden(connection: CoperniqConnection, client: CoperniqClient, invoice_id: str) -> Listed | None:
    try:
        return client.read_invoice(invoice_id)
    except RecordMissing:
        return None
    except UnexpectedShape:
        return OddInvoice(invoice_id, "", timezone.now())


def settle_missing(connection: CoperniqConnection, period: InvoiceSyncPeriod, fresh: Sequence[str]) -> None:
    """Those of an earlier pass, after which somebody has looked at the key, are asked about now."""
    waiting = list(connection.seen_invoices.filter(missing_since__isnull=False))
    for invoice_id in fresh:
        connection.seen_invoices.update_or_create(
            invoice_id=invoice_id, defaults={"missing_since": timezone.now()}
        )
    if len(fresh) >= MISSING_AT_ONCE:
        mark_invoices_lost(connection, len(fresh))
        return
    gone = waiting + list(connection.seen_invoices.filter(invoice_id__in=fresh))
    record_missing(connection, period, gone)
