import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests
import responses

from integrations.errors import AppMisconfigured, AuthorizationRevoked, Throttled, Unavailable, VendorError
from integrations.quickbooks import oauth
from integrations.quickbooks.oauth import OAuthApp, Tokens
from tests.quickbooks.conftest import SentRequest
from tests.quickbooks.recordings import dotnet_document, oauth_mock

APP = OAuthApp(
    client_id="demo-client",
    client_secret="demo-secret",
    authorize_url="https://appcenter.example/connect/oauth2",
    token_url="https://oauth.example/tokens/bearer",
    revoke_url="https://developer.example/tokens/revoke",
)
REDIRECT = "https://portal.example/integrations/quickbooks/callback/"


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def sent(mock: responses.RequestsMock) -> SentRequest:
    return SentRequest(mock.calls[0].request)


def form(mock: responses.RequestsMock) -> dict[str, str]:
    body = sent(mock).body
    assert isinstance(body, bytes)
    return dict(parse_qsl(body.decode()))


def lasts(until: datetime | None, seconds: int) -> bool:
    return until is not None and abs(until - datetime.now(UTC) - timedelta(seconds=seconds)) < timedelta(
        minutes=5
    )


def test_the_browser_is_sent_with_state_and_scope() -> None:
    address = oauth.authorize_url(APP, redirect_uri=REDIRECT, state="demo-state")
    assert address.startswith("https://appcenter.example/connect/oauth2?")
    assert {key: value[0] for key, value in parse_qs(urlsplit(address).query).items()} == {
        "client_id": "demo-client",
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": REDIRECT,
        "state": "demo-state",
    }


@pytest.mark.parametrize("host", ["127.0.0.1:8001", "localhost:8001", "[::1]:8001"])
def test_the_simulator_needs_no_https(host: str, mock: responses.RequestsMock) -> None:
    local = replace(APP, authorize_url=f"http://{host}/connect", token_url=f"http://{host}/bearer")
    assert oauth.authorize_url(local, redirect_uri=REDIRECT, state="s").startswith(f"http://{host}/connect?")
    mock.post(f"http://{host}/bearer", json=oauth_mock("refreshResponse"))
    assert oauth.refresh(local, "demo-refresh").access_token == "sample_access_token"


@pytest.mark.parametrize(
    "url", ["http://oauth.example/", "http://127.0.0.1.example/", "", "ftp://127.0.0.1/"]
)
def test_nothing_is_sent_in_the_clear_to_another_machine(url: str) -> None:
    app = replace(APP, authorize_url=url, token_url=url, revoke_url=url)
    with pytest.raises(AppMisconfigured):
        oauth.authorize_url(app, redirect_uri=REDIRECT, state="s")
    with pytest.raises(AppMisconfigured):
        oauth.refresh(app, "demo-refresh")
    with pytest.raises(AppMisconfigured):
        oauth.revoke(app, "demo-refresh")


def test_a_code_is_exchanged(mock: responses.RequestsMock) -> None:
    mock.post(APP.token_url, json=oauth_mock("tokenResponse"))
    tokens = oauth.exchange_code(APP, code="demo/code", redirect_uri=REDIRECT)
    assert form(mock) == {"grant_type": "authorization_code", "code": "demo/code", "redirect_uri": REDIRECT}
    assert (tokens.access_token, tokens.refresh_token) == ("sample_access_token", "sample_refresh_token")
    assert lasts(tokens.access_expires_at, 3600)
    assert lasts(tokens.refresh_expires_at, 8726400)
    assert tokens.refresh_hard_expires_at is None


def test_a_token_is_refreshed_with_our_identity_and_the_hard_expiry_asked_for(
    mock: responses.RequestsMock,
) -> None:
    answer = oauth_mock("refreshResponse") | {"x_refresh_token_hard_expires_in": 157680000}
    mock.post(APP.token_url, json=answer)
    tokens = oauth.refresh(APP, "RT1-demo+/=")
    assert form(mock) == {"grant_type": "refresh_token", "refresh_token": "RT1-demo+/="}
    headers = sent(mock).headers
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"demo-client:demo-secret").decode()
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["Accept"] == "application/json"
    assert headers["x-include-refresh-token-hard-expires-in"] == "true"
    assert lasts(tokens.refresh_hard_expires_at, 157680000)


