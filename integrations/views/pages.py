from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import Company
from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page, rows_of
from integrations.causes import Cause
from integrations.forms.mapping import MappingForm
from integrations.forms.settings import ADVANCED, DEPOSITS, INVOICES, OWNERS, SettingsForm
from integrations.forms.triggers import TriggerForm
from integrations.models import (
    FieldMapping,
    InvoiceSyncPeriod,
    LookupList,
    QuickBooksConnection,
    SyncLogEntry,
    SyncSettings,
)
from integrations.status import (
    Notice,
    calls_of,
    changes_of,
    day_of,
    month_of,
    of_jobs_added_by_hand,
    quickbooks_webhook_address,
    warnings,
)
from integrations.status.triggers import workflows_by_id
from integrations.views.cards import coperniq_card, quickbooks_card
from integrations.views.log import with_retries
from integrations.views.rendering import show

RECENT = 10
SECTIONS = {"integrations:overview": "#quickbooks", "integrations:configuration": "#trigger"}
VENDORS = (("quickbooks", "QuickBooks"), ("coperniq", "Coperniq"))
EARLIER_PERIODS = 10


@require_safe
@company_page(Right.READ)
def overview(request: CompanyRequest) -> HttpResponseBase:
    context = {
        "advice": advice_for(request.company),
        "quickbooks": quickbooks_card(request.company),
        "coperniq": coperniq_card(request.company),
        "admins": admin_emails(request.company),
        "ask_disconnect": request.GET.get("ask") == "disconnect",
    }
    return show(request, "integrations/overview.html", context)


def advice_for(company: Company) -> list[tuple[str, str]]:
    """Each warning's sentence and the address of its remedy, with the section of the page."""
    return [(warning.sentence, remedy_of(warning)) for warning in warnings(company)]


def remedy_of(warning: Notice) -> str:
    if not warning.remedy_url_name:
        return ""
    about_coperniq = warning.key.startswith("coperniq") or warning.key == "no_event"
    if warning.key == "invoice_sync_off":
        return reverse(warning.remedy_url_name) + "#invoices"
    section = "#coperniq" if about_coperniq else SECTIONS.get(warning.remedy_url_name, "")
    return reverse(warning.remedy_url_name) + section


def admin_emails(company: Company) -> list[str]:
    return list(company.admins().order_by("user__email").values_list("user__email", flat=True))


@require_safe
@company_page(Right.READ)
def configuration(request: CompanyRequest) -> HttpResponseBase:
    company = request.company
    card = quickbooks_card(company)
    context = {
        "advice": advice_for(company),
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
    return show(request, "integrations/configuration.html", context)


def rules_of(company: Company, connection: QuickBooksConnection) -> dict[str, Any]:
    stored = getattr(connection, "settings", None) or SyncSettings(connection=connection)
    form = SettingsForm(instance=stored, auto_id="set-%s")
    coperniq = coperniq_card(company).connection
    workflows = workflows_by_id(coperniq)
    return {
        "coperniq": coperniq,
        "triggers": TriggerForm.shown(connection, workflows, workflows=workflows),
        "form": form,
        "usual": [form[name] for name in INVOICES if name != "invoice_sync"],
        "deposits": [form[name] for name in DEPOSITS],
        "advanced": [form[name] for name in (*ADVANCED, *OWNERS)],
        "settings": stored,
        "invoices": invoice_card(connection, stored),
        "mappings": MappingForm.shown(connection, FieldMapping.NAMES),
        "sources": FieldMapping.SOURCES,
    }


def invoice_card(connection: QuickBooksConnection, settings: SyncSettings) -> dict[str, Any]:
    periods = InvoiceSyncPeriod.objects.filter(connection=connection).order_by("-id")
    lists = LookupList.objects.filter(connection=connection, name=LookupList.Name.ITEMS)
    return {
        "by_hand": of_jobs_added_by_hand(connection),
        "by_hand_cause": Cause.JOB_ADDED_BY_HAND,
        "period": periods.filter(off_at__isnull=True).first() if settings.invoice_sync else None,
        "earlier_periods": list(periods.filter(off_at__isnull=False)[:EARLIER_PERIODS]),
        "lists_read_at": lists.values_list("read_at", flat=True).first(),
    }


def recent_log(company: Company) -> list[dict[str, Any]]:
    entries = rows_of(company, SyncLogEntry.objects.select_related("run"))
    return with_retries(list(entries.order_by("-pk")[:RECENT]))


def calls(company: Company) -> list[tuple[str, dict[str, dict[str, int]]]]:
    """QuickBooks bills reads by the month; Coperniq limits all calls by the day."""
    return [(name, calls_of(company, vendor)) for vendor, name in VENDORS]
