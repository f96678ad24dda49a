"""Intuit's authorization-code grant (quickbooks-online.md §1).

OAuth2Session builds the consent address. The token endpoint is spoken to by our own session: OAuth2Session
would follow a redirect with the refresh token in its body, write tokens into the debug log, ignore the HTTP
status, and refuse the simulator's plain http.
"""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

from requests_oauthlib import OAuth2Session

from integrations.errors import (
    AppMisconfigured,
    GrantLost,
    Throttled,
    Unavailable,
    UnexpectedShape,
    UnreadableJson,
    VendorError,
)
from integrations.http import Reply, VendorSession
from integrations.parsing import Wild, load_json
from integrations.quickbooks.faults import VENDOR, build

SCOPE = "com.intuit.quickbooks.accounting"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
ACCESS_LIFETIME = 3600
REFRESH_LIFETIME = 100 * 24 * 3600
LONGEST_LIFETIME = 10 * 365 * 24 * 3600


@dataclass(frozen=True)
class OAuthApp:
    """The portal's registration with Intuit."""

    client_id: str
    client_secret: str = field(repr=False)
    authorize_url: str
    token_url: str
    revoke_url: str


@dataclass(frozen=True)
class Tokens:
    """The refresh token ends at `refresh_expires_at` unless used before, and at the hard date anyway."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_expires_at: datetime
    refresh_hard_expires_at: datetime | None


def authorize_url(app: OAuthApp, *, redirect_uri: str, state: str) -> str:
    """Where the browser is sent (§1.2)."""
    parts = urlsplit(_checked(app.authorize_url))
    session = OAuth2Session(app.client_id, redirect_uri=redirect_uri, scope=[SCOPE])
    # oauthlib knows no exception for loopback but one environment variable that would hold for every host.
    address, _ = session.authorization_url(parts._replace(scheme="https").geturl(), state=state)
    return urlsplit(str(address))._replace(scheme=parts.scheme).geturl()


def exchange_code(app: OAuthApp, *, code: str, redirect_uri: str) -> Tokens:
    return _fetch(app, grant_type="authorization_code", code=code, redirect_uri=redirect_uri)


def refresh(app: OAuthApp, refresh_token: str) -> Tokens:
    """After `Unavailable` the same refresh token may be tried again; after `GrantLost` never."""
    return _fetch(app, grant_type="refresh_token", refresh_token=refresh_token)


def revoke(app: OAuthApp, token: str) -> None:
    """Either token ends the pair. One that is dead already is what we wanted (§1.5)."""
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
        return read_tokens(Wild(load_json(reply.body)), asked_at)
    except (UnreadableJson, UnexpectedShape):
        raise build(Unavailable, reply, detail="the answer cannot be read") from None


def read_tokens(answer: Wild, asked_at: datetime) -> Tokens:
    """Lifetimes count from before the question, so that no token is thought to live longer than it does."""
    hard = _seconds(answer, "x_refresh_token_hard_expires_in", 0)
    return Tokens(
        access_token=answer.text("access_token"),
        refresh_token=answer.text("refresh_token"),
        access_expires_at=asked_at + timedelta(seconds=_seconds(answer, "expires_in", ACCESS_LIFETIME)),
        refresh_expires_at=asked_at
        + timedelta(seconds=_seconds(answer, "x_refresh_token_expires_in", REFRESH_LIFETIME)),
        refresh_hard_expires_at=asked_at + timedelta(seconds=hard) if hard else None,
    )


def _seconds(answer: Wild, key: str, default: int) -> int:
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
    """Codes and tokens travel under TLS, or do not leave this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return url
    raise AppMisconfigured(vendor=VENDOR, detail="an address of Intuit's sign-in does not begin with https")


def _error_key(reply: Reply) -> str:
    try:
        return Wild(load_json(reply.body)).text("error", "")
    except UnreadableJson:
        return ""


def _error_for(reply: Reply) -> VendorError:
    """§1.6: by the `error` key, never by its description."""
    key = _error_key(reply)
    if reply.status == 429:
        return build(Throttled, reply, code=key)
    if not 400 <= reply.status < 500:
        return build(Unavailable, reply, code=key)
    if key == "invalid_grant":
        return build(GrantLost, reply, code=key)
    return build(AppMisconfigured if key or reply.status == 401 else Unavailable, reply, code=key, detail=key)