def test_a_recorded_answer_with_a_byte_order_mark_is_read(mock: responses.RequestsMock) -> None:
    mock.post(APP.token_url, body=dotnet_document("success_token_response"))
    assert lasts(oauth.refresh(APP, "demo-refresh").refresh_expires_at, 15552000)


def test_missing_lifetimes_are_the_documented_ones_and_absurd_ones_are_bounded(
    mock: responses.RequestsMock,
) -> None:
    mock.post(APP.token_url, json={"access_token": "a", "refresh_token": "r"})
    mock.post(APP.token_url, json=oauth_mock("tokenResponse") | {"expires_in": 1536130629063})
    usual, absurd = oauth.refresh(APP, "demo-refresh"), oauth.refresh(APP, "demo-refresh")
    assert lasts(usual.access_expires_at, 3600)
    assert lasts(usual.refresh_expires_at, 8640000)
    assert lasts(absurd.access_expires_at, oauth.LONGEST_LIFETIME)


def test_secrets_are_not_shown() -> None:
    now = datetime.now(UTC)
    shown = repr(Tokens("demo-access", "demo-refresh", now, now, None)) + repr(APP)
    assert "demo-access" not in shown
    assert "demo-refresh" not in shown
    assert "demo-secret" not in shown


def test_the_recorded_end_of_a_grant_is_reported(mock: responses.RequestsMock) -> None:
    recorded = oauth_mock("errorResponse")["response"]
    headers = {"intuit_tid": recorded["headers"]["intuit_tid"], "Date": recorded["headers"]["date"]}
    mock.post(APP.token_url, status=recorded["status"], body=recorded["body"], headers=headers)
    with pytest.raises(AuthorizationRevoked) as caught:
        oauth.refresh(APP, "demo-refresh")
    assert caught.value.code == "invalid_grant"
    assert caught.value.intuit_tid == "1234-1234-1234-123"
    assert caught.value.vendor_time == datetime(2018, 9, 11, 7, 52, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, '{"error":"invalid_client"}', AppMisconfigured),
        (400, '{"error":"invalid_request"}', AppMisconfigured),
        (400, '{"error":"unsupported_grant_type"}', AppMisconfigured),
        (401, "", AppMisconfigured),
        (400, "<html>", Unavailable),
        (400, "[]", Unavailable),
        (429, "", Throttled),
        (500, '{"error":"invalid_grant"}', Unavailable),
        (503, "", Unavailable),
        (302, "", Unavailable),
        (200, "<html>", Unavailable),
        (200, "[]", Unavailable),
        (200, '{"access_token": "a"}', Unavailable),
    ],
)
def test_other_answers_of_the_token_endpoint(
    mock: responses.RequestsMock, status: int, body: str, kind: type[VendorError]
) -> None:
    mock.post(APP.token_url, status=status, body=body)
    with pytest.raises(VendorError) as caught:
        oauth.refresh(APP, "demo-refresh")
    assert type(caught.value) is kind


@pytest.mark.parametrize("lost", [requests.ReadTimeout(), requests.ConnectionError()])
def test_a_refresh_without_an_answer_may_be_tried_again_but_not_by_itself(
    mock: responses.RequestsMock, lost: Exception
) -> None:
    mock.post(APP.token_url, body=lost)
    with pytest.raises(Unavailable):
        oauth.refresh(APP, "demo-refresh")
    assert len(mock.calls) == 1


def test_a_token_is_revoked(mock: responses.RequestsMock) -> None:
    mock.post(APP.revoke_url, status=200)
    oauth.revoke(APP, "demo-refresh")
    body = sent(mock).body
    assert isinstance(body, bytes)
    assert json.loads(body) == {"token": "demo-refresh"}
    assert sent(mock).headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("body", ["", '{"error":"invalid_grant"}', '{"error":"invalid_token"}'])
def test_a_token_that_is_dead_already_needs_no_revoking(mock: responses.RequestsMock, body: str) -> None:
    mock.post(APP.revoke_url, status=400, body=body)
    oauth.revoke(APP, "demo-refresh")
    assert len(mock.calls) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, '{"error":"invalid_client"}', AppMisconfigured),
        (401, "", AppMisconfigured),
        (503, "", Unavailable),
    ],
)
def test_a_revocation_that_failed_is_reported(
    mock: responses.RequestsMock, status: int, body: str, kind: type[VendorError]
) -> None:
    mock.post(APP.revoke_url, status=status, body=body)
    with pytest.raises(kind):
        oauth.revoke(APP, "demo-refresh")
