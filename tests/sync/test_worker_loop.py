"""One worker loop, many leases: each has one owner at a time, is released, and is taken over when its owner is dead."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone
from django_q.models import OrmQ

from integrations import queue, tasks
from integrations.errors import LeaseLost
from integrations.models import CompanyLease, Heartbeat, Question, RunState, SyncRun
from integrations.models.leases import LONG_AGO
from integrations.models.processes import HOST
from integrations.sync.engine import worker as engine_worker
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.executor import run_once
from integrations.sync.engine.scheduler import run_company
from integrations.sync.engine.worker import Job, PeriodicJob, WorkerLoop, find_due_leases, thread_pool
from tests.factories import record_answer
from tests.portal_harness import PortalHarness, execute_due, open_portal
from tests.processes.worker import eventually
from tests.simulation import Simulation

pytestmark = pytest.mark.every_database

LEASE = timedelta(seconds=15)


@pytest.mark.django_db(transaction=True)
def test_a_loop_does_everything_there_is_to_do(simulator: Simulation) -> None:
    offices = [open_portal(simulator), open_portal(simulator, "northgate", "another-key")]
    first = offices[0]
    first.enter(first.project(first.account()))
    assert execute_due() > 0
    assert len(first.customers()) == 2
    assert Heartbeat.latest(Heartbeat.WORKER_LOOP)
    assert not find_due_leases().exists()
    assert not CompanyLease.objects.filter(leased_until__gt=timezone.now()).exists()


@pytest.mark.django_db(transaction=True)
def test_a_loop_that_woke_for_nothing_ends_at_once(simulator: Simulation) -> None:
    assert WorkerLoop().run() == 0


@pytest.mark.django_db(transaction=True)
def test_work_that_comes_while_it_runs_is_done_too(simulator: Simulation) -> None:
    portal = open_portal(simulator)
    first, second = (portal.project(portal.account(name)) for name in ("John", "Mary"))
    portal.enter(first)
    arrived: list[bool] = []

    def late() -> list[Job]:
        if not arrived and len(portal.customers()) == 2:
            arrived.append(True)
            portal.enter(second)
        return []

    WorkerLoop(periodic_jobs=(late, tasks.route_events)).run()
    assert len(portal.customers()) == 4


@pytest.mark.django_db(transaction=True)
def test_periodic_work_that_fails_stops_nobody(
    simulator: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    portal = open_portal(simulator)
    portal.enter(portal.project(portal.account()))
    failing = [lambda: 1 // 0]
    with caplog.at_level(logging.CRITICAL, logger="integrations.sync.engine.worker"):
        WorkerLoop(periodic_jobs=(lambda: [failing.pop()] if failing else [], tasks.route_events)).run()
    assert len(portal.customers()) == 2


@pytest.mark.django_db(transaction=True)
def test_leases_are_renewed_while_a_vendor_is_slow(simulator: Simulation, settings: Any) -> None:
    settings.LEASE_SECONDS = 1
    portal = open_portal(simulator)
    simulator.fault("slow", vendor="coperniq", path="/projects/", seconds=2, times=1)
    portal.enter(portal.project(portal.account()))
    WorkerLoop(periodic_jobs=(tasks.route_events,)).run()
    assert len(portal.customers()) == 2
    assert SyncRun.objects.get(action="notice_entry").attempts == 1


@pytest.mark.django_db(transaction=True)
def test_a_loop_whose_time_is_up_leaves_the_rest_to_the_next(simulator: Simulation) -> None:
    portal = open_portal(simulator)
    for name in ("John", "Mary", "Ann"):
        portal.enter(portal.project(portal.account(name)))
    simulator.fault("slow", vendor="coperniq", path="/projects/", seconds=1, times=0)
    WorkerLoop(periodic_jobs=(tasks.route_events,), seconds=0.5).run()
    assert find_due_leases().exists()
    simulator.control("faults", method="DELETE")
    execute_due()
    assert len(portal.customers()) == 6


@pytest.mark.django_db(transaction=True)
def test_the_threads_of_a_loop_that_fails_leave_no_connection_open() -> None:
    used: list[BaseDatabaseWrapper] = []

    def use_database() -> int:
        CompanyLease.objects.exists()
        used.append(connections[DEFAULT_DB_ALIAS])
        return 1

    def fail() -> Sequence[Job]:
        if used:
            raise RuntimeError
        return [use_database]

    with pytest.raises(RuntimeError):
        WorkerLoop(on_wakeup=fail).run()
    assert used
    assert all(each.connection is None for each in used)


def test_a_lease_is_driven_by_one_at_a_time(portal: PortalHarness) -> None:
    lease, same = CompanyLease.objects.get(), CompanyLease.objects.get()
    assert lease.take(timezone.now(), LEASE)
    assert not same.take(timezone.now(), LEASE)
    assert not find_due_leases().exists()


def test_a_wake_up_while_the_lease_is_given_back_is_not_lost(portal: PortalHarness) -> None:
    lease = CompanyLease.objects.get()
    lease.take(timezone.now(), LEASE)
    lease.refresh()
    CompanyLease.notify(portal.company.pk)
    assert not lease.release_if_idle()
    lease.refresh()
    assert lease.release_if_idle()


def test_a_lease_taken_over_may_write_nothing_more(portal: PortalHarness) -> None:
    portal.enter(portal.project(portal.account()))
    portal.work_once()
    lease = CompanyLease.objects.get()
    lease.take(timezone.now() - timedelta(minutes=5), LEASE)
    run = SyncRun.objects.get(action="push_customer")
    other = CompanyLease.objects.get()
    assert other.take(timezone.now(), LEASE)
    with pytest.raises(LeaseLost):
        lease.assert_owned()
    portal.simulator.forget_log()
    run_once(SyncContext(lease, run.connection), run)
    assert portal.quickbooks_calls(write=True) == []
    run.refresh_from_db()
    assert run.state == RunState.RUNNING, "left to the new owner"
    run_company(other, time.monotonic() + 20)
    assert len(portal.customers()) == 2


def test_a_settled_run_that_somebody_else_took_is_rolled_back(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.enter(portal.project(portal.account()))
    monkeypatch.setattr(SyncRun, "settle", lambda *_: False)
    portal.work_once()
    assert portal.log() == []


def test_the_leases_of_dead_processes_are_free_at_once(portal: PortalHarness) -> None:
    lease = CompanyLease.objects.get()
    lease.take(timezone.now(), LEASE)
    assert CompanyLease.objects.release_dead_owners() == 0, "this very process is alive"
    CompanyLease.objects.update(owner=f"{HOST}:999999999")
    assert CompanyLease.objects.release_dead_owners() == 1
    CompanyLease.objects.update(owner="another-machine:1", leased_until=timezone.now() + LEASE)
    assert CompanyLease.objects.release_dead_owners() == 0, "of other machines nothing is known"


def test_what_a_dead_owner_left_running_is_taken_up(portal: PortalHarness) -> None:
    portal.enter(portal.project(portal.account()))
    portal.work_once()
    SyncRun.objects.filter(action="push_customer").update(state=RunState.RUNNING, fence=0)
    assert find_due_leases().exists()
    portal.work()
    assert len(portal.customers()) == 2


def test_a_lease_is_remembered_by_its_driver(portal: PortalHarness) -> None:
    lease = CompanyLease.objects.get()
    lease.take(timezone.now(), LEASE)
    assert lease.owner == f"{HOST}:{os.getpid()}"
    lease.release()
    assert CompanyLease.objects.get().leased_until == LONG_AGO


def test_a_run_asked_for_while_it_runs_is_executed_once_more(portal: PortalHarness) -> None:
    """Of its answers, those about what was shown hold for the next execution too; the others were for this one."""
    portal.enter(portal.project(portal.account()))
    portal.work_once()
    run = SyncRun.objects.get(action="push_customer")
    record_answer(run, Question.PREVIEW, "release", "of this very plan")
    record_answer(run, Question.REENTRY, "release", "of this very entry")
    record_answer(run, Question.CUSTOMER, "create")
    lease = CompanyLease.objects.get()
    lease.take(timezone.now(), LEASE)
    assert run.claim(lease.fence)
    assert not run.claim(lease.fence), "claimed already"
    SyncRun.objects.request(
        SyncRun(
            **{
                name: getattr(run, name)
                for name in ("company", "connection", "action", "kind", "coperniq_id")
            }
        )
    )
    assert run.settle(RunState.DONE, {})
    run.refresh_from_db()
    assert (run.state, run.finished_at) == (RunState.QUEUED, None)
    assert set(run.decisions) == {Question.PREVIEW, Question.REENTRY}


def test_a_run_somebody_else_claimed_is_left_alone(portal: PortalHarness) -> None:
    portal.enter(portal.project(portal.account()))
    portal.work_once()
    run = SyncRun.objects.get(action="push_customer")
    SyncRun.objects.filter(pk=run.pk).update(state=RunState.DONE)
    lease = CompanyLease.objects.get()
    lease.take(timezone.now(), LEASE)
    run_once(SyncContext(lease, run.connection), run)
    assert portal.customers() == []


def test_a_store_that_loses_the_race_asks_the_winner(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> SyncRun:
        return SyncRun(
            company=portal.company,
            connection=portal.quickbooks,
            action="push_job",
            kind="job",
            coperniq_id="1",
        )

    winner = SyncRun.objects.request(run())
    queryset = type(SyncRun.objects.all())
    found = queryset._request_open
    blind = iter([True, False])
    monkeypatch.setattr(
        queryset, "_request_open", lambda rows, new: None if next(blind) else found(rows, new)
    )
    assert SyncRun.objects.request(run()).pk == winner.pk


@pytest.mark.django_db(transaction=True)
def test_a_loop_that_stays_waits_for_work_and_queues_another(
    simulator: Simulation, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that comes while it waits is acted upon long before it would look by itself."""
    settings.WORKER_LOOP_SECONDS = 8
    monkeypatch.setattr(engine_worker, "PERIOD_SECONDS", 60)
    portal = open_portal(simulator)
    project = portal.project(portal.account())
    with thread_pool(1, "loop") as pool:
        loop = pool.submit(tasks.run_worker_loop)
        eventually(loop_stays, "the loop has looked once")
        portal.enter(project)
        assert not OrmQ.objects.exists(), "no other loop is started"
        eventually(lambda: len(portal.customers()) == 2, "it has acted on the event")
        assert loop.result() > 0
    assert len(portal.customers()) == 2
    assert OrmQ.objects.count() == 1


