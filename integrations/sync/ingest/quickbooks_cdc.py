"""Every few minutes: change data capture of QuickBooks finds what webhooks have lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from integrations import queue
from integrations.connections.clients import CallMeter, quickbooks_client
from integrations.connections.stored_lists import stored_list
from integrations.connections.tokens import mark_access_lost
from integrations.connections.unlistable import check_unlistable
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
from integrations.quickbooks.documents import parse_quickbooks_invoice
from integrations.quickbooks.lists import read_item_record
from integrations.sync.engine.continuity import CDC_OVERLAP, is_continuous
from integrations.sync.ingest.cdc_reader import CapturedChanges, read_captured_changes
from integrations.sync.ingest.change_detection import (
    filter_relevant_changes,
    find_changed_balances,
    read_changed_payments,
    readable_changes,
)
from integrations.sync.ingest.claims import UnfinishedClaims
from integrations.sync.ingest.events import EVENTS_PER_INSERT, KEY_LENGTH
from integrations.sync.invoices.same_bill import ExternalInvoices
from integrations.sync.payments.external import record_changes_read, record_external_payments

logger = logging.getLogger(__name__)

_CDC_CLAIM = timedelta(seconds=120)
_REASON_LENGTH = 500
_CUSTOMER_KINDS = ("Customer",)
_unfinished = UnfinishedClaims()
_EVERYTHING = ("Customer", "Invoice", "Item", "Payment")


def due_cdc_reads() -> Sequence[Callable[[], int]]:
    """Reads that are due, claimed for this worker; each is a job for the worker's pool."""
    _unfinished.settle_again()
    now = timezone.now()
    due = QuickBooksConnection.objects.due_for_changes(now).select_related("company")
    return [_cdc_job(row, now) for row in due if row.claim_changes(now, _CDC_CLAIM)]


def _cdc_job(connection: QuickBooksConnection, now: datetime) -> Callable[[], int]:
    return lambda: _read_changes(connection, now)


def _read_changes(connection: QuickBooksConnection, now: datetime) -> int:
    """An error that is not foreseen is raised, but only after the claim is given back and the failure counted."""
    meter = CallMeter(connection.company_id)
    values: dict[str, object] = {"changes_failures": connection.changes_failures + 1}
    client = quickbooks_client(connection, meter)
    try:
        values = _store_changes(connection, client, now)
        check_unlistable(connection, client)
    except AccessLost as error:
        mark_access_lost(connection, error)
    except PortalError as error:
        values["changes_failing_because"] = error.sentence[:_REASON_LENGTH]
        logger.warning("Changes in QuickBooks of company %s: %s", connection.company_id, error.cause)
    finally:
        _unfinished.settle(meter.flush)
        _unfinished.settle(lambda: _finish_read(connection, now, values))
    return 1


def _finish_read(connection: QuickBooksConnection, now: datetime, values: Mapping[str, object]) -> None:
    next_at = now + timedelta(seconds=settings.QUICKBOOKS_CDC_SECONDS)
    rows = QuickBooksConnection.objects.filter(pk=connection.pk)
    rows.update(changes_claimed_until=now, next_changes_at=next_at, **values)


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
        _record_external_invoices(connection, captured.changes, now)
        record_changes_read(connection.pk, now)
        _expire_items(connection, captured.changes, client.clock_offset)
    relevant = filter_relevant_changes(connection, captured.changes, period, client.clock_offset)
    balances = find_changed_balances(connection, captured.changes, relevant) if period is not None else []
    events = [_cdc_event(connection, period, change) for change in relevant]
    events += [_balance_event(_cdc_event(connection, period, each), cents) for each, cents in balances]
    _record_cdc_events(events)
    if captured.refused is not None:
        raise captured.refused
    return _columns_to_store(connection, period, captured, now)


def _open_period(connection: QuickBooksConnection) -> InvoiceSyncPeriod | None:
    """None while invoices and payments are not synced: their changes are read when syncing is on again."""
    period = InvoiceSyncPeriod.objects.latest_of(connection)
    on = SyncSettings.objects.filter(connection=connection, invoice_sync=True).exists()
    return period if on and period is not None and period.off_at is None else None


def _initial_cursor(
    connection: QuickBooksConnection, period: InvoiceSyncPeriod | None, now: datetime
) -> datetime:
    """After a pause of invoice syncing this is the time before it, so that what happened until then is found."""
    customers_since = connection.captured_at or now
    if period is None:
        return customers_since
    first = InvoiceSyncPeriod.objects.first_of(connection) or period
    return min(customers_since, connection.money_captured_at or first.on_at)


def _refresh_external_payments(
    connection: QuickBooksConnection, changes: Iterable[ChangedRecord], read_at: datetime
) -> None:
    changes = list(changes)
    gone = [change.id for change in changes if change.entity == "Payment" and change.is_deleted]
    ExternalPayment.objects.filter(connection=connection, quickbooks_id__in=gone).delete()
    record_external_payments(connection, read_changed_payments(changes), read_at)


def _record_external_invoices(
    connection: QuickBooksConnection, changes: Iterable[ChangedRecord], read_at: datetime
) -> None:
    of_invoices = [change for change in changes if change.entity == "Invoice"]
    gone = [change.id for change in of_invoices if change.is_deleted]
    read = (readable_changes(parse_quickbooks_invoice, each) for each in of_invoices if not each.is_deleted)
    ExternalInvoices.of(connection, filter(None, read), read_at, gone).store()


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


def _record_cdc_events(events: Sequence[InboundEvent]) -> None:
    if events:
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
        detail={} if change.is_deleted else {"version": change.sync_token},
        occurred_at=change.updated_at,
    )


def _balance_event(event: InboundEvent, cents: int) -> InboundEvent:
    """The balance is compared after the payments that were reported with it."""
    event.name, event.detail = InboundEvent.BALANCE_CHANGED, {**event.detail, "balance": cents}
    return event


def _columns_to_store(
    connection: QuickBooksConnection,
    period: InvoiceSyncPeriod | None,
    captured: CapturedChanges,
    now: datetime,
) -> dict[str, object]:
    """The cursor moves only while no write of the portal can be unknown; after a gap the recovery runs first."""
    values: dict[str, object] = {"captured_at": now, "changes_failures": 0, "changes_failing_because": ""}
    if captured.compared_because:
        values |= {"compared_fully_at": now, "compared_fully_because": captured.compared_because[:200]}
    if period is None:
        return values
    moved = {"changes_cursor_at": now} if is_continuous(connection, now) else {}
    return {**values, "money_captured_at": now, **moved}
