"""Intuit's OAuth 2.0 authorization-code grant (docs/vendors/quickbooks-online.md, 1).

https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0

OAuth2Session builds the consent URL. Requests to the token endpoint use our own session, because OAuth2Session would
follow a redirect with the refresh token in its body, write tokens into the debug log, ignore the HTTP status, and
refuse the simulator's plain HTTP.
"""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

from requests_oauthlib import OAuth2Session

from integrations.errors import (
    AppMisconfigured,
    AuthorizationRevoked,
    Throttled,
    Unavailable,
    UnexpectedShape,
    UnreadableJson,
    VendorError,
)
from integrations.http import Reply, VendorSession
from integrations.json_reader import JsonReader, load_json
from integrations.quickbooks.faults import VENDOR, build

SCOPE = "com.intuit.quickbooks.accounting"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
ACCESS_LIFETIME = 3600
REFRESH_LIFETIME = 100 * 24 * 3600
LONGEST_LIFETIME = 10 * 365 * 24 * 3600


@dataclass(frozen=True)
class OAuthApp:
    """The portal's registration with Intuit, and Intuit's addresses."""

    client_id: str
    client_secret: str = field(repr=False)
    authorize_url: str
    token_url: str
    revoke_url: str


@dataclass(frozen=True)
class Tokens:
    """An access token and its refresh token (docs/vendors/quickbooks-online.md, 1.3 and 1.4).

    The refresh token expires at `refresh_expires_at` unless it is used before, and at `refresh_hard_expires_at` in
    any case.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_expires_at: datetime
    refresh_hard_expires_at: datetime | None


def authorize_url(app: OAuthApp, *, redirect_uri: str, state: str) -> str:
    """The address of Intuit's consent page. Raises AppMisconfigured unless it uses https.

    See docs/vendors/quickbooks-online.md, 1.2.
    """
    parts = urlsplit(_checked(app.authorize_url))
    session = OAuth2Session(app.client_id, redirect_uri=redirect_uri, scope=[SCOPE])
    # oauthlib knows no exception for loopback but one environment variable that would hold for every host.
    address, _ = session.authorization_url(parts._replace(scheme="https").geturl(), state=state)
    return urlsplit(str(address))._replace(scheme=parts.scheme).geturl()


def exchange_code(app: OAuthApp, *, code: str, redirect_uri: str) -> Tokens:
    """Exchange an authorization code for tokens; a code works once (docs/vendors/quickbooks-online.md, 1.3).

    Raises GrantLost (the code is used up or expired), AppMisconfigured, Throttled or Unavailable.
    """
    return _fetch(app, grant_type="authorization_code", code=code, redirect_uri=redirect_uri)


def refresh(app: OAuthApp, refresh_token: str) -> Tokens:
    """Exchange a refresh token for new tokens, which must be stored before they are used.

    Raises GrantLost (the refresh token is dead), AppMisconfigured, Throttled or Unavailable; after the last two the
    same refresh token may be sent again. See docs/vendors/quickbooks-online.md, 1.4.
    """
    return _fetch(app, grant_type="refresh_token", refresh_token=refresh_token)


def revoke(app: OAuthApp, token: str) -> None:
    """Revoke the pair that this access or refresh token belongs to (docs/vendors/quickbooks-online.md, 1.5).

    A token that is dead already counts as revoked. Raises AppMisconfigured, Throttled or Unavailable.
    """
    reply = _post(app, app.revoke_url, json.dumps({"token": token}).encode(), "application/json")
    if not 200 <= reply.status < 300:
        error = _error_for(reply)
        if reply.status != 400 or _error_key(reply) == "invalid_client":
            raise error


def _fetch(app: OAuthApp, **form: str) -> Tokens:
    asked_at = datetime.now(UTC)
    reply = _post(app, app.token_url, urlencode(form).encode(), "application/x-www-form-urlencoded")
    if not 200 <= reply.status < 300:
        raise _error_for(reply)
    try:
        return read_tokens(JsonReader(load_json(reply.body)), asked_at)
    except (UnreadableJson, UnexpectedShape):
        raise build(Unavailable, reply, detail="the answer cannot be read") from None


def read_tokens(answer: JsonReader, asked_at: datetime) -> Tokens:
    """Lifetimes count from before the request, so that no token is believed to live longer than it does.

    Raises UnexpectedShape if a token is missing.
    """
    hard = _seconds(answer, "x_refresh_token_hard_expires_in", 0)
    return Tokens(
        access_token=answer.text("access_token"),
        refresh_token=answer.text("refresh_token"),
        access_expires_at=asked_at + timedelta(seconds=_seconds(answer, "expires_in", ACCESS_LIFETIME)),
        refresh_expires_at=asked_at
        + timedelta(seconds=_seconds(answer, "x_refresh_token_expires_in", REFRESH_LIFETIME)),
        refresh_hard_expires_at=asked_at + timedelta(seconds=hard) if hard else None,
    )


def _seconds(answer: JsonReader, key: str, default: int) -> int:
    return min(max(int(answer.decimal(key, default)), 0), LONGEST_LIFETIME)


def _post(app: OAuthApp, url: str, body: bytes, content_type: str) -> Reply:
    identity = base64.b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
    headers = {
        "Authorization": f"Basic {identity}",
        "Accept": "application/json",
        "Content-Type": content_type,
        "x-include-refresh-token-hard-expires-in": "true",
    }
    session = VendorSession(VENDOR)
    try:
        return session.send("POST", _checked(url), headers=headers, body=body)
    finally:
        session.close()


def _checked(url: str) -> str:
    """The URL, if it uses https or a loopback host; else raises AppMisconfigured."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return url
    raise AppMisconfigured(vendor=VENDOR, detail="an address of Intuit's sign-in does not begin with https")


def _error_key(reply: Reply) -> str:
    try:
        return JsonReader(load_json(reply.body)).text("error", "")
    except UnreadableJson:
        return ""


def _error_for(reply: Reply) -> VendorError:
    """The exception for a refusal, by its `error` key and never by its description.

    See docs/vendors/quickbooks-online.md, 1.6.
    """
    key = _error_key(reply)
    if reply.status == 429:
        return build(Throttled, reply, code=key)
    if not 400 <= reply.status < 500:
        return build(Unavailable, reply, code=key)
    if key == "invalid_grant":
        return build(AuthorizationRevoked, reply, code=key)
    return build(AppMisconfigured if key or reply.status == 401 else Unavailable, reply, code=key, detail=key)
