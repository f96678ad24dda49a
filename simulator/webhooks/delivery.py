"""One POST on its way, the log of all attempts, and the queue of each receiver."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests


@dataclass
class Delivery:
    """`due` is monotonic seconds; `raw` are the bytes that were signed and are sent, again and again alike."""

    vendor: str
    url: str
    raw: bytes
    headers: dict[str, str]
    timeout: float
    retries: list[float]
    due: float = 0.0
    attempt: int = 1


@dataclass(frozen=True)
class Attempt:
    """`status` 0: nobody answered (`error` says how); a lost post has attempt 0."""

    n: int
    at: str
    vendor: str
    url: str
    body: Any
    status: int
    attempt: int
    error: str


@dataclass
class DeliveryLog:
    _attempts: list[Attempt] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, at: datetime, delivery: Delivery, body: object, status: int, error: str) -> None:
        shown = masked(delivery.url) if delivery.vendor == "coperniq" else delivery.url
        with self._lock:
            number = next(self._numbers)
            seen = (delivery.vendor, shown, body, status, delivery.attempt, error)
            self._attempts.append(Attempt(number, at.isoformat(), *seen))

    def as_list(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(one) for one in self._attempts]

    def latest(self, count: int) -> list[Attempt]:
        """Newest first."""
        with self._lock:
            return self._attempts[: -count - 1 : -1]

    def clear(self) -> None:
        with self._lock:
            self._attempts.clear()


def masked(url: str) -> str:
    """Coperniq signs nothing, so receivers hide a secret in the path: its last segment and the query stay private."""
    parts = urlsplit(url)
    head, slash, last = parts.path.rstrip("/").rpartition("/")
    return urlunsplit((parts.scheme, parts.netloc, f"{head}{slash}{'***' if last else ''}", "", ""))


Report = Callable[[Delivery, int, str], None]


class DeliveryQueue:
    """Never sends under a lock of its own or of the world: a receiver may call back while it answers."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._condition = threading.Condition()
        self._waiting: list[Delivery] = []
        self._sending: Delivery | None = None
        self._running = False

    @property
    def pending(self) -> int:
        with self._condition:
            return len(self._waiting) + (self._sending is not None)

    def put(self, *deliveries: Delivery) -> None:
        with self._condition:
            self._waiting.extend(deliveries)
            self._condition.notify_all()
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="webhooks", daemon=True).start()

    def clear(self) -> None:
        """A post that is on its way arrives, but is not repeated."""
        with self._condition:
            self._waiting.clear()
            self._sending = None
            self._condition.notify_all()

    def _run(self) -> None:
        while (delivery := self._next()) is not None:
            status, error = post(delivery)
            self._finish(delivery, status, error)

    def _next(self) -> Delivery | None:
        with self._condition:
            while self._waiting:
                first = min(self._waiting, key=lambda one: one.due)
                wait = first.due - time.monotonic()
                if wait <= 0:
                    self._waiting.remove(first)
                    self._sending = first
                    return first
                self._condition.wait(wait)
            self._running = False
            return None

    def _finish(self, delivery: Delivery, status: int, error: str) -> None:
        """Reports before the POST stops being pending, so that a client that waits for that finds it in the log."""
        with self._condition:
            if self._sending is not delivery:
                return
        self._report(delivery, status, error)
        with self._condition:
            if self._sending is delivery:
                self._sending = None
                if status not in range(200, 300) and delivery.attempt <= len(delivery.retries):
                    self._repeat(delivery)

    def _repeat(self, delivery: Delivery) -> None:
        delivery.due = time.monotonic() + delivery.retries[delivery.attempt - 1]
        delivery.attempt += 1
        self._waiting.append(delivery)


def post(delivery: Delivery) -> tuple[int, str]:
    """Any 2xx acknowledges; a redirect is not followed and counts as a refusal."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                delivery.url,
                data=delivery.raw,
                headers=delivery.headers,
                timeout=delivery.timeout,
                allow_redirects=False,
            )
            return answer.status_code, ""
    except requests.Timeout:
        return 0, "timeout"
    except requests.RequestException:
        return 0, "no connection"
