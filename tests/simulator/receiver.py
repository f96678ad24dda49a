"""A real HTTP server that receives webhooks and answers as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.simulator.clients import Json

if TYPE_CHECKING:
    from flask.testing import FlaskClient


@dataclass
class Receiver:
    """`answers`: the statuses of the next posts; 200 when they run out. `gate` holds every answer while it is closed."""

    answers: list[int] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(one) for one in self.raw]

    @property
    def triggers(self) -> list[str]:
        return [one["event"]["triggerKey"] for one in self.bodies]


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.raw.append(self.rfile.read(int(self.headers["Content-Length"])))
            receiver.headers.append(dict(self.headers.items()))
            receiver.gate.wait(10)
            status = receiver.answers.pop(0) if receiver.answers else 200
            self.send_response(status)
            self.send_header("Content-Length", "0")
            if status == 302:
                self.send_header("Location", receiver.url)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    return Handler


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.gate.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    receiver.url = f"http://127.0.0.1:{server.server_port}/hooks/secret-path-token"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


def until(happened: Any) -> None:
    """Returns as soon as it did; the limit only ends a test that would fail anyway."""
    limit = time.monotonic() + 10
    while not happened() and time.monotonic() < limit:
        time.sleep(0.005)
    assert happened()


def settled(client: FlaskClient) -> list[Json]:
    """The book of deliveries once nothing is pending any more."""
    until(lambda: json.loads(client.get("/_control/webhooks").data)["pending"] == 0)
    found: list[Json] = json.loads(client.get("/_control/webhooks").data)["deliveries"]
    return found
