"""Coperniq's webhooks: what fires, what the post carries, and how often it is tried."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.simulator.clients import Json, Office, refusal
from tests.simulator.receiver import Receiver, settled


@pytest.fixture
def office(client: FlaskClient, receiver: Receiver) -> Office:
    office = Office.opened(client)
    office.switch(webhook_retry_seconds=[0.01, 0.01])
    office.workflow("Sale", "Build")
    subscribe(office, receiver.url)
    return office


def subscribe(office: Office, *urls: str, triggers: list[str] | None = None) -> None:
    wanted = {"api_key": office.key, "urls": urls, "triggers": triggers}
    assert office.client.put("/_control/webhooks/coperniq", json=wanted).status_code == 200


def second_phase(office: Office) -> int:
    return int(office.get("workflows")[0]["phases"][1]["id"])


def test_a_phase_start_tells_of_the_completed_and_the_started_phase(
    office: Office, receiver: Receiver
) -> None:
    project = office.project("Roof", value=28500, address=["1 Elm St"])
    settled(office.client)
    receiver.raw.clear()
    started = office.start(project, second_phase(office))
    settled(office.client)
    assert receiver.triggers == ["PROJECT_PHASE_COMPLETED", "PROJECT_PHASE_STARTED"]
    body = receiver.bodies[1]
    assert set(body) == {"event", "record"}
    assert body["event"] == {
        "eventId": body["event"]["eventId"],
        "recordId": project["id"],
        "triggerKey": "PROJECT_PHASE_STARTED",
        "triggerName": "Project Phase Started",
        "firedAt": body["event"]["firedAt"],
        "phaseInstanceId": started["id"],
        "phaseTemplateId": second_phase(office),
        "phaseType": "BUILD",
        "status": "IN_PROGRESS",
    }
    record = body["record"]
    assert (record["id"], record["uid"], record["type"]) == (project["id"], project["number"], "PROJECT")
    assert (record["address"], record["dealValue"], record["stage"]["name"]) == ("1 Elm St", 28500, "Build")
    assert record["updatedAt"] == office.get(f"projects/{project['id']}")["updatedAt"]


def test_every_event_has_a_number_of_its_own(office: Office, receiver: Receiver) -> None:
    office.project("Roof")
    office.project("Barn")
    settled(office.client)
    numbers = [one["event"]["eventId"] for one in receiver.bodies]
    assert len(set(numbers)) == 4
    assert all(isinstance(one, int) for one in numbers)


def test_creation_status_and_custom_values_fire_and_nothing_else_does(
    office: Office, receiver: Receiver
) -> None:
    office.person("POST", "properties", {"recordType": "project", "name": "Roof", "keyName": "roof"})
    made = office.post("projects", {"title": "Roof", "address": ["x"]})
    path = f"projects/{made['id']}"
    office.patch(path, {"value": 5})
    office.patch(path, {"status": "ON_HOLD"})
    office.patch(path, {"status": "ON_HOLD"})
    office.patch(path, {"custom": {"roof": "tile"}})
    office.call("DELETE", path)
    office.account("Ann", primaryEmail="ann@example.com")
    settled(office.client)
    assert receiver.triggers == [
        "PROJECT_CREATED",
        "PROJECT_PHASE_STARTED",
        "PROJECT_STATUS_MOVEMENT",
        "PROJECT_PROPERTY_UPDATED",
    ]


def test_the_post_is_json_without_any_signature(office: Office, receiver: Receiver) -> None:
    office.project("Roof")
    settled(office.client)
    names = {name.lower() for name in receiver.headers[0]}
    assert receiver.headers[0]["Content-Type"] == "application/json"
    assert not [name for name in names if "sign" in name or "auth" in name or "key" in name]


def test_only_the_chosen_triggers_fire_to_every_url(office: Office, receiver: Receiver) -> None:
    subscribe(office, receiver.url, receiver.url + "-too", triggers=["PROJECT_CREATED"])
    office.project("Roof")
    assert len(settled(office.client)) == 2
    assert receiver.triggers == ["PROJECT_CREATED"] * 2


def test_another_company_fires_nothing_here(office: Office, receiver: Receiver) -> None:
    Office.opened(office.client, "stranger-key").project("Roof")
    assert settled(office.client) == []


def test_an_empty_list_of_urls_ends_the_subscription(office: Office, receiver: Receiver) -> None:
    subscribe(office)
    office.project("Roof")
    assert settled(office.client) == []


@pytest.mark.parametrize("status", [302, 400, 500])
def test_anything_but_2xx_is_tried_again(office: Office, receiver: Receiver, status: int) -> None:
    receiver.answers = [status, 204]
    subscribe(office, receiver.url, triggers=["PROJECT_CREATED"])
    office.project("Roof")
    book = settled(office.client)
    assert [(one["status"], one["attempt"]) for one in book] == [(status, 1), (204, 2)]
    assert receiver.raw[0] == receiver.raw[1]


def test_after_the_last_try_the_post_is_given_up(office: Office, receiver: Receiver) -> None:
    receiver.answers = [500] * 9
    subscribe(office, receiver.url, triggers=["PROJECT_CREATED"])
    office.project("Roof")
    assert [one["attempt"] for one in settled(office.client)] == [1, 2, 3]


def test_a_receiver_that_is_not_there_is_in_the_book(office: Office, receiver: Receiver) -> None:
    office.switch(webhook_retry_seconds=[])
    subscribe(office, "http://127.0.0.1:1/x", triggers=["PROJECT_CREATED"])
    office.project("Roof")
    assert [(one["status"], one["error"]) for one in settled(office.client)] == [(0, "no connection")]


def test_a_receiver_that_never_answers_times_out(office: Office, receiver: Receiver) -> None:
    office.switch(webhook_retry_seconds=[], coperniq_webhook_timeout_seconds=0.05)
    receiver.gate.clear()
    subscribe(office, receiver.url, triggers=["PROJECT_CREATED"])
    office.project("Roof")
    assert [(one["status"], one["error"]) for one in settled(office.client)] == [(0, "timeout")]


def test_a_receiver_may_call_the_api_before_it_answers(office: Office, receiver: Receiver) -> None:
    receiver.gate.clear()
    made = office.project("Roof")
    assert office.get(f"projects/{made['id']}")["title"] == "Roof"
    receiver.gate.set()
    assert len(settled(office.client)) == 2


def test_the_secret_in_the_url_is_not_in_the_book(office: Office, receiver: Receiver) -> None:
    subscribe(office, receiver.url + "?token=hidden", triggers=["PROJECT_CREATED"])
    office.project("Roof")
    shown = settled(office.client)[0]["url"]
    assert shown.endswith("/hooks/***")
    assert "hidden" not in shown
    office.client.delete("/_control/webhooks")
    assert settled(office.client) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"api_key": "nobody", "urls": []}, 404),
        ({"api_key": "office-key"}, 400),
        ({"api_key": "office-key", "urls": ["ftp://x"]}, 400),
        ({"api_key": "office-key", "urls": [], "triggers": ["INVOICE_CREATED"]}, 400),
    ],
)
def test_a_wrong_subscription_is_refused(office: Office, body: Json, status: int) -> None:
    assert office.client.put("/_control/webhooks/coperniq", json=body).status_code == status


@pytest.mark.parametrize(
    ("switch", "expected"),
    [
        ({"webhook_phase_status": "absent"}, {"status": None}),
        ({"webhook_phase_status": "label"}, {"status": "In progress"}),
        ({"webhook_phase_template": False}, {"phaseTemplateId": None}),
    ],
)
def test_what_phase_events_carry_is_a_switch(
    office: Office, receiver: Receiver, switch: Json, expected: Json
) -> None:
    office.switch(**switch)
    office.project("Roof")
    settled(office.client)
    event = receiver.bodies[1]["event"]
    assert {name: event.get(name) for name in expected} == expected


def test_the_record_may_be_minimal_or_as_the_api_prints_it(office: Office, receiver: Receiver) -> None:
    office.switch(webhook_record="minimal")
    office.project("Roof")
    office.switch(webhook_record="api")
    office.project("Barn", address=["1 Elm St"])
    settled(office.client)
    assert set(receiver.bodies[0]["record"]) == {"id", "uid", "type"}
    assert receiver.bodies[2]["record"]["address"] == ["1 Elm St"]
    assert "workflowName" in receiver.bodies[2]["record"]


def test_workflows_of_the_first_generation_tell_nobody_of_phases(office: Office, receiver: Receiver) -> None:
    old = office.workflow("Sale", "Build", generation=1)
    project = office.project("Roof", workflowId=old["id"])
    office.start(project, old["phases"][1]["id"])
    settled(office.client)
    assert receiver.triggers == ["PROJECT_CREATED"]


def test_a_refused_start_fires_nothing(office: Office, receiver: Receiver) -> None:
    project = office.project("Roof")
    settled(office.client)
    answer = office.room("POST", f"projects/{project['id']}/start-phase", {"phaseTemplateId": 1})
    assert refusal(answer)[0] == 400
    assert len(settled(office.client)) == 2


def test_any_documented_trigger_can_be_fired_by_hand(office: Office, receiver: Receiver) -> None:
    subscribe(office, receiver.url, triggers=["TASK_CREATED"])
    wanted = {
        "triggerKey": "TASK_CREATED",
        "recordId": 7,
        "event": {"workOrderId": 3},
        "record": {"id": 7, "type": "DEAL"},
    }
    office.person("POST", "webhooks", {**wanted, "workOrder": {"id": 3}})
    settled(office.client)
    body = receiver.bodies[0]
    assert (body["event"]["workOrderId"], body["event"]["triggerName"]) == (3, "Work Order Created")
    assert (body["record"], body["workOrder"]) == ({"id": 7, "type": "DEAL"}, {"id": 3})
    answer = office.room("POST", "webhooks", {"triggerKey": "INVOICE_CREATED"})
    assert refusal(answer) == (400, "VALIDATION_ERROR", "triggerKey")
