"""A company's backlog against QuickBooks' limits: `make bench-backlog`, or `python -m tests.bench.backlog --help`.

Everything is real: web server, `manage.py worker` and simulator as processes of their own, the simulator with
QuickBooks' limits enforced and an answer's usual delay. Not part of `make test`: it takes minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from bisect import bisect_left
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.bench.kinds import KINDS, Backlog
from tests.bench.processes import Usage
from tests.processes.process_stack import ProcessStack, Tenant

AT_LEAST_A_MINUTE = 475
GAP_SECONDS = 0.5
RAMP, TAIL = 0.2, 0.95
PATIENCE_SECONDS = 1200
LOOK_EVERY_SECONDS = 1.0  # the web server closes a connection that rests for two
Call = dict[str, Any]


class ProductionHouse(ProcessStack):
    """With the pace of production instead of the impatience of tests."""

    @property
    def environment(self) -> dict[str, str]:
        impatient = ("COPERNIQ_POLL_SECONDS", "RETRY_PAUSES", "LEASE_SECONDS", "VENDOR_TIMEOUT_SECONDS")
        hurried = {*impatient, "WORKER_STALL_SECONDS"}
        return {name: value for name, value in super().environment.items() if name not in hurried}


@dataclass(frozen=True)
class Figures:
    """As the vendors counted. `sustained`: without the first fifth of the calls and the last twentieth."""

    database: str
    kind: str
    records: int
    latency_ms: int
    seconds: float
    calls: int
    calls_a_minute_sustained: float
    calls_a_minute_overall: float
    most_in_any_minute: int
    most_in_any_second: int
    throttled: int
    writes_a_record: float
    reads_a_record: float
    coperniq_calls_a_record: float
    worker_cpu_ms_a_call: float
    worker_cores: float
    simulator_cores: float
    worker_pss_mb: float
    worker_rss_mb: float

    def complaints(self) -> list[str]:
        found = {
            f"{self.calls_a_minute_sustained} calls a minute, less than {AT_LEAST_A_MINUTE}": (
                self.calls_a_minute_sustained < AT_LEAST_A_MINUTE
            ),
            f"{self.throttled} calls were throttled": self.throttled > 0,
            f"{self.writes_a_record} writes a record": self.writes_a_record != 1.0,
        }
        return [complaint for complaint, holds in found.items() if holds]


def slow_down(house: ProcessStack, latency_ms: int) -> None:
    """By the simulator's own switch where it has one, else by a fault that strikes every request."""
    simulator = house.simulator
    simulator.switch(enforce_limits=True)
    if "latency_ms" in simulator.control("switches", method="GET"):
        simulator.switch(latency_ms=latency_ms)
    else:
        for vendor in ("quickbooks", "coperniq"):
            simulator.fault("slow", vendor=vendor, times=0, seconds=latency_ms / 1000)


def wait_until_idle(tenant: Tenant) -> None:
    visitor, give_up_at = tenant.sign_in(), time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        time.sleep(LOOK_EVERY_SECONDS)
        status = visitor.json("/integrations/status/")
        sys.stderr.write(f"\r{status['runs']} ")
        if status["idle"] and tenant.house.simulator.log("quickbooks", write=True):
            return
    raise AssertionError("the backlog does not come to an end")


def measure(house: ProcessStack, kind: str, accounts: int, records: int, latency_ms: int) -> Figures:
    tenant, backlog = Tenant(house, "busy"), prepared(kind)
    tenant.move_in()
    backlog.prepare(tenant, accounts, records)
    house.worker.kill()
    backlog.release(tenant)
    slow_down(house, latency_ms)
    house.simulator.forget_log()
    house.worker.start()
    usages = [Usage(house.worker.pid), Usage(house.others[0].pid)]
    began = time.monotonic()
    for usage in usages:
        usage.begin()
    wait_until_idle(tenant)
    for usage in usages:
        usage.end()
    return figures(house, kind, records, latency_ms, time.monotonic() - began, usages)


def prepared(kind: str) -> Backlog:
    return KINDS[kind]()


def figures(
    house: ProcessStack, kind: str, records: int, latency_ms: int, seconds: float, usages: list[Usage]
) -> Figures:
    calls = house.simulator.log("quickbooks")
    moments = sorted(datetime.fromisoformat(call["at"]).timestamp() for call in calls)
    writes = sum(1 for call in calls if call["write"] and call["applied"])
    worker, simulator = usages
    gaps = [(round(b - a, 1), round(a - moments[0], 1)) for a, b in pairwise(moments) if b - a > GAP_SECONDS]
    sys.stderr.write(f"\ngaps (how long, when): {gaps}\n")
    return Figures(
        database=house.database_url.partition(":")[0],
        kind=kind,
        records=records,
        latency_ms=latency_ms,
        seconds=round(seconds, 1),
        calls=len(calls),
        calls_a_minute_sustained=sustained(moments),
        calls_a_minute_overall=round((len(moments) - 1) / (moments[-1] - moments[0]) * 60, 1),
        most_in_any_minute=most_within(moments, 60),
        most_in_any_second=most_within(moments, 1),
        throttled=sum(1 for call in calls if call["status"] == 429),
        writes_a_record=writes / records,
        reads_a_record=sum(1 for call in calls if not call["write"]) / records,
        coperniq_calls_a_record=len(house.simulator.log("coperniq")) / records,
        worker_cpu_ms_a_call=round(worker.cpu_seconds * 1000 / len(calls), 1),
        worker_cores=round(worker.cpu_seconds / seconds, 3),
        simulator_cores=round(simulator.cpu_seconds / seconds, 3),
        worker_pss_mb=round(worker.pss_mb),
        worker_rss_mb=round(worker.rss_mb),
    )


def sustained(moments: list[float]) -> float:
    first, last = int(len(moments) * RAMP), int(len(moments) * TAIL)
    return round((last - first) / (moments[last] - moments[first]) * 60, 1)


def most_within(moments: list[float], seconds: float) -> int:
    return max(bisect_left(moments, moment + seconds) - n for n, moment in enumerate(moments))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=sorted(KINDS), default="invoice")
    parser.add_argument("--accounts", type=int, default=60)
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--latency-ms", type=int, default=300)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        house = ProductionHouse(Path(folder))
        try:
            found = measure(house, asked.kind, asked.accounts, asked.records, asked.latency_ms)
        except BaseException:
            sys.stderr.write((Path(folder) / "processes.log").read_text()[-5000:])
            raise
        finally:
            house.close()
        sys.stderr.write((Path(folder) / "processes.log").read_text()[-3000:])
    complaints = found.complaints()
    sys.stdout.write(json.dumps({**asdict(found), "complaints": complaints}, indent=2) + "\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
