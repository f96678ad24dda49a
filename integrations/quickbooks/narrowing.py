"""Narrows a query that QuickBooks refuses for a record in its answer, until that record is found.

One record with an e-mail address that QuickBooks itself does not accept makes it refuse every answer that lists the
record, and it does not say which it is (docs/vendors/quickbooks-online.md, 2.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from integrations.errors import FeatureOff, RecordMissing, Refused, SubscriptionEnded
from integrations.quickbooks.faults import UNREADABLE_QUERY

IDS_AT_ONCE = 100
MOST_UNLISTABLE = 10
_WIDEST_GAP = 1000
"""How many ids are tried to find out which record stands at a place of an answer."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class UnlistableRecord:
    """A record that QuickBooks refuses to list. `id` and `name` are "" if they could not be found out."""

    entity: str
    id: str
    name: str
    reason: str


def is_about_content(error: Refused) -> bool:
    """Whether a part of the answer might be given: it is neither the query nor the whole entity that is refused."""
    whole = isinstance(error, FeatureOff | RecordMissing | SubscriptionEnded)
    return not whole and error.code not in UNREADABLE_QUERY


def narrow_page(
    page: Callable[[int, int], Sequence[Row]],
    start: int,
    count: int,
    error: Refused,
    most_refused: int = MOST_UNLISTABLE,
) -> tuple[dict[int, Row], list[int]]:
    """The rows of a page that was refused with `error`, by their place, and the places that are refused one by one.

    `page` reads `count` rows from `start`. Raises `error` if more than `most_refused` are refused.
    """
    rows: dict[int, Row] = {}
    refused: list[int] = []

    def read(start: int, count: int) -> None:
        try:
            rows.update(enumerate(page(start, count), start))
        except Refused as again:
            if not is_about_content(again):
                raise
            if count == 1:
                refused.append(start)
                if len(refused) > most_refused:
                    raise error from again
                return
            split(start, count)

    def split(start: int, count: int) -> None:
        half = (count + 1) // 2
        read(start, half)
        read(start + half, count - half)

    if count == 1:
        return {}, [start]
    split(start, count)
    return rows, refused


def find_refused(list_ids: Callable[[Sequence[str]], object], ids: Sequence[str]) -> list[str]:
    """Which of these ids make QuickBooks refuse a query that names them."""
    found: list[str] = []
    for start in range(0, len(ids), IDS_AT_ONCE):
        found += _refused_of(list_ids, ids[start : start + IDS_AT_ONCE])
    return found


def _refused_of(list_ids: Callable[[Sequence[str]], object], ids: Sequence[str]) -> list[str]:
    try:
        list_ids(ids)
    except Refused as error:
        if not is_about_content(error):
            raise
        if len(ids) == 1:
            return list(ids)
        half = len(ids) // 2
        return _refused_of(list_ids, ids[:half]) + _refused_of(list_ids, ids[half:])
    return []


def candidate_ids(rows: Mapping[int, str], refused: Sequence[int]) -> list[str]:
    """Ids that the records at the refused places may have: those between the ids of their neighbors.

    `rows` are the ids by place, in the order of the ids, as far as ids are numbers.
    """
    known = sorted((place, int(id_)) for place, id_ in rows.items() if id_.isdecimal())
    place, id_ = known[-1] if known else (0, 0)
    beyond = (max([place, *refused]) + 1, id_ + _WIDEST_GAP + 1)
    found: list[str] = []
    for (before, lower), (after, upper) in pairwise([(0, 0), *known, beyond]):
        if any(before < place < after for place in refused):
            found += map(str, range(max(lower + 1, upper - _WIDEST_GAP), upper))
    return found
