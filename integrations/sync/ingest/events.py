"""The event store: what webhooks and pollers report, each event once."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta

from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.utils import timezone

from integrations import queue
from integrations.coperniq.money import CoperniqInvoice, UnreadableInvoice
from integrations.coperniq.records import Project
from integrations.coperniq.webhooks import parse_event
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
POLL_SPACING = timedelta(seconds=10)

LONGEST_WAIT_SECONDS = 20.0

_turn = threading.Lock()


def write_in_turn(write: Callable[[], int]) -> int:
    """SQLite has one writer. Threads of this process take turns, and a commit of another process is asked for every
    millisecond: SQLite's own busy handler sleeps longer each time, up to 100 ms, while others overtake it.
    """
    if connection.vendor != "sqlite":
        return write()
    with _turn:
        give_up_at = time.monotonic() + LONGEST_WAIT_SECONDS
        connection.ensure_connection()
        sqlite = connection.connection
        sqlite.execute("PRAGMA busy_timeout = 2")
        try:
            while True:
                try:
                    return write()
                except OperationalError as error:
                    if "locked" not in str(error) or time.monotonic() > give_up_at:
                        raise
        finally:
            sqlite.execute(f"PRAGMA busy_timeout = {LONGEST_WAIT_SECONDS * 1000:.0f}")


class DeferredUpdates:
    """Counters and stamps of what was received, written at most once a second by each process.

    The event itself is committed before its sender is answered. These are not: a process that is killed loses a second
    of them, and then the next regular poll stands in for the one that was not made due.
    """

    def __init__(self, spacing_seconds: float = 1.0) -> None:
        self._spacing_seconds = spacing_seconds
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._heard_from: dict[int, datetime] = {}
        self._wake = False
        self._timer: threading.Timer | None = None

    def count(self, source: str, reasons: Mapping[str, int]) -> None:
        with self._lock:
            self._counts.update({(source, reason): count for reason, count in reasons.items() if count})

    def heard_from(self, coperniq_connection_id: int) -> None:
        with self._lock:
            self._heard_from[coperniq_connection_id] = timezone.now()

    def wake_worker(self) -> None:
        self._wake = True

    def write_soon(self) -> None:
        """By a timer: the wait gathers what a second brings, and keeps these commits out of the way of the first run."""
        self._wake_if_wanted()
        if not self._spacing_seconds:
            self._write()
            return
        with self._lock:
            if self._timer is None and (self._counts or self._heard_from):
                self._timer = threading.Timer(self._spacing_seconds, self._write_in_thread)
                self._timer.start()

    def _wake_if_wanted(self) -> None:
        if self._wake:
            self._wake = False
            try:
                queue.wake()
            except DatabaseError:
                logger.warning("The worker could not be woken; its clock finds the events", exc_info=True)

    def _write_in_thread(self) -> None:
        self._timer = None
        try:
            self._write()
        finally:
            connections.close_all()

    def _write(self) -> None:
        with self._lock:
            counts, self._counts = self._counts, Counter()
            heard_from, self._heard_from = self._heard_from, {}
        if not counts and not heard_from:
            return
        try:
            with transaction.atomic():
                # In one order in every process, or two could wait for each other's rows for ever.
                for (source, reason), count in sorted(counts.items()):
                    EventCount.add(source, reason, count)
                rows = CoperniqConnection.objects.filter(state__in=CoperniqConnection.RECEIVING)
                for row in rows.filter(pk__in=heard_from).order_by("pk"):
                    CoperniqConnection.objects.filter(pk=row.pk).update(last_event_at=heard_from[row.pk])
                    row.make_poll_due(timezone.now(), POLL_SPACING)
        except DatabaseError:
            logger.warning("Counters of received events could not be written; the next time", exc_info=True)
            with self._lock:
                self._counts += counts
                self._heard_from = heard_from | self._heard_from


_deferred = DeferredUpdates()


def follow_up() -> None:
    """Wake the worker, and have counted and stamped, once whoever sent the events has their answer."""
    _deferred.write_soon()


def receive_coperniq(vendor_connection: CoperniqConnection, body: bytes) -> bool:
    """False for a repetition, or when the connection takes no events any more. Raises UnreadableWebhook.

    `vendor_connection` may have been read long ago: only its token counts, and whether that is still good is asked
    with the insert. Any authentic event makes the poll due.
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
    _deferred.heard_from(vendor_connection.pk)
    _deferred.wake_worker()
    return stored == 1


def receive_quickbooks(body: bytes) -> int:
    """How many events were kept, repetitions included. Raises UnreadableWebhook.

    One post may hold events of many companies; those of companies unknown here are only counted. All are stored in one
    transaction.
    """
    delivery = parse_notifications(body)
    notices = delivery.notifications
    stored = write_in_turn(lambda: store_notices(notices))
    known = len(notices) if stored == len(notices) else count_known(notices)
    unknown_type = sum(notice.operation == "unknown" for notice in notices)
    _deferred.count(
        _Source.QUICKBOOKS_WEBHOOK,
        {
            "received": len(notices),
            "unknown company": len(notices) - known,
            "unknown type": unknown_type,
            "unreadable event": delivery.unreadable,
        },
    )
    if known:
        _deferred.wake_worker()
    return known


