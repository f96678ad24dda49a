"""The event store: what webhooks and pollers report, each event once."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
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

_Source = InboundEvent.Source
KEY_LENGTH = 200
EVENTS_PER_INSERT = 500
POLL_SPACING = timedelta(seconds=10)

# SQLite has one writer: threads of this process take turns here instead of sleeping in its busy handler.
_turn = threading.Lock()


def receive_coperniq(vendor_connection: CoperniqConnection, body: bytes) -> bool:
    """False for a repetition. Raises UnreadableWebhook. Any authentic event makes the poll due."""
    event = parse_event(body)
    now = timezone.now()
    stored = _store_event(
        InboundEvent(
            company=vendor_connection.company,
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
    )
    CoperniqConnection.objects.filter(pk=vendor_connection.pk).update(last_event_at=now)
    vendor_connection.make_poll_due(now, POLL_SPACING)
    queue.wake()
    return stored


def _store_event(event: InboundEvent) -> bool:
    with _turn if connection.vendor == "sqlite" else nullcontext():
        try:
            with transaction.atomic():
                event.save(force_insert=True)
        except IntegrityError:
            return False
    return True


def receive_quickbooks(body: bytes) -> int:
    """How many events were kept, in one insert. Raises UnreadableWebhook.

    One post may hold events of many companies; those of companies unknown here are only counted.
    """
    delivery = parse_notifications(body)
    realms = {notification.realm_id for notification in delivery.notifications}
    live = {row.realm_id: row for row in QuickBooksConnection.objects.live().filter(realm_id__in=realms)}
    known = [notice for notice in delivery.notifications if notice.realm_id in live]
    InboundEvent.objects.bulk_create(
        [_quickbooks_event(notice, live[notice.realm_id]) for notice in known], ignore_conflicts=True
    )
    _count_notifications(delivery.notifications, live, delivery.unreadable)
    forget_preferences([live[notice.realm_id] for notice in known if notice.entity.lower() == "preferences"])
    if known:
        queue.wake()
    return len(known)


def forget_preferences(changed: Iterable[QuickBooksConnection]) -> None:
    """How a company numbers its invoices and when its books closed is read anew before the next write."""
    rows = QuickBooksConnection.objects.filter(pk__in=[row.pk for row in changed])
    rows.update(preferences_read_at=None)


def _quickbooks_event(notice: Notification, quickbooks: QuickBooksConnection) -> InboundEvent:
    return InboundEvent(
        company_id=quickbooks.company_id,
        source=_Source.QUICKBOOKS_WEBHOOK,
        key=notice.event_id[:KEY_LENGTH],
        name=notice.operation,
        record_type=notice.entity.lower()[:40],
        record_id=notice.record_id[:80],
        detail={"deleted_id": notice.deleted_id} if notice.deleted_id else {},
        occurred_at=notice.occurred_at,
    )


def _count_notifications(
    notices: Iterable[Notification], live: dict[str, QuickBooksConnection], unreadable: int
) -> None:
    reasons = Counter({"unreadable event": unreadable})
    for notice in notices:
        reasons["unknown company"] += notice.realm_id not in live
        reasons["unknown type"] += notice.operation == "unknown"
        reasons["received"] += 1
    for reason, count in reasons.items():
        if count:
            EventCount.add(_Source.QUICKBOOKS_WEBHOOK, reason, count)


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
