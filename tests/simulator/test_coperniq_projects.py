"""Projects: values in dollars, the borrowed title, what an account may not do to them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from tests.simulator.clients import Json, Office, refusal

NEW: Json = {"title": "Roof", "address": ["1 Elm St"]}


def test_a_project_has_exactly_the_documented_fields(office: Office) -> None:
    office.workflow("Sale", "Build")
    made = office.post("projects", {**NEW, "value": 25000, "size": 10.5})
    listed = {
        *("id", "number", "title", "description", "address", "status", "isActive", "value", "size", "trades"),
        *("accountId", "workflowId", "workflowName", "phase", "primaryEmail", "primaryPhone", "custom"),
        *("createdBy", "updatedBy", "createdAt", "updatedAt"),
    }
    assert set(made) == set(office.get("projects")[0]) == listed
    assert set(office.get(f"projects/{made['id']}")) == listed | {"phaseInstances"}
    assert (made["status"], made["trades"], made["value"]) == ("ACTIVE", ["Solar"], 25000)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("25000", "25000"), ("0.1", "0.1"), ("19.99", "19.99"), ("1.005", "1.01"), ("-3.5", "-3.5")],
)
def test_money_comes_back_to_the_cent(client: FlaskClient, office: Office, sent: str, kept: str) -> None:
    raw = f'{{"title": "Roof", "address": ["x"], "value": {sent}}}'
    client.post("/coperniq/v1/projects", data=raw, headers={"x-api-key": office.key})
    assert office.get("projects")[0]["value"] == Decimal(kept)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": ""}, "title"),
        ({"address": None}, "address"),
        ({"value": "25000"}, "value"),
        ({"value": True}, "value"),
        ({"value": 10**13}, "value"),
        ({"size": "10 kW"}, "size"),
        ({"status": "active"}, "status"),
        ({"trades": "Solar"}, "trades"),
        ({"accountId": 1}, "accountId"),
        ({"accountId": "one"}, "accountId"),
        ({"workflowId": 1}, "workflowId"),
        ({"primaryEmail": "x"}, "primaryEmail"),
        ({"contacts": [1]}, "contacts"),
    ],
)
def test_a_wrong_field_is_named(office: Office, changed: Json, field: str) -> None:
    assert refusal(office.call("POST", "projects", {**NEW, **changed})) == (400, "VALIDATION_ERROR", field)
    assert office.get("projects") == []


def test_an_id_may_be_sent_as_text_and_is_printed_as_a_number(office: Office) -> None:
    account = office.account("Ann")
    assert office.post("projects", {**NEW, "accountId": str(account["id"])})["accountId"] == account["id"]


def test_an_empty_title_reads_as_the_accounts(office: Office) -> None:
    account = office.account("Ann Lee")
    made = office.project("", accountId=account["id"])
    assert made["title"] == office.get(f"projects/{made['id']}")["title"] == "Ann Lee"
    assert office.titles("projects", title="ann") == ["Ann Lee"]
    office.person("PATCH", f"accounts/{account['id']}", {"title": "Ann Smith"})
    assert office.titles("projects") == ["Ann Smith"]


def test_null_clears_a_title_back_to_the_accounts(office: Office) -> None:
    account = office.account("Ann Lee")
    made = office.post("projects", {**NEW, "accountId": account["id"]})
    assert office.patch(f"projects/{made['id']}", {"title": None})["title"] == "Ann Lee"


def test_the_account_of_a_project_cannot_be_changed_by_the_api(office: Office) -> None:
    made, other = office.project("Roof"), office.account("Bo")
    answer = office.call("PATCH", f"projects/{made['id']}", {"accountId": other["id"], "title": "New"})
    assert refusal(answer) == (400, "VALIDATION_ERROR", "accountId")
    assert office.get(f"projects/{made['id']}")["title"] == "Roof"


def test_a_person_moves_a_project_to_another_account(office: Office) -> None:
    made, other = office.project("Roof"), office.account("Bo")
    office.person("PATCH", f"projects/{made['id']}", {"accountId": other["id"]})
    assert office.get(f"projects/{made['id']}")["accountId"] == other["id"]


def test_a_project_is_matched_by_its_title_by_default(office: Office) -> None:
    first = office.post("projects", NEW)
    again = office.post("projects", {**NEW, "value": 5})
    assert (again["id"], again["value"]) == (first["id"], None)
    office.post("projects", {**NEW, "value": 5}, match_found_strategy="enrich")
    assert office.get(f"projects/{first['id']}")["value"] == 5


def test_an_archived_project_is_hidden_until_asked_for(office: Office) -> None:
    made = office.project("Roof", isActive=False)
    assert refusal(office.call("GET", f"projects/{made['id']}")) == (404, "NOT_FOUND", "")
    assert office.get("projects") == []
    assert office.get(f"projects/{made['id']}", include_archived="true")["isActive"] is False


def test_the_api_does_not_archive_a_project(office: Office) -> None:
    made = office.project("Roof")
    assert office.patch(f"projects/{made['id']}", {"isActive": False})["isActive"] is True


def test_a_project_without_a_workflow_gets_the_first_one_unless_switched(office: Office) -> None:
    workflow = office.workflow("Sale")
    assert office.post("projects", NEW)["workflowId"] == workflow["id"]
    office.switch(project_default_workflow=False)
    made = office.post("projects", {**NEW, "title": "Other"})
    assert (made["workflowId"], made["workflowName"]) == (None, "")
    assert "phase" not in made
    assert "stage" not in made


def test_numbers_go_on_after_the_highest_a_person_gave(office: Office) -> None:
    office.project("Roof", number=12345)
    assert office.post("projects", {**NEW, "title": "Next"})["number"] == 12346


def test_a_deleted_project_is_gone(office: Office) -> None:
    made = office.project("Roof")
    answer = office.call("DELETE", f"projects/{made['id']}")
    assert (answer.status_code, answer.data) == (200, b"")
    assert refusal(office.call("DELETE", f"projects/{made['id']}")) == (404, "NOT_FOUND", "")


def test_contacts_of_a_project_are_linked(office: Office) -> None:
    contact = office.post("contacts", {"name": "Bo"})
    made = office.post("projects", {**NEW, "contacts": [contact["id"]]})
    assert office.get(f"contacts/{contact['id']}")["projects"] == [{"id": made["id"], "title": "Roof"}]
    office.patch(f"projects/{made['id']}", {"contacts": []})
    assert office.get(f"contacts/{contact['id']}")["projects"] == []


def test_deleting_may_only_archive(office: Office) -> None:
    office.switch(delete_archives=True)
    made = office.project("Roof")
    office.call("DELETE", f"projects/{made['id']}")
    assert office.get("projects") == []
    assert office.get(f"projects/{made['id']}", include_archived="true")["isActive"] is False
