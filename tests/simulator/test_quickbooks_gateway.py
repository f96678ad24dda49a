"""The gateway: who may enter, how often and how fast."""

from __future__ import annotations

import http.client
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.serving import BaseWSGIServer

from simulator.world import World
from tests.simulator.clients import ASKED, Books, Intuit, Json, Sales, document, line, problem

GATEWAY_KEYS = {
    "warnings",
    "intuitObject",
    "fault",
    "report",
    "queryResponse",
    "batchItemResponse",
    "attachableResponse",
    "syncErrorResponse",
    "requestId",
    "time",
    "status",
    "cdcresponse",
}


def test_without_a_live_token_the_lower_case_envelope_answers_401(books: Books) -> None:
    answer = Books(books.client, books.realm, "AB01-stale").get("customer/1")
    found = document(answer)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Intuit", error="invalid_token"'
    assert set(found) == GATEWAY_KEYS
    assert found["fault"]["type"] == "AUTHENTICATION"
    assert found["fault"]["error"][0]["code"] == "3200"
    assert found["fault"]["error"][0]["detail"] == "Token expired: AB01-stale"
    assert isinstance(found["time"], int)


def test_no_authorization_at_all_is_401_too(client: FlaskClient, realm: str) -> None:
    assert client.get(f"/quickbooks/v3/company/{realm}/customer/1").status_code == 401


def test_a_token_opens_its_own_company_only(books: Books) -> None:
    books.client.post("/_control/quickbooks/companies", json={"company_name": "Neighbour", "realm_id": "88"})
    for realm in ("88", "99999"):
        answer = Books(books.client, realm, books.token).get("preferences")
        fault = document(answer)["fault"]
        assert answer.status_code == 403
        assert fault["type"] == "SERVICE"
        assert fault["error"][0]["code"] == "3100"
        assert fault["error"][0]["message"] == (
            "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
        )


def test_a_token_without_the_accounting_scope_opens_nothing(
    client: FlaskClient, realm: str, intuit: Intuit
) -> None:
    tokens = document(intuit.redeem(intuit.code(realm, scope="openid email")))
    assert tokens["id_token"]
    assert Books(client, realm, tokens["access_token"]).get("preferences").status_code == 403
    assert "accounting" in ASKED["scope"]


def test_every_answer_carries_a_tid_and_the_vendors_date(books: Books, world: World) -> None:
    world.clock.shift(timedelta(days=400))
    world.switches["date_header_offset_seconds"] = 86400
    answers = [books.get("preferences"), books.get("customer/404"), books.get("nowhere")]
    assert len({answer.headers["Intuit-Tid"] for answer in answers}) == 3
    expected = (world.clock.now() + timedelta(days=1)).strftime("%d %b %Y")
    assert all(expected in answer.headers["Date"] for answer in answers)


def test_success_and_refusal_have_different_content_types(books: Books) -> None:
    good = books.get("query?query=select%20*%20from%20Customer")
    bad = books.get("customer/404")
    assert good.headers["Content-Type"] == "application/json;charset=utf-8"
    assert good.headers["Qbo-Version"]
    assert bad.headers["Content-Type"] == "application/json"


def test_the_envelope_tells_the_time_in_pacific_milliseconds(books: Books) -> None:
    answer = document(books.get("preferences"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}-0[78]:00", answer["time"])
    created = answer["Preferences"]["MetaData"]["CreateTime"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-0[78]:00", created)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "customer"),
        ("GET", "customer/1/5"),
        ("GET", "Customer/1"),
        ("GET", "customers/1"),
        ("POST", "customer/1"),
        ("POST", "preferencess"),
        ("PUT", "customer"),
        ("DELETE", "customer/1"),
    ],
)
def test_a_wrong_path_or_method_is_400_with_code_500(books: Books, method: str, path: str) -> None:
    answer = books.call(method, path, json={} if method != "GET" else None)
    assert answer.status_code == 400
    assert problem(answer)["code"] == "500"
    assert problem(answer)["Message"] == "Unsupported Operation"
    assert f"/v3/company/{books.realm}/{path}" in problem(answer)["Detail"]


def test_a_path_outside_any_company_is_no_operation(client: FlaskClient) -> None:
    assert problem(client.get("/quickbooks/v3/customer/1"))["code"] == "500"


