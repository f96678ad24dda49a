"""What can happen to a post before it leaves: sent twice, late, lost, or held back and sent in reverse order."""

from __future__ import annotations

import copy
import itertools
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

from integrations.simulator.webhooks.deliveries import Delivery

FAULTS = ("duplicate", "late", "lost", "reverse")
VENDORS = ("coperniq", "quickbooks")


class TroubleRefused(ValueError):
    """No such vendor or fault."""


@dataclass
class Trouble:
    """`times` 0: until removed; a `reverse` also ends with the flush."""

    id: int
    vendor: str
    fault: str
    seconds: float
    times: int
    struck: int = 0


@dataclass
class Troubles:
    _active: list[Trouble] = field(default_factory=list)
    _held: list[Delivery] = field(default_factory=list)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, wanted: dict[str, Any]) -> Trouble:
        vendor, fault = str(wanted.get("vendor", "")), str(wanted.get("fault", ""))
        if vendor not in VENDORS or fault not in FAULTS:
            raise TroubleRefused(f"no fault {fault!r} for {vendor!r}")
        times = int(wanted.get("times", 0 if fault == "reverse" else 1))
        made = Trouble(next(self._ids), vendor, fault, float(wanted.get("seconds", 5)), times)
        with self._lock:
            self._active.append(made)
        return made

    def as_list(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(one) for one in self._active]

    def clear(self) -> None:
        """What is held stays held until the flush: ending a fault must not send by itself."""
        with self._lock:
            self._active.clear()

    def forget(self) -> None:
        with self._lock:
            self._active.clear()
            self._held.clear()

    @property
    def held(self) -> int:
        with self._lock:
            return len(self._held)

    def strike(self, delivery: Delivery) -> tuple[list[Delivery], str]:
        """The posts that leave now, and the fault that struck."""
        with self._lock:
            found = next((one for one in self._active if one.vendor == delivery.vendor), None)
            if found is None:
                return [delivery], ""
            found.struck += 1
            self._active = [one for one in self._active if not one.times or one.struck < one.times]
            return self._suffer(found, delivery), found.fault

    def _suffer(self, trouble: Trouble, delivery: Delivery) -> list[Delivery]:
        if trouble.fault == "duplicate":
            return [delivery, copy.copy(delivery)]
        if trouble.fault == "late":
            delivery.due += trouble.seconds
            return [delivery]
        if trouble.fault == "reverse":
            self._held.append(delivery)
        return []

    def flush(self) -> list[Delivery]:
        with self._lock:
            released = self._held[::-1]
            self._held = []
            self._active = [one for one in self._active if one.fault != "reverse"]
            return released
