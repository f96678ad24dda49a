from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.views.decorators.http import require_safe

from accounts.models import Company
from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page, rows_of
from integrations.causes import Cause
from integrations.forms.mapping import MappingForm
from integrations.forms.presets import KEY, PRESETS, changes_of_preset
from integrations.forms.settings import ADVANCED, DEPOSITS, INVOICES, OWNERS, SettingsForm
from integrations.forms.triggers import TriggerForm
from integrations.models import (
    Action,
    FieldMapping,
    InvoiceSyncPeriod,
    LookupList,
    QuickBooksConnection,
    SyncLogEntry,
    SyncRun,
    SyncSettings,
)
from integrations.status import (
    calls_of,
    changes_of,
    day_of,
    invoices_not_linked,
    kept_of,
    month_of,
    of_jobs_added_by_hand,
    open_differences_of,
    quickbooks_webhook_address,
    standing_of,
)
from integrations.status.triggers import workflows_by_id
from integrations.sync_schedule import schedule_of
from integrations.views.advice import advice_and_steps
from integrations.views.answers import JUST_CONNECTED
from integrations.views.cards import coperniq_card, quickbooks_card
from integrations.views.log import with_retries
from integrations.views.rendering import show

RECENT = 10
VENDORS = (("quickbooks", "QuickBooks"), ("coperniq", "Coperniq"))
EARLIER_PERIODS = 10
UNFINISHED_NAMED = 10
WRITES_OF_MONEY = (Action.PUSH_INVOICE, Action.PUSH_PAYMENT, Action.PULL_INVOICE, Action.PULL_PAYMENT)


@require_safe
@company_page(Right.READ)
def overview(request: CompanyRequest) -> HttpResponseBase:
    context = {
        **advice_and_steps(request.company),
        "quickbooks": quickbooks_card(request.company),
        "coperniq": coperniq_card(request.company),
        "admins": admin_emails(request.company),
        "ask_disconnect": request.GET.get("ask") == "disconnect",
    }
    return show(request, "integrations/overview.html", context)


def admin_emails(company: Company) -> list[str]:
    return list(company.admins().order_by("user__email").values_list("user__email", flat=True))


@require_safe
@company_page(Right.READ)
def configuration(request: CompanyRequest) -> HttpResponseBase:
    company = request.company
    card = quickbooks_card(company)
    context = {
        **advice_and_steps(company),
        "quickbooks": card,
        "admins": admin_emails(company),
        "calls": calls(company),
        "day": day_of(company),
        "month": month_of(company),
        "changes": changes_of(card.connection),
        "webhook_address": quickbooks_webhook_address(),
        "log": recent_log(company),
    }
    if card.connection is not None:
        context |= rules_of(company, card.connection)
        context["just_connected"] = request.session.pop(JUST_CONNECTED, None) == card.connection.pk
        context |= presets_of(card.connection, request.GET.get(KEY, ""))
        context["ask_off"] = request.GET.get("ask") == "off"
    return show(request, "integrations/configuration.html", context)


def rules_of(company: Company, connection: QuickBooksConnection) -> dict[str, Any]:
    stored = getattr(connection, "settings", None) or SyncSettings(connection=connection)
    form = SettingsForm(instance=stored, auto_id="set-%s")
    coperniq = coperniq_card(company).connection
    workflows = workflows_by_id(coperniq)
    triggers = TriggerForm.shown(connection, workflows, workflows=workflows)
    return {
        "coperniq": coperniq,
        "standing": standing_of(connection, [form.instance for form in triggers]),
        "triggers": triggers,
        "form": form,
        "usual": [form[name] for name in INVOICES if name != "invoice_sync"],
        "deposits": [form[name] for name in DEPOSITS],
        "advanced": [form[name] for name in (*ADVANCED, *OWNERS)],
        "settings": stored,
        "schedule": schedule_of(connection),
        "invoices": invoice_card(connection, stored),
        "mappings": MappingForm.shown(connection, FieldMapping.NAMES),
        "sources": FieldMapping.SOURCES,
    }


def presets_of(connection: QuickBooksConnection, chosen: str) -> dict[str, Any]:
    """The presets, and what the chosen one would change."""
    preset = PRESETS.get(chosen)
    changes = changes_of_preset(connection, preset) if preset is not None else []
    return {"presets": PRESETS.values(), "preset": preset, "preset_changes": changes}


def invoice_card(connection: QuickBooksConnection, settings: SyncSettings) -> dict[str, Any]:
    """Without a period no invoice was ever linked, so that there is nothing to compare."""
    periods = list(
        InvoiceSyncPeriod.objects.filter(connection=connection).order_by("-id")[: EARLIER_PERIODS + 1]
    )
    current = [period for period in periods if period.off_at is None]
    lists = LookupList.objects.filter(connection=connection, name=LookupList.Name.ITEMS)
    unfinished = (
        SyncRun.objects.open()
        .filter(connection=connection, action__in=WRITES_OF_MONEY, is_kept=False)
        .order_by("id")
    )
    titles = [run.title for run in unfinished[: UNFINISHED_NAMED + 1]] if settings.invoice_sync else []
    return {
        "unfinished": titles[:UNFINISHED_NAMED],
        "unfinished_unnamed": len(titles) > UNFINISHED_NAMED,
        "by_hand": of_jobs_added_by_hand(connection),
        "by_hand_cause": Cause.JOB_ADDED_BY_HAND,
        "open_differences": open_differences_of(connection) if periods else None,
        "open_cause": Cause.OPEN_DIFFERS,
        "kept": kept_of(connection),
        "kept_cause": Cause.ONE_WAY if settings.is_one_way else Cause.KEPT_WHILE_ONE_WAY,
        "not_linked": invoices_not_linked(connection) if settings.invoice_sync else 0,
        "period": current[0] if current and settings.invoice_sync else None,
        "earlier_periods": [period for period in periods if period not in current][:EARLIER_PERIODS],
        "lists_read_at": lists.values_list("read_at", flat=True).first(),
    }


def recent_log(company: Company) -> list[dict[str, Any]]:
    entries = rows_of(company, SyncLogEntry.objects.select_related("run"))
    return with_retries(list(entries.order_by("-pk")[:RECENT]))


def calls(company: Company) -> list[tuple[str, dict[str, dict[str, int]]]]:
    """QuickBooks bills reads by the month; Coperniq limits all calls by the day."""
    return [(name, calls_of(company, vendor)) for vendor, name in VENDORS]
