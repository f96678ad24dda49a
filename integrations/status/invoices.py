from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.models import InvoiceSyncPeriod, QuickBooksConnection, SyncSettings

if TYPE_CHECKING:
    from datetime import datetime


def is_on(books: QuickBooksConnection | None) -> bool:
    return books is not None and SyncSettings.objects.filter(connection=books, invoice_sync=True).exists()


def invoice_sync_of(books: QuickBooksConnection | None) -> dict[str, Any]:
    """`since` is None while it is off; older invoices than `cut_off` are not sent by themselves."""
    latest = InvoiceSyncPeriod.objects.latest_of(books) if books else None
    cut_off: datetime | None = latest.on_at if latest else None
    enabled = is_on(books)
    return {"enabled": enabled, "since": cut_off if enabled else None, "cut_off": cut_off}
