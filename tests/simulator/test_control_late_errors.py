"""The work is done, and the client is told that it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.conftest import Books, document
from tests.simulator.office import Office

if TYPE_CHECKING:
    from flask.testing import FlaskClient

SERVICE = {"name": "Cleaning", "type": "SERVICE", "category": "CLEANING", "cost": 0, "price": 5}
PAYMENT = {"amount": 40, "paymentMethod": "CHECK", "paymentDate": "2026-03-01T00:00:00.000Z"}


@pytest.fixture
def office(client: FlaskClient) -> Office:
    return Office.opened(client)


def late(client: FlaskClient, vendor: str, kind: str = "502", **more: Any) -> None:
    wanted = {"vendor": vendor, "fault": f"late_error_{kind}", **more}
    assert client.post("/_control/faults", json=wanted).status_code == 200


def heard(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = document(client.get("/_control/log"))[-1]
    return found


@pytest.mark.parametrize(
    ("kind", "status", "mimetype"), [("500", 500, "application/json"), ("502", 502, "text/html")]
)
def test_a_catalog_item_is_made_nonetheless(office: Office, kind: str, status: int, mimetype: str) -> None:
    late(office.client, "coperniq", kind)
    answer = office.call("POST", "catalog-items", SERVICE)
    assert (answer.status_code, answer.mimetype, "Date" in answer.headers) == (status, mimetype, True)
    assert (heard(office.client)["status"], heard(office.client)["applied"]) == (status, True)
    assert [one["name"] for one in office.get("catalog-items")] == ["Cleaning"]


def test_every_write_of_coperniq_can_suffer_it(office: Office) -> None:
    invoice = office.invoice(office.project("Roof"), 100, status="SENT")
    steps = [
        ("POST", office.payments(invoice), PAYMENT),
        ("PATCH", f"invoices/{invoice['id']}", {"description": "Late"}),
        ("DELETE", f"catalog-items/{invoice['lineItems'][0]['catalogItemId']}", None),
    ]
    for method, path, body in steps:
        late(office.client, "coperniq")
        assert office.call(method, path, body).status_code == 502
    now = office.get(f"invoices/{invoice['id']}")
    assert (now["amountPaid"], now["description"]) == (40, "Late")
    assert office.get("catalog-items") == []
    late(office.client, "coperniq")
    office.call("DELETE", f"invoices/{invoice['id']}")
    assert office.call("GET", f"invoices/{invoice['id']}").status_code == 404


def test_reads_pass_and_a_refusal_is_covered_too(office: Office) -> None:
    late(office.client, "coperniq")
    assert office.get("catalog-items") == []
    assert office.call("POST", "catalog-items", {}).status_code == 502
    assert heard(office.client)["applied"] is False


def test_a_requestid_brings_the_answer_back(books: Books) -> None:
    late(books.client, "quickbooks", "500")
    answer = books.post("customer?requestid=r1", {"DisplayName": "Ann"})
    assert (answer.status_code, document(answer)["Fault"]["type"]) == (500, "SystemFault")
    again = books.post("customer?requestid=r1", {"DisplayName": "Ann"})
    assert again.status_code == 200
    assert books.found("SELECT * FROM Customer") == ["Ann"]
