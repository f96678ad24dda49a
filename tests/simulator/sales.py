"""Books with something to sell: what the tests of invoices and payments say over and over."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.simulator.conftest import Books, document

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

SERVICES, HOURS = "1", "2"


def line(amount: Any, item: str | None = SERVICES, **detail: Any) -> dict[str, Any]:
    reference = {} if item is None else {"ItemRef": {"value": item}}
    return {
        "DetailType": "SalesItemLineDetail",
        "Amount": amount,
        "SalesItemLineDetail": {**reference, **detail},
    }


def pays(amount: Any, record: dict[str, Any], kind: str = "Invoice") -> dict[str, Any]:
    return {"Amount": amount, "LinkedTxn": [{"TxnId": record["Id"], "TxnType": kind}]}


def num(value: Any) -> Decimal:
    return Decimal(str(value))


@dataclass
class Sales:
    books: Books

    def write(self, path: str, body: Any) -> dict[str, Any]:
        answer = self.books.post(path, body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = document(answer)
        return dict(next(value for value in found.values() if isinstance(value, dict)))

    def invoice(self, customer: dict[str, Any], *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
        return self.write("invoice", self.body(customer, *lines, **fields))

    def body(self, customer: dict[str, Any], *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
        return {"CustomerRef": {"value": customer["Id"]}, "Line": list(lines) or [line(100)], **fields}

    def refused(self, customer: dict[str, Any], *lines: dict[str, Any], **fields: Any) -> TestResponse:
        return self.books.post("invoice", self.body(customer, *lines, **fields))

    def payment(
        self, customer: dict[str, Any], total: Any, *lines: dict[str, Any], **fields: Any
    ) -> dict[str, Any]:
        body = {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": total, "Line": list(lines), **fields}
        return self.write("payment", body)

    def pay(
        self, customer: dict[str, Any], total: Any, *lines: dict[str, Any], **fields: Any
    ) -> TestResponse:
        body = {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": total, "Line": list(lines), **fields}
        return self.books.post("payment", body)

    def read(self, entity: str, record: dict[str, Any]) -> dict[str, Any]:
        answer = self.books.get(f"{entity.lower()}/{record['Id']}")
        assert answer.status_code == 200, answer.text
        return dict(document(answer)[entity])

    def change(self, entity: str, record: dict[str, Any], **fields: Any) -> TestResponse:
        body = {"Id": record["Id"], "SyncToken": record["SyncToken"], "sparse": True, **fields}
        return self.books.post(entity.lower(), body)

    def changed(self, entity: str, record: dict[str, Any], **fields: Any) -> dict[str, Any]:
        answer = self.change(entity, record, **fields)
        assert answer.status_code == 200, answer.text
        return dict(document(answer)[entity])

    def void(self, record: dict[str, Any], path: str = "invoice?operation=void") -> TestResponse:
        return self.books.post(path, {"Id": record["Id"], "SyncToken": record["SyncToken"]})

    def void_payment(self, record: dict[str, Any]) -> TestResponse:
        body = {"Id": record["Id"], "SyncToken": record["SyncToken"], "sparse": True}
        return self.books.post("payment?operation=update&include=void", body)

    def delete(self, entity: str, record: dict[str, Any]) -> TestResponse:
        body = {"Id": record["Id"], "SyncToken": record["SyncToken"]}
        return self.books.post(f"{entity.lower()}?operation=delete", body)

    def rows(self, statement: str) -> list[dict[str, Any]]:
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
