"""The first day of a company that is in use: `make bench-batch`, or `python -m tests.bench.batch --help`.

Real processes, the simulator with QuickBooks' limits and an answer's usual delay; the worker is killed three times in
the middle. Not part of `make test`: QuickBooks' pace alone makes it take a quarter of an hour.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.backlog import ProductionHouse
from tests.processes.process_stack import Tenant

LIMIT_A_MINUTE = 500
PATIENCE_SECONDS = 3600
KILLS = (0.2, 0.45, 0.7)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=2000)
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--projects", type=int, default=1000)
    parser.add_argument("--invoices", type=int, default=3000)
    parser.add_argument("--latency-ms", type=int, default=100)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        house = ProductionHouse(Path(folder))
        try:
            figures = carry_out(house, chosen)
        finally:
            house.close()
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    return 1 if figures["missing"] or figures["double"] else 0


def carry_out(house: ProductionHouse, chosen: argparse.Namespace) -> dict[str, Any]:
    mine = Tenant(house, "first-day")
    mine.move_in()
    fill(mine, chosen)
    house.manage("configure", "--company", mine.slug, "invoice_sync=on", "fallback_item=1")
    seconds = chosen.latency_ms / 1000
    for vendor in ("quickbooks", "coperniq"):
        house.simulator.control("faults", {"vendor": vendor, "fault": "slow", "times": 0, "seconds": seconds})
    house.simulator.forget_log()
    began = time.monotonic()
    batch(mine, "look", "selection=projects", "with_invoices=on")
    wait(lambda: state(mine) == "ready", "looked at")
    looked = time.monotonic()
    calls_of_look = Counter(call["vendor"] for call in house.simulator.log())
    shown = batch(mine, "status")["batches"][0]
    batch(mine, "start")
    total = sum(shown["found"][kind].get("create", 0) for kind in ("job", "invoice"))
    for share in KILLS:
        wait(partial(has_written, mine, share * total), "the middle")
        house.worker.kill()
        house.worker.start()
    wait(lambda: state(mine) == "done", "done")
    ended = time.monotonic()
    after = batch(mine, "status")["batches"][0]
    calls = [call for call in house.simulator.log("quickbooks") if call.get("realm") == mine.realm]
    writes = Counter(
        call["path"].rpartition("/")[2] for call in calls if call["write"] and call["status"] == 200
    )
    books = house.simulator.state()["quickbooks"][mine.realm]
    numbers = Counter(row.get("DocNumber") for row in books.get("Invoice", []))
    jobs = Counter(row["DisplayName"] for row in books["Customer"] if row.get("Job"))
    return {
        "looked_at": shown["found"],
        "estimate": shown["estimate"],
        "seconds_of_the_look": round(looked - began, 1),
        "calls_of_the_look": dict(calls_of_look),
        "seconds": round(ended - looked, 1),
        "calls_a_minute": round(60 * (len(calls) - calls_of_look["quickbooks"]) / (ended - looked)),
        "most_in_any_minute": most_in(60, [moment_of(call) for call in calls]),
        "limit_a_minute": LIMIT_A_MINUTE,
        "calls_to_coperniq": len(house.simulator.log("coperniq")),
        "writes_by_kind": dict(writes),
        "progress": after["progress"],
        "double": sum(count - 1 for count in (*numbers.values(), *jobs.values())),
        "missing": chosen.invoices - sum(numbers.values()) + chosen.projects - sum(jobs.values()),
    }


def fill(mine: Tenant, chosen: argparse.Namespace) -> None:
    simulator, key = mine.house.simulator, mine.api_key
    accounts = [
        simulator.make("accounts", key, title=f"Customer {n:05}", address=[f"{n} Main St, Austin, TX 78701"])
        for n in range(chosen.accounts)
    ]
    for n in range(chosen.customers):
        # Every other one exists on both sides.
        simulator.in_books(mine.realm, DisplayName=f"Customer {n:05}" if n % 2 else f"Other {n:05}")
    item = simulator.make("catalog-items", key, name="Work")
    projects = [
        mine.project_of(accounts[n % len(accounts)]["id"], f"Project {n:05}", n + 1)
        for n in range(chosen.projects)
    ]
    for project in projects:
        mine.enter(project, "Billing")
    for n in range(chosen.invoices):
        line = {"catalogItemId": item["id"], "quantity": 1, "unitPrice": 100 + n % 50, "description": "Work"}
        simulator.make(
            "invoices",
            key,
            recordId=projects[n % len(projects)]["id"],
            lineItems=[line],
            status="SENT",
            issueDate=datetime.now(UTC).isoformat(),
        )


def batch(mine: Tenant, *arguments: str) -> Any:
    return mine.house.manage("batch", "--company", mine.slug, *arguments)


def state(mine: Tenant) -> str:
    return str(batch(mine, "status")["batches"][0]["state"])


def written(mine: Tenant) -> int:
    return int(batch(mine, "status")["batches"][0]["progress"]["done"])


def has_written(mine: Tenant, least: float) -> bool:
    return written(mine) >= least


def wait(what: Callable[[], bool], why: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not what():
        if time.monotonic() > give_up_at:
            raise SystemExit(f"never happened: {why}")
        time.sleep(2)


def moment_of(call: dict[str, Any]) -> float:
    return datetime.fromisoformat(call["at"]).timestamp()


def most_in(seconds: float, moments: list[float]) -> int:
    moments = sorted(moments)
    return max((bisect_left(moments, at + seconds) - n for n, at in enumerate(moments)), default=0)


if __name__ == "__main__":
    sys.exit(main())
