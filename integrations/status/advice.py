"""Warnings of a company, each with the page where it can be fixed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from integrations.connections.budget import CALLS_A_DAY, calls_used, is_scarce
from integrations.connections.company_mismatch import find_company_mismatch
from integrations.connections.stored_access import is_unreadable
from integrations.messages.status import Notice, StatusMessage
from integrations.models import (
    CoperniqConnection,
    CustomersOn,
    Kind,
    PhaseEntry,
    PhaseTrigger,
    QuickBooksConnection,
    RecordLink,
    SyncRun,
    SyncSettings,
)
from integrations.status.health import ENDS_SOON, QUIET_AFTER, health_of
from integrations.status.invoices import is_on
from integrations.status.triggers import has_stages, is_broken, workflows_by_id

if TYPE_CHECKING:
    from accounts.models import Company

_QuickBooksState = QuickBooksConnection.State


def warnings(company: Company) -> list[Notice]:
    quickbooks_connection = QuickBooksConnection.objects.of(company)
    coperniq_connection = CoperniqConnection.objects.filter(company=company).first()
    found = [*about_quickbooks(company, quickbooks_connection), *about_coperniq(coperniq_connection)]
    if is_unreadable(quickbooks_connection) or is_unreadable(coperniq_connection):
        found.append(StatusMessage.CREDENTIALS_UNREADABLE())
    if quickbooks_connection is not None and quickbooks_connection.is_live:
        found += [
            *health_of(quickbooks_connection, coperniq_connection).notices(),
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
        yield StatusMessage.QUICKBOOKS_GUARD(proposed=guard.proposed.company_name, old=guard.old.company_name)
    if quickbooks_connection is None or quickbooks_connection.state == _QuickBooksState.DISCONNECTED:
        yield StatusMessage.QUICKBOOKS_NOT_CONNECTED()
        return
    yield from _about_lost_access(quickbooks_connection)
    if not quickbooks_connection.in_dollars:
        yield StatusMessage.NOT_IN_DOLLARS(
            name=quickbooks_connection.company_name,
            currency=quickbooks_connection.home_currency or "an unknown currency",
        )
    yield from about_expiry(quickbooks_connection)
    yield from _about_looks_at_quickbooks(quickbooks_connection)


def _about_lost_access(quickbooks_connection: QuickBooksConnection) -> Iterator[Notice]:
    if quickbooks_connection.state == _QuickBooksState.NEEDS_AUTHORIZATION:
        reason = quickbooks_connection.state_reason or "QuickBooks refuses access."
        yield StatusMessage.NEEDS_AUTHORIZATION(reason=reason)


def _about_looks_at_quickbooks(quickbooks_connection: QuickBooksConnection) -> Iterator[Notice]:
    if not quickbooks_connection.is_connected:
        return
    zone = quickbooks_connection.company.zone
    if quickbooks_connection.changes_failures:
        yield StatusMessage.CHANGES_FAIL(
            failures=_times(quickbooks_connection.changes_failures),
            since=(quickbooks_connection.captured_at or quickbooks_connection.connected_at).astimezone(zone),
            reason=quickbooks_connection.changes_failing_because,
        )
    for row in quickbooks_connection.unlistable:
        yield StatusMessage.UNLISTABLE(
            since=datetime.fromisoformat(row["since"]).astimezone(zone),
            record=_record_of(row),
            reason=_as_sentence(row["reason"]),
        )


def _record_of(row: Mapping[str, str]) -> str:
    kind = row["entity"].lower()
    name = f" “{row['name']}”" if row["name"] else ""
    return f"{kind}{name} (id {row['id']})" if row["id"] else f"some {kind}"


def _as_sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def about_expiry(quickbooks_connection: QuickBooksConnection) -> Iterator[Notice]:
    ends = [
        at
        for at in (quickbooks_connection.refresh_expires_at, quickbooks_connection.refresh_hard_expires_at)
        if at is not None
    ]
    if quickbooks_connection.is_connected and ends and min(ends) < timezone.now() + ENDS_SOON:
        yield StatusMessage.AUTHORIZATION_ENDS(day=min(ends).astimezone(quickbooks_connection.company.zone))


def about_coperniq(coperniq_connection: CoperniqConnection | None) -> Iterator[Notice]:
    if coperniq_connection is None or coperniq_connection.state == CoperniqConnection.State.DISCONNECTED:
        yield StatusMessage.COPERNIQ_NOT_CONNECTED()
        return
    if coperniq_connection.awaits_decision:
        yield StatusMessage.COPERNIQ_GUARD()
    heard_at = coperniq_connection.last_event_at or coperniq_connection.connected_at
    if coperniq_connection.state != CoperniqConnection.State.REFUSED and is_quiet(heard_at):
        yield StatusMessage.NO_EVENT()
    yield from _about_looks_at_coperniq(coperniq_connection)
    if is_scarce(coperniq_connection.company_id) or is_slowed(coperniq_connection):
        yield StatusMessage.COPERNIQ_CALLS(
            allowed=CALLS_A_DAY, used=calls_used(coperniq_connection.company_id)
        )


def _about_looks_at_coperniq(coperniq_connection: CoperniqConnection) -> Iterator[Notice]:
    if coperniq_connection.state == CoperniqConnection.State.REFUSED:
        refused = "Coperniq refuses the stored API key. Please enter a new one."
        yield StatusMessage.COPERNIQ_REFUSED(reason=coperniq_connection.state_reason or refused)
    if coperniq_connection.state == CoperniqConnection.State.CONNECTED and coperniq_connection.poll_failures:
        since = coperniq_connection.poll_failing_since or coperniq_connection.connected_at
        yield StatusMessage.POLLS_FAIL(
            failures=_times(coperniq_connection.poll_failures),
            since=since.astimezone(coperniq_connection.company.zone),
            reason=coperniq_connection.poll_failing_because,
        )


def urgent_warnings(quickbooks_connection: QuickBooksConnection) -> list[Notice]:
    """Those of a live connection that every page shows: why changes are not noticed, or soon will not be."""
    coperniq_connection = getattr(quickbooks_connection.company, "coperniq", None)
    return [
        *health_of(quickbooks_connection, coperniq_connection).notices(),
        *_about_lost_access(quickbooks_connection),
        *about_expiry(quickbooks_connection),
        *_about_looks_at_quickbooks(quickbooks_connection),
        *(_about_looks_at_coperniq(coperniq_connection) if coperniq_connection else ()),
    ]


def _times(count: int) -> str:
    return "1 try" if count == 1 else f"{count} tries"


def is_slowed(coperniq_connection: CoperniqConnection) -> bool:
    """The last poll slowed down: Coperniq reported few calls left, used by others with the same key."""
    usual = timedelta(seconds=settings.COPERNIQ_POLL_SECONDS)
    began, ended = coperniq_connection.last_poll_started_at, coperniq_connection.last_poll_ended_at
    if began is None or ended is None or ended < began or coperniq_connection.poll_failures:
        return False
    return coperniq_connection.next_poll_at - began > usual


def is_quiet(last_event_at: datetime) -> bool:
    return timezone.now() - last_event_at > QUIET_AFTER


def about_triggers(
    quickbooks_connection: QuickBooksConnection, coperniq_connection: CoperniqConnection | None
) -> Iterator[Notice]:
    triggers = list(quickbooks_connection.triggers.order_by("workflow_name", "id"))
    if not triggers and not needs_no_phase(quickbooks_connection):
        yield StatusMessage.NO_TRIGGER()
    if not triggers:
        return
    workflows = workflows_by_id(coperniq_connection)
    broken = [trigger for trigger in triggers if is_broken(trigger, workflows.get(trigger.workflow_id))]
    staged = [trigger for trigger in broken if has_stages(workflows.get(trigger.workflow_id))]
    gone = [trigger for trigger in broken if trigger not in staged]
    if gone:
        yield StatusMessage.BROKEN_TRIGGER(names=named(gone))
    if staged:
        yield StatusMessage.STAGE_TRIGGER(names=named(staged))
    if not needs_no_phase(quickbooks_connection) and not has_synced_since_saved(
        quickbooks_connection, triggers
    ):
        yield StatusMessage.NO_ENTRY(names=named(triggers))


def needs_no_phase(quickbooks_connection: QuickBooksConnection) -> bool:
    """Whether customers come with their invoices."""
    settings = SyncSettings.objects.filter(connection=quickbooks_connection)
    return settings.filter(customers_on=CustomersOn.INVOICE).exists()


def named(triggers: list[PhaseTrigger]) -> str:
    return ", ".join(f"“{trigger}”" for trigger in triggers)


def has_synced_since_saved(quickbooks_connection: QuickBooksConnection, triggers: list[PhaseTrigger]) -> bool:
    """A project has entered a trigger phase since it was saved, or one that was in it before was sent by a person."""
    saved_at = min(trigger.saved_at for trigger in triggers)
    entries = PhaseEntry.objects.filter(connection=quickbooks_connection)
    jobs = RecordLink.objects.of(quickbooks_connection, Kind.JOB)
    return (
        entries.filter(started_at__gte=F("trigger__saved_at")).exists()
        or jobs.filter(linked_at__gte=saved_at).exists()
    )


def about_invoices(quickbooks_connection: QuickBooksConnection) -> Iterator[Notice]:
    """A company that does not use US dollars cannot be switched on and has a warning of its own."""
    if quickbooks_connection.in_dollars and not is_on(quickbooks_connection):
        yield StatusMessage.INVOICE_SYNC_OFF()


def about_runs(quickbooks_connection: QuickBooksConnection) -> Iterator[Notice]:
    held = SyncRun.objects.held().filter(connection=quickbooks_connection).count()
    if held:
        counted = "1 record needs" if held == 1 else f"{held} records need"
        yield StatusMessage.HELD_RUNS(records=counted)


def about_operator() -> Iterator[Notice]:
    if not any(settings.INTUIT_WEBHOOK_VERIFIER_TOKENS):
        yield StatusMessage.WEBHOOKS_UNVERIFIED()
