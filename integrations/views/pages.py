from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import Company
from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page, rows_of
from integrations.models import FieldMapping, QuickBooksConnection, Reentry, SyncLogEntry, SyncSettings
from integrations.status import (
    Notice,
    calls_of,
    changes_of,
    day_of,
    month_of,
    quickbooks_webhook_address,
    warnings,
)
from integrations.views.cards import coperniq_card, quickbooks_card
from integrations.views.compared import FIELD_NAMES
from integrations.views.log import with_retries
from integrations.views.money_rows import invoice_card
from integrations.views.rendering import show
from integrations.views.trigger_rows import trigger_rows

RECENT = 10
SECTIONS = {"integrations:overview": "#quickbooks", "integrations:configuration": "#trigger"}
VENDORS = (("quickbooks", "QuickBooks"), ("coperniq", "Coperniq"))
# The words of the user's guide, which people look for on this page.
STRATEGIES = (
    ("enrich", "Enrich", "Update existing records with new information from Coperniq",
     "Fills what is empty and follows up what the portal wrote itself. What people entered in QuickBooks stays."),
    ("replace", "Replace", "Replace existing records with Coperniq data",
     "Overwrites the mapped fields. An empty Coperniq value never erases anything."),
    ("skip", "Skip", "Leave existing records unchanged",
     "Links an existing customer and changes nothing in it. Jobs are still created."),
)  # fmt: skip


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
    """Sentence, and the address of its remedy down to the section of the page."""
    return [(told.sentence, remedy_of(told)) for told in warnings(company)]


def remedy_of(told: Notice) -> str:
    if not told.remedy_url_name:
        return ""
    about_coperniq = told.key.startswith("coperniq") or told.key == "no_event"
    if told.key == "invoice_sync_off":
        return reverse(told.remedy_url_name) + "#invoices"
    section = "#coperniq" if about_coperniq else SECTIONS.get(told.remedy_url_name, "")
    return reverse(told.remedy_url_name) + section


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
    coperniq = coperniq_card(company).connection
    stored = SyncSettings.objects.filter(connection=connection).first() or SyncSettings(connection=connection)
    return {
        "coperniq": coperniq,
        "triggers": list(trigger_rows(connection, coperniq)),
        "reentries": Reentry.choices,
        "strategies": STRATEGIES,
        "settings": stored,
        "invoices": invoice_card(connection, stored),
        "mappings": mappings_of(connection),
        "sources": FieldMapping.SOURCES,
    }


def mappings_of(connection: QuickBooksConnection) -> list[tuple[str, str, str]]:
    """QuickBooks path, its name for people, and the Coperniq source."""
    chosen = dict(connection.mappings.values_list("quickbooks_field", "source"))
    return [(path, FIELD_NAMES[path], chosen.get(path, "")) for path in FieldMapping.DEFAULTS]


def recent_log(company: Company) -> list[dict[str, Any]]:
    entries = rows_of(company, SyncLogEntry.objects.select_related("run"))
    return with_retries(list(entries.order_by("-pk")[:RECENT]))


def calls(company: Company) -> list[tuple[str, dict[str, dict[str, int]]]]:
    """QuickBooks meters reads by the month, Coperniq all calls by the day."""
    return [(name, calls_of(company, vendor)) for vendor, name in VENDORS]