def loop_stays() -> bool:
    return Heartbeat.is_recent(Heartbeat.QUEUE)


@pytest.mark.django_db(transaction=True)
def test_of_several_loops_one_stays(settings: Any) -> None:
    settings.WORKER_LOOP_SECONDS = 3
    with thread_pool(3, "loop") as pool:
        loops = [pool.submit(tasks.run_worker_loop) for _ in range(3)]
        eventually(lambda: sum(loop.done() for loop in loops) == 2, "two have ended")
        assert loop_stays()
    assert OrmQ.objects.count() == 1, "it has queued the next"
    assert not loop_stays()


@pytest.mark.django_db(transaction=True)
def test_a_running_loop_becomes_the_one_that_stays_if_that_has_died() -> None:
    Heartbeat.record(Heartbeat.QUEUE)
    last = Heartbeat.latest(Heartbeat.QUEUE)
    with thread_pool(1, "loop") as pool, slow_call() as call:
        loop = pool.submit(staying(4, call).run)
        eventually(lambda: Heartbeat.latest(Heartbeat.QUEUE) != last, "it stays instead of the dead one")
        assert not loop.done()


def staying(seconds: float, on_wakeup: PeriodicJob = lambda: ()) -> WorkerLoop:
    return WorkerLoop(seconds=seconds, on_wakeup=on_wakeup, may_stay=True)


