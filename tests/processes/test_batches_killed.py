"""A batch whose worker is killed again and again: nothing twice, nothing lost, and then nothing to do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.processes.process_stack import ProcessStack, Tenant
from tests.processes.worker import eventually

pytestmark = pytest.mark.processes

PROJECTS = 8


def batch(mine: Tenant, *arguments: str) -> Any:
    return mine.house.manage("batch", "--company", mine.slug, *arguments)


def state(mine: Tenant) -> str:
    return str(batch(mine, "status")["batches"][0]["state"])


def has_written(mine: Tenant, least: int) -> bool:
    return mine.writes() >= least


@pytest.mark.soak
def test_a_batch_goes_on_where_its_worker_was_killed(
    house: ProcessStack, tenant: Callable[..., Tenant]
) -> None:
    mine = tenant()
    for number in range(PROJECTS):
        mine.enter(mine.project(f"Name{number} Smith", number + 1), "Billing")
    assert mine.sync() == 0
    assert mine.books() == []
    slow = {"vendor": "coperniq", "fault": "slow", "times": 3, "seconds": 1}
    house.simulator.control("faults", slow)
    batch(mine, "look", "selection=projects")
    house.worker.kill()
    house.worker.start()
    eventually(lambda: state(mine) == "ready", "the records were looked at")
    assert mine.writes() == 0
    batch(mine, "start")
    for wanted in (1, 5, 9):
        eventually(partial(has_written, mine, wanted), "something is written")
        house.worker.kill()
        house.worker.start()
    eventually(lambda: state(mine) == "done", "the batch is done")
    assert len(mine.jobs()) == PROJECTS
    assert len(mine.books()) == 2 * PROJECTS
    assert batch(mine, "status")["batches"][0]["progress"]["done"] == PROJECTS
    writes = mine.writes()
    batch(mine, "look", "selection=projects")
    eventually(lambda: state(mine) == "ready", "the records were looked at again")
    assert batch(mine, "status")["batches"][0]["found"] == {"job": {"linked": PROJECTS}}
    assert house.run("batch", "--company", mine.slug, "start").returncode == 1
    assert mine.writes() == writes
