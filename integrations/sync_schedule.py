"""Syncs of companies whose changes do not go through at once: when they begin, what they release, when they end.

A sync reads both sides, and nothing of the connection waits until that is done and routed. A run that has begun, and
what follows from it, goes on after the end as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.audit import log_action
from accounts.models import Company, User
from integrations import queue
from integrations.connections.disconnection import NotConnected
from integrations.messages.engine import EngineMessage
from integrations.models import (
    CompanyLease,
    CoperniqConnection,
    Frequency,
    InboundEvent,
    QuickBooksConnection,
    SyncRun,
    SyncSettings,
)
from integrations.models.connections import QuickBooksConnectionQuerySet
from integrations.run_decisions import target_of

LONGEST_SYNC = timedelta(hours=1)


def due_syncs() -> Sequence[Callable[[], int]]:
    """Begin the syncs that are due and carry on those in progress. No network: the reads that are made due are jobs
    of their own.

    Runs of a connection that was just switched to real-time are released again: the router may have read the setting
    before.
    """
    left = SyncRun.objects.filter(connection=OuterRef("connection"), is_scheduled=True)
    rows = SyncSettings.objects.filter(connection__in=QuickBooksConnection.objects.syncing())
    rows = rows.filter(~Q(frequency=Frequency.REALTIME) | Exists(left))
    for row in rows.select_related("connection__company"):
        now, next_at = timezone.now(), row.next_sync_at
        # Access may have gone away since the rows were read: that ends nothing for other companies.
        with suppress(NotConnected):
            if row.frequency == Frequency.REALTIME:
                _release(row.connection)
            elif row.sync_since is not None:
                _carry_on(row.connection, row.sync_since)
            elif next_at is not None and next_at <= now:
                _begin(row.connection, now)
    return ()


def sync_all(company: Company, user: User | None) -> int:
    """Sync now what waits and what is found by reading both sides; how many runs waited.

    Raises NotConnected if that is not possible.
    """
    now = timezone.now()
    request_poll(company, now)
    connection = QuickBooksConnection.objects.live().select_related("company").get(company=company)
    waited = SyncRun.objects.scheduled().filter(connection=connection).count()
    with transaction.atomic():
        log_action(
            company=company, user=user, verb="sync now", target=str(connection), after=f"{waited} waited"
        )
        _begin(connection, now)
    queue.wake()
    return waited


def release_some(company: Company, ids: Sequence[int], user: User | None) -> int:
    """Let some of the runs go on that wait for the next sync; how many there were."""
    chosen = SyncRun.objects.scheduled().filter(company=company, pk__in=ids)
    with transaction.atomic():
        CompanyLease.notify(company.pk)
        for run in chosen.order_by("pk"):
            log_action(company=company, user=user, verb="sync now", target=target_of(run))
        released = chosen.release_scheduled()
    queue.wake()
    return released


def is_syncing(company: Company) -> bool:
    syncing = QuickBooksConnection.objects.syncing().filter(company=company)
    return SyncSettings.objects.filter(connection__in=syncing, sync_since__isnull=False).exists()


def when_synced(settings: SyncSettings) -> str:
    """When the runs go on that wait, for people."""
    at = settings.next_sync_at
    if settings.sync_since is not None:
        return "Being synced now."
    if at is None:
        return "Waits until somebody presses Sync now."
    here = at.astimezone(settings.connection.company.zone)
    today = timezone.now().astimezone(here.tzinfo).date()
    day = "" if here.date() == today else f" on {here:%B %-d}"
    return f"Waits for the next sync at {here:%-I:%M %p}{day}."


def schedule_of(connection: QuickBooksConnection | None) -> dict[str, object] | None:
    """The setting, when the next sync is and since when one is in progress, and how many runs wait."""
    row = SyncSettings.objects.filter(connection=connection).select_related("connection__company").first()
    if connection is None or row is None:
        return None
    return {
        "frequency": row.frequency,
        "daily_at": f"{row.daily_at:%H:%M}",
        "next_sync_at": row.next_sync_at,
        "syncing_since": row.sync_since,
        "waiting": SyncRun.objects.scheduled().filter(connection=connection).count(),
        "sentence": when_synced(row),
    }


def _begin(connection: QuickBooksConnection, now: datetime) -> None:
    coperniq = CoperniqConnection.objects.filter(company=connection.company_id)
    QuickBooksConnection.objects.filter(pk=connection.pk, next_changes_at__gt=now).update(next_changes_at=now)
    syncing = QuickBooksConnection.objects.syncing().filter(pk=connection.pk)
    with transaction.atomic():
        # In the order of the forms, so that the two cannot deadlock. Without access there is no sync to carry on.
        scheduling = SyncSettings.objects.filter(connection__in=syncing).exclude(frequency=Frequency.REALTIME)
        scheduling.update(synced_at=now, sync_since=now)
        coperniq.update(next_invoice_sweep_at=now)
        _release(connection)


def _release(connection: QuickBooksConnection) -> None:
    """The lease is written before the runs, as the scheduler does: in the other order the two could deadlock."""
    with transaction.atomic():
        runs = SyncRun.objects.filter(connection=connection, is_scheduled=True)
        if runs.exists():
            CompanyLease.notify(connection.company_id)
            runs.release_scheduled()


def _carry_on(connection: QuickBooksConnection, since: datetime) -> None:
    """The reads are requested again if those in progress at the beginning have put them off.

    One that failed is tried again, so the sync goes on, but not for ever.
    """
    company = connection.company
    is_over = timezone.now() - since > LONGEST_SYNC
    failing = CoperniqConnection.objects.filter(company=company, poll_failures__gt=0).exists()
    polled = is_over or (is_polled(company, since) and not failing)
    cdc_read = is_over or is_cdc_read(company, since)
    if not polled:
        request_poll(company, since)
    if not cdc_read:
        request_cdc(company, since)
    routed = not InboundEvent.objects.unplanned().filter(company=company).exists()
    _release(connection)
    if polled and cdc_read and routed:
        SyncSettings.objects.filter(connection=connection, sync_since=since).update(sync_since=None)


def request_poll(company: Company, requested_at: datetime) -> bool:
    """Make a poll due; False if one has begun since. Raises NotConnected if none can begin."""
    quickbooks = QuickBooksConnection.objects.live().filter(company=company)
    connection = CoperniqConnection.objects.live().filter(company=company).first()
    if connection is None or not quickbooks.exists():
        raise NotConnected(EngineMessage.NOTHING_TO_SYNC().text)
    if _began_since(connection, requested_at):
        return False
    connection.make_poll_due(timezone.now())
    return True


def request_cdc(company: Company, requested_at: datetime) -> bool:
    """Make a read of change data due if one that began before has ended. A failed read keeps its own retry time."""
    usual = timedelta(seconds=settings.QUICKBOOKS_CDC_SECONDS)
    overtaken = _awaiting_cdc(company, requested_at).filter(
        next_changes_at__gt=requested_at, next_changes_at__lt=requested_at + usual
    )
    return overtaken.update(next_changes_at=requested_at) > 0


def is_cdc_read(company: Company, requested_at: datetime) -> bool:
    """True also if it cannot be read, for lack of access to QuickBooks."""
    return not _awaiting_cdc(company, requested_at).exists()


def _awaiting_cdc(company: Company, requested_at: datetime) -> QuickBooksConnectionQuerySet:
    quickbooks = QuickBooksConnection.objects.syncing().filter(company=company)
    return quickbooks.filter(Q(captured_at__isnull=True) | Q(captured_at__lt=requested_at))


def _began_since(connection: CoperniqConnection, requested_at: datetime) -> bool:
    started_at = connection.last_poll_started_at
    return started_at is not None and started_at >= requested_at


def is_polled(company: Company, requested_at: datetime) -> bool:
    connection = CoperniqConnection.objects.get(company=company)
    started_at, ended_at = connection.last_poll_started_at, connection.last_poll_ended_at
    if started_at is None or ended_at is None:
        return False
    return _began_since(connection, requested_at) and ended_at >= started_at
