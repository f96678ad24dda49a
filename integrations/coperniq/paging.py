"""How Coperniq's lists come: page by page, bare or wrapped (coperniq-api.md §2.4)."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Protocol, TypeVar

from integrations.errors import UnexpectedShape
from integrations.parsing import Wild

PAGE_SIZE = 100
"""The most Coperniq gives (§2.4): every page counts against 5,000 calls a day."""
MOST_PAGES = 300


class _Dated(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def updated_at(self) -> datetime: ...


R = TypeVar("R", bound=_Dated)


def rows_of(answer: Wild) -> tuple[list[Wild], bool | None]:
    """Lists are bare or wrapped (§2.4); `has_more` is None where the length of the page has to tell."""
    if isinstance(answer.value, list):
        return answer.rows(), None
    if not isinstance(answer.child("items").value, list):
        raise UnexpectedShape(answer.path, "list")
    return answer.children("items"), answer.flag("has_more", None)


def whole_list(answer: Wild) -> list[Wild]:
    """Of a list that is documented to come at once: half of the payments would be worse than none."""
    rows, has_more = rows_of(answer)
    if has_more:
        raise UnexpectedShape(answer.path, "whole list")
    return rows


def pages(path: str, page: Callable[[int], Wild]) -> Iterator[Wild]:
    seen: set[str] = set()
    for number in range(1, MOST_PAGES + 1):
        rows, has_more = rows_of(page(number))
        yield from rows
        known = len(seen)
        seen.update(row.identifier("id") for row in rows)
        # Nothing new means that paging is ignored: the same page would come for ever.
        if len(seen) == known or not (len(rows) >= PAGE_SIZE if has_more is None else has_more):
            return
    raise UnexpectedShape(path, "last page")


def newest_of_each(records: Iterable[R]) -> list[R]:
    """Each record once, oldest change first: pages move while they are read, and the order is not ours (A3)."""
    newest: dict[str, R] = {}
    for record in records:
        known = newest.get(record.id)
        if known is None or known.updated_at <= record.updated_at:
            newest[record.id] = record
    return sorted(newest.values(), key=lambda record: (record.updated_at, record.id))
