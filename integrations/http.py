"""HTTP requests to the vendors: limited in time and size, counted, and precise about lost answers."""

import logging
import random
import ssl
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Protocol
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from integrations.errors import AppMisconfigured, OutcomeUnknown, Unavailable, VendorError

logger = logging.getLogger(__name__)

USER_AGENT = "coperniq-quickbooks-portal/0.1"
CONNECT_SECONDS = 5.0
READ_SECONDS = 25.0
SHORTEST_TRY_SECONDS = 1.0
READ_PAUSES = (0.3, 1.0)
BUSY = {502, 503, 504}
LARGEST_BODY = 32 * 1024 * 1024
CHUNK = 64 * 1024
CLOCK_NOISE = timedelta(seconds=2)
"""Smaller clock differences are ignored: the Date header has whole seconds, and the answer took time to arrive."""
NEVER_SENT = (NewConnectionError, ConnectTimeoutError, ProxyError, ssl.SSLCertVerificationError)


@dataclass(frozen=True)
class Call:
    """One request as the vendor counts it. `status` is 0 if no complete answer arrived."""

    vendor: str
    method: str
    path: str
    write: bool
    status: int
    intuit_tid: str
    at: datetime


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def intuit_tid(self) -> str:
        return self.headers.get("intuit_tid") or self.headers.get("Intuit-Tid") or ""

    @property
    def vendor_time(self) -> datetime | None:
        """The vendor's time according to the Date header, None if there is none."""
        try:
            return parsedate_to_datetime(self.headers.get("Date", "")).astimezone(UTC)
        except (ValueError, OverflowError):
            return None


def clock_offset(reply: Reply) -> timedelta:
    """The vendor's clock minus this machine's, for a reply that has just arrived; zero if small or unknown."""
    now = datetime.now(UTC)
    offset = (reply.vendor_time or now) - now
    return offset if abs(offset) > CLOCK_NOISE else timedelta(0)


class CallLimiter(Protocol):
    """A rate limiter. Every request passes it, including repeated reads."""

    max_wait_seconds: float

    def enter(self, max_wait: float) -> bool:
        """Wait until a call may start; False if that takes longer than `max_wait` seconds."""

    def leave(self, status: int) -> None:
        """Called when the call has ended; `status` is 0 if no complete answer arrived."""


class _BodyTooLarge(Exception):
    pass


class _BodyTooSlow(Exception):
    pass


