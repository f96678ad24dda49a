"""Builds statements of QuickBooks' query language (docs/vendors/quickbooks-online.md, 7.2).

https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone

PACIFIC = timezone(timedelta(hours=-8))
"""Intuit's examples use this zone, and its offset needs no plus sign, which would have to be escaped in a URL."""
PAGE_SIZE = 1000
ACTIVE_AND_INACTIVE = "Active IN (true, false)"
"""Without this condition a query returns active records only."""


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def equals(field: str, text: str) -> str:
    return f"{field} = {quoted(text)}"


def one_of(field: str, texts: Iterable[str]) -> str:
    return f"{field} IN ({', '.join(map(quoted, texts))})"


def contains(field: str, *texts: str) -> str:
    """Whether the field has these texts, in this order, with anything before, between and after them."""
    return f"{field} LIKE {quoted('%' + '%'.join(texts) + '%')}"


def moment(at: datetime) -> str:
    return at.astimezone(PACIFIC).isoformat(timespec="seconds")


def changed_since(since: datetime) -> str:
    return f"MetaData.LastUpdatedTime >= {quoted(moment(since))}"


def select(
    entity: str, conditions: Sequence[str], *, start: int, count: int = PAGE_SIZE, columns: str = "*"
) -> str:
    """One page of a query, ordered by Id; `start` counts from 1.

    The default order, and an order by change time, move while pages are read (docs/vendors/quickbooks-online.md, 7.3).
    """
    where = " AND ".join(conditions)
    return (
        f"SELECT {columns} FROM {entity} WHERE {where}"  # noqa: S608 - every text went through quoted()
        f" ORDERBY Id STARTPOSITION {start} MAXRESULTS {count}"
    )
