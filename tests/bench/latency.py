"""From an event to the first write it leads to: `make bench-latency`, or `python -m tests.bench.latency --help`.

Web server, worker and simulator as processes of their own, vendors that answer at once, one event at a time with the
worker at rest before it. The moments of the calls are the simulator's, on the same machine's clock.
Not part of `make test`: it takes a few minutes.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

from integrations.management.demo_stack import SERVICES
from tests.bench.backlog import ProductionHouse
from tests.bench.ingest import address_of, coperniq_request, quickbooks_request
from tests.bench.load import send_one
from tests.processes.process_stack import Tenant

REST_SECONDS = 2.0
PATIENCE_SECONDS = 20
GOALS = {"new client": 150, "known client": 120, "pulled invoice": 80}
Ring = Callable[[], float]
"""Sends the event of a prepared record; gives the moment before it was sent."""


class Latency:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant, self.simulator = tenant, tenant.house.simulator
        self.portal = address_of(tenant.house.portal)
        status = tenant.sign_in().json("/integrations/status/")
        self.coperniq_path = urlsplit(status["coperniq"]["webhook_address"]).path
        # The events are ours to send, when everything else is ready.
        self.simulator.control("webhooks/coperniq", {"api_key": tenant.api_key, "urls": []}, "PUT")
        self.known = tenant.project("Known Client", 1)
        self._enter(self.known)()
        assert tenant.sync(120) == 0
        tenant.house.manage("configure", "--company", tenant.slug, "invoice_sync=on")
        self.job_id = tenant.jobs()[0]["Id"]
        self.number = 1

    def new_client(self) -> Ring:
        self.number += 1
        return self._enter(self.tenant.project(f"Client{self.number} Smith", self.number))

    def known_client(self) -> Ring:
        self.number += 1
        return self._enter(self.tenant.project_of(self.known["accountId"], "Another roof", self.number))

    def pulled_invoice(self) -> Ring:
        self.number += 1
        amount = 100 + self.number
        detail = {"ItemRef": {"value": SERVICES}, "Qty": 1, "UnitPrice": amount}
        line = {"DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": detail}
        invoice = {"CustomerRef": {"value": self.job_id}, "Line": [line], "DocNumber": str(self.number)}
        made = self.simulator.in_books(self.tenant.realm, "Invoice", **invoice)
        event = ("qbo.invoice.created.v1", made["Id"], self.tenant.realm)
        return lambda: self._send(quickbooks_request(uuid.uuid4().hex, *event))

    def _enter(self, project: dict[str, Any]) -> Ring:
        self.tenant.enter(project)
        phase = self.tenant.phase("Installation")
        return lambda: self._send(
            coperniq_request(self.coperniq_path, uuid.uuid4().hex, project["id"], phase)
        )

    def _send(self, request: bytes) -> float:
        began = time.time()
        assert set(send_one(self.portal, request).statuses) == {"200"}
        return began

    def measure(self, prepare: Callable[[], Ring]) -> tuple[float, float, int]:
        """Milliseconds to the first call of a vendor and to the first write, and how many calls came before that."""
        ring = prepare()
        time.sleep(REST_SECONDS + random.random() / 2)
        self.simulator.forget_log()
        began = ring()
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up_at:
            time.sleep(0.3)
            calls = self.simulator.log()
            writes = [n for n, call in enumerate(calls) if call["write"] and call["vendor"] != "intuit"]
            if writes:
                first, write = moment_of(calls[0]), moment_of(calls[writes[0]])
                assert self.tenant.sync(60) == 0
                return (first - began) * 1000, (write - began) * 1000, writes[0]
        raise AssertionError("nothing was written")


def moment_of(call: dict[str, Any]) -> float:
    return datetime.fromisoformat(call["at"]).timestamp()


def run(house: ProductionHouse, samples: int) -> dict[str, dict[str, float]]:
    tenant = Tenant(house, "latency")
    tenant.move_in()
    latency = Latency(tenant)
    kinds = {
        "new client": latency.new_client,
        "known client": latency.known_client,
        "pulled invoice": latency.pulled_invoice,
    }
    for prepare in kinds.values():
        latency.measure(prepare)
    found: dict[str, dict[str, float]] = {}
    taken: dict[str, list[tuple[float, float, int]]] = {kind: [] for kind in kinds}
    for _ in range(samples):
        for kind, prepare in kinds.items():
            taken[kind].append(latency.measure(prepare))
    for kind, rows in taken.items():
        first, write, calls = zip(*rows, strict=True)
        found[kind] = {
            "goal_ms": GOALS[kind],
            "p50_ms": percentile(write, 50),
            "p90_ms": percentile(write, 90),
            "first_call_p50_ms": percentile(first, 50),
            "first_call_p90_ms": percentile(first, 90),
            "calls_before": max(calls),
        }
    return found


def percentile(values: tuple[float, ...], percent: int) -> float:
    return round(quantiles(values, n=100, method="inclusive")[percent - 1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        house = ProductionHouse(Path(folder))
        try:
            found = run(house, asked.samples)
        finally:
            house.close()
            sys.stderr.write((Path(folder) / "processes.log").read_text()[-3000:])
    sys.stdout.write(json.dumps({house.database_url.partition(":")[0]: found}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
