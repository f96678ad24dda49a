"""Execute one company's due runs: up to ten at once, of one Coperniq account only one, the oldest first."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from django.db.models import Case, Min, QuerySet, Subquery, Value, When
from django.db.models.functions import Concat
from django.utils import timezone

from integrations.errors import LeaseLost
from integrations.models import CompanyLease, Direction, Kind, QuickBooksConnection, SyncRun
from integrations.models.compiled import CompiledQuery
from integrations.sync.engine.context import ContextPool
from integrations.sync.engine.executor import run_once

logger = logging.getLogger(__name__)

MAX_CONCURRENT_RUNS = 10
"""As many calls as QuickBooks accepts of one company at the same time."""

BATCH_SIZE = 100
RECHECK_SECONDS = 0.25
_READY_VALID_SECONDS = 1.0

Key = tuple[int, str]


class WorkerPool(Protocol):
    """Threads that may help with a company beside its own thread."""

    def fair_share(self) -> int:
        """How many helpers one company may have at the moment. A helper above that number leaves after its run."""

    def submit(self, job: Callable[[], int]) -> bool:
        """False if no thread is free."""


def run_company(lease: CompanyLease, deadline: float, helpers: WorkerPool | None = None) -> int:
    """The number of runs executed. `deadline` is on the monotonic clock; the lease is released at the end.

    Without `helpers` the calling thread executes all runs, one after the other.
    """
    SyncRun.objects.recover(lease.company_id, lease.fence)
    return CompanyScheduler(lease, deadline, helpers).run()


class CompanyScheduler:
    """Schedules the runs of one leased company on its own thread and on helpers.

    The keys of a run are busy from its selection to its end. Only the oldest due run of each Coperniq account is
    known at a time; what follows it is read when it has ended, since its end may have changed that.
    """

    def __init__(self, lease: CompanyLease, deadline: float, pool: WorkerPool | None = None) -> None:
        self.lease = lease
        self.deadline = deadline
        self._pool = pool
        self.executed = 0
        self._changed = threading.Condition()
        self._contexts: dict[int, ContextPool] = {}
        self._ready: list[SyncRun] = []
        self._busy: dict[int, set[Key]] = {}
        self._helpers = 0
        self._is_loaded = False
        self._ready_until = 0.0
        self._is_watched = False
        self._released = False
        self._failure: BaseException | None = None

    def run(self) -> int:
        """The company's own thread: executes runs until nothing is left. Raises what a helper raised."""
        try:
            while not self._is_over():
                self._execute_runs()
                self._release_or_wait()
        except LeaseLost:
            logger.warning("The lease of company %s was taken by another worker", self.lease.company_id)
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._wait_for_running()
            for contexts in self._contexts.values():
                contexts.close()
            self._notify_waiting()
        if self._failure is not None:
            raise self._failure
        if not self._released:
            self.lease.release()
        return self.executed

    def run_helper(self) -> int:
        """The job of a helper: executes runs while there are any. What it raises, the company's own thread raises.

        If no other run is known to be due, it waits before it looks: a company with a single run needs no second thread.
        """
        try:
            if self._ready or self._wait_as_helper():
                self._execute_runs(helping=True)
            while self._wait_as_helper():
                self._execute_runs(helping=True)
        except LeaseLost:
            return 0
        except BaseException as error:
            self._failure = error
            raise
        finally:
            with self._changed:
                self._helpers -= 1
                self._changed.notify_all()
        return 0

    def _execute_runs(self, *, helping: bool = False) -> None:
        executed = False
        while run := self._next_run(helping=helping):
            executed = True
            try:
                with self._contexts_of(run).context() as ctx:
                    run.connection = ctx.connection
                    run_once(ctx, run)
            finally:
                self._run_ended(run)
        if executed:
            self._notify_waiting()

    def _notify_waiting(self) -> None:
        """A thread whose run has ended looks for the next itself; the others are notified when it has found none."""
        with self._changed:
            self._changed.notify_all()

    def _next_run(self, *, helping: bool) -> SyncRun | None:
        with self._changed:
            if self._is_over() or (helping and self._helpers > self._max_helpers()):
                return None
            run = self._pick() if time.monotonic() < self._ready_until else None
            if run is None:
                self._load_ready()
                run = self._pick()
            if run is not None:
                self._request_helper()
            return run

    def _load_ready(self) -> None:
        """Read the due runs with the notify count, which must not be newer than they are: else one could be missed."""
        self._is_loaded = True
        before = self.lease.notify_count
        self._ready = [] if self.lease.is_paused else next_runs(self.lease)
        if self._ready:
            self.lease.take_over_count(vars(self._ready[0])["lease_notify_count"])
        else:
            self.lease.refresh()
            if self.lease.notify_count != before and not self.lease.is_paused:
                self._ready = next_runs(self.lease)
        self._ready_until = time.monotonic() + _READY_VALID_SECONDS

    def _pick(self) -> SyncRun | None:
        run = next((run for run in self._ready if self._is_free(run)), None)
        if run is not None:
            self._ready.remove(run)
            self._busy[run.pk] = _conflict_keys(run)
        return run

    def _is_free(self, run: SyncRun) -> bool:
        keys = _conflict_keys(run)
        return not any(keys & busy for busy in self._busy.values())

    def _max_helpers(self) -> int:
        return min(self._pool.fair_share(), MAX_CONCURRENT_RUNS - 1) if self._pool else 0

    def _request_helper(self) -> None:
        """One at a time, each requests the next. There is always one, which looks for new work while others are busy."""
        others = any(self._is_free(run) for run in self._ready)
        if others and self._is_watched:
            self._changed.notify_all()
            return
        wanted = not self._helpers or others
        if (
            self._pool
            and wanted
            and self._helpers < self._max_helpers()
            and self._pool.submit(self.run_helper)
        ):
            self._helpers += 1

    def _contexts_of(self, run: SyncRun) -> ContextPool:
        with self._changed:
            if run.connection_id not in self._contexts:
                rows = QuickBooksConnection.objects.select_related("company__coperniq")
                self._contexts[run.connection_id] = ContextPool(self.lease, rows.get(pk=run.connection_id))
            return self._contexts[run.connection_id]

    def _run_ended(self, run: SyncRun) -> None:
        with self._changed:
            ended = self._busy.pop(run.pk) | {_account_key(run)}  # it may have learned its account meanwhile
            self.executed += 1
            self._is_loaded = False
            # The runs known of this account were read before its end.
            ready = [other for other in self._ready if _account_key(other) not in ended]
            self._ready = [] if self.lease.is_paused else ready

    def _is_over(self) -> bool:
        ended = self._released or self.lease.is_lost or self._failure is not None
        return ended or time.monotonic() >= self.deadline

    def _wait_as_helper(self) -> bool:
        """One idle thread stays to look for new work, since the others may be busy for long; the rest leave."""
        with self._changed:
            if self._is_watched or not self._busy or self._is_over() or self._helpers > self._max_helpers():
                return False
            self._wait_for_change()
            return True

    def _wait_for_change(self) -> None:
        self._is_watched = True
        self._changed.wait(RECHECK_SECONDS)
        self._is_watched = False

    def _release_or_wait(self) -> None:
        """Release the lease only if nothing runs and nothing has ended since the due runs were last read."""
        with self._changed:
            if self._busy:
                self._wait_for_change()
            elif self._is_loaded and not self._is_over():
                self._released = self.lease.release_if_idle()

    def _wait_for_running(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._busy)


