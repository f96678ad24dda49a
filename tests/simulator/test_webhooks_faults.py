"""Deliveries that go wrong on purpose: twice, late, never, backwards."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from simulator.world import World
from tests.simulator.clients import Json, Office
from tests.simulator.receiver import Receiver, settled, until


@pytest.fixture
def office(client: FlaskClient, receiver: Receiver) -> Office:
    """Fires one event per project: there is no workflow."""
    office = Office.opened(client)
    client.put("/_control/webhooks/coperniq", json={"api_key": office.key, "urls": [receiver.url]})
    wanted = {"url": receiver.url, "verifier_token": "t"}
    client.put("/_control/webhooks/quickbooks", json=wanted)
    office.switch(webhook_batch_seconds=0.01)
    return office


def trouble(office: Office, fault: str, **more: Any) -> None:
    wanted = {"vendor": "coperniq", "fault": fault, **more}
    assert office.client.post("/_control/webhooks/faults", json=wanted).status_code == 200


def pending(office: Office) -> int:
    return int(json.loads(office.client.get("/_control/webhooks").data)["pending"])


def titles(receiver: Receiver) -> list[str]:
    return [one["record"]["title"] for one in receiver.bodies]


def test_a_duplicate_arrives_twice_with_the_same_event_id(office: Office, receiver: Receiver) -> None:
    trouble(office, "duplicate")
    office.project("A")
    office.project("B")
    settled(office.client)
    assert titles(receiver) == ["A", "A", "B"]
    assert receiver.raw[0] == receiver.raw[1]


def test_a_lost_post_never_arrives_and_is_in_the_book(office: Office, receiver: Receiver) -> None:
    trouble(office, "lost", times=2)
    for title in ("A", "B", "C"):
        office.project(title)
    book = settled(office.client)
    assert titles(receiver) == ["C"]
    assert [(one["error"], one["status"], one["attempt"]) for one in book[:2]] == [("lost", 0, 0)] * 2


def test_a_late_post_lets_later_ones_pass(office: Office, receiver: Receiver) -> None:
    trouble(office, "late", seconds=0.8)
    office.project("A")
    office.project("B")
    settled(office.client)
    assert titles(receiver) == ["B", "A"]


def test_held_posts_leave_in_reverse_order_at_the_flush(office: Office, receiver: Receiver) -> None:
    trouble(office, "reverse")
    for title in ("A", "B", "C"):
        office.project(title)
    assert (pending(office), receiver.raw) == (3, [])
    assert json.loads(office.client.post("/_control/webhooks/flush").data) == {"sent": 3}
    settled(office.client)
    assert titles(receiver) == ["C", "B", "A"]
    office.project("D")
    settled(office.client)
    assert titles(receiver)[-1] == "D"


def test_removing_the_faults_ends_them_but_sends_nothing_by_itself(
    office: Office, receiver: Receiver
) -> None:
    trouble(office, "reverse")
    office.project("A")
    office.client.delete("/_control/webhooks/faults")
    assert json.loads(office.client.get("/_control/webhooks/faults").data) == []
    office.project("B")
    until(lambda: titles(receiver) == ["B"])
    until(lambda: pending(office) == 1)
    office.client.post("/_control/webhooks/flush")
    settled(office.client)
    assert titles(receiver) == ["B", "A"]


def test_a_fault_without_times_stays_until_removed(office: Office, receiver: Receiver) -> None:
    trouble(office, "lost", times=0)
    for title in ("A", "B"):
        office.project(title)
    assert [one["error"] for one in settled(office.client)] == ["lost", "lost"]
    assert json.loads(office.client.get("/_control/webhooks/faults").data)[0]["struck"] == 2


def test_a_fault_of_one_vendor_leaves_the_other_alone(
    office: Office, world: World, receiver: Receiver
) -> None:
    trouble(office, "lost", vendor="quickbooks")
    office.project("A")
    world.webhooks.quickbooks_changed("1", "Customer", "5", "Create")
    book = settled(office.client)
    assert titles(receiver) == ["A"]
    assert sorted((one["vendor"], one["error"]) for one in book) == [("coperniq", ""), ("quickbooks", "lost")]


@pytest.mark.parametrize(
    "wanted", [{"vendor": "coperniq", "fault": "rain"}, {"vendor": "x", "fault": "late"}, {}]
)
def test_an_unknown_fault_is_refused(office: Office, wanted: Json) -> None:
    assert office.client.post("/_control/webhooks/faults", json=wanted).status_code == 400


def test_a_reset_forgets_receivers_faults_posts_and_the_book(office: Office, receiver: Receiver) -> None:
    trouble(office, "reverse")
    office.project("A")
    trouble(office, "late", vendor="quickbooks")
    office.client.post("/_control/reset", json={"seed": "empty"})
    assert settled(office.client) == []
    assert json.loads(office.client.get("/_control/webhooks/faults").data) == []
    Office.opened(office.client).project("B")
    assert settled(office.client) == []
    assert receiver.raw == []


def test_a_reset_takes_back_what_waits_and_forgets_what_is_on_its_way(
    office: Office, receiver: Receiver
) -> None:
    receiver.gate.clear()
    office.project("A")
    until(lambda: len(receiver.raw) == 1)
    office.project("B")
    office.client.post("/_control/reset", json={"seed": "empty"})
    assert settled(office.client) == []
    receiver.gate.set()
    again = Office.opened(office.client)
    office.client.put("/_control/webhooks/coperniq", json={"api_key": again.key, "urls": [receiver.url]})
    again.project("C")
    assert [one["body"]["record"]["title"] for one in settled(office.client)] == ["C"]
    assert sorted(titles(receiver)) == ["A", "C"]