@pytest.mark.parametrize("operation", ["delete", "void", "nonsense"])
def test_customers_know_no_operation_but_update(books: Books, operation: str) -> None:
    customer = books.customer("Ann")
    body = {"Id": customer["Id"], "SyncToken": "0"}
    answer = books.post(f"customer?operation={operation}", body)
    assert (answer.status_code, problem(answer)["code"]) == (400, "500")
    assert books.read(customer)["Active"] is True


def test_a_non_numeric_id_is_2030_without_a_time(books: Books) -> None:
    answer = books.get("customer/1.5")
    assert answer.status_code == 400
    assert "time" not in document(answer)
    assert problem(answer) == {
        "Message": "Invalid ID",
        "Detail": "Id should be a valid number. Supplied value:1.5",
        "code": "2030",
        "element": "Id",
    }


@pytest.mark.parametrize("path", ["customer/404", "vendor/404", "invoice/404", "companyinfo/1"])
def test_an_unknown_id_is_400_with_610(books: Books, path: str) -> None:
    answer = books.get(path)
    assert answer.status_code == 400
    assert problem(answer)["code"] == "610"
    assert problem(answer)["element"] == ""
    assert "has been made inactive" in problem(answer)["Detail"]


def test_minorversion_changes_nothing(books: Books) -> None:
    one = books.get("preferences?minorversion=3")
    other = books.get("preferences?minorversion=75")
    assert document(one)["Preferences"] == document(other)["Preferences"]


@pytest.mark.parametrize("path", ["creditmemo", "deposit", "estimate", "preferences", "companyinfo"])
def test_writes_that_are_not_modelled_say_so(books: Books, path: str) -> None:
    answer = books.post(path, {"Name": "x"})
    assert (answer.status_code, problem(answer)["code"]) == (400, "5030")


def test_throttling_speaks_xml_then_json(books: Books) -> None:
    for _ in range(2):
        books.client.post("/_control/faults", json={"vendor": "quickbooks", "fault": "throttle"})
    first, second = books.get("preferences"), books.get("preferences")
    assert (first.status_code, second.status_code) == (429, 429)
    assert first.headers["Content-Type"].startswith("text/xml")
    assert first.text.count('<Error code="3001">') == 1
    assert "<Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message>" in first.text
    assert document(second)["fault"]["error"][0]["code"] == "3001"
    assert "Retry-After" not in first.headers


@pytest.mark.parametrize(("form", "kind"), [("xml", "text/xml"), ("json", "application/json")])
def test_the_form_of_throttling_is_a_switch(books: Books, world: World, form: str, kind: str) -> None:
    world.switches["throttle_form"] = form
    books.client.post("/_control/faults", json={"vendor": "quickbooks", "fault": "throttle", "times": 2})
    answers = [books.get("preferences"), books.get("preferences")]
    assert all(answer.headers["Content-Type"].startswith(kind) for answer in answers)


def test_a_time_to_wait_may_come_with_it(books: Books, world: World) -> None:
    world.switches["throttle_retry_after"] = 60
    books.client.post("/_control/faults", json={"vendor": "quickbooks", "fault": "throttle", "times": 2})
    assert [books.get("preferences").headers["Retry-After"] for _ in range(2)] == ["60", "60"]


def test_limits_are_off_until_asked_for(books: Books) -> None:
    assert {books.get("preferences").status_code for _ in range(15)} == {200}


