"""The worker loop: one queue task executes the due runs of many companies, for a bounded time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, Error, close_old_connections, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.utils import timezone

from integrations import queue
from integrations.models import CompanyLease, Heartbeat, SyncRun
from integrations.models.compiled import CompiledQuery
from integrations.models.leases import CompanyLeaseQuerySet
from integrations.sync.engine.scheduler import WorkerPool, run_company
from integrations.wakeup import Wakeup

logger = logging.getLogger(__name__)

_COMPANY_THREADS = 24
HELPER_THREADS = 24
"""Each leased company has one of the first for itself, so that the helpers of a busy company never delay another.

Together they bound a queue process: 48 threads, each with one connection to the database while it works.
"""

PERIOD_SECONDS = 0.5
"""How often the periodic jobs are called, and due leases looked for though nobody has called for that."""

_IDLE_TIMEOUT_SECONDS = 1.0
_HEARTBEAT_SECONDS = 1.0
_CHECK_SECONDS = 0.1

Job = Callable[[], int]
PeriodicJob = Callable[[], Sequence[Job]]


def find_due_leases(now: datetime | None = None) -> CompanyLeaseQuerySet:
    """Free leases with due runs, or with runs left running by an owner that died and whose lease has expired."""
    now = now or timezone.now()
    due = SyncRun.objects.due(now).values("company_id")
    left_running = SyncRun.objects.filter(state="running").values("company_id")
    return CompanyLease.objects.free(now).filter(Q(company_id__in=due) | Q(company_id__in=left_running))


_due_leases = CompiledQuery(find_due_leases)


class HelperPool:
    """Threads that help busy companies, in equal shares."""

    def __init__(self, loop: WorkerLoop, pool: Executor) -> None:
        self.loop = loop
        self.pool = pool
        self.free = threading.BoundedSemaphore(HELPER_THREADS)

    def fair_share(self) -> int:
        return HELPER_THREADS // max(len(self.loop.leases), 1)

    def submit(self, job: Job) -> bool:
        accepted = self.free.acquire(blocking=False)
        if accepted:
            # An exception of the job is reported by the scheduler that submitted it.
            self.pool.submit(_run_in_thread, job).add_done_callback(lambda _: self.free.release())
        return accepted


class WorkerLoop:
    """Executes the runs of leased companies until its time is up, or until nothing has been due for a moment.

    `on_wakeup` is called whenever there may be something new, `periodic_jobs` twice a second; the jobs they return run
    in the pool of the companies. One of the loops that may stay does so though nothing is due, and queues another loop
    when its time is up. If it dies, one that still runs, or the next that starts, becomes the one that stays.
    """

    def __init__(
        self,
        periodic_jobs: Sequence[PeriodicJob] = (),
        seconds: float | None = None,
        *,
        on_wakeup: PeriodicJob | None = None,
        may_stay: bool = False,
    ) -> None:
        self.periodic_jobs = periodic_jobs
        self.on_wakeup = (on_wakeup,) if on_wakeup else ()
        self.may_stay = may_stay
        self.resident_heartbeat: datetime | None = None
        """The last heartbeat of the loop that stays; None if this loop does not."""
        self.deadline = time.monotonic() + (settings.WORKER_LOOP_SECONDS if seconds is None else seconds)
        self.leases: dict[int, CompanyLease] = {}
        self.helpers: WorkerPool | None = None
        self.futures: dict[Future[int], int | None] = {}
        self.last_heartbeat = self.next_period = float("-inf")
        self.last_work = time.monotonic()
        self.done = 0

    def run(self) -> int:
        """The number of runs executed and other jobs done; 0 if nothing was due."""
        with (
            self.renewing_leases(),
            thread_pool(HELPER_THREADS, "helper") as helpers,
            thread_pool(_COMPANY_THREADS, "company") as pool,
        ):
            self.helpers = HelperPool(self, helpers)
            try:
                self.execute(pool)
            finally:
                self.stop_staying()
                self.wait_for_all()
        if find_due_leases().exists():
            queue.wake()
        return self.done

    def execute(self, pool: Executor) -> None:
        """An error of the database ends neither the loop nor what its companies are doing."""
        while time.monotonic() < self.deadline:
            try:
                self.execute_until_idle(pool, Wakeup())
                return
            except Error:
                logger.exception("The worker loop could not use the database; trying again")
                connection.close()
                time.sleep(PERIOD_SECONDS)

    def execute_until_idle(self, pool: Executor, wakeup: Wakeup) -> None:
        while time.monotonic() < self.deadline:
            self.tick(pool)
            now = time.monotonic()
            if self.futures:
                self.last_work = now
            elif not self.resident_heartbeat and (
                not self.done or now - self.last_work > _IDLE_TIMEOUT_SECONDS
            ):
                return
            wakeup.wait(max(min(self.next_period, self.deadline) - now, 0.0))

    def stop_staying(self) -> None:
        """From now on another loop may be the one that stays, and one is queued."""
        self.may_stay = False
        if self.resident_heartbeat:
            Heartbeat.record(Heartbeat.WORKER_LOOP)
            Heartbeat.give_up(Heartbeat.QUEUE, self.resident_heartbeat)
            self.resident_heartbeat = None
            queue.enqueue_loop()

    def tick(self, pool: Executor) -> None:
        """What has become due starts at once, before the periodic jobs and the commit of the heartbeat."""
        self.collect_finished()
        self.run_jobs(self.on_wakeup, pool)
        self.take_leases(pool)
        if time.monotonic() >= self.next_period:
            self.next_period = time.monotonic() + PERIOD_SECONDS
            self.run_jobs(self.periodic_jobs, pool)
            self.take_leases(pool)
            self.record_heartbeat()

    def run_jobs(self, periodic_jobs: Sequence[PeriodicJob], pool: Executor) -> None:
        for periodic_job in periodic_jobs:
            for job in periodic_job():
                self.futures[pool.submit(_run_in_thread, job)] = None

    def record_heartbeat(self) -> None:
        if time.monotonic() - self.last_heartbeat > _HEARTBEAT_SECONDS:
            self.last_heartbeat = time.monotonic()
            if self.may_stay:
                self.resident_heartbeat = Heartbeat.hold(Heartbeat.QUEUE, self.resident_heartbeat)
            if not self.resident_heartbeat:
                Heartbeat.record(Heartbeat.WORKER_LOOP)

    def take_leases(self, pool: Executor) -> None:
        free_threads = _COMPANY_THREADS - len(self.futures)
        duration = timedelta(seconds=settings.LEASE_SECONDS)
        for lease in _due_leases.rows(timezone.now())[: max(free_threads, 0)]:
            if lease.pk not in self.leases and lease.take(timezone.now(), duration):
                self.leases[lease.pk] = lease
                self.futures[pool.submit(_run_in_thread, self.company_job(lease))] = lease.pk

    def company_job(self, lease: CompanyLease) -> Job:
        return lambda: run_company(lease, self.deadline, self.helpers)

    def collect_finished(self) -> None:
        for future in [future for future in self.futures if future.done()]:
            lease_pk = self.futures.pop(future)
            if lease_pk is not None:
                self.leases.pop(lease_pk)
            self.done += _result_of(future)

    def wait_for_all(self) -> None:
        """Companies stop by themselves at the deadline; runs that are in progress then are waited for."""
        while self.futures:
            self.record_heartbeat()
            self.collect_finished()
            time.sleep(_CHECK_SECONDS)

    @contextmanager
    def renewing_leases(self) -> Iterator[None]:
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
        """A renewal that fails is repeated by the next; a lease that expires meanwhile is protected by its fence."""
        held = [(lease.pk, lease.fence) for lease in list(self.leases.values())]
        try:
            CompanyLease.objects.renew(held, timezone.now() + duration)
        except DatabaseError:
            logger.exception("Leases could not be renewed")


def _result_of(future: Future[int]) -> int:
    """An exception of one company's job must not stop the others."""
    error = future.exception()
    if error is None:
        return future.result()
    logger.error("A job of the worker loop failed", exc_info=error)
    return 1


def _run_in_thread(job: Job) -> int:
    """Run a job. Its thread keeps its connection to the database for the next, unless that has become unusable."""
    try:
        return job()
    finally:
        close_old_connections()


@contextmanager
def thread_pool(threads: int, name: str) -> Iterator[Executor]:
    """A pool whose threads keep their database connections from job to job; they are closed at the end."""
    opened: list[BaseDatabaseWrapper] = []

    def keep_connection() -> None:
        connection = connections[DEFAULT_DB_ALIAS]
        connection.inc_thread_sharing()  # to be closed when the thread has ended
        opened.append(connection)

    try:
        with ThreadPoolExecutor(threads, name, keep_connection) as pool:
            yield pool
    finally:
        for each in opened:
            each.close()
