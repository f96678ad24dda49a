from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator.hooks import Severed
from tests.simulator.conftest import Books, Intuit, document, problem

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from simulator.world import World


def fault(client: FlaskClient, name: str, **more: Any) -> None:
    answer = client.post("/_control/faults", json={"vendor": "quickbooks", "fault": name, **more})
    assert answer.status_code == 200, answer.text
    assert isinstance(document(answer)["id"], int)


def names(books: Books) -> list[str]:
    records = document(books.client.get(f"/_control/quickbooks/{books.realm}/records/Customer"))
    return [record["DisplayName"] for record in records]


def log(books: Books) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document(books.client.get("/_control/log"))
    return found


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
    assert log(books)[-1]["fault"] == name
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


def test_a_502_is_html(books: Books) -> None:
    fault(books.client, "error_502_html")
    answer = books.get("preferences")
    assert (answer.status_code, answer.mimetype) == (502, "text/html")


def test_a_lost_answer_was_applied_nonetheless(books: Books) -> None:
    fault(books.client, "lost_answer")
    with pytest.raises(Severed):
        books.post("customer?requestid=r1", {"DisplayName": "Ann"})
    assert names(books) == ["Ann"]
    entry = log(books)[-1]
    assert (entry["status"], entry["applied"], entry["request_id"]) == (0, True, "r1")
    again = books.post("customer?requestid=r1", {"DisplayName": "Ann"})
    assert document(again)["Customer"]["DisplayName"] == "Ann"
    assert names(books) == ["Ann"]
    assert (log(books)[-1]["replayed"], log(books)[-1]["applied"]) == (True, False)


def test_a_connection_refused_before_applies_nothing(books: Books) -> None:
    fault(books.client, "refuse_connection_before")
    with pytest.raises(Severed):
        books.post("customer", {"DisplayName": "Ann"})
    assert names(books) == []
    assert (log(books)[-1]["status"], log(books)[-1]["applied"]) == (0, False)


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


@pytest.mark.parametrize(("name", "status"), [("throttle", 429), ("error_500", 500), ("forbidden", 403)])
def test_coperniq_has_faults_too(client: FlaskClient, name: str, status: int) -> None:
    fault(client, name, vendor="coperniq")
    assert client.get("/coperniq/v1/accounts").status_code == status


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
