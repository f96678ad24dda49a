import contextlib
import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
import responses
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError, ReadTimeoutError
from urllib3.exceptions import SSLError as TransportSSLError

from integrations.errors import AppMisconfigured, OutcomeUnknown, Unavailable, UnexpectedShape, VendorError
from integrations.http import Call, Reply, VendorSession, clock_offset
from integrations.json_reader import path_segment

URL = "https://vendor.example/v1/thing"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@pytest.fixture
def vendor() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@contextmanager
def server(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """A real socket on loopback that reads one request and then does as it pleases."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65536)
                    with contextlib.suppress(OSError):
                        answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/thing"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def a_session(**options: object) -> VendorSession:
    return VendorSession("quickbooks", sleep=lambda seconds: None, **options)  # type: ignore[arg-type]  # any option


def failure(session: VendorSession, url: str, *, write: bool) -> VendorError:
    with pytest.raises(VendorError) as caught:
        session.send("POST" if write else "GET", url, write=write, body=b"{}" if write else None)
    return caught.value


def test_any_status_is_a_reply(vendor: responses.RequestsMock) -> None:
    vendor.get(URL, status=404, body=b"gone")
    reply = a_session().send("GET", URL)
    assert (reply.status, reply.body) == (404, b"gone")


def test_a_reply_shows_neither_headers_nor_body() -> None:
    reply = Reply(200, {"Authorization": "demo-secret"}, b"demo-secret")
    assert "demo-secret" not in repr(reply)


def test_the_clock_and_the_call_id_of_the_vendor_are_read() -> None:
    reply = Reply(200, {"Date": "Tue, 29 Sep 2020 12:58:16 GMT", "Intuit-Tid": "1-5f732f68"}, b"")
    assert reply.vendor_time == datetime(2020, 9, 29, 12, 58, 16, tzinfo=UTC)
    assert reply.intuit_tid == "1-5f732f68"
    assert Reply(200, {"intuit_tid": "1234"}, b"").intuit_tid == "1234"


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 31 Dec 9999 23:59:59 -0100"])
def test_an_unreadable_clock_is_none(date: str) -> None:
    assert Reply(200, {"Date": date}, b"").vendor_time is None


def test_the_portal_names_itself_and_sends_what_it_was_given(vendor: responses.RequestsMock) -> None:
    vendor.post(URL, json={})
    a_session().send("POST", URL, write=True, params={"a": "b&c"}, headers={"X-Key": "k"}, body=b'{"n": 1.0}')
    sent = vendor.calls[0].request
    assert sent.url == URL + "?a=b%26c"
    assert sent.body == b'{"n": 1.0}'
    assert sent.headers["User-Agent"].startswith("coperniq-quickbooks-portal/")
    assert dict(sent.headers)["X-Key"] in ("k", b"k")


def test_a_key_with_a_typographic_quote_is_the_vendors_to_refuse(vendor: responses.RequestsMock) -> None:
    vendor.get(URL, status=401)
    assert a_session().send("GET", URL, headers={"x-api-key": "demo\u2019key"}).status == 401


def test_no_redirect_is_followed(vendor: responses.RequestsMock) -> None:
    vendor.get(URL, status=307, headers={"Location": "https://elsewhere.example/"})
    assert a_session().send("GET", URL).status == 307
    assert len(vendor.calls) == 1


def test_no_cookie_is_kept_for_the_next_company(vendor: responses.RequestsMock) -> None:
    vendor.get(URL, headers={"Set-Cookie": "company=first"})
    session = a_session()
    session.send("GET", URL)
    session.send("GET", URL)
    assert "Cookie" not in vendor.calls[1].request.headers


def test_no_netrc_replaces_our_credential(
    vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests.sessions, "get_netrc_auth", lambda url: ("somebody", "else"))
    vendor.get(URL)
    a_session().send("GET", URL, headers={"Authorization": "Bearer demo"})
    assert dict(vendor.calls[0].request.headers)["Authorization"] in ("Bearer demo", b"Bearer demo")


def test_a_read_is_tried_again_while_the_vendor_is_busy(vendor: responses.RequestsMock) -> None:
    vendor.get(URL, status=503)
    vendor.get(URL, body=requests.ConnectionError("dropped"))
    vendor.get(URL, body=b"at last")
    assert a_session().send("GET", URL).body == b"at last"


def test_a_read_is_given_up_after_three_tries(vendor: responses.RequestsMock) -> None:
    vendor.get(URL, status=502)
    assert a_session().send("GET", URL).status == 502
    assert len(vendor.calls) == 3
    vendor.replace("GET", URL, body=requests.ConnectionError("dropped"))
    assert isinstance(failure(a_session(), URL, write=False), Unavailable)
    assert len(vendor.calls) == 6


def test_pauses_between_tries_grow_and_vary(vendor: responses.RequestsMock) -> None:
    pauses: list[float] = []
    vendor.get(URL, status=504)
    VendorSession("coperniq", sleep=pauses.append).send("GET", URL)
    assert 0.15 <= pauses[0] <= 0.45
    assert 0.5 <= pauses[1] <= 1.5


def test_no_try_begins_that_could_not_end_in_time(vendor: responses.RequestsMock) -> None:
    vendor.get(URL, status=503)
    a_session(timeout=(1.0, 1.0)).send("GET", URL)
    assert len(vendor.calls) == 1


@pytest.mark.parametrize("status", [400, 429, 500])
def test_other_answers_are_not_asked_for_again(vendor: responses.RequestsMock, status: int) -> None:
    vendor.get(URL, status=status)
    a_session().send("GET", URL)
    assert len(vendor.calls) == 1


@pytest.mark.parametrize("write", [True, False])
def test_nothing_but_a_read_is_repeated(vendor: responses.RequestsMock, write: bool) -> None:
    vendor.post(URL, status=503)
    assert a_session().send("POST", URL, write=write).status == 503
    assert len(vendor.calls) == 1


def test_the_longest_call_is_told() -> None:
    assert a_session(timeout=(2.0, 5.0)).timeout_seconds == 12.0


def test_a_refused_connection_is_never_an_unknown_outcome() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    error = failure(a_session(), f"http://127.0.0.1:{port}/", write=True)
    assert isinstance(error, Unavailable)
    assert error.detail == "NewConnectionError"


def test_an_unknown_host_is_never_an_unknown_outcome() -> None:
    assert isinstance(failure(a_session(), "http://nowhere.invalid/", write=True), Unavailable)


@pytest.mark.parametrize(
    "reason",
    [ssl.SSLCertVerificationError("not trusted"), NewConnectionError(None, "refused")],  # type: ignore[arg-type]  # no connection at hand
)
def test_a_write_that_met_no_trusted_peer_was_not_sent(
    vendor: responses.RequestsMock, reason: Exception
) -> None:
    below = TransportSSLError(reason) if isinstance(reason, ssl.SSLError) else reason
    wrapped = MaxRetryError(None, "/", below)  # type: ignore[arg-type]  # no pool at hand
    vendor.post(URL, body=requests.exceptions.SSLError(wrapped))
    assert isinstance(failure(a_session(), URL, write=True), Unavailable)


def test_an_unreachable_proxy_is_no_unknown_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("no_proxy", "")
    assert isinstance(failure(a_session(), "http://vendor.invalid/", write=True), Unavailable)


@pytest.mark.parametrize(
    "lost",
    [
        requests.ReadTimeout(ReadTimeoutError(None, "/", "slow")),  # type: ignore[arg-type]  # no pool at hand
        requests.ConnectionError(ProtocolError("Connection aborted.")),
        requests.exceptions.SSLError(MaxRetryError(None, "/", TransportSSLError("bad record"))),  # type: ignore[arg-type]  # as above
        requests.ConnectionError(),
    ],
)
def test_a_write_that_may_have_arrived_has_an_unknown_outcome(
    vendor: responses.RequestsMock, lost: Exception
) -> None:
    vendor.post(URL, body=lost)
    assert isinstance(failure(a_session(), URL, write=True), OutcomeUnknown)


def test_a_dropped_connection_loses_the_outcome_of_a_write_only() -> None:
    with server(lambda connection: connection.close()) as url:
        assert isinstance(failure(a_session(), url, write=True), OutcomeUnknown)
        assert isinstance(failure(a_session(), url, write=False), Unavailable)


def test_a_silent_server_loses_the_outcome_of_a_write() -> None:
    silence = threading.Event()
    with server(lambda connection: silence.wait(10)) as url:
        error = failure(a_session(timeout=(0.5, 0.05)), url, write=True)
        silence.set()
    assert isinstance(error, OutcomeUnknown)
    assert error.detail == "ReadTimeoutError"


@pytest.mark.parametrize("write", [False, True])
def test_a_server_that_is_silent_until_the_time_is_up_is_unavailable(write: bool) -> None:
    """No try follows for which no time is left."""
    silence = threading.Event()
    with server(lambda connection: silence.wait(10)) as url:
        error = failure(a_session(timeout=(0.05, 1.6)), url, write=write)
        silence.set()
    assert type(error) is (OutcomeUnknown if write else Unavailable)


def test_a_truncated_body_is_no_answer() -> None:
    with server(lambda connection: connection.sendall(OK.replace(b": 2", b": 200"))) as url:
        assert isinstance(failure(a_session(), url, write=True), OutcomeUnknown)


def test_a_body_without_end_is_cut_off() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"x" * 1000)

    with server(flood) as url:
        assert isinstance(failure(a_session(largest_body=5000), url, write=False), Unavailable)


def test_a_body_that_drips_is_not_waited_for() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            connection.sendall(b"x")

    with server(drip) as url:
        error = failure(a_session(timeout=(0.1, 0.2), largest_body=10**12), url, write=True)
    assert isinstance(error, OutcomeUnknown)


def test_a_packed_body_is_unpacked(vendor: responses.RequestsMock) -> None:
    vendor.get(URL, body=gzip.compress(b"{}" * 50_000), headers={"Content-Encoding": "gzip"})
    assert a_session().send("GET", URL).body == b"{}" * 50_000


def test_a_broken_packing_is_no_answer(vendor: responses.RequestsMock) -> None:
    vendor.get(URL, body=b"not gzip", headers={"Content-Encoding": "gzip"})
    assert isinstance(failure(a_session(), URL, write=False), Unavailable)


@pytest.mark.parametrize("url", ["vendor.example/v1", "ftp://vendor.example/", "http://"])
def test_an_address_that_cannot_be_spoken_to_is_a_matter_of_configuration(url: str) -> None:
    assert isinstance(failure(a_session(), url, write=True), AppMisconfigured)


def test_a_bad_header_is_not_repeated_in_the_error(vendor: responses.RequestsMock) -> None:
    with pytest.raises(AppMisconfigured) as caught:
        a_session().send("GET", URL, headers={"x-api-key": "demo\nsecret"})
    assert "secret" not in f"{caught.value} {caught.value.__cause__}"
    assert caught.value.__suppress_context__


def test_every_request_sent_is_counted(vendor: responses.RequestsMock) -> None:
    calls: list[Call] = []
    vendor.get(URL, status=503, headers={"intuit_tid": "first"})
    vendor.get(URL, body=requests.ConnectionError("dropped"))
    vendor.get(URL, json={})
    a_session(on_call=calls.append).send("GET", URL, params={"q": "demo-secret"})
    assert [(call.status, call.intuit_tid) for call in calls] == [(503, "first"), (0, ""), (200, "")]
    assert {(call.vendor, call.method, call.path, call.write) for call in calls} == {
        ("quickbooks", "GET", "/v1/thing", False)
    }
    assert all(call.at.tzinfo is UTC for call in calls)


def test_connections_are_kept_alive_until_the_session_is_closed() -> None:
    connections = []

    def answer(connection: socket.socket) -> None:
        connections.append(connection)
        kept = OK.replace(b"Connection: close\r\n", b"")
        connection.sendall(kept)
        connection.recv(65536)
        connection.sendall(kept)
        connection.recv(65536)

    with server(answer) as url:
        session = a_session()
        session.send("GET", url)
        session.send("GET", url)
        session.close()
    assert len(connections) == 1


@pytest.mark.parametrize("good", ["60", "1150040002", "a-b_c"])
def test_an_id_is_part_of_an_address(good: str) -> None:
    assert path_segment(good) == good


@pytest.mark.parametrize("bad", ["", "..", "../accounts/5", "5?x=y", "5/6", "ü", "5\n"])
def test_an_id_cannot_lead_to_another_record(bad: str) -> None:
    with pytest.raises(UnexpectedShape):
        path_segment(bad)


@pytest.mark.parametrize(("seconds", "logged"), [(-60, True), (0, False), (1, False), (60, True)])
def test_the_clock_of_a_vendor_is_told_beyond_the_noise(seconds: int, logged: bool) -> None:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    offset = clock_offset(Reply(200, {"Date": format_datetime(at)}, b""))
    assert bool(offset) == logged
    assert not logged or (offset > timedelta(0)) == (seconds > 0)


def test_a_vendor_that_tells_no_time_has_ours() -> None:
    assert clock_offset(Reply(200, {}, b"")) == timedelta(0)


class Gatekeeper:
    """Notes who comes and goes; the first so many may enter, after a while."""

    max_wait_seconds = 10.0

    def __init__(self, lets_in: int = 99, wait: Callable[[], None] = lambda: None) -> None:
        self.lets_in = lets_in
        self.wait = wait
        self.max_wait: list[float] = []
        self.left: list[int] = []

    def enter(self, max_wait: float) -> bool:
        self.max_wait.append(max_wait)
        self.wait()
        return len(self.max_wait) <= self.lets_in

    def leave(self, status: int) -> None:
        self.left.append(status)


def test_every_try_of_a_read_passes_the_gate(vendor: responses.RequestsMock) -> None:
    for status in (503, 200):
        vendor.get(URL, status=status)
    limiter = Gatekeeper()
    assert a_session(limiter=limiter).send("GET", URL).status == 200
    assert limiter.left == [503, 200]


def test_a_call_that_is_not_let_in_is_not_sent(vendor: responses.RequestsMock) -> None:
    vendor.post(URL)
    limiter, seen = Gatekeeper(lets_in=0), list[Call]()
    session = a_session(limiter=limiter, on_call=seen.append)
    assert isinstance(failure(session, URL, write=True), Unavailable)
    assert (limiter.left, seen, len(vendor.calls)) == ([], [], 0)


def test_a_gate_is_left_when_no_answer_comes(vendor: responses.RequestsMock) -> None:
    vendor.post(URL, body=requests.ConnectionError(ProtocolError("dropped")))
    limiter = Gatekeeper()
    assert isinstance(failure(a_session(limiter=limiter), URL, write=True), OutcomeUnknown)
    assert limiter.left == [0]


def test_waiting_at_the_gate_takes_no_time_from_the_call_and_is_counted_in(
    vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("integrations.http.time.monotonic", lambda: now[0])
    for status in (503, 200):
        vendor.get(URL, status=status)
    limiter = Gatekeeper(wait=lambda: now.__setitem__(0, now[0] + 4))
    session = a_session(limiter=limiter, timeout=(1.0, 2.0))
    assert session.send("GET", URL).status == 200
    assert limiter.max_wait == [10.0, 6.0]
    assert session.timeout_seconds == 15.0
