"""What a changed setting sets going: part of the transaction that changes it."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from integrations.models import (
    ClosedBooks,
    CoperniqConnection,
    InvoiceSyncPeriod,
    Lane,
    QuickBooksConnection,
    SyncRun,
)

Change = tuple[str, str, str]

NO_FALLBACK_ITEM, ITEM_INACTIVE = "no_fallback_item", "item_inactive"
# What is held for want of a setting, and the value with which it would only be held again.
FREED = {
    "fallback_item": (NO_FALLBACK_ITEM, ""),
    "difference_item": ("total_mismatch", ""),
    "deposit_account": ("deposit_account_unusable", None),
    "closed_books": ("books_closed", ClosedBooks.HOLD),
}


def follow(connection: QuickBooksConnection, changes: Iterable[Change]) -> int:
    """How many held runs start afresh."""
    causes = set()
    for key, _, after in changes:
        if key == "invoice_sync":
            switch(connection, on=after == "on")
        cause, useless = FREED.get(key.partition(".")[0], ("", None))
        if cause and after != useless:
            causes.add(cause)
    return free(connection, causes)


def switch(connection: QuickBooksConnection, *, on: bool) -> None:
    """Each switch-on is a period of its own: the latest is the cut-off, from which invoices are looked for at once."""
    now = timezone.now()
    InvoiceSyncPeriod.objects.filter(connection=connection, off_at__isnull=True).update(off_at=now)
    if on:
        InvoiceSyncPeriod.objects.create(connection=connection, on_at=now)
        keyed = CoperniqConnection.objects.filter(company=connection.company_id)
        keyed.update(next_invoice_sweep_at=now)


def free(connection: QuickBooksConnection, causes: Iterable[str]) -> int:
    """The lane before the runs, as its driver does: the other way round they could lock each other out."""
    wanted = sorted(causes)
    if not wanted:
        return 0
    Lane.notify(connection.company_id)
    return SyncRun.objects.filter(connection=connection, cause__in=wanted).requeue()
