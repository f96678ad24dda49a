"""What a tree of processes uses, read from /proc: seconds of processor, and memory."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from tests.processes.worker import descendants

TICKS = os.sysconf("SC_CLK_TCK")
LOOK_EVERY_SECONDS = 1.0


def cpu_seconds(pid: int) -> float:
    """User and system time, with that of children it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(ticks) for ticks in fields[11:15]) / TICKS


def memory_mb(pid: int) -> tuple[float, float]:
    """Proportional and resident: pages shared by forked processes count once in the first, every time in the second."""
    try:
        rolled = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0.0, 0.0
    sizes = {line.split()[0]: int(line.split()[1]) / 1024 for line in rolled[1:]}
    return sizes.get("Pss:", 0.0), sizes.get("Rss:", 0.0)


class Usage:
    """Of one process and all below it, from `begin` to `end`."""

    def __init__(self, root: int) -> None:
        self.root = root
        self.stopped = threading.Event()
        self.seen: dict[int, tuple[float, float]] = {}
        self.pss_mb = self.rss_mb = 0.0
        self.watcher = threading.Thread(target=self._watch, daemon=True)

    def begin(self) -> None:
        self._look()
        self.watcher.start()

    def end(self) -> None:
        self.stopped.set()
        self.watcher.join()
        self._look()

    @property
    def cpu_seconds(self) -> float:
        return sum(last - first for first, last in self.seen.values())

    def _watch(self) -> None:
        while not self.stopped.wait(LOOK_EVERY_SECONDS):
            self._look()

    def _look(self) -> None:
        pids = [self.root, *descendants(self.root)]
        for pid in pids:
            now = cpu_seconds(pid)
            first, last = self.seen.get(pid, (now, now))
            self.seen[pid] = (first, max(now, last))
        sizes = [memory_mb(pid) for pid in pids]
        self.pss_mb = max(self.pss_mb, sum(pss for pss, _ in sizes))
        self.rss_mb = max(self.rss_mb, sum(rss for _, rss in sizes))
