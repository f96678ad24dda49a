"""One post on its way, and the book of all attempts."""

from __future__ import annotations

import itertools
import threading
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from datetime import datetime


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
class Book:
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
