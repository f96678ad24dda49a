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
from integrations.connections.disconnection import NotConnected, try_revoke
from integrations.connections.oauth_grant import Grant, store_grant
from integrations.connections.resume import resume_syncing
from integrations.connections.tokens import oauth_app
from integrations.errors import AppMisconfigured, UnexpectedShape
from integrations.messages.engine import EngineMessage
from integrations.models import QuickBooksConnection
from integrations.quickbooks import oauth
from integrations.quickbooks.client import QuickBooksClient

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

PENDING = "quickbooks_authorizations"
MOST_PENDING = 5
LIFETIME = timedelta(hours=1)
REALM = re.compile(r"[\w-]{1,40}", re.ASCII)


def begin_authorization(session: SessionBase, company: Company, user: User, redirect_uri: str) -> str:
    """Start an authorization; returns the address of the consent page.

    Its `state` is valid once, for this session, company and user, for an hour. Raises AppMisconfigured without a
    client id.
    """
    if not settings.INTUIT_CLIENT_ID:
        raise AppMisconfigured(vendor="quickbooks", detail="INTUIT_CLIENT_ID is not set")
    state = secrets.token_urlsafe(32)
    address = oauth.authorize_url(oauth_app(), redirect_uri=redirect_uri, state=state)
    pending = {"state": state, "company": company.pk, "user": user.pk, "at": time.time()}
    session[PENDING] = [*session.get(PENDING, []), pending][-MOST_PENDING:]
    return address


def claim_state(session: SessionBase, company: Company, user: User, state: str) -> None:
    """Use up the state of a callback; raises NotConnected if it is unknown, too old or of another company or user.

    The session is saved at once, so that a reload cannot exchange the code again: Intuit revokes the tokens of such a
    code.
    """
    pending = next((row for row in session.get(PENDING, []) if row["state"] == state), None)
    if pending is None:
        raise NotConnected(EngineMessage.AUTHORIZATION_UNKNOWN().text)
    session[PENDING] = [row for row in session[PENDING] if row is not pending]
    try:
        session.save()
    except UpdateError as error:
        raise NotConnected(EngineMessage.AUTHORIZATION_SIGNED_OUT().text) from error
    if (pending["company"], pending["user"]) != (company.pk, user.pk):
        raise NotConnected(EngineMessage.AUTHORIZATION_OF_OTHER_COMPANY().text)
    if pending["at"] + LIFETIME.total_seconds() < time.time():
        raise NotConnected(EngineMessage.AUTHORIZATION_EXPIRED().text)


def complete_authorization(
    company: Company, user: User, *, code: str, realm_id: str, redirect_uri: str
) -> QuickBooksConnection:
    """Exchange the code and store the connection as CONNECTED, or as PROPOSED if it is another QuickBooks company.

    Raises VendorError and NotConnected; then nothing was stored. Unused tokens are not revoked, since a revocation
    may end the authorization of another company, or the one that still works here.
    """
    if not code or not REALM.fullmatch(realm_id):
        raise NotConnected(EngineMessage.AUTHORIZATION_INCOMPLETE().text)
    grant = _read_grant(company, code, realm_id, redirect_uri)
    try:
        connection, superseded = store_grant(company, user, grant)
    except IntegrityError as error:
        raise NotConnected(EngineMessage.QUICKBOOKS_COMPANY_IN_USE().text) from error
    try_revoke(superseded)
    resume_syncing(company)
    return connection


def _read_grant(company: Company, code: str, realm_id: str, redirect_uri: str) -> Grant:
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
        raise NotConnected(EngineMessage.COMPANY_UNREADABLE().text) from error
    finally:
        session.close()
        meter.flush()
