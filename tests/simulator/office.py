"""One Coperniq company as its API and its web application show it, by raw HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

KEY = "office-key"


def document(answer: TestResponse) -> Any:
    return json.loads(answer.data, parse_float=Decimal)


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
        sent: dict[str, Any] = {} if body is None else {"json": body}
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

    def account(self, title: str, **fields: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.person("POST", "accounts", {"title": title, **fields})
        return found

    def project(self, title: str = "", **fields: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.person("POST", "projects", {"title": title, **fields})
        return found

    def item(self, name: str = "Panel", **fields: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.person("POST", "catalog-items", {"name": name, **fields})
        return found

    def invoice(self, record: dict[str, Any], *prices: Any, **fields: Any) -> dict[str, Any]:
        """A person's, with a line and a catalog item of its own for every price."""
        lines = [{"catalogItem": {"name": f"Item {price}"}, "unitPrice": price} for price in prices]
        body = {"recordId": record["id"], "lineItems": lines, **fields}
        found: dict[str, Any] = self.person("POST", "invoices", body)
        return found

    def payments(self, invoice: dict[str, Any]) -> str:
        return f"invoices/{invoice['id']}/payments"

    def workflow(self, *phases: str | dict[str, Any], **fields: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.person(
            "POST", "workflows", {"name": "Solar", "phases": phases, **fields}
        )
        return found

    def start(self, project: dict[str, Any], template: int) -> dict[str, Any]:
        path = f"projects/{project['id']}/start-phase"
        found: dict[str, Any] = self.person("POST", path, {"phaseTemplateId": template})
        return found

    def switch(self, **settings: Any) -> None:
        assert self.client.post("/_control/switches", json=settings).status_code == 200

    def later(self, seconds: float = 60) -> None:
        self.client.post("/_control/clock", json={"shift_seconds": seconds})
