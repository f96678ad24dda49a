"""Random histories of both sides while the portal's worker is killed with SIGKILL: equal, once, calm, or asked."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from integrations.models import CoperniqConnection, Owner, QuickBooksConnection, SyncSettings
from simulator.serving import listen
from tests.portal_harness import open_portal
from tests.processes.worker import HASTY, Worker, eventually
from tests.sampling import seeds
from tests.sync.histories import Step
from tests.sync.in_process import InProcess, Time
from tests.sync.two_way_checks import check, check_calm
from tests.sync.two_way_histories import TwoWays, die, open_two_ways
from tests.sync.two_way_steps import SWITCHES, TwoWayChance
from tests.sync.two_way_writes import check_writes

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

STEPS, STEPS_TO_A_KILL, KILLS = 50, 10, 5
CLOCKS = (300, -300, 0)
"""Seconds by which QuickBooks' clock is ahead, history by history."""
OWNERS = (Owner.COPERNIQ, Owner.QUICKBOOKS)
"""In a life as short as this every other conflict would be for a person to decide."""


class OnAPort(InProcess):
    """The simulator of this process, to which the portal's processes speak over sockets."""

    @contextmanager
    def listening(self) -> Iterator[None]:
        server = listen(self.app, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            with mock.patch.object(self.world.webhooks, "quickbooks_changed", self.hear):
                yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class Hurry(Time):
    """The real one: people wait a little between their steps, and never for long."""

    def __init__(self) -> None:
        super().__init__()
        self.is_over = False

    def go_on(self, by: timedelta) -> None:
        if self.is_over:
            super().go_on(by)
        else:
            time.sleep(min(by.total_seconds() / 10, 1))
            self.moment = datetime.now(UTC)


@dataclass
class Alive(TwoWays):
    """The worker goes on by itself meanwhile; nobody waits for it."""

    worker: Worker | None = None
    kills: int = 0

    def poll(self) -> None:
        if self.worker is None:
            super().poll()
        else:
            CoperniqConnection.objects.update(next_poll_at=timezone.now())

    def look(self) -> None:
        if self.worker is None:
            super().look()
        else:
            QuickBooksConnection.objects.update(next_changes_at=timezone.now())

    def turn(self, *, polls: bool = False) -> None:
        if self.worker is None:
            super().turn(polls=polls)

    def crash(self, after: int) -> str:
        """While an applied write waits for its answer, where there is one to be made; else at any moment."""
        assert self.worker is not None
        vendor = "quickbooks" if after % 2 else "coperniq"
        self.simulator.fault("hang", vendor, method="POST", times=1, seconds=20)
        hangs = self.is_hanging(patience=after / 7)
        self.worker.kill()
        self.simulator.control("faults", method="DELETE")
        self.kills += 1
        self.start()
        return "in the middle of a write" if hangs else "at some moment"

    def is_hanging(self, patience: float) -> bool:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self.simulator.log()[-1:] and self.simulator.log()[-1]["fault"] == "hang":
                return True
            time.sleep(0.05)
        return False

    def start(self) -> None:
        assert self.worker is not None
        seen = len(self.simulator.log())
        self.worker.start()
        eventually(lambda: len(self.simulator.log()) > seen, "the worker is at work again")

    def end(self) -> None:
        """The last worker dies as well, and another process tidies up."""
        assert self.worker is not None
        assert isinstance(self.time, Hurry)
        self.worker.kill()
        self.kills += 1
        self.worker = None
        self.time.is_over = True
        die()


def database_url() -> str:
    """Of this process's tests, which the worker works for."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    parts = urlsplit(os.environ["DATABASE_URL"])
    # By hand, because urlunsplit drops the empty host that a unix socket has.
    return f"{parts.scheme}://{parts.netloc}/{name}" + (f"?{parts.query}" if parts.query else "")


@pytest.fixture
def listening_simulator(settings: Settings) -> Iterator[OnAPort]:
    built = OnAPort()
    with built.listening():
        for name, value in built.settings().items():
            setattr(settings, name, value)
        yield built


@pytest.fixture
def worker(listening_simulator: OnAPort, tmp_path: Path) -> Iterator[Worker]:
    more = {"DATABASE_URL": database_url(), "QUICKBOOKS_CDC_SECONDS": "2"}
    found = Worker(tmp_path, {**os.environ, **HASTY, **listening_simulator.settings(), **more})
    yield found
    if found.is_running:
        found.kill()


def steps_of(chance: TwoWayChance) -> list[Step]:
    """A kill every tenth step, whatever else goes wrong."""
    steps = [step for step in chance.history(STEPS) if step[0] != "crash"]
    for place in range(STEPS_TO_A_KILL, STEPS_TO_A_KILL * KILLS, STEPS_TO_A_KILL):
        steps.insert(place, ("crash", *chance.of_crash()))
    return steps


@pytest.mark.parametrize("seed", seeds(3, "KILLED_HISTORIES", handful=1))
def test_both_sides_agree_whenever_the_worker_is_killed(
    listening_simulator: OnAPort, worker: Worker, seed: int
) -> None:
    chance, hurry = TwoWayChance(seed), Hurry()
    chosen = {name: chance.choice(values) for name, values in SWITCHES.items()}
    portal = open_portal(listening_simulator, custom_txn_numbers=chance.random() < 0.5)
    history = open_two_ways(portal, hurry, CLOCKS[seed % len(CLOCKS)], Alive, **chosen)
    history.harness.configure(owners={name: chance.choice(OWNERS) for name in SyncSettings.OWNED})
    history.worker = worker
    try:
        history.start()
        for step in steps_of(chance):
            history.play(step)
        history.end()
        with hurry.everywhere():
            history.settle_down()
            assert history.kills == KILLS
            log = listening_simulator.log(write=True)
            check(history)
            check_calm(history)
            check_writes(history, log)
    except BaseException:
        sys.stdout.write(f"seed {seed}, switches {chosen}\n{history.chronicle()}\n")
        raise
