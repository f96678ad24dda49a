"""The simulator without sockets, and one clock for everybody: a history takes no longer than the work in it."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, cast
from unittest import mock
from urllib.parse import unquote, urlsplit

import requests
import responses
import simplejson
from flask import Flask
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import ProtocolError

from integrations import http
from integrations.quickbooks import oauth
from simulator import clock
from simulator.app import build_app
from simulator.hooks import Severed
from simulator.webhooks.intuit_events import Event, is_sent
from simulator.world import World
from tests.simulation import Simulation

BEGINNING = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
BETWEEN_LOOKS = timedelta(milliseconds=1)
TELLS_TIME = ("django.utils.timezone", http.__name__, oauth.__name__, clock.__name__)


class Time:
    """Stands still but for a millisecond a look, and for what a history lets pass."""

    def __init__(self) -> None:
        self.moment = BEGINNING

    def go_on(self, by: timedelta) -> None:
        self.moment += by

    @contextmanager
    def everywhere(self) -> Iterator[None]:
        """The portal's clock and the simulator's. What they compare with is a class, so this is one as well."""
        clock = self

        class Moment(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                clock.go_on(BETWEEN_LOOKS)
                return clock.moment.astimezone(tz)

        with ExitStack() as stack:
            for module in TELLS_TIME:
                stack.enter_context(mock.patch(f"{module}.datetime", Moment))
            yield


class Wire(HTTPAdapter):
    """What `requests` sends over, into the application of the same process."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self.app = app

    def send(
        self, request: requests.PreparedRequest, stream: bool = False, timeout: Any = None, *_: Any, **__: Any
    ) -> requests.Response:
        """An answer that takes longer than the client waits is made, and not received."""
        began = time.monotonic()
        headers = {name: as_text(value) for name, value in request.headers.items()}
        body = request.body or b""
        data = body.encode() if isinstance(body, str) else bytes(body)
        try:
            status, told_headers, raw = call(self.app, str(request.method), str(request.url), headers, data)
        except Severed as error:
            raise requests.ConnectionError(ProtocolError("Connection aborted.", error)) from None
        patience = timeout[1] if isinstance(timeout, tuple) else timeout
        if patience is not None and time.monotonic() - began > patience:
            raise requests.ReadTimeout("Read timed out.", request=request)
        answer = HTTPResponse(io.BytesIO(raw), dict(told_headers), status, preload_content=False)
        return self.build_response(request, answer)


def as_text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def call(
    app: Flask, method: str, url: str, headers: dict[str, str], body: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    parts = urlsplit(url)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(parts.path).encode().decode("latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": "simulator",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    begun: list[Any] = []

    def start_response(status: str, given: list[tuple[str, str]], *_: Any) -> Any:
        begun[:] = [int(status.split()[0]), given]

    found = b"".join(app.wsgi_app(environ, start_response))
    return begun[0], begun[1], found


def over_the_simulator() -> responses.RequestsMock:
    """Its answers come instead of the simulator's; what it does not know passes through."""
    target, real = f"{__name__}.Wire.send", cast("Any", Wire.send)
    stage = responses.RequestsMock(assert_all_requests_are_fired=False, target=target, real_adapter_send=real)
    stage.add_passthru(re.compile("http://127.0.0.1/"))
    return stage


class Refusal(AssertionError):
    """The vendor does not let a person do that."""


class InProcess(Simulation):
    """`news` are QuickBooks' events that nobody has been told of yet."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1")
        self.app = build_app()
        self.session.mount("http://", Wire(self.app))
        self.news: list[Event] = []
        self.sync = 0

    @property
    def world(self) -> World:
        found: World = self.app.extensions["world"]
        return found

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = b"" if body is None else simplejson.dumps(body, use_decimal=True).encode()
        kind = {"Content-Type": "application/json"} if data else {}
        status, _, found = call(self.app, method, f"{self.url}{path}", kind, data)
        if status >= 400:
            raise Refusal(f"{method} {path}: {status} {found[:500]!r}")
        return simplejson.loads(found) if found else None

    def hear(self, realm: str, entity: str, id_: str, operation: str, deleted_id: str = "") -> None:
        """A balance that moved tells of the customer each time, and nothing follows from it: a few will do."""
        self.sync += 1
        wanted = (entity, operation) != ("Customer", "Update") or self.sync % 5 == 0
        if wanted and is_sent(entity, operation):
            at = self.world.clock.at("quickbooks")
            self.news.append(Event(realm, entity, str(id_), operation, at, deleted_id))

    @contextmanager
    def connected(self) -> Iterator[None]:
        """The portal's sessions reach the simulator without a network, and so without looking for a proxy."""
        with (
            mock.patch.object(http._PlainSession, "get_adapter", return_value=Wire(self.app)),
            mock.patch("requests.sessions.get_environ_proxies", return_value={}),
        ):
            yield

    @contextmanager
    def spoken_to(self) -> Iterator[None]:
        """Connected, and every event is caught before it is posted anywhere."""
        with self.connected(), mock.patch.object(self.world.webhooks, "quickbooks_changed", self.hear):
            yield
