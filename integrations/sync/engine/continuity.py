"""Detects that the database may have been restored from a backup, and then links documents again.

Usually nothing is read here. The database may have lost something if the process has just started, if the fencing
token or the cursor is lower than this process has seen, if a token is used a second time, or if the cursor has not
moved for a while. If a restore remains undetected, the same write still gets the same request id (engine/outbox.py).
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from integrations.errors import Refused
from integrations.models import CompanyLease, InvoiceSyncPeriod, QuickBooksConnection, RecordLink, SyncRun
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.handlers import installed

logger = logging.getLogger(__name__)

CDC_OVERLAP = timedelta(minutes=10)
"""How far before the cursor change data are read again: clocks differ, and time stamps have whole seconds."""

_SHORTEST_OUTAGE = timedelta(minutes=2)
_BEFORE_FIRST_PERIOD = timedelta(days=30)
"""A backup may be older than the first switch-on of invoice syncing that it is compared with."""


@dataclass
class _ProcessKnowledge:
    """What this process has seen of a connection.

    `lease` is the one under which it was last up to date, `refused_at` when QuickBooks refused to list the documents.
    """

    cursor: datetime | None = None
    fence: int = 0
    lease: CompanyLease | None = None
    refused_at: datetime | None = None

    def is_newer(self, cursor: datetime | None, fence: int) -> bool:
        """True if this process has seen later values than the database has: it was restored from a backup."""
        gone_back = self.cursor is not None and (cursor is None or cursor < self.cursor)
        return gone_back or fence < self.fence

    def has_used_fence(self, lease: CompanyLease) -> bool:
        """True if this process owned another lease with this fencing token: every taking has a token of its own."""
        return self.lease is not None and self.lease is not lease and lease.fence <= self.lease.fence


_known: dict[int, _ProcessKnowledge] = {}
_lock = threading.Lock()


class LinksMayBeLost(Exception):
    """A record seems not to be linked. Documents that were lost with a database have to be linked again first."""


def find_current_link(ctx: SyncContext, run: SyncRun) -> RecordLink | None:
    """The record's link, None if it certainly has none. Raises LinksMayBeLost, after which the engine plans again."""
    link = RecordLink.objects.pushed(ctx.connection, run.kind, run.coperniq_id)
    if link is None and not _is_up_to_date(ctx):
        raise LinksMayBeLost
    return link


def recover_links(ctx: SyncContext) -> None:
    """Link lost documents again, by one thread; the others wait and find it done."""
    with ctx.locked("catching up"):
        if not _is_up_to_date(ctx):
            _catch_up(ctx)


def _is_up_to_date(ctx: SyncContext) -> bool:
    cursor, lease = _stored_cursor(ctx.connection), ctx.lease
    with _lock:
        seen = _known.setdefault(ctx.connection.pk, _ProcessKnowledge())
        if seen.refused_at is not None and not _is_outage(seen.refused_at):
            return True
        if (
            seen.lease is None
            or seen.is_newer(cursor, lease.fence)
            or seen.has_used_fence(lease)
            or _is_outage(cursor)
        ):
            return False
        seen.cursor, seen.fence, seen.lease = cursor, lease.fence, lease
        return True


def _is_outage(cursor: datetime | None) -> bool:
    longest = max(2 * timedelta(seconds=settings.QUICKBOOKS_CDC_SECONDS), _SHORTEST_OUTAGE)
    return cursor is None or timezone.now() - cursor > longest


def is_continuous(connection: QuickBooksConnection, now: datetime) -> bool:
    """True if nothing can have been lost since the cursor, so that change data capture may move it to `now`.

    False for the first call of a process, which has seen no earlier cursor and only remembers this one.
    """
    cursor = _stored_cursor(connection)
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
    """If QuickBooks refuses the look altogether, new work goes on without it, and the look is tried again later.

    Then the request id, which is the one of before, and QuickBooks' own numbers keep documents from being doubled.
    """
    began_at = timezone.now()
    since = _recovery_cursor(ctx.connection) - CDC_OVERLAP
    try:
        installed().relink_documents(ctx, since)
    except Refused as error:
        logger.warning(
            "Documents of company %s could not be listed: %s", ctx.connection.company_id, error.cause
        )
        with _lock:
            known = _known.setdefault(ctx.connection.pk, _ProcessKnowledge())
            known.refused_at = began_at
        return
    rows = QuickBooksConnection.objects.filter(pk=ctx.connection.pk)
    earlier = Q(changes_cursor_at__isnull=True) | Q(changes_cursor_at__lt=began_at)
    rows.filter(earlier).update(changes_cursor_at=began_at, changes_read_at=began_at)
    with _lock:
        _known[ctx.connection.pk] = _ProcessKnowledge(began_at, ctx.lease.fence, ctx.lease)


def _stored_cursor(connection: QuickBooksConnection) -> datetime | None:
    rows = QuickBooksConnection.objects.filter(pk=connection.pk)
    return rows.values_list("changes_cursor_at", flat=True).get()


def _recovery_cursor(connection: QuickBooksConnection) -> datetime:
    first = InvoiceSyncPeriod.objects.first_of(connection)
    return _stored_cursor(connection) or (first.on_at if first else timezone.now()) - _BEFORE_FIRST_PERIOD
