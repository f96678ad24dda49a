"""Faults on demand: a fault waits for a matching request and is applied before or after the vendor did its work.

Applied before, the request changes nothing; applied after (`lost_answer`, `hang`, `late_error_500`, `late_error_502`,
`slow_answer`), the change is made and only the answer suffers: it never comes, it comes late, or a server in between
says that it failed. Faults about writes (those but the late answer, and `stale`, `duplicate_request_id`) wait for a write
unless a method is named. No fault sleeps or closes while the world's lock is held.

`slow` holds a request before the work, `slow_answer` its answer after the work: for `seconds`, or until it is released.
`meanwhile_before` and `meanwhile_after` do something in between, which a test in the same process hands over.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from contextvars import Context
from dataclasses import asdict, dataclass, field
from typing import Any

from flask import Response, jsonify

from simulator.access_log import is_write

BEFORE = {
    *("throttle", "error_500", "error_502_html", "refuse_connection_before", "slow", "stale"),
    *("expired_token", "forbidden", "fault_in_200", "duplicate_request_id"),
}
ONLY_DELAYED = {"slow_answer", "meanwhile_after"}
LATE_ERRORS = {"late_error_500": "error_500", "late_error_502": "error_502_html"}
AFTER = {"lost_answer", "hang", *LATE_ERRORS, *ONLY_DELAYED}
ABOUT_WRITES = {*(AFTER - ONLY_DELAYED), "stale", "duplicate_request_id"}
QUICKBOOKS_ONLY = {"stale", "fault_in_200", "duplicate_request_id"}
VENDORS = {"quickbooks", "coperniq", "intuit"}
HTML_502 = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class FaultRefused(ValueError):
    """The fault asked for does not exist for that vendor."""


@dataclass
class Fault:
    """`times` 0: until removed. `skip` requests pass unharmed first. `seconds`: how long what holds a request does.

    `path` is a part of the request's path; after a `$` at its end nothing may follow.
    """

    id: int
    vendor: str
    fault: str
    method: str = ""
    path: str = ""
    times: int = 1
    seconds: float = 5.0
    skip: int = 0
    struck: int = 0

    def matches(self, vendor: str, method: str, path: str) -> bool:
        here = path.endswith(self.path[:-1]) if self.path.endswith("$") else self.path in path
        if vendor != self.vendor or not here or (self.times and self.struck >= self.times):
            return False
        if self.method:
            return method == self.method
        return self.fault not in ABOUT_WRITES or is_write(method, path)


def answer_plainly(name: str) -> Response:
    """What an ordinary API gateway says; a vendor with its own words registers them in `Faults.bodies`."""
    status, message = {
        "throttle": (429, "Too Many Requests"),
        "error_500": (500, "Internal server error"),
        "expired_token": (401, "Unauthorized"),
        "forbidden": (403, "Forbidden"),
    }[name]
    answer = jsonify({"message": message})
    answer.status_code = status
    return answer


@dataclass
class Faults:
    """The faults that wait, and how each vendor words the ones that are answers."""

    bodies: dict[str, Callable[[str], Response]] = field(default_factory=dict)
    held: int = 0
    _acts: dict[int, Callable[[], object]] = field(default_factory=dict)
    _waiting: list[Fault] = field(default_factory=list)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _removed: threading.Event = field(default_factory=threading.Event)

    def add(self, wanted: dict[str, Any]) -> Fault:
        fault = Fault(id=next(self._ids), **_checked(wanted))
        with self._lock:
            self._waiting.append(fault)
        return fault

    def meanwhile(self, act: Callable[[], object], when: str = "after", **wanted: Any) -> Fault:
        """`act` is called in the middle of the request that `wanted` describes, as `add` takes it.

        It runs once per request, with no lock held; what it raises, the request raises. A fault that struck is used up
        before, so that requests which `act` sends are not interrupted by themselves.
        """
        fault = Fault(id=next(self._ids), **_checked({**wanted, "fault": "slow"}))
        fault.fault = f"meanwhile_{when}"
        self._acts[fault.id] = act
        with self._lock:
            self._waiting.append(fault)
        return fault

    def act(self, fault: Fault) -> None:
        """In a context of its own: the requests it sends must not mix with the one that is interrupted."""
        Context().run(self._acts[fault.id])

    def as_list(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._waiting]

    def clear(self) -> None:
        """Also wakes the requests that a `slow` or a `hang` holds."""
        with self._lock:
            self._waiting.clear()
        self.release()

    def release(self) -> None:
        with self._lock:
            self._removed.set()
            self._removed = threading.Event()

    def apply(self, vendor: str, method: str, path: str) -> Fault | None:
        with self._lock:
            for fault in self._waiting:
                if fault.matches(vendor, method, path):
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.struck += 1
                    self._waiting = [one for one in self._waiting if not one.times or one.struck < one.times]
                    return fault
        return None

    def pause(self, seconds: float) -> None:
        with self._lock:
            self.held += 1
            released = self._removed
        released.wait(seconds)
        with self._lock:
            self.held -= 1

    def body(self, vendor: str, name: str) -> Response:
        if name == "error_502_html":
            return Response(HTML_502, status=502, content_type="text/html")
        return self.bodies.get(vendor, answer_plainly)(name)


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    unknown = set(wanted) - {"vendor", "fault", "method", "path", "times", "seconds", "skip"}
    vendor, name = str(wanted.get("vendor", "")), str(wanted.get("fault", ""))
    if unknown or vendor not in VENDORS:
        raise FaultRefused(f"unknown keys {sorted(unknown)} or vendor {vendor!r}")
    if name not in BEFORE | AFTER - {"meanwhile_after"} or (
        name in QUICKBOOKS_ONLY and vendor != "quickbooks"
    ):
        raise FaultRefused(f"no fault {name!r} for {vendor}")
    return {
        "vendor": vendor,
        "fault": name,
        "method": str(wanted.get("method", "")).upper(),
        "path": str(wanted.get("path", "")),
        "times": int(wanted.get("times", 1)),
        "seconds": float(wanted.get("seconds", 5)),
        "skip": int(wanted.get("skip", 0)),
    }
