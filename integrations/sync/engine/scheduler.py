"""Execute one company's due runs: up to ten at once, of one Coperniq account only one, the oldest first."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from django.db.models import Case, Min, QuerySet, Value, When
from django.db.models.functions import Concat
from django.utils import timezone

from integrations.errors import LeaseLost
from integrations.models import CompanyLease, Direction, Kind, SyncRun
from integrations.sync.engine.context import ContextPool
from integrations.sync.engine.executor import run_once

logger = logging.getLogger(__name__)

MAX_CONCURRENT_RUNS = 10
"""What QuickBooks takes of one company at the same time."""

BATCH_SIZE = 100
RECHECK_SECONDS = 0.25
_READY_VALID_SECONDS = 1.0

Key = tuple[int, str]


class WorkerPool(Protocol):
    """Who lends a lease more hands than its own."""

    def share(self) -> int:
        """How many one lease may have at the moment. Who is one too many leaves after its run."""

    def hire(self, errand: Callable[[], int]) -> bool:
        """False when nobody is free."""


def run_company(lease: CompanyLease, deadline: float, crew: WorkerPool | None = None) -> int:
    """How many runs were executed. `deadline` is on the monotonic clock; the lease is given back at the end.

    Without a crew everything is done by the calling thread, one run after the other.
    """
    SyncRun.objects.recover(lease.company_id, lease.fence)
    return CompanyScheduler(lease, deadline, crew).lead()


class CompanyScheduler:
    """One driving of a lease by one leading thread and its helpers: whose turn it is, and when it is over.

    A run's keys are busy from its picking to its end. Of each account only the oldest due run is known at a time, and
    what comes after it is looked up when it has ended: its end may have changed that.
    """

    def __init__(self, lease: CompanyLease, deadline: float, crew: WorkerPool | None = None) -> None:
        self.lease = lease
        self.deadline = deadline
        self._crew = crew
        self.executed = 0
        self._changed = threading.Condition()
        self._rooms: dict[int, ContextPool] = {}
        self._ready: list[SyncRun] = []
        self._busy: set[Key] = set()
        self._running = 0
        self._helpers = 0
        self._looked = False
        self._known_until = 0.0
        self._watching = False
        self._closed = False
        self._failure: BaseException | None = None

    def lead(self) -> int:
        try:
            while not self._is_over():
                self._work()
                self._end_or_wait()
        except LeaseLost:
            logger.warning("CompanyLease of company %s was taken over", self.lease.company_id)
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._wait_for_the_others()
            for room in self._rooms.values():
                room.close()
        return self._leave()

    def _leave(self) -> int:
        if self._failure is not None:
            raise self._failure
        if not self._closed:
            self.lease.release()
        return self.executed

    def help(self) -> int:
        """Errand of a hired thread: does what there is, and leaves. What it falls over the leader tells."""
        try:
            self._work(helping=True)
            while self._watch():
                self._work(helping=True)
        except LeaseLost:
            return 0
        except BaseException as error:
            self._failure = error
            raise
        finally:
            with self._changed:
                self._helpers -= 1
        return 0

    def _work(self, *, helping: bool = False) -> None:
        while run := self._next(helping=helping):
            try:
                with self._room(run).context() as ctx:
                    run_once(ctx, run)
            finally:
                self._ended(run)

    def _next(self, *, helping: bool) -> SyncRun | None:
        with self._changed:
            if self._is_over() or (helping and self._helpers > self._share()):
                return None
            run = self._pick() if time.monotonic() < self._known_until else None
            if run is None:
                self._look()
                run = self._pick()
            if run is not None:
                self._call_for_help()
            return run

    def _look(self) -> None:
        """Note how often the lease was nudged, then look for work: in this order no nudge is missed."""
        self._looked = True
        self.lease.look()
        self._ready = [] if self.lease.is_paused else list(first_runs(self.lease))
        self._known_until = time.monotonic() + _READY_VALID_SECONDS

    def _pick(self) -> SyncRun | None:
        run = next((run for run in self._ready if not _conflict_keys(run) & self._busy), None)
        if run is not None:
            self._ready.remove(run)
            self._busy |= _conflict_keys(run)
            self._running += 1
        return run

    def _share(self) -> int:
        return min(self._crew.share(), MAX_CONCURRENT_RUNS - 1) if self._crew else 0

    def _call_for_help(self) -> None:
        """One at a time: who comes calls the next. Somebody is called in any case, to watch while we are busy."""
        wanted = not self._helpers or any(not _conflict_keys(run) & self._busy for run in self._ready)
        if self._crew and wanted and self._helpers < self._share() and self._crew.hire(self.help):
            self._helpers += 1

    def _room(self, run: SyncRun) -> ContextPool:
        with self._changed:
            if run.connection_id not in self._rooms:
                self._rooms[run.connection_id] = ContextPool(self.lease, run.connection)
            return self._rooms[run.connection_id]

    def _ended(self, run: SyncRun) -> None:
        with self._changed:
            self._busy -= _conflict_keys(run)
            self._running -= 1
            self.executed += 1
            self._looked = False
            # What was known of this account is from before its end.
            ready = [other for other in self._ready if _account_key(other) != _account_key(run)]
            self._ready = [] if self.lease.is_paused else ready
            self._changed.notify_all()

    def _is_over(self) -> bool:
        lost = self._closed or self.lease.is_lost or self._failure is not None
        return lost or time.monotonic() >= self.deadline

    def _watch(self) -> bool:
        """One of those with nothing to do looks out for work, as the others may be busy for long."""
        with self._changed:
            if self._watching or not self._running or self._is_over() or self._helpers > self._share():
                return False
            self._wait_a_moment()
            return True

    def _wait_a_moment(self) -> None:
        self._watching = True
        self._changed.wait(RECHECK_SECONDS)
        self._watching = False

    def _end_or_wait(self) -> None:
        """The lease is given back only when nothing runs and nothing has ended since we last looked."""
        with self._changed:
            if self._running:
                self._wait_a_moment()
            elif self._looked and not self._is_over():
                self._closed = self.lease.release_if_idle()

    def _wait_for_the_others(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._running)


def due_runs(lease: CompanyLease) -> QuerySet[SyncRun]:
    return SyncRun.objects.due(timezone.now()).filter(company_id=lease.company_id)


def next_run(lease: CompanyLease) -> SyncRun | None:
    """The oldest due run: a customer was asked for before its job."""
    return due_runs(lease).select_related("connection__company__coperniq").order_by("id").first()


def first_runs(lease: CompanyLease) -> QuerySet[SyncRun]:
    """The oldest due run of each account, the oldest first."""
    pulled = When(
        coperniq_account_id="", direction="pull", then=Concat("kind", Value(":QuickBooks:"), "quickbooks_id")
    )
    pushed = When(coperniq_account_id="", then=Concat("kind", Value(":"), "coperniq_id"))
    own = Case(pulled, pushed, default=Value(""))
    accounts = due_runs(lease).annotate(own=own).values("connection_id", "coperniq_account_id", "own")
    firsts = accounts.annotate(first=Min("id")).order_by("first").values("first")[:BATCH_SIZE]
    rows = SyncRun.objects.filter(pk__in=firsts).select_related("connection__company__coperniq")
    return rows.order_by("id")


def _account_key(run: SyncRun) -> Key:
    """A record whose account is not known yet is taken for an account of its own."""
    pulled = run.direction == Direction.PULL
    own = f"QuickBooks:{run.quickbooks_id}" if pulled else run.coperniq_id
    return run.connection_id, run.coperniq_account_id or f"{run.kind}:{own}"


def _conflict_keys(run: SyncRun) -> set[Key]:
    """Runs that share a key take turns. Names are shared across accounts, so customers take turns among themselves."""
    account = _account_key(run)
    return {account, (run.connection_id, "every customer")} if run.kind == Kind.CUSTOMER else {account}
