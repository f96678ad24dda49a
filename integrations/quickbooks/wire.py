"""Requests to one QuickBooks company: tokens, paging and faults, whatever the entity.

See docs/vendors/quickbooks-online.md, 2 and 7.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from integrations.errors import Refused, Unavailable, UnexpectedShape
from integrations.http import Call, Reply, VendorSession, clock_offset
from integrations.json_reader import JsonReader, path_segment
from integrations.quickbooks import query
from integrations.quickbooks.faults import VENDOR, build, error_for, is_token_rejected, lost, read_document
from integrations.quickbooks.narrowing import (
    MOST_UNLISTABLE,
    UnlistableRecord,
    candidate_ids,
    find_refused,
    is_about_content,
    narrow_page,
)

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
        self._unlistable: dict[tuple[str, str], UnlistableRecord] = {}

    @property
    def timeout_seconds(self) -> float:
        """The longest time one request may take, in seconds, including a renewal of the token."""
        return TOKEN_SECONDS + self._session.timeout_seconds

    @property
    def clock_offset(self) -> timedelta:
        """QuickBooks' clock minus the portal's, measured at the latest answer."""
        return self._clock_offset

    def take_unlistable(self) -> list[UnlistableRecord]:
        """Records that QuickBooks has refused to list since this was called last."""
        taken, self._unlistable = list(self._unlistable.values()), {}
        return taken

    def _rows(
        self,
        entity: str,
        conditions: Sequence[str],
        *,
        columns: str = "*",
        ids: Sequence[str] = (),
    ) -> list[Mapping[str, Any]]:
        """All rows of a query, each record once in its latest version, since rows move between pages while they are read.

        A record that QuickBooks refuses to list is read by its id; if it refuses that too, it is left out. `ids` are
        those that the query names. Raises UnexpectedShape after 100 pages.
        """
        found: dict[str, Mapping[str, Any]] = {}
        for rows in self._pages(entity, conditions, columns=columns, ids=ids):
            found |= {JsonReader(row, entity).identifier("Id"): row for row in rows}
        return list(found.values())

    def _pages(
        self,
        entity: str,
        conditions: Sequence[str],
        *,
        columns: str = "*",
        ids: Sequence[str] = (),
        first_page: int = 1,
        most_pages: int | None = None,
        most_refused: int = MOST_UNLISTABLE,
    ) -> Iterator[list[Mapping[str, Any]]]:
        """The pages as they are read. Raises UnexpectedShape after `most_pages`, 100 by default, if there are more."""
        for page in range(MOST_PAGES if most_pages is None else most_pages):
            start = 1 + (first_page - 1 + page) * query.PAGE_SIZE
            rows, read = self._page(entity, conditions, columns, start, ids, most_refused)
            yield rows
            if read < query.PAGE_SIZE:
                return
        raise UnexpectedShape(f"QueryResponse.{entity}", "last page")

    def _page(
        self,
        entity: str,
        conditions: Sequence[str],
        columns: str,
        start: int,
        ids: Sequence[str],
        most_refused: int,
    ) -> tuple[list[Mapping[str, Any]], int]:
        """The rows of a page, and how many QuickBooks has for it."""

        def page(start: int, count: int) -> list[Mapping[str, Any]]:
            return self._query(
                query.select(entity, conditions, start=start, count=count, columns=columns), entity
            )

        try:
            rows = page(start, query.PAGE_SIZE)
        except Refused as error:
            if not is_about_content(error):
                raise
            placed, refused = narrow_page(page, start, query.PAGE_SIZE, error, most_refused)
            known = {place: JsonReader(row, entity).identifier("Id") for place, row in placed.items()}
            candidates = [each for each in ids if each not in known.values()] or candidate_ids(known, refused)
            hidden = [each for each in conditions if each == query.ACTIVE_AND_INACTIVE]
            named = self._find_refused(entity, candidates, hidden)
            rest = [self._read_unlistable(entity, id_, error) for id_ in named]
            if len(named) < len(refused):
                self._unlistable[entity, ""] = UnlistableRecord(entity, "", "", error.detail)
            return [*placed.values(), *(row for row in rest if row is not None)], len(placed) + len(refused)
        return rows, len(rows)

    def _find_refused(self, entity: str, candidates: Sequence[str], hidden: Sequence[str]) -> list[str]:
        def list_ids(ids: Sequence[str]) -> object:
            return self._query(query.select(entity, [query.one_of("Id", ids), *hidden], start=1), entity)

        return find_refused(list_ids, candidates)

    def _read_unlistable(self, entity: str, record_id: str, error: Refused) -> Mapping[str, Any] | None:
        try:
            row = self._record(entity, record_id)
        except Refused:
            row = None
        read = JsonReader(row or {}, entity)
        name = read.text("DocNumber", "") or read.text("DisplayName", "") or read.text("Name", "")
        self._unlistable[entity, record_id] = UnlistableRecord(entity, record_id, name, error.detail)
        return row

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
