"""The event store: what webhooks and pollers report, each event once."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection, connections, transaction
from django.utils import timezone

from integrations import queue
from integrations.coperniq.money import CoperniqInvoice, UnreadableInvoice
from integrations.coperniq.records import Project
from integrations.coperniq.webhooks import parse_event
from integrations.messages.ingest import EventReason
from integrations.models import (
    CoperniqConnection,
    EventCount,
    InboundEvent,
    InvoiceSyncPeriod,
    PolledInvoice,
    QuickBooksConnection,
)
from integrations.quickbooks.webhooks import Notification, parse_notifications

logger = logging.getLogger(__name__)

_Source = InboundEvent.Source
KEY_LENGTH = 200
EVENTS_PER_INSERT = 500
AT_ONCE_FOR_REALMS = 200  # a compound SELECT of SQLite has at most 500 terms
_POLL_SPACING = timedelta(seconds=10)

_PATIENCE_SECONDS = 3.0
_LOCKED_PATIENCE_SECONDS = 0.5
"""How long a sender waits for the database: the second after one has waited in vain, until somebody writes again."""

_write_lock = threading.Lock()
_locked = threading.Event()


def write_in_turn(write: Callable[[], int]) -> int:
    """Serialize this process's writes on SQLite, which has one writer; while another process writes, retry every 2 ms.

    SQLite's own busy handler sleeps longer each time, up to 100 ms, and meanwhile others get the lock. Raises
    OperationalError if the database stays locked, also if that is where the threads before this one wait.
    """
    if connection.vendor != "sqlite":
        return _write_unchecked(write)
    patience = _LOCKED_PATIENCE_SECONDS if _locked.is_set() else _PATIENCE_SECONDS
    give_up_at = time.monotonic() + patience
    if not _write_lock.acquire(timeout=patience):
        raise OperationalError("database is locked: others wait for it")
    try:
        return _write_until(write, give_up_at)
    finally:
        _write_lock.release()


def _write_until(write: Callable[[], int], give_up_at: float) -> int:
    connection.ensure_connection()
    sqlite = connection.connection
    sqlite.execute("PRAGMA busy_timeout = 2")
    try:
        while True:
            try:
                done = write()
            except OperationalError as error:
                if "locked" not in str(error):
                    raise
                if time.monotonic() > give_up_at:
                    _locked.set()
                    raise
            else:
                _locked.clear()
                return done
    finally:
        usual = connection.settings_dict["OPTIONS"]["timeout"]
        sqlite.execute(f"PRAGMA busy_timeout = {usual * 1000:.0f}")


def _write_unchecked(write: Callable[[], int]) -> int:
    """Write without asking first whether the connection still works, which takes as long as the write.

    If it does not, the write is repeated on a new one: what it has stored already it leaves alone.
    """
    database: Any = connection
    database.health_check_done = True
    try:
        return write()
    except (OperationalError, InterfaceError):
        # A lock or a statement that took too long says nothing about the connection.
        if connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        return write()


class DeferredUpdates:
    """Counters and timestamps of received events, written at most once a second by each process.

    The event itself is committed before its sender is answered. These are not: a process that is killed loses one second
    of them, and a poll that was not made due runs at its regular time.
    """

    def __init__(self, spacing_seconds: float = 1.0) -> None:
        self._spacing_seconds = spacing_seconds
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._last_received: dict[int, datetime] = {}
        self._wake = False
        self._waking = threading.Lock()
        self._timer: threading.Timer | None = None

    def count(self, source: str, reasons: Mapping[str, int]) -> None:
        with self._lock:
            self._counts.update({(source, reason): count for reason, count in reasons.items() if count})

    def record_received(self, coperniq_connection_id: int) -> None:
        with self._lock:
            self._last_received[coperniq_connection_id] = timezone.now()

    def wake_worker(self) -> None:
        self._wake = True

    def write_soon(self) -> None:
        """By a timer: it collects the updates of a second, and these commits do not delay the first run."""
        self._wake_if_requested()
        if not self._spacing_seconds:
            self._write()
            return
        with self._lock:
            if self._timer is None and (self._counts or self._last_received):
                self._timer = threading.Timer(self._spacing_seconds, self._write_in_thread)
                self._timer.start()

    def _wake_if_requested(self) -> None:
        """One thread wakes the worker for all: what was committed before it does is looked at afterwards."""
        while self._wake and self._waking.acquire(blocking=False):
            try:
                self._wake = False
                queue.wake()
            except DatabaseError:
                logger.warning(
                    "The worker could not be woken; its regular check finds the events", exc_info=True
                )
            finally:
                self._waking.release()

    def _write_in_thread(self) -> None:
        self._timer = None
        try:
            self._write()
        finally:
            connections.close_all()

    def _write(self) -> None:
        with self._lock:
            counts, self._counts = self._counts, Counter()
            last_received, self._last_received = self._last_received, {}
        if not counts and not last_received:
            return
        try:
            with transaction.atomic():
                # Every process writes the rows in the same order, or two could deadlock.
                for (source, reason), count in sorted(counts.items()):
                    EventCount.add(source, reason, count)
                rows = CoperniqConnection.objects.filter(state__in=CoperniqConnection.RECEIVING)
                for row in rows.filter(pk__in=last_received).order_by("pk"):
                    CoperniqConnection.objects.filter(pk=row.pk).update(last_event_at=last_received[row.pk])
                    row.make_poll_due(timezone.now(), _POLL_SPACING)
        except DatabaseError:
            logger.warning("Counters of received events could not be written; the next time", exc_info=True)
            with self._lock:
                self._counts += counts
                self._last_received = last_received | self._last_received


_deferred = DeferredUpdates()


def follow_up() -> None:
    """After the sender is answered: wake the worker, and write counters and timestamps."""
    _deferred.write_soon()


def receive_coperniq(vendor_connection: CoperniqConnection, body: bytes) -> bool:
    """False for a duplicate, or if the connection no longer accepts events. Raises UnreadableWebhook.

    `vendor_connection` may have been read long ago: the insert checks in the same statement that its token is still
    valid. Any authentic event makes the poll due.
    """
    event = parse_event(body)
    row = InboundEvent(
        source=_Source.COPERNIQ_WEBHOOK,
        key=(event.event_id or hashlib.sha256(body).hexdigest())[:KEY_LENGTH],
        name=event.trigger_key[:80],
        record_type="project" if event.record_type == "PROJECT" else event.record_type.lower()[:40],
        record_id=event.record_id[:80],
        detail={
            "phase_template_id": event.phase_template_id,
            "phase_instance_id": event.phase_instance_id,
        },
        occurred_at=event.fired_at,
    )
    digest = vendor_connection.webhook_token_digest
    stored = write_in_turn(
        lambda: InboundEvent.objects.insert_for(
            CoperniqConnection, "webhook_token_digest", CoperniqConnection.RECEIVING, [(digest, row)]
        )
    )
    _deferred.record_received(vendor_connection.pk)
    _deferred.wake_worker()
    return stored == 1


def receive_quickbooks(body: bytes) -> int:
    """How many events belong to known companies, duplicates included. Raises UnreadableWebhook.

    One request may have events of many companies; those of unknown companies are only counted. All are stored in one
    transaction.
    """
    delivery = parse_notifications(body)
    notifications = delivery.notifications
    stored = write_in_turn(lambda: _store_notifications(notifications))
    known = len(notifications) if stored == len(notifications) else _count_known(notifications)
    unknown_type = sum(notification.operation == "unknown" for notification in notifications)
    _deferred.count(
        _Source.QUICKBOOKS_WEBHOOK,
        {
            "received": len(notifications),
            "unknown company": len(notifications) - known,
            "unknown type": unknown_type,
            "unreadable event": delivery.unreadable,
        },
    )
    if known:
        _deferred.wake_worker()
    return known


def _store_notifications(notifications: Sequence[Notification]) -> int:
    rows = [(notification.realm_id, _quickbooks_event(notification)) for notification in notifications]
    batches = [rows[start : start + AT_ONCE_FOR_REALMS] for start in range(0, len(rows), AT_ONCE_FOR_REALMS)]
    preferences = {
        notification.realm_id for notification in notifications if notification.entity == "Preferences"
    }
    # A single statement is a transaction by itself.
    with transaction.atomic() if preferences or len(batches) > 1 else nullcontext():
        if preferences:
            # The numbering of invoices and the closing date are read again before the next write.
            changed = QuickBooksConnection.objects.live().filter(realm_id__in=preferences)
            changed.update(preferences_read_at=None)
        return sum(
            InboundEvent.objects.insert_for(
                QuickBooksConnection, "realm_id", QuickBooksConnection.LIVE, batch
            )
            for batch in batches
        )


def _count_known(notifications: Sequence[Notification]) -> int:
    """How many belong to a known company: what was not stored may be a duplicate."""
    realms = {notification.realm_id for notification in notifications}
    live = set(
        QuickBooksConnection.objects.live().filter(realm_id__in=realms).values_list("realm_id", flat=True)
    )
    return sum(notification.realm_id in live for notification in notifications)


def _quickbooks_event(notification: Notification) -> InboundEvent:
    return InboundEvent(
        source=_Source.QUICKBOOKS_WEBHOOK,
        key=notification.event_id[:KEY_LENGTH],
        name=notification.operation,
        record_type=notification.entity.lower()[:40],
        record_id=notification.record_id[:80],
        detail={"deleted_id": notification.deleted_id} if notification.deleted_id else {},
        occurred_at=notification.occurred_at,
    )


def record_projects_seen(
    vendor_connection: CoperniqConnection, projects: Iterable[Project], again: str = ""
) -> None:
    """One event per version of a project, however often a poll lists it.

    `again` makes another event of the same version, to check a project that shows no change.
    """
    events = [_project_event(vendor_connection, project, again) for project in projects]
    InboundEvent.objects.bulk_create(events, batch_size=EVENTS_PER_INSERT, ignore_conflicts=True)
    for start in range(0, len(events), EVENTS_PER_INSERT):
        _reopen_ignored(vendor_connection, [event.key for event in events[start : start + EVENTS_PER_INSERT]])


def _reopen_ignored(vendor_connection: CoperniqConnection, keys: Sequence[str]) -> None:
    """Plan again what was ignored because QuickBooks was not connected: now it is, since polls run only then."""
    ignored = InboundEvent.objects.filter(
        company=vendor_connection.company_id,
        source=_Source.COPERNIQ_POLL,
        key__in=keys,
        outcome=InboundEvent.Outcome.IGNORED,
        reason=EventReason.NOT_CONNECTED,
    )
    ignored.update(planned_at=None, outcome="", reason="")


def record_invoices_changed(
    vendor_connection: CoperniqConnection,
    period: InvoiceSyncPeriod,
    invoices: Iterable[tuple[CoperniqInvoice | UnreadableInvoice, bool]],
    moved: Collection[str],
) -> None:
    """One event per version and sync period; the flag says that the invoice's payments are to be read.

    `moved` are the ids of invoices that the last poll saw in another version. Each gets a new event: where payments do
    not move the timestamp, an invoice that was paid, open and paid again is back in an earlier version.
    """
    events = [_invoice_event(vendor_connection, period, invoice, money) for invoice, money in invoices]
    for event in events:
        if event.record_id in moved:
            event.key = _once_more(event.key)
    InboundEvent.objects.bulk_create(events, batch_size=EVENTS_PER_INSERT, ignore_conflicts=True)


def _once_more(key: str) -> str:
    return f"{key}:{timezone.now():%Y%m%d%H%M%S%f}"[-KEY_LENGTH:]


def _invoice_event(
    vendor_connection: CoperniqConnection,
    period: InvoiceSyncPeriod,
    invoice: CoperniqInvoice | UnreadableInvoice,
    money: bool,
) -> InboundEvent:
    paid_cents = invoice.paid_cents if isinstance(invoice, CoperniqInvoice) else 0
    return InboundEvent(
        company_id=vendor_connection.company_id,
        source=_Source.COPERNIQ_POLL,
        key=f"invoice:{period.pk}:{invoice.version}"[:KEY_LENGTH],
        name=InboundEvent.INVOICE_SEEN,
        record_type="invoice",
        record_id=invoice.id,
        detail={"account_id": invoice.account_id, "paid_cents": paid_cents, "money": money},
        occurred_at=invoice.updated_at,
    )


def record_payment_checks(
    vendor_connection: CoperniqConnection, period: InvoiceSyncPeriod, invoices: Iterable[CoperniqInvoice]
) -> None:
    """The invoices show no change: only their payments are to be read."""
    events = [_invoice_event(vendor_connection, period, invoice, money=True) for invoice in invoices]
    for event in events:
        event.key = _once_more(f"{event.key}:doubted")
        event.detail["only_payments"] = True
    InboundEvent.objects.bulk_create(events, batch_size=EVENTS_PER_INSERT, ignore_conflicts=True)


def record_invoices_missing(
    vendor_connection: CoperniqConnection, period: InvoiceSyncPeriod, gone: Iterable[PolledInvoice]
) -> None:
    """One event for each time an invoice went missing."""
    events = [
        InboundEvent(
            company_id=vendor_connection.company_id,
            source=_Source.COPERNIQ_POLL,
            key=f"invoice:{period.pk}:{seen.invoice_id}:missing:{seen.missing_since}"[:KEY_LENGTH],
            name=InboundEvent.INVOICE_SEEN,
            record_type="invoice",
            record_id=seen.invoice_id,
        )
        for seen in gone
    ]
    InboundEvent.objects.bulk_create(events, batch_size=EVENTS_PER_INSERT, ignore_conflicts=True)


def record_projects_known(vendor_connection: CoperniqConnection, projects: Iterable[Project]) -> None:
    """Remember their versions, so that a later change shows."""
    events = [_project_event(vendor_connection, project) for project in projects]
    for event in events:
        event.planned_at, event.outcome = timezone.now(), InboundEvent.Outcome.IGNORED
        event.reason = EventReason.UNCHANGED
    InboundEvent.objects.bulk_create(events, batch_size=EVENTS_PER_INSERT, ignore_conflicts=True)


def _project_event(vendor_connection: CoperniqConnection, project: Project, again: str = "") -> InboundEvent:
    version = project_version(project)
    return InboundEvent(
        company_id=vendor_connection.company_id,
        source=_Source.COPERNIQ_POLL,
        key=(f"{version}:{again}" if again else version)[:KEY_LENGTH],
        name=InboundEvent.PROJECT_SEEN,
        record_type="project",
        record_id=project.id,
        occurred_at=project.updated_at,
    )


def projects_seen_before(
    vendor_connection: CoperniqConnection, projects: Sequence[Project], at: datetime
) -> tuple[set[str], set[str]]:
    """Ids of the projects that polls had recorded by then, and the versions they had seen."""
    polled = InboundEvent.objects.filter(
        company=vendor_connection.company_id,
        source=_Source.COPERNIQ_POLL,
        record_type="project",
        received_at__lt=at,
    )
    records: set[str] = set()
    versions: set[str] = set()
    for start in range(0, len(projects), EVENTS_PER_INSERT):
        batch = projects[start : start + EVENTS_PER_INSERT]
        ids, keys = [row.id for row in batch], [project_version(row) for row in batch]
        records.update(polled.filter(record_id__in=ids).values_list("record_id", flat=True).distinct())
        versions.update(polled.filter(key__in=keys).values_list("key", flat=True))
    return records, versions


def project_version(project: Project) -> str:
    instance = project.phase.instance_id if project.phase else ""
    return f"{project.id}:{project.updated_at.isoformat()}:{instance}"
