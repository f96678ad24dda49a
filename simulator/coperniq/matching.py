"""Match-or-create, the default of a POST: the second "John Smith" is the first one, unchanged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from simulator.coperniq.errors import invalid
from simulator.coperniq.records import Account, Project

if TYPE_CHECKING:
    from simulator.coperniq.call import Call

T = TypeVar("T", Account, Project)
Changes = dict[str, Any]

_ATTRIBUTES = {
    "title": "title",
    "primaryEmail": "primary_email",
    "primaryPhone": "primary_phone",
    "address": "address",
}
_STRATEGIES = ("skip", "replace", "enrich")
_EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True)
class Matching:
    """`attribute` is empty where nothing is to be matched."""

    attribute: str
    strategy: str
    ignores_case: bool
    sees_archived: bool

    def find(self, records: Iterable[T], wanted: Changes) -> T | None:
        """The oldest record with the same value; an empty value matches nothing."""
        value = wanted.get(self.attribute)
        if not value:
            return None
        seen = [one for one in records if one.is_active or self.sees_archived]
        same = [one for one in seen if self._key(getattr(one, self.attribute)) == self._key(value)]
        return min(same, key=lambda one: one.id, default=None)

    def changes(self, record: Account | Project, wanted: Changes) -> Changes:
        """What a found record takes over; asked for only where the strategy is not to skip it."""
        if self.strategy == "replace":
            return wanted
        return {
            name: _enriched(getattr(record, name), value)
            for name, value in wanted.items()
            if value is not None
        }

    def _key(self, value: str | None) -> str:
        return (value or "").casefold() if self.ignores_case else value or ""


def _enriched(mine: object, theirs: object) -> object:
    """Custom values are filled key by key; `theirs` already holds ours wherever the request says nothing."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return theirs | {name: value for name, value in mine.items() if value not in _EMPTY}
    return theirs if mine in _EMPTY else mine


def read(call: Call) -> Matching:
    by = call.query.get("match_by", "title")
    strategy = call.query.get("match_found_strategy", "skip")
    if by not in _ATTRIBUTES:
        raise invalid("match_by", f"match_by must be one of {', '.join(_ATTRIBUTES)}")
    if strategy not in _STRATEGIES:
        raise invalid("match_found_strategy", f"match_found_strategy must be one of {', '.join(_STRATEGIES)}")
    silent = "match_by" not in call.query and "match_found_strategy" not in call.query
    off = silent and not call.switches["match_without_parameters"]
    return Matching(
        attribute="" if off else _ATTRIBUTES[by],
        strategy=strategy,
        ignores_case=call.switches["match_ignores_case"],
        sees_archived=call.switches["match_sees_archived"],
    )
