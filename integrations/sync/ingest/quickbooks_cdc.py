"""Every few minutes: change data capture of QuickBooks finds what webhooks have lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from integrations import queue
from integrations.connections.clients import CallMeter, quickbooks_client
from integrations.connections.stored_lists import stored_list
from integrations.connections.tokens import mark_access_lost
from integrations.errors import AccessLost, PortalError
from integrations.models import (
    ExternalPayment,
    InboundEvent,
    InvoiceSyncPeriod,
    LookupList,
    QuickBooksConnection,
    SyncSettings,
)
from integrations.quickbooks.changes import ChangedRecord
from integrations.quickbooks.client import QuickBooksClient
from integrations.quickbooks.lists import read_item_record
from integrations.sync.engine.continuity import CDC_OVERLAP, is_continuous
from integrations.sync.ingest.cdc_reader import CapturedChanges, read_captured_changes
from integrations.sync.ingest.change_detection import (
    filter_relevant_changes,
    read_changed_payments,
    readable_changes,
)
from integrations.sync.ingest.events import EVENTS_PER_INSERT, KEY_LENGTH
from integrations.sync.payments.external import record_external_payments

logger = logging.getLogger(__name__)

_CDC_CLAIM = timedelta(seconds=120)
_CUSTOMER_KINDS = ("Customer",)
_EVERYTHING = ("Customer", "Invoice", "Item", "Payment")


def due_cdc_reads() -> Sequence[Callable[[], int]]:
    """Reads that are due, claimed for this worker; each is a job for the worker's pool."""
    now = timezone.now()
    due = QuickBooksConnection.objects.due_for_changes(now).select_related("company")
    return [_cdc_job(row, now) for row in due if row.claim_changes(now, _CDC_CLAIM)]


def _cdc_job(connection: QuickBooksConnection, now: datetime) -> Callable[[], int]:
    return lambda: _read_changes(connection, now)


def _read_changes(connection: QuickBooksConnection, now: datetime) -> int:
    meter = CallMeter(connection.company_id)
    values: dict[str, object] = {}
    try:
        values = _store_changes(connection, quickbooks_client(connection, meter), now)
    except AccessLost as error:
        mark_access_lost(connection, error)
    except PortalError as error:
        logger.warning("Changes in QuickBooks of company %s: %s", connection.company_id, error.cause)
    meter.flush()
    next_at = now + timedelta(seconds=settings.QUICKBOOKS_CDC_SECONDS)
    rows = QuickBooksConnection.objects.filter(pk=connection.pk)
    rows.update(changes_claimed_until=now, next_changes_at=next_at, **values)
    return 1


def _store_changes(
    connection: QuickBooksConnection, client: QuickBooksClient, now: datetime
) -> dict[str, object]:
    """Record events for what has changed, and return what to store with the connection."""
    period = _open_period(connection)
    since = _initial_cursor(connection, period, now) - CDC_OVERLAP
    captured = read_captured_changes(
        connection, client, _EVERYTHING if period else _CUSTOMER_KINDS, since, now
    )
    if period is not None:
        _refresh_external_payments(connection, captured.changes, now)
        _expire_items(connection, captured.changes, client.clock_offset)
    on_at = period.on_at + client.clock_offset if period else None
    _record_cdc_events(connection, period, filter_relevant_changes(connection, captured.changes, on_at))
    return _columns_to_store(connection, period, captured, now)


def _open_period(connection: QuickBooksConnection) -> InvoiceSyncPeriod | None:
    """None while invoices and payments are not synced: their changes are read when syncing is on again."""
    period = InvoiceSyncPeriod.objects.latest_of(connection)
    on = SyncSettings.objects.filter(connection=connection, invoice_sync=True).exists()
    return period if on and period is not None and period.off_at is None else None


def _initial_cursor(
    connection: QuickBooksConnection, period: InvoiceSyncPeriod | None, now: datetime
) -> datetime:
    """After a pause of invoice syncing this is the time before it, so that edits of linked records are found."""
    customers_since = connection.captured_at or now
    return (
        customers_since
        if period is None
        else min(customers_since, connection.money_captured_at or period.on_at)
    )


def _refresh_external_payments(
    connection: QuickBooksConnection, changes: Iterable[ChangedRecord], read_at: datetime
) -> None:
    changes = list(changes)
    gone = [change.id for change in changes if change.entity == "Payment" and change.is_deleted]
    ExternalPayment.objects.filter(connection=connection, quickbooks_id__in=gone).delete()
    record_external_payments(connection, read_changed_payments(changes), read_at)


def _expire_items(
    connection: QuickBooksConnection, changes: Iterable[ChangedRecord], clock_offset: timedelta
) -> None:
    """The list is outdated only if a stored field changed: a sale changes just the quantity in stock."""
    items = [change for change in changes if change.entity == "Item"]
    if not items:
        return
    known = {row["id"]: row for row in stored_list(connection, LookupList.Name.ITEMS)}
    for change in items:
        item = None if change.is_deleted else readable_changes(read_item_record, change)
        if (asdict(item) if item else None) != known.get(change.id):
            changed_at = change.updated_at - clock_offset if change.updated_at else timezone.now()
            LookupList.forget_items(connection.company_id, changed_at + CDC_OVERLAP)


def _record_cdc_events(
    connection: QuickBooksConnection, period: InvoiceSyncPeriod | None, changes: Sequence[ChangedRecord]
) -> None:
    if changes:
        events = [_cdc_event(connection, period, change) for change in changes]
        InboundEvent.objects.bulk_create(events, batch_size=EVENTS_PER_INSERT, ignore_conflicts=True)
        queue.wake()


def _cdc_event(
    connection: QuickBooksConnection, period: InvoiceSyncPeriod | None, change: ChangedRecord
) -> InboundEvent:
    """One event per version and sync period: what was ignored while syncing was off is reported again once it is on."""
    stamp = change.updated_at.isoformat() if change.updated_at else "missing"
    version = f"deleted:{stamp}" if change.is_deleted else change.sync_token
    scope = f"{connection.pk}.{period.pk if period and change.entity not in _CUSTOMER_KINDS else 0}"
    return InboundEvent(
        company_id=connection.company_id,
        source=InboundEvent.Source.QUICKBOOKS_CDC,
        key=f"{scope}:{change.entity}:{change.id}:{version}"[:KEY_LENGTH],
        name="deleted" if change.is_deleted else "updated",
        record_type=change.entity.lower(),
        record_id=change.id[:80],
        occurred_at=change.updated_at,
    )


def _columns_to_store(
    connection: QuickBooksConnection,
    period: InvoiceSyncPeriod | None,
    captured: CapturedChanges,
    now: datetime,
) -> dict[str, object]:
    """The cursor moves only while no write of the portal can be unknown; after a gap the recovery runs first."""
    values: dict[str, object] = {"captured_at": now}
    if captured.compared_because:
        values |= {"compared_fully_at": now, "compared_fully_because": captured.compared_because[:200]}
    if period is None:
        return values
    moved = {"changes_cursor_at": now} if is_continuous(connection, now) else {}
    return {**values, "money_captured_at": now, "changes_read_at": now, **moved}
