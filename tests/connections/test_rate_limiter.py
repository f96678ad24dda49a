"""Never more than 490 calls in a minute, 10 in a second and 10 at once, whoever makes them."""

from __future__ import annotations

import heapq
import itertools
import os
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from django.db import OperationalError
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.connections import rate_limiter
from integrations.connections.rate_limiter import (
    BACKOFF_SECONDS,
    MAX_SLOTS_PER_PROCESS,
    RECHECK_SECONDS,
    THROTTLED,
    Caller,
    RateLimiter,
    rate_limiter_for,
)
from integrations.connections.reservations import BURST, INTERVAL, MAX_SLOTS, PER_MINUTE
from integrations.models import RateLimitState
from integrations.models.processes import HOST
from integrations.models.rate_limits import Slots

pytestmark = pytest.mark.every_database

CALL_SECONDS = 25.0


@dataclass
class Row:
    """The shared row, in memory. Every so many swaps somebody else was faster."""

    starts: list[float] = field(default_factory=list)
    slots: Slots = field(default_factory=dict)
    refusals: Iterator[bool] = field(default_factory=lambda: itertools.repeat(False))
    swaps: int = 0

    def swap(self, starts: Sequence[float], slots: Slots) -> bool:
        self.swaps += 1
        if next(self.refusals):
            return False
        self.starts, self.slots = list(starts), dict(slots)
        return True


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Street:
    """Processes that share a row and a clock, and what the vendor sees of their calls."""

    def __init__(self, row: Row | None = None) -> None:
        self.row, self.clock = row or Row(), Clock()
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.numbers = itertools.count()
        self.started: list[float] = []
        self.inside = self.most = self.lost = 0

    def process(self, name: str) -> RateLimiter:
        return RateLimiter(
            lambda: self.row, CALL_SECONDS, process=lambda: name, clock=self.clock, sleep=self.clock.sleep
        )

    def at(self, moment: float, what: Callable[[], None]) -> None:
        heapq.heappush(self.events, (moment, next(self.numbers), what))

    def call(self, limiter: RateLimiter, lasts: float, late: float) -> None:
        """`late`: how much later than asked for a thread wakes up."""
        caller, give_up_at = Caller(), self.clock.now + limiter.max_wait_seconds

        def attempt() -> None:
            pause = limiter.attempt(caller)
            if not pause:
                self.begin(limiter, lasts)
            elif self.clock.now + pause > give_up_at:
                self.lost += 1
                limiter.give_up(caller)
            else:
                self.at(self.clock.now + pause + late, attempt)

        attempt()

    def begin(self, limiter: RateLimiter, lasts: float) -> None:
        self.started.append(self.clock.now)
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.at(self.clock.now + lasts, lambda: self.end(limiter))

    def end(self, limiter: RateLimiter) -> None:
        self.inside -= 1
        limiter.leave(200)

    def run(self) -> None:
        while self.events:
            moment, _, what = heapq.heappop(self.events)
            self.clock.now = max(moment, self.clock.now)
            what()

    def most_within(self, seconds: float) -> int:
        ends = [bisect_left(self.started, start + seconds) for start in self.started]
        return max(end - n for n, end in enumerate(ends))


calls = st.lists(
    st.tuples(
        st.floats(0, 90),  # when
        st.integers(0, 1),  # by which process
        st.integers(1, 60),  # how many at once
        st.sampled_from([0.01, 0.3, 1.0, 6.0, CALL_SECONDS]),  # how long each lasts
        st.sampled_from([0.0, 0.001, 0.05, 0.119, 0.2]),  # how late its thread wakes
    ),
    min_size=1,
    max_size=30,
)


@given(calls=calls, keeping=st.tuples(st.booleans(), st.booleans()), refuse=st.integers(2, 9))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_two_processes_keep_the_limits_together(
    calls: list[tuple[float, int, int, float, float]], keeping: tuple[bool, bool], refuse: int
) -> None:
    street = Street(Row(refusals=itertools.cycle([False] * (refuse - 1) + [True])))
    processes = [street.process(name) for name in ("one", "other")]
    for process, keeps in zip(processes, keeping, strict=True):
        if keeps:
            process.keep_slots()
    for when, by, many, lasts, late in calls:
        for _ in range(many):
            street.at(
                street.clock.now + when,
                lambda by=by, lasts=lasts, late=late: street.call(processes[by], lasts, late),  # type: ignore[misc]
            )
    street.run()
    assert len(street.started) + street.lost == sum(many for _, _, many, _, _ in calls)
    if street.started:
        assert street.most_within(60.0) <= 490
        assert street.most_within(1.0) <= 10
    assert street.most <= MAX_SLOTS


