"""The supervisor finds work that nobody was woken for, and a queue that stands."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_q.models import OrmQ

from integrations import queue
from integrations.management.cluster import Cluster
from integrations.management.supervisor import Supervisor, is_anything_due, queue_silence
from integrations.models import CoperniqConnection, Heartbeat, QuickBooksConnection
from integrations.sync.ingest.router import route_pending_events
from tests.portal_harness import PortalHarness

pytestmark = pytest.mark.every_database


class FakeCluster(Cluster):
    """Counts what the supervisor does with the queue's processes."""

    def __init__(self, *, running: bool = True, age: float = 1000.0) -> None:
        super().__init__()
        self.done: list[str] = []
        self.running, self.how_old = running, age

    @property
    def age(self) -> float:
        return self.how_old

    @property
    def was_started(self) -> bool:
        return self.how_old > 0

    def is_running(self) -> bool:
        return self.running

    def start(self) -> None:
        self.done.append("start")

    def kill(self) -> None:
        self.done.append("kill")


def queue_was_alive(seconds_ago: float, name: str = Heartbeat.QUEUE) -> None:
    Heartbeat.objects.update_or_create(
        name=name, defaults={"beat_at": timezone.now() - timedelta(seconds=seconds_ago)}
    )


def queued() -> int:
    return int(OrmQ.objects.count())


@pytest.mark.django_db
def test_a_queue_that_moves_is_left_alone() -> None:
    queue_was_alive(0)
    cluster = FakeCluster()
    Supervisor(cluster).tick()
    assert (cluster.done, queued()) == ([], 0)
    assert Heartbeat.latest(Heartbeat.SUPERVISOR)


@pytest.mark.django_db
def test_a_queue_where_no_loop_stays_is_sent_one() -> None:
    queue_was_alive(60)
    queue_was_alive(1, Heartbeat.WORKER_LOOP)
    cluster = FakeCluster()
    Supervisor(cluster).tick()
    assert (cluster.done, queued()) == ([], 1)


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "done"), [(1000, ["kill", "start"]), (1, [])])
def test_a_queue_that_stands_is_killed_unless_it_has_only_begun(age: float, done: list[str]) -> None:
    queue_was_alive(100)
    cluster = FakeCluster(age=age)
    Supervisor(cluster).tick()
    assert cluster.done == done


@pytest.mark.django_db
@pytest.mark.parametrize("age", [0, 100])
def test_processes_that_ended_are_started_again(age: float, caplog: pytest.LogCaptureFixture) -> None:
    cluster = FakeCluster(running=False, age=age)
    Supervisor(cluster).tick()
    assert cluster.done == ["start"]
    assert ("starting them again" in caplog.text) == (age > 0)


@pytest.mark.django_db
def test_housekeeping_is_not_done_at_every_tick() -> None:
    queue_was_alive(100)
    cluster = FakeCluster()
    supervisor = Supervisor(cluster)
    supervisor.tick()
    supervisor.tick()
    assert cluster.done == ["kill", "start"]


@pytest.mark.django_db
def test_a_queue_never_heard_is_silent_for_ever() -> None:
    assert queue_silence() == timedelta.max


def test_events_runs_and_polls_are_work(portal: PortalHarness) -> None:
    queue_was_alive(0)
    in_an_hour = timezone.now() + timedelta(hours=1)
    CoperniqConnection.objects.update(next_poll_at=in_an_hour)
    assert is_anything_due(), "the look at what changed in QuickBooks"
    QuickBooksConnection.objects.update(next_changes_at=in_an_hour)
    assert not is_anything_due()
    project = portal.project(portal.account())
    portal.enter(project)
    OrmQ.objects.all().delete()
    queue._next_check = float("-inf")
    assert is_anything_due(), "an event nobody planned"
    Supervisor(FakeCluster()).tick()
    assert queued() == 1
    route_pending_events()
    assert is_anything_due(), "a run nobody took"
    portal.work()
    assert is_anything_due(), "the poll that the webhook made due"
    portal.work(polls=True)
    CoperniqConnection.objects.update(next_poll_at=timezone.now() + timedelta(hours=1))
    assert not is_anything_due()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_told_once_and_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor = Supervisor(FakeCluster())
    gone = OperationalError("gone")

    def away() -> None:
        raise gone

    monkeypatch.setattr(supervisor, "check", away)
    with caplog.at_level(logging.ERROR):
        supervisor.tick()
        supervisor.tick()
    assert caplog.text.count("The database does not answer") == 1
    monkeypatch.undo()
    supervisor.tick()
    assert not supervisor.database_is_away