def next_runs(lease: CompanyLease) -> list[SyncRun]:
    """The oldest due run of each account, the oldest first: a customer is requested before its job.

    What somebody has just done comes before the records of a batch.

    Each has the lease's notify count as `lease_notify_count`, None if the lease is lost.
    """
    return _next_runs.rows(timezone.now(), lease.company_id, lease.pk, lease.fence)


def _build_next_runs(now: datetime, company_id: int, lease_pk: int, fence: int) -> QuerySet[SyncRun]:
    pulled = When(
        coperniq_account_id="", direction="pull", then=Concat("kind", Value(":QuickBooks:"), "quickbooks_id")
    )
    pushed = When(coperniq_account_id="", then=Concat("kind", Value(":"), "coperniq_id"))
    own = Case(pulled, pushed, default=Value(""))
    due = SyncRun.objects.due(now).filter(company_id=company_id)
    accounts = due.annotate(own=own).values("connection_id", "coperniq_account_id", "own")
    later = Case(When(batch__isnull=False, event__isnull=True, then=1), default=0)
    ordered = accounts.annotate(first=Min("id"), later=Min(later)).order_by("later", "first")
    firsts = ordered.values("first")[:BATCH_SIZE]
    owned = CompanyLease.objects.filter(pk=lease_pk, fence=fence).values("notify_count")
    found = SyncRun.objects.filter(pk__in=firsts).annotate(lease_notify_count=Subquery(owned))
    return found.order_by(later, "id")


_next_runs = CompiledQuery(_build_next_runs)


def _account_key(run: SyncRun) -> Key:
    """A record whose account is not known yet counts as an account of its own."""
    pulled = run.direction == Direction.PULL
    own = f"QuickBooks:{run.quickbooks_id}" if pulled else run.coperniq_id
    return run.connection_id, run.coperniq_account_id or f"{run.kind}:{own}"


def _conflict_keys(run: SyncRun) -> set[Key]:
    """Runs that share a key take turns. Names are shared across accounts, so customers take turns among themselves."""
    account = _account_key(run)
    return {account, (run.connection_id, "every customer")} if run.kind == Kind.CUSTOMER else {account}
