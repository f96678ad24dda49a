"""Webhooks that go wrong by chance, the same way for the same seed; and events that a test makes up."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.simulator.clients import Json, Office
from tests.simulator.receiver import Receiver, settled

EVENT = {"realm": "310687", "entity": "Customer", "id": "1", "operation": "Update"}


@pytest.fixture
def office(client: FlaskClient, receiver: Receiver) -> Office:
    office = Office.opened(client)
    client.put("/_control/webhooks/coperniq", json={"api_key": office.key, "urls": [receiver.url]})
    client.put("/_control/webhooks/quickbooks", json={"url": receiver.url, "verifier_token": "t"})
    return office


def chaos(office: Office, vendor: str = "quickbooks", **more: Any) -> TestResponse:
    wanted = {"vendor": vendor, "fault": "chaos", "seconds": 0, **more}
    return office.client.post("/_control/webhooks/faults", json=wanted)


def calm(office: Office) -> None:
    office.client.delete("/_control/webhooks/faults")


def tell(office: Office, *events: Json, **more: Any) -> TestResponse:
    return office.client.post("/_control/webhooks/quickbooks/events", json={"events": events, **more})


def told(receiver: Receiver) -> list[str]:
    return [event["intuitentityid"] for body in receiver.bodies for event in body]


def happen(office: Office, receiver: Receiver, count: int = 30) -> list[str]:
    receiver.raw.clear()
    for n in range(count):
        tell(office, {**EVENT, "id": str(n)})
    settled(office.client)
    return told(receiver)


def test_some_posts_are_lost_and_some_come_twice(office: Office, receiver: Receiver) -> None:
    chaos(office, seed=7, lost=0.3, duplicate=0.3)
    first = happen(office, receiver)
    assert 0 < len(set(first)) < 30
    assert len(first) > len(set(first))
    calm(office)
    chaos(office, seed=7, lost=0.3, duplicate=0.3)
    assert happen(office, receiver) == first
    calm(office)
    chaos(office, seed=8, lost=0.3, duplicate=0.3)
    assert happen(office, receiver) != first


def test_delays_change_the_order(office: Office, receiver: Receiver) -> None:
    chaos(office, seed=1, late=0.5, seconds=0.5)
    found = happen(office, receiver, 10)
    assert found != sorted(found)
    assert sorted(found) == sorted(str(n) for n in range(10))


def test_inside_a_post_too(office: Office, receiver: Receiver) -> None:
    events = [{**EVENT, "id": str(n)} for n in range(20)]
    chaos(office, seed=3, event_lost=0.2, event_duplicate=0.2, event_shuffle=1)
    tell(office, *events)
    settled(office.client)
    found = told(receiver)
    assert len(receiver.bodies) == 1
    assert 0 < len(set(found)) < 20 < len(found) + 10
    assert found != sorted(found, key=int)
    twice = next(one for one in found if found.count(one) == 2)
    assert len({one["id"] for one in receiver.bodies[0] if one["intuitentityid"] == twice}) == 1


def test_coperniq_has_its_own_luck(office: Office, receiver: Receiver) -> None:
    chaos(office, "coperniq", seed=1, duplicate=1)
    office.project("A")
    settled(office.client)
    assert len(receiver.raw) == 2
    assert happen(office, receiver, 2) == ["0", "1"]


@pytest.mark.parametrize(
    ("vendor", "chance"),
    [("quickbooks", {"lost": 2}), ("quickbooks", {"stolen": 0.5}), ("coperniq", {"event_lost": 0.5})],
)
def test_what_is_no_chance(office: Office, vendor: str, chance: dict[str, float]) -> None:
    assert chaos(office, vendor, **chance).status_code == 400


def test_chaos_may_end_by_itself(office: Office, receiver: Receiver) -> None:
    chaos(office, lost=1, times=2)
    assert happen(office, receiver, 3) == ["2"]


def test_kinds_and_operations_nobody_knows(office: Office, receiver: Receiver) -> None:
    strange = {"realm": "42", "entity": "Spaceship", "id": "x-1", "operation": "Launched"}
    old = {**EVENT, "at": "2020-01-02T03:04:05+00:00", "event_id": "mine"}
    tell(office, strange, old, {**EVENT, "operation": "Merge", "deleted_id": "27"})
    settled(office.client)
    (events,) = receiver.bodies
    assert [one["type"] for one in events] == [
        "qbo.spaceship.launched.v1",
        "qbo.customer.updated.v1",
        "qbo.customer.merged.v1",
    ]
    assert [one["intuitaccountid"] for one in events] == ["42", "310687", "310687"]
    assert (events[1]["id"], events[1]["time"][:19]) == ("mine", "2020-01-02T03:04:05")
    assert events[2]["data"] == {"deletedid": "27"}


def test_a_hundred_events_in_a_post(office: Office, receiver: Receiver) -> None:
    tell(office, *[{**EVENT, "realm": str(n % 3), "id": str(n)} for n in range(230)])
    settled(office.client)
    assert [len(one) for one in receiver.bodies] == [100, 100, 30]
    assert {one["intuitaccountid"] for one in receiver.bodies[0]} == {"0", "1", "2"}


def test_signatures_that_are_not_right(office: Office, receiver: Receiver) -> None:
    for signature in ("valid", "wrong", "absent"):
        tell(office, {**EVENT, "event_id": "same", "at": "2026-01-01T00:00:00Z"}, signature=signature)
        settled(office.client)
    found = [one.get("intuit-signature") for one in receiver.headers]
    assert all(found[:2])
    assert found[0] != found[1]
    assert found[2] is None


def test_events_of_other_shapes(office: Office, receiver: Receiver) -> None:
    office.switch(webhook_datacontenttype=False, webhook_alternative_ids=True)
    tell(office, EVENT)
    settled(office.client)
    event = receiver.bodies[0][0]
    assert "datacontenttype" not in event
    assert event["data"]["alternative_ids"][0]["namespace"] == "Intuit.sbseg.v4"


def test_what_cannot_be_told(office: Office) -> None:
    assert tell(office, {"realm": "1"}).status_code == 400
    assert tell(office, EVENT, signature="forged").status_code == 400
    office.client.put("/_control/webhooks/quickbooks", json={"url": ""})
    assert tell(office, EVENT).status_code == 404
