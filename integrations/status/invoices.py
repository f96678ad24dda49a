from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef

from integrations.causes import Cause
from integrations.models import (
    InvoiceSyncPeriod,
    Kind,
    Outcome,
    QuickBooksConnection,
    RecordLink,
    SyncLogEntry,
    SyncSettings,
)

if TYPE_CHECKING:
    from datetime import datetime


def is_on(quickbooks_connection: QuickBooksConnection | None) -> bool:
    return (
        quickbooks_connection is not None
        and SyncSettings.objects.filter(connection=quickbooks_connection, invoice_sync=True).exists()
    )


def invoice_sync_of(quickbooks_connection: QuickBooksConnection | None) -> dict[str, Any]:
    """`since` is None while it is off; invoices created before `cut_off` are not sent automatically."""
    latest = InvoiceSyncPeriod.objects.latest_of(quickbooks_connection) if quickbooks_connection else None
    cut_off: datetime | None = latest.on_at if latest else None
    enabled = is_on(quickbooks_connection)
    return {"enabled": enabled, "since": cut_off if enabled else None, "cut_off": cut_off}


def of_jobs_added_by_hand(quickbooks_connection: QuickBooksConnection) -> int:
    """How many QuickBooks invoices are not synced because their job belongs to no project in Coperniq."""
    linked = RecordLink.objects.filter(
        connection=quickbooks_connection, kind=Kind.INVOICE, quickbooks_id=OuterRef("quickbooks_id")
    )
    skipped = SyncLogEntry.objects.filter(
        company=quickbooks_connection.company_id,
        connection=quickbooks_connection,
        outcome=Outcome.SKIPPED,
        cause=Cause.JOB_ADDED_BY_HAND,
    )
    return skipped.exclude(Exists(linked)).order_by().values("quickbooks_id").distinct().count()
