"""The worker loop: one queue task executes the due runs of many companies, for a bounded time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.models import Q
from django.utils import timezone

from integrations import queue
from integrations.models import CompanyLease, Heartbeat, SyncRun
from integrations.models.leases import CompanyLeaseQuerySet
from integrations.sync.engine.scheduler import WorkerPool, run_company

logger = logging.getLogger(__name__)

LEAD_THREADS = 24
HELPER_THREADS = 24
"""Each lease has a thread of the first for itself, so that the helpers of a busy one never keep another waiting.

Together they bound a queue process: 48 threads, each with one connection to the database while it works.
"""

TICK_SECONDS = 0.1
_IDLE_TIMEOUT_SECONDS = 1.0
_HEARTBEAT_SECONDS = 1.0

Job = Callable[[], int]
PeriodicJob = Callable[[], Sequence[Job]]


def find_due_leases() -> CompanyLeaseQuerySet:
    """Free leases with due runs, or with runs whose driver died: its lease has run out by itself."""
    now = timezone.now()
    due = SyncRun.objects.due(now).values("company_id")
    stranded = SyncRun.objects.filter(state="running").values("company_id")
    return CompanyLease.objects.free(now).filter(Q(company_id__in=due) | Q(company_id__in=stranded))


class HelperPool:
    """Threads that busy leases hire beside their own, in equal shares."""

    def __init__(self, pump: WorkerLoop, pool: Executor) -> None:
        self.pump = pump
        self.pool = pool
        self.free = threading.BoundedSemaphore(HELPER_THREADS)

    def share(self) -> int:
        return HELPER_THREADS // max(len(self.pump.leases), 1)

    def hire(self, errand: Job) -> bool:
        hired = self.free.acquire(blocking=False)
        if hired:
            # What it falls over is told by who hired it.
            self.pool.submit(in_thread, errand).add_done_callback(lambda _: self.free.release())
        return hired


class WorkerLoop:
    """Drives leases until its time is up, or until nothing has been due for a moment.

    `chores` are asked at every tick; the errands they give are run by the pool beside the leases.
    """

    def __init__(self, chores: Sequence[PeriodicJob] = (), seconds: float | None = None) -> None:
        self.chores = chores
        self.deadline = time.monotonic() + (settings.PUMP_SECONDS if seconds is None else seconds)
        self.leases: dict[int, CompanyLease] = {}
        self.helpers: WorkerPool | None = None
        self.futures: dict[Future[int], int | None] = {}
        self.last_beat = float("-inf")
        self.done = 0

    def run(self) -> int:
        """How much was done; 0 tells that it woke for nothing."""
        last_work = time.monotonic()
        with (
            self.renewing(),
            ThreadPoolExecutor(HELPER_THREADS, "helper") as helpers,
            ThreadPoolExecutor(LEAD_THREADS, "lease") as pool,
        ):
            self.helpers = HelperPool(self, helpers)
            while time.monotonic() < self.deadline:
                self.tick(pool)
                now = time.monotonic()
                if self.futures:
                    last_work = now
                elif not self.done or now - last_work > _IDLE_TIMEOUT_SECONDS:
                    break
                time.sleep(TICK_SECONDS)
            self.finish()
        if find_due_leases().exists():
            queue.wake()
        return self.done

    def tick(self, pool: Executor) -> None:
        """What a chore has made due begins at once, before the next chore and the heartbeat take their commits."""
        self.harvest()
        for chore in self.chores:
            for errand in chore():
                self.futures[pool.submit(in_thread, errand)] = None
            self.take_lanes(pool)
        self.beat()

    def beat(self) -> None:
        if time.monotonic() - self.last_beat > _HEARTBEAT_SECONDS:
            self.last_beat = time.monotonic()
            Heartbeat.beat(Heartbeat.PUMP)

    def take_lanes(self, pool: Executor) -> None:
        room = LEAD_THREADS - len(self.futures)
        duration = timedelta(seconds=settings.LEASE_SECONDS)
        for lease in find_due_leases()[: max(room, 0)]:
            if lease.pk not in self.leases and lease.take(timezone.now(), duration):
                self.leases[lease.pk] = lease
                self.futures[pool.submit(in_thread, self.errand_of(lease))] = lease.pk

    def errand_of(self, lease: CompanyLease) -> Job:
        return lambda: run_company(lease, self.deadline, self.helpers)

    def harvest(self) -> None:
        for future in [future for future in self.futures if future.done()]:
            lane_pk = self.futures.pop(future)
            if lane_pk is not None:
                self.leases.pop(lane_pk)
            self.done += _result_of(future)

    def finish(self) -> None:
        """Lanes stop by themselves at the deadline; what is in flight then is still waited for, alive."""
        while self.futures:
            self.beat()
            self.harvest()
            time.sleep(TICK_SECONDS)

    @contextmanager
    def renewing(self) -> Iterator[None]:
        """Leases are renewed by a thread of their own, so that a slow vendor does not cost us a lease."""
        stopped = threading.Event()
        thread = threading.Thread(target=self.renew_until, args=(stopped,), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()

    def renew_until(self, stopped: threading.Event) -> None:
        duration = settings.LEASE_SECONDS
        try:
            while not stopped.wait(duration / 3):
                self.renew(timedelta(seconds=duration))
        finally:
            connections.close_all()

    def renew(self, duration: timedelta) -> None:
        """A renewal that fails is made up for by the next; the fence guards what is not."""
        held = [(lease.pk, lease.fence) for lease in list(self.leases.values())]
        try:
            CompanyLease.objects.renew(held, timezone.now() + duration)
        except DatabaseError:
            logger.exception("Leases could not be renewed")


def _result_of(future: Future[int]) -> int:
    """What one company's errand fell over must not stop the others'."""
    error = future.exception()
    if error is None:
        return future.result()
    logger.error("An errand of the pump failed", exc_info=error)
    return 1


def in_thread(errand: Job) -> int:
    """The pool's threads come and go with the pump, and each leaves no database connection behind."""
    try:
        return errand()
    finally:
        connections.close_all()
