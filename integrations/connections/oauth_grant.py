"""Stores an authorization: as a new connection, as a renewal, or as a proposal that waits for a decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts.audit import log_action
from accounts.models import Company, User
from integrations.connections.disconnection import delete_proposal, end_lost_connections, refuse_realm_in_use
from integrations.connections.resume import company_locked, release_held
from integrations.connections.tokens import token_values
from integrations.models import CustomerListRead, FieldMapping, QuickBooksConnection, SyncSettings
from integrations.quickbooks import oauth
from integrations.quickbooks.records import CompanyInfo, Preferences

State = QuickBooksConnection.State


@dataclass(frozen=True)
class Grant:
    """An authorization, with the company's data as a proof that it works."""

    realm_id: str
    tokens: oauth.Tokens
    info: CompanyInfo
    preferences: Preferences


def store_grant(company: Company, user: User, grant: Grant) -> tuple[QuickBooksConnection, str]:
    """Store the connection; also returns the encrypted token of a proposal that it replaces.

    Raises NotConnected if another company of the portal uses this QuickBooks company.
    """
    with company_locked(company):
        refuse_realm_in_use(company, grant.realm_id)
        superseded = delete_proposal(company, unless_realm=grant.realm_id)
        current = QuickBooksConnection.objects.select_for_update().of(company)
        before = f"{current} ({current.get_state_display()})" if current else ""
        connection = _place_grant(company, current, grant)
        log_action(
            company=company,
            user=user,
            verb="connect",
            target=f"QuickBooks company {connection.company_name} ({grant.realm_id})",
            before=before,
            after=connection.get_state_display(),
        )
        return connection, superseded


def _place_grant(
    company: Company, current: QuickBooksConnection | None, grant: Grant
) -> QuickBooksConnection:
    if current is None:
        return _start_connection(QuickBooksConnection(company=company, realm_id=grant.realm_id), grant)
    if current.realm_id == grant.realm_id:
        return _renew_connection(current, grant)
    return _propose_connection(current, grant)


def _start_connection(connection: QuickBooksConnection, grant: Grant) -> QuickBooksConnection:
    end_lost_connections(connection)
    _fill_connection(connection, grant, State.CONNECTED)
    connection.save()
    SyncSettings.objects.create(connection=connection)
    FieldMapping.objects.bulk_create(
        FieldMapping(connection=connection, quickbooks_field=path, source=source)
        for path, source in FieldMapping.DEFAULTS.items()
    )
    CustomerListRead.request(connection)
    release_held(connection.company)
    return connection


def _renew_connection(connection: QuickBooksConnection, grant: Grant) -> QuickBooksConnection:
    """The same QuickBooks company was authorized again: syncing continues where it stopped."""
    if connection.state == State.DISCONNECTED:
        connection.connected_at, connection.disconnected_at = timezone.now(), None
    end_lost_connections(connection)
    _fill_connection(connection, grant, State.CONNECTED)
    connection.save()
    release_held(connection.company)
    return connection


def _propose_connection(current: QuickBooksConnection, grant: Grant) -> QuickBooksConnection:
    """Another QuickBooks company was authorized: syncing stops until a person decides.

    The old connection is not stopped if its QuickBooks company is connected elsewhere by now.
    """
    taken = QuickBooksConnection.objects.live().filter(realm_id=current.realm_id).exclude(pk=current.pk)
    if not taken.exists():
        current.state = State.AWAITING_DECISION
        current.save(update_fields=["state"])
    proposal = QuickBooksConnection(company=current.company, realm_id=grant.realm_id)
    _fill_connection(proposal, grant, State.PROPOSED)
    proposal.save()
    return proposal


def _fill_connection(connection: QuickBooksConnection, grant: Grant, state: State) -> None:
    """Set the fields of a connection, and a new token version, so that a refresh in progress cannot overwrite them."""
    values: dict[str, Any] = {
        **token_values(grant.tokens),
        "token_version": connection.token_version + 1,
        "state": state,
        "state_reason": "",
        "company_name": grant.info.name[:1024],
        "country": grant.info.country[:3],
        "home_currency": grant.preferences.home_currency[:3],
        "multicurrency": grant.preferences.multicurrency,
        "custom_txn_numbers": grant.preferences.custom_txn_numbers,
        "using_sales_tax": grant.preferences.using_sales_tax,
        "book_close_on": grant.preferences.book_close_on,
        "preferences_read_at": timezone.now(),
    }
    for name, value in values.items():
        setattr(connection, name, value)
