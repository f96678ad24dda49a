"""Lists: the window of updatedAt, the order, the page."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from simulator.coperniq.errors import invalid, not_found
from simulator.coperniq.records import Stamped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.coperniq.call import Call

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
    number, size = _whole(call, "page", 1), _whole(call, "page_size", PAGE_SIZE)
    if size > MAX_PAGE_SIZE and call.switches["page_size_over_max"] == "refuse":
        raise invalid("page_size", f"page_size must not be greater than {MAX_PAGE_SIZE}")
    return number, min(size, MAX_PAGE_SIZE)


def page(call: Call, rows: list[T]) -> list[T]:
    number, size = _asked(call)
    found = rows[(number - 1) * size : number * size]
    if not found and number > 1 and call.switches["page_beyond_end"] == "not_found":
        raise not_found("Page")
    return found


def wrapped(call: Call, items: list[Any], total: int) -> dict[str, Any]:
    """The envelope that only financial documents come in."""
    number, size = _asked(call)
    full = call.switches["has_more"] == "full_page" and len(items) == size
    return {"items": items, "page": number, "page_size": size, "has_more": full or number * size < total}


def _whole(call: Call, name: str, default: int) -> int:
    found = call.query.get(name, str(default))
    if found.isascii() and found.isdigit() and int(found[:12]) > 0:
        return int(found[:12])
    if call.switches["bad_paging"] == "default":
        return default
    raise invalid(name, f"{name} must be a positive integer")
