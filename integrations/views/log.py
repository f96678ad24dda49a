from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page, rows_of
from integrations.models import QuickBooksConnection, SyncLogEntry, SyncRun
from integrations.run_decisions import retryable
from integrations.sync_schedule import schedule_of
from integrations.views.compared import compared, link_of
from integrations.views.csv_rows import csv_answer, in_steps
from integrations.views.filters import LogFilter
from integrations.views.keyset import page_of
from integrations.views.offers import offering, offers
from integrations.views.rendering import show
from integrations.views.run_ids import completed
from integrations.views.runs import DecisionRows, run_shape
from integrations.views.timeline import timeline_of
from integrations.views.vendor_pages import quickbooks_page, record_page, sync_now_name

ROWS, JSON_ROWS = 50, 1000
COLUMNS = (
    "at", "direction", "kind", "outcome", "cause", "sentence", "name", "coperniq_id", "quickbooks_id",
    "changes", "attempt", "intuit_tid",
)  # fmt: skip


@require_safe
@company_page(Right.READ)
def entries(request: CompanyRequest) -> HttpResponseBase:
    with timezone.override(request.company.zone):
        chosen = LogFilter(request.GET)
        if not chosen.is_valid():
            return unfilterable(request, chosen)
        rows = chosen.narrow(rows_of(request.company, SyncLogEntry.objects.all()))
    answers = {"json": as_json, "csv": as_csv}
    return answers.get(request.GET.get("format", ""), as_page)(request, chosen, rows)


def unfilterable(request: CompanyRequest, chosen: LogFilter) -> HttpResponse:
    if request.GET.get("format") == "json":
        return JsonResponse({"errors": chosen.sentences()}, status=400)
    return show(request, "integrations/log.html", {"filter": chosen}, status=400)


def as_json(request: CompanyRequest, chosen: LogFilter, rows: QuerySet[SyncLogEntry]) -> HttpResponseBase:
    page = page_of(rows, JSON_ROWS, chosen.cleaned_data["before"], chosen.cleaned_data["after"])
    found = [entry_shape(entry) for entry in page.rows]
    return JsonResponse({"entries": found, "older": page.older, "newer": page.newer})


def as_csv(request: CompanyRequest, chosen: LogFilter, rows: QuerySet[SyncLogEntry]) -> HttpResponseBase:
    return csv_answer(request, "integration log", COLUMNS, csv_rows(request, rows))


def csv_rows(request: CompanyRequest, rows: QuerySet[SyncLogEntry]) -> Iterator[list[object]]:
    for entry in in_steps(rows):
        values = entry_shape(entry)
        values["at"] = entry.at.astimezone(request.company.zone).isoformat(timespec="seconds")
        values["changes"] = "; ".join(
            f"{change['field']}: {change['before']} → {change['after']}" for change in entry.changes
        )
        yield [values[name] for name in COLUMNS]


def as_page(request: CompanyRequest, chosen: LogFilter, rows: QuerySet[SyncLogEntry]) -> HttpResponseBase:
    page = page_of(
        rows.select_related("run"), ROWS, chosen.cleaned_data["before"], chosen.cleaned_data["after"]
    )
    context = {"filter": chosen, "page": page, "rows": with_retries(page.rows)}
    context["schedule"] = schedule_of(QuickBooksConnection.objects.of(request.company))
    return show(request, "integrations/log.html", context)


def with_retries(found: list[SyncLogEntry]) -> list[dict[str, Any]]:
    """Rows for the page; a run offers its retry or its choices once, in its newest row."""
    runs = {entry.run.pk: entry.run for entry in found if entry.run}
    open_runs = set(retryable(SyncRun.objects.filter(pk__in=runs)).values_list("pk", flat=True))
    shown = []
    for entry in found:
        run = runs.pop(entry.run_id or 0, None)
        shown.append(
            {
                "entry": entry,
                "quickbooks_page": quickbooks_page(entry.kind, entry.quickbooks_id),
                "may_retry": run is not None and run.pk in open_runs,
                "may_choose": run is not None and offers(run),
            }
        )
    return shown


@require_safe
@company_page(Right.READ)
def timeline(request: CompanyRequest, pk: int) -> HttpResponseBase:
    rows = rows_of(request.company, SyncLogEntry.objects.select_related("run", "connection"))
    entry = get_object_or_404(rows, pk=pk)
    with timezone.override(request.company.zone):
        moments = timeline_of(request.company, entry)
    offered = completed(offering(request.company, entry))
    if request.GET.get("format") == "json":
        story = [moment.shape() for moment in moments]
        runs = [run_shape(run) for run in offered]
        return JsonResponse({"entry": entry_shape(entry), "timeline": story, "runs": runs})
    run = retryable(SyncRun.objects.filter(pk=entry.run_id)).first() if entry.run_id else None
    link = link_of(request.company, entry)
    decidable = DecisionRows(request.user)
    context = {
        "entry": entry,
        "moments": moments,
        "retryable": run,
        "may_sync_now": sync_now_name(entry.kind, entry.coperniq_id),
        "record_page": record_page(entry.kind, entry.coperniq_id, entry.quickbooks_id),
        # A preview is shown on the page of held runs, where it is released.
        "offered": [decidable.row_of(run) for run in offered if not run.question_subject],
        "link": link,
        "compared": compared(link) if link else [],
        "quickbooks_page": quickbooks_page(entry.kind, entry.quickbooks_id),
    }
    return show(request, "integrations/timeline.html", context)


def entry_shape(entry: SyncLogEntry) -> dict[str, Any]:
    """The JSON of a log entry: times in UTC, each change as field, before, after."""
    return {
        "id": entry.pk,
        "at": entry.at.isoformat(),
        "direction": entry.direction,
        "kind": entry.kind,
        "outcome": entry.outcome,
        "cause": entry.cause,
        "sentence": entry.sentence,
        "name": entry.record_name,
        "coperniq_id": entry.coperniq_id,
        "quickbooks_id": entry.quickbooks_id,
        "changes": entry.changes,
        "attempt": entry.attempt,
        "intuit_tid": entry.intuit_tid,
        "run": entry.run_id,
    }
