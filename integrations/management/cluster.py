"""django-q2's cluster as a process group of its own, which ends with the process that started it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time

from django.conf import settings
from django.core.management import call_command
from django_q.models import OrmQ

PR_SET_PDEATHSIG = 1


class Cluster:
    """Started, killed and stopped as a whole, so that no single process of it can go on working."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0

    def start(self) -> None:
        """Delete the tasks of the last process group, which stay locked for minutes; the supervisor finds what is due."""
        OrmQ.objects.all().delete()
        manage = str(settings.BASE_DIR / "manage.py")
        command = [sys.executable, manage, "worker", "--cluster-of", str(os.getpid())]
        self.process = subprocess.Popen(command, start_new_session=True)
        self.started_at = time.monotonic()

    @property
    def age(self) -> float:
        return time.monotonic() - self.started_at

    @property
    def was_started(self) -> bool:
        return self.process is not None

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def stop(self, grace_seconds: float) -> None:
        """Let runs in progress end; what has not ended after `grace_seconds` is killed and recovered later."""
        if self.process is None:
            return
        self._signal(signal.SIGTERM, whole_group=False)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(grace_seconds)
        self.kill()

    def _signal(self, number: signal.Signals, *, whole_group: bool = True) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if whole_group else os.kill)(self.process.pid, number)


def run_cluster(supervisor: int) -> None:
    """Be the cluster of `supervisor`. Every process that is forked here ends with its parent."""
    die_with_parent()
    if os.getppid() != supervisor:
        return
    os.register_at_fork(after_in_child=die_with_parent)
    call_command("qcluster")


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