def backlog(street: Street, limiter: RateLimiter, lasts: float, seconds: float) -> None:
    """Ten threads with always another call to make."""
    ends_at = street.clock.now + seconds
    end = street.end

    def again(of: RateLimiter) -> None:
        end(of)
        if street.clock.now < ends_at:
            street.call(limiter, lasts, 0.001)

    street.end = again  # type: ignore[method-assign, assignment]
    for _ in range(10):
        street.call(limiter, lasts, 0.001)
    street.run()


@pytest.mark.parametrize("lasts", [0.05, 0.3, 1.0])
def test_a_backlog_uses_nearly_all_of_a_minute(lasts: float) -> None:
    street = Street()
    limiter = street.process("one")
    limiter.keep_slots()
    backlog(street, limiter, lasts, 120)
    assert 480 <= street.most_within(60.0) <= 490
    assert street.row.swaps < len(street.started) / 4, "booked several at a time"


def test_a_gap_is_made_up_for_within_the_minute() -> None:
    street = Street()
    limiter = street.process("one")
    limiter.keep_slots()
    for _ in range(9):
        backlog(street, limiter, 0.3, 20)
        street.clock.now += 1.2
    assert 476 <= street.most_within(60.0) <= 490


def test_who_finds_the_minute_used_up_waits_no_longer_than_it_has_patience() -> None:
    street = Street()
    now = street.clock.now
    street.row.starts = [now - 40 + n * 0.01 for n in range(PER_MINUTE)]
    assert not street.process("one").enter(10.0)
    assert len(street.row.starts) == PER_MINUTE
    street.clock.now = now + 15
    assert street.process("one").enter(10.0)
    assert street.clock.now >= now + 20


def test_a_single_call_starts_at_once_and_leaves_nothing_behind() -> None:
    street = Street()
    limiter = street.process("one")
    assert limiter.enter(10.0)
    assert street.row.slots["one"][0] == 1
    limiter.leave(200)
    assert street.clock.now == Clock().now
    assert street.row.slots == {}


def test_a_burst_after_a_quiet_time_is_paid_back_before_the_second_is_over() -> None:
    street = Street()
    limiter = street.process("one")
    limiter.keep_slots()
    began = street.clock.now
    starts = []
    for _ in range(20):
        assert limiter.enter(10.0)
        starts.append(street.clock.now - began)
        limiter.leave(200)
    assert starts[:BURST] == [0] * BURST
    assert starts[BURST] >= BURST * INTERVAL - 0.001
    assert all(bisect_left(starts, start + 1.0) - n <= 9 for n, start in enumerate(starts))


def test_a_page_finds_room_beside_a_lease_that_is_busy() -> None:
    street = Street()
    lease, page = street.process("lease"), street.process("page")
    lease.keep_slots()
    assert all(lease.enter(10.0) for _ in range(MAX_SLOTS_PER_PROCESS))
    assert not lease.enter(1.0)
    assert page.enter(10.0)
    assert not street.process("another page").enter(10.0), "none of the ten has ended"
    page.leave(200)
    assert street.process("another page").enter(10.0)


def test_a_lease_gives_its_seats_back_when_its_last_call_has_ended() -> None:
    street = Street()
    lease = street.process("lease")
    lease.keep_slots()
    assert lease.enter(10.0)
    lease.leave(200)
    assert street.row.slots["lease"][0] == MAX_SLOTS_PER_PROCESS
    lease.release_slots()
    assert street.row.slots == {}


def test_seats_of_the_dead_are_free() -> None:
    street = Street()
    dead, alive = f"{HOST}:999999999", f"{HOST}:{os.getpid()}"
    street.row.slots = {dead: (6, street.clock.now + 30), alive: (1, street.clock.now + 30)}
    lease = street.process("lease")
    lease.keep_slots()
    assert lease.enter(10.0)
    assert street.row.slots["lease"][0] == MAX_SLOTS_PER_PROCESS
    assert dead not in street.row.slots
    street.row.slots = {"elsewhere:1": (MAX_SLOTS, street.clock.now + 3)}
    assert street.process("page").enter(10.0), "they run out"


def test_seats_are_renewed_before_they_run_out() -> None:
    street = Street()
    lease = street.process("lease")
    lease.keep_slots()
    for _ in range(20):
        assert lease.enter(10.0)
        assert street.row.slots["lease"][1] >= street.clock.now + CALL_SECONDS
        lease.leave(200)
        street.clock.now += 1


