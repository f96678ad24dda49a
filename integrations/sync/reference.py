"""Lists that change seldom, as the engine uses them: from memory, else from the database, else from the vendor."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from integrations.connections.reference import READERS, Rows
from integrations.models import QuickBooksConnection, ReferenceList
from integrations.sync.desk import Desk

Name = ReferenceList.Name

DAILY = timedelta(days=1)
SOON = timedelta(minutes=5)
"""Something that is not in the list may have been made since; this often it is looked for."""

_remembered: dict[tuple[int, str], tuple[datetime, Rows]] = {}


def rows(desk: Desk, name: str, max_age: timedelta = DAILY) -> Rows:
    read_at = stamp(desk, name)
    if read_at is None or timezone.now() - read_at > max_age:
        return refreshed(desk, name, max_age)
    known = _remembered.get((desk.connection.pk, name))
    if known is not None and known[0] == read_at:
        return known[1]
    found: Rows = ReferenceList.objects.get(connection=desk.connection, name=name).rows
    _remembered[desk.connection.pk, name] = (read_at, found)
    return found


def stamp(desk: Desk, name: str) -> datetime | None:
    lists = ReferenceList.objects.filter(connection=desk.connection, name=name)
    return lists.values_list("read_at", flat=True).first()


def refreshed(desk: Desk, name: str, max_age: timedelta = timedelta(0)) -> Rows:
    """Read anew, by one thread: the others find it fresh when their turn comes."""
    asked_at = timezone.now()
    with desk.locked(f"list of {name}"):
        read_at = stamp(desk, name)
        if read_at is None or (read_at < asked_at and timezone.now() - read_at > max_age):
            ReferenceList.keep(desk.connection, name, READERS[name](desk.quickbooks, desk.coperniq))
    return rows(desk, name, DAILY)


def find(desk: Desk, name: str, **wanted: Any) -> dict[str, Any] | None:
    """The row with these values; one that is missing is looked for once more if the list is not quite fresh."""
    for max_age in (DAILY, SOON):
        for row in rows(desk, name, max_age):
            if all(row[key] == value for key, value in wanted.items()):
                return row
    return None


def forget(desk: Desk) -> None:
    """QuickBooks refused something these lists call good."""
    lists = ReferenceList.objects.filter(connection=desk.connection).exclude(name=Name.CATALOG)
    lists.update(read_at=timezone.now() - 2 * DAILY)


def read_preferences(desk: Desk) -> None:
    found = desk.quickbooks.read_preferences()
    values = {
        "custom_txn_numbers": found.custom_txn_numbers,
        "using_sales_tax": found.using_sales_tax,
        "book_close_on": found.book_close_on,
        "preferences_read_at": timezone.now(),
    }
    QuickBooksConnection.objects.filter(pk=desk.connection.pk).update(**values)
    for field, value in values.items():
        setattr(desk.connection, field, value)


def preferences(desk: Desk) -> QuickBooksConnection:
    """The connection, knowing how the books are kept today."""
    read_at = desk.connection.preferences_read_at
    if read_at is None or timezone.now() - read_at > DAILY:
        with desk.locked("preferences"):
            desk.connection.refresh_from_db(fields=["preferences_read_at"])
            read_at = desk.connection.preferences_read_at
            if read_at is None or timezone.now() - read_at > DAILY:
                read_preferences(desk)
            else:
                desk.connection.refresh_from_db()
    return desk.connection