@contextmanager
def slow_call() -> Iterator[PeriodicJob]:
    """One job, which lasts until the end of the block."""
    ended = threading.Event()
    jobs: list[Job] = [lambda: int(ended.wait(60))]
    try:
        yield lambda: [jobs.pop()] if jobs else []
    finally:
        ended.set()


@pytest.mark.django_db(transaction=True)
def test_a_loop_that_waits_for_its_last_calls_lets_another_stay() -> None:
    """It does not listen any more."""
    with thread_pool(2, "loop") as pool, slow_call() as call:
        loop = pool.submit(staying(0.5, call).run)
        eventually(OrmQ.objects.exists, "its time is up")
        pool.submit(staying(3).run)
        eventually(loop_stays, "the next stays")
        assert not loop.done()
        assert Heartbeat.is_recent(Heartbeat.WORKER_LOOP), "nobody takes the waiting loop for dead"


@pytest.mark.django_db(transaction=True)
def test_a_loop_in_a_full_queue_is_the_next_to_stay(settings: Any) -> None:
    settings.WORKER_LOOP_SECONDS = 1
    for _ in range(100):
        queue.enqueue_loop()
    staying(0.5).run()
    assert not loop_stays()
    with thread_pool(1, "loop") as pool:
        pool.submit(tasks.run_worker_loop)
        eventually(loop_stays, "the next stays")


