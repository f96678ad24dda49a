"""What a user does in Coperniq, and the demo company."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from simulator import switches
from simulator.switches import SWITCHES
from tests.simulator.clients import Json, Office, document, refusal


def test_a_key_belongs_to_one_company(client: FlaskClient, office: Office) -> None:
    again = client.post("/_control/coperniq/companies", json={"name": "Other", "api_key": office.key})
    assert refusal(again) == (400, "VALIDATION_ERROR", "api_key")
    assert refusal(client.post("/_control/coperniq/nobody/accounts", json={"title": "A"})) == (
        404,
        "NOT_FOUND",
        "",
    )


def test_a_person_is_never_matched_nor_counted(office: Office) -> None:
    assert office.account("Ann")["id"] != office.account("Ann")["id"]
    assert office.call("GET", "accounts").headers["X-RateLimit-Remaining"] == "4999"


def test_a_person_needs_no_address_and_is_told_of_slips(office: Office) -> None:
    assert office.account("Ann")["address"] == [""]
    assert refusal(office.room("POST", "accounts", {"title": "B", "adress": ["x"]})) == (
        400,
        "VALIDATION_ERROR",
        "adress",
    )
    assert refusal(office.room("POST", "projects", {"accountId": 1})) == (
        400,
        "VALIDATION_ERROR",
        "accountId",
    )


def test_a_person_changes_and_deletes_every_kind_of_record(office: Office) -> None:
    account = office.account("Ann")
    wanted: dict[str, tuple[Json, Json]] = {
        "contacts": ({"name": "Ann"}, {"name": "Anna"}),
        "sites": ({"accountId": account["id"], "fullAddress": "x"}, {"title": "Home"}),
        "projects": ({"title": "Roof"}, {"number": 77}),
        "workflows": ({"name": "Solar"}, {"name": "Roofing"}),
        "accounts": ({"title": "Bo"}, {"isActive": False}),
    }
    for kind, (new, changed) in wanted.items():
        made = office.person("POST", kind, new)
        found = office.person("PATCH", f"{kind}/{made['id']}", changed)
        assert {name: found[name] for name in changed} == changed
        assert office.room("DELETE", f"{kind}/{made['id']}").status_code == 200
        assert office.call("GET", f"{kind}/{made['id']}").status_code == 404


def test_a_deleted_workflow_leaves_its_projects_without_one(office: Office) -> None:
    workflow, project = office.workflow("Sale"), office.project("Roof")
    office.person("DELETE", f"workflows/{workflow['id']}")
    found = office.get(f"projects/{project['id']}")
    assert (found["workflowId"], "phase" in found) == (None, False)


def test_the_state_holds_archived_records_and_titles_as_stored(client: FlaskClient, office: Office) -> None:
    account = office.account("Ann", isActive=False)
    office.project("", accountId=account["id"])
    state = json.loads(client.get("/_control/state").data)["coperniq"][office.key]
    assert [one["isActive"] for one in state["accounts"]] == [False]
    assert [(one["title"], one["storedTitle"]) for one in state["projects"]] == [("Ann", "")]
    shown = json.loads(client.get(f"/_control/coperniq/{office.key}").data)
    assert shown["name"] == state["name"] == "Test Roofing"


def test_the_demo_holds_the_coincidences_that_make_syncing_hard(demo: Office) -> None:
    accounts = demo.get("accounts", include_archived="true", page_size=100)
    assert len(accounts) == 18
    assert [one["title"] for one in accounts if not one["isActive"]] == ["Miller Family Trust"]
    assert [one["title"] for one in accounts if not one["primaryEmail"]] == ["Robert Chen"]
    assert [one["title"] for one in accounts if ":" in one["title"]] == ["Hernandez: Rooftop Co"]
    projects = demo.get("projects", page_size=100)
    assert len(projects) == 21
    assert [one["title"] for one in projects if one["accountId"] is None] == ["Walk-in: Model Home"]
    john = demo.get("projects", title="John Smith")[0]
    assert [str(john[name]) for name in ("number", "value", "size")] == ["12345", "25000", "10.5"]


def test_the_demo_has_workflows_of_four_to_six_phases_sites_and_contacts(demo: Office) -> None:
    sizes = [len(one["phases"]) for one in demo.get("workflows")]
    assert len(sizes) == 3
    assert set(sizes) <= {4, 5, 6}
    assert len(demo.get("sites", page_size=100)) == 18
    assert len(demo.get("contacts", page_size=100)) == 17
    assert all(one["zipcode"] for one in demo.get("sites"))


def test_every_open_question_is_explained_and_asked_somewhere() -> None:
    code = "".join(path.read_text() for path in Path(switches.__file__).parent.rglob("*.py"))
    names = [name for name in SWITCHES if not name.endswith("_webhook_timeout_seconds")]
    assert [name for name in names if f'"{name}"' not in code] == []
    assert all(len(why) > 20 for _, why in SWITCHES.values())


def test_a_workflow_is_shaped_like_in_the_settings(office: Office) -> None:
    workflow = office.workflow({"name": "Sale", "description": "sign", "redSla": 5}, "Build")
    path = f"workflows/{workflow['id']}"
    office.person("PATCH", path, {"name": "Roofing", "description": "tiles"})
    office.person("POST", f"{path}/phases", {"name": "Final Bill", "type": "BILLING"})
    office.person("PATCH", f"{path}/phases/{workflow['phases'][1]['id']}", {"yellowSla": 2})
    found = office.get(path)
    assert (found["name"], found["description"]) == ("Roofing", "tiles")
    assert [(one["name"], one["redSla"], one["yellowSla"]) for one in found["phases"]] == [
        ("Sale", 5, None),
        ("Build", None, 2),
        ("Final Bill", None, None),
    ]
    assert (found["phases"][0]["description"], found["phases"][2]["type"]) == ("sign", "BILLING")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"phases": ["A"]}, "name"),
        ({"name": "A", "phases": "B"}, "phases"),
        ({"name": "A", "phases": [1]}, "phases"),
        ({"name": "A", "phases": [{"name": "B", "redSla": "soon"}]}, "redSla"),
        ({"name": "A", "generation": 3}, "phases"),
    ],
)
def test_a_wrong_workflow_is_refused(office: Office, body: Json, field: str) -> None:
    assert refusal(office.room("POST", "workflows", body)) == (400, "VALIDATION_ERROR", field)


def test_what_is_not_there_cannot_be_touched(client: FlaskClient, office: Office) -> None:
    workflow = office.workflow("Sale")
    for method, path in (
        ("PATCH", f"workflows/{workflow['id']}/phases/1"),
        ("DELETE", "workflows/1"),
        ("DELETE", "accounts/1"),
        ("POST", "projects/1/start-phase"),
    ):
        assert refusal(office.room(method, path, {"phaseTemplateId": 1}))[:2] == (404, "NOT_FOUND")
    assert refusal(client.put("/_control/coperniq/nobody/limits", json={}))[:2] == (404, "NOT_FOUND")
    answer = office.room("POST", "webhooks", {"triggerKey": "CALL_UPSERTED", "record": []})
    assert refusal(answer) == (400, "VALIDATION_ERROR", "record")


def test_a_person_links_contacts_and_writes_custom_values(office: Office) -> None:
    office.person("POST", "properties", {"recordType": "account", "name": "Tax", "keyName": "tax"})
    contact = office.person("POST", "contacts", {"name": "Bo"})
    account, project = office.account("Ann", custom={"tax": "1"}), office.project("Roof")
    for kind, made in (("accounts", account), ("projects", project)):
        office.person("PATCH", f"{kind}/{made['id']}", {"contacts": [contact["id"]]})
    found = office.get(f"contacts/{contact['id']}")
    assert [one["id"] for one in found["accounts"]] == [account["id"]]
    assert [one["id"] for one in found["projects"]] == [project["id"]]
    assert office.get(f"accounts/{account['id']}")["custom"] == {"tax": "1"}
    office.person("DELETE", f"projects/{project['id']}")
    assert office.get(f"contacts/{contact['id']}")["projects"] == []


@pytest.fixture
def roof(office: Office) -> Json:
    return office.project("Roof", value=1000)


def test_a_person_writes_lines_as_they_come(office: Office, roof: Json) -> None:
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
    office: Office, roof: Json, changed: Json, field: str
) -> None:
    answer = office.room("POST", "invoices", {"recordId": roof["id"], **changed})
    assert refusal(answer) == (400, "VALIDATION_ERROR", field)
    assert (office.get("invoices")["items"], office.get("catalog-items")) == ([], [])


def test_a_total_may_go_beyond_the_lines(office: Office, roof: Json) -> None:
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


def test_the_actions_of_a_person(office: Office, roof: Json) -> None:
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


def test_an_invoice_moves_to_another_record(office: Office, roof: Json) -> None:
    account = office.account("Ann")
    made = office.invoice(roof, 100)
    assert made["account"] is None
    found = office.person("PATCH", f"invoices/{made['id']}", {"recordId": account["id"], "uid": 7777})
    assert (found["record"]["title"], found["account"]["title"], found["uid"]) == ("Ann", "Ann", 7777)
    assert office.get(f"projects/{roof['id']}/invoices")["items"] == []
    assert office.invoice(roof, 1)["uid"] == 7778


def test_a_person_bills_a_share(office: Office, roof: Json) -> None:
    wanted = {"recordId": roof["id"], "calculationMethod": "PERCENTAGE", "percentage": 33.335}
    made = office.person("POST", "invoices", {**wanted, "sharedWithPortal": True, "title": "Deposit"})
    assert (made["amount"], made["baseAmount"]) == (Decimal("333.35"), 1000)
    assert (made["sharedWithPortal"], made["title"]) == (True, "Deposit")


def test_the_state_holds_everything_of_the_money(client: FlaskClient, office: Office, roof: Json) -> None:
    made = office.invoice(roof, 100, status="SENT", dueDate="2026-01-01", isArchived=True)
    paid = office.person("POST", office.payments(made), {"amount": 5})
    state = document(client.get("/_control/state"))["coperniq"][office.key]
    (found,) = state["invoices"]
    assert (found["status"], found["storedStatus"]) == ("OVERDUE", "PARTIALLY_PAID")
    assert (found["recordId"], found["isArchived"], found["payments"]) == (roof["id"], True, [paid])
    assert state["payments"] == [{"invoiceId": made["id"], **paid}]
    assert [one["name"] for one in state["catalogItems"]] == ["Item 100"]
