"""Everything the simulated vendors know, behind one lock."""

from __future__ import annotations

from simulator.coperniq.company import Coperniq, faulted
from simulator.environment import Environment
from simulator.intuit.grants import Intuit
from simulator.quickbooks.company import QuickBooks
from simulator.quickbooks.gateway import Gateway
from simulator.webhooks.sender import Webhooks


class World(Environment):
    def __init__(self, portal_url: str = "") -> None:
        self.portal_url = portal_url
        self.webhooks = Webhooks(self, lambda realm: self.intuit.is_connected(realm))
        super().__init__()

    def start(self) -> None:
        super().start()
        self.intuit = Intuit(self)
        self.quickbooks = QuickBooks(self, self.webhooks)
        self.gateway = Gateway(self, self.intuit)
        self.coperniq = Coperniq(self, self.webhooks)
        self.faults.bodies = {"quickbooks": self.gateway.faulted, "coperniq": faulted}

    def reset(self) -> None:
        with self.lock:
            self.faults.clear()
            self.webhooks.reset()
            self.start()
