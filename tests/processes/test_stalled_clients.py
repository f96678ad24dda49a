"""The README's server command, and clients that send half a request and then nothing."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import requests

from tests.processes.process_stack import answers, free_port
from tests.processes.worker import ROOT, eventually

pytestmark = pytest.mark.processes

STALLED_OF_EACH = 75
WEBHOOK = b"POST /webhooks/quickbooks/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
HALVES = {
    "nothing": b"",
    "a head without end": WEBHOOK,
    "a body that is not sent": WEBHOOK + b"Content-Length: 900\r\n\r\n{",
    "a chunk that is not sent": WEBHOOK + b"Transfer-Encoding: chunked\r\n\r\n5\r\na",
}


@contextmanager
def web_server(
    database: str, *options: str, cwd: Path = ROOT, log: Path | None = None
) -> Iterator[tuple[str, int]]:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--log-level", "warning", *options]
    with ExitStack() as stack:
        output = stack.enter_context(log.open("wb")) if log else None
        server = subprocess.Popen(
            [*command, "-b", f"127.0.0.1:{port}"],
            cwd=cwd,
            env={**os.environ, "DATABASE_URL": database, "LOG_LEVEL": "WARNING"},
            stdout=output,
            stderr=output,
        )
        try:
            eventually(lambda: answers(f"http://127.0.0.1:{port}/healthz"), "the portal answers")
            yield "127.0.0.1", port
        finally:
            server.terminate()
            assert server.wait(60) == 0


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("web") / "portal.sqlite3"
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{file}"},
        check=True,
    )
    return file


@pytest.fixture(scope="module")
def address(database: Path) -> Iterator[tuple[str, int]]:
    with web_server(f"sqlite:///{database}") as started:
        yield started


def test_stalled_clients_do_not_stop_the_portal(address: tuple[str, int]) -> None:
    base = "http://{}:{}".format(*address)
    with ExitStack() as stack:
        for half in HALVES.values():
            for _ in range(STALLED_OF_EACH):
                client = stack.enter_context(socket.create_connection(address, timeout=20))
                client.sendall(half)
        for _ in range(5):
            assert requests.get(f"{base}/healthz", timeout=20).json() == {"alive": True}
            assert requests.post(f"{base}/webhooks/quickbooks/", data=b"[]", timeout=20).status_code == 401
            assert requests.post(f"{base}/webhooks/coperniq/x/", data=b"[]", timeout=20).status_code == 404


@pytest.mark.soak
def test_a_body_that_is_too_large_is_refused_before_it_is_read(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=20) as client:
        client.sendall(
            b"POST /webhooks/quickbooks/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2097153\r\n\r\n"
        )
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")


@pytest.mark.soak
def test_sign_ins_on_a_locked_database_leave_the_portal_answering(
    address: tuple[str, int], database: Path
) -> None:
    base = "http://{}:{}".format(*address)

    def sign_in(_: int) -> int:
        with requests.Session() as visitor:
            visitor.get(f"{base}/accounts/login/", timeout=60)
            form = {"username": "x@example.com", "password": "x"}
            token = {"csrfmiddlewaretoken": visitor.cookies["csrftoken"]}
            return visitor.post(f"{base}/accounts/login/", data=form | token, timeout=60).status_code

    with closing(sqlite3.connect(database, isolation_level=None)) as lock, ThreadPoolExecutor(50) as pool:
        lock.execute("BEGIN IMMEDIATE")
        waiting = [pool.submit(sign_in, number) for number in range(48)]
        healthy = requests.get(f"{base}/healthz", timeout=18).status_code
        assert {each.result() for each in waiting} == {503}
        assert healthy == 200
        lock.execute("ROLLBACK")
        assert sign_in(0) == 400


@pytest.mark.soak
def test_a_silent_database_server_does_not_stop_the_portal() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        database = f"postgres://a:b@127.0.0.1:{silent.getsockname()[1]}/x"
        with web_server(database) as address, ThreadPoolExecutor(40) as pool:
            base = "http://{}:{}".format(*address)
            knocks = [
                pool.submit(requests.post, f"{base}/webhooks/coperniq/x/", data="{}", timeout=60)
                for _ in range(30)
            ]
            assert requests.get(f"{base}/healthz", timeout=30).status_code == 200
            assert {each.result().status_code for each in knocks} == {503}


@pytest.mark.soak
def test_a_server_started_elsewhere_says_what_it_lacks(database: Path, tmp_path: Path) -> None:
    settings = ("-c", str(ROOT / "gunicorn.conf.py"))
    place = ("--pythonpath", str(ROOT))
    logs: list[bool] = []
    for options in (place, (*place, *settings), ("-k", "gthread", *place, *settings)):
        log = tmp_path / f"{len(logs)}.log"
        with web_server(f"sqlite:///{database}", *options, cwd=Path("/"), log=log):
            pass
        logs.append(f"-c {ROOT}/gunicorn.conf.py and without -k" in log.read_text())
    assert logs == [True, False, True]
