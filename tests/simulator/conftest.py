"""A fresh world for every test, and a hand that speaks raw HTTP with it."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from simulator.app import build_app
from simulator.world import World

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

REDIRECT = "https://portal.example/quickbooks/callback"
BASIC = "Basic " + b64encode(b"demo-client:demo-secret").decode()
ASKED = {
    "client_id": "demo-client",
    "response_type": "code",
    "scope": "com.intuit.quickbooks.accounting",
    "redirect_uri": REDIRECT,
    "state": "opaque-state",
}


def document(answer: TestResponse) -> Any:
    return json.loads(answer.data, parse_float=Decimal)


def problem(answer: TestResponse) -> dict[str, Any]:
    """The first error of an upper-case Fault."""
    found: dict[str, Any] = document(answer)["Fault"]["Error"][0]
    return found


def sent_back(answer: TestResponse) -> dict[str, str]:
    assert answer.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}


@dataclass
class Intuit:
    """The portal's side of OAuth, spelled out."""

    client: FlaskClient

    def decide(self, realm: str, decision: str = "authorize", **changed: str) -> TestResponse:
        form = {**ASKED, "realm_id": realm, "decision": decision, **changed}
        return self.client.post("/intuit/connect/oauth2/decide", data=form)

    def code(self, realm: str, **changed: str) -> str:
        return sent_back(self.decide(realm, **changed))["code"]

    def token(self, headers: dict[str, str] | None = None, **form: str) -> TestResponse:
        return self.client.post(
            "/intuit/oauth2/v1/tokens/bearer", data=form, headers={"Authorization": BASIC, **(headers or {})}
        )

    def redeem(self, code: str, redirect_uri: str = REDIRECT) -> TestResponse:
        return self.token(grant_type="authorization_code", code=code, redirect_uri=redirect_uri)

    def refresh(self, value: str) -> TestResponse:
        return self.token(grant_type="refresh_token", refresh_token=value)

    def connect(self, realm: str) -> dict[str, Any]:
        found: dict[str, Any] = document(self.redeem(self.code(realm)))
        return found


@dataclass
class Books:
    """One company with a live access token."""

    client: FlaskClient
    realm: str
    token: str

    def call(self, method: str, path: str, **more: Any) -> TestResponse:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/json",
            **more.pop("headers", {}),
        }
        return self.client.open(
            f"/quickbooks/v3/company/{self.realm}/{path}", method=method, headers=headers, **more
        )

    def get(self, path: str) -> TestResponse:
        return self.call("GET", path)

    def post(self, path: str, body: Any, **more: Any) -> TestResponse:
        return self.call("POST", path, json=body, **more)

    def query(self, statement: str) -> TestResponse:
        return self.call("GET", "query", query_string={"query": statement, "minorversion": "75"})

    def found(self, statement: str) -> list[str]:
        """The display names of the customers a statement finds, in its order."""
        rows = document(self.query(statement))["QueryResponse"].get("Customer", [])
        return [row["DisplayName"] for row in rows]

    def customer(self, name: str, **fields: Any) -> dict[str, Any]:
        answer = self.post("customer", {"DisplayName": name, **fields})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = document(answer)["Customer"]
        return found

    def job(self, name: str, parent: dict[str, Any], **fields: Any) -> dict[str, Any]:
        return self.customer(name, Job=True, ParentRef={"value": parent["Id"]}, **fields)

    def read(self, record: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = document(self.get(f"customer/{record['Id']}"))["Customer"]
        return found

    def change(self, record: dict[str, Any], **fields: Any) -> TestResponse:
        """A sparse update on the version at hand."""
        body = {"Id": record["Id"], "SyncToken": record["SyncToken"], "sparse": True, **fields}
        return self.post("customer", body)

    def changed(self, record: dict[str, Any], **fields: Any) -> dict[str, Any]:
        answer = self.change(record, **fields)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = document(answer)["Customer"]
        return found

    def person(self, entity: str, **fields: Any) -> TestResponse:
        return self.client.post(f"/_control/quickbooks/{self.realm}/records/{entity}", json=fields)


@pytest.fixture
def app() -> Flask:
    return build_app("empty")


@pytest.fixture
def world(app: Flask) -> World:
    found: World = app.extensions["world"]
    found.intuit.apps["demo-client"].redirect_uris.append(REDIRECT)
    return found


@pytest.fixture
def client(app: Flask, world: World) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def realm(client: FlaskClient) -> str:
    answer = client.post(
        "/_control/quickbooks/companies", json={"company_name": "Test Books", "using_sales_tax": True}
    )
    return str(document(answer)["realm_id"])


@pytest.fixture
def intuit(client: FlaskClient) -> Intuit:
    return Intuit(client)


@pytest.fixture
def books(client: FlaskClient, realm: str, intuit: Intuit) -> Books:
    return Books(client, realm, intuit.connect(realm)["access_token"])
