from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import override_settings
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from integrations import queue
from integrations.connections import rate_limiter
from integrations.sync.ingest import events as ingest_events
from integrations.sync.ingest.events import DeferredUpdates
from tests.portal_harness import PortalHarness, open_portal
from tests.sampling import take_turns
from tests.simulation import Simulation
from tests.sync.in_process import InProcess

# How long an example takes is the machine's affair. What a check has passed it passes again; to look for more:
# HYPOTHESIS_PROFILE=curious.
hypothesis_settings.register_profile("patient", deadline=None, derandomize=True)
hypothesis_settings.register_profile("curious", deadline=None, max_examples=1000)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "patient"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> None:
    """SQLite on a file, as in life: its in-memory sort has other locks, and threads would see another database."""
    database = django_settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / f"{worker_id}.sqlite3")
        pragmas = database["OPTIONS"]["init_command"]
        database["OPTIONS"]["init_command"] = pragmas.replace("synchronous=FULL", "synchronous=OFF")
    else:
        database["TEST"]["NAME"] = f"test_portal_{worker_id}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Histories take turns by their numbers: where time is up, each kind has had its share."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        has_threads = marker is not None and marker.kwargs.get("transaction")
        if has_threads or item.get_closest_marker("processes") or item.get_closest_marker("history"):
            item.add_marker("every_database")
    take_turns(items)
    items.sort(key=seed_of)


def seed_of(item: pytest.Item) -> int:
    called = getattr(item, "callspec", None)
    return int(called.params["seed"]) if called and item.get_closest_marker("history") else -1


UNTIL = float(os.environ.get("TESTS_UNTIL", "inf"))
"""When no other test may begin, in seconds since 1970."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    if time.time() > UNTIL:
        pytest.skip("the time is up")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    played: dict[str, list[int]] = {}
    for report in (
        report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])
    ):
        if found := re.fullmatch(r".*/test_(\w*histories)\.py::(\w+)\[(\d+)\]", report.nodeid):
            played.setdefault(f"{found[1]}: {found[2]}", []).append(int(found[3]))
    for name, numbers in sorted(played.items()):
        terminalreporter.write_line(f"{name}, seeds {' '.join(map(str, sorted(numbers)))}")


class OneHouse(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Each test goes to whichever core is free; those that start processes come first, in two rows of their own.

    A row shares what it has started: portal, worker and simulator, or a web server.
    This is what `xdist_group` is for, but pytest 9.2 does not see the names that pytest-xdist 3.8 gives to groups.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(
            ("tests/test_stored", "tests/processes/test_stalled", "tests/processes/test_demo")
        ):
            return "web servers"
        return "workers" if nodeid.startswith("tests/processes/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneHouse:
    return OneHouse(config, log)


class OpenGate:
    """Admits every call, as tests are faster than QuickBooks allows; test_rate_limiter.py tests the real one."""

    max_wait_seconds = 0.0

    def enter(self, max_wait: float) -> bool:
        return True

    def leave(self, status: int) -> None:
        pass

    def keep_slots(self) -> None:
        pass

    def release_slots(self) -> None:
        pass


@pytest.fixture(autouse=True)
def open_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limiter, "rate_limiter_for", lambda *_: OpenGate())
    monkeypatch.setattr(queue, "_next_check", float("-inf"))  # what was known of another database


@pytest.fixture(scope="session", autouse=True)
def quick_settings() -> Iterator[None]:
    """A password is slow to check on purpose, and each client would list all static files; processes still do both."""
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=hashers, WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture(autouse=True)
def no_spacing_of_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counters and stamps are written with each request, and nothing is left over for the next test."""
    monkeypatch.setattr(ingest_events, "_deferred", DeferredUpdates(spacing_seconds=0))


@pytest.fixture(scope="session")
def simulator_in_process() -> InProcess:
    return InProcess()


@pytest.fixture
def simulator(simulator_in_process: InProcess, settings: Settings) -> Iterator[Simulation]:
    """Empty, and the portal connected to it."""
    simulator_in_process.reset()
    for name, value in simulator_in_process.settings().items():
        setattr(settings, name, value)
    with simulator_in_process.connected():
        yield simulator_in_process


@pytest.fixture
def portal(db: None, simulator: Simulation) -> PortalHarness:
    """A company connected on both sides, with one trigger."""
    return open_portal(simulator)


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Traffic of the real vendors; each folder carries its licence."""
    return Path(__file__).parent / "recorded"
