"""Cached lists of a QuickBooks company and of Coperniq's catalog: accounts, items, payment methods, preferences."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from integrations.causes import Cause
from integrations.connections.stored_lists import READERS, Rows
from integrations.errors import Refused
from integrations.models import LookupList, QuickBooksConnection, SyncRun
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import requeue

LookupName = LookupList.Name

DAILY = timedelta(days=1)
SOON = timedelta(minutes=5)
"""An entry that is missing in the list may be new, so the list is read again if it is older than this."""

_STAMP_SECONDS = 1.0

_lookup_cache: dict[tuple[int, str], tuple[datetime, Rows]] = {}


_FOR_PREVIEW = timedelta(minutes=1)
"""A preview says beforehand what would be refused, so that it looks at lists as they are now, or nearly."""


def lookup_rows(ctx: SyncContext, name: str, max_age: timedelta = DAILY) -> Rows:
    max_age = min(max_age, _FOR_PREVIEW) if ctx.is_preview else max_age
    read_at = _recent_stamp(ctx, name)
    if read_at is None or timezone.now() - read_at > max_age:
        return refresh_lookup(ctx, name, max_age)
    known = _lookup_cache.get((ctx.connection.pk, name))
    if known is not None and known[0] == read_at:
        return known[1]
    found: Rows = LookupList.objects.get(connection=ctx.connection, name=name).rows
    _lookup_cache[ctx.connection.pk, name] = (read_at, found)
    return found


def _recent_stamp(ctx: SyncContext, name: str) -> datetime | None:
    """As stored within the last second: planning one line asks for the same list several times."""
    asked_at, stamp = ctx.list_stamps.get(name, (float("-inf"), None))
    if time.monotonic() - asked_at > _STAMP_SECONDS:
        asked_at, stamp = time.monotonic(), _stored_stamp(ctx, name)
        ctx.list_stamps[name] = (asked_at, stamp)
    return stamp


def _stored_stamp(ctx: SyncContext, name: str) -> datetime | None:
    lists = LookupList.objects.filter(connection=ctx.connection, name=name)
    return lists.values_list("read_at", flat=True).first()


def refresh_lookup(ctx: SyncContext, name: str, max_age: timedelta = timedelta(0)) -> Rows:
    """Read the list again, by one thread; the others wait and find it read. A list that is refused stays as it was."""
    requested_at = timezone.now()
    with ctx.locked(f"list of {name}"):
        read_at = _stored_stamp(ctx, name)
        if read_at is None or (read_at < requested_at and timezone.now() - read_at > max_age):
            try:
                rows = READERS[name](ctx.quickbooks, ctx.coperniq)
            except Refused:
                if read_at is None:
                    raise
                rows = LookupList.objects.get(connection=ctx.connection, name=name).rows
            LookupList.keep(ctx.connection, name, rows)
    return lookup_rows(ctx, name, DAILY)


def find_in_lookup(ctx: SyncContext, name: str, **wanted: Any) -> dict[str, Any] | None:
    """The row with these values. If there is none and the list is not recent, the list is read again."""
    for max_age in (DAILY, SOON):
        for row in lookup_rows(ctx, name, max_age):
            if all(row[key] == value for key, value in wanted.items()):
                return row
    return None


def forget_lookup(ctx: SyncContext) -> None:
    """Let the QuickBooks lists be read again, after QuickBooks refused an entry that they show as usable."""
    lists = LookupList.objects.filter(connection=ctx.connection).exclude(name=LookupName.CATALOG)
    lists.update(read_at=timezone.now() - 2 * DAILY)
    ctx.list_stamps.clear()


def read_preferences(ctx: SyncContext) -> None:
    """Store them as they are now. Where another period is closed since, what was held because of it is planned again."""
    found = ctx.quickbooks.read_preferences()
    if found.book_close_on != ctx.connection.book_close_on:
        held = SyncRun.objects.held().filter(connection=ctx.connection, cause=Cause.BOOKS_CLOSED)
        requeue(ctx.follow_ups, held)
    ctx.connection.keep_preferences(
        custom_txn_numbers=found.custom_txn_numbers,
        using_sales_tax=found.using_sales_tax,
        book_close_on=found.book_close_on,
        preferences_read_at=timezone.now(),
    )


def preferences(ctx: SyncContext) -> QuickBooksConnection:
    """The connection with preferences that are at most a day old, or for a preview as they are now."""
    if _are_preferences_stale(ctx):
        with ctx.locked("preferences"):
            ctx.connection.refresh_from_db(fields=["preferences_read_at"])
            if _are_preferences_stale(ctx):
                read_preferences(ctx)
            else:
                ctx.connection.refresh_from_db()
    return ctx.connection


def _are_preferences_stale(ctx: SyncContext) -> bool:
    read_at = ctx.connection.preferences_read_at
    return read_at is None or read_at < (ctx.preview_since or timezone.now() - DAILY)
