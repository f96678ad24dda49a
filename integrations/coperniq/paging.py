"""Reads Coperniq's lists, which come in pages, bare or wrapped (docs/vendors/coperniq-api.md, 2.4)."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Protocol, TypeVar

from integrations.errors import UnexpectedShape
from integrations.json_reader import JsonReader

PAGE_SIZE = 100
"""The largest page Coperniq allows. Every page counts against the 5,000 calls a day.

See docs/vendors/coperniq-api.md, 2.4.
"""
MOST_PAGES = 300


class _Dated(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def updated_at(self) -> datetime: ...


R = TypeVar("R", bound=_Dated)


def rows_of(answer: JsonReader) -> tuple[list[JsonReader], bool | None]:
    """The rows of a bare or wrapped list, and its `has_more` (docs/vendors/coperniq-api.md, 2.4).

    `has_more` is None where there is no such field: then a short page is the last one. Raises UnexpectedShape if
    there is no list.
    """
    if isinstance(answer.value, list):
        return answer.rows(), None
    if not isinstance(answer.child("items").value, list):
        raise UnexpectedShape(answer.path, "list")
    return answer.children("items"), answer.flag("has_more", None)


def whole_list(answer: JsonReader) -> list[JsonReader]:
    """The rows of a list that is documented to come in one answer.

    Raises UnexpectedShape if more pages are announced, since a part of an invoice's payments would lead to wrong
    balances.
    """
    rows, has_more = rows_of(answer)
    if has_more:
        raise UnexpectedShape(answer.path, "whole list")
    return rows


def pages(path: str, page: Callable[[int], JsonReader]) -> Iterator[JsonReader]:
    """The rows of all pages; `page` requests one by number, from 1. Raises UnexpectedShape after 300 pages."""
    seen: set[str] = set()
    for number in range(1, MOST_PAGES + 1):
        rows, has_more = rows_of(page(number))
        yield from rows
        known = len(seen)
        seen.update(row.identifier("id") for row in rows)
        # A page without new ids means that Coperniq ignores paging and would return the same page for ever.
        if len(seen) == known or not (len(rows) >= PAGE_SIZE if has_more is None else has_more):
            return
    raise UnexpectedShape(path, "last page")


def newest_of_each(records: Iterable[R]) -> list[R]:
    """Each record once in its latest version, sorted by change time, oldest first.

    Records move between pages while they are read, and Coperniq's own order is not documented
    (docs/vendors/coperniq-api.md, A3).
    """
    newest: dict[str, R] = {}
    for record in records:
        known = newest.get(record.id)
        if known is None or known.updated_at <= record.updated_at:
            newest[record.id] = record
    return sorted(newest.values(), key=lambda record: (record.updated_at, record.id))
