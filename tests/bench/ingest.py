"""How fast webhooks are stored, beside a bare application: `make bench-ingest`, or `python -m tests.bench.ingest --help`.

The same web server settings, machine, database server and minute for all of them: the ratios are the figures.
Loopback only. Not part of `make test`: it takes a few minutes.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from integrations.management.demo_stack import WEB_SERVER
from tests.bench.backlog import ProductionHouse
from tests.bench.load import Answers, Make, as_fast_as_answered, at_a_rate, send_one
from tests.processes.process_stack import VERIFIER, Tenant, free_port
from tests.processes.worker import ROOT, eventually

CONNECTIONS = 16
PER_SECOND = 50
Address = tuple[str, int]
Table = dict[str, dict[str, float]]


class Targets:
    """The three addresses that are measured, and how to make requests for them."""

    def __init__(self, house: ProductionHouse, tenant: Tenant) -> None:
        self.house, self.tenant = house, tenant
        self.portal = address_of(house.portal)
        self.bare = ("127.0.0.1", free_port())
        status = tenant.sign_in().json("/integrations/status/")
        self.coperniq_path = urlsplit(status["coperniq"]["webhook_address"]).path
        self.customer_id = tenant.jobs()[0]["ParentRef"]["value"]
        self.known_customers = False
        self._start_bare()

    def _start_bare(self) -> None:
        prepare = "from tests.bench.bare import prepare; prepare()"
        subprocess.run([sys.executable, "-c", prepare], env=self.house.environment, cwd=ROOT, check=True)
        address = "{}:{}".format(*self.bare)
        server = ("-m", "gunicorn", "tests.bench.bare:application", *WEB_SERVER[1:], "-b", address)
        self.house.others.append(self.house.start(*server))
        eventually(lambda: answers_at_all(self.bare), "the bare application answers")

    def makers(self) -> dict[str, tuple[Address, Make]]:
        """Every request names an event nobody has seen before."""
        run = uuid.uuid4().hex[:8]
        return {
            "bare": (self.bare, lambda number: self.quickbooks(f"{run}-b{number}", number)),
            "quickbooks": (self.portal, lambda number: self.quickbooks(f"{run}-q{number}", number)),
            "coperniq": (self.portal, lambda number: self.coperniq(f"{run}-c{number}", number)),
        }

    def quickbooks(self, key: str, number: int) -> bytes:
        """Of a customer nobody has linked; with `known_customers`, every tenth of one that is."""
        known = self.known_customers and number % 10 == 0
        record_id = self.customer_id if known else str(100_000 + number)
        return quickbooks_request(key, "qbo.customer.updated.v1", record_id, self.tenant.realm)

    def coperniq(self, key: str, number: int) -> bytes:
        """Of a phase that is no trigger."""
        return coperniq_request(self.coperniq_path, key, 100_000 + number, 1)


def quickbooks_request(key: str, kind: str, record_id: str, realm: str) -> bytes:
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": key,
        "type": kind,
        "time": "2026-11-20T10:00:00.123456789Z",
        "intuitentityid": record_id,
        "intuitaccountid": realm,
        "data": {},
    }
    body = json.dumps([event]).encode()
    digest = hmac.new(VERIFIER.encode(), body, hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode()
    return post("/webhooks/quickbooks/", body, **{"intuit-signature": signature, "x-key": key})


def coperniq_request(path: str, key: str, project_id: int, phase_template_id: int) -> bytes:
    ids = {"eventId": key, "recordId": project_id, "phaseTemplateId": phase_template_id}
    event = {"triggerKey": "PROJECT_PHASE_STARTED", "firedAt": "2026-11-20T10:00:00Z", **ids}
    body = {"event": event, "record": {"id": project_id, "type": "PROJECT"}}
    return post(path, json.dumps(body).encode())


def post(path: str, body: bytes, **headers: str) -> bytes:
    lines = {
        "Host": "127.0.0.1",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def address_of(url: str) -> Address:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 80)


def answers_at_all(address: Address) -> bool:
    probe = post("/", b"{}", **{"x-key": uuid.uuid4().hex})
    try:
        return bool(send_one(address, probe).statuses)
    except OSError:
        return False


def measure(targets: Targets, rounds: int, load: Callable[[Address, Make], Answers]) -> Table:
    """All three in turn, several times; the median of the rounds, and of each round's ratio to bare."""
    found: dict[str, list[dict[str, float]]] = {"bare": [], "quickbooks": [], "coperniq": []}
    for _ in range(rounds):
        for name, (address, make) in targets.makers().items():
            answered = load(address, make)
            if set(answered.statuses) != {"200"}:
                raise AssertionError(f"{name} answered {answered.statuses}")
            figures = {
                "per_second": answered.per_second,
                "p50_ms": answered.percentile_ms(50),
                "p99_ms": answered.percentile_ms(99),
            }
            beside = found["bare"][-1] if name != "bare" else figures
            figures["of_bare"] = figures["per_second"] / beside["per_second"]
            figures["p99_of_bare"] = figures["p99_ms"] / beside["p99_ms"]
            found[name].append(figures)
    return {
        name: {figure: round(median(row[figure] for row in rows), 2) for figure in rows[0]}
        for name, rows in found.items()
    }


def flat_out(targets: Targets, rounds: int, seconds: float) -> Table:
    return measure(targets, rounds, lambda at, make: as_fast_as_answered(at, make, seconds, CONNECTIONS))


def steadily(targets: Targets, rounds: int, seconds: float) -> Table:
    return measure(targets, rounds, lambda at, make: at_a_rate(at, make, seconds, PER_SECOND))


def run(house: ProductionHouse, rounds: int, seconds: float) -> dict[str, Table]:
    tenant = Tenant(house, "ingest")
    tenant.move_in()
    tenant.enter(tenant.project("Client Smith", 1))
    assert tenant.sync(120) == 0
    targets = Targets(house, tenant)
    house.worker.kill()
    flat_out(targets, 1, 1.0)  # connections and caches
    found = {"as fast as answered, no worker": flat_out(targets, rounds, seconds)}
    found[f"{PER_SECOND} a second, no worker"] = steadily(targets, rounds, seconds)
    house.worker.start()
    assert tenant.sync(600) == 0, "what has been stored so far is planned first"
    targets.known_customers = True
    found[f"{PER_SECOND} a second, worker running"] = steadily(targets, rounds, 2 * seconds)
    return found


def print_tables(database: str, found: dict[str, Table]) -> None:
    for title, table in found.items():
        sys.stdout.write(f"\n{database}: {title}\n")
        columns = ("per_second", "p50_ms", "p99_ms", "of_bare", "p99_of_bare")
        sys.stdout.write(f"{'':<12}" + "".join(f"{column:>13}" for column in columns) + "\n")
        for name, row in table.items():
            sys.stdout.write(f"{name:<12}" + "".join(f"{row[column]:>13}" for column in columns) + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="how long each address is measured a round"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        house = ProductionHouse(Path(folder))
        try:
            found = run(house, asked.rounds, asked.seconds)
        finally:
            house.close()
            sys.stderr.write((Path(folder) / "processes.log").read_text()[-3000:])
    print_tables(house.database_url.partition(":")[0], found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
