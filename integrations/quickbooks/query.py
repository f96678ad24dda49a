"""Statements of QuickBooks' query language (quickbooks-online.md §7.2)."""

from collections.abc import Iterable, Sequence

PAGE_SIZE = 1000
ACTIVE_AND_INACTIVE = "Active IN (true, false)"
"""Inactive records are hidden unless asked for."""


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def one_of(field: str, texts: Iterable[str]) -> str:
    return f"{field} IN ({', '.join(map(quoted, texts))})"


def contains(field: str, text: str) -> str:
    return f"{field} LIKE {quoted(f'%{text}%')}"


def select(entity: str, conditions: Sequence[str], *, start: int) -> str:
    """Ordered by Id, since the default order moves while pages are read (§7.3). `start` counts from 1."""
    where = " AND ".join(conditions)
    return f"SELECT * FROM {entity} WHERE {where} ORDERBY Id STARTPOSITION {start} MAXRESULTS {PAGE_SIZE}"  # noqa: S608 - every text went through quoted()
