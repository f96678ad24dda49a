"""Customer mapping: which QuickBooks customer each Coperniq account is. Nothing is written to either vendor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.http import HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.audit import log_action
from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page, wants_json
from integrations import queue
from integrations.forms.customer_decisions import ACCEPTED_AT, Mapping, accept_all, decide
from integrations.forms.customer_mapping_import import import_mapping
from integrations.models import (
    CustomerListRead,
    CustomerMatch,
    ListedCustomer,
    MatchingStrategy,
    QuickBooksConnection,
    SyncSettings,
    Vendor,
)
from integrations.status.customer_mapping import mapping_counts, read_of
from integrations.views.answers import done, next_page, refused
from integrations.views.csv_rows import csv_answer
from integrations.views.customer_mapping_rows import COLUMNS, SUGGESTED, TABS, rows_of_tab, shown_rows
from integrations.views.filters import MappingFilter
from integrations.views.pages import admin_emails
from integrations.views.rendering import show

MAPPING = "integrations:customer_mapping"
TEMPLATE = "integrations/customer_mapping.html"
ROWS, JSON_ROWS, CSV_ROWS = 50, 1000, 500
OFFERED = 25
NOT_CONNECTED = "Connect QuickBooks first: its customers are read from there."
TAB_NAMES = dict(zip(TABS, ("Suggested", "No match found", "Mapped", "Rejected"), strict=True))
LEFT_OUT_NAMED = 5
LARGEST_FILE = 2_000_000


@require_safe
@company_page(Right.READ)
def index(request: CompanyRequest) -> HttpResponseBase:
    chosen = MappingFilter(request.GET, TABS)
    wanted = request.GET.get("format", "")
    connection = QuickBooksConnection.objects.of(request.company)
    if not chosen.is_valid():
        if wanted == "json":
            return JsonResponse({"errors": chosen.sentences()}, status=400)
        return show(request, TEMPLATE, {"filter": chosen}, status=400)
    tab, text = chosen.cleaned_data["tab"], chosen.cleaned_data["q"]
    if wanted == "csv":
        return csv_answer(request, "customer mapping", COLUMNS, _cells(request, connection, tab, text))
    if connection is None:
        return JsonResponse({"rows": [], "count": 0}) if wanted == "json" else show(request, TEMPLATE, {})
    rows = rows_of_tab(connection, tab or SUGGESTED, text)
    number = chosen.cleaned_data["page"] or 1
    page = Paginator(rows, JSON_ROWS if wanted == "json" else ROWS).get_page(number)
    if wanted == "json":
        return JsonResponse(_page_shape(connection, tab or SUGGESTED, page))
    context = _context_of(request, connection, tab or SUGGESTED) | _choosing(request, connection)
    shown = list(shown_rows(connection, page))
    return show(request, TEMPLATE, {"filter": chosen, "page": page, "rows": shown, **context})


def _page_shape(connection: QuickBooksConnection, tab: str, page: Page[Any]) -> dict[str, Any]:
    return {
        "tab": tab,
        "rows": [row.shape() for row in shown_rows(connection, page)],
        "count": page.paginator.count,
        "page": page.number,
        "pages": page.paginator.num_pages,
        "counts": mapping_counts(connection),
        "read": read_of(connection),
    }


def _cells(
    request: CompanyRequest, connection: QuickBooksConnection | None, tab: str, text: str
) -> Iterator[list[object]]:
    """The tab, or all of them, one page of rows in memory at a time."""
    if connection is None:
        return
    for each in (tab,) if tab else TABS:
        rows = rows_of_tab(connection, each, text).order_by("pk")
        last = 0
        while found := list(rows.filter(pk__gt=last)[:CSV_ROWS]):
            with timezone.override(request.company.zone):
                cells = [row.cells() for row in shown_rows(connection, found)]
            yield from cells
            last = found[-1].pk


def _context_of(request: CompanyRequest, connection: QuickBooksConnection, tab: str) -> dict[str, Any]:
    counts = mapping_counts(connection)
    settings = SyncSettings.objects.filter(connection=connection).first()
    return {
        "connection": connection,
        "tab": tab,
        "tabs": [(name, label, counts[name]) for name, label in TAB_NAMES.items()],
        "read": CustomerListRead.objects.filter(connection=connection).first(),
        "admins": admin_emails(request.company),
        "accepted_at": ACCEPTED_AT,
        "sure": CustomerMatch.objects.of(connection).suggested().filter(score__gte=ACCEPTED_AT).count(),
        "match_by": settings.get_match_by_display() if settings else "",
        "renames": settings is not None and settings.matching_strategy == MatchingStrategy.REPLACE,
    }


def _choosing(request: CompanyRequest, connection: QuickBooksConnection) -> dict[str, Any]:
    """`choose=<account id>`: the account that a person looks a customer up for, with `find=<text>`.

    Before a text is typed, customers with the first word of the account's name are shown.
    """
    wanted = request.GET.get("choose", "")
    accounts = ListedCustomer.objects.filter(connection=connection, vendor=Vendor.COPERNIQ)
    account = accounts.filter(record_id=wanted).first() if wanted else None
    if account is None:
        return {}
    first_word = account.name.partition(" ")[0]
    text = request.GET.get("find", first_word).strip()[:200]
    customers = ListedCustomer.objects.filter(connection=connection, vendor=Vendor.QUICKBOOKS, is_active=True)
    found = customers.filter(name__icontains=text).order_by("name", "pk") if text else customers.none()
    offered = list(found[: OFFERED + 1])
    return {
        "choosing": account,
        "find": text,
        "offered": offered[:OFFERED],
        "there_are_more": len(offered) > OFFERED,
    }


@require_POST
@company_page(Right.CONFIGURE)
def decide_one(request: CompanyRequest, coperniq_id: str) -> HttpResponseBase:
    """`decision` is accept, reject, choose, create or undo; `customer` the id of the QuickBooks customer it is about."""
    mapping = _mapping(request)
    if mapping is None:
        return refused(request, {"quickbooks": [NOT_CONNECTED]}, back=MAPPING)
    decision, customer_id = request.POST.get("decision", ""), request.POST.get("customer", "").strip()
    try:
        sentence = decide(mapping, decision, coperniq_id, customer_id[:80])
    except ValidationError as error:
        return refused(request, error.message_dict, title="Nothing was decided", back=MAPPING)
    return done(request, sentence, next_page(request, MAPPING))


@require_POST
@company_page(Right.CONFIGURE)
def accept_sure(request: CompanyRequest) -> HttpResponseBase:
    """`at` is the least score in per cent, 95 if it is left out."""
    mapping = _mapping(request)
    if mapping is None:
        return refused(request, {"quickbooks": [NOT_CONNECTED]}, back=MAPPING)
    text = request.POST.get("at", "") or str(ACCEPTED_AT)
    if not text.isdecimal() or not ACCEPTED_AT <= int(text) <= 100:
        return refused(request, {"at": [f"Choose a score from {ACCEPTED_AT} to 100."]}, back=MAPPING)
    try:
        result = accept_all(mapping, int(text))
    except ValidationError as error:
        return refused(request, error.message_dict, title="Nothing was accepted", back=MAPPING)
    level = messages.WARNING if result.left_out else messages.SUCCESS
    return done(
        request,
        result.sentence(LEFT_OUT_NAMED),
        next_page(request, MAPPING),
        level=level,
        accepted=result.accepted,
        left_out=dict(result.left_out),
        remaining=result.remaining,
    )


@require_POST
@company_page(Right.CONFIGURE)
def read_lists(request: CompanyRequest) -> HttpResponseBase:
    """The worker reads both sides and compares them."""
    connection = QuickBooksConnection.objects.of(request.company)
    if connection is None:
        return refused(request, {"quickbooks": [NOT_CONNECTED]}, back=MAPPING)
    CustomerListRead.request(connection)
    log_action(
        company=request.company, user=request.user, verb="read the customers", target="customer mapping"
    )
    queue.wake()
    sentence = "The customers and accounts are being read. This page shows how far it is."
    return done(request, sentence, next_page(request, MAPPING))


@require_POST
@company_page(Right.CONFIGURE)
def import_decisions(request: CompanyRequest) -> HttpResponseBase:
    """`file` is checked and shown; `text` with `confirm=yes` is carried out, all rows or none."""
    mapping = _mapping(request)
    if mapping is None:
        return refused(request, {"quickbooks": [NOT_CONNECTED]}, back=MAPPING)
    confirmed = request.POST.get("confirm") == "yes"
    try:
        text = _posted_text(request)
        found = import_mapping(mapping, text, dry_run=not confirmed)
    except ValidationError as error:
        return refused(request, error.message_dict, title="Nothing was read in", back=MAPPING)
    if wants_json(request):
        rows = [asdict(row) for row in found.rows]
        shape = {"rows": rows, "refused": found.refused, "skipped": found.skipped, "stored": found.is_stored}
        return JsonResponse({"ok": not found.refused, **shape}, status=400 if found.refused else 200)
    if found.is_stored:
        return done(request, f"{len(found.rows)} decisions were carried out.", reverse(MAPPING))
    return show(request, "integrations/mapping_import.html", {"found": found, "text": text})


def _posted_text(request: CompanyRequest) -> str:
    """Raises ValidationError if there is none, or it is not a text."""
    file = request.FILES.get("file")
    if file is None:
        text = request.POST.get("text", "")
        if not text:
            raise ValidationError({"file": "Choose a CSV file."})
        return text
    try:
        return bytes(file.read(LARGEST_FILE + 1)).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError({"file": "Save the file as “CSV UTF-8” and try again."}) from error


def _mapping(request: CompanyRequest) -> Mapping | None:
    connection = QuickBooksConnection.objects.of(request.company)
    return Mapping(request.company, connection, request.user) if connection is not None else None
