"""Intuit's applications, authorization codes and grants: docs/vendors/quickbooks-online.md, 1.1 to 1.5.

Rules as in the OAuth 2.0 pages and FAQ of developer.intuit.com: codes serve once, the refresh value changes a day after
its last change, every refresh restarts a rolling hundred days, five years end everything.
"""

from __future__ import annotations

import ipaddress
import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

from simulator.environment import Environment

ACCESS_SECONDS = 3600
HARD_SECONDS = 157_680_000
ROTATION = timedelta(hours=24)
ACCOUNTING = "com.intuit.quickbooks.accounting"


@dataclass
class App:
    client_id: str
    client_secret: str
    name: str
    redirect_uris: list[str] = field(default_factory=list)


@dataclass
class Grant:
    """`refresh` is the one value that counts; `previous` only under the switch `refresh_grace`."""

    client_id: str
    realm: str
    scope: str
    refresh: str
    refresh_since: datetime
    refresh_until: datetime
    hard_until: datetime
    previous: str = ""
    access: dict[str, datetime] = field(default_factory=dict)
    revoked: bool = False

    def holds(self, token: str) -> bool:
        return token == self.refresh or token in self.access


@dataclass
class Code:
    client_id: str
    realm: str
    scope: str
    redirect_uri: str
    until: datetime
    grant: Grant | None = None


class InvalidGrant(Exception):
    """The code or refresh token is dead; the message is the error_description."""


class Intuit:
    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.apps: dict[str, App] = {}
        self.grants: list[Grant] = []
        self._codes: dict[str, Code] = {}
        self._numbers = itertools.count(1)
        self.register(App("demo-client", "demo-secret", "Coperniq Connector"))

    def register(self, app: App) -> None:
        self.apps[app.client_id] = app

    def accepts_redirect(self, app: App, uri: str) -> bool:
        if uri in app.redirect_uris:
            return True
        return bool(self._environment.switches["any_loopback_redirect"]) and is_loopback(uri)

    def issue_code(self, client_id: str, realm: str, scope: str, redirect_uri: str) -> str:
        value = f"AB1{next(self._numbers):06d}{uuid4().hex}"
        until = self._environment.clock.now() + timedelta(
            seconds=float(self._environment.switches["code_seconds"])
        )
        self._codes[value] = Code(client_id, realm, scope, redirect_uri, until)
        return value

    def redeem(self, client_id: str, value: str, redirect_uri: str) -> Grant:
        """A second use is taken for theft: what the first use gave is revoked with it."""
        code = self._codes.get(value)
        if code is None or code.client_id != client_id:
            raise InvalidGrant("Invalid authorization code")
        if code.grant is not None:
            code.grant.revoked = True
            raise InvalidGrant("Token invalid")
        if code.until <= self._environment.clock.now() or code.redirect_uri != redirect_uri:
            raise InvalidGrant("Token invalid")
        code.grant = self._open_grant(code)
        return code.grant

    def _open_grant(self, code: Code) -> Grant:
        if self._environment.switches["reconnect_revokes_earlier"]:
            self.disconnect(code.realm, code.client_id)
        now = self._environment.clock.now()
        hard_until = now + timedelta(seconds=HARD_SECONDS)
        grant = Grant(code.client_id, code.realm, code.scope, self._refresh_value(), now, now, hard_until)
        self.grants.append(grant)
        self._renew(grant)
        return grant

    def restore(self, client_id: str, realm: str, access: str, refresh: str) -> None:
        """As if a code had been redeemed this moment and had brought these tokens."""
        grant = self._open_grant(Code(client_id, realm, ACCOUNTING, "", self._environment.clock.now()))
        grant.refresh, grant.access = (
            refresh,
            {access: self._environment.clock.now() + timedelta(seconds=ACCESS_SECONDS)},
        )

    def refresh(self, client_id: str, token: str) -> Grant:
        grant = next((one for one in self.grants if self._still_good(one, token)), None)
        if grant is None or grant.client_id != client_id:
            raise InvalidGrant("Incorrect or invalid refresh token")
        aged = self._environment.clock.now() - grant.refresh_since >= ROTATION
        if token == grant.refresh and (aged or self._environment.switches["rotate_every_refresh"]):
            grant.previous, grant.refresh = grant.refresh, self._refresh_value()
            grant.refresh_since = self._environment.clock.now()
        self._renew(grant)
        return grant

    def _still_good(self, grant: Grant, token: str) -> bool:
        now = self._environment.clock.now()
        if grant.revoked or now >= min(grant.refresh_until, grant.hard_until):
            return False
        grace = timedelta(seconds=float(self._environment.switches["refresh_grace"]))
        return token == grant.refresh or (token == grant.previous and now < grant.refresh_since + grace)

    def _renew(self, grant: Grant) -> None:
        now = self._environment.clock.now()
        days = timedelta(days=float(self._environment.switches["refresh_days"]))
        grant.refresh_until = min(now + days, grant.hard_until)
        grant.access[f"eyJ{uuid4().hex}.{uuid4().hex}"] = now + timedelta(seconds=ACCESS_SECONDS)

    def _refresh_value(self) -> str:
        return f"RT1-{next(self._numbers)}-H0-{uuid4().hex}"

    def grant_of_access_token(self, token: str) -> Grant | None:
        now = self._environment.clock.now()
        return next(
            (one for one in self.grants if not one.revoked and one.access.get(token, now) > now), None
        )

    def is_connected(self, realm: str) -> bool:
        return any(one.realm == realm and not one.revoked for one in self.grants)

    def revoke(self, client_id: str, token: str) -> bool:
        for grant in self.grants:
            if grant.client_id == client_id and not grant.revoked and grant.holds(token):
                grant.revoked = True
                return True
        return False

    def disconnect(self, realm: str, client_id: str = "") -> int:
        """As a person disconnects the app inside QuickBooks; answers how many connections died."""
        hit = [
            one
            for one in self.grants
            if one.realm == realm and not one.revoked and client_id in {"", one.client_id}
        ]
        for grant in hit:
            grant.revoked = True
        return len(hit)


def is_loopback(uri: str) -> bool:
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"} or parts.query or parts.fragment:
        return False
    if parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
