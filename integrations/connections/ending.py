"""The end of an authorization: nothing of it is kept here, and Intuit is told."""

from __future__ import annotations

from django.utils import timezone

from accounts.acts import record_act
from accounts.models import Company, User
from integrations.connections.resuming import company_locked
from integrations.connections.tokens import oauth_app
from integrations.errors import CredentialUnreadable, PortalError, Remedy, VendorError
from integrations.models import QuickBooksConnection
from integrations.models.secrets import unseal
from integrations.quickbooks import oauth

State = QuickBooksConnection.State


class NotConnected(PortalError):
    """An authorization that came to nothing, and nothing was stored."""

    remedy = Remedy.RECONNECT
    cause = "not_connected"


def disconnect(company: Company, user: User) -> tuple[QuickBooksConnection, bool]:
    """Stop first, then tell Intuit; the flag says whether Intuit heard. Runs, links, log and settings stay."""
    with company_locked(company):
        connection = QuickBooksConnection.objects.select_for_update().of(company)
        if connection is None or not connection.is_live:
            raise NotConnected("QuickBooks is not connected, so there is nothing to disconnect.")
        proposed = drop_proposal(company)
        before, token = connection.get_state_display(), connection.refresh_token_sealed
        wipe(connection, State.DISCONNECTED)
        record_act(
            company=company,
            user=user,
            verb="disconnect",
            target=f"QuickBooks company {connection.company_name} ({connection.realm_id})",
            before=before,
            after=connection.get_state_display(),
        )
    heard = [revoke_quietly(sealed) for sealed in (token, proposed)]
    return connection, all(heard)


def wipe(connection: QuickBooksConnection, state: State) -> None:
    """No access is kept. The version rises, so that no renewal under way brings tokens back."""
    connection.state, connection.state_reason = state, ""
    connection.access_token_sealed = connection.refresh_token_sealed = ""
    connection.access_expires_at = None
    connection.refresh_expires_at = connection.refresh_hard_expires_at = None
    connection.token_version += 1
    connection.disconnected_at = timezone.now()
    connection.save()


def drop_proposal(company: Company, unless_realm: str = "") -> str:
    """The sealed token to revoke. A second consent for the proposed books has renewed that very grant."""
    proposal = QuickBooksConnection.objects.filter(company=company, state=State.PROPOSED).first()
    if proposal is None:
        return ""
    proposal.delete()
    live = QuickBooksConnection.objects.live().filter(realm_id=proposal.realm_id)
    if proposal.realm_id == unless_realm or live.exists():
        return ""
    return proposal.refresh_token_sealed


def revoke_quietly(sealed_token: str) -> bool:
    """False when Intuit could not be told: here the token is gone all the same."""
    if not sealed_token:
        return True
    try:
        oauth.revoke(oauth_app(), unseal(sealed_token))
    except (VendorError, CredentialUnreadable):
        return False
    return True
