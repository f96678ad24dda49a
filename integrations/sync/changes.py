"""What notifications have lost: QuickBooks' change data, looked through every few minutes in the background."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from integrations import queue
from integrations.connections.clients import CallMeter, quickbooks_client
from integrations.connections.reference import stored_list
from integrations.connections.tokens import mark_access_lost
from integrations.errors import AccessLost, PortalError
from integrations.models import (
    ForeignPayment,
    InboundEvent,
    InvoiceSyncPeriod,
    QuickBooksConnection,
    ReferenceList,
    SyncSettings,
)
from integrations.quickbooks.changes import Change
from integrations.quickbooks.client import QuickBooksClient
from integrations.quickbooks.lists import read_item_record
from integrations.sync.actions.catching_up import goes_on
from integrations.sync.actions.strangers import OVERLAP, note_strangers
from integrations.sync.capturing import Captured, capture
from integrations.sync.inbox import AT_ONCE, KEY_LENGTH
from integrations.sync.news import find_news, read_payments, readable

logger = logging.getLogger(__name__)

CLAIM = timedelta(seconds=120)
PEOPLE = ("Customer",)
EVERYTHING = ("Customer", "Invoice", "Item", "Payment")


def due_changes() -> Sequence[Callable[[], int]]:
    """Claimed, so that nobody else runs them; each is an errand for the pump's pool."""
    now = timezone.now()
    due = QuickBooksConnection.objects.due_for_changes(now).select_related("company")
    return [errand_of(row, now) for row in due if row.claim_changes(now, CLAIM)]


def errand_of(connection: QuickBooksConnection, now: datetime) -> Callable[[], int]:
    return lambda: look(connection, now)


def look(connection: QuickBooksConnection, now: datetime) -> int:
    meter = CallMeter(connection.company_id)
    values: dict[str, object] = {}
    try:
        values = take_in(connection, quickbooks_client(connection, meter), now)
    except AccessLost as error:
        mark_access_lost(connection, error)
    except PortalError as error:
        logger.warning("Changes in QuickBooks of company %s: %s", connection.company_id, error.cause)
    meter.flush()
    next_at = now + timedelta(seconds=settings.QUICKBOOKS_CDC_SECONDS)
    rows = QuickBooksConnection.objects.filter(pk=connection.pk)
    rows.update(changes_claimed_until=now, next_changes_at=next_at, **values)
    return 1


def take_in(connection: QuickBooksConnection, client: QuickBooksClient, now: datetime) -> dict[str, object]:
    """What has changed becomes events; what is to be stored with the connection then."""
    period = open_period(connection)
    since = beginning(connection, period, now) - OVERLAP
    captured = capture(connection, client, EVERYTHING if period else PEOPLE, since, now)
    if period is not None:
        follow_strangers(connection, captured.changes)
        forget_items(connection, captured.changes, client.clock_offset)
    on_at = period.on_at + client.clock_offset if period else None
    record(connection, period, find_news(connection, captured.changes, on_at))
    return stamps(connection, period, captured, now)


def open_period(connection: QuickBooksConnection) -> InvoiceSyncPeriod | None:
    """None while invoices and payments are not synced: their changes are left for when they are again."""
    period = InvoiceSyncPeriod.objects.latest_of(connection)
    on = SyncSettings.objects.filter(connection=connection, invoice_sync=True).exists()
    return period if on and period is not None and period.off_at is None else None


def beginning(connection: QuickBooksConnection, period: InvoiceSyncPeriod | None, now: datetime) -> datetime:
    """After a pause of invoice syncing that is before the pause: edits of what is linked are made up for."""
    people = connection.captured_at or now
    return people if period is None else min(people, connection.money_captured_at or period.on_at)


def follow_strangers(connection: QuickBooksConnection, changes: Iterable[Change]) -> None:
    changes = list(changes)
    gone = [change.id for change in changes if change.entity == "Payment" and change.is_deleted]
    ForeignPayment.objects.filter(connection=connection, quickbooks_id__in=gone).delete()
    note_strangers(connection, read_payments(changes))


def forget_items(
    connection: QuickBooksConnection, changes: Iterable[Change], clock_offset: timedelta
) -> None:
    """A sale changes the quantity in stock, which is not kept here: only what is kept makes the list old."""
    items = [change for change in changes if change.entity == "Item"]
    if not items:
        return
    known = {row["id"]: row for row in stored_list(connection, ReferenceList.Name.ITEMS)}
    for change in items:
        item = None if change.is_deleted else readable(read_item_record, change)
        if (asdict(item) if item else None) != known.get(change.id):
            changed_at = change.updated_at - clock_offset if change.updated_at else timezone.now()
            ReferenceList.forget_items(connection.company_id, changed_at + OVERLAP)


def record(
    connection: QuickBooksConnection, period: InvoiceSyncPeriod | None, news: Sequence[Change]
) -> None:
    if news:
        events = [event_of(connection, period, change) for change in news]
        InboundEvent.objects.bulk_create(events, batch_size=AT_ONCE, ignore_conflicts=True)
        queue.wake()


def event_of(
    connection: QuickBooksConnection, period: InvoiceSyncPeriod | None, change: Change
) -> InboundEvent:
    """One for each version and switch-on: what was passed over because syncing was off is news once it is on."""
    stamp = change.updated_at.isoformat() if change.updated_at else "missing"
    version = f"deleted:{stamp}" if change.is_deleted else change.sync_token
    scope = f"{connection.pk}.{period.pk if period and change.entity not in PEOPLE else 0}"
    return InboundEvent(
        company_id=connection.company_id,
        source=InboundEvent.Source.QUICKBOOKS_CDC,
        key=f"{scope}:{change.entity}:{change.id}:{version}"[:KEY_LENGTH],
        name="deleted" if change.is_deleted else "updated",
        record_type=change.entity.lower(),
        record_id=change.id[:80],
        occurred_at=change.updated_at,
    )


def stamps(
    connection: QuickBooksConnection, period: InvoiceSyncPeriod | None, captured: Captured, now: datetime
) -> dict[str, object]:
    """Our own writes are all known while this goes on without a gap; after one, the lane catches up first."""
    values: dict[str, object] = {"captured_at": now}
    if captured.compared_because:
        values |= {"compared_fully_at": now, "compared_fully_because": captured.compared_because[:200]}
    if period is None:
        return values
    moved = {"changes_cursor_at": now} if goes_on(connection, now) else {}
    return {**values, "money_captured_at": now, "changes_read_at": now, **moved}