@pytest.mark.django_db(transaction=True)
def test_an_error_of_the_database_does_not_end_the_loop(
    simulator: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    portal = open_portal(simulator)
    portal.enter(portal.project(portal.account()))
    errors = [OperationalError("database is locked")]

    def route() -> Sequence[Job]:
        if errors:
            raise errors.pop()
        return tasks.route_events()

    with caplog.at_level(logging.CRITICAL, logger="integrations.sync.engine.worker"):
        assert WorkerLoop(on_wakeup=route).run() > 0
    assert len(portal.customers()) == 2


@pytest.mark.django_db(transaction=True)
def test_a_loop_that_fails_leaves_its_place_to_another() -> None:
    looks = iter(range(3))

    def fail() -> Sequence[Job]:
        if next(looks) == 2:
            raise RuntimeError
        return ()

    with pytest.raises(RuntimeError):
        staying(20, fail).run()
    assert not loop_stays()
    assert OrmQ.objects.count() == 1


def test_a_loop_whose_heart_has_stopped_is_replaced(db: None) -> None:
    Heartbeat.objects.create(name=Heartbeat.QUEUE, beat_at=timezone.now() - timedelta(seconds=5))
    queue.wake()
    assert OrmQ.objects.count() == 1


def test_an_owner_that_was_woken_looks_again_before_it_leaves(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = CompanyLease.objects.get()
    lease.take(timezone.now(), LEASE)
    release_if_idle = CompanyLease.release_if_idle
    woken: list[bool] = []

    def woken_once(self: CompanyLease) -> bool:
        if not woken:
            woken.append(True)
            portal.enter(portal.project(portal.account()))
            tasks.route_events()
        return release_if_idle(self)

    monkeypatch.setattr(CompanyLease, "release_if_idle", woken_once)
    run_company(lease, time.monotonic() + 20)
    assert len(portal.customers()) == 2


@pytest.mark.django_db(transaction=True)
def test_a_lease_another_pump_was_faster_to_take_is_left_to_it(
    simulator: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = open_portal(simulator)
    portal.enter(portal.project(portal.account()))
    take = CompanyLease.take
    refused: list[CompanyLease] = []

    def faster(self: CompanyLease, now: datetime, duration: timedelta) -> bool:
        if not refused:
            refused.append(self)
            return False
        return take(self, now, duration)

    monkeypatch.setattr(CompanyLease, "take", faster)
    WorkerLoop(periodic_jobs=(tasks.route_events,)).run()
    assert portal.customers() == []
    execute_due()
    assert len(portal.customers()) == 2
