"""Faults of webhooks: a POST is sent twice, late, not at all, or held back and sent in reverse order.

`chaos` mixes them by chance, for each POST and each event. The same seed has the same outcome for the same POSTs.
"""

from __future__ import annotations

import copy
import itertools
import threading
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

from simulator.webhooks.delivery import Delivery
from simulator.webhooks.intuit_events import Event

FAULTS = ("duplicate", "late", "lost", "reverse", "chaos")
POST_CHANCES = ("lost", "duplicate", "late")
EVENT_CHANCES = ("event_lost", "event_duplicate", "event_shuffle")
VENDORS = ("coperniq", "quickbooks")


class WebhookFaultRefused(ValueError):
    """No such vendor or fault."""


@dataclass
class WebhookFault:
    """`times` 0: until removed; a `reverse` also ends with the flush."""

    id: int
    vendor: str
    fault: str
    seconds: float
    times: int
    struck: int = 0
    chances: dict[str, float] = field(default_factory=dict)


@dataclass
class WebhookFaults:
    _active: list[WebhookFault] = field(default_factory=list)
    _held: list[Delivery] = field(default_factory=list)
    _random: dict[int, Random] = field(default_factory=dict)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, wanted: dict[str, Any]) -> WebhookFault:
        vendor, fault = str(wanted.get("vendor", "")), str(wanted.get("fault", ""))
        if vendor not in VENDORS or fault not in FAULTS:
            raise WebhookFaultRefused(f"no fault {fault!r} for {vendor!r}")
        chances = _chances(wanted, vendor) if fault == "chaos" else {}
        times = int(wanted.get("times", 0 if fault in {"reverse", "chaos"} else 1))
        made = WebhookFault(
            next(self._ids), vendor, fault, float(wanted.get("seconds", 5)), times, 0, chances
        )
        with self._lock:
            self._active.append(made)
            self._random[made.id] = Random(int(wanted.get("seed", 0)))  # noqa: S311 - chances, not secrets
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

    def apply(self, delivery: Delivery) -> tuple[list[Delivery], str]:
        """The posts that leave now, and the fault that struck."""
        with self._lock:
            found = next((one for one in self._active if one.vendor == delivery.vendor), None)
            if found is None:
                return [delivery], ""
            found.struck += 1
            self._active = [one for one in self._active if not one.times or one.struck < one.times]
            if found.fault == "chaos":
                return self._apply_chaos(found, delivery)
            return self._apply(found, delivery), found.fault

    def apply_to_events(self, vendor: str, events: list[Event]) -> list[Event]:
        """Before the events are put into posts: some fall out, some come twice, and none keep their order."""
        with self._lock:
            chaos = next((one for one in self._active if (one.vendor, one.fault) == (vendor, "chaos")), None)
            if chaos is None:
                return events
            random, chances = self._random[chaos.id], chaos.chances
            found = [one for one in events if random.random() >= chances.get("event_lost", 0)]
            found += [one for one in found if random.random() < chances.get("event_duplicate", 0)]
            if random.random() < chances.get("event_shuffle", 0):
                random.shuffle(found)
            return found

    def _apply_chaos(self, chaos: WebhookFault, delivery: Delivery) -> tuple[list[Delivery], str]:
        """All chances are drawn every time, so that a change of one leaves the outcome of the others alone."""
        random = self._random[chaos.id]
        struck = {name: random.random() < chaos.chances.get(name, 0) for name in POST_CHANCES}
        delay = random.uniform(0, chaos.seconds)
        if struck["lost"]:
            return [], "lost"
        second = [copy.copy(delivery)] if struck["duplicate"] else []
        if struck["late"]:
            delivery.due += delay
        return [delivery, *second], "chaos"

    def _apply(self, fault: WebhookFault, delivery: Delivery) -> list[Delivery]:
        if fault.fault == "duplicate":
            return [delivery, copy.copy(delivery)]
        if fault.fault == "late":
            delivery.due += fault.seconds
            return [delivery]
        if fault.fault == "reverse":
            self._held.append(delivery)
        return []

    def flush(self) -> list[Delivery]:
        with self._lock:
            released = self._held[::-1]
            self._held = []
            self._active = [one for one in self._active if one.fault != "reverse"]
            return released


def _chances(wanted: dict[str, Any], vendor: str) -> dict[str, float]:
    """Each from 0 to 1. Coperniq posts its events one by one, so that nothing can happen to one inside a post."""
    names = POST_CHANCES if vendor == "coperniq" else POST_CHANCES + EVENT_CHANCES
    given = set(wanted) - {"vendor", "fault", "times", "seconds", "seed"}
    if given - set(names):
        raise WebhookFaultRefused(f"no chances {sorted(given - set(names))} for {vendor!r}")
    found = {name: float(wanted[name]) for name in given}
    if not all(0 <= chance <= 1 for chance in found.values()):
        raise WebhookFaultRefused("a chance lies between 0 and 1")
    return found
