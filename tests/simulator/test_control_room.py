from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from simulator.app import build_app
from simulator.switches import SWITCHES
from tests.simulator.conftest import Books, document

if TYPE_CHECKING:
    from flask.testing import FlaskClient

BRIGHTFIELD, NORTHGATE = "9341450000000001", "9341450000000002"


def customers(client: FlaskClient, realm: str) -> dict[str, dict[str, Any]]:
    state = document(client.get("/_control/state"))
    return {record["DisplayName"]: record for record in state["quickbooks"][realm]["Customer"]}


def test_state_shows_every_company_whole(books: Books) -> None:
    books.customer("Ann", Balance=5)
    state = document(books.client.get("/_control/state"))
    assert set(state) == {"quickbooks", "coperniq"}
    assert set(state["quickbooks"][books.realm]) >= {
        "Customer",
        "Vendor",
        "Employee",
        "Account",
        "Item",
        "Term",
    }
    record = state["quickbooks"][books.realm]["Customer"][0]
    assert (record["Id"], record["DisplayName"], str(record["Balance"])) == ("1", "Ann", "5.00")


def test_reset_empties_everything(books: Books) -> None:
    books.customer("Ann")
    books.client.post("/_control/switches", json={"throttle_form": "json"})
    books.client.post("/_control/faults", json={"vendor": "quickbooks", "fault": "error_500", "times": 0})
    books.client.post("/_control/clock", json={"shift_seconds": 500})
    assert document(books.client.post("/_control/reset", json={"seed": "empty"})) == {"seed": "empty"}
    assert document(books.client.get("/_control/state"))["quickbooks"] == {}
    assert document(books.client.get("/_control/switches"))["throttle_form"] == "alternate"
    assert document(books.client.get("/_control/faults")) == []
    assert document(books.client.get("/_control/log")) == []
    assert document(books.client.get("/_control/clock"))["offset_seconds"] == 0
    assert books.get("preferences").status_code == 401


def test_reset_knows_its_seeds(client: FlaskClient) -> None:
    assert client.post("/_control/reset", json={"seed": "forest"}).status_code == 400
    assert client.post("/_control/reset", json={"seed": "demo"}).status_code == 200
    assert set(document(client.get("/_control/state"))["quickbooks"]) == {BRIGHTFIELD, NORTHGATE}


def test_the_demo_holds_one_case_of_everything() -> None:
    client = build_app("demo").test_client()
    found = customers(client, BRIGHTFIELD)
    active = {name: record for name, record in found.items() if record["Active"]}
    shared = [name for name, one in found.items() if mail(one) == "billing@oakstreet.example"]
    assert len(active) >= 12
    assert mail(found["John A. Smith"]) == "john.smith@example.com"
    assert len(shared) == 2
    assert sum(record["Job"] for record in found.values()) == 2
    assert found["Priya Patel (deleted)"]["Active"] is False
    state = document(client.get("/_control/state"))["quickbooks"]
    assert {one["DisplayName"] for one in state[BRIGHTFIELD]["Vendor"]} >= {"Sunline Supply"}
    assert (len(state[BRIGHTFIELD]["Vendor"]), len(state[BRIGHTFIELD]["Employee"])) == (3, 2)
    assert len(customers(client, NORTHGATE)) == 2
    names = [one["company_name"] for one in document(client.get("/_control/quickbooks/companies"))]
    assert names == ["Brightfield Solar Books", "Northgate Roofing"]


def mail(record: dict[str, Any]) -> str:
    return str(record.get("PrimaryEmailAddr", {}).get("Address", ""))


def test_every_switch_has_a_default_and_a_reason(client: FlaskClient) -> None:
    explained = document(client.get("/_control/switches/explained"))
    assert set(explained) == set(SWITCHES) == set(document(client.get("/_control/switches")))
    assert all(len(one["why"]) > 10 for one in explained.values())


def test_a_switch_is_set_and_an_unknown_one_refused(client: FlaskClient) -> None:
    found = document(client.post("/_control/switches", json={"inactive_name_frees": False}))
    assert found["inactive_name_frees"] is False
    assert client.post("/_control/switches", json={"gravity": False}).status_code == 400


def test_the_clock_can_be_moved(client: FlaskClient) -> None:
    before = datetime.fromisoformat(document(client.get("/_control/clock"))["now"])
    after = document(client.post("/_control/clock", json={"shift_seconds": 86400}))
    assert (datetime.fromisoformat(after["now"]) - before).days == 1
    assert after["offset_seconds"] == 86400


def test_apps_are_registered_as_in_the_developer_portal(client: FlaskClient, realm: str) -> None:
    app = {
        "client_id": "second",
        "client_secret": "s",
        "name": "Second App",
        "redirect_uris": ["https://second.example/cb"],
    }
    assert document(client.post("/_control/intuit/apps", json=app)) == {"client_id": "second"}
    page = client.get(
        "/intuit/connect/oauth2",
        query_string={
            "client_id": "second",
            "response_type": "code",
            "scope": "com.intuit.quickbooks.accounting",
            "redirect_uri": "https://second.example/cb",
            "state": "s",
        },
    )
    assert "Second App would like to use your QuickBooks data" in page.text


def test_connections_are_listed_without_tokens(books: Books) -> None:
    answer = books.client.get("/_control/intuit/connections")
    assert document(answer) == [{"client_id": "demo-client", "realm_id": books.realm, "alive": True}]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("intuit/apps", {}),
        ("quickbooks/companies", {}),
        ("quickbooks/companies", {"company_name": "x", "colour": "red"}),
        ("reset", ["demo"]),
    ],
)
def test_a_careless_hand_is_told_what_is_wrong(client: FlaskClient, path: str, body: object) -> None:
    answer = client.post(f"/_control/{path}", json=body)
    assert answer.status_code == 400
    assert document(answer)["error"]


def test_a_balance_needs_an_amount(books: Books) -> None:
    ann = books.customer("Ann")
    answer = books.client.post(f"/_control/quickbooks/{books.realm}/customers/{ann['Id']}/balance", json={})
    assert (answer.status_code, document(answer)["error"]) == (400, "missing 'amount'")
