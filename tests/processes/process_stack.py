"""Portal, worker and simulator as processes of their own, on a database of their own, spoken to from outside."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import requests

from integrations.management.demo_stack import WEB_SERVER
from integrations.management.http_client import PortalClient
from tests.processes.worker import HASTY, ROOT, Worker, eventually, launch
from tests.simulation import CLIENT_ID, CLIENT_SECRET, Simulation

PASSWORD = "a-password-for-tests-only"
VERIFIER = "verifier-for-tests-only"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def own_database(folder: Path) -> str:
    """On the server the run was given, else a file."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        return f"sqlite:///{folder / 'portal.sqlite3'}"
    name = f"house_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    parts = urlsplit(server)
    # By hand, because urlunsplit drops the empty host that a unix socket has.
    return f"{parts.scheme}://{parts.netloc}/{name}" + (f"?{parts.query}" if parts.query else "")


def drop_database(url: str) -> None:
    """A server that was given to the run is left as it was found."""
    if url.startswith("postgres"):
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            name = urlsplit(url).path.lstrip("/")
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


class ProcessStack:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database_url = own_database(folder)
        self.portal = f"http://127.0.0.1:{free_port()}"
        simulator_port = free_port()
        self.simulator = Simulation(f"http://127.0.0.1:{simulator_port}")
        self.worker = Worker(folder, self.environment)
        self.others = [self.start("-m", "simulator", "--port", str(simulator_port))]
        self.manage("migrate", "--verbosity", "0")
        address = self.portal.removeprefix("http://")
        self.others.append(self.start("-m", "gunicorn", *WEB_SERVER, "-b", address))
        self.worker.start()
        eventually(lambda: answers(f"{self.portal}/healthz"), "the portal answers")
        eventually(lambda: answers(f"{self.simulator.url}/_control/switches"), "the simulator answers")

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **self.simulator.settings(),
            **HASTY,
            "INTUIT_CLIENT_ID": CLIENT_ID,
            "INTUIT_CLIENT_SECRET": CLIENT_SECRET,
            "DATABASE_URL": self.database_url,
            "PORTAL_URL": self.portal,
            "INTUIT_WEBHOOK_VERIFIER_TOKENS": VERIFIER,
            "PASSWORD_FOR_TESTS": PASSWORD,
        }

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return launch(self.folder, self.environment, *arguments)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env={**self.environment, **environment},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def manage(self, *arguments: str, **environment: str) -> Any:
        done = self.run(*arguments, **environment)
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout else None

    def manage_many(self, commands: list[list[str]], **environment: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "tests.processes.many_commands"],
            env={**self.environment, **environment},
            cwd=ROOT,
            input=json.dumps(commands).encode(),
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def close(self) -> None:
        self.worker.stop()
        for process in self.others:
            process.terminate()
            process.wait(30)
        drop_database(self.database_url)


