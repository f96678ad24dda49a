"""The simulator as tests use it: started on a port of its own, spoken to over HTTP only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import simplejson

API_KEY = "key-of-the-first-company"
CLIENT_ID = "demo-client"
CLIENT_SECRET = "demo-secret"


class Simulation:
    """What a test does as a person would do it at either vendor, and what it reads of their state."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Decimals go as plain numbers."""
        data = None if body is None else simplejson.dumps(body, use_decimal=True)
        kind = {"Content-Type": "application/json"}
        answer = self.session.request(method, f"{self.url}{path}", data=data, headers=kind, timeout=20)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        return self.call(method, f"/_control/{path}", body)

    def reset(self, seed: str = "empty") -> None:
        self.control("reset", {"seed": seed})

    def switch(self, **values: Any) -> None:
        self.control("switches", values)

    def fault(self, name: str, vendor: str = "quickbooks", **values: Any) -> None:
        self.control("faults", {"vendor": vendor, "fault": name, **values})

    def settings(self) -> dict[str, str]:
        """The portal's addresses of both vendors."""
        return {
            "INTUIT_CLIENT_ID": CLIENT_ID,
            "INTUIT_CLIENT_SECRET": CLIENT_SECRET,
            "INTUIT_AUTHORIZE_URL": f"{self.url}/intuit/connect/oauth2",
            "INTUIT_TOKEN_URL": f"{self.url}/intuit/oauth2/v1/tokens/bearer",
            "INTUIT_REVOKE_URL": f"{self.url}/intuit/v2/oauth2/tokens/revoke",
            "QUICKBOOKS_API_URL": f"{self.url}/quickbooks",
            "COPERNIQ_API_URL": f"{self.url}/coperniq/v1",
        }

    # QuickBooks' people

    def books(self, company_name: str = "Brightfield Books", **values: Any) -> str:
        return str(self.control("quickbooks/companies", {"company_name": company_name, **values})["realm_id"])

    def in_books(self, realm: str, entity: str = "Customer", **fields: Any) -> dict[str, Any]:
        return dict(self.control(f"quickbooks/{realm}/records/{entity}", fields))

    def edit_books(self, realm: str, id_: str, entity: str = "Customer", **fields: Any) -> dict[str, Any]:
        return dict(self.control(f"quickbooks/{realm}/records/{entity}/{id_}", fields, "PATCH"))

    def state(self) -> dict[str, Any]:
        return dict(self.control("state", method="GET"))

    def customers(self, realm: str) -> list[dict[str, Any]]:
        return list(self.state()["quickbooks"][realm].get("Customer", []))

    def authorize(self, address: str, realm: str, decision: str = "authorize") -> str:
        """A person at Intuit's page: where the browser is sent back to."""
        hidden = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        answer = self.session.post(
            f"{self.url}/intuit/connect/oauth2/decide",
            data={**hidden, "realm_id": realm, "decision": decision},
            allow_redirects=False,
            timeout=20,
        )
        assert answer.status_code == 302, answer.text[:500]
        return answer.headers["Location"]

    # Coperniq's people

    def coperniq(self, name: str = "Brightfield Solar", api_key: str = API_KEY) -> str:
        self.control("coperniq/companies", {"name": name, "api_key": api_key})
        return api_key

    def make(self, noun: str, api_key: str = API_KEY, **fields: Any) -> dict[str, Any]:
        return dict(self.control(f"coperniq/{api_key}/{noun}", fields))

    def change(self, noun: str, id_: object, api_key: str = API_KEY, **fields: Any) -> dict[str, Any]:
        return dict(self.control(f"coperniq/{api_key}/{noun}/{id_}", fields, "PATCH"))

    def start_phase(self, project_id: object, template_id: object, api_key: str = API_KEY) -> dict[str, Any]:
        body = {"phaseTemplateId": template_id}
        return dict(self.control(f"coperniq/{api_key}/projects/{project_id}/start-phase", body))

    # What the vendors saw

    def log(self, vendor: str = "", *, write: bool | None = None) -> list[dict[str, Any]]:
        entries = self.control("log", method="GET")
        return [
            entry
            for entry in entries
            if (not vendor or entry["vendor"] == vendor) and (write is None or entry["write"] == write)
        ]

    def forget_log(self) -> None:
        self.control("log", method="DELETE")


@contextmanager
def simulation() -> Iterator[Simulation]:
    """In a thread of this process; the process tests start one of their own instead."""
    from simulator.app import build_app
    from simulator.serving import listen

    server = listen(build_app(), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Simulation(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
