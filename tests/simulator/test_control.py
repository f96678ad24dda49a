"""The control API: seeds, switches, clocks, the log of requests, and faults on demand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from simulator.app import build_app
from simulator.hooks import Severed
from simulator.switches import SWITCHES
from simulator.world import World
from tests.simulator.clients import ASKED, Books, Intuit, Json, Office, document, problem
from tests.simulator.receiver import receiving, settled

BRIGHTFIELD, NORTHGATE = "9341450000000001", "9341450000000002"


def customers(client: FlaskClient, realm: str) -> dict[str, Json]:
    state = document(client.get("/_control/state"))
    return {record["DisplayName"]: record for record in state["quickbooks"][realm]["Customer"]}


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


def mail(record: Json) -> str:
    return str(record.get("PrimaryEmailAddr", {}).get("Address", ""))


def test_every_switch_has_a_default_and_a_reason(client: FlaskClient) -> None:
    explained = document(client.get("/_control/switches/explained"))
    assert set(explained) == set(SWITCHES) == set(document(client.get("/_control/switches")))
    assert all(len(one["why"]) > 10 for one in explained.values())


def test_a_switch_is_set_and_an_unknown_one_refused(client: FlaskClient) -> None:
    found = document(client.post("/_control/switches", json={"inactive_name_frees": False}))
    assert found["inactive_name_frees"] is False
    assert client.post("/_control/switches", json={"gravity": False}).status_code == 400


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


def log(client: FlaskClient) -> list[Json]:
    found: list[Json] = document(client.get("/_control/log"))
    return found


def test_an_entry_says_all_there_is_to_know(books: Books) -> None:
    books.client.delete("/_control/log")
    made = document(books.post("customer?requestid=r1&minorversion=75", {"DisplayName": "Ann"}))["Customer"]
    books.query("SELECT * FROM Customer WHERE DisplayName = 'A&B'")
    write, read = log(books.client)
    assert set(write) == {
        "n",
        "at",
        "vendor",
        "method",
        "path",
        "query",
        "realm",
        "entity",
        "status",
        "write",
        "applied",
        "replayed",
        "request_id",
        "fault",
        "record",
    }
    assert (write["vendor"], write["method"], write["realm"]) == ("quickbooks", "POST", books.realm)
    assert (write["entity"], write["status"], write["request_id"]) == ("Customer", 200, "r1")
    assert (write["write"], write["applied"], write["replayed"]) == (True, True, False)
    assert write["path"] == f"/quickbooks/v3/company/{books.realm}/customer"
    assert (write["record"], read["record"]) == (made["Id"], "")
    assert read["query"] == "query=SELECT * FROM Customer WHERE DisplayName = 'A&B'&minorversion=75"
    assert (read["write"], read["n"] - write["n"]) == (False, 1)


def test_refused_requests_are_in_it_and_changed_nothing(books: Books) -> None:
    books.client.delete("/_control/log")
    books.post("customer", {"Nonsense": 1})
    Books(books.client, books.realm, "dead").post("customer", {"DisplayName": "Ann"})
    books.get("nowhere/at/all")
    assert [(one["status"], one["write"], one["applied"]) for one in log(books.client)] == [
        (400, True, False),
        (401, True, False),
        (400, False, False),
    ]


def test_the_control_room_leaves_no_trace(client: FlaskClient, realm: str) -> None:
    client.get("/_control/state")
    client.post(f"/_control/quickbooks/{realm}/records/Customer", json={"DisplayName": "Ann"})
    assert log(client) == []


def test_no_token_code_or_secret_is_ever_in_it(books: Books, intuit: Intuit, realm: str) -> None:
    tokens = intuit.connect(realm)
    books.client.get("/intuit/connect/oauth2", query_string={**ASKED, "state": "very-secret-state"})
    books.call("GET", "preferences", query_string={"access_token": books.token})
    intuit.refresh(tokens["refresh_token"])
    text = books.client.get("/_control/log").text
    for secret in (*tokens.values(), books.token, "very-secret-state", "demo-secret"):
        if isinstance(secret, str) and secret != "bearer":
            assert secret not in text
    assert "state=***" in text


def test_emptying_it_keeps_the_count(books: Books, world: World) -> None:
    last = log(books.client)[-1]["n"]
    books.client.delete("/_control/log")
    assert log(books.client) == []
    books.get("preferences")
    assert log(books.client)[0]["n"] == last + 1


HOUR = 3600
CLOSE = timedelta(seconds=30)


def set_clocks(client: FlaskClient, **seconds: float) -> Json:
    answer = client.put("/_control/clocks", json=seconds)
    assert answer.status_code == 200, answer.text
    found: Json = document(answer)
    return found


def ahead(text: str) -> timedelta:
    return datetime.fromisoformat(text) - datetime.now(UTC)


def test_each_vendor_stamps_by_its_own_clock(client: FlaskClient, books: Books) -> None:
    office = Office.opened(client)
    set_clocks(client, quickbooks_seconds=HOUR, coperniq_seconds=-HOUR)
    customer = books.customer("Ann Lee")
    assert abs(ahead(customer["MetaData"]["CreateTime"]) - timedelta(hours=1)) < CLOSE
    account = office.account("Ann Lee")
    assert abs(ahead(account["updatedAt"]) + timedelta(hours=1)) < CLOSE
    dates = [
        parsedate_to_datetime(answer.headers["Date"])
        for answer in (books.get(f"customer/{customer['Id']}"), office.call("GET", "accounts"))
    ]
    assert abs(dates[0] - dates[1] - timedelta(hours=2)) < CLOSE
    envelope = document(books.get(f"customer/{customer['Id']}"))["time"]
    assert abs(ahead(envelope) - timedelta(hours=1)) < CLOSE


def test_a_clock_is_read_at_once_and_may_go_back(client: FlaskClient, books: Books) -> None:
    set_clocks(client, quickbooks_seconds=HOUR)
    ann = books.customer("Ann Lee")
    set_clocks(client, quickbooks_seconds=-HOUR)
    later = books.changed(ann, DisplayName="Ann Li")
    times = [datetime.fromisoformat(one["MetaData"]["LastUpdatedTime"]) for one in (ann, later)]
    assert abs(times[0] - times[1] - timedelta(hours=2)) < CLOSE


def test_webhooks_tell_the_time_of_their_vendor(client: FlaskClient, books: Books) -> None:
    office = Office.opened(client)
    office.switch(webhook_batch_seconds=0.01)
    set_clocks(client, quickbooks_seconds=HOUR, coperniq_seconds=-HOUR)
    with receiving() as receiver:
        client.put("/_control/webhooks/quickbooks", json={"url": receiver.url, "verifier_token": "t"})
        client.put("/_control/webhooks/coperniq", json={"api_key": office.key, "urls": [receiver.url]})
        books.customer("Ann Lee")
        settled(client)
        office.project("Roof")
        settled(client)
    assert abs(ahead(receiver.bodies[0][0]["time"][:26] + "+00:00") - timedelta(hours=1)) < CLOSE
    assert abs(ahead(receiver.bodies[1]["event"]["firedAt"]) + timedelta(hours=1)) < CLOSE


def test_tokens_do_not_die_by_it(client: FlaskClient, books: Books) -> None:
    set_clocks(client, quickbooks_seconds=40 * 24 * HOUR)
    assert books.query("SELECT * FROM Customer").status_code == 200


def test_one_is_named_and_the_other_stays(client: FlaskClient) -> None:
    assert set_clocks(client, quickbooks_seconds=1.5) == {"quickbooks_seconds": 1.5, "coperniq_seconds": 0}
    set_clocks(client, coperniq_seconds=-2)
    found = document(client.get("/_control/clocks"))
    assert found == {"quickbooks_seconds": 1.5, "coperniq_seconds": -2}
    client.post("/_control/reset", json={"seed": "empty"})
    assert document(client.get("/_control/clocks")) == {"quickbooks_seconds": 0, "coperniq_seconds": 0}


@pytest.mark.parametrize("wanted", [{"intuit_seconds": 1}, {"quickbooks_seconds": "soon"}])
def test_what_is_no_clock(client: FlaskClient, wanted: Json) -> None:
    assert client.put("/_control/clocks", json=wanted).status_code == 400


def fault(client: FlaskClient, name: str, **more: Any) -> None:
    answer = client.post("/_control/faults", json={"vendor": "quickbooks", "fault": name, **more})
    assert answer.status_code == 200, answer.text
    assert isinstance(document(answer)["id"], int)


def names(books: Books) -> list[str]:
    records = document(books.client.get(f"/_control/quickbooks/{books.realm}/records/Customer"))
    return [record["DisplayName"] for record in records]


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("error_500", 500, "10000"),
        ("stale", 400, "5010"),
        ("fault_in_200", 200, "10000"),
        ("duplicate_request_id", 400, "600"),
    ],
)
def test_refusing_faults_answer_in_the_api_envelope_and_change_nothing(
    books: Books, name: str, status: int, code: str
) -> None:
    fault(books.client, name)
    answer = books.post("customer", {"DisplayName": "Ann"})
    assert (answer.status_code, problem(answer)["code"]) == (status, code)
    assert names(books) == []
    assert log(books.client)[-1]["fault"] == name
    assert books.post("customer", {"DisplayName": "Ann"}).status_code == 200


@pytest.mark.parametrize(
    ("name", "status", "code"), [("expired_token", 401, "3200"), ("forbidden", 403, "3100")]
)
def test_gateway_faults_answer_in_the_lower_case_envelope(
    books: Books, name: str, status: int, code: str
) -> None:
    fault(books.client, name)
    answer = books.get("preferences")
    assert (answer.status_code, document(answer)["fault"]["error"][0]["code"]) == (status, code)
    assert books.get("preferences").status_code == 200


def test_a_lost_answer_was_applied_nonetheless(books: Books) -> None:
    fault(books.client, "lost_answer")
    with pytest.raises(Severed):
        books.post("customer?requestid=r1", {"DisplayName": "Ann"})
    assert names(books) == ["Ann"]
    entry = log(books.client)[-1]
    assert (entry["status"], entry["applied"], entry["request_id"]) == (0, True, "r1")
    again = books.post("customer?requestid=r1", {"DisplayName": "Ann"})
    assert document(again)["Customer"]["DisplayName"] == "Ann"
    assert names(books) == ["Ann"]
    assert (log(books.client)[-1]["replayed"], log(books.client)[-1]["applied"]) == (True, False)


def test_a_connection_refused_before_applies_nothing(books: Books) -> None:
    fault(books.client, "refuse_connection_before")
    with pytest.raises(Severed):
        books.post("customer", {"DisplayName": "Ann"})
    assert names(books) == []
    assert (log(books.client)[-1]["status"], log(books.client)[-1]["applied"]) == (0, False)


@pytest.mark.parametrize("name", ["hang", "slow"])
def test_pauses_last_as_long_as_asked_and_the_work_is_done(
    books: Books, world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    paused: list[tuple[float, list[str]]] = []
    monkeypatch.setattr(world.faults, "pause", lambda seconds: paused.append((seconds, names(books))))
    fault(books.client, name, seconds=30)
    assert books.post("customer", {"DisplayName": "Ann"}).status_code == 200
    assert paused == [(30.0, ["Ann"] if name == "hang" else [])]


def test_removing_the_faults_wakes_whoever_is_paused(world: World) -> None:
    event = world.faults._removed
    world.faults.clear()
    assert event.is_set()
    assert not world.faults._removed.is_set()


def test_faults_about_writes_let_reads_and_queries_pass(books: Books) -> None:
    fault(books.client, "stale", times=0)
    assert books.get("preferences").status_code == 200
    assert books.query("SELECT * FROM Customer").status_code == 200
    posted = books.call("POST", "query", data="SELECT * FROM Customer", content_type="text/plain")
    assert posted.status_code == 200
    assert problem(books.post("customer", {"DisplayName": "Ann"}))["code"] == "5010"


def test_a_fault_strikes_as_often_as_told_and_only_where_told(books: Books) -> None:
    fault(books.client, "error_500", times=2, method="get", path="/customer/")
    assert books.get("preferences").status_code == 200
    assert books.post("customer", {"DisplayName": "Ann"}).status_code == 200
    assert [books.get("customer/1").status_code for _ in range(3)] == [500, 500, 200]
    assert document(books.client.get("/_control/faults")) == []


def test_zero_times_means_until_removed(books: Books) -> None:
    fault(books.client, "error_500", times=0)
    assert [books.get("preferences").status_code for _ in range(4)] == [500] * 4
    assert document(books.client.get("/_control/faults"))[0]["struck"] == 4
    books.client.delete("/_control/faults")
    assert books.get("preferences").status_code == 200


def test_a_fault_for_one_vendor_spares_the_others_and_the_control_room(books: Books) -> None:
    fault(books.client, "error_500", vendor="coperniq", times=0)
    fault(books.client, "error_500", vendor="intuit", times=0)
    assert books.get("preferences").status_code == 200
    assert books.client.get("/_control/state").status_code == 200
    assert books.client.get("/intuit/.well-known/openid_configuration").status_code == 500


@pytest.mark.parametrize(
    ("name", "status"), [("throttle", 429), ("error_502_html", 502), ("expired_token", 401)]
)
def test_intuit_has_faults_too(client: FlaskClient, intuit: Intuit, name: str, status: int) -> None:
    fault(client, name, vendor="intuit")
    assert intuit.refresh("x").status_code == status


@pytest.mark.parametrize(
    "wanted",
    [
        {"vendor": "quickbooks", "fault": "earthquake"},
        {"vendor": "sap", "fault": "error_500"},
        {"vendor": "coperniq", "fault": "stale"},
        {"vendor": "quickbooks", "fault": "error_500", "when": "now"},
        {},
    ],
)
def test_faults_that_do_not_exist_are_refused(client: FlaskClient, wanted: dict[str, str]) -> None:
    answer = client.post("/_control/faults", json=wanted)
    assert answer.status_code == 400
    assert document(answer)["error"]


SERVICE = {"name": "Cleaning", "type": "SERVICE", "category": "CLEANING", "cost": 0, "price": 5}
PAYMENT = {"amount": 40, "paymentMethod": "CHECK", "paymentDate": "2026-03-01T00:00:00.000Z"}


def late(client: FlaskClient, vendor: str, kind: str = "502", **more: Any) -> None:
    wanted = {"vendor": vendor, "fault": f"late_error_{kind}", **more}
    assert client.post("/_control/faults", json=wanted).status_code == 200


def heard(client: FlaskClient) -> Json:
    found: Json = document(client.get("/_control/log"))[-1]
    return found


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


def test_a_requestid_brings_the_answer_back(books: Books) -> None:
    late(books.client, "quickbooks", "500")
    answer = books.post("customer?requestid=r1", {"DisplayName": "Ann"})
    assert (answer.status_code, document(answer)["Fault"]["type"]) == (500, "SystemFault")
    again = books.post("customer?requestid=r1", {"DisplayName": "Ann"})
    assert again.status_code == 200
    assert books.found("SELECT * FROM Customer") == ["Ann"]