def test_ten_requests_a_second_are_the_burst(
    books: Books, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.switches["enforce_limits"] = True
    moment = world.clock.now()
    monkeypatch.setattr(world.clock, "now", lambda: moment)
    assert [books.get("preferences").status_code for _ in range(11)] == [200] * 10 + [429]
    monkeypatch.setattr(world.clock, "now", lambda: moment + timedelta(seconds=1))
    assert books.get("preferences").status_code == 200


def test_five_hundred_requests_a_minute_are_the_limit(
    books: Books, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.switches["enforce_limits"] = True
    start = world.clock.now()
    moments = iter(range(10_000))
    monkeypatch.setattr(world.clock, "now", lambda: start + timedelta(milliseconds=5) * next(moments))
    seen = [books.get("preferences").status_code for _ in range(510)]
    assert seen.count(200) <= 500
    assert seen[-1] == 429
    monkeypatch.setattr(world.clock, "now", lambda: start + timedelta(minutes=3))
    assert books.get("preferences").status_code == 200


def test_ten_in_flight_are_the_limit(books: Books, world: World) -> None:
    world.switches["enforce_limits"] = True
    for _ in range(10):
        world.gateway.arrive(books.realm)
    assert books.get("preferences").status_code == 429
    world.gateway.leave(books.realm)
    assert books.get("preferences").status_code == 200


def ask(server: BaseWSGIServer, books: Books, body: Json | None = None) -> int:
    wire = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    headers = {"Authorization": f"Bearer {books.token}", "Content-Type": "application/json"}
    method, path = ("GET", "preferences") if body is None else ("POST", "invoice")
    wire.request(method, f"/quickbooks/v3/company/{books.realm}/{path}", json.dumps(body or {}), headers)
    status = wire.getresponse().status
    wire.close()
    return status


def test_ten_slow_answers_take_no_longer_than_one(
    server: BaseWSGIServer, sales: Sales, ann: Json, world: World
) -> None:
    sales.books.client.post("/_control/switches", json={"latency_ms": 300})
    begun = time.perf_counter()
    with ThreadPoolExecutor(10) as pool:
        seen = list(pool.map(lambda _: ask(server, sales.books, sales.body(ann)), range(10)))
    took = time.perf_counter() - begun
    assert seen == [200] * 10
    assert 0.3 <= took < 1.5
    assert len(sales.books.client.get("/_control/state").data) > 0
    world.switches["latency_ms"] = 0
    assert len(sales.rows("SELECT * FROM Invoice")) == 10


def test_the_eleventh_at_once_is_too_many(server: BaseWSGIServer, books: Books, world: World) -> None:
    """The burst of a second is set aside here: what is in flight counts for itself."""
    world.switches.update({"latency_ms": 400, "enforce_limits": True})
    begun = world.clock.now()
    moments = iter(range(1, 1000))
    world.clock.now = lambda: begun + timedelta(seconds=2 * next(moments))  # type: ignore[method-assign]
    with ThreadPoolExecutor(11) as pool:
        seen = list(pool.map(lambda _: ask(server, books), range(11)))
    assert sorted(seen) == [200] * 10 + [429]


def test_a_batch_is_metered_item_by_item(books: Books, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.switches["enforce_limits"] = True
    start = world.clock.now()
    moments = iter(range(10_000))
    monkeypatch.setattr(world.clock, "now", lambda: start + timedelta(milliseconds=150) * next(moments))
    items = [{"bId": str(n), "Query": "select count(*) from Customer"} for n in range(30)]
    seen = [books.post("batch", {"BatchItemRequest": items}).status_code for _ in range(18)]
    assert seen == [200] * 16 + [429] * 2


def test_forty_batches_a_minute(books: Books, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.switches["enforce_limits"] = True
    start = world.clock.now()
    moments = iter(range(10_000))
    monkeypatch.setattr(world.clock, "now", lambda: start + timedelta(milliseconds=60) * next(moments))
    item = {"bId": "1", "Query": "select count(*) from Customer"}
    seen = [books.post("batch", {"BatchItemRequest": [item]}).status_code for _ in range(42)]
    assert (seen.count(200), seen[-1]) == (40, 429)


def fault(sales: Sales, name: str, path: str, **more: Any) -> None:
    wanted = {"vendor": "quickbooks", "fault": name, "path": path, "method": "POST", **more}
    assert sales.books.client.post("/_control/faults", json=wanted).status_code == 200


def test_somebody_saves_the_invoice_that_is_being_edited(sales: Sales, ann: Json) -> None:
    invoice = sales.invoice(ann)
    touched = sales.person("POST", f"records/Invoice/{invoice['Id']}/touch")
    assert (touched["SyncToken"], touched["Line"]) == ("1", invoice["Line"])
    assert problem(sales.change("Invoice", invoice, PrivateNote="x"))["code"] == "5010"
    edited = sales.person(
        "PATCH", f"records/Invoice/{invoice['Id']}", {"Line": [line(120)], "PrivateNote": "By Dana"}
    )
    assert (edited["SyncToken"], edited["TotalAmt"]) == ("2", 120)
