"""Warnings of a company, each with the page where it can be fixed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils import timezone

from integrations.connections.budget import CALLS_A_DAY, calls_used, is_scarce
from integrations.connections.company_mismatch import find_company_mismatch
from integrations.models import CoperniqConnection, PhaseEntry, PhaseTrigger, QuickBooksConnection, SyncRun
from integrations.status.invoices import is_on
from integrations.status.triggers import is_broken, workflows_by_id

if TYPE_CHECKING:
    from accounts.models import Company

OVERVIEW = "integrations:overview"
CONFIGURATION = "integrations:configuration"
RUNS = "integrations:runs"
QUIET = timedelta(days=1)
ENDS_SOON = timedelta(days=14)
_QuickBooksState = QuickBooksConnection.State


class Notice(NamedTuple):
    """`remedy_url_name` names the page that helps, "" where only the operator can."""

    key: str
    sentence: str
    remedy_url_name: str


def warnings(company: Company) -> list[Notice]:
    quickbooks_connection = QuickBooksConnection.objects.of(company)
    coperniq_connection = CoperniqConnection.objects.filter(company=company).first()
    found = [*about_quickbooks(company, quickbooks_connection), *about_coperniq(coperniq_connection)]
    if quickbooks_connection is not None and quickbooks_connection.is_live:
        found += [
            *about_triggers(quickbooks_connection, coperniq_connection),
            *about_invoices(quickbooks_connection),
            *about_runs(quickbooks_connection),
            *about_operator(),
        ]
    return found


def about_quickbooks(
    company: Company, quickbooks_connection: QuickBooksConnection | None
) -> Iterator[Notice]:
    guard = find_company_mismatch(company)
    if guard is not None:
        yield Notice(
            "quickbooks_guard",
            f"Syncing has stopped: “{guard.proposed.company_name}” answered instead of "
            f"“{guard.old.company_name}”. Choose whether to switch to it or to keep the one you had.",
            OVERVIEW,
        )
    if quickbooks_connection is None or quickbooks_connection.state == _QuickBooksState.DISCONNECTED:
        yield Notice("quickbooks_not_connected", "QuickBooks is not connected, so nothing syncs.", OVERVIEW)
        return
    if quickbooks_connection.state == _QuickBooksState.NEEDS_AUTHORIZATION:
        reason = quickbooks_connection.state_reason or "QuickBooks refuses access."
        yield Notice("needs_authorization", f"{reason} Runs wait until it is re-authorized.", OVERVIEW)
    if not quickbooks_connection.in_dollars:
        yield Notice(
            "not_in_dollars",
            f"“{quickbooks_connection.company_name}” keeps its books in "
            f"{quickbooks_connection.home_currency or 'an unknown currency'}. "
            "Only companies in US dollars can be switched on.",
            OVERVIEW,
        )
    yield from about_expiry(quickbooks_connection)


def about_expiry(quickbooks_connection: QuickBooksConnection) -> Iterator[Notice]:
    ends = [
        at
        for at in (quickbooks_connection.refresh_expires_at, quickbooks_connection.refresh_hard_expires_at)
        if at is not None
    ]
    if quickbooks_connection.is_connected and ends and min(ends) < timezone.now() + ENDS_SOON:
        yield Notice(
            "authorization_ends",
            f"The authorization of QuickBooks ends on {min(ends):%B %-d, %Y}. Re-authorize it before.",
            OVERVIEW,
        )


def about_coperniq(coperniq_connection: CoperniqConnection | None) -> Iterator[Notice]:
    if coperniq_connection is None or coperniq_connection.state == CoperniqConnection.State.DISCONNECTED:
        yield Notice("coperniq_not_connected", "Coperniq is not connected, so nothing syncs.", OVERVIEW)
        return
    if coperniq_connection.awaits_decision:
        yield Notice(
            "coperniq_guard",
            "Syncing has stopped: with the new Coperniq API key nothing that is linked can be found. "
            "Choose whether to switch to that company or to keep the former key.",
            OVERVIEW,
        )
    if coperniq_connection.state == CoperniqConnection.State.REFUSED:
        refused = "Coperniq refuses the stored API key. Please enter a new one."
        yield Notice("coperniq_refused", coperniq_connection.state_reason or refused, OVERVIEW)
    elif is_quiet(coperniq_connection.last_event_at or coperniq_connection.connected_at):
        yield Notice(
            "no_event",
            "Coperniq has sent no event for a day. Check that its automations call the webhook address; "
            "until then the portal finds changes by polling, which takes longer.",
            OVERVIEW,
        )
    if is_scarce(coperniq_connection.company_id) or is_slowed(coperniq_connection):
        used = calls_used(coperniq_connection.company_id)
        yield Notice(
            "coperniq_calls",
            f"Most of the {CALLS_A_DAY:,} calls Coperniq allows a day are used ({used:,} by this "
            "portal), so it polls for missed changes less often. "
            "What Coperniq reports by webhook is synced at once.",
            OVERVIEW,
        )


def is_slowed(coperniq_connection: CoperniqConnection) -> bool:
    """The last poll slowed down: Coperniq reported few calls left, used by others with the same key."""
    usual = timedelta(seconds=settings.COPERNIQ_POLL_SECONDS)
    began, ended = coperniq_connection.last_poll_started_at, coperniq_connection.last_poll_ended_at
    if began is None or ended is None or ended < began or coperniq_connection.poll_failures:
        return False
    return coperniq_connection.next_poll_at - began > usual


def is_quiet(last_event_at: datetime) -> bool:
    return timezone.now() - last_event_at > QUIET


def about_triggers(
    quickbooks_connection: QuickBooksConnection, coperniq_connection: CoperniqConnection | None
) -> Iterator[Notice]:
    triggers = list(quickbooks_connection.triggers.order_by("workflow_name", "id"))
    if not triggers:
        yield Notice("no_trigger", "No phase starts the sync yet. Choose a trigger phase.", CONFIGURATION)
        return
    workflows = workflows_by_id(coperniq_connection)
    broken = [trigger for trigger in triggers if is_broken(trigger, workflows.get(trigger.workflow_id))]
    if broken:
        names = named(broken)
        yield Notice(
            "broken_trigger",
            f"Coperniq no longer has this phase: {names}. Choose another one.",
            CONFIGURATION,
        )
    if not entries_since_saved(quickbooks_connection).exists():
        names = named(triggers)
        yield Notice(
            "no_entry",
            f"No project has entered a trigger phase since it was saved ({names}). "
            "Only projects that enter it from then on are synced.",
            CONFIGURATION,
        )


def named(triggers: list[PhaseTrigger]) -> str:
    return ", ".join(f"“{trigger}”" for trigger in triggers)


def entries_since_saved(quickbooks_connection: QuickBooksConnection) -> models.QuerySet[PhaseEntry]:
    return PhaseEntry.objects.filter(connection=quickbooks_connection, started_at__gte=F("trigger__saved_at"))


def about_invoices(quickbooks_connection: QuickBooksConnection) -> Iterator[Notice]:
    """A company that does not use US dollars cannot be switched on and has a warning of its own."""
    if quickbooks_connection.in_dollars and not is_on(quickbooks_connection):
        yield Notice(
            "invoice_sync_off",
            "Invoice syncing is off, so invoices and payments stay where they are. Once it is switched on, those "
            "created from then on are synced.",
            CONFIGURATION,
        )


def about_runs(quickbooks_connection: QuickBooksConnection) -> Iterator[Notice]:
    held = SyncRun.objects.held().filter(connection=quickbooks_connection).count()
    if held:
        counted = "1 record needs" if held == 1 else f"{held} records need"
        yield Notice("held_runs", f"{counted} your attention: a decision or a correction.", RUNS)


def about_operator() -> Iterator[Notice]:
    if not any(settings.INTUIT_WEBHOOK_VERIFIER_TOKENS):
        yield Notice(
            "webhooks_unverified",
            "QuickBooks' notifications are refused until the operator of this portal has set their verifier token. "
            "Until then the portal finds changes in QuickBooks by polling every few minutes.",
            "",
        )
