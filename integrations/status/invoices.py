from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import Abs

from integrations.causes import Cause
from integrations.models import (
    InvoiceSyncPeriod,
    Kind,
    Outcome,
    QuickBooksConnection,
    RecordLink,
    SyncLogEntry,
    SyncRun,
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
    """`cut_off` is the last switch-on, `since` the same while it is on. What was created while it was off is not sent."""
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


def kept_of(quickbooks_connection: QuickBooksConnection) -> dict[str, int]:
    """How many invoices and payments stay in QuickBooks, entered or changed while the direction was one way."""
    runs = SyncRun.objects.open().filter(connection=quickbooks_connection, is_kept=True)
    found = runs.aggregate(
        invoices=Count("id", filter=Q(kind=Kind.INVOICE)), payments=Count("id", filter=Q(kind=Kind.PAYMENT))
    )
    return {name: found[name] for name in ("invoices", "payments")}


def open_differences_of(quickbooks_connection: QuickBooksConnection) -> dict[str, int]:
    """Linked invoices of which another amount is open in Coperniq than in QuickBooks, and by how many cents in all."""
    links = RecordLink.objects.filter(connection=quickbooks_connection).exclude(open_difference_cents=0)
    found = links.aggregate(invoices=Count("id"), cents=Sum(Abs("open_difference_cents")))
    return {"invoices": found["invoices"], "cents": found["cents"] or 0}
