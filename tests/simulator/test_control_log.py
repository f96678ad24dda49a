from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulator.conftest import ASKED, Books, Intuit, document

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from simulator.world import World


def log(client: FlaskClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document(client.get("/_control/log"))
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


def test_oauth_traffic_is_in_it(client: FlaskClient, intuit: Intuit, realm: str) -> None:
    intuit.connect(realm)
    seen = [(one["vendor"], one["method"], one["path"], one["status"]) for one in log(client)]
    assert seen == [
        ("intuit", "POST", "/intuit/connect/oauth2/decide", 302),
        ("intuit", "POST", "/intuit/oauth2/v1/tokens/bearer", 200),
    ]


def test_emptying_it_keeps_the_count(books: Books, world: World) -> None:
    last = log(books.client)[-1]["n"]
    books.client.delete("/_control/log")
    assert log(books.client) == []
    books.get("preferences")
    assert log(books.client)[0]["n"] == last + 1
