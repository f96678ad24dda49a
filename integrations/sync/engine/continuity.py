"""Does this process know everything that was written to QuickBooks, or may the database have come from a backup?

In steady state nothing is read here. Three things tell that the database may have forgotten something: the process
has just started; the fencing token or the cursor is lower than this process has seen, or a token is used a second
time; or the cursor has not moved for a while, so that no worker was running. Should all of that miss a restore, the
same write still gets the same request id (engine/outbox.py).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from integrations.models import CompanyLease, InvoiceSyncPeriod, QuickBooksConnection, RecordLink, SyncRun
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.handlers import installed

CDC_OVERLAP = timedelta(minutes=10)
"""How far before the cursor change data are read again: the clocks differ, and stamps are whole seconds."""

_SHORTEST_OUTAGE = timedelta(minutes=2)
BEFORE_THE_FIRST = timedelta(days=30)
"""A database may come from before the switch-on it is told of now."""


@dataclass
class _ProcessKnowledge:
    """What this process knows of a connection. `lease` is the driving in which it was last up to date."""

    cursor: datetime | None = None
    fence: int = 0
    lease: CompanyLease | None = None

    def is_newer(self, cursor: datetime | None, fence: int) -> bool:
        """Than the database is now: that one came from a backup."""
        gone_back = self.cursor is not None and (cursor is None or cursor < self.cursor)
        return gone_back or fence < self.fence

    def drove(self, lease: CompanyLease) -> bool:
        """Under this fence, and yet in another driving: every taking of a lease has a fence of its own."""
        return self.lease is not None and self.lease is not lease and lease.fence <= self.lease.fence


_known: dict[int, _ProcessKnowledge] = {}
_lock = threading.Lock()


def find_or_recover_link(ctx: SyncContext, run: SyncRun) -> RecordLink | None:
    """Before anything is created it is looked for among what a lost database may have forgotten."""
    link = RecordLink.objects.pushed(ctx.connection, run.kind, run.coperniq_id)
    if link is None:
        _ensure_current(ctx)
        link = RecordLink.objects.pushed(ctx.connection, run.kind, run.coperniq_id)
    return link


def _ensure_current(ctx: SyncContext) -> None:
    """By one thread: the others find it done when their turn comes."""
    with ctx.locked("catching up"):
        if not is_up_to_date(ctx):
            _catch_up(ctx)


def is_up_to_date(ctx: SyncContext) -> bool:
    cursor, lease = stored_cursor(ctx.connection), ctx.lease
    with _lock:
        seen = _known.setdefault(ctx.connection.pk, _ProcessKnowledge())
        if (
            seen.lease is None
            or seen.is_newer(cursor, lease.fence)
            or seen.drove(lease)
            or _is_outage(cursor)
        ):
            return False
        seen.cursor, seen.fence, seen.lease = cursor, lease.fence, lease
        return True


def _is_outage(cursor: datetime | None) -> bool:
    longest = max(2 * timedelta(seconds=settings.QUICKBOOKS_CDC_SECONDS), _SHORTEST_OUTAGE)
    return cursor is None or timezone.now() - cursor > longest


def is_continuous(connection: QuickBooksConnection, now: datetime) -> bool:
    """For the background look: true if nothing can have been lost since the cursor, which may move to `now` then.

    Whoever has not seen an earlier cursor cannot tell, and only takes note of this one.
    """
    cursor = stored_cursor(connection)
    fence = (
        CompanyLease.objects.filter(company=connection.company_id).values_list("fence", flat=True).first()
        or 0
    )
    with _lock:
        seen = _known.setdefault(connection.pk, _ProcessKnowledge())
        if seen.is_newer(cursor, fence):
            return False
        known = seen.cursor is not None and not _is_outage(cursor)
        seen.cursor, seen.fence = now if known else cursor, fence
        return known


def _catch_up(ctx: SyncContext) -> None:
    began_at = timezone.now()
    since = _recovery_cursor(ctx.connection) - CDC_OVERLAP
    installed().relink_documents(ctx, since)
    rows = QuickBooksConnection.objects.filter(pk=ctx.connection.pk)
    earlier = Q(changes_cursor_at__isnull=True) | Q(changes_cursor_at__lt=began_at)
    rows.filter(earlier).update(changes_cursor_at=began_at, changes_read_at=began_at)
    with _lock:
        _known[ctx.connection.pk] = _ProcessKnowledge(began_at, ctx.lease.fence, ctx.lease)


def stored_cursor(connection: QuickBooksConnection) -> datetime | None:
    rows = QuickBooksConnection.objects.filter(pk=connection.pk)
    return rows.values_list("changes_cursor_at", flat=True).get()


def _recovery_cursor(connection: QuickBooksConnection) -> datetime:
    first = InvoiceSyncPeriod.objects.filter(connection=connection).order_by("id").first()
    return stored_cursor(connection) or (first.on_at if first else timezone.now()) - BEFORE_THE_FIRST
