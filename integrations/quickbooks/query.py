"""Statements of QuickBooks' query language (quickbooks-online.md §7.2)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone

PACIFIC = timezone(timedelta(hours=-8))
"""Times are written as the documents write them, which also spares a plus sign in the address."""
PAGE_SIZE = 1000
ACTIVE_AND_INACTIVE = "Active IN (true, false)"
"""Inactive records are hidden unless asked for."""


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def equals(field: str, text: str) -> str:
    return f"{field} = {quoted(text)}"


def one_of(field: str, texts: Iterable[str]) -> str:
    return f"{field} IN ({', '.join(map(quoted, texts))})"


def contains(field: str, text: str) -> str:
    return f"{field} LIKE {quoted(f'%{text}%')}"


def moment(at: datetime) -> str:
    return at.astimezone(PACIFIC).isoformat(timespec="seconds")


def changed_since(since: datetime) -> str:
    return f"MetaData.LastUpdatedTime >= {quoted(moment(since))}"


def select(entity: str, conditions: Sequence[str], *, start: int, columns: str = "*") -> str:
    """Ordered by Id, since the default order moves while pages are read (§7.3), and so does that of changes.

    `start` counts from 1.
    """
    where = " AND ".join(conditions)
    return (
        f"SELECT {columns} FROM {entity} WHERE {where}"  # noqa: S608 - every text went through quoted()
        f" ORDERBY Id STARTPOSITION {start} MAXRESULTS {PAGE_SIZE}"
    )
