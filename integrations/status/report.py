from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count
from django.urls import reverse

from integrations.connections.company_mismatch import find_company_mismatch
from integrations.errors import CredentialUnreadable
from integrations.models import (
    CoperniqConnection,
    InboundEvent,
    PhaseTrigger,
    QuickBooksConnection,
    RunState,
    SyncRun,
)
from integrations.status.advice import warnings
from integrations.status.calls import calls_of, day_of, month_of
from integrations.status.changes import changes_of, seconds_since
from integrations.status.invoices import invoice_sync_of, of_jobs_added_by_hand
from integrations.status.triggers import is_broken, workflows_by_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accounts.models import Company
    from integrations.models.run_querysets import SyncRunQuerySet

VENDORS = ("quickbooks", "coperniq")
NOT_CONNECTED = "not_connected"


def status_of(company: Company) -> dict[str, Any]:
    """Moments are datetimes, ids text; nothing secret but the address Coperniq's webhooks are sent to."""
    books = QuickBooksConnection.objects.of(company)
    keyed = CoperniqConnection.objects.filter(company=company).first()
    return {
        "company": {"slug": company.slug, "name": company.name, "time_zone": company.time_zone},
        "quickbooks": quickbooks_of(company, books),
        "coperniq": coperniq_of(keyed),
        "invoice_sync": invoice_sync_of(books),
        "invoices_of_jobs_added_by_hand": of_jobs_added_by_hand(books) if books else 0,
        "workflows": workflows_of(books, keyed),
        "runs": run_counts(company),
        "unplanned_events": unplanned(company),
        "idle": is_idle(company),
        "poll": poll_of(keyed),
        "cdc": changes_of(books),
        "calls": {vendor: calls_of(company, vendor) for vendor in VENDORS},
        "budget": {"coperniq_today": day_of(company), "quickbooks_month": month_of(company)},
        "warnings": [
            {"key": told.key, "sentence": told.sentence, "remedy": address_of(told.remedy_url_name)}
            for told in warnings(company)
        ],
    }


def address_of(url_name: str) -> str:
    return reverse(url_name) if url_name else ""


def quickbooks_of(company: Company, books: QuickBooksConnection | None) -> dict[str, Any]:
    if books is None:
        return {"state": NOT_CONNECTED}
    guard = find_company_mismatch(company)
    return {
        "webhook_address": quickbooks_webhook_address(),
        "state": books.state,
        "reason": books.state_reason,
        "realm_id": books.realm_id,
        "company_name": books.company_name,
        "country": books.country,
        "home_currency": books.home_currency,
        "connected_at": books.connected_at,
        "authorization_ends_unused_at": books.refresh_expires_at,
        "authorization_ends_at": books.refresh_hard_expires_at,
        "links": books.links.count(),
        "proposed": proposal_of(guard.proposed) if guard else None,
    }


def proposal_of(proposed: QuickBooksConnection) -> dict[str, str]:
    return {"realm_id": proposed.realm_id, "company_name": proposed.company_name}


def coperniq_of(keyed: CoperniqConnection | None) -> dict[str, Any]:
    if keyed is None:
        return {"state": NOT_CONNECTED}
    return {
        "state": keyed.state,
        "guarded": keyed.awaits_decision,
        "webhook_address": webhook_address(keyed),
        "connected_at": keyed.connected_at,
        "last_event_at": keyed.last_event_at,
        "workflows_read_at": keyed.workflows_read_at,
    }


def webhook_address(keyed: CoperniqConnection) -> str:
    """To be pasted into Coperniq's automations; "" while it cannot be opened, which must not take the page away."""
    try:
        path = reverse("integrations:webhook_coperniq", args=[keyed.webhook_token])
    except CredentialUnreadable:
        return ""
    return f"{settings.PORTAL_URL}{path}"


def quickbooks_webhook_address() -> str:
    """One for all companies: Intuit signs what it sends."""
    return f"{settings.PORTAL_URL}{reverse('integrations:webhook_quickbooks')}"


def workflows_of(
    books: QuickBooksConnection | None, keyed: CoperniqConnection | None
) -> list[dict[str, Any]]:
    """Coperniq's, and after them those that only a trigger still names."""
    triggers = {trigger.workflow_id: trigger for trigger in books.triggers.all()} if books else {}
    known = workflows_by_id(keyed)
    gone = {name: bare_workflow(trigger) for name, trigger in triggers.items() if name not in known}
    return [
        {**row, "trigger": trigger_of(triggers.get(name), row)} for name, row in {**known, **gone}.items()
    ]


def bare_workflow(trigger: PhaseTrigger) -> dict[str, Any]:
    return {"id": trigger.workflow_id, "name": trigger.workflow_name, "phases": []}


def trigger_of(trigger: PhaseTrigger | None, workflow: Mapping[str, Any]) -> dict[str, Any] | None:
    if trigger is None:
        return None
    return {
        "phase_id": trigger.phase_template_id,
        "phase_name": trigger.phase_name,
        "reentry": trigger.reentry,
        "preview": trigger.preview,
        "saved_at": trigger.saved_at,
        "broken": is_broken(trigger, workflow),
    }


def current_runs(company: Company) -> SyncRunQuerySet:
    """Runs of archived connections are left out."""
    runs = SyncRun.objects.filter(company=company)
    return runs.exclude(connection__state=QuickBooksConnection.State.ARCHIVED)


def run_counts(company: Company) -> dict[str, int]:
    counted = current_runs(company).order_by().values_list("state").annotate(Count("id"))
    return dict.fromkeys(RunState.values, 0) | dict(counted)


def unplanned(company: Company) -> int:
    return InboundEvent.objects.unplanned().filter(company=company).count()


def is_idle(company: Company) -> bool:
    """Nothing queued, running or still to be planned. What is held or waits is not our turn."""
    events = InboundEvent.objects.unplanned().filter(company=company)
    return not events.exists() and not current_runs(company).unfinished().exists()


def poll_of(keyed: CoperniqConnection | None) -> dict[str, Any] | None:
    if keyed is None:
        return None
    return {
        "last_started_at": keyed.last_poll_started_at,
        "last_ended_at": keyed.last_poll_ended_at,
        "age_seconds": seconds_since(keyed.last_poll_ended_at),
        "next_at": keyed.next_poll_at,
        "failures": keyed.poll_failures,
    }
