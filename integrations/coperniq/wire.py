"""Requests to one Coperniq account: authentication, paging and errors, whatever the record.

See docs/vendors/coperniq-api.md, 2.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from integrations.coperniq.faults import VENDOR, error_for, out_of_sight, unreadable
from integrations.coperniq.paging import PAGE_SIZE, pages, rows_of
from integrations.errors import AccessLost, RecordMissing, UnexpectedShape, UnreadableJson
from integrations.http import Call, Reply, VendorSession, clock_offset
from integrations.json_reader import JsonReader, load_json

R = TypeVar("R")


class Wire:
    """Base of the Coperniq client; use one instance per thread.

    `on_call` is called after every request if no `session` is given; a given session reports its calls itself.
    """

    def __init__(
        self,
        *,
        api_url: str,
        api_key: str,
        on_call: Callable[[Call], None] | None = None,
        session: VendorSession | None = None,
    ) -> None:
        self._base = api_url.rstrip("/")
        self._headers = {"x-api-key": api_key.strip(), "Accept": "application/json"}
        self._session = session or VendorSession(VENDOR, on_call=on_call)
        self._calls_remaining: int | None = None
        self._calls_made = 0
        self._clock_offset = timedelta(0)
        self._listed: Mapping[str, JsonReader] = {}

    def use_listed(self, records: Mapping[str, JsonReader]) -> None:
        """Answer reads of these paths with what a list gave, without a call, until this is called again."""
        self._listed = records

    @property
    def timeout_seconds(self) -> float:
        """The longest time one request may take, in seconds. Reading a list takes several requests."""
        return self._session.timeout_seconds

    @property
    def calls_remaining(self) -> int | None:
        """Calls left today according to the latest answer; None if Coperniq did not say.

        See docs/vendors/coperniq-api.md, 2.3.
        """
        return self._calls_remaining

    @property
    def calls_made(self) -> int:
        """Requests sent by this client, answered or not."""
        return self._calls_made

    @property
    def clock_offset(self) -> timedelta:
        """Coperniq's clock minus the portal's, measured at the latest answer."""
        return self._clock_offset

    @property
    def clock_behind(self) -> timedelta:
        """How far Coperniq's clock is behind the portal's, measured at the latest answer; never negative."""
        return max(-self._clock_offset, timedelta(0))

    def _record(self, path: str, **params: str) -> JsonReader:
        known = self._listed.get(path)
        if known is not None:
            return known
        with self._in_sight():
            return self._get(path, **params)

    @contextmanager
    def _in_sight(self) -> Iterator[None]:
        """Turn a 403 about one record into RecordMissing.

        A 403 may concern the key or only this record (docs/vendors/coperniq-api.md, A4). Reading the workflows tells
        which: it raises AccessLost itself if the key is refused.
        """
        try:
            yield
        except AccessLost as error:
            if error.status != 403:
                raise
            rows_of(self._get("workflows"))
            raise out_of_sight(error) from error

    def _changed(self, path: str, updated_after: datetime | None, **params: str) -> Iterator[JsonReader]:
        since = {"updated_after": _moment(updated_after)} if updated_after else {}
        return self._pages(path, order_by="asc", **params, **since)

    def _pages(self, path: str, **params: str) -> Iterator[JsonReader]:
        return pages(path, lambda page: self._page(path, page, **params))

    def _page(self, path: str, page: int, **params: str) -> JsonReader:
        """One page. A 404 after the first page counts as an empty one: what follows a full last page is undocumented."""
        try:
            return self._get(path, page=str(page), page_size=str(PAGE_SIZE), **params)
        except RecordMissing:
            if page == 1:
                raise
            return JsonReader([], path)

    def _get(self, path: str, **params: str) -> JsonReader:
        self._calls_made += 1
        reply = self._session.send("GET", f"{self._base}/{path}", params=params, headers=self._headers)
        self._note(reply)
        error = error_for(reply, write=False)
        if error is not None:
            raise error
        try:
            return JsonReader(load_json(reply.body), path)
        except UnreadableJson:
            raise unreadable(reply, write=False) from None

    def _write(self, method: str, path: str, body: str, read: Callable[[JsonReader], R]) -> R:
        """Send a write once, with `body` byte for byte.

        It is never repeated, since Coperniq has no idempotency key (docs/vendors/coperniq-api.md, 2.6).
        """
        self._calls_made += 1
        headers = self._headers | {"Content-Type": "application/json"}
        reply = self._session.send(
            method, f"{self._base}/{path}", headers=headers, body=body.encode(), write=True
        )
        self._note(reply)
        error = error_for(reply, write=True)
        if error is not None:
            with self._in_sight():
                raise error
        try:
            return read(JsonReader(load_json(reply.body), path))
        except (UnreadableJson, UnexpectedShape):
            raise unreadable(reply, write=True) from None

    def _note(self, reply: Reply) -> None:
        self._clock_offset = clock_offset(reply)
        remaining = reply.headers.get("X-RateLimit-Remaining", "")
        if remaining.isdecimal():
            self._calls_remaining = int(remaining[:9])


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
