"""The OAuth flow: sends the browser to Intuit's consent page and completes the connection on its return.

Tokens are stored only encrypted (docs/vendors/quickbooks-online.md, 1).
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import Company, User
from integrations.connections.clients import CallMeter, quickbooks_session
from integrations.connections.disconnection import NotConnected, try_revoke
from integrations.connections.oauth_grant import Grant, store_grant
from integrations.connections.resume import resume_syncing
from integrations.connections.tokens import oauth_app
from integrations.errors import AppMisconfigured, UnexpectedShape
from integrations.messages.engine import EngineMessage
from integrations.models import PendingAuthorization, QuickBooksConnection
from integrations.models.connections import digest
from integrations.quickbooks import oauth
from integrations.quickbooks.client import QuickBooksClient

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

BROWSER = "quickbooks_authorization"
LIFETIME = timedelta(hours=1)
KEPT = timedelta(days=1)
"""How long an unused one is kept, so that whoever returns late reads that it is too late."""
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
    session.setdefault(BROWSER, secrets.token_urlsafe(16))
    PendingAuthorization.objects.filter(started_at__lt=timezone.now() - KEPT).delete()
    PendingAuthorization.objects.create(company=company, user=user, state_digest=_digest_of(session, state))
    return address


def _digest_of(session: SessionBase, state: str) -> str:
    return digest(f"{session.get(BROWSER, '')}:{state}")


def company_of_state(session: SessionBase, state: str) -> Company | None:
    """The company for which the authorization was begun in this session; None if the state is unknown."""
    pending = PendingAuthorization.objects.filter(state_digest=_digest_of(session, state))
    found = pending.select_related("company").first()
    return found.company if found else None


def claim_state(session: SessionBase, company: Company, user: User, state: str) -> None:
    """Use up the state of a callback; raises NotConnected if it is unknown, too old or of another company or user.

    Of several callbacks at the same time one deletes the row. The code must not be exchanged a second time: Intuit
    revokes the tokens of such a code.
    """
    pending = PendingAuthorization.objects.filter(state_digest=_digest_of(session, state)).first()
    if pending is None or not pending.delete()[0]:
        raise NotConnected(EngineMessage.AUTHORIZATION_UNKNOWN().text)
    if not session.exists(session.session_key or ""):
        raise NotConnected(EngineMessage.AUTHORIZATION_SIGNED_OUT().text)
    if (pending.company_id, pending.user_id) != (company.pk, user.pk):
        raise NotConnected(EngineMessage.AUTHORIZATION_OF_OTHER_COMPANY().text)
    if pending.started_at + LIFETIME < timezone.now():
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