class _PlainSession(requests.Session):
    """A session that only keeps connections alive.

    It keeps no cookies, which could pass between companies, uses no netrc credentials in place of our token, and
    follows no redirect, which could send a credential to an address that nobody configured.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.auth = _as_it_is
        self.headers["User-Agent"] = USER_AGENT

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class VendorSession:
    """Sends requests to one vendor; use one instance per thread.

    Reads are repeated a few times after a failure, writes never.
    """

    def __init__(
        self,
        vendor: str,
        *,
        on_call: Callable[[Call], None] | None = None,
        limiter: CallLimiter | None = None,
        timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
        largest_body: int = LARGEST_BODY,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.vendor = vendor
        self._on_call = on_call
        self._limiter = limiter
        self._connect_seconds, self._read_seconds = timeout
        self._largest_body = largest_body
        self._sleep = sleep
        self._session = _PlainSession()

    @property
    def timeout_seconds(self) -> float:
        """The longest time one `send` may take, in seconds: waiting at the limiter, pauses and repeated reads included.

        The read timeout counts twice, since a body may stall again after its first bytes arrived at the last moment.
        """
        max_wait = self._limiter.max_wait_seconds if self._limiter else 0.0
        return max_wait + self._connect_seconds + 2 * self._read_seconds

    def close(self) -> None:
        self._session.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        write: bool = False,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """Send a request; an answer of any status is a reply.

        Without a complete answer raises OutcomeUnknown if a write may have arrived, else Unavailable. Raises
        AppMisconfigured if the address or a header cannot be sent at all.
        """
        request = requests.Request(method, url, _as_bytes(headers or {}), params=params, data=body)
        deadline = time.monotonic() + self._connect_seconds + self._read_seconds
        max_wait = self._limiter.max_wait_seconds if self._limiter else 0.0
        pauses = iter(READ_PAUSES if method == "GET" else ())
        while True:
            waited = self._enter(max_wait)
            max_wait, deadline = max_wait - waited, deadline + waited
            try:
                reply = self._send_once(request, deadline, write=write)
            except Unavailable:
                if not self._may_try_again(pauses, deadline):
                    raise
            else:
                if reply.status not in BUSY or not self._may_try_again(pauses, deadline):
                    return reply

    def _may_try_again(self, pauses: Iterator[float], deadline: float) -> bool:
        """Pause before another try; False if there is none left, or no time for an answer."""
        pause = next(pauses, 0.0) * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, protects nothing
        if not pause or self._seconds_to_answer(deadline) - pause < SHORTEST_TRY_SECONDS:
            return False
        self._sleep(pause)
        return True

    def _send_once(self, request: requests.Request, deadline: float, *, write: bool) -> Reply:
        reply = None
        try:
            reply = self._exchange(request, deadline)
        except (requests.RequestException, HTTPError, _BodyTooLarge, _BodyTooSlow) as error:
            # "from None", since messages of requests contain full URLs and rejected header values.
            raise self._error_of(error, write=write) from None
        except Exception as error:  # noqa: BLE001 - logged without its text
            # What nobody has foreseen counts as an outage, too: the work is delayed and not lost.
            logger.error("A call to %s failed unforeseen: %s", self.vendor, _place_of(error))
            lost = OutcomeUnknown if write else Unavailable
            raise lost(vendor=self.vendor, detail=type(error).__name__) from None
        finally:
            if self._limiter is not None:
                self._limiter.leave(0 if reply is None else reply.status)
            self._report(request, reply, write=write)
        return reply

    def _enter(self, max_wait: float) -> float:
        """Wait at the limiter; returns the seconds waited. Raises Unavailable if not admitted: then nothing was sent."""
        if self._limiter is None:
            return 0.0
        began = time.monotonic()
        if not self._limiter.enter(max_wait):
            raise Unavailable(vendor=self.vendor, detail="no room for another call at the moment")
        return time.monotonic() - began

    def _exchange(self, request: requests.Request, deadline: float) -> Reply:
        prepared = self._session.prepare_request(request)
        environment = self._session.merge_environment_settings(prepared.url, {}, True, None, None)
        waits = (self._connect_seconds, self._seconds_to_answer(deadline))
        with self._session.send(prepared, timeout=waits, allow_redirects=False, **environment) as response:
            body = b"".join(self._chunks(response, deadline))
            return Reply(response.status_code, response.headers, body)

    def _chunks(self, response: requests.Response, deadline: float) -> Iterator[bytes]:
        remaining = self._largest_body
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            remaining -= len(chunk)
            if remaining < 0:
                raise _BodyTooLarge
            yield chunk
            if time.monotonic() > deadline:
                raise _BodyTooSlow

    def _seconds_to_answer(self, deadline: float) -> float:
        """At least a moment: urllib3 refuses a timeout of zero with an error that is no failure of the vendor."""
        return max(deadline - time.monotonic() - self._connect_seconds, 0.01)

    def _error_of(self, error: Exception, *, write: bool) -> VendorError:
        reason = _reason(error)
        detail = type(reason).__name__
        if isinstance(error, ValueError):  # the address or a header cannot be sent at all
            return AppMisconfigured(vendor=self.vendor, detail=detail)
        if write and not isinstance(reason, NEVER_SENT):
            return OutcomeUnknown(vendor=self.vendor, detail=detail)
        return Unavailable(vendor=self.vendor, detail=detail)

    def _report(self, request: requests.Request, reply: Reply | None, *, write: bool) -> None:
        if self._on_call is None:
            return
        status, tid = (reply.status, reply.intuit_tid) if reply else (0, "")
        path = urlsplit(request.url).path
        self._on_call(Call(self.vendor, request.method, path, write, status, tid, datetime.now(UTC)))


def _reason(error: Exception) -> BaseException:
    """The underlying error: requests itself does not distinguish a refused connection from a dropped one."""
    inner = error.args[0] if error.args else error
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    if isinstance(reason, SSLError) and reason.args:
        reason = reason.args[0]
    return reason if isinstance(reason, BaseException) else error


def _place_of(error: Exception) -> str:
    """Where it was raised, without its text, which may hold a credential."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {last.filename}, line {last.lineno}"


def _as_bytes(headers: Mapping[str, str]) -> dict[str, bytes]:
    """Headers as bytes, so that a key with a non-Latin character is refused by the vendor and not by http.client."""
    return {name: value.encode() for name, value in headers.items()}
