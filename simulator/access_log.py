"""What the vendors received: one entry per request, also for refused and faulted ones, never a token or a secret."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

PREFIXES = {"/intuit/": "intuit", "/quickbooks/": "quickbooks", "/coperniq/v1": "coperniq"}
_SECRET = {"code", "state", "token", "access_token", "refresh_token", "client_secret", "api_key", "x-api-key"}
_REALM = re.compile(r"/company/([^/]+)(?:/([^/]+))?")


@dataclass(frozen=True)
class Entry:
    """`write`: the request asks for a change; `applied`: it made one, of `record`. `status` 0: no answer was sent."""

    n: int
    at: str
    vendor: str
    method: str
    path: str
    query: str
    realm: str
    entity: str
    status: int
    write: bool
    applied: bool
    replayed: bool
    request_id: str
    fault: str
    record: str


class AccessLog:
    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._count = 0

    def add(self, at: datetime, **seen: Any) -> None:
        self._count += 1
        self._entries.append(Entry(n=self._count, at=at.isoformat(), **seen))

    def as_list(self) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in list(self._entries)]

    def clear(self) -> None:
        self._entries.clear()


def record_of(answer: object) -> str:
    """The id in a response: at the top in Coperniq's, inside the record in QuickBooks'."""
    rows = [answer, *answer.values()] if isinstance(answer, dict) else []
    ids = (row.get("id", row.get("Id")) for row in rows if isinstance(row, dict))
    return next((str(found) for found in ids if found is not None), "")


def vendor_of(path: str) -> str:
    return next((name for prefix, name in PREFIXES.items() if path.startswith(prefix)), "")


def realm_and_entity(path: str) -> tuple[str, str]:
    if path.startswith("/coperniq/v1/"):
        return "", path.split("/")[3]
    found = _REALM.search(path)
    return (found[1], found[2] or "") if found else ("", "")


def is_write(method: str, path: str) -> bool:
    return (
        method in {"POST", "PUT", "PATCH", "DELETE"}
        and not path.startswith("/intuit/")
        and not path.endswith("/query")
    )


def readable_query(raw: str) -> str:
    """Decoded, so that a person can read the statement; what could open a door is masked."""
    pairs = parse_qsl(raw, keep_blank_values=True)
    return "&".join(f"{name}={'***' if name.lower() in _SECRET else value}" for name, value in pairs)
