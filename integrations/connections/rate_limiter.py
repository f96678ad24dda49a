"""Limits the calls to one QuickBooks company over all processes, by reservations in the database.

A process reserves its next start times, and the number of calls it may have in progress, with one conditional update:
about one a second while it is busy. Nothing is counted afterwards, so a killed process leaves nothing to correct. See
docs/decisions/0002-our-own-rate-limiter.md.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from django.db import DatabaseError

from integrations.connections.reservations import (
    MAX_SLOTS,
    MAX_WAIT_SECONDS,
    Row,
    SlotRequest,
    is_usable_start,
    is_within,
    reserve,
)
from integrations.models import RateLimitState
from integrations.models.processes import this_process

logger = logging.getLogger(__name__)

MAX_SLOTS_PER_PROCESS = MAX_SLOTS - 1
"""The most calls that one process may have in progress, so that a page can call QuickBooks beside a busy worker."""

RENEW_SECONDS = 5.0
RECHECK_SECONDS = 0.2
BACKOFF_SECONDS = 5.0
TRIES = 3
THROTTLED = 429


class Caller:
    """A thread that wants to call: it takes a concurrency slot, then a start time."""

    def __init__(self) -> None:
        self.has_slot = False


class RateLimiter:
    """The limiter of one process for one QuickBooks company, shared by its threads.

    A call must end within `call_seconds`, or its slot may be given to another process.
    """

    max_wait_seconds = MAX_WAIT_SECONDS

    def __init__(
        self,
        find: Callable[[], Row],
        call_seconds: float,
        *,
        process: Callable[[], str] = this_process,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._find, self._call_seconds = find, call_seconds
        self._process, self._clock, self._sleep = process, clock, sleep
        self._lock = threading.Lock()
        self._row: Row | None = None
        self._reserved_at = self._renew_at = self._blocked_until = -math.inf
        self._starts: deque[float] = deque()
        self._missed: set[float] = set()
        self._recent: deque[float] = deque(maxlen=MAX_SLOTS_PER_PROCESS)
        self._waiting: dict[Caller, None] = {}
        self._slots = self._taken = self._holders = 0

    def keep_slots(self) -> None:
        """Reserve all slots at once and keep them between calls, until `release_slots`."""
        with self._lock:
            self._holders += 1

    def release_slots(self) -> None:
        with self._lock:
            self._holders -= 1
            self._release_unused()

    def enter(self, max_wait: float) -> bool:
        give_up_at = self._clock() + max_wait
        caller, may_start = Caller(), False
        try:
            while pause := self.attempt(caller):
                if self._clock() + pause > give_up_at:
                    return False
                self._sleep(pause)
            may_start = True
        finally:
            if not may_start:
                self.give_up(caller)
        return True

    def leave(self, status: int) -> None:
        with self._lock:
            if status == THROTTLED:
                self._blocked_until = self._clock() + BACKOFF_SECONDS
            self._taken -= 1
            self._release_unused()

    def attempt(self, caller: Caller) -> float:
        """Seconds to wait before the next attempt; 0.0 if the call may start now."""
        with self._lock:
            now = self._clock()
            if is_within(self._blocked_until, now, BACKOFF_SECONDS):
                return math.inf
            self._waiting.setdefault(caller)
            if not self._acquire_slot(caller, now):
                return RECHECK_SECONDS
            pause = self._until_start(caller, now)
            if not pause:
                self._waiting.pop(caller, None)
                self._recent.append(now)
            return pause

    def give_up(self, caller: Caller) -> None:
        with self._lock:
            self._waiting.pop(caller, None)
            self._taken -= caller.has_slot
            self._release_unused()

    def _acquire_slot(self, caller: Caller, now: float) -> bool:
        """Take a concurrency slot. Slots that could expire during the call are renewed before it starts."""
        full = self._taken >= self._slots and not caller.has_slot
        if not self._has_slots(now) or (full and self._slots < MAX_SLOTS_PER_PROCESS):
            self._reserve(now)
        if not self._has_slots(now):
            return False
        if not caller.has_slot and self._taken < self._slots:
            caller.has_slot = True
            self._taken += 1
        return caller.has_slot

    def _has_slots(self, now: float) -> bool:
        return is_within(self._renew_at, now, RENEW_SECONDS)

    def _until_start(self, caller: Caller, now: float) -> float:
        """Seconds until this caller may start; 0.0 uses up a start time.

        The first thread that is awake takes the next start time, so that a thread that sleeps too long delays no other.
        """
        self._missed |= {start for start in self._starts if not is_usable_start(start, now)}
        self._starts = deque(start for start in self._starts if start not in self._missed)
        place = [other for other in self._waiting if other.has_slot].index(caller)
        if not self._starts or (self._starts[0] > now and place >= len(self._starts)):
            self._reserve(now, at_once=True)
        if self._starts and self._starts[0] <= now:
            self._starts.popleft()
            return 0.0
        return self._starts[place] - now if place < len(self._starts) else RECHECK_SECONDS

    def _reserve(self, now: float, *, at_once: bool = False) -> None:
        if not at_once and is_within(self._reserved_at + RECHECK_SECONDS, now, RECHECK_SECONDS):
            return
        self._reserved_at = now
        callers = self._taken + sum(not caller.has_slot for caller in self._waiting)
        slots = MAX_SLOTS_PER_PROCESS if self._holders else min(callers, MAX_SLOTS_PER_PROCESS)
        for _ in range(TRIES):
            row = self._row or self._find()
            until = now + RENEW_SECONDS + self._call_seconds
            request = SlotRequest(self._process(), slots, partial(self._wanted, now), self._missed)
            reservation = reserve(row, request, now, until)
            self._row = row if reservation else None
            if reservation is not None:
                self._missed.clear()
                self._starts.extend(reservation.starts)
                self._slots, self._renew_at = reservation.slots, now + RENEW_SECONDS
                return

    def _wanted(self, now: float, slots: int) -> int:
        """How many start times to reserve: one per caller that can have a slot, or as many as the last second used.

        None for callers without a slot: a start time that is reserved and not used delays every process.
        """
        with_slot = sum(caller.has_slot for caller in self._waiting)
        getting_slot = max(min(len(self._waiting) - with_slot, slots - self._taken), 0)
        wanted = with_slot + getting_slot - len(self._starts)
        recent = sum(is_within(start + 1.0, now, 1.0) for start in self._recent)
        return max(wanted, recent) if wanted > 0 else 0

    def _release_unused(self) -> None:
        """Return slots that this process does not need. If the database cannot be reached, they expire."""
        if self._taken or self._waiting or self._holders or not self._slots:
            return
        self._slots, self._renew_at, self._row = 0, -math.inf, None
        try:
            any(self._try_release() for _ in range(TRIES))
            self._starts.clear()
        except DatabaseError:
            logger.warning("Slots could not be given back", exc_info=True)

    def _try_release(self) -> bool:
        row, own = self._find(), self._process()
        used = [start for start in row.starts if start not in self._starts]
        return row.swap(used, {who: held for who, held in row.slots.items() if who != own})


_limiters: dict[str, RateLimiter] = {}
_guard = threading.Lock()
os.register_at_fork(after_in_child=_limiters.clear)


def rate_limiter_for(realm_id: str, call_seconds: float) -> RateLimiter:
    with _guard:
        if realm_id not in _limiters:
            _limiters[realm_id] = RateLimiter(lambda: RateLimitState.of(realm_id), call_seconds)
        return _limiters[realm_id]
