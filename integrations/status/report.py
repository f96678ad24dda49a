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
from integrations.status.checklist import is_set_up, setup_steps
from integrations.status.customer_mapping import mapping_of
from integrations.status.invoices import invoice_sync_of, kept_of, of_jobs_added_by_hand, open_differences_of
from integrations.status.triggers import is_broken, workflows_by_id
from integrations.sync_schedule import schedule_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accounts.models import Company
    from integrations.models.run_querysets import SyncRunQuerySet

VENDORS = ("quickbooks", "coperniq")
NOT_CONNECTED = "not_connected"
NO_DIFFERENCES = {"invoices": 0, "cents": 0}
NOTHING_KEPT = {"invoices": 0, "payments": 0}


def status_of(company: Company, *, with_secrets: bool = True) -> dict[str, Any]:
    """Times are datetimes, ids text. The only secret is the address of Coperniq's webhooks, "" without secrets."""
    quickbooks_connection = QuickBooksConnection.objects.of(company)
    coperniq_connection = CoperniqConnection.objects.filter(company=company).first()
    return {
        "company": {"slug": company.slug, "name": company.name, "time_zone": company.time_zone},
        "quickbooks": quickbooks_of(company, quickbooks_connection),
        "coperniq": coperniq_of(coperniq_connection, with_secrets=with_secrets),
        "setup": setup_of(company),
        "invoice_sync": invoice_sync_of(quickbooks_connection),
        "invoices_of_jobs_added_by_hand": of_jobs_added_by_hand(quickbooks_connection)
        if quickbooks_connection
        else 0,
        "open_differences": open_differences_of(quickbooks_connection)
        if quickbooks_connection
        else NO_DIFFERENCES,
        "kept_in_quickbooks": kept_of(quickbooks_connection) if quickbooks_connection else NOTHING_KEPT,
        "customer_mapping": mapping_of(quickbooks_connection),
        "workflows": workflows_of(quickbooks_connection, coperniq_connection),
        "schedule": schedule_of(quickbooks_connection),
        "runs": run_counts(company),
        "unplanned_events": unplanned(company),
        "idle": is_idle(company),
        "poll": poll_of(coperniq_connection),
        "cdc": changes_of(quickbooks_connection),
        "calls": {vendor: calls_of(company, vendor) for vendor in VENDORS},
        "budget": {"coperniq_today": day_of(company), "quickbooks_month": month_of(company)},
        "warnings": [
            {"key": warning.key, "sentence": warning.sentence, "remedy": address_of(warning.remedy_url_name)}
            for warning in warnings(company)
        ],
    }


def setup_of(company: Company) -> dict[str, Any]:
    steps = setup_steps(company)
    return {"done": is_set_up(steps), "steps": [step._asdict() for step in steps]}


def address_of(url_name: str) -> str:
    return reverse(url_name) if url_name else ""


def quickbooks_of(company: Company, quickbooks_connection: QuickBooksConnection | None) -> dict[str, Any]:
    if quickbooks_connection is None:
        return {"state": NOT_CONNECTED}
    guard = find_company_mismatch(company)
    return {
        "webhook_address": quickbooks_webhook_address(),
        "state": quickbooks_connection.state,
        "reason": quickbooks_connection.state_reason,
        "realm_id": quickbooks_connection.realm_id,
        "company_name": quickbooks_connection.company_name,
        "country": quickbooks_connection.country,
        "home_currency": quickbooks_connection.home_currency,
        "connected_at": quickbooks_connection.connected_at,
        "authorization_ends_unused_at": quickbooks_connection.refresh_expires_at,
        "authorization_ends_at": quickbooks_connection.refresh_hard_expires_at,
        "links": quickbooks_connection.links.count(),
        "proposed": proposal_of(guard.proposed) if guard else None,
    }


def proposal_of(proposed: QuickBooksConnection) -> dict[str, str]:
    return {"realm_id": proposed.realm_id, "company_name": proposed.company_name}


def coperniq_of(coperniq_connection: CoperniqConnection | None, *, with_secrets: bool) -> dict[str, Any]:
    if coperniq_connection is None:
        return {"state": NOT_CONNECTED}
    return {
        "state": coperniq_connection.state,
        "guarded": coperniq_connection.awaits_decision,
        "webhook_address": webhook_address(coperniq_connection) if with_secrets else "",
        "connected_at": coperniq_connection.connected_at,
        "last_event_at": coperniq_connection.last_event_at,
        "workflows_read_at": coperniq_connection.workflows_read_at,
    }


def webhook_address(coperniq_connection: CoperniqConnection) -> str:
    """To be pasted into Coperniq's automations; "" if the token cannot be decrypted, so that the page still works."""
    try:
        path = reverse("integrations:webhook_coperniq", args=[coperniq_connection.webhook_token])
    except CredentialUnreadable:
        return ""
    return f"{settings.PORTAL_URL}{path}"


def quickbooks_webhook_address() -> str:
    """One address for all companies, because Intuit signs its requests."""
    return f"{settings.PORTAL_URL}{reverse('integrations:webhook_quickbooks')}"


def workflows_of(
    quickbooks_connection: QuickBooksConnection | None, coperniq_connection: CoperniqConnection | None
) -> list[dict[str, Any]]:
    """Coperniq's workflows, then those that only a trigger still names."""
    triggers = (
        {trigger.workflow_id: trigger for trigger in quickbooks_connection.triggers.all()}
        if quickbooks_connection
        else {}
    )
    known = workflows_by_id(coperniq_connection)
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
    """Nothing is queued, running or still to be planned. Held, waiting and scheduled runs do not count."""
    events = InboundEvent.objects.unplanned().filter(company=company)
    return not events.exists() and not current_runs(company).unfinished().exclude(is_scheduled=True).exists()


def poll_of(coperniq_connection: CoperniqConnection | None) -> dict[str, Any] | None:
    if coperniq_connection is None:
        return None
    return {
        "last_started_at": coperniq_connection.last_poll_started_at,
        "last_ended_at": coperniq_connection.last_poll_ended_at,
        "age_seconds": seconds_since(coperniq_connection.last_poll_ended_at),
        "next_at": coperniq_connection.next_poll_at,
        "failures": coperniq_connection.poll_failures,
    }
