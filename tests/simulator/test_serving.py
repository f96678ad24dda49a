"""The simulator on a socket: connections stay open, and faults close them."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import BaseWSGIServer

from tests.simulator.clients import Books


@pytest.fixture
def wire(server: BaseWSGIServer) -> Iterator[http.client.HTTPConnection]:
    found = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    yield found
    found.close()


def send(
    wire: http.client.HTTPConnection, books: Books, method: str, path: str, body: Any = None
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {books.token}", "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body)
    wire.request(method, f"/quickbooks/v3/company/{books.realm}/{path}", content, headers)
    answer = wire.getresponse()
    return answer.status, json.loads(answer.read())


def fault(books: Books, name: str, **more: Any) -> None:
    books.client.post("/_control/faults", json={"vendor": "quickbooks", "fault": name, **more})


def count(books: Books) -> int:
    return len(json.loads(books.client.get(f"/_control/quickbooks/{books.realm}/records/Customer").data))


def test_one_connection_carries_many_requests(wire: http.client.HTTPConnection, books: Books) -> None:
    assert send(wire, books, "POST", "customer", {"DisplayName": "Ann"})[0] == 200
    socket = wire.sock
    assert send(wire, books, "GET", "customer/1")[0] == 200
    assert wire.sock is socket


def test_a_body_nobody_read_does_not_become_the_next_request(
    wire: http.client.HTTPConnection, books: Books
) -> None:
    fault(books, "error_500")
    assert send(wire, books, "POST", "customer", {"DisplayName": "x" * 5000})[0] == 500
    assert send(wire, books, "GET", "preferences")[0] == 200


def test_there_is_one_date_header_and_it_is_the_worlds(
    wire: http.client.HTTPConnection, books: Books, app: Flask
) -> None:
    books.client.post("/_control/clock", json={"shift_seconds": 86400 * 800})
    wire.request("GET", f"/quickbooks/v3/company/{books.realm}/preferences")
    answer = wire.getresponse()
    answer.read()
    dates = [value for name, value in answer.getheaders() if name.lower() == "date"]
    assert len(dates) == 1
    assert str(app.extensions["world"].clock.now().year) in dates[0]


def test_a_lost_answer_closes_the_socket_after_the_write(
    wire: http.client.HTTPConnection, books: Books
) -> None:
    fault(books, "lost_answer")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        send(wire, books, "POST", "customer?requestid=r1", {"DisplayName": "Ann"})
    wire.close()
    assert count(books) == 1
    status, again = send(wire, books, "POST", "customer?requestid=r1", {"DisplayName": "Ann"})
    assert (status, again["Customer"]["Id"], count(books)) == (200, "1", 1)


def test_a_refused_connection_closes_the_socket_before_the_write(
    wire: http.client.HTTPConnection, books: Books
) -> None:
    fault(books, "refuse_connection_before")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        send(wire, books, "POST", "customer", {"DisplayName": "Ann"})
    assert count(books) == 0


def test_a_hanging_request_blocks_nobody_else_and_its_write_is_there(
    wire: http.client.HTTPConnection, server: BaseWSGIServer, books: Books
) -> None:
    fault(books, "hang", seconds=60)
    answers: list[tuple[int, Any]] = []
    hanging = threading.Thread(
        target=lambda: answers.append(send(wire, books, "POST", "customer", {"DisplayName": "Ann"}))
    )
    hanging.start()
    other = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    assert any(count(books) for _ in range(5000))
    assert send(other, books, "GET", "customer/1")[0] == 200
    other.close()
    assert answers == []
    books.client.delete("/_control/faults")
    hanging.join(10)
    assert answers[0][0] == 200


def test_the_process_says_where_it_listens_and_stops_at_once() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator", "--port", "0", "--seed", "demo"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)\n", line)
    assert found is not None
    wire = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=10)
    wire.request("GET", "/_control/quickbooks/companies")
    assert len(json.loads(wire.getresponse().read())) == 2
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    wire.close()
    process.stdout.close()
