"""Which moments a QuickBooks company's next calls may have, and how many calls a process may have under way.

Allowed are 500 calls a minute and 10 at once, and 10 a second are wise (quickbooks-online.md §9). What is booked
stands in one row per company that all processes share.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from integrations.models.drivers import is_dead
from integrations.models.pace import Seats

# Starts come a little late, and requests need a moment to get out. With that, no minute has more than 490 and no
# second more than 10: faster was measured, and QuickBooks' second came to eleven on a busy machine.
PER_MINUTE = 488
EVEN_INTERVAL = 60 / PER_MINUTE
INTERVAL = 0.118
LATE_SECONDS = 0.075
CATCH_UP_SECONDS = 20.0
"""Whoever had a gap in this time, as when one pump follows another, may go a little faster than evenly."""

SEATS = 10
PATIENCE_SECONDS = 10.0
FARTHEST_SECONDS = PATIENCE_SECONDS + SEATS * INTERVAL
"""Nothing is booked beyond: where it stands all the same, a clock was put back."""


class Row(Protocol):
    """What the processes share, see CallPace."""

    starts: list[float]
    seats: Seats

    def swap(self, starts: Sequence[float], seats: Seats) -> bool: ...


@dataclass(frozen=True)
class Booking:
    starts: list[float]
    seats: int


@dataclass(frozen=True)
class Wish:
    """Of one process. How many starts it can use depends on the seats it is granted; `missed` it had and let pass."""

    process: str
    seats: int
    starts: Callable[[int], int]
    missed: Collection[float] = ()


def book(row: Row, wish: Wish, now: float, until: float) -> Booking | None:
    """None when another process was faster."""
    others = {who: held for who, held in row.seats.items() if who != wish.process and is_held(who, held, now)}
    granted = max(min(wish.seats, SEATS - sum(count for count, _ in others.values())), 0)
    known = [start for start in row.starts if start < now + FARTHEST_SECONDS and start not in wish.missed]
    booked = with_starts(known, wish.starts(granted), now)
    ours: Seats = {wish.process: (granted, until)} if granted else {}
    if not row.swap(booked[-PER_MINUTE:], {**others, **ours}):
        return None
    return Booking(booked[len(known) :], granted)


def with_starts(booked: Sequence[float], number: int, now: float) -> list[float]:
    """So many more, as far as they lie within anybody's patience."""
    found = list(booked)
    for _ in range(number):
        found.append(next_start(found, now))
    return [start for start in found if start <= now + PATIENCE_SECONDS or start in booked]


def next_start(booked: Sequence[float], now: float) -> float:
    if not booked:
        return now
    recent = len(booked) - bisect_left(booked, booked[-1] - CATCH_UP_SECONDS)
    interval = EVEN_INTERVAL if recent > CATCH_UP_SECONDS / EVEN_INTERVAL else INTERVAL
    in_the_minute = booked[-PER_MINUTE] + 60 if len(booked) >= PER_MINUTE else now
    return round(max(now, booked[-1] + interval, in_the_minute), 4)


def is_held(who: str, held: tuple[int, float], now: float) -> bool:
    return held[1] > now and not is_dead(who)


def is_good(start: float, now: float) -> bool:
    """Not missed yet; nor far off, as when a clock was put back."""
    return -LATE_SECONDS < start - now < FARTHEST_SECONDS


def is_within(until: float, now: float, seconds: float) -> bool:
    """Not over yet, and not farther off than it can be by a clock that goes on."""
    return 0 < until - now <= seconds
