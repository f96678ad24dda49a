"""What a test does between a request and its answer, and how it keeps several changes within one second."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask.testing import FlaskClient

from simulator.world import World
from tests.simulator.clients import Books, Json, Office, Sales, document, line, num
from tests.simulator.receiver import Receiver, settled, until


@pytest.fixture
def job(office: Office) -> Json:
    return office.project("Roof", accountId=office.account("Ann")["id"])


def wanted(office: Office, job: Json) -> Json:
    lines = [{"catalogItemId": office.item()["id"], "quantity": 1, "unitCost": 0, "unitPrice": 285}]
    return {"recordId": job["id"], "calculationMethod": "LINE_ITEMS", "lineItems": lines}


@pytest.mark.parametrize(("name", "there"), [("slow", 0), ("slow_answer", 1)])
def test_a_held_create_lets_others_pass(office: Office, job: Json, name: str, there: int) -> None:
    body, answers = wanted(office, job), []
    fault = {"vendor": "coperniq", "fault": name, "method": "POST", "path": "/v1/invoices$", "seconds": 60}
    office.client.post("/_control/faults", json=fault)
    creating = threading.Thread(target=lambda: answers.append(office.call("POST", "invoices", body)))
    creating.start()
    until(lambda: document(office.client.get("/_control/faults/held"))["held"])
    assert (len(office.get("invoices")["items"]), answers) == (there, [])
    office.account("Somebody else")
    office.client.post("/_control/faults", json={"vendor": "coperniq", "fault": "throttle", "times": 0})
    office.client.post("/_control/faults/release")
    creating.join(10)
    assert [one.status_code for one in answers] == [201]
    assert document(office.client.get("/_control/faults/held")) == {"held": 0}
    assert office.call("GET", "invoices").status_code == 429
    created = document(office.client.get("/_control/log"))
    assert [one["status"] for one in created if one["fault"] == name] == [201]


@pytest.mark.parametrize(("when", "there"), [("before", 0), ("after", 1)])
def test_somebody_acts_in_the_middle_of_a_create(
    office: Office, job: Json, world: World, when: str, there: int
) -> None:
    seen: list[Any] = []

    def act() -> None:
        seen.append(len(office.get("invoices")["items"]))
        seen.append(office.post("invoices", wanted(office, job))["uid"])

    body = wanted(office, job)
    world.faults.meanwhile(act, when, vendor="coperniq", method="POST", path="/v1/invoices$")
    made = office.post("invoices", body)
    assert seen == [there, made["uid"] + (1 if when == "after" else -1)]
    assert office.post("invoices", wanted(office, job))["uid"] == max(seen[1], made["uid"]) + 1
    log = document(office.client.get("/_control/log"))
    statuses = [one["status"] for one in log if one["method"] == "POST" and one["entity"] == "invoices"]
    assert statuses == [201, 201, 201]


def test_what_goes_wrong_in_the_middle_is_heard(books: Books, world: World) -> None:
    world.faults.meanwhile(lambda: 1 / 0, vendor="quickbooks", path="/customer")
    with pytest.raises(ZeroDivisionError):
        books.customer("Ann")
    assert books.found("SELECT * FROM Customer") == ["Ann"]


def test_only_a_test_of_the_same_process_acts_in_the_middle(client: FlaskClient) -> None:
    answer = client.post("/_control/faults", json={"vendor": "quickbooks", "fault": "meanwhile_after"})
    assert answer.status_code == 400


def test_edits_and_notifications_within_one_second(
    sales: Sales, ann: Json, receiver: Receiver, world: World
) -> None:
    client = sales.books.client
    target = {"url": receiver.url, "verifier_token": "token", "form": "cloudevents"}
    assert client.put("/_control/webhooks/quickbooks", json=target).status_code == 200
    world.switches["webhook_batch_seconds"] = 0.01
    stood = document(client.post("/_control/clock", json={"stopped": True}))
    assert (stood["stopped"], "." in stood["now"]) == (True, False)
    made = sales.invoice(ann)
    settled(client)
    tokens, times = [made["SyncToken"]], [made["MetaData"]["LastUpdatedTime"]]
    for amount in (200, 300):
        client.post("/_control/clock", json={"shift_seconds": 0.25})
        made = sales.person("PATCH", f"invoices/{made['Id']}", {"lines": [{"amount": amount}]})
        settled(client)
        tokens.append(made["SyncToken"])
        times.append(made["MetaData"]["LastUpdatedTime"])
    assert (tokens, len(set(times)), made["TotalAmt"]) == (["0", "1", "2"], 1, 300)
    told = [
        event["time"]
        for body in receiver.bodies
        for event in body
        if event["type"].startswith("qbo.invoice.")
    ]
    assert [one.split(".")[1] for one in told] == ["000000517Z", "250000517Z", "500000517Z"]
    assert len({one.split(".")[0] for one in told}) == 1
    client.post("/_control/clock", json={"stopped": False, "shift_seconds": 1})
    later = sales.changed("Invoice", made, Line=[line(5)])
    assert later["MetaData"]["LastUpdatedTime"] > times[0]
    assert later["TotalAmt"] == num(5)


def test_a_clock_that_goes_on_does_so_from_where_it_stood(world: World) -> None:
    world.clock.stop()
    stood = world.clock.now()
    assert (world.clock.now(), stood.microsecond) == (stood, 0)
    world.clock.go_on()
    world.clock.go_on()
    assert world.clock.now() >= stood
    assert not world.clock.stopped
