"""Everything the simulated vendors know, behind one lock."""

from __future__ import annotations

import threading
from typing import Any

from simulator.access import AccessLog
from simulator.clock import Clock
from simulator.coperniq.state import Coperniq
from simulator.faults import Faults
from simulator.intuit.state import Intuit
from simulator.quickbooks.gateway import Gateway
from simulator.quickbooks.state import QuickBooks
from simulator.switches import Setting, defaults
from simulator.webhooks import Webhooks


class World:
    """Parts are replaced on reset: reach them through the world at call time, never keep one."""

    def __init__(self, portal_url: str = "") -> None:
        self.lock = threading.RLock()
        self.portal_url = portal_url
        self.webhooks = Webhooks(self)
        self._begin()

    def _begin(self) -> None:
        self.clock = Clock()
        self.switches: dict[str, Setting] = defaults()
        self.faults = Faults()
        self.access = AccessLog()
        self.intuit = Intuit(self)
        self.quickbooks = QuickBooks(self)
        self.gateway = Gateway(self)
        self.coperniq = Coperniq(self)
        self.faults.bodies["quickbooks"] = self.gateway.faulted

    def reset(self) -> None:
        with self.lock:
            self.faults.clear()
            self.webhooks.reset()
            self._begin()

    def as_dict(self) -> dict[str, Any]:
        with self.lock:
            return {"quickbooks": self.quickbooks.as_dict(), "coperniq": self.coperniq.as_dict()}
