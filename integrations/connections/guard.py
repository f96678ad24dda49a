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
from integrations.connections.ending import NotConnected, drop_proposal, revoke_quietly, wipe
from integrations.connections.granting import ELSEWHERE
from integrations.connections.resuming import company_locked, go_on, release_held
from integrations.connections.tokens import mark_access_lost
from integrations.errors import AccessLost, PortalError
from integrations.models import (
    FieldMapping,
    PhaseTrigger,
    QuickBooksConnection,
    RunState,
    SyncRun,
    SyncSettings,
)

State = QuickBooksConnection.State

ARCHIVED_SENTENCE = "The company has moved to other books since. Nothing of this was written."


@dataclass(frozen=True)
class Guard:
    old: QuickBooksConnection
    proposed: QuickBooksConnection

    @property
    def links_at_risk(self) -> int:
        return self.old.links.count()


def open_guard(company: Company) -> Guard | None:
    proposed = QuickBooksConnection.objects.filter(company=company, state=State.PROPOSED).first()
    old = QuickBooksConnection.objects.of(company)
    return Guard(old, proposed) if proposed and old else None


def decided_guard(company: Company) -> Guard:
    """The open question of this company, with its rows locked. Raises NotConnected if it has been decided."""
    guard = open_guard(company)
    if guard is None:
        raise NotConnected("This has been decided already. Please look at the page again.")
    list(QuickBooksConnection.objects.select_for_update().filter(company=company).values_list("pk"))
    guard.old.refresh_from_db()
    return guard


def move(company: Company, user: User) -> QuickBooksConnection:
    """Switch to the proposed QuickBooks company, with the same settings, mappings and triggers and without links.

    Raises NotConnected if another company of the portal uses it.
    """
    try:
        with company_locked(company):
            guard = decided_guard(company)
            old_token = guard.old.refresh_token_encrypted
            seal_books(guard.old)
            guard.proposed.state = State.CONNECTED
            guard.proposed.save(update_fields=["state"])
            hand_over(guard.old, guard.proposed, list(guard.old.triggers.all()))
            release_held(company)
            record(company, user, "move to other books", guard, after=guard.proposed)
    except IntegrityError as error:
        raise NotConnected(ELSEWHERE) from error
    revoke_quietly(old_token)
    go_on(company)
    return guard.proposed


def keep(company: Company, user: User) -> QuickBooksConnection:
    """Return to the linked QuickBooks company and check at once whether its authorization still works."""
    with company_locked(company):
        guard = decided_guard(company)
        token = drop_proposal(company)
        old = guard.old
        if old.state == State.GUARDED:
            old.state = State.CONNECTED if old.refresh_token_encrypted else State.DISCONNECTED
            old.save(update_fields=["state"])
        release_held(company)
        record(company, user, "keep the books", guard, after=old)
    revoke_quietly(token)
    if old.is_connected:
        try_access(old)
    go_on(company)
    return old


def try_access(connection: QuickBooksConnection) -> None:
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


def record(company: Company, user: User, verb: str, guard: Guard, after: QuickBooksConnection) -> None:
    log_action(
        company=company,
        user=user,
        verb=verb,
        target=f"{guard.links_at_risk} links of QuickBooks company {guard.old.realm_id}",
        before=f"{guard.old.company_name} ({guard.old.realm_id})",
        after=f"{after.company_name} ({after.realm_id})",
    )


def seal_books(connection: QuickBooksConnection) -> None:
    """Archive a connection: its links stay readable and are never used again; its open runs are cancelled."""
    wipe(connection, State.ARCHIVED)
    resting = (RunState.QUEUED, RunState.WAITING, RunState.HELD)
    now = timezone.now()
    SyncRun.objects.filter(connection=connection, state__in=resting).update(
        state=RunState.CANCELLED,
        cause="books_encrypted",
        sentence=ARCHIVED_SENTENCE,
        choices=[],
        finished_at=now,
        updated_at=now,
    )


def hand_over(old: QuickBooksConnection, new: QuickBooksConnection, triggers: list[PhaseTrigger]) -> None:
    """Copy settings, mappings and triggers to a new connection.

    Triggers count from now and invoice syncing is off, so that earlier phase entries and invoices stay with the old
    connection.
    Ids of items and accounts are cleared, since they mean other records in another company.
    """
    settings, _ = SyncSettings.objects.get_or_create(connection=old)
    settings.pk, settings.connection = None, new
    settings.invoice_sync = False
    settings.fallback_item = settings.difference_item = ""
    settings.deposit_accounts = {}
    settings.save(force_insert=True)
    sources = dict(old.mappings.values_list("quickbooks_field", "source")) or FieldMapping.DEFAULTS
    FieldMapping.objects.bulk_create(
        FieldMapping(connection=new, quickbooks_field=path, source=source) for path, source in sources.items()
    )
    now = timezone.now()
    for trigger in triggers:
        trigger.pk, trigger.connection, trigger.saved_at = None, new, now
        trigger.save(force_insert=True)
