"""Protection against a wrong company: if another QuickBooks company was authorized than the linked one, syncing stops.

A person then decides: *move* archives the old connection with its links and starts a new one; *keep* returns to the
old one.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError
from django.utils import timezone

from accounts.audit import log_action
from accounts.models import Company, User
from integrations.connections.clients import CallMeter, quickbooks_client
from integrations.connections.disconnection import (
    NotConnected,
    clear_tokens,
    delete_proposal,
    end_lost_connections,
    try_revoke,
)
from integrations.connections.resume import company_locked, release_held, resume_syncing
from integrations.connections.tokens import mark_access_lost
from integrations.errors import AccessLost, PortalError
from integrations.messages.engine import EngineMessage
from integrations.models import (
    CustomerListRead,
    FieldMapping,
    PhaseTrigger,
    QuickBooksConnection,
    RunState,
    SyncRun,
    SyncSettings,
)

State = QuickBooksConnection.State


@dataclass(frozen=True)
class CompanyMismatch:
    old: QuickBooksConnection
    proposed: QuickBooksConnection

    @property
    def links_at_risk(self) -> int:
        return self.old.links.count()


def find_company_mismatch(company: Company) -> CompanyMismatch | None:
    proposed = QuickBooksConnection.objects.filter(company=company, state=State.PROPOSED).first()
    old = QuickBooksConnection.objects.of(company)
    return CompanyMismatch(old, proposed) if proposed and old else None


def _locked_mismatch(company: Company) -> CompanyMismatch:
    """The open question of this company, with its rows locked. Raises NotConnected if it has been decided."""
    mismatch = find_company_mismatch(company)
    if mismatch is None:
        raise NotConnected(EngineMessage.MISMATCH_DECIDED_ALREADY().text)
    list(QuickBooksConnection.objects.select_for_update().filter(company=company).values_list("pk"))
    mismatch.old.refresh_from_db()
    return mismatch


def switch_company(company: Company, user: User) -> QuickBooksConnection:
    """Switch to the proposed QuickBooks company, with the same settings, mappings and triggers and without links.

    Raises NotConnected if another company of the portal uses it.
    """
    try:
        with company_locked(company):
            mismatch = _locked_mismatch(company)
            old_token = mismatch.old.refresh_token_encrypted
            archive_connection(mismatch.old)
            end_lost_connections(mismatch.proposed)
            mismatch.proposed.state = State.CONNECTED
            mismatch.proposed.save(update_fields=["state"])
            copy_settings(mismatch.old, mismatch.proposed, list(mismatch.old.triggers.all()))
            release_held(company)
            _log_decision(company, user, "move to other books", mismatch, after=mismatch.proposed)
    except IntegrityError as error:
        raise NotConnected(EngineMessage.QUICKBOOKS_COMPANY_IN_USE().text) from error
    try_revoke(old_token)
    resume_syncing(company)
    return mismatch.proposed


def keep_company(company: Company, user: User) -> QuickBooksConnection:
    """Return to the linked QuickBooks company and check at once whether its authorization still works."""
    with company_locked(company):
        mismatch = _locked_mismatch(company)
        token = delete_proposal(company)
        old = mismatch.old
        if old.state == State.AWAITING_DECISION:
            old.state = State.CONNECTED if old.refresh_token_encrypted else State.DISCONNECTED
            old.save(update_fields=["state"])
        release_held(company)
        _log_decision(company, user, "keep the books", mismatch, after=old)
    try_revoke(token)
    if old.is_connected:
        _check_access(old)
    resume_syncing(company)
    return old


def _check_access(connection: QuickBooksConnection) -> None:
    """Mark the connection as lost if QuickBooks refuses access; other errors are ignored."""
    meter = CallMeter(connection.company_id)
    try:
        quickbooks_client(connection, meter).read_company_info()
    except AccessLost as error:
        mark_access_lost(connection, error)
    except PortalError:
        return
    finally:
        meter.flush()
        connection.refresh_from_db()


def _log_decision(
    company: Company, user: User, verb: str, mismatch: CompanyMismatch, after: QuickBooksConnection
) -> None:
    log_action(
        company=company,
        user=user,
        verb=verb,
        target=f"{mismatch.links_at_risk} links of QuickBooks company {mismatch.old.realm_id}",
        before=f"{mismatch.old.company_name} ({mismatch.old.realm_id})",
        after=f"{after.company_name} ({after.realm_id})",
    )


def archive_connection(connection: QuickBooksConnection) -> None:
    """Archive a connection: its links stay readable and are never used again; its open runs are cancelled."""
    clear_tokens(connection, State.ARCHIVED)
    resting = (RunState.QUEUED, RunState.WAITING, RunState.HELD)
    now, message = timezone.now(), EngineMessage.CONNECTION_ARCHIVED()
    SyncRun.objects.filter(connection=connection, state__in=resting).update(
        state=RunState.CANCELLED,
        cause=message.cause,
        sentence=message.text,
        choices=[],
        finished_at=now,
        updated_at=now,
    )


def copy_settings(old: QuickBooksConnection, new: QuickBooksConnection, triggers: list[PhaseTrigger]) -> None:
    """Copy settings, mappings and triggers to a new connection.

    Triggers count from now and invoice syncing is off, so that earlier phase entries and invoices stay with the old
    connection.
    Ids of items and accounts are cleared, since they mean other records in another company.
    """
    settings, _ = SyncSettings.objects.get_or_create(connection=old)
    settings.pk, settings.connection = None, new
    settings.invoice_sync = False
    settings.synced_at, settings.sync_since = timezone.now(), None
    settings.fallback_item = settings.difference_item = settings.line_item = ""
    settings.deposit_accounts = {}
    settings.save(force_insert=True)
    sources = dict(old.mappings.values_list("quickbooks_field", "source")) or FieldMapping.DEFAULTS
    FieldMapping.objects.bulk_create(
        FieldMapping(connection=new, quickbooks_field=path, source=source) for path, source in sources.items()
    )
    CustomerListRead.request(new)
    now = timezone.now()
    for trigger in triggers:
        trigger.pk, trigger.connection, trigger.saved_at = None, new, now
        trigger.save(force_insert=True)
