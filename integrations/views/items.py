"""Which Coperniq catalog item is which QuickBooks item, and where a person says otherwise."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_POST, require_safe

from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page
from integrations.errors import PortalError
from integrations.forms.fields import ItemChoice
from integrations.forms.item_overrides import override_item
from integrations.forms.refresh import message_now, read_lists
from integrations.models import LookupList, QuickBooksConnection, SyncSettings
from integrations.views.answers import done, next_page, refused
from integrations.views.filters import ItemFilter
from integrations.views.item_rows import ItemRow, catalog, item_rows, unmatched_sentence
from integrations.views.pages import admin_emails
from integrations.views.rendering import show

ITEMS = "integrations:items"
ROWS, JSON_ROWS = 50, 1000
NOT_CONNECTED = "Connect QuickBooks first: its items are read from there."


@require_safe
@company_page(Right.READ)
def index(request: CompanyRequest) -> HttpResponseBase:
    chosen = ItemFilter(request.GET)
    as_json = request.GET.get("format") == "json"
    connection = QuickBooksConnection.objects.of(request.company)
    if not chosen.is_valid():
        if as_json:
            return JsonResponse({"errors": chosen.sentences()}, status=400)
        return show(request, "integrations/items.html", {"filter": chosen}, status=400)
    rows = narrowed(list(item_rows(connection)) if connection else [], chosen)
    page = Paginator(rows, JSON_ROWS if as_json else ROWS).get_page(chosen.cleaned_data["page"] or 1)
    if as_json:
        return JsonResponse(page_shape(page))
    context = context_of(connection) | choosing(request, connection) if connection else {}
    return show(request, "integrations/items.html", {"filter": chosen, "page": page, **context})


def narrowed(rows: list[ItemRow], chosen: ItemFilter) -> list[ItemRow]:
    wanted, unmatched = chosen.cleaned_data["q"], chosen.cleaned_data["unmatched"]
    return [row for row in rows if not (unmatched and row.is_matched) and (not wanted or row.says(wanted))]


def page_shape(page: Page[ItemRow]) -> dict[str, Any]:
    paginator = page.paginator
    found = [row.shape() for row in page.object_list]
    return {"items": found, "count": paginator.count, "page": page.number, "pages": paginator.num_pages}


def context_of(connection: QuickBooksConnection) -> dict[str, Any]:
    stored = SyncSettings.objects.filter(connection=connection).first()
    lists = LookupList.objects.filter(connection=connection, name=LookupList.Name.CATALOG)
    return {
        "connection": connection,
        "admins": admin_emails(connection.company),
        "unmatched": unmatched_sentence(connection, stored or SyncSettings(connection=connection)),
        "read_at": lists.values_list("read_at", flat=True).first(),
    }


def choosing(request: CompanyRequest, connection: QuickBooksConnection) -> dict[str, Any]:
    """`choose=<catalog id>`: the row a person is about to match, and what with."""
    wanted = request.GET.get("choose", "")
    if not wanted:
        return {}
    row = next((row for row in item_rows(connection) if row.catalog_id == wanted), None)
    return {"choosing": row, "offered": ItemChoice.rows(connection)} if row else {}


@require_POST
@company_page(Right.CONFIGURE)
def match(request: CompanyRequest, catalog_id: str) -> HttpResponseBase:
    """`item` is the id of a QuickBooks item, or empty for automatic matching."""
    connection = QuickBooksConnection.objects.of(request.company)
    known = catalog(connection) if connection else []
    row = next((row for row in known if row["id"] == catalog_id), None)
    if connection is None or row is None:
        raise Http404
    if "item" not in request.POST:
        return refused(request, {"item": ["Choose a QuickBooks item."]}, back=ITEMS)
    item_id = request.POST["item"].strip()
    try:
        changed = override_item(request.company, request.user, connection, row, item_id)
    except ValidationError as error:
        return refused(request, error.message_dict, title="Nothing was matched", back=ITEMS)
    sentence = (
        f"“{row['name']}” is matched by your choice."
        if item_id
        else f"“{row['name']}” is matched automatically."
    )
    return done(request, sentence if changed else "Nothing was different.", next_page(request, ITEMS))


@require_POST
@company_page(Right.CONFIGURE)
def refresh(request: CompanyRequest) -> HttpResponseBase:
    connection = QuickBooksConnection.objects.of(request.company)
    if connection is None:
        return refused(request, {"quickbooks": [NOT_CONNECTED]}, back=ITEMS)
    try:
        read_lists(connection)
    except PortalError as error:
        return refused(request, {"lists": [message_now(error)]}, title="The lists were not read", back=ITEMS)
    sentence = "Items and accounts were read from QuickBooks, and the catalog from Coperniq."
    return done(request, sentence, next_page(request, ITEMS))