def test_a_throttled_call_stops_the_others_of_its_process_for_a_moment() -> None:
    street = Street()
    limiter = street.process("one")
    assert limiter.enter(10.0)
    assert limiter.enter(10.0)
    limiter.leave(THROTTLED)
    assert not limiter.enter(10.0)
    street.clock.now += BACKOFF_SECONDS
    assert limiter.enter(10.0)


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_is_put_right_stops_nothing(hours: int) -> None:
    street = Street()
    lease = street.process("lease")
    lease.keep_slots()
    for _ in range(3):
        assert all(lease.enter(10.0) for _ in range(5))
        lease.leave(THROTTLED)
        for _ in range(4):
            lease.leave(200)
        street.clock.now += hours * 3600


def test_who_always_comes_second_waits_and_starts_nothing() -> None:
    street = Street(Row(refusals=itertools.repeat(True)))
    assert not street.process("one").enter(1.0)
    assert street.clock.now >= Clock().now + 1.0 - RECHECK_SECONDS


def test_who_has_a_seat_but_gets_no_start_looks_again() -> None:
    street = Street()
    limiter = street.process("one")
    limiter.keep_slots()
    assert limiter.enter(10.0)
    street.row.refusals = itertools.chain([True] * rate_limiter.TRIES, itertools.repeat(False))
    assert limiter.attempt(Caller()) == RECHECK_SECONDS


def test_a_start_that_was_slept_through_is_not_made_up_for() -> None:
    street = Street()
    limiter = street.process("one")
    limiter.keep_slots()
    at_once, callers = [Caller() for _ in range(BURST)], [Caller() for _ in range(BURST + 2)]
    assert [limiter.attempt(caller) for caller in at_once] == [0] * BURST
    pauses = [limiter.attempt(caller) for caller in callers]
    assert pauses == sorted(pauses)
    assert pauses[0] > 0
    street.clock.now += 3
    again = [limiter.attempt(caller) for caller in callers]
    assert again[:BURST] == [0] * BURST
    assert 0 < again[BURST] < again[BURST + 1] < (BURST + 2) * INTERVAL


def test_who_is_awake_takes_the_start_of_one_who_sleeps_too_long() -> None:
    street = Street()
    limiter = street.process("one")
    limiter.keep_slots()
    sleeper, awake = Caller(), Caller()
    for _ in range(BURST):
        assert limiter.enter(10.0)
    assert 0 < limiter.attempt(sleeper) < limiter.attempt(awake)
    street.clock.now += (BURST + 0.2) * INTERVAL
    assert limiter.attempt(awake) == 0


def test_a_database_that_is_away_is_told_and_leaves_no_seat_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    street = Street()
    limiter = street.process("one")

    def away() -> Row:
        raise OperationalError("database is locked")

    find = limiter._find
    monkeypatch.setattr(limiter, "_find", away)
    with pytest.raises(OperationalError):
        limiter.enter(10.0)
    monkeypatch.setattr(limiter, "_find", find)
    assert limiter.enter(10.0)
    monkeypatch.setattr(limiter, "_find", away)
    limiter.leave(200)
    monkeypatch.setattr(limiter, "_find", find)
    assert street.row.slots["one"][0] == 1, "they run out by themselves"
    assert limiter.enter(10.0)


def test_processes_share_a_row_and_only_one_of_two_that_read_it_writes(db: None) -> None:
    one, other = RateLimitState.of("realm"), RateLimitState.of("realm")
    assert one.swap([5.0], {"one": (1, 9.0)})
    assert not other.swap([6.0], {})
    assert one.swap([5.0, 7.25], {"one": (2, 9.0)})
    fresh = RateLimitState.objects.get(realm_id="realm")
    assert (fresh.starts, fresh.slots, fresh.version) == ([5.0, 7.25], {"one": [2, 9.0]}, 2)
    assert str(fresh) == "Rate limit of realm"


def test_a_process_has_one_limiter_a_company(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limiter, "_limiters", {})
    limiter = rate_limiter_for("realm", CALL_SECONDS)
    assert rate_limiter_for("realm", CALL_SECONDS) is limiter
    assert rate_limiter_for("another realm", CALL_SECONDS) is not limiter
    assert limiter.enter(10.0)
    assert list(RateLimitState.objects.get(realm_id="realm").slots) == [f"{HOST}:{os.getpid()}"]
    limiter.leave(200)
    assert RateLimitState.objects.get(realm_id="realm").slots == {}
