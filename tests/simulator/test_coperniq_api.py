"""The key, the limits, the routes: what every request meets before any record."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.simulator.clients import Office, document, refusal


def basic(email: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{email}:{password}".encode()).decode()}


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "wrong"}, {"Authorization": "Bearer office-key"}])
def test_without_a_valid_key_nothing_is_answered(
    client: FlaskClient, office: Office, headers: dict[str, str]
) -> None:
    answer = client.get("/coperniq/v1/accounts", headers=headers)
    assert refusal(answer) == (401, "UNAUTHORIZED", "")
    assert "X-RateLimit-Limit" not in answer.headers


def test_a_gateway_may_answer_a_bad_key_with_a_bare_403(client: FlaskClient, office: Office) -> None:
    office.switch(bad_key_status=403)
    answer = client.get("/coperniq/v1/accounts")
    assert (answer.status_code, document(answer)) == (403, {"message": "Forbidden"})


def test_no_record_of_one_company_is_visible_with_the_key_of_another(
    client: FlaskClient, office: Office
) -> None:
    stranger = Office.opened(client, "stranger-key", "Other Roofing")
    account = office.account("Ann")
    office.workflow("Sale")
    project = office.project("Roof", accountId=account["id"])
    site = office.person(
        "POST", "sites", {"accountId": account["id"], "fullAddress": "1 Elm St, Austin, TX 78701"}
    )
    for kind in ("accounts", "projects", "contacts", "sites", "workflows"):
        assert stranger.get(kind) == []
    for path in (f"accounts/{account['id']}", f"projects/{project['id']}", f"sites/{site['id']}"):
        assert refusal(stranger.call("GET", path)) == (404, "NOT_FOUND", "")
        assert refusal(stranger.call("PATCH", path, {"title": "Mine"}))[0] == 404


def test_a_foreign_record_may_be_forbidden_instead_of_missing(client: FlaskClient, office: Office) -> None:
    stranger = Office.opened(client, "stranger-key", "Other Roofing")
    account = office.account("Ann")
    office.switch(foreign_record_status=403)
    assert refusal(stranger.call("GET", f"accounts/{account['id']}")) == (403, "FORBIDDEN", "")
    assert refusal(stranger.call("GET", "accounts/1")) == (404, "NOT_FOUND", "")


def test_an_email_and_password_make_another_key_of_the_same_company(
    client: FlaskClient, office: Office
) -> None:
    office.account("Ann")
    login = basic(office.email, "demo-password")
    made = client.post("/coperniq/v1/api-keys", headers=login, json={"name": "portal"})
    body = document(made)
    assert made.status_code == 200
    assert set(body) == {"token", "companyId", "id", "name", "description", "email"}
    assert (body["name"], body["email"]) == ("portal", office.email)
    assert Office(client, body["token"]).titles() == ["Ann"]
    assert "X-RateLimit-Remaining" not in made.headers
    assert client.post("/coperniq/v1/api-keys", headers=login).status_code == 200


def test_a_wrong_password_is_answered_in_a_shape_of_its_own(client: FlaskClient, office: Office) -> None:
    answer = client.post("/coperniq/v1/api-keys", headers=basic("a@b.example", "no"))
    assert answer.status_code == 401
    assert set(document(answer)) == {"error"}


def test_every_authenticated_answer_tells_the_limit_and_the_rest(office: Office) -> None:
    first, second = office.call("GET", "accounts"), office.call("GET", "accounts/1")
    assert first.headers["X-RateLimit-Limit"] == "5000"
    assert [one.headers["X-RateLimit-Remaining"] for one in (first, second)] == ["4999", "4998"]


def test_the_limit_headers_may_be_missing(office: Office) -> None:
    office.switch(rate_limit_headers=False)
    assert "X-RateLimit-Limit" not in office.call("GET", "accounts").headers


def test_the_day_ends_after_its_calls_and_begins_again(office: Office) -> None:
    office.person("PUT", "limits", {"used": 4999})
    assert office.call("GET", "accounts").status_code == 200
    answer = office.call("GET", "accounts")
    assert refusal(answer) == (429, "RATE_LIMIT_EXCEEDED", "")
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert "Retry-After" not in answer.headers
    office.later(86_400)
    assert office.call("GET", "accounts").status_code == 200


def test_two_keys_of_a_company_are_counted_apart(client: FlaskClient, office: Office) -> None:
    login = basic(office.email, "demo-password")
    token = document(client.post("/coperniq/v1/api-keys", headers=login))["token"]
    office.person("PUT", "limits", {"per_day": 0})
    assert office.call("GET", "accounts").status_code == 429
    assert Office(client, token).call("GET", "accounts").status_code == 200


def test_a_rolling_day_forgets_call_by_call(office: Office) -> None:
    office.switch(daily_window="rolling")
    office.person("PUT", "limits", {"per_day": 1})
    assert office.call("GET", "accounts").status_code == 200
    office.later(86_400 - 600)
    assert office.call("GET", "accounts").status_code == 429
    office.later(700)
    assert office.call("GET", "accounts").status_code == 200


def test_a_second_holds_only_so_many_requests(office: Office) -> None:
    office.switch(requests_per_second=2)
    moments = [office.call("GET", "accounts").status_code for _ in range(3)]
    assert moments == [200, 200, 429]
    office.later(1)
    assert office.call("GET", "accounts").status_code == 200


@pytest.mark.parametrize(
    ("form", "body"),
    [("gateway", {"message": "Too Many Requests"}), ("empty", None)],
    ids=["gateway", "empty"],
)
def test_a_429_may_be_worded_otherwise(office: Office, form: str, body: Any) -> None:
    office.switch(throttle_body=form, retry_after_seconds=7)
    office.person("PUT", "limits", {"per_day": 0})
    answer = office.call("GET", "accounts")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert (document(answer) if answer.data else None) == body


def test_more_than_ten_megabytes_are_refused(client: FlaskClient, office: Office) -> None:
    answer = client.post(
        "/coperniq/v1/accounts", data=b" " * (10 * 1024 * 1024 + 1), headers={"x-api-key": office.key}
    )
    assert refusal(answer) == (413, "PAYLOAD_TOO_LARGE", "")


@pytest.mark.parametrize(
    "path", ["", "nothing", "accounts/", "accounts/abc", "accounts/1/nothing", "v2/accounts"]
)
def test_an_unknown_path_is_not_found(office: Office, path: str) -> None:
    assert refusal(office.call("GET", path)) == (404, "NOT_FOUND", "")


def test_an_unknown_path_may_be_forbidden_by_the_gateway(office: Office) -> None:
    office.switch(unknown_route_status=403)
    answer = office.call("GET", "nothing")
    assert (answer.status_code, document(answer)) == (403, {"message": "Forbidden"})
    assert refusal(office.call("GET", "accounts/1")) == (404, "NOT_FOUND", "")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "accounts"), ("DELETE", "accounts"), ("POST", "workflows"), ("PATCH", "workflows/1")],
)
def test_a_known_path_with_a_wrong_method_is_refused(office: Office, method: str, path: str) -> None:
    assert refusal(office.call(method, path, {})) == (405, "METHOD_NOT_ALLOWED", "")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "bills"), ("GET", "requests"), ("GET", "projects/1/bills"), ("GET", "bills/1/payments")],
)
def test_what_is_documented_but_not_simulated_says_so(office: Office, method: str, path: str) -> None:
    assert refusal(office.call(method, path, {})) == (501, "NOT_SIMULATED", "")


@pytest.mark.parametrize("raw", [b"", b"{", b'{"title": NaN}', b"\xff\xfe"])
def test_a_body_that_is_not_json_is_refused(client: FlaskClient, office: Office, raw: bytes) -> None:
    answer = client.post("/coperniq/v1/accounts", data=raw, headers={"x-api-key": office.key})
    assert refusal(answer) == (400, "INVALID_JSON", "")


def test_a_body_that_is_no_object_is_refused(office: Office) -> None:
    assert refusal(office.call("POST", "accounts", [1])) == (400, "VALIDATION_ERROR", "body")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("throttle", 429, "RATE_LIMIT_EXCEEDED"),
        ("error_500", 500, "INTERNAL_SERVER_ERROR"),
        ("forbidden", 403, None),
    ],
)
def test_a_fault_of_the_house_speaks_as_coperniq_does(
    client: FlaskClient, office: Office, fault: str, status: int, code: str | None
) -> None:
    client.post("/_control/faults", json={"vendor": "coperniq", "fault": fault})
    answer = office.call("GET", "accounts")
    assert (answer.status_code, document(answer).get("code")) == (status, code)
    assert office.call("GET", "accounts").status_code == 200


def test_the_body_of_a_key_request_may_be_missing_but_not_broken(client: FlaskClient, office: Office) -> None:
    login = basic(office.email, "demo-password")
    assert client.post("/coperniq/v1/api-keys", headers=login, data=b"").status_code == 200
    assert refusal(client.post("/coperniq/v1/api-keys", headers=login, data=b"{")) == (
        400,
        "INVALID_JSON",
        "",
    )
    assert client.post("/coperniq/v1/api-keys", headers={"Authorization": "Bearer x"}).status_code == 401
