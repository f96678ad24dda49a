"""Effects of a changed setting, in the transaction that changes it."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from integrations.causes import Cause
from integrations.models import (
    ClosedBooks,
    CompanyLease,
    CoperniqConnection,
    CustomerListRead,
    Frequency,
    InvoiceSyncPeriod,
    QuickBooksConnection,
    SyncDirection,
    SyncRun,
    SyncSettings,
)

Change = tuple[str, str, str]

# Runs held for lack of a setting, by cause, and the value with which they would only be held again.
REQUEUED_BY: dict[str, tuple[Cause, str | None]] = {
    "fallback_item": (Cause.NO_FALLBACK_ITEM, ""),
    "difference_item": (Cause.TOTAL_MISMATCH, ""),
    "deposit_account": (Cause.DEPOSIT_ACCOUNT_UNUSABLE, None),
    "closed_books": (Cause.BOOKS_CLOSED, ClosedBooks.HOLD),
    "line_item": (Cause.LINE_ITEM_UNUSABLE, None),
}


def apply_side_effects(connection: QuickBooksConnection, changes: Iterable[Change]) -> None:
    causes: set[Cause] = set()
    for key, _, after in changes:
        if key == "invoice_sync":
            set_sync_period(connection, on=after == "on")
        if key.startswith("trigger."):
            causes |= {Cause.WAITS_FOR_JOB, Cause.JOB_NOT_PUSHED}
            CoperniqConnection.objects.filter(company=connection.company_id).update(
                next_sweep_at=timezone.now()
            )
        if key == "customers_on":
            causes |= {Cause.WAITS_FOR_JOB, Cause.JOB_NOT_PUSHED, Cause.WAITS_FOR_CUSTOMER}
        if key == "match_by":
            CustomerListRead.compare_again(connection)
            causes |= {Cause.SEVERAL_MATCHES, Cause.MATCH_RENAMED, Cause.PROBABLY_SAME_CUSTOMER}
        if key in ("frequency", "daily_at"):
            set_schedule(connection, realtime=key == "frequency" and after == Frequency.REALTIME)
        if key == "direction":
            set_direction(connection, one_way=after == SyncDirection.TO_QUICKBOOKS)
            causes.add(Cause.CONFLICT)
        cause, useless = REQUEUED_BY.get(key.partition(".")[0], (Cause.NONE, None))
        if cause and after != useless:
            causes.add(cause)
    requeue_held(connection, causes)


def set_sync_period(connection: QuickBooksConnection, *, on: bool) -> None:
    """Each switch-on is a period of its own: what waited for it goes on, and a full scan for invoices is due at once."""
    now = timezone.now()
    InvoiceSyncPeriod.objects.filter(connection=connection, off_at__isnull=True).update(off_at=now)
    if on:
        InvoiceSyncPeriod.objects.create(connection=connection, on_at=now)
        coperniq_connection = CoperniqConnection.objects.filter(company=connection.company_id)
        coperniq_connection.update(next_invoice_sweep_at=now)
        CompanyLease.notify(connection.company_id)
        SyncRun.objects.filter(connection=connection).release_switched_on()


def set_schedule(connection: QuickBooksConnection, *, realtime: bool) -> None:
    """Scheduled syncs count from now; with real-time nothing waits any more."""
    SyncSettings.objects.filter(connection=connection).update(synced_at=timezone.now())
    if realtime:
        SyncSettings.objects.filter(connection=connection).update(sync_since=None)
        CompanyLease.notify(connection.company_id)
        SyncRun.objects.filter(connection=connection).release_scheduled()


def set_direction(connection: QuickBooksConnection, *, one_way: bool) -> None:
    """What stayed in QuickBooks is planned again: it waits while the direction is one way, and is asked about after."""
    now = timezone.now()
    times = {"one_way_since": now, "one_way_until": None} if one_way else {"one_way_until": now}
    SyncSettings.objects.filter(connection=connection).update(**times)
    CompanyLease.notify(connection.company_id)
    SyncRun.objects.filter(connection=connection, is_kept=True).requeue()


def requeue_held(connection: QuickBooksConnection, causes: Iterable[Cause]) -> None:
    """The lease is written before the runs, as the scheduler does: in the other order the two could deadlock."""
    if wanted := sorted(causes):
        CompanyLease.notify(connection.company_id)
        SyncRun.objects.filter(connection=connection, cause__in=wanted).requeue()
