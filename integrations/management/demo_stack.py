"""The demo: the processes of the portal, simulators of both vendors, one company connected and configured."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
from django.conf import settings
from django.core.management.base import CommandError

from integrations.management.http_client import PortalClient

PASSWORD = "demo-only-password"  # noqa: S105 - printed on the screen, and good for nothing but the demo
API_KEY = "demo-coperniq-key"
REALM = "9341450000000001"
SERVICES = "1"  # the item every QuickBooks company begins with
VERIFIER = "demo-verifier-token"
COMPANY = "brightfield"
PEOPLE = {"admin": "admin@demo.example", "finance": "finance@demo.example", "staff": "staff@demo.example"}
OPERATOR = "operator@demo.example"
START_SECONDS = 60
WEB_SERVER = ["config.wsgi", "--log-level", "warning"]  # the rest is in gunicorn.conf.py


class DemoStack:
    def __init__(self, folder: Path, port: int, simulator_port: int) -> None:
        self.folder = folder
        self.portal = f"http://127.0.0.1:{port}"
        self.simulator = f"http://127.0.0.1:{simulator_port}"
        self.ports = (port, simulator_port)
        self.processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        for port in self.ports:
            require_free_port(port)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            process.wait(60)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{self.folder / 'portal.sqlite3'}",
            "DEMO": "on",
            "PORTAL_URL": self.portal,
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "INTUIT_CLIENT_ID": "demo-client",
            "INTUIT_CLIENT_SECRET": "demo-secret",
            "INTUIT_WEBHOOK_VERIFIER_TOKENS": VERIFIER,
            "INTUIT_AUTHORIZE_URL": f"{self.simulator}/intuit/connect/oauth2",
            "INTUIT_TOKEN_URL": f"{self.simulator}/intuit/oauth2/v1/tokens/bearer",
            "INTUIT_REVOKE_URL": f"{self.simulator}/intuit/v2/oauth2/tokens/revoke",
            "QUICKBOOKS_API_URL": f"{self.simulator}/quickbooks",
            "COPERNIQ_API_URL": f"{self.simulator}/coperniq/v1",
            "COPERNIQ_POLL_SECONDS": "15",
            "QUICKBOOKS_CDC_SECONDS": "30",
            "LOG_LEVEL": "WARNING",
            "DEMO_PASSWORD": PASSWORD,
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
            "DEMO_API_KEY": API_KEY,
        }

    def start_all(self) -> str:
        """Start and configure everything; returns the text to print."""
        port = self.ports[1]
        self.start("-m", "simulator", "--port", str(port), "--seed", "demo", "--portal-url", self.portal)
        self.make_company()
        self.start("-m", "gunicorn", *WEB_SERVER, "-b", self.portal.removeprefix("http://"))
        self.start("manage.py", "worker")
        wait_for(f"{self.simulator}/_control/switches")
        wait_for(f"{self.portal}/healthz")
        self.connect()
        return self.welcome()

    def make_company(self) -> None:
        self.manage("migrate", "--verbosity", "0")
        self.manage("createsuperuser", "--noinput", "--email", OPERATOR)
        self.manage("create_company", "Brightfield Solar", "--slug", COMPANY, "--time-zone", "America/Denver")
        for role, email in PEOPLE.items():
            self.manage(
                "add_member",
                "--company",
                COMPANY,
                "--email",
                email,
                "--role",
                role,
                "--password-env",
                "DEMO_PASSWORD",
            )

    def connect(self) -> None:
        """Connect and configure as an admin would: API key, Intuit's redirects, one trigger, invoice syncing on."""
        self.manage("connect_coperniq", "--company", COMPANY, "--api-key-env", "DEMO_API_KEY")
        client = PortalClient(self.portal)
        client.sign_in(PEOPLE["admin"], PASSWORD)
        client.connect_quickbooks(REALM)
        status = client.json("/integrations/status/")
        self.control(
            "PUT", "webhooks/coperniq", {"api_key": API_KEY, "urls": [status["coperniq"]["webhook_address"]]}
        )
        target = {
            "url": f"{self.portal}/webhooks/quickbooks/",
            "verifier_token": VERIFIER,
            "form": "cloudevents",
        }
        self.control("PUT", "webhooks/quickbooks", target)
        workflow = status["workflows"][0]
        phase = next(
            (row for row in workflow["phases"] if row["name"] == "Installation"), workflow["phases"][-1]
        )
        chosen = (f"trigger.{workflow['id']}={phase['id']}", "invoice_sync=on", f"fallback_item={SERVICES}")
        self.manage("configure", "--company", COMPANY, *chosen)

    def welcome(self) -> str:
        people = "\n".join(f"  {role:<9}{email}" for role, email in {**PEOPLE, "operator": OPERATOR}.items())
        return (
            f"\nPortal      {self.portal}/integrations/quickbooks/\n"
            f"Simulator   {self.simulator}/   (move a project to Installation here, then make, change and pay "
            "invoices on either side)\n\n"
            f"Sign in with the password {PASSWORD} as\n{people}\n\nCtrl-C stops the demo.\n"
        )

    def wait(self) -> None:
        """Wait until the demo is stopped. Raises CommandError if one of its processes ends."""
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        while not stop.wait(0.5):
            if any(process.poll() is not None for process in self.processes):
                raise CommandError("A process of the demo has ended; see above.")

    def start(self, *arguments: str) -> None:
        command = [sys.executable, *arguments]
        self.processes.append(subprocess.Popen(command, env=self.environment, cwd=settings.BASE_DIR))

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(
            command, env=self.environment, cwd=settings.BASE_DIR, check=True, stdout=subprocess.DEVNULL
        )

    def control(self, method: str, path: str, body: dict[str, Any]) -> None:
        answer = requests.request(method, f"{self.simulator}/_control/{path}", json=body, timeout=20)
        answer.raise_for_status()


def require_free_port(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise CommandError(f"Port {port} is in use. Choose others with --port and --simulator-port.")


def wait_for(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:  # not there yet, or too busy to answer
            time.sleep(0.1)
    raise CommandError(f"{url} does not answer.")
