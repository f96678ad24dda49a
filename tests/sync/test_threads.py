"""Ten runs of a company at once, one of an account; and nothing done twice because two looked at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.errors import LeaseLost
from integrations.models import CallCount, CompanyLease, RemoteWrite, RunState, SyncRun
from integrations.models.leases import LONG_AGO
from integrations.sync.engine import scheduler as engine_scheduler
from integrations.sync.engine.context import ContextPool, SyncContext, lock_for
from integrations.sync.engine.executor import _resolve_write
from integrations.sync.engine.recovery import find_open_writes
from integrations.sync.engine.scheduler import (
    BATCH_SIZE,
    MAX_CONCURRENT_RUNS,
    RECHECK_SECONDS,
    CompanyScheduler,
    next_runs,
    run_company,
)
from integrations.sync.engine.worker import HELPER_THREADS, HelperPool, WorkerLoop, find_due_leases
from tests.portal_harness import PortalHarness, execute_due, open_portal
from tests.processes.worker import eventually
from tests.simulation import Simulation
from tests.sync.customer_builders import LEASE, create_never_arrived

pytestmark = pytest.mark.every_database

PATIENCE_SECONDS = 20
SOON = 60.0

Execute = Callable[[SyncRun], None]


class Threads:
    """A pool of real threads, up to a limit."""

    def __init__(self, most: int = 30) -> None:
        self.most = most
        self.pool = ThreadPoolExecutor(30)
        self.submitted: list[Future[int]] = []

    def fair_share(self) -> int:
        return self.most

    def submit(self, job: Callable[[], int]) -> bool:
        self.submitted.append(self.pool.submit(self.at_home, job))
        return True

    def at_home(self, job: Callable[[], int]) -> int:
        try:
            return job()
        finally:
            connections.close_all()


@pytest.fixture
def helpers() -> Iterator[Threads]:
    threads = Threads()
    yield threads
    threads.pool.shutdown()


@pytest.fixture
def busy(transactional_db: None, simulator: Simulation) -> PortalHarness:
    return open_portal(simulator)


def ask(portal: PortalHarness, kind: str, id_: object, account: object = "") -> SyncRun:
    action = "notice_entry" if account == "" else f"push_{kind}"
    values = {"kind": kind, "action": action, "coperniq_id": str(id_), "coperniq_account_id": str(account)}
    return SyncRun.objects.request(SyncRun(company=portal.company, connection=portal.quickbooks, **values))


def taken(portal: PortalHarness) -> CompanyLease:
    lease = CompanyLease.objects.get(company=portal.company)
    assert lease.take(timezone.now(), LEASE)
    return lease


class Watch:
    """Stands in for the runner: notes who is at work with whom, and settles."""

    def __init__(self, execute: Execute = lambda run: None) -> None:
        self.execute = execute
        self.lock = threading.Lock()
        self.inside: list[SyncRun] = []
        self.order: list[str] = []
        self.together: set[frozenset[int]] = set()
        self.most = 0

    def __call__(self, ctx: SyncContext, run: SyncRun) -> None:
        assert run.claim(ctx.lease.fence)
        with self.lock:
            self.order.append(f"{run.kind} {run.coperniq_id}")
            self.together |= {frozenset({run.pk, other.pk}) for other in self.inside}
            self.inside.append(run)
            self.most = max(self.most, len(self.inside))
        try:
            self.execute(run)
            ctx.lease.assert_owned()
            assert run.settle(RunState.DONE, {})
        finally:
            with self.lock:
                self.inside.remove(run)

    def overlapped(self, one: SyncRun, other: SyncRun) -> bool:
        return frozenset({one.pk, other.pk}) in self.together


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watching = Watch()
    monkeypatch.setattr(engine_scheduler, "run_once", watching)
    return watching


def go(lease: CompanyLease, helpers: Threads) -> int:
    return run_company(lease, time.monotonic() + SOON, helpers)


def test_ten_accounts_are_worked_on_at_once_and_never_more(
    busy: PortalHarness, helpers: Threads, watch: Watch
) -> None:
    for account in range(3 * MAX_CONCURRENT_RUNS):
        ask(busy, "job", account, f"a{account}")
    meeting = threading.Barrier(MAX_CONCURRENT_RUNS)
    watch.execute = lambda run: waited(meeting)
    assert go(taken(busy), helpers) == 3 * MAX_CONCURRENT_RUNS
    assert watch.most == MAX_CONCURRENT_RUNS


def test_runs_of_one_account_follow_each_other_as_they_were_asked_for(
    busy: PortalHarness, helpers: Threads, watch: Watch
) -> None:
    kinds = ("customer", "job", "job", "job")
    runs = {
        account: [ask(busy, kind, f"{account}-{n}", account) for n, kind in enumerate(kinds)]
        for account in ("a", "b", "c")
    }
    go(taken(busy), helpers)
    for account, of_account in runs.items():
        wanted = [f"{run.kind} {run.coperniq_id}" for run in of_account]
        assert [name for name in watch.order if f" {account}-" in name] == wanted
        assert not any(watch.overlapped(one, other) for one in of_account for other in of_account)


def test_customers_take_turns_whatever_their_account(
    busy: PortalHarness, helpers: Threads, watch: Watch
) -> None:
    customers = [ask(busy, "customer", account, account) for account in ("a", "b", "c", "d")]
    go(taken(busy), helpers)
    assert watch.together == set()
    assert len(watch.order) == len(customers)


def test_runs_whose_account_is_not_known_yet_overlap(
    busy: PortalHarness, helpers: Threads, watch: Watch
) -> None:
    for project in range(4):
        ask(busy, "job", project)
    meeting = threading.Barrier(4)
    watch.execute = lambda run: waited(meeting)
    go(taken(busy), helpers)
    assert watch.most == 4


def test_a_run_that_learns_its_account_frees_what_it_had_taken_and_nothing_else(
    busy: PortalHarness, helpers: Threads, watch: Watch
) -> None:
    learning = ask(busy, "job", 1)
    first, second = (ask(busy, "job", n, "77") for n in (2, 3))
    begun, learned = threading.Event(), threading.Event()

    def learn(run: SyncRun) -> None:
        if run.pk == learning.pk:
            begun.wait(PATIENCE_SECONDS)
            run.coperniq_account_id = "77"
        elif run.pk == first.pk:
            begun.set()
            eventually(lambda: SyncRun.objects.get(pk=learning.pk).state == RunState.DONE, "it has ended")
            ask(busy, "job", 1)
            learned.wait(3 * RECHECK_SECONDS)
        elif run.coperniq_id == "1":
            learned.set()

    watch.execute = learn
    go(taken(busy), helpers)
    assert learned.is_set(), "the record is executed again at once"
    assert not watch.overlapped(first, second)


def waited(meeting: threading.Barrier) -> None:
    meeting.wait(PATIENCE_SECONDS)


def test_a_long_account_does_not_hide_the_others(portal: PortalHarness) -> None:
    for n in range(BATCH_SIZE + 1):
        ask(portal, "job", n, "big")
    small = ask(portal, "job", "x", "small")
    assert [run.pk for run in next_runs(CompanyLease.objects.get())][1:] == [small.pk]


def test_what_comes_while_others_run_is_not_left_behind(
    busy: PortalHarness, helpers: Threads, watch: Watch
) -> None:
    ask(busy, "job", 1, "a")

    def ask_more(run: SyncRun) -> None:
        if run.coperniq_id == "1":
            ask(busy, "job", 2, "b")

    watch.execute = ask_more
    assert go(taken(busy), helpers) == 2
    assert CompanyLease.objects.get().leased_until == LONG_AGO


def test_the_lease_is_kept_until_the_last_run_has_ended(
    busy: PortalHarness, helpers: Threads, watch: Watch
) -> None:
    """The leader has nothing to do any more while a helper is still at work."""
    leader = threading.get_ident()
    leases: list[bool] = []
    ask(busy, "job", 1, "a")
    ask(busy, "job", 2, "b")
    meeting = threading.Barrier(2)

    def slow_for_helpers(run: SyncRun) -> None:
        meeting.wait(PATIENCE_SECONDS)
        if threading.get_ident() != leader:
            time.sleep(3 * RECHECK_SECONDS)
            leases.append(CompanyLease.objects.get().leased_until > timezone.now())

    watch.execute = slow_for_helpers
    go(taken(busy), helpers)
    assert leases == [True]
    assert CompanyLease.objects.get().leased_until == LONG_AGO


def test_at_the_deadline_what_is_under_way_ends_and_the_rest_is_left(
    busy: PortalHarness, helpers: Threads, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for account in range(5):
        ask(busy, "job", account, f"a{account}")
    lease = taken(busy)
    scheduler = CompanyScheduler(lease, time.monotonic() + SOON, helpers)
    helpers.most = 1
    meeting = threading.Barrier(2)

    def late(run: SyncRun) -> None:
        meeting.wait(PATIENCE_SECONDS)
        scheduler.deadline = time.monotonic() - 1

    watch.execute = late
    assert scheduler.run() == 2
    assert CompanyLease.objects.get().leased_until == LONG_AGO
    assert find_due_leases().exists()


def test_a_lease_lost_in_one_thread_ends_it_in_all(
    busy: PortalHarness, helpers: Threads, watch: Watch
) -> None:
    for account in range(50):
        ask(busy, "job", account, f"a{account}")
    lease = taken(busy)
    meeting = threading.Barrier(MAX_CONCURRENT_RUNS)

    def lose(run: SyncRun) -> None:
        meeting.wait(PATIENCE_SECONDS)
        CompanyLease.objects.filter(fence=lease.fence).update(
            fence=F("fence") + 1, leased_until=timezone.now() + LEASE
        )
        raise_lost(lease)

    watch.execute = lose
    go(lease, helpers)
    assert len(watch.order) == MAX_CONCURRENT_RUNS
    assert CompanyLease.objects.get().leased_until > timezone.now(), "it is somebody else's"


def raise_lost(lease: CompanyLease) -> None:
    with pytest.raises(LeaseLost):
        lease.assert_owned()
    assert lease.is_lost


def test_a_lease_lost_is_noticed_when_work_is_looked_for(
    busy: PortalHarness, helpers: Threads, watch: Watch
) -> None:
    lease = taken(busy)
    CompanyLease.objects.update(fence=F("fence") + 1)
    ask(busy, "job", 1, "a")
    assert go(lease, helpers) == 0
    assert lease.is_lost


def test_a_pause_of_the_company_stops_its_other_runs_at_once(
    busy: PortalHarness, helpers: Threads, watch: Watch
) -> None:
    for account in range(50):
        ask(busy, "job", account, f"a{account}")
    lease = taken(busy)
    meeting = threading.Barrier(MAX_CONCURRENT_RUNS)

    def throttled(run: SyncRun) -> None:
        meeting.wait(PATIENCE_SECONDS)
        lease.pause(timezone.now() + timedelta(minutes=1))

    watch.execute = throttled
    go(lease, helpers)
    assert len(watch.order) == MAX_CONCURRENT_RUNS
    assert CompanyLease.objects.get().leased_until == LONG_AGO
    assert not find_due_leases().exists()


@pytest.mark.parametrize("who", ["leader", "helper"])
def test_a_database_that_is_away_for_one_thread_ends_the_driving(
    busy: PortalHarness, helpers: Threads, watch: Watch, who: str
) -> None:
    leader = threading.get_ident()
    for account in range(40):
        ask(busy, "job", account, f"a{account}")
    meeting = threading.Barrier(MAX_CONCURRENT_RUNS)
    first = iter(range(MAX_CONCURRENT_RUNS))

    def away(run: SyncRun) -> None:
        if next(first, None) is not None:
            meeting.wait(PATIENCE_SECONDS)
        if (threading.get_ident() == leader) == (who == "leader"):
            raise OperationalError("database is locked")

    watch.execute = away
    with pytest.raises(OperationalError):
        go(taken(busy), helpers)
    assert CompanyLease.objects.get().leased_until > timezone.now(), "found again when its lease is over"


def test_who_is_one_too_many_leaves_after_its_run(
    busy: PortalHarness, helpers: Threads, watch: Watch
) -> None:
    for account in range(MAX_CONCURRENT_RUNS + 5):
        ask(busy, "job", account, f"a{account}")
    meeting = threading.Barrier(MAX_CONCURRENT_RUNS, action=lambda: setattr(helpers, "most", 0))
    first = iter(range(MAX_CONCURRENT_RUNS))

    def meet(run: SyncRun) -> None:
        if next(first, None) is not None:
            meeting.wait(PATIENCE_SECONDS)

    watch.execute = meet
    assert go(taken(busy), helpers) == MAX_CONCURRENT_RUNS + 5
    assert len(helpers.submitted) == MAX_CONCURRENT_RUNS - 1


def test_helpers_are_shared_among_companies_and_bounded() -> None:
    loop = WorkerLoop()
    with ThreadPoolExecutor(HELPER_THREADS) as pool:
        helpers = HelperPool(loop, pool)
        assert helpers.fair_share() == HELPER_THREADS
        loop.leases = {n: CompanyLease() for n in range(4)}
        assert helpers.fair_share() == HELPER_THREADS // 4
        released = threading.Event()
        assert all(
            helpers.submit(lambda: int(released.wait(PATIENCE_SECONDS))) for _ in range(HELPER_THREADS)
        )
        assert not helpers.submit(lambda: 0)
        released.set()


def test_many_clients_entering_at_once_are_pushed_as_one_by_one(busy: PortalHarness) -> None:
    names = [f"Client {n}" for n in range(5)]
    for name in names:
        busy.enter(busy.project(busy.account(name), f"{name}'s roof"))
    execute_due()
    assert sorted(row["DisplayName"] for row in busy.customers(Job=False)) == sorted(names)
    assert len(busy.customers(Job=True)) == len(names)
    assert len(busy.quickbooks_calls(write=True)) == 2 * len(names)
    assert set(SyncRun.objects.values_list("state", flat=True)) == {"done"}


def test_clients_of_one_name_entering_at_once_are_not_made_twice(busy: PortalHarness) -> None:
    for n in range(3):
        busy.enter(busy.project(busy.account("John Smith"), f"Roof {n}"))
    execute_due()
    assert len(busy.customers(Job=False)) == 1
    assert SyncRun.objects.held().filter(kind="customer", cause="match_already_linked").count() == 2


# What two threads of a lease could both do


def test_a_siblings_create_under_way_is_left_to_it(portal: PortalHarness) -> None:
    create_never_arrived(portal)
    lease = taken(portal)
    mine = ask(portal, "customer", "another", "another")
    ctx = SyncContext(lease, portal.quickbooks)
    write = RemoteWrite.objects.open().get()
    assert list(find_open_writes(ctx, mine)) == [write]
    sibling = SyncRun.objects.get(writes=write)
    SyncRun.objects.ignore_pauses()
    assert sibling.claim(lease.fence)
    assert list(find_open_writes(ctx, mine)) == []
    SyncRun.objects.filter(pk=sibling.pk).update(fence=lease.fence - 1)
    assert list(find_open_writes(ctx, mine)) == [write], "of an owner that is gone"


def test_a_write_somebody_settled_meanwhile_is_not_settled_again(portal: PortalHarness) -> None:
    create_never_arrived(portal)
    lease = taken(portal)
    write = RemoteWrite.objects.open().get()
    RemoteWrite.objects.update(state=RemoteWrite.State.ANSWERED)
    portal.simulator.forget_log()
    run = SyncRun.objects.get(writes=write)
    assert not _resolve_write(SyncContext(lease, portal.quickbooks), run, write)
    assert portal.quickbooks_calls() == []


def test_what_is_shared_is_locked_by_name_for_all_contexts_of_a_connection(portal: PortalHarness) -> None:
    lease = CompanyLease.objects.get()
    one, other = SyncContext(lease, portal.quickbooks), SyncContext(lease, portal.quickbooks)
    assert one.locked("items") is other.locked("items") is lock_for(portal.quickbooks.pk, "items")
    with one.locked("items"), one.locked("items"), other.locked("methods"):
        pass


def test_only_one_thread_at_a_time_has_a_lock(portal: PortalHarness) -> None:
    ctx = SyncContext(CompanyLease.objects.get(), portal.quickbooks)
    made: list[str] = []

    def make() -> None:
        with ctx.locked("account"):
            if not made:
                time.sleep(0.01)
                made.append("account")

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ["account"]


def test_contexts_of_a_connection_are_used_again_and_see_new_settings(portal: PortalHarness) -> None:
    pool = ContextPool(CompanyLease.objects.get(), portal.quickbooks)
    with pool.context() as ctx, pool.context() as another:
        assert ctx is not another
        assert ctx.settings.matching_strategy == "enrich"
        assert ctx.meter is another.meter
    portal.quickbooks.settings.matching_strategy = "skip"
    portal.quickbooks.settings.save()
    with pool.context() as again:
        assert again in (ctx, another)
        assert again.settings.matching_strategy == "skip"
    pool.close()


def test_calls_are_counted_now_and_then_while_a_lease_is_driven_and_at_its_end(portal: PortalHarness) -> None:
    pool = ContextPool(CompanyLease.objects.get(), portal.quickbooks)
    with pool.context() as ctx:
        ctx.quickbooks.read_preferences()
        ctx.meter.flush()
        assert not CallCount.objects.exists()
        ctx.meter.every = 0.0
        ctx.meter.flush()
        assert CallCount.objects.get().reads == 1
        ctx.quickbooks.read_preferences()
        ctx.meter.every = 60.0
    pool.close()
    assert CallCount.objects.get().reads == 2


def kept(ctx: SyncContext, project: dict[str, Any]) -> bool:
    ctx.coperniq.read_project = None  # type: ignore[method-assign, assignment]
    try:
        return ctx.recent_project(str(project["id"])) is not None
    except TypeError:
        return False


def test_a_project_noticed_by_one_thread_is_not_read_again_by_another(portal: PortalHarness) -> None:
    pool = ContextPool(CompanyLease.objects.get(), portal.quickbooks)
    project, other = (portal.project(portal.account(name)) for name in ("John", "Ann"))
    with pool.context() as ctx, pool.context() as another:
        ctx.RECENT_SECONDS = 0.0
        ctx.read_project(str(other["id"]))
        ctx.RECENT_SECONDS = 60.0
        ctx.read_project(str(project["id"]))
        assert kept(another, project)
        assert not kept(another, project), "used up"
        assert not kept(another, other), "too long ago"


def test_a_run_costs_its_lease_no_query_of_its_own(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left is: recovering, two looks at the lease with two queries each, giving it back."""
    monkeypatch.setattr(
        engine_scheduler, "run_once", lambda _, run: SyncRun.objects.filter(pk=run.pk).update(state="done")
    )
    for account in range(20):
        ask(portal, "job", account, f"a{account}")
    lease = taken(portal)
    with CaptureQueriesContext(connection) as queries:
        assert run_company(lease, time.monotonic() + SOON) == 20
    assert len(queries) == 20 + 6


def test_work_that_comes_while_everybody_is_busy_for_long_does_not_wait(
    busy: PortalHarness, helpers: Threads, watch: Watch
) -> None:
    done = threading.Event()
    ask(busy, "job", 1, "a")

    def long(run: SyncRun) -> None:
        if run.coperniq_id == "2":
            done.set()
        else:
            ask(busy, "job", 2, "b")
            assert done.wait(PATIENCE_SECONDS), "the other run is not waited for"

    watch.execute = long
    assert go(taken(busy), helpers) == 2
