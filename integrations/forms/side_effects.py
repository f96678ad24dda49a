"""What a changed setting leads to, in the transaction that changes it."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from integrations.models import (
    ClosedBooks,
    CompanyLease,
    CoperniqConnection,
    InvoiceSyncPeriod,
    QuickBooksConnection,
    SyncRun,
)

Change = tuple[str, str, str]

NO_FALLBACK_ITEM, ITEM_INACTIVE = "no_fallback_item", "item_inactive"
# What is held for want of a setting, and the value with which it would only be held again.
REQUEUED_BY = {
    "fallback_item": (NO_FALLBACK_ITEM, ""),
    "difference_item": ("total_mismatch", ""),
    "deposit_account": ("deposit_account_unusable", None),
    "closed_books": ("books_closed", ClosedBooks.HOLD),
}


def apply_side_effects(connection: QuickBooksConnection, changes: Iterable[Change]) -> None:
    causes = set()
    for key, _, after in changes:
        if key == "invoice_sync":
            set_sync_period(connection, on=after == "on")
        cause, useless = REQUEUED_BY.get(key.partition(".")[0], ("", None))
        if cause and after != useless:
            causes.add(cause)
    requeue_held(connection, causes)


def set_sync_period(connection: QuickBooksConnection, *, on: bool) -> None:
    """Each switch-on is a period of its own: the latest is the cut-off, from which invoices are looked for at once."""
    now = timezone.now()
    InvoiceSyncPeriod.objects.filter(connection=connection, off_at__isnull=True).update(off_at=now)
    if on:
        InvoiceSyncPeriod.objects.create(connection=connection, on_at=now)
        coperniq_connection = CoperniqConnection.objects.filter(company=connection.company_id)
        coperniq_connection.update(next_invoice_sweep_at=now)


def requeue_held(connection: QuickBooksConnection, causes: Iterable[str]) -> None:
    """The lease is written before the runs, as the scheduler does: in the other order the two could deadlock."""
    if wanted := sorted(causes):
        CompanyLease.notify(connection.company_id)
        SyncRun.objects.filter(connection=connection, cause__in=wanted).requeue()
