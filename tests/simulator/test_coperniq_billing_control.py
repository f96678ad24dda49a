"""What a person does to invoices in Coperniq's own pages, which the API would refuse."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.office import Office, document, refusal

if TYPE_CHECKING:
    from flask.testing import FlaskClient


@pytest.fixture
def office(client: FlaskClient) -> Office:
    return Office.opened(client)


@pytest.fixture
def roof(office: Office) -> dict[str, Any]:
    return office.project("Roof", value=1000)


def test_a_person_writes_lines_as_they_come(office: Office, roof: dict[str, Any]) -> None:
    item = office.item()
    lines = [
        {"catalogItemId": item["id"], "unitPrice": 19.99, "quantity": 3},
        {"catalogItemId": item["id"], "unitPrice": 5},
        {"catalogItem": {"name": "Custom", "code": "C-1"}, "unitPrice": -1.01, "quantity": 0},
    ]
    wanted = {
        "recordId": roof["id"],
        "sections": [{"name": "All", "lineItems": lines}],
        "dueDate": "2999-01-31",
    }
    made = office.person("POST", "invoices", {**wanted, "status": "OVERDUE"})
    found = office.get(f"invoices/{made['id']}")
    assert [one["quantity"] for one in found["lineItems"]] == [3, 1, 0]
    assert (found["amount"], found["status"]) == (Decimal("64.97"), "OVERDUE")
    assert found["dueDate"] == "2999-01-31T00:00:00.000Z"
    assert [one["sectionName"] for one in made["lineItems"]] == ["All"] * 3
    assert [one["code"] for one in office.get("catalog-items")] == [None, "C-1"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"recordId": 1}, "recordId"),
        ({"recordId": None}, "recordId"),
        ({"colour": "red"}, "colour"),
        ({"lineItems": [{"catalogItem": {"name": "X"}, "unitPrice": 1, "qty": 2}]}, "lineItems[0].qty"),
        ({"lineItems": [{"catalogItem": {"name": "X"}}]}, "lineItems[0].unitPrice"),
        ({"lineItems": [{"catalogItem": {"name": "X"}, "unitPrice": 1}, 5]}, "lineItems[1]"),
        ({"lineItems": [{"catalogItem": {"label": "X"}}]}, "name"),
        ({"status": "VOID"}, "status"),
        ({"dueDate": "tomorrow"}, "dueDate"),
    ],
)
def test_a_slip_is_told_and_leaves_nothing_behind(
    office: Office, roof: dict[str, Any], changed: dict[str, Any], field: str
) -> None:
    answer = office.room("POST", "invoices", {"recordId": roof["id"], **changed})
    assert refusal(answer) == (400, "VALIDATION_ERROR", field)
    assert (office.get("invoices")["items"], office.get("catalog-items")) == ([], [])


def test_a_total_may_go_beyond_the_lines(office: Office, roof: dict[str, Any]) -> None:
    made = office.invoice(roof, 100, amount=108.25)
    path = f"invoices/{made['id']}"
    assert (made["amount"], made["beyondLines"]) == (Decimal("108.25"), Decimal("8.25"))
    line = made["lineItems"][0]
    cheaper = {"id": line["id"], "catalogItemId": line["catalogItemId"], "unitPrice": 90}
    found = office.person("PATCH", path, {"lineItems": [cheaper]})
    assert (found["amount"], found["lineItems"][0]["id"]) == (Decimal("98.25"), line["id"])
    assert office.person("PATCH", path, {"lineItems": [cheaper], "amount": 95})["beyondLines"] == 5
    assert office.person("PATCH", path, {"amount": None})["amount"] == 90
    assert office.person("PATCH", path, {"lineItems": []})["amount"] == 0


def test_the_actions_of_a_person(office: Office, roof: dict[str, Any]) -> None:
    made = office.invoice(roof, 100)
    path = f"invoices/{made['id']}"
    for action, status, archived in (
        ("send", "SENT", False),
        ("decline", "DECLINED", False),
        ("archive", "DECLINED", True),
        ("restore", "DECLINED", False),
    ):
        found = office.person("POST", f"{path}/{action}")
        assert (found["status"], found["isArchived"]) == (status, archived)
        assert office.get(path)["status"] == status
    assert found["issueDate"]
    assert office.room("POST", f"{path}/shred").status_code == 404
    office.person("DELETE", path)
    assert refusal(office.call("GET", path))[:2] == (404, "NOT_FOUND")
    assert refusal(office.room("POST", f"{path}/send"))[:2] == (404, "NOT_FOUND")


def test_an_invoice_moves_to_another_record(office: Office, roof: dict[str, Any]) -> None:
    account = office.account("Ann")
    made = office.invoice(roof, 100)
    assert made["account"] is None
    found = office.person("PATCH", f"invoices/{made['id']}", {"recordId": account["id"], "uid": 7777})
    assert (found["record"]["title"], found["account"]["title"], found["uid"]) == ("Ann", "Ann", 7777)
    assert office.get(f"projects/{roof['id']}/invoices")["items"] == []
    assert office.invoice(roof, 1)["uid"] == 7778


def test_a_person_bills_a_share(office: Office, roof: dict[str, Any]) -> None:
    wanted = {"recordId": roof["id"], "calculationMethod": "PERCENTAGE", "percentage": 33.335}
    made = office.person("POST", "invoices", {**wanted, "sharedWithPortal": True, "title": "Deposit"})
    assert (made["amount"], made["baseAmount"]) == (Decimal("333.35"), 1000)
    assert (made["sharedWithPortal"], made["title"]) == (True, "Deposit")


def test_the_state_holds_everything_of_the_money(
    client: FlaskClient, office: Office, roof: dict[str, Any]
) -> None:
    made = office.invoice(roof, 100, status="SENT", dueDate="2026-01-01", isArchived=True)
    paid = office.person("POST", office.payments(made), {"amount": 5})
    state = document(client.get("/_control/state"))["coperniq"][office.key]
    (found,) = state["invoices"]
    assert (found["status"], found["storedStatus"]) == ("OVERDUE", "PARTIALLY_PAID")
    assert (found["recordId"], found["isArchived"], found["payments"]) == (roof["id"], True, [paid])
    assert state["payments"] == [{"invoiceId": made["id"], **paid}]
    assert [one["name"] for one in state["catalogItems"]] == ["Item 100"]