def store_notices(notices: Sequence[Notification]) -> int:
    rows = [(notice.realm_id, _quickbooks_event(notice)) for notice in notices]
    batches = [rows[start : start + AT_ONCE_FOR_REALMS] for start in range(0, len(rows), AT_ONCE_FOR_REALMS)]
    preferences = {notice.realm_id for notice in notices if notice.entity == "Preferences"}
    # A single statement is a transaction by itself.
    with transaction.atomic() if preferences or len(batches) > 1 else nullcontext():
        if preferences:
            # How a company numbers its invoices and when its books closed is read anew before the next write.
            changed = QuickBooksConnection.objects.live().filter(realm_id__in=preferences)
            changed.update(preferences_read_at=None)
        return sum(
            InboundEvent.objects.insert_for(
                QuickBooksConnection, "realm_id", QuickBooksConnection.LIVE, batch
            )
            for batch in batches
        )


def count_known(notices: Sequence[Notification]) -> int:
    """How many are of a company that is known here: what was not stored may be a repetition."""
    realms = {notice.realm_id for notice in notices}
    live = set(
        QuickBooksConnection.objects.live().filter(realm_id__in=realms).values_list("realm_id", flat=True)
    )
    return sum(notice.realm_id in live for notice in notices)


def _quickbooks_event(notice: Notification) -> InboundEvent:
    return InboundEvent(
        source=_Source.QUICKBOOKS_WEBHOOK,
        key=notice.event_id[:KEY_LENGTH],
        name=notice.operation,
        record_type=notice.entity.lower()[:40],
        record_id=notice.record_id[:80],
        detail={"deleted_id": notice.deleted_id} if notice.deleted_id else {},
        occurred_at=notice.occurred_at,
    )


def record_projects_seen(
    vendor_connection: CoperniqConnection, projects: Iterable[Project], again: str = ""
) -> None:
    """The poller's find: one event per version of a project, however often it is seen.

    `again` makes another one, of the same version: for a second look at what shows no change.
    """
    events = [_project_event(vendor_connection, project, again) for project in projects]
    InboundEvent.objects.bulk_create(events, batch_size=EVENTS_PER_INSERT, ignore_conflicts=True)
    for start in range(0, len(events), EVENTS_PER_INSERT):
        _reopen_ignored(vendor_connection, [event.key for event in events[start : start + EVENTS_PER_INSERT]])


def _reopen_ignored(vendor_connection: CoperniqConnection, keys: Sequence[str]) -> None:
    """What was passed over only because no books were connected: they are now, for else nobody would poll."""
    ignored = InboundEvent.objects.filter(
        company=vendor_connection.company_id,
        source=_Source.COPERNIQ_POLL,
        key__in=keys,
        outcome=InboundEvent.Outcome.IGNORED,
        reason=InboundEvent.NOT_CONNECTED,
    )
    ignored.update(planned_at=None, outcome="", reason="")


def record_invoices_changed(
    vendor_connection: CoperniqConnection,
    period: InvoiceSyncPeriod,
    told: Iterable[tuple[CoperniqInvoice | UnreadableInvoice, bool]],
) -> None:
    """One event per version and switch-on; True beside it where its payments have yet to be read."""
    events = [_invoice_event(vendor_connection, period, invoice, money) for invoice, money in told]
    InboundEvent.objects.bulk_create(events, batch_size=EVENTS_PER_INSERT, ignore_conflicts=True)


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
    """Nothing of them has changed that could be seen: only their payments are to be read."""
    events = [_invoice_event(vendor_connection, period, invoice, money=True) for invoice in invoices]
    for event in events:
        event.key = f"{event.key}:doubted:{timezone.now():%Y%m%d%H%M%S%f}"[-KEY_LENGTH:]
        event.detail["only_payments"] = True
    InboundEvent.objects.bulk_create(events, batch_size=EVENTS_PER_INSERT, ignore_conflicts=True)


def record_invoices_missing(
    vendor_connection: CoperniqConnection, period: InvoiceSyncPeriod, gone: Iterable[PolledInvoice]
) -> None:
    """Once for each time it went missing."""
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
    """Only to tell later whether they have changed."""
    events = [_project_event(vendor_connection, project) for project in projects]
    for event in events:
        event.planned_at, event.outcome = timezone.now(), InboundEvent.Outcome.IGNORED
        event.reason = "unchanged since before the trigger was saved"
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
    """Which of these projects the poller had recorded by then, by id, and the versions of them it had seen."""
    polled = InboundEvent.objects.filter(
        company=vendor_connection.company_id,
        source=_Source.COPERNIQ_POLL,
        record_type="project",
        received_at__lt=at,
    )
    records: set[str] = set()
    versions: set[str] = set()
    for start in range(0, len(projects), EVENTS_PER_INSERT):
        some = projects[start : start + EVENTS_PER_INSERT]
        ids, keys = [row.id for row in some], [project_version(row) for row in some]
        records.update(polled.filter(record_id__in=ids).values_list("record_id", flat=True).distinct())
        versions.update(polled.filter(key__in=keys).values_list("key", flat=True))
    return records, versions


def project_version(project: Project) -> str:
    instance = project.phase.instance_id if project.phase else ""
    return f"{project.id}:{project.updated_at.isoformat()}:{instance}"
