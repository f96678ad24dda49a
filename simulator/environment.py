"""What both simulated vendors share: one lock, the clocks, the switches, the faults that wait, the log of requests."""

from __future__ import annotations

import threading

from simulator.access_log import AccessLog
from simulator.clock import Clock
from simulator.faults import Faults
from simulator.switches import Setting, defaults


class Environment:
    """Its parts are replaced on reset: reach them through the environment when they are needed, and keep none."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.start()

    def start(self) -> None:
        self.clock = Clock()
        self.switches: dict[str, Setting] = defaults()
        self.faults = Faults()
        self.access = AccessLog()
