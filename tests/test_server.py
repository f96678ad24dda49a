"""The web server's threads: what must be answered at once has threads of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from waitress import wasyncore

from config import server

THREADS = 3


class Pages:
    """An application with one page that waits until it may end."""

    def __init__(self) -> None:
        self.slow = "/slow"
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == self.slow:
            self.begun.release()
            self.may_end.wait(60)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"answered"]


@pytest.fixture
def pages() -> Iterator[tuple[str, Pages]]:
    application, stopped = Pages(), threading.Event()
    channels: server.Channels = {}
    listener = socket.create_server(("127.0.0.1", 0))
    dispatcher = server.listen(application, [listener], THREADS, channels)

    def loop() -> None:
        while not stopped.is_set():
            wasyncore.loop(timeout=0.05, use_poll=True, map=channels, count=1)

    thread = threading.Thread(target=loop)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", application
    application.may_end.set()
    stopped.set()
    thread.join()
    dispatcher.shutdown()
    wasyncore.close_all(channels)


def test_health_checks_and_webhooks_are_answered_while_all_threads_are_busy(pages: tuple[str, Pages]) -> None:
    base, application = pages
    with ThreadPoolExecutor(20) as pool:
        slow = [pool.submit(requests.get, f"{base}/slow", timeout=60) for _ in range(3 * THREADS)]
        for _ in range(THREADS):
            assert application.begun.acquire(timeout=30)
        try:
            for path in ("/healthz", "/readyz?verbose=1", "/webhooks/quickbooks/", "/healthz"):
                assert requests.get(base + path, timeout=5).text == "answered"
            with requests.Session() as kept_open:
                assert [kept_open.get(f"{base}/healthz", timeout=5).status_code for _ in range(3)] == [
                    200
                ] * 3
            with socket.create_connection(("127.0.0.1", int(base.rpartition(":")[2])), timeout=5) as client:
                client.sendall(
                    b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
                )
                received = b""
                while not received.endswith(b"answered"):
                    more = client.recv(1000)
                    assert more, received
                    received += more
            assert requests.get(f"{base}/healthz", timeout=5).text == "answered"
        finally:
            application.may_end.set()
        assert {each.result().status_code for each in slow} == {200}


def test_a_health_check_that_waits_holds_up_neither_the_other_nor_pages(pages: tuple[str, Pages]) -> None:
    base, application = pages
    application.slow = "/readyz"
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(requests.get, f"{base}/readyz", timeout=60) for _ in range(2)]
        assert application.begun.acquire(timeout=30)
        try:
            assert requests.get(f"{base}/healthz", timeout=5).text == "answered"
            assert requests.get(f"{base}/page", timeout=5).text == "answered"
        finally:
            application.may_end.set()
        assert {each.result().status_code for each in waiting} == {200}
