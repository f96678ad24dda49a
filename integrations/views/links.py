from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page
from integrations.models import Kind, QuickBooksConnection, RecordLink
from integrations.views.csv_rows import csv_answer, in_steps
from integrations.views.filters import LinkFilter
from integrations.views.keyset import page_of
from integrations.views.rendering import show
from integrations.views.vendor_pages import quickbooks_page

ROWS, JSON_ROWS = 50, 1000
PLURALS = {
    Kind.CUSTOMER: "customers",
    Kind.JOB: "jobs",
    Kind.INVOICE: "invoices",
    Kind.PAYMENT: "payments",
    Kind.ITEM: "items",
}
COLUMNS = (
    "kind", "coperniq_id", "quickbooks_id", "coperniq_name", "quickbooks_name", "number", "amount_cents",
    "rule", "linked_at", "synced_at",
)  # fmt: skip
# A payment belongs to an invoice on either side.
PAYMENT_COLUMNS = (*COLUMNS, "invoice_number", "coperniq_invoice_id", "quickbooks_invoice_id")


@require_safe
@company_page(Right.READ)
def index(request: CompanyRequest, kind: str) -> HttpResponseBase:
    if kind not in Kind.values:
        raise Http404
    chosen = LinkFilter(request.GET)
    wanted = request.GET.get("format", "")
    if not chosen.is_valid():
        if wanted == "json":
            return JsonResponse({"errors": chosen.sentences()}, status=400)
        return show(request, "integrations/links.html", {"filter": chosen, **tabs(kind)}, status=400)
    rows = chosen.narrow(links_of(request, kind))
    answers = {"json": as_json, "csv": as_csv}
    return answers.get(wanted, as_page)(request, Kind(kind), chosen, rows)


def links_of(request: CompanyRequest, kind: str) -> QuerySet[RecordLink]:
    """Of the QuickBooks company that is, or was last, connected. Links of archived connections are left out."""
    connection = QuickBooksConnection.objects.of(request.company)
    if connection is None:
        return RecordLink.objects.none()
    links = RecordLink.objects.of(connection, kind).defer(
        "coperniq_snapshot", "quickbooks_snapshot", "sync_state"
    )
    return links.annotate(invoice_number=number_of_invoice()) if kind == Kind.PAYMENT else links


def number_of_invoice() -> Subquery:
    invoices = RecordLink.objects.filter(
        connection=OuterRef("connection"), kind=Kind.INVOICE, coperniq_id=OuterRef("coperniq_parent_id")
    )
    return Subquery(invoices.values("number")[:1])


def as_json(
    request: CompanyRequest, kind: Kind, chosen: LinkFilter, rows: QuerySet[RecordLink]
) -> HttpResponseBase:
    page = page_of(rows, JSON_ROWS, chosen.cleaned_data["before"], chosen.cleaned_data["after"])
    found = [link_shape(link) for link in page.rows]
    return JsonResponse({"links": found, "older": page.older, "newer": page.newer})


def as_csv(
    request: CompanyRequest, kind: Kind, chosen: LinkFilter, rows: QuerySet[RecordLink]
) -> HttpResponseBase:
    columns = PAYMENT_COLUMNS if kind == Kind.PAYMENT else COLUMNS
    return csv_answer(request, f"linked {PLURALS[kind]}", columns, csv_rows(request, rows, columns))


def csv_rows(
    request: CompanyRequest, rows: QuerySet[RecordLink], columns: Sequence[str]
) -> Iterator[list[object]]:
    zone = request.company.zone
    for link in in_steps(rows):
        values = link_shape(link)
        values["linked_at"] = link.linked_at.astimezone(zone).isoformat(timespec="seconds")
        values["synced_at"] = link.synced_at.astimezone(zone).isoformat(timespec="seconds")
        yield [values[name] for name in columns]


def as_page(
    request: CompanyRequest, kind: Kind, chosen: LinkFilter, rows: QuerySet[RecordLink]
) -> HttpResponseBase:
    page = page_of(rows, ROWS, chosen.cleaned_data["before"], chosen.cleaned_data["after"])
    shown = [(link, quickbooks_page(link.kind, link.quickbooks_id)) for link in page.rows]
    return show(
        request, "integrations/links.html", {"filter": chosen, "page": page, "rows": shown, **tabs(kind)}
    )


def tabs(kind: str) -> dict[str, Any]:
    return {"kind": kind, "noun": PLURALS[Kind(kind)], "kinds": [(k.value, PLURALS[k]) for k in Kind]}


def link_shape(link: RecordLink) -> dict[str, Any]:
    """As the JSON answer gives it: money in cents, moments in UTC."""
    shape = {
        "id": link.pk,
        "kind": link.kind,
        "coperniq_id": link.coperniq_id,
        "quickbooks_id": link.quickbooks_id,
        "coperniq_name": link.coperniq_name,
        "quickbooks_name": link.quickbooks_name,
        "number": link.number,
        "amount_cents": link.amount_cents,
        "rule": link.match_method,
        "linked_at": link.linked_at.isoformat(),
        "synced_at": link.synced_at.isoformat(),
    }
    if link.kind == Kind.INVOICE:
        return {**shape, "open_difference_cents": link.open_difference_cents}
    return shape | invoice_of(link) if link.kind == Kind.PAYMENT else shape


def invoice_of(link: RecordLink) -> dict[str, str]:
    return {
        "invoice_number": getattr(link, "invoice_number", None) or "",
        "coperniq_invoice_id": link.coperniq_parent_id,
        "quickbooks_invoice_id": link.allocation_invoice_id,
    }
