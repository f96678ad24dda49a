"""The vendors as a client meets them by raw HTTP: Intuit's OAuth, a QuickBooks company, a Coperniq company."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

Json = dict[str, Any]
Events = list[tuple[str, ...]]  # entity, id, operation of what Intuit's webhooks would say
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


def problem(answer: TestResponse) -> Json:
    """The first error of an upper-case Fault."""
    found: Json = document(answer)["Fault"]["Error"][0]
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

    def connect(self, realm: str) -> Json:
        found: Json = document(self.redeem(self.code(realm)))
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

    def customer(self, name: str, **fields: Any) -> Json:
        answer = self.post("customer", {"DisplayName": name, **fields})
        assert answer.status_code == 200, answer.text
        found: Json = document(answer)["Customer"]
        return found

    def job(self, name: str, parent: Json, **fields: Any) -> Json:
        return self.customer(name, Job=True, ParentRef={"value": parent["Id"]}, **fields)

    def read(self, record: Json) -> Json:
        found: Json = document(self.get(f"customer/{record['Id']}"))["Customer"]
        return found

    def change(self, record: Json, **fields: Any) -> TestResponse:
        """A sparse update on the version at hand."""
        body = {"Id": record["Id"], "SyncToken": record["SyncToken"], "sparse": True, **fields}
        return self.post("customer", body)

    def changed(self, record: Json, **fields: Any) -> Json:
        answer = self.change(record, **fields)
        assert answer.status_code == 200, answer.text
        found: Json = document(answer)["Customer"]
        return found

    def person(self, entity: str, **fields: Any) -> TestResponse:
        return self.client.post(f"/_control/quickbooks/{self.realm}/records/{entity}", json=fields)


SERVICES, HOURS = "1", "2"


def line(amount: Any, item: str | None = SERVICES, **detail: Any) -> Json:
    reference = {} if item is None else {"ItemRef": {"value": item}}
    return {
        "DetailType": "SalesItemLineDetail",
        "Amount": amount,
        "SalesItemLineDetail": {**reference, **detail},
    }


def pays(amount: Any, record: Json, kind: str = "Invoice") -> Json:
    return {"Amount": amount, "LinkedTxn": [{"TxnId": record["Id"], "TxnType": kind}]}


def num(value: Any) -> Decimal:
    return Decimal(str(value))


@dataclass
class Sales:
    books: Books

    def write(self, path: str, body: Any) -> Json:
        answer = self.books.post(path, body)
        assert answer.status_code == 200, answer.text
        found: Json = document(answer)
        return dict(next(value for value in found.values() if isinstance(value, dict)))

    def invoice(self, customer: Json, *lines: Json, **fields: Any) -> Json:
        return self.write("invoice", self.body(customer, *lines, **fields))

    def body(self, customer: Json, *lines: Json, **fields: Any) -> Json:
        return {"CustomerRef": {"value": customer["Id"]}, "Line": list(lines) or [line(100)], **fields}

    def refused(self, customer: Json, *lines: Json, **fields: Any) -> TestResponse:
        return self.books.post("invoice", self.body(customer, *lines, **fields))

    def payment(self, customer: Json, total: Any, *lines: Json, **fields: Any) -> Json:
        body = {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": total, "Line": list(lines), **fields}
        return self.write("payment", body)

    def pay(self, customer: Json, total: Any, *lines: Json, **fields: Any) -> TestResponse:
        body = {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": total, "Line": list(lines), **fields}
        return self.books.post("payment", body)

    def read(self, entity: str, record: Json) -> Json:
        answer = self.books.get(f"{entity.lower()}/{record['Id']}")
        assert answer.status_code == 200, answer.text
        return dict(document(answer)[entity])

    def change(self, entity: str, record: Json, **fields: Any) -> TestResponse:
        body = {"Id": record["Id"], "SyncToken": record["SyncToken"], "sparse": True, **fields}
        return self.books.post(entity.lower(), body)

    def changed(self, entity: str, record: Json, **fields: Any) -> Json:
        answer = self.change(entity, record, **fields)
        assert answer.status_code == 200, answer.text
        return dict(document(answer)[entity])

    def void(self, record: Json, path: str = "invoice?operation=void") -> TestResponse:
        return self.books.post(path, {"Id": record["Id"], "SyncToken": record["SyncToken"]})

    def void_payment(self, record: Json) -> TestResponse:
        body = {"Id": record["Id"], "SyncToken": record["SyncToken"], "sparse": True}
        return self.books.post("payment?operation=update&include=void", body)

    def delete(self, entity: str, record: Json) -> TestResponse:
        body = {"Id": record["Id"], "SyncToken": record["SyncToken"]}
        return self.books.post(f"{entity.lower()}?operation=delete", body)

    def rows(self, statement: str) -> list[Json]:
        answer = self.books.query(statement)
        assert answer.status_code == 200, answer.text
        found = document(answer)["QueryResponse"]
        return list(found.get(statement.split(" FROM ")[1].split()[0], []))

    def room(self, method: str, path: str, body: Any = None) -> TestResponse:
        address = f"/_control/quickbooks/{self.books.realm}/{path}"
        return self.books.client.open(address, method=method, json=body or {})

    def person(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.room(method, path, body)
        assert answer.status_code == 200, answer.text
        return document(answer)

    def settings(self, **values: Any) -> None:
        answer = self.books.client.patch(f"/_control/quickbooks/{self.books.realm}", json=values)
        assert answer.status_code == 200, answer.text

    def account(self, name: str) -> str:
        return str(self.rows(f"SELECT * FROM Account WHERE Name = '{name}'")[0]["Id"])


KEY = "office-key"


def refusal(answer: TestResponse) -> tuple[int, str, str]:
    """Status, code and field; the message is for people."""
    body = document(answer)
    assert set(body) <= {"message", "code", "field"}
    assert body["message"]
    return answer.status_code, body["code"], body.get("field", "")


@dataclass
class Office:
    client: FlaskClient
    key: str = KEY
    email: str = ""

    @classmethod
    def opened(cls, client: FlaskClient, key: str = KEY, name: str = "Test Roofing") -> Office:
        """With the first second's limit off: what is tested elsewhere must not depend on speed."""
        client.post("/_control/switches", json={"requests_per_second": 0})
        answer = client.post("/_control/coperniq/companies", json={"name": name, "api_key": key})
        assert answer.status_code == 200, answer.text
        return cls(client, key, document(answer)["email"])

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> TestResponse:
        sent: Json = {} if body is None else {"json": body}
        headers = {"x-api-key": self.key}
        return self.client.open(
            f"/coperniq/v1/{path}", method=method, headers=headers, query_string=query, **sent
        )

    def get(self, path: str, **query: Any) -> Any:
        answer = self.call("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return document(answer)

    def post(self, path: str, body: Any, **query: Any) -> Any:
        answer = self.call("POST", path, body, **query)
        assert answer.status_code in {200, 201}, answer.text
        return document(answer)

    def patch(self, path: str, body: Any) -> Any:
        answer = self.call("PATCH", path, body)
        assert answer.status_code == 200, answer.text
        return document(answer)

    def titles(self, path: str = "accounts", **query: Any) -> list[str]:
        return [row["title"] for row in self.get(path, **query)]

    def room(self, method: str, path: str, body: Any = None) -> TestResponse:
        """A person in the web application."""
        return self.client.open(f"/_control/coperniq/{self.key}/{path}", method=method, json=body or {})

    def person(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.room(method, path, body)
        assert answer.status_code == 200, answer.text
        return document(answer)

    def account(self, title: str, **fields: Any) -> Json:
        found: Json = self.person("POST", "accounts", {"title": title, **fields})
        return found

    def project(self, title: str = "", **fields: Any) -> Json:
        found: Json = self.person("POST", "projects", {"title": title, **fields})
        return found

    def item(self, name: str = "Panel", **fields: Any) -> Json:
        found: Json = self.person("POST", "catalog-items", {"name": name, **fields})
        return found

    def invoice(self, record: Json, *prices: Any, **fields: Any) -> Json:
        """A person's, with a line and a catalog item of its own for every price."""
        lines = [{"catalogItem": {"name": f"Item {price}"}, "unitPrice": price} for price in prices]
        body = {"recordId": record["id"], "lineItems": lines, **fields}
        found: Json = self.person("POST", "invoices", body)
        return found

    def payments(self, invoice: Json) -> str:
        return f"invoices/{invoice['id']}/payments"

    def workflow(self, *phases: str | Json, **fields: Any) -> Json:
        found: Json = self.person("POST", "workflows", {"name": "Solar", "phases": phases, **fields})
        return found

    def start(self, project: Json, template: int) -> Json:
        path = f"projects/{project['id']}/start-phase"
        found: Json = self.person("POST", path, {"phaseTemplateId": template})
        return found

    def switch(self, **settings: Any) -> None:
        assert self.client.post("/_control/switches", json=settings).status_code == 200

    def later(self, seconds: float = 60) -> None:
        self.client.post("/_control/clock", json={"shift_seconds": seconds})
