"""The OAuth flow: sends the browser to Intuit's consent page and completes the connection on its return.

Tokens are stored only encrypted (docs/vendors/quickbooks-online.md, 1).
"""

from __future__ import annotations

import re
import secrets
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.db import IntegrityError

from accounts.models import Company, User
from integrations.connections.clients import CallMeter, quickbooks_session
from integrations.connections.ending import NotConnected, revoke_quietly
from integrations.connections.granting import ELSEWHERE, Grant, store
from integrations.connections.resuming import go_on
from integrations.connections.tokens import oauth_app
from integrations.errors import AppMisconfigured, UnexpectedShape
from integrations.models import QuickBooksConnection
from integrations.quickbooks import oauth
from integrations.quickbooks.client import QuickBooksClient

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

PENDING = "quickbooks_authorizations"
MOST_PENDING = 5
LIFETIME = timedelta(hours=1)
REALM = re.compile(r"[\w-]{1,40}", re.ASCII)

TRY_AGAIN = "Nothing was changed. Please start again with Connect under Integrations."


def begin(session: SessionBase, company: Company, user: User, redirect_uri: str) -> str:
    """Start an authorization; returns the address of the consent page.

    Its `state` is valid once, for this session, company and user, for an hour. Raises AppMisconfigured without a
    client id.
    """
    if not settings.INTUIT_CLIENT_ID:
        raise AppMisconfigured(vendor="quickbooks", detail="INTUIT_CLIENT_ID is not set")
    state = secrets.token_urlsafe(32)
    address = oauth.authorize_url(oauth_app(), redirect_uri=redirect_uri, state=state)
    asked = {"state": state, "company": company.pk, "user": user.pk, "at": time.time()}
    session[PENDING] = [*session.get(PENDING, []), asked][-MOST_PENDING:]
    return address


def claim_state(session: SessionBase, company: Company, user: User, state: str) -> None:
    """Use up the state of a callback; raises NotConnected if it is unknown, too old or of another company or user.

    The session is saved at once, so that a reload cannot exchange the code again: Intuit revokes the tokens of such a
    code.
    """
    asked = next((row for row in session.get(PENDING, []) if row["state"] == state), None)
    if asked is None:
        raise NotConnected(
            f"This answer from QuickBooks does not belong to a connection you started here. {TRY_AGAIN}"
        )
    session[PENDING] = [row for row in session[PENDING] if row is not asked]
    try:
        session.save()
    except UpdateError as error:
        raise NotConnected(f"You signed out while QuickBooks was asking you. {TRY_AGAIN}") from error
    if (asked["company"], asked["user"]) != (company.pk, user.pk):
        raise NotConnected(f"You started this for another company than the one chosen now. {TRY_AGAIN}")
    if asked["at"] + LIFETIME.total_seconds() < time.time():
        raise NotConnected(f"QuickBooks' answer came too late. {TRY_AGAIN}")


def complete(
    company: Company, user: User, *, code: str, realm_id: str, redirect_uri: str
) -> QuickBooksConnection:
    """Exchange the code and store the connection as CONNECTED, or as PROPOSED if it is another QuickBooks company.

    Raises VendorError and NotConnected; then nothing was stored. Unused tokens are not revoked, since a revocation
    may end the authorization of another company, or the one that still works here.
    """
    if not code or not REALM.fullmatch(realm_id):
        raise NotConnected(f"QuickBooks' answer is incomplete. {TRY_AGAIN}")
    grant = read_grant(company, code, realm_id, redirect_uri)
    try:
        connection, superseded = store(company, user, grant)
    except IntegrityError as error:
        raise NotConnected(ELSEWHERE) from error
    revoke_quietly(superseded)
    go_on(company)
    return connection


def read_grant(company: Company, code: str, realm_id: str, redirect_uri: str) -> Grant:
    tokens = oauth.exchange_code(oauth_app(), code=code, redirect_uri=redirect_uri)
    meter = CallMeter(company.pk)
    session = quickbooks_session(realm_id, meter)
    client = QuickBooksClient(
        api_url=settings.QUICKBOOKS_API_URL,
        realm_id=realm_id,
        access_token=lambda _rejected: tokens.access_token,
        session=session,
    )
    try:
        return Grant(realm_id, tokens, client.read_company_info(), client.read_preferences())
    except UnexpectedShape as error:
        raise NotConnected(f"QuickBooks described its company in an unknown way. {TRY_AGAIN}") from error
    finally:
        session.close()
        meter.flush()
