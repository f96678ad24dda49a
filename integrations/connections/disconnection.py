"""Ends an authorization: deletes the stored tokens and revokes them at Intuit.

See docs/vendors/quickbooks-online.md, 1.5.
"""

from __future__ import annotations

from django.utils import timezone

from accounts.audit import log_action
from accounts.models import Company, User
from integrations.causes import Cause
from integrations.connections.resume import company_locked
from integrations.connections.tokens import oauth_app
from integrations.errors import CredentialUnreadable, PortalError, Remedy, VendorError
from integrations.messages.engine import EngineMessage
from integrations.models import QuickBooksConnection
from integrations.models.connections import QuickBooksConnectionQuerySet
from integrations.models.encryption import decrypt
from integrations.quickbooks import oauth

State = QuickBooksConnection.State


class NotConnected(PortalError):
    """The authorization failed, and nothing was stored."""

    remedy = Remedy.RECONNECT
    cause = Cause.NOT_CONNECTED


def disconnect(company: Company, user: User) -> tuple[QuickBooksConnection, bool]:
    """Delete the tokens, then revoke them at Intuit; the flag is False if Intuit could not be reached.

    Runs, links, log and settings stay. Raises NotConnected if there is no live connection.
    """
    with company_locked(company):
        connection = QuickBooksConnection.objects.select_for_update().of(company)
        if connection is None or not connection.is_live:
            raise NotConnected(EngineMessage.NOTHING_TO_DISCONNECT().text)
        proposed = delete_proposal(company)
        before, token = connection.get_state_display(), connection.refresh_token_encrypted
        clear_tokens(connection, State.DISCONNECTED)
        log_action(
            company=company,
            user=user,
            verb="disconnect",
            target=f"QuickBooks company {connection.company_name} ({connection.realm_id})",
            before=before,
            after=connection.get_state_display(),
        )
    revoked = [try_revoke(encrypted) for encrypted in (token, proposed)]
    return connection, all(revoked)


def clear_tokens(connection: QuickBooksConnection, state: State) -> None:
    """Delete all tokens. The token version is increased, so that a refresh in progress cannot store new ones."""
    connection.state, connection.state_reason = state, ""
    connection.access_token_encrypted = connection.refresh_token_encrypted = ""
    connection.access_expires_at = None
    connection.refresh_expires_at = connection.refresh_hard_expires_at = None
    connection.token_version += 1
    connection.disconnected_at = timezone.now()
    connection.save()


def refuse_realm_in_use(company: Company, realm_id: str) -> None:
    """Raise NotConnected if another company of the portal has access to this QuickBooks company."""
    if any(not _is_lost(other) for other in _live_elsewhere(company, realm_id)):
        raise NotConnected(EngineMessage.QUICKBOOKS_COMPANY_IN_USE().text)


def end_lost_connections(connection: QuickBooksConnection) -> None:
    """What QuickBooks has ended for another company gives way to what it has just granted to this one.

    The other connection is disconnected and keeps its links. Raises NotConnected if QuickBooks has not ended it.
    """
    refuse_realm_in_use(connection.company, connection.realm_id)
    for other in _live_elsewhere(connection.company, connection.realm_id).select_for_update():
        before = other.get_state_display()
        clear_tokens(other, State.DISCONNECTED)
        other.state_reason = EngineMessage.QUICKBOOKS_CONNECTED_ELSEWHERE().text
        other.save(update_fields=["state_reason"])
        log_action(
            company=other.company,
            user=None,
            verb="disconnect",
            target=f"QuickBooks company {other.company_name} ({other.realm_id})",
            before=before,
            after=other.get_state_display(),
        )


def _live_elsewhere(company: Company, realm_id: str) -> QuickBooksConnectionQuerySet:
    return QuickBooksConnection.objects.live().filter(realm_id=realm_id).exclude(company=company)


def _is_lost(connection: QuickBooksConnection) -> bool:
    """While a connection waits for a decision, its reason or the lack of tokens tells that it had no access before."""
    if connection.state == State.AWAITING_DECISION:
        return bool(connection.state_reason) or not connection.refresh_token_encrypted
    return connection.state == State.NEEDS_AUTHORIZATION


def delete_proposal(company: Company, unless_realm: str = "") -> str:
    """Delete the proposed connection; returns its encrypted token if it should be revoked, else "".

    It is not revoked if the same QuickBooks company has been authorized again or is connected elsewhere.
    """
    proposal = QuickBooksConnection.objects.filter(company=company, state=State.PROPOSED).first()
    if proposal is None:
        return ""
    proposal.delete()
    live = QuickBooksConnection.objects.live().filter(realm_id=proposal.realm_id)
    if proposal.realm_id == unless_realm or live.exists():
        return ""
    return proposal.refresh_token_encrypted


def try_revoke(encrypted_token: str) -> bool:
    """Revoke an encrypted token; False if that failed. The caller has deleted the token in either case."""
    if not encrypted_token:
        return True
    try:
        oauth.revoke(oauth_app(), decrypt(encrypted_token))
    except (VendorError, CredentialUnreadable):
        return False
    return True
