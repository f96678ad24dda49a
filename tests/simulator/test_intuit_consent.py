from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.simulator.conftest import ASKED, Intuit, sent_back

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from simulator.world import World


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
