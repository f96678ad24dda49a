"""Requests to one QuickBooks company: tokens, paging and faults, whatever the entity.

See docs/vendors/quickbooks-online.md, 2 and 7.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from integrations.errors import Unavailable, UnexpectedShape
from integrations.http import Call, Reply, VendorSession, clock_offset
from integrations.json_reader import JsonReader, path_segment
from integrations.quickbooks import query
from integrations.quickbooks.faults import VENDOR, build, error_for, is_token_rejected, lost, read_document

MINOR_VERSION = "75"
MOST_PAGES = 100
TOKEN_SECONDS = 10.0
"""A request is not sent if obtaining its access token took longer than this."""


class Wire:
    """Base of the QuickBooks client; use one instance per thread.

    `on_call` is called after every request if no `session` is given; a given session reports its calls itself.
    `access_token("")` returns a valid token, `access_token(rejected)` a newer one than the rejected token.
    """

    def __init__(
        self,
        *,
        api_url: str,
        realm_id: str,
        access_token: Callable[[str], str],
        on_call: Callable[[Call], None] | None = None,
        session: VendorSession | None = None,
    ) -> None:
        self._realm_id = path_segment(realm_id)
        self._base = f"{api_url.rstrip('/')}/v3/company/{self._realm_id}"
        self._access_token = access_token
        self._session = session or VendorSession(VENDOR, on_call=on_call)
        self._clock_offset = timedelta(0)

    @property
    def timeout_seconds(self) -> float:
        """The longest time one request may take, in seconds, including a renewal of the token."""
        return TOKEN_SECONDS + self._session.timeout_seconds

    @property
    def clock_offset(self) -> timedelta:
        """QuickBooks' clock minus the portal's, measured at the latest answer."""
        return self._clock_offset

    def _rows(self, entity: str, conditions: Sequence[str], *, columns: str = "*") -> list[Mapping[str, Any]]:
        """All rows of a query, each record once in its latest version, since rows move between pages while they are read.

        Raises UnexpectedShape after 100 pages.
        """
        found: dict[str, Mapping[str, Any]] = {}
        for page in range(MOST_PAGES):
            start = 1 + page * query.PAGE_SIZE
            rows = self._query(query.select(entity, conditions, start=start, columns=columns), entity)
            found |= {JsonReader(row, entity).identifier("Id"): row for row in rows}
            if len(rows) < query.PAGE_SIZE:
                return list(found.values())
        raise UnexpectedShape(f"QueryResponse.{entity}", "last page")

    def _query(self, statement: str, entity: str) -> list[Mapping[str, Any]]:
        """The rows of one page (docs/vendors/quickbooks-online.md, 7.3).

        An answer without the entity's key has no rows; one without QueryResponse raises UnexpectedShape.
        """
        response = self._read("query", "QueryResponse", query=statement)
        if entity in as_object(response) and not isinstance(response.child(entity).value, list):
            raise UnexpectedShape(f"QueryResponse.{entity}", "list")
        return [as_object(row) for row in response.children(entity)]

    def _record(self, entity: str, record_id: str) -> Mapping[str, Any]:
        return as_object(self._read(f"{entity.lower()}/{path_segment(record_id)}", entity))

    def _read(self, path: str, key: str, **params: str) -> JsonReader:
        reply, document = self._send("GET", path, params=params)
        if document.value is None:
            raise build(lost(write=False), reply, detail="the answer cannot be read")
        found = document.child(key)
        as_object(found)
        return found

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str],
        body: bytes | None = None,
        write: bool = False,
    ) -> tuple[Reply, JsonReader]:
        started = time.monotonic()
        params = {"minorversion": MINOR_VERSION, **params}
        ask = partial(
            self._session.send, method, f"{self._base}/{path}", params=params, body=body, write=write
        )
        token = self._token("", started)
        reply = ask(headers=_headers(token))
        document = read_document(reply)
        if is_token_rejected(reply, document):
            reply = ask(headers=_headers(self._token(token, started)))
            document = read_document(reply)
        self._clock_offset = clock_offset(reply)
        error = error_for(reply, document, write=write)
        if error is not None:
            raise error
        return reply, document

    def _token(self, rejected: str, started: float) -> str:
        token = self._access_token(rejected)
        if time.monotonic() - started > TOKEN_SECONDS:
            raise Unavailable(vendor=VENDOR, detail="the renewal of the access token took too long")
        return token


def as_object(found: JsonReader) -> dict[str, Any]:
    if not isinstance(found.value, dict):
        raise UnexpectedShape(found.path, "record")
    return found.value


def _headers(token: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
