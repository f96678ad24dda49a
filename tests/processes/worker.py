"""The portal's worker as a process of its own: started, stopped, and killed without a goodbye."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 90
HASTY = {
    "COPERNIQ_POLL_SECONDS": "1",
    "RETRY_PAUSES": ",".join(["1"] * 60),
    "LEASE_SECONDS": "3",
    "VENDOR_TIMEOUT_SECONDS": "2",
    "WORKER_STALL_SECONDS": "6",
    "LOG_LEVEL": "WARNING",
}
"""Settings with which a minute of life takes seconds."""


class Worker:
    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> None:
        self.process = launch(self.folder, {**self.environment, **environment}, "manage.py", "worker")

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """The whole process group, and whatever dies with it: no goodbye, no clean-up."""
        assert self.process is not None
        children = descendants(self.pid)
        os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        eventually(lambda: not any(is_alive(pid) for pid in children), "the queue's processes die too")

    def stop(self) -> None:
        if self.process is not None and self.is_running:
            self.process.terminate()
            self.process.wait(60)


def launch(folder: Path, environment: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    with (folder / "processes.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, *arguments],
            env=environment,
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def eventually(what: Callable[[], Any], why: str) -> Any:
    """Waits for a truth, never for a time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"never happened: {why}")


def descendants(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        listed = Path(f"/proc/{parent}/task/{parent}/children")
        found += [int(child) for child in listed.read_text().split()] if listed.exists() else []
    return found[1:]


def is_alive(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
