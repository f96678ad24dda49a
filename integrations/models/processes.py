"""Which process holds something, so that what a killed process held is free before its lease expires."""

import os
import socket
from pathlib import Path

HOST = socket.gethostname()


def this_process() -> str:
    return f"{HOST}:{os.getpid()}"


def is_dead(owner: str) -> bool:
    """True if the process was on this machine and has ended. Nothing is known of other machines."""
    host, _, pid = owner.rpartition(":")
    return host == HOST and pid.isdigit() and not Path("/proc", pid).exists()
