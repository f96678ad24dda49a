"""What a company should be told without asking, each with where to mend it."""

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
Books = QuickBooksConnection.State


class Notice(NamedTuple):
    """`remedy_url_name` names the page that helps, "" where only the operator can."""

    key: str
    sentence: str
    remedy_url_name: str


def warnings(company: Company) -> list[Notice]:
    books = QuickBooksConnection.objects.of(company)
    keyed = CoperniqConnection.objects.filter(company=company).first()
    found = [*about_books(company, books), *about_coperniq(keyed)]
    if books is not None and books.is_live:
        found += [
            *about_triggers(books, keyed),
            *about_invoices(books),
            *about_runs(books),
            *about_operator(),
        ]
    return found


def about_books(company: Company, books: QuickBooksConnection | None) -> Iterator[Notice]:
    guard = find_company_mismatch(company)
    if guard is not None:
        yield Notice(
            "quickbooks_guard",
            f"Syncing has stopped: “{guard.proposed.company_name}” answered instead of "
            f"“{guard.old.company_name}”. Choose whether to move there or to keep what you had.",
            OVERVIEW,
        )
    if books is None or books.state == Books.DISCONNECTED:
        yield Notice("quickbooks_not_connected", "QuickBooks is not connected, so nothing syncs.", OVERVIEW)
        return
    if books.state == Books.NEEDS_AUTHORIZATION:
        reason = books.state_reason or "QuickBooks refuses access."
        yield Notice("needs_authorization", f"{reason} Runs wait until it is re-authorized.", OVERVIEW)
    if not books.in_dollars:
        yield Notice(
            "not_in_dollars",
            f"“{books.company_name}” keeps its books in {books.home_currency or 'an unknown currency'}. "
            "Only companies in US dollars can be switched on.",
            OVERVIEW,
        )
    yield from about_expiry(books)


def about_expiry(books: QuickBooksConnection) -> Iterator[Notice]:
    ends = [at for at in (books.refresh_expires_at, books.refresh_hard_expires_at) if at is not None]
    if books.is_connected and ends and min(ends) < timezone.now() + ENDS_SOON:
        yield Notice(
            "authorization_ends",
            f"The authorization of QuickBooks ends on {min(ends):%B %-d, %Y}. Re-authorize it before.",
            OVERVIEW,
        )


def about_coperniq(keyed: CoperniqConnection | None) -> Iterator[Notice]:
    if keyed is None or keyed.state == CoperniqConnection.State.DISCONNECTED:
        yield Notice("coperniq_not_connected", "Coperniq is not connected, so nothing syncs.", OVERVIEW)
        return
    if keyed.awaits_decision:
        yield Notice(
            "coperniq_guard",
            "Syncing has stopped: with the new Coperniq API key nothing that is linked can be found. "
            "Choose whether to move to that company or to keep the former key.",
            OVERVIEW,
        )
    if keyed.state == CoperniqConnection.State.REFUSED:
        refused = "Coperniq refuses the stored API key. Please enter a new one."
        yield Notice("coperniq_refused", keyed.state_reason or refused, OVERVIEW)
    elif is_quiet(keyed.last_event_at or keyed.connected_at):
        yield Notice(
            "no_event",
            "Coperniq has sent no event for a day. Check that its automations call the webhook address; "
            "until then changes are found by asking, which takes longer.",
            OVERVIEW,
        )
    if is_scarce(keyed.company_id) or is_slowed(keyed):
        yield Notice(
            "coperniq_calls",
            f"Most of the {CALLS_A_DAY:,} calls Coperniq allows a day are used ({calls_used(keyed.company_id):,} by "
            "this portal), so it looks for missed changes less often. What Coperniq reports itself is synced at once.",
            OVERVIEW,
        )


def is_slowed(keyed: CoperniqConnection) -> bool:
    """Coperniq said so to the last poll: what others use up with the same key is counted nowhere here."""
    usual = timedelta(seconds=settings.COPERNIQ_POLL_SECONDS)
    began, ended = keyed.last_poll_started_at, keyed.last_poll_ended_at
    if began is None or ended is None or ended < began or keyed.poll_failures:
        return False
    return keyed.next_poll_at - began > usual


def is_quiet(heard_at: datetime) -> bool:
    return timezone.now() - heard_at > QUIET


def about_triggers(books: QuickBooksConnection, keyed: CoperniqConnection | None) -> Iterator[Notice]:
    triggers = list(books.triggers.order_by("workflow_name", "id"))
    if not triggers:
        yield Notice("no_trigger", "No phase starts the sync yet. Choose a trigger phase.", CONFIGURATION)
        return
    workflows = workflows_by_id(keyed)
    broken = [trigger for trigger in triggers if is_broken(trigger, workflows.get(trigger.workflow_id))]
    if broken:
        names = named(broken)
        yield Notice(
            "broken_trigger",
            f"Coperniq no longer has this phase: {names}. Choose another one.",
            CONFIGURATION,
        )
    if not entries_since_saved(books).exists():
        names = named(triggers)
        yield Notice(
            "no_entry",
            f"No project has entered a trigger phase since it was saved ({names}). "
            "Only projects that enter it from then on are synced.",
            CONFIGURATION,
        )


def named(triggers: list[PhaseTrigger]) -> str:
    return ", ".join(f"“{trigger}”" for trigger in triggers)


def entries_since_saved(books: QuickBooksConnection) -> models.QuerySet[PhaseEntry]:
    return PhaseEntry.objects.filter(connection=books, started_at__gte=F("trigger__saved_at"))


def about_invoices(books: QuickBooksConnection) -> Iterator[Notice]:
    """Books that cannot be switched on are told why already."""
    if books.in_dollars and not is_on(books):
        yield Notice(
            "invoice_sync_off",
            "Invoice syncing is off, so invoices and payments stay where they are. Once it is switched on, those "
            "created from then on are synced.",
            CONFIGURATION,
        )


def about_runs(books: QuickBooksConnection) -> Iterator[Notice]:
    held = SyncRun.objects.held().filter(connection=books).count()
    if held:
        told = "1 record waits" if held == 1 else f"{held} records wait"
        yield Notice("held_runs", f"{told} for a decision or a correction.", RUNS)


def about_operator() -> Iterator[Notice]:
    if not any(settings.INTUIT_WEBHOOK_VERIFIER_TOKENS):
        yield Notice(
            "webhooks_unverified",
            "QuickBooks' notifications are refused until the operator of this portal has set their verifier token. "
            "Until then the portal finds what changes in QuickBooks by looking every few minutes.",
            "",
        )
