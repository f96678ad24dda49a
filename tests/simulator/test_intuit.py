"""Intuit's OAuth: consent, tokens, and the recorded answers."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from simulator.intuit.grants import App
from simulator.world import World
from tests.simulator.clients import ASKED, BASIC, REDIRECT, Books, Intuit, Json, document, sent_back


def ask(client: FlaskClient, **changed: str) -> tuple[int, str]:
    answer = client.get("/intuit/connect/oauth2", query_string={**ASKED, **changed})
    return answer.status_code, answer.location or answer.text


def test_page_names_the_app_and_offers_every_company(client: FlaskClient, realm: str) -> None:
    client.post("/_control/quickbooks/companies", json={"company_name": "Other <Books>", "realm_id": "77"})
    status, page = ask(client)
    assert status == 200
    assert "Coperniq Connector" in page
    assert "Test Books" in page
    assert "Other &lt;Books&gt;" in page
    assert page.count('type="radio"') == 2
    assert 'value="opaque-state"' in page


def test_unknown_app_is_refused_on_the_page_and_nobody_is_redirected(client: FlaskClient) -> None:
    status, page = ask(client, client_id="stranger")
    assert (status, "client_id" in page) == (400, True)


@pytest.mark.parametrize(
    "uri",
    [
        "https://portal.example/other",
        "https://portal.example/quickbooks/callback/",
        "https://portal.example/quickbooks/callback?x=1",
        "",
    ],
)
def test_redirect_uri_must_match_exactly(client: FlaskClient, uri: str) -> None:
    status, page = ask(client, redirect_uri=uri)
    assert (status, "redirect_uri" in page) == (400, True)


@pytest.mark.parametrize(("allowed", "status"), [(True, 200), (False, 400)])
def test_loopback_redirects_hang_on_a_switch(
    client: FlaskClient, world: World, allowed: bool, status: int
) -> None:
    world.switches["any_loopback_redirect"] = allowed
    assert ask(client, redirect_uri="http://127.0.0.1:8000/callback")[0] == status
    assert ask(client, redirect_uri="http://localhost:8000/callback")[0] == status


def test_loopback_redirect_with_a_query_is_never_accepted(client: FlaskClient) -> None:
    assert ask(client, redirect_uri="http://localhost:8000/callback?next=1")[0] == 400


def test_missing_state_is_refused_on_the_page(client: FlaskClient) -> None:
    assert ask(client, state="")[0] == 400


@pytest.mark.parametrize(
    "scope", ["", "com.intuit.quickbooks.everything", "com.intuit.quickbooks.accounting root"]
)
def test_bad_scope_goes_back_as_invalid_scope(client: FlaskClient, scope: str) -> None:
    status, location = ask(client, scope=scope)
    assert status == 302
    assert location.endswith("?error=invalid_scope&state=opaque-state")


def test_other_response_type_goes_back_as_invalid_request(client: FlaskClient) -> None:
    status, location = ask(client, response_type="token")
    assert (status, "error=invalid_request" in location) == (302, True)


def test_authorizing_sends_code_state_and_realm_back(intuit: Intuit, realm: str) -> None:
    answer = intuit.decide(realm)
    assert answer.location.startswith("https://portal.example/quickbooks/callback?")
    found = sent_back(answer)
    assert set(found) == {"code", "state", "realmId"}
    assert (found["realmId"], found["state"]) == (realm, "opaque-state")


def test_cancelling_sends_access_denied_and_the_state_back(intuit: Intuit, realm: str) -> None:
    assert sent_back(intuit.decide(realm, "deny")) == {"error": "access_denied", "state": "opaque-state"}


def test_a_company_must_be_chosen(intuit: Intuit, realm: str) -> None:
    answer = intuit.decide("")
    assert answer.status_code == 400
    assert "Choose the company" in answer.text


def test_a_forged_form_gains_no_other_redirect(intuit: Intuit, realm: str) -> None:
    assert intuit.decide(realm, redirect_uri="https://evil.example/").status_code == 400


DAY = timedelta(hours=24)


def works(client: FlaskClient, realm: str, token: str) -> bool:
    return Books(client, realm, token).get("preferences").status_code == 200


def test_a_code_gives_a_pair_of_tokens(intuit: Intuit, client: FlaskClient, realm: str) -> None:
    answer = intuit.redeem(intuit.code(realm))
    found = document(answer)
    assert answer.status_code == 200
    assert found["token_type"] == "bearer"
    assert found["expires_in"] == 3600
    assert found["x_refresh_token_expires_in"] == 8726400
    assert set(found) == {
        "token_type",
        "expires_in",
        "access_token",
        "refresh_token",
        "x_refresh_token_expires_in",
    }
    assert answer.headers["Cache-Control"] == "no-cache, no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert answer.headers["intuit_tid"]
    assert works(client, realm, found["access_token"])


def test_a_code_serves_once_and_its_second_use_kills_the_first_tokens(
    intuit: Intuit, client: FlaskClient, realm: str
) -> None:
    code = intuit.code(realm)
    first = document(intuit.redeem(code))
    second = intuit.redeem(code)
    assert (second.status_code, document(second)["error"]) == (400, "invalid_grant")
    assert not works(client, realm, first["access_token"])
    assert intuit.refresh(first["refresh_token"]).status_code == 400


def test_a_code_dies_soon(intuit: Intuit, world: World, realm: str) -> None:
    code = intuit.code(realm)
    world.clock.shift(timedelta(seconds=601))
    assert document(intuit.redeem(code))["error"] == "invalid_grant"


def test_the_redirect_uri_of_the_exchange_must_be_the_same(intuit: Intuit, realm: str) -> None:
    assert document(intuit.redeem(intuit.code(realm), REDIRECT + "/"))["error"] == "invalid_grant"


def test_a_code_belongs_to_its_app(intuit: Intuit, world: World, realm: str) -> None:
    code = intuit.code(realm)
    world.intuit.register(App("other", "other-secret", "Other"))
    other = {"Authorization": "Basic b3RoZXI6b3RoZXItc2VjcmV0"}
    answer = intuit.token(other, grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
    assert document(answer)["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "header",
    ["", "Basic !!!", "Basic ZGVtby1jbGllbnQ6d3Jvbmc=", "Basic c3RyYW5nZXI6ZGVtby1zZWNyZXQ=", "Bearer x"],
)
def test_wrong_client_is_invalid_client(intuit: Intuit, header: str) -> None:
    answer = intuit.token({"Authorization": header}, grant_type="refresh_token", refresh_token="x")
    assert (answer.status_code, document(answer)) == (401, {"error": "invalid_client"})


def test_the_secret_in_the_body_is_not_enough(intuit: Intuit, realm: str) -> None:
    answer = intuit.token(
        {"Authorization": ""},
        grant_type="authorization_code",
        code=intuit.code(realm),
        redirect_uri=REDIRECT,
        client_id="demo-client",
        client_secret="demo-secret",
    )
    assert answer.status_code == 401


def test_json_instead_of_a_form_is_invalid_request(client: FlaskClient, intuit: Intuit, realm: str) -> None:
    body = {"grant_type": "authorization_code", "code": intuit.code(realm), "redirect_uri": REDIRECT}
    answer = client.post("/intuit/oauth2/v1/tokens/bearer", json=body, headers={"Authorization": BASIC})
    assert (answer.status_code, document(answer)["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "form", [{}, {"grant_type": "refresh_token"}, {"grant_type": "authorization_code", "code": "x"}]
)
def test_missing_parameters_are_invalid_request(intuit: Intuit, form: dict[str, str]) -> None:
    answer = intuit.token(None, **form)
    assert (answer.status_code, document(answer)["error"]) == (400, "invalid_request")


def test_other_grant_types_are_unsupported(intuit: Intuit) -> None:
    assert document(intuit.token(grant_type="password"))["error"] == "unsupported_grant_type"


def test_within_a_day_the_refresh_value_stays_the_same(
    intuit: Intuit, client: FlaskClient, world: World, realm: str
) -> None:
    first = intuit.connect(realm)
    world.clock.shift(timedelta(hours=23))
    second = document(intuit.refresh(first["refresh_token"]))
    assert second["refresh_token"] == first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert works(client, realm, second["access_token"])


def test_after_a_day_the_refresh_value_changes_and_the_old_one_is_dead(
    intuit: Intuit, world: World, realm: str
) -> None:
    first = intuit.connect(realm)
    world.clock.shift(DAY)
    second = document(intuit.refresh(first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    loser = intuit.refresh(first["refresh_token"])
    assert (loser.status_code, document(loser)["error"]) == (400, "invalid_grant")
    assert intuit.refresh(second["refresh_token"]).status_code == 200


def test_rotation_on_every_refresh_is_a_switch(intuit: Intuit, world: World, realm: str) -> None:
    world.switches["rotate_every_refresh"] = True
    first = intuit.connect(realm)
    second = document(intuit.refresh(first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    assert intuit.refresh(first["refresh_token"]).status_code == 400


def test_a_grace_after_rotation_is_a_switch_and_gives_the_new_value(
    intuit: Intuit, world: World, realm: str
) -> None:
    world.switches.update({"rotate_every_refresh": True, "refresh_grace": 60})
    first = intuit.connect(realm)
    second = document(intuit.refresh(first["refresh_token"]))
    assert document(intuit.refresh(first["refresh_token"]))["refresh_token"] == second["refresh_token"]
    world.clock.shift(timedelta(seconds=61))
    assert intuit.refresh(first["refresh_token"]).status_code == 400


def test_an_access_token_lives_an_hour(intuit: Intuit, client: FlaskClient, world: World, realm: str) -> None:
    token = intuit.connect(realm)["access_token"]
    world.clock.shift(timedelta(seconds=3590))
    assert works(client, realm, token)
    world.clock.shift(timedelta(seconds=11))
    assert not works(client, realm, token)


def test_every_refresh_restarts_the_rolling_days(intuit: Intuit, world: World, realm: str) -> None:
    value = intuit.connect(realm)["refresh_token"]
    for _ in range(3):
        world.clock.shift(timedelta(days=100))
        value = document(intuit.refresh(value))["refresh_token"]
    world.clock.shift(timedelta(days=102))
    assert document(intuit.refresh(value))["error"] == "invalid_grant"


def test_five_years_end_everything(intuit: Intuit, world: World, realm: str) -> None:
    value = intuit.connect(realm)["refresh_token"]
    for _ in range(18):
        world.clock.shift(timedelta(days=100))
        found = document(intuit.refresh(value))
        value = found["refresh_token"]
    assert found["x_refresh_token_expires_in"] < 26 * 86400
    world.clock.shift(timedelta(days=26))
    assert document(intuit.refresh(value))["error"] == "invalid_grant"


def test_the_hard_expiry_is_told_only_when_asked(intuit: Intuit, realm: str) -> None:
    value = intuit.connect(realm)["refresh_token"]
    header = {"x-include-refresh-token-hard-expires-in": "true"}
    found = document(intuit.token(header, grant_type="refresh_token", refresh_token=value))
    assert 157_679_000 < found["x_refresh_token_hard_expires_in"] <= 157_680_000
    assert "x_refresh_token_hard_expires_in" not in document(intuit.refresh(value))


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_either_token_kills_the_pair(
    intuit: Intuit, client: FlaskClient, realm: str, which: str
) -> None:
    tokens = intuit.connect(realm)
    answer = client.post(
        "/intuit/v2/oauth2/tokens/revoke", json={"token": tokens[which]}, headers={"Authorization": BASIC}
    )
    assert (answer.status_code, answer.data) == (200, b"")
    assert not works(client, realm, tokens["access_token"])
    assert document(intuit.refresh(tokens["refresh_token"]))["error"] == "invalid_grant"


def test_revoking_what_is_no_token_is_400_and_without_client_401(client: FlaskClient) -> None:
    url = "/intuit/v2/oauth2/tokens/revoke"
    assert client.post(url, json={"token": "nothing"}, headers={"Authorization": BASIC}).status_code == 400
    assert client.post(url, data={"token": "x"}, headers={"Authorization": BASIC}).status_code == 400
    assert client.post(url, json={"token": "x"}).status_code == 401


def test_disconnecting_inside_quickbooks_kills_the_connection(
    intuit: Intuit, client: FlaskClient, realm: str
) -> None:
    tokens = intuit.connect(realm)
    answer = client.post("/_control/intuit/disconnect", json={"realm_id": realm})
    assert document(answer) == {"disconnected": 1}
    assert not works(client, realm, tokens["access_token"])
    assert document(intuit.refresh(tokens["refresh_token"]))["error"] == "invalid_grant"


def test_connecting_again_leaves_the_earlier_connection_alive_unless_switched(
    intuit: Intuit, client: FlaskClient, world: World, realm: str
) -> None:
    first = intuit.connect(realm)
    second = intuit.connect(realm)
    assert works(client, realm, first["access_token"])
    world.switches["reconnect_revokes_earlier"] = True
    intuit.connect(realm)
    assert not works(client, realm, first["access_token"])
    assert not works(client, realm, second["access_token"])


def test_discovery_points_into_the_simulator(client: FlaskClient) -> None:
    found = document(client.get("/intuit/.well-known/openid_configuration"))
    assert found["authorization_endpoint"] == "http://localhost/intuit/connect/oauth2"
    assert found["token_endpoint"] == "http://localhost/intuit/oauth2/v1/tokens/bearer"
    assert found["revocation_endpoint"] == "http://localhost/intuit/v2/oauth2/tokens/revoke"


def test_a_connection_made_earlier_can_be_put_back_with_its_tokens(
    intuit: Intuit, client: FlaskClient, realm: str
) -> None:
    named = {"client_id": "demo-client", "realm_id": realm, "access_token": "a-1", "refresh_token": "r-1"}
    assert client.post("/_control/intuit/connections", json=named).status_code == 200
    assert works(client, realm, "a-1")
    assert works(client, realm, document(intuit.refresh("r-1"))["access_token"])
    assert not works(client, realm, "r-1")


RECORDED = Path(__file__).parents[1] / "recorded"
MOCKS = RECORDED / "intuit__oauth-jsclient/test/mocks"
DOCUMENTS = (
    RECORDED
    / "intuit__QuickBooks-V3-DotNET-SDK/IPPDotNetDevKitCSV3/Code/Intuit.Ipp.OAuth2PlatformClient.Test/Documents"
)


def read(path: Path) -> Json:
    found: Json = json.loads(path.read_text(encoding="utf-8-sig"))
    return found


def kinds(tokens: Json) -> dict[str, type]:
    return {name: type(value) for name, value in tokens.items()}


def test_token_response_with_openid(intuit: Intuit, realm: str) -> None:
    scope = "com.intuit.quickbooks.accounting openid"
    ours = document(intuit.redeem(intuit.code(realm, scope=scope)))
    assert kinds(ours) == kinds(read(DOCUMENTS / "success_token_response.json"))
    assert kinds(ours) == kinds(read(MOCKS / "refreshResponse.json"))


def test_headers_of_the_token_response(intuit: Intuit, realm: str) -> None:
    recorded = read(MOCKS / "response.json")["headers"]
    ours = intuit.redeem(intuit.code(realm)).headers
    for name in ("cache-control", "pragma"):
        assert ours[name] == recorded[name]
    assert "intuit_tid" in ours


def test_invalid_grant(intuit: Intuit, world: World, realm: str) -> None:
    recorded = read(MOCKS / "errorResponse.json")
    code = intuit.code(realm)
    world.clock.shift(timedelta(hours=1))
    answer = intuit.redeem(code)
    assert answer.status_code == recorded["response"]["status"]
    assert document(answer) == recorded["json"]


def test_discovery_has_the_recorded_keys_and_fixed_values(client: FlaskClient) -> None:
    recorded = read(DOCUMENTS / "discovery.json")
    ours = document(client.get("/intuit/.well-known/openid_configuration"))
    assert set(ours) == set(recorded)
    own = {name for name in recorded if name.endswith("_endpoint") or name == "jwks_uri"}
    assert {name: ours[name] for name in set(ours) - own} == {
        name: recorded[name] for name in set(ours) - own
    }
