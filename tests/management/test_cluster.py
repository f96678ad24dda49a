"""The queue's processes are started, stopped and killed as one group."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django_q.models import OrmQ

from integrations.management import cluster as module
from integrations.management.cluster import Cluster, die_with_parent, run_cluster

OBEDIENT = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the cluster starts instead of django-q."""
    chosen = [OBEDIENT]
    real = subprocess.Popen

    def start(_: list[str], **options: Any) -> subprocess.Popen[bytes]:
        process = real([sys.executable, "-c", chosen[0]], stdout=subprocess.PIPE, **options)
        if chosen[0] == DEAF and process.stdout is not None:
            process.stdout.readline()
        return process

    monkeypatch.setattr(subprocess, "Popen", start)
    return chosen  # type: ignore[return-value]  # a list, not a generator: nothing to tear down


def close(cluster: Cluster) -> None:
    if cluster.process is not None and cluster.process.stdout is not None:
        cluster.process.stdout.close()


@pytest.mark.django_db
def test_it_starts_with_an_empty_queue_and_a_group_of_its_own(program: list[str]) -> None:
    OrmQ.objects.create(key="portal", payload="left over")
    cluster = Cluster()
    assert not cluster.was_started
    cluster.start()
    try:
        assert cluster.process is not None
        assert OrmQ.objects.count() == 0
        assert cluster.is_running()
        assert os.getpgid(cluster.process.pid) == cluster.process.pid
        assert cluster.age < 60
    finally:
        cluster.kill()
        close(cluster)
    assert not cluster.is_running()


@pytest.mark.django_db
@pytest.mark.parametrize("text", [OBEDIENT, DEAF])
def test_stopping_ends_in_any_case(program: list[str], text: str) -> None:
    program[0] = text
    cluster = Cluster()
    cluster.start()
    cluster.stop(0.5)
    assert not cluster.is_running()
    close(cluster)


def test_what_was_never_started_is_stopped_easily() -> None:
    Cluster().stop(1)
    Cluster().kill()


def test_a_child_whose_supervisor_is_gone_already_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(module, "die_with_parent", lambda: None)
    monkeypatch.setattr(module, "call_command", begun.append)
    monkeypatch.setattr(os, "register_at_fork", lambda **_: None)
    run_cluster(supervisor=-1)
    assert begun == []
    run_cluster(supervisor=os.getppid())
    assert begun == ["qcluster"]


def test_a_child_dies_with_its_parent() -> None:
    """Asked of the kernel: the signal a child would get."""
    script = (
        "import ctypes, django; django.setup();"
        "from integrations.management.cluster import die_with_parent; die_with_parent();"
        "held = ctypes.c_int(); ctypes.CDLL(None).prctl(2, ctypes.byref(held)); print(held.value)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment()
    )
    assert done.stdout.strip() == "9"
    assert callable(die_with_parent)


def environment() -> dict[str, str]:
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
