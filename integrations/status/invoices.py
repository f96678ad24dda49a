from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef

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


BY_HAND = "job_added_by_hand"


def is_on(books: QuickBooksConnection | None) -> bool:
    return books is not None and SyncSettings.objects.filter(connection=books, invoice_sync=True).exists()


def invoice_sync_of(books: QuickBooksConnection | None) -> dict[str, Any]:
    """`since` is None while it is off; older invoices than `cut_off` are not sent by themselves."""
    latest = InvoiceSyncPeriod.objects.latest_of(books) if books else None
    cut_off: datetime | None = latest.on_at if latest else None
    enabled = is_on(books)
    return {"enabled": enabled, "since": cut_off if enabled else None, "cut_off": cut_off}


def of_jobs_added_by_hand(books: QuickBooksConnection) -> int:
    """Invoices of QuickBooks that stay there, because their jobs belong to no project. Each is told once."""
    linked = RecordLink.objects.filter(
        connection=books, kind=Kind.INVOICE, quickbooks_id=OuterRef("quickbooks_id")
    )
    told = SyncLogEntry.objects.filter(
        company=books.company_id, connection=books, outcome=Outcome.SKIPPED, cause=BY_HAND
    )
    return told.exclude(Exists(linked)).order_by().values("quickbooks_id").distinct().count()