@dataclass
class Tenant:
    """One company of the house, from its creation to its links."""

    house: ProcessStack
    slug: str
    realm: str = ""
    workflow: dict[str, Any] = field(default_factory=dict)

    @property
    def api_key(self) -> str:
        return f"key-{self.slug}"

    @property
    def admin(self) -> str:
        return f"admin@{self.slug}.example"

    def sign_in(self) -> PortalClient:
        visitor = PortalClient(self.house.portal)
        visitor.sign_in(self.admin, PASSWORD)
        return visitor

    def move_in(self, *, by_hand: bool = False) -> PortalClient:
        """Made by command, connected through the OAuth redirects over plain HTTP, trigger set by command."""
        house, simulator = self.house, self.house.simulator
        simulator.coperniq(self.slug, self.api_key)
        self.realm = simulator.books(f"{self.slug} books")
        phases = [{"name": name, "type": "PHASE"} for name in ("Welcome", "Installation", "Billing")]
        self.workflow = simulator.make("workflows", self.api_key, name="Solar", phases=phases)
        if by_hand:
            for command in self.commands():
                house.manage(*command, KEY=self.api_key)
        else:
            house.manage_many(self.commands(), KEY=self.api_key)
        visitor = self.sign_in()
        assert visitor.connect_quickbooks(self.realm).status_code == 302
        status = visitor.json("/integrations/status/")
        target = {"api_key": self.api_key, "urls": [status["coperniq"]["webhook_address"]]}
        simulator.control("webhooks/coperniq", target, "PUT")
        self.set_trigger(visitor, by_hand=by_hand)
        return visitor

    def move_out(self) -> None:
        """Nobody looks for its changes any more: a house full of old tenants would be busy with them."""
        self.sign_in().post("/integrations/quickbooks/disconnect/", confirm="yes")

    def commands(self) -> list[list[str]]:
        me = ["--company", self.slug]
        password = ["--password-env", "PASSWORD_FOR_TESTS"]
        return [
            ["create_company", self.slug.title(), "--slug", self.slug, "--time-zone", "America/Denver"],
            ["add_member", *me, "--email", self.admin, "--role", "admin", *password],
            ["connect_coperniq", *me, "--api-key-env", "KEY"],
        ]

    def set_trigger(self, visitor: PortalClient, *, by_hand: bool) -> None:
        workflow, phase = self.workflow["id"], self.phase("Installation")
        if by_hand:
            self.house.manage("configure", "--company", self.slug, f"trigger.{workflow}={phase}")
        else:
            answer = visitor.post("/integrations/quickbooks/triggers/", **{f"phase-{workflow}": str(phase)})
            assert answer.status_code == 302, answer.text

    def phase(self, name: str) -> int:
        return next(int(phase["id"]) for phase in self.workflow["phases"] if phase["name"] == name)

    def project(self, title: str, number: int) -> dict[str, Any]:
        make = self.house.simulator.make
        address = ["1 Main St, Austin, TX 78701"]
        email = f"{title.split()[0].lower()}@example.com"
        account = make("accounts", self.api_key, title=title, address=address, primaryEmail=email)
        return self.project_of(account["id"], title, number)

    def project_of(self, account_id: int, title: str, number: int) -> dict[str, Any]:
        made = self.house.simulator.make(
            *("projects", self.api_key),
            title=title,
            address=["1 Main St, Austin, TX 78701"],
            workflowId=self.workflow["id"],
            accountId=account_id,
            number=number,
            value=25000,
            size=10.5,
        )
        return made | {"accountId": account_id}

    def enter(self, project: dict[str, Any], phase: str = "Installation") -> None:
        self.house.simulator.start_phase(project["id"], self.phase(phase), self.api_key)

    def sync(self, seconds: int = 60) -> int:
        command = ("sync_now", "--company", self.slug, "--ignore-pauses", "--wait", str(seconds))
        return self.house.run(*command).returncode

    def books(self) -> list[str]:
        """Every record without ids and times, as comparable lines."""
        rows = self.house.simulator.customers(self.realm)
        names = {row["Id"]: row["DisplayName"] for row in rows}
        return sorted(json.dumps(plain(row, names), sort_keys=True) for row in rows)

    def jobs(self) -> list[dict[str, Any]]:
        return [row for row in self.house.simulator.customers(self.realm) if row.get("Job")]

    def writes(self) -> int:
        calls = self.house.simulator.log("quickbooks", write=True)
        return len([call for call in calls if call["realm"] == self.realm])


def plain(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    kept = {
        name: value
        for name, value in row.items()
        if name not in ("Id", "SyncToken", "MetaData", "V4IDPseudonym")
    }
    for address in ("BillAddr", "ShipAddr"):
        if address in kept:
            kept[address] = {name: value for name, value in kept[address].items() if name != "Id"}
    if "ParentRef" in kept:
        kept["ParentRef"] = names[kept["ParentRef"]["value"]]
    return kept
