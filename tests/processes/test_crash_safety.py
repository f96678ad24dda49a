"""Real processes, killed with SIGKILL at the worst moments: the books end up as if nothing had happened."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable

import psycopg
import pytest

from tests.processes.process_stack import ProcessStack, Tenant
from tests.processes.worker import descendants, eventually
from tests.sampling import thinned

pytestmark = pytest.mark.processes

PEOPLE = ("John Smith", "Mary Jones", "Ann Lee")


def live_through(mine: Tenant) -> None:
    for number, title in enumerate(PEOPLE, 1):
        mine.enter(mine.project(title, number))


def undisturbed(tenant: Callable[..., Tenant]) -> list[str]:
    mine = tenant()
    live_through(mine)
    assert mine.sync() == 0
    return mine.books()


def assert_quiet(mine: Tenant) -> None:
    """Everything looked at once more, and not one write."""
    writes = mine.writes()
    assert mine.sync() == 0
    assert mine.writes() == writes


def applied_without_answer(house: ProcessStack, mine: Tenant) -> bool:
    calls = house.simulator.log("quickbooks", write=True)
    return any(call["realm"] == mine.realm and call["status"] == 0 and call["applied"] for call in calls)


@pytest.mark.parametrize("after_writes", thinned([1, 0, 3], 3))
def test_killed_while_an_applied_write_waits_for_its_answer(
    house: ProcessStack, tenant: Callable[..., Tenant], after_writes: int
) -> None:
    wanted = undisturbed(tenant)
    mine = tenant()
    fault = {"vendor": "quickbooks", "fault": "hang", "method": "POST", "path": f"{mine.realm}/customer"}
    house.simulator.control("faults", fault | {"times": 1, "seconds": 20, "skip": after_writes})
    live_through(mine)
    eventually(lambda: applied_without_answer(house, mine), "the write is applied and the answer withheld")
    house.worker.kill()
    house.simulator.control("faults", method="DELETE")
    house.worker.start()
    assert mine.sync() == 0
    assert mine.books() == wanted
    assert_quiet(mine)


@pytest.mark.soak
def test_every_webhook_twice_and_in_reverse_order(house: ProcessStack, tenant: Callable[..., Tenant]) -> None:
    wanted = undisturbed(tenant)
    mine = tenant()
    for fault in ("duplicate", "reverse"):
        house.simulator.control("webhooks/faults", {"vendor": "coperniq", "fault": fault, "times": 0})
    live_through(mine)
    house.simulator.control("webhooks/flush", {})
    assert mine.sync() == 0
    assert mine.books() == wanted
    assert_quiet(mine)


@pytest.mark.soak
@pytest.mark.parametrize("which", ["busy", "idle"])
def test_a_killed_queue_process_does_not_stop_the_work(
    house: ProcessStack, tenant: Callable[..., Tenant], which: str
) -> None:
    mine = tenant()
    if which == "busy":
        fault = {"vendor": "quickbooks", "fault": "slow", "path": mine.realm, "times": 2, "seconds": 1}
        house.simulator.control("faults", fault)
        mine.enter(mine.project("First One", 9))
        eventually(lambda: [c for c in house.simulator.log("quickbooks") if c["realm"] == mine.realm], "busy")
    for pid in queue_processes(house):
        os.kill(pid, signal.SIGKILL)
    live_through(mine)
    eventually(lambda: len(mine.jobs()) == len(PEOPLE) + (which == "busy"), "the work goes on")
    assert mine.sync() == 0
    assert_quiet(mine)


def queue_processes(house: ProcessStack) -> list[int]:
    """django-q's children: pusher, monitor and workers, of which one holds the queue's lock."""
    return descendants(house.worker.pid)[2:]


@pytest.mark.soak
def test_an_emptied_queue_loses_nothing(house: ProcessStack, tenant: Callable[..., Tenant]) -> None:
    mine = tenant()
    house.worker.kill()
    live_through(mine)
    empty_the_queue(house.database_url)
    house.worker.start()
    eventually(lambda: len(mine.jobs()) == len(PEOPLE), "the clock finds the work")


def empty_the_queue(database_url: str) -> None:
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=20) as connection:
            connection.execute("DELETE FROM django_q_ormq")
    else:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("DELETE FROM django_q_ormq")


@pytest.mark.soak
def test_the_queue_dies_with_its_supervisor(house: ProcessStack, tenant: Callable[..., Tenant]) -> None:
    house.worker.kill()
    house.worker.start()
    mine = tenant()
    mine.enter(mine.project("John Smith", 1))
    assert mine.sync() == 0
