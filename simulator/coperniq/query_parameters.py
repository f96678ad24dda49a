"""One request, and what its query may say: docs/vendors/coperniq-api.md, 2.4 (lists) and 2.6 (match-or-create)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from simulator.coperniq import rendering, validation
from simulator.coperniq.company import Company
from simulator.coperniq.records import Account, Contact, Project, Stamped, User
from simulator.coperniq.validation import Json, invalid, not_found

Answer = tuple[int, Any]


@dataclass(frozen=True)
class Call:
    """`ids` are the numbers in the path, in order. An answer whose body is None is empty."""

    company: Company
    user: User
    query: Mapping[str, str]
    raw: bytes
    ids: tuple[int, ...] = ()

    @property
    def id(self) -> int:
        return self.ids[-1]

    def body(self) -> Json:
        return validation.parse_json(self.raw)

    @property
    def switches(self) -> Json:
        return self.company.switches

    def deleted(self, shown: Json) -> Answer:
        return 200, shown if self.switches["delete_body"] == "record" else None

    def flag(self, name: str) -> bool:
        found = self.query.get(name, "false").lower()
        if found not in {"true", "false"}:
            raise invalid(name, f"{name} must be true or false")
        return found == "true"


T = TypeVar("T")
S = TypeVar("S", bound=Stamped)

PAGE_SIZE, MAX_PAGE_SIZE = 20, 100
_ORDER = {"updatedAt": "updated_at", "createdAt": "created_at", "id": "id"}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")


def is_moment(text: str) -> bool:
    return _MOMENT.fullmatch(text) is not None


def moment(text: str, name: str) -> datetime:
    """ISO 8601 date-time with its zone: a bare date or a local time says nothing certain."""
    if not is_moment(text):
        raise invalid(name, f"{name} must be an ISO 8601 date-time")
    try:
        return datetime.fromisoformat(text)
    except ValueError as reason:
        raise invalid(name, f"{name} must be an ISO 8601 date-time") from reason


def window(call: Call, records: Iterable[S]) -> list[S]:
    found = list(records)
    inclusive = call.switches["updated_bounds_inclusive"]
    if "updated_after" in call.query:
        after = moment(call.query["updated_after"], "updated_after")
        found = [one for one in found if one.updated_at > after or (inclusive and one.updated_at == after)]
    if "updated_before" in call.query:
        before = moment(call.query["updated_before"], "updated_before")
        found = [one for one in found if one.updated_at < before or (inclusive and one.updated_at == before)]
    return found


def ordered(call: Call, records: Iterable[S], prose: str = "asc") -> list[S]:
    """`prose`: the default that the text, not the schema, gives this list."""
    default = call.switches["order_default"]
    wanted = call.query.get("order_by", prose if default == "mixed" else default)
    if wanted not in {"asc", "desc"}:
        raise invalid("order_by", "order_by must be asc or desc")
    attribute = _ORDER[call.switches["order_field"]]
    return sorted(records, key=lambda one: (getattr(one, attribute), one.id), reverse=wanted == "desc")


def _asked(call: Call) -> tuple[int, int]:
    number, size = _positive(call, "page", 1), _positive(call, "page_size", PAGE_SIZE)
    if size > MAX_PAGE_SIZE and call.switches["page_size_over_max"] == "refuse":
        raise invalid("page_size", f"page_size must not be greater than {MAX_PAGE_SIZE}")
    return number, min(size, MAX_PAGE_SIZE)


def page(call: Call, rows: list[T]) -> list[T]:
    number, size = _asked(call)
    found = rows[(number - 1) * size : number * size]
    if not found and number > 1 and call.switches["page_beyond_end"] == "not_found":
        raise not_found("Page")
    return found


def wrapped(call: Call, items: list[Any], total: int) -> Json:
    """The envelope that only financial documents come in."""
    number, size = _asked(call)
    full = call.switches["has_more"] == "full_page" and len(items) == size
    return {"items": items, "page": number, "page_size": size, "has_more": full or number * size < total}


def _positive(call: Call, name: str, default: int) -> int:
    found = call.query.get(name, str(default))
    if found.isascii() and found.isdigit() and int(found[:12]) > 0:
        return int(found[:12])
    if call.switches["bad_paging"] == "default":
        return default
    raise invalid(name, f"{name} must be a positive integer")


AccountOrProject = TypeVar("AccountOrProject", Account, Project)


def filter_records(call: Call, found: Iterable[AccountOrProject]) -> list[AccountOrProject]:
    return [one for one in found if _passes(call, one)]


def filter_contacts(call: Call, found: Iterable[Contact]) -> list[Contact]:
    wanted = call.query.get("q", "").lower()
    return [
        one for one in found if any(wanted in text.lower() for text in [one.name, *one.emails, *one.phones])
    ]


def _passes(call: Call, record: Account | Project) -> bool:
    seen = _seen(call.company, record)
    wanted = call.query.get("q", "").lower()
    if not any(wanted in text.lower() for texts in seen.values() for text in texts):
        return False
    return all(_matches(call, name, texts) for name, texts in seen.items() if name in call.query)


def _matches(call: Call, name: str, texts: list[str]) -> bool:
    wanted = call.query[name].lower()
    if call.switches["list_filters"] == "equals":
        return wanted in [text.lower() for text in texts]
    return any(wanted in text.lower() for text in texts)


def _seen(company: Company, record: Account | Project) -> dict[str, list[str]]:
    title = record.title if isinstance(record, Account) else rendering.shown_title(company, record)
    return {
        "title": [title],
        "address": [record.address],
        "primaryName": [one.name for one in company.contacts.values() if _linked(one, record)],
        "primaryPhone": [record.primary_phone or ""],
        "primaryEmail": [record.primary_email or ""],
    }


def _linked(contact: Contact, record: Account | Project) -> bool:
    return record.id in (contact.account_ids if isinstance(record, Account) else contact.project_ids)


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

    def find(self, records: Iterable[AccountOrProject], wanted: Json) -> AccountOrProject | None:
        """The oldest record with the same value; an empty value matches nothing."""
        value = wanted.get(self.attribute)
        if not value:
            return None
        seen = [one for one in records if one.is_active or self.sees_archived]
        same = [one for one in seen if self._key(getattr(one, self.attribute)) == self._key(value)]
        return min(same, key=lambda one: one.id, default=None)

    def changes(self, record: Account | Project, wanted: Json) -> Json:
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


def read_matching(call: Call) -> Matching:
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
