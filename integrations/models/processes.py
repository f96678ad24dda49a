"""Which process holds something, so that what a killed one held need not wait for its lease to run out."""

import os
import socket
from pathlib import Path

HOST = socket.gethostname()


def this_process() -> str:
    return f"{HOST}:{os.getpid()}"


def is_dead(driver: str) -> bool:
    """Surely dead: a process of this machine that is no more. Of other machines nothing is known."""
    host, _, pid = driver.rpartition(":")
    return host == HOST and pid.isdigit() and not Path("/proc", pid).exists()
