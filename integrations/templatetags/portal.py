"""What every page shows whoever made it: where to go, and whom to write to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest
from django.template.context import RequestContext
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Company
from accounts.scoping import OFFERED, companies_of
from integrations.messages.cause_titles import title_of
from integrations.models import QuickBooksConnection, SyncRun
from integrations.status import urgent_warnings
from integrations.views.advice import shown
from integrations.views.compared import FIELD_NAMES
from integrations.views.record_names import as_day
from integrations.views.rendering import dollars, thousands
from integrations.views.vendor_pages import record_page

register = template.Library()
register.filter(dollars)
register.filter(as_day)
register.filter("cause_title", title_of)
register.simple_tag(record_page)
register.filter(thousands)

COMPANIES_LISTED = 8
MOST_COUNTED = 1000
WRITTEN_RECORDS = {
    "PaymentMethod": "payment method in QuickBooks",
    "catalog_item": "catalog item in Coperniq",
    "coperniq_invoice": "invoice in Coperniq",
    "coperniq_payment": "payment in Coperniq",
}


@register.simple_tag
def support_address() -> str:
    """Not from the context, which an error page does not have."""
    return str(settings.SUPPORT_EMAIL)


@register.inclusion_tag("integrations/parts/warnings.html", takes_context=True)
def urgent_notices(context: RequestContext) -> dict[str, Any]:
    """What keeps the portal from noticing changes, on every page about a company. No query after `navigation`."""
    connection = _live_connection(context.get("request"))
    notices = urgent_warnings(connection) if connection is not None else []
    return {"advice": shown(notices)}


def _live_connection(request: HttpRequest | None) -> QuickBooksConnection | None:
    """The company's, with its Coperniq connection and the number of held runs: one query for what each page shows."""
    if request is None or not isinstance(company := getattr(request, "company", None), Company):
        return None
    if not hasattr(request, "live_connection"):
        held = SyncRun.objects.held().filter(company=OuterRef("company")).order_by().values("company")
        rows = QuickBooksConnection.objects.live().filter(company=company)
        rows = rows.select_related("company__coperniq").annotate(
            held=Subquery(held.annotate(count=Count("pk")).values("count"))
        )
        request.live_connection = rows.first()  # type: ignore[attr-defined]
    found: QuickBooksConnection | None = request.live_connection  # type: ignore[attr-defined]
    return found


@register.inclusion_tag("integrations/parts/navigation.html", takes_context=True)
def navigation(context: RequestContext) -> dict[str, Any]:
    request = context.get("request")
    user = getattr(request, "user", None)
    if request is None or user is None or not user.is_authenticated:
        return {}
    company: Company | None = getattr(request, "company", None)
    companies = list(companies_of(user).order_by("name")[: COMPANIES_LISTED + 1])
    return {
        "request": request,
        "user": user,
        "company": company,
        "others": [other for other in companies if other != company][:COMPANIES_LISTED],
        "there_are_more": len(companies) > COMPANIES_LISTED,
        "is_offered": OFFERED in request.session,
        "held": held_count(request, company) if company else 0,
        "csrf_token": context.get("csrf_token"),
    }


def held_count(request: HttpRequest, company: Company) -> str:
    connection = _live_connection(request)
    held = (
        connection.held or 0  # type: ignore[attr-defined]
        if connection is not None
        else SyncRun.objects.held().filter(company=company).count()
    )
    return "999+" if held >= MOST_COUNTED else str(held or "")


@register.simple_tag
def moment(at: datetime) -> SafeString:
    """“12 seconds ago”, with the exact time of the company's zone beside it."""
    local = timezone.localtime(at)
    exact = date_format(local, "M j, Y, g:i:s A T")
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), exact, naturaltime(at))


@register.filter
def about(count: int) -> str:
    """A forecast promises no more than its first digits."""
    return f"{count if count < 100 else round(count, 1 - len(str(count)) + 1):,}"


@register.filter
def written_record(entity: str) -> str:
    """The kind of record that a planned write is about, and where."""
    return WRITTEN_RECORDS.get(entity, f"{entity.lower()} in QuickBooks")


@register.filter
def field_name(path: str) -> str:
    """A QuickBooks field as people call it; unknown ones keep their path."""
    return FIELD_NAMES.get(path, path)
