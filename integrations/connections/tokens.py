"""Refreshes access tokens: claims the row, calls Intuit outside any transaction, stores conditionally.

See docs/vendors/quickbooks-online.md, 1.4.
"""

import threading
import time
from collections import defaultdict
from datetime import timedelta

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone

from integrations.errors import AccessLost, AuthorizationRevoked, Unavailable, VendorError
from integrations.messages.engine import EngineMessage
from integrations.models import CoperniqConnection, QuickBooksConnection, SyncRun
from integrations.models.connections import CoperniqConnectionQuerySet
from integrations.models.encryption import encrypt
from integrations.quickbooks import oauth

State = QuickBooksConnection.State
EARLY = timedelta(seconds=60)
CLAIM = timedelta(seconds=45)
POLL_SECONDS = 0.1
_TOKEN_COLUMNS = (
    "state",
    "token_version",
    "access_token_encrypted",
    "refresh_token_encrypted",
    "access_expires_at",
)

# Threads of one process take turns here before they compete with other processes for the row.
_locks: dict[int, threading.Lock] = defaultdict(threading.Lock)


def oauth_app() -> oauth.OAuthApp:
    return oauth.OAuthApp(
        client_id=settings.INTUIT_CLIENT_ID,
        client_secret=settings.INTUIT_CLIENT_SECRET,
        authorize_url=settings.INTUIT_AUTHORIZE_URL,
        token_url=settings.INTUIT_TOKEN_URL,
        revoke_url=settings.INTUIT_REVOKE_URL,
    )


class TokenSource:
    """Gives a client its tokens, see `access_token`; the row is read again when the last token is older than `keep`."""

    def __init__(self, connection_id: int, keep_seconds: float = 0.0) -> None:
        self._connection_id, self._keep_seconds = connection_id, keep_seconds
        self._token, self._keep_until = "", float("-inf")

    def __call__(self, rejected: str) -> str:
        with _locks[self._connection_id]:
            if rejected or time.monotonic() >= self._keep_until:
                self._keep_until = float("-inf")
                self._token = access_token(self._connection_id, rejected)
                self._keep_until = time.monotonic() + self._keep_seconds
            return self._token


def access_token(connection_id: int, rejected: str = "") -> str:
    """A valid token that differs from `rejected`, refreshed if needed.

    If another thread or process has claimed the refresh, waits for its token. Raises AccessLost if the connection has
    no access, AuthorizationRevoked if Intuit refuses the refresh, and Unavailable if the refresh takes too long.
    """
    give_up_at = time.monotonic() + CLAIM.total_seconds() + 5
    while time.monotonic() < give_up_at:
        connection = QuickBooksConnection.objects.only(*_TOKEN_COLUMNS).get(pk=connection_id)
        if not connection.is_connected:
            raise AccessLost(vendor="quickbooks", detail=connection.get_state_display())
        token = _usable_token(connection)
        if token and token != rejected:
            return token
        if connection.claim_refresh(timezone.now(), CLAIM):
            return _refresh(connection)
        time.sleep(POLL_SECONDS)
    raise Unavailable(vendor="quickbooks", detail="another worker did not finish renewing the access token")


def _usable_token(connection: QuickBooksConnection) -> str:
    """The stored access token, "" if it is about to expire."""
    expires_at = connection.access_expires_at
    return connection.access_token if expires_at and expires_at > timezone.now() + EARLY else ""


def _refresh(connection: QuickBooksConnection) -> str:
    """Refresh and store the tokens before they are used; release the claim if Intuit gave no answer."""
    try:
        tokens = oauth.refresh(oauth_app(), connection.refresh_token)
    except AuthorizationRevoked as error:
        mark_authorization_revoked(connection, error)
        raise
    except BaseException:
        _same_version(connection).update(refresh_claimed_until=timezone.now())
        raise
    _same_version(connection).update(**token_values(tokens))
    return tokens.access_token


def _same_version(connection: QuickBooksConnection) -> QuerySet[QuickBooksConnection]:
    return QuickBooksConnection.objects.filter(pk=connection.pk, token_version=connection.token_version)


def token_values(tokens: oauth.Tokens) -> dict[str, object]:
    return {
        "access_token_encrypted": encrypt(tokens.access_token),
        "refresh_token_encrypted": encrypt(tokens.refresh_token),
        "access_expires_at": tokens.access_expires_at,
        "refresh_expires_at": tokens.refresh_expires_at,
        "refresh_hard_expires_at": tokens.refresh_hard_expires_at,
        "token_version": F("token_version") + 1,
        "refresh_claimed_until": timezone.now(),
    }


def mark_authorization_revoked(connection: QuickBooksConnection, error: AuthorizationRevoked) -> None:
    """Mark the connection as lost, unless it has been authorized again since its token was sent."""
    if _same_version(connection).filter(state=State.CONNECTED).update(**_lost_values(error)):
        SyncRun.objects.filter(connection=connection).hold_for_reconnect(error.sentence)


def mark_access_lost(connection: QuickBooksConnection, error: VendorError) -> None:
    """Mark the connection as lost and hold its runs until a person connects again.

    Nothing happens if it has been connected again since the row was read.
    """
    rows = QuickBooksConnection.objects.filter(pk=connection.pk, connected_at=connection.connected_at)
    if rows.filter(state=State.CONNECTED).update(**_lost_values(error)):
        SyncRun.objects.filter(connection=connection).hold_for_reconnect(error.sentence)


def mark_key_refused(connection: CoperniqConnection, error: VendorError) -> None:
    """Mark Coperniq's key as refused and hold the company's runs."""
    rows = CoperniqConnection.objects.filter(pk=connection.pk, connected_at=connection.connected_at)
    _refuse_api_key(connection, rows, error.sentence)


def mark_invoices_lost(connection: CoperniqConnection, count: int) -> None:
    """Stop syncing because many linked invoices cannot be read any more.

    It is more likely that the key's user lost access than that they were all deleted.
    """
    rows = CoperniqConnection.objects.filter(pk=connection.pk, connected_at=connection.connected_at)
    _refuse_api_key(connection, rows, EngineMessage.LINKED_INVOICES_UNREADABLE(count=count).text)


def _refuse_api_key(connection: CoperniqConnection, rows: CoperniqConnectionQuerySet, sentence: str) -> None:
    if rows.live().update(state=CoperniqConnection.State.REFUSED, state_reason=sentence[:300]):
        SyncRun.objects.filter(company=connection.company_id).hold_for_reconnect(sentence)


def _lost_values(error: VendorError) -> dict[str, object]:
    return {
        "state": State.NEEDS_AUTHORIZATION,
        "state_reason": error.sentence[:300],
        "refresh_claimed_until": timezone.now(),
    }
