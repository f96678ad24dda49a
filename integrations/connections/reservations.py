"""Calculates the start times of a QuickBooks company's next calls, and each process's share of the calls in progress.

Intuit allows 500 calls a minute and 10 at once, and 10 a second are safe (docs/vendors/quickbooks-online.md, 9).
Reservations are in one row per company that all processes share.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from integrations.models.processes import is_dead
from integrations.models.rate_limits import Slots

# Calls start a little late, and requests take a moment to be sent. With these values no minute has more than 490 calls
# and no second more than 10; with faster ones a busy machine was measured to send eleven in a second.
PER_MINUTE = 488
EVEN_INTERVAL = 60 / PER_MINUTE
INTERVAL = 0.118
LATE_SECONDS = 0.075
CATCH_UP_SECONDS = 20.0
"""After a gap within this time, as between two workers, calls may follow each other a little faster."""

BURST = 3
QUIET_SECONDS = 1.3
"""After so long with fewer starts than a burst has, calls need not wait for each other: a record that is alone costs two
reads and a write at most. The distance they did not keep is kept after them, so that a second still has no more than 10.
"""

MAX_SLOTS = 10
MAX_WAIT_SECONDS = 10.0
FARTHEST_SECONDS = MAX_WAIT_SECONDS + MAX_SLOTS * INTERVAL
"""No start time is reserved later than this. If one is found all the same, a clock was set back."""


class Row(Protocol):
    """The row that all processes share, see RateLimitState."""

    starts: list[float]
    slots: Slots

    def swap(self, starts: Sequence[float], slots: Slots) -> bool: ...


@dataclass(frozen=True)
class Reservation:
    starts: list[float]
    slots: int


@dataclass(frozen=True)
class SlotRequest:
    """The request of one process.

    `starts` returns how many start times it can use with the slots it is granted; `missed` are reserved ones that it
    did not use.
    """

    process: str
    slots: int
    starts: Callable[[int], int]
    missed: Collection[float] = ()


def reserve(row: Row, request: SlotRequest, now: float, until: float) -> Reservation | None:
    """Reserve slots and start times; None if another process changed the row meanwhile."""
    others = {
        who: held for who, held in row.slots.items() if who != request.process and is_held(who, held, now)
    }
    granted = max(min(request.slots, MAX_SLOTS - sum(count for count, _ in others.values())), 0)
    known = [start for start in row.starts if start < now + FARTHEST_SECONDS and start not in request.missed]
    reserved = with_starts(known, request.starts(granted), now)
    own: Slots = {request.process: (granted, until)} if granted else {}
    if not row.swap(reserved[-PER_MINUTE:], {**others, **own}):
        return None
    return Reservation(reserved[len(known) :], granted)


def with_starts(reserved: Sequence[float], number: int, now: float) -> list[float]:
    """Add start times, as far as they are within the time that callers wait."""
    found = list(reserved)
    for _ in range(number):
        found.append(next_start(found, now))
    return [start for start in found if start <= now + MAX_WAIT_SECONDS or start in reserved]


def next_start(reserved: Sequence[float], now: float) -> float:
    if not reserved:
        return now
    in_the_minute = reserved[-PER_MINUTE] + 60 if len(reserved) >= PER_MINUTE else now
    earliest = max(now, reserved[-1], in_the_minute)
    if len(reserved) < BURST or reserved[-BURST] <= earliest - QUIET_SECONDS:
        return round(earliest, 4)
    recent = len(reserved) - bisect_left(reserved, reserved[-1] - CATCH_UP_SECONDS)
    interval = EVEN_INTERVAL if recent > CATCH_UP_SECONDS / EVEN_INTERVAL else INTERVAL
    return round(max(earliest, reserved[-1] + interval, reserved[-BURST] + BURST * INTERVAL), 4)


def is_held(who: str, held: tuple[int, float], now: float) -> bool:
    return held[1] > now and not is_dead(who)


def is_usable_start(start: float, now: float) -> bool:
    """True if a start time can still be used, and is not implausibly late because a clock was set back."""
    return -LATE_SECONDS < start - now < FARTHEST_SECONDS


def is_within(until: float, now: float, seconds: float) -> bool:
    """True until `until`, unless it is farther away than `seconds` because a clock was set back."""
    return 0 < until - now <= seconds
