"""The Home page: whether the books agree, what needs people, how much money it holds, and what keeps syncing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page, rows_of
from integrations.models import CoperniqConnection, Outcome, QuickBooksConnection, SyncLogEntry
from integrations.status import (
    Figures,
    Notice,
    Step,
    days_of,
    figures_of,
    health_of,
    is_on,
    months_of,
    warnings,
)
from integrations.sync_schedule import schedule_of
from integrations.views.advice import checklist_of, remedy_of, shown, without_steps
from integrations.views.charts import Chart, bar_chart
from integrations.views.log import with_retries
from integrations.views.rendering import dollars, show, thousands

RECENT = 6


@dataclass(frozen=True)
class Headline:
    """The one sentence; `since` is a moment to be said after it, and `label` what the button to `address` says."""

    state: str
    sentence: str
    since: datetime | None = None
    label: str = ""
    address: str = ""


@dataclass(frozen=True)
class Tile:
    name: str
    count: int
    cents: int
    explanation: str
    address: str
    state: str = ""


@require_safe
@company_page(Right.READ)
def home(request: CompanyRequest) -> HttpResponseBase:
    company = request.company
    connection = QuickBooksConnection.objects.of(company)
    notices = [notice for notice in warnings(company) if notice.key != "held_runs"]
    checklist = checklist_of(company)
    notices = without_steps(notices, checklist["steps"])
    figures = figures_of(connection, with_invoices=is_on(connection)) if connection is not None else None
    log = rows_of(company, SyncLogEntry.objects.select_related("run")).order_by("-pk")
    headline = headline_of(notices, checklist["steps"], figures, log.filter(outcome=Outcome.DONE).first())
    context = {
        "headline": headline,
        **checklist,
        "advice": shown(notices[1:]),
        "recent": with_retries(list(log[:RECENT])),
    }
    if connection is not None and figures is not None:
        context["schedule"] = schedule_of(connection)
        context["tiles"] = tiles_of(figures)
        context["months"], context["days"] = charts_of(connection)
    if connection is not None and connection.is_live:
        coperniq = CoperniqConnection.objects.filter(company=company).first()
        context["parts"] = health_of(connection, coperniq).parts()
    return show(request, "integrations/home.html", context)


def headline_of(
    notices: list[Notice], steps: list[Step], figures: Figures | None, last: SyncLogEntry | None
) -> Headline:
    if notices:
        remedy = remedy_of(notices[0])
        return Headline("warn", notices[0].sentence, label="Go there" if remedy else "", address=remedy)
    if figures is not None and figures.asked:
        records = "1 record needs" if figures.asked == 1 else f"{figures.asked:,} records need"
        money = f", with {dollars(figures.asked_cents)} in all" if figures.asked_cents else ""
        address = reverse("integrations:runs") + "?state=held"
        return Headline("warn", f"{records} your decision{money}.", label="Decide", address=address)
    if steps and last is None:
        step = next(step for step in steps if not step.is_done)
        sentence = f"Nothing has been synced yet. The next step: {step.to_do}"
        return Headline("warn", sentence, label="Go there", address=step.page)
    if figures is not None and figures.waiting:
        records = "1 record is" if figures.waiting == 1 else f"{figures.waiting:,} records are"
        address = reverse("integrations:runs")
        return Headline("", f"{records} on the way, or waiting.", label="See which", address=address)
    if last is None:
        return Headline("good", "All in step.")
    return Headline("good", "All in step. Last change", since=last.at)


def tiles_of(figures: Figures) -> list[Tile]:
    runs = reverse("integrations:runs")
    asked = "A decision or a correction is needed" if figures.asked else "Nothing needs you"
    return [
        Tile(
            "In step",
            figures.in_step,
            0,
            "Linked, and equal on both sides",
            reverse("integrations:links", args=["invoice"]),
            "good",
        ),
        Tile(
            "Waiting",
            figures.waiting,
            figures.waiting_cents,
            "On their way, or waiting for another record",
            f"{runs}?state=waiting",
        ),
        Tile(
            "Needs you",
            figures.asked,
            figures.asked_cents,
            asked,
            f"{runs}?state=held",
            "warn" if figures.asked else "",
        ),
        Tile(
            "Not sent",
            figures.not_sent,
            0,
            "In Coperniq, and not in QuickBooks",
            reverse("integrations:batches"),
        ),
    ]


def charts_of(connection: QuickBooksConnection) -> tuple[Chart, Chart]:
    months = [(f"{each.first_day:%b %Y}", (each.invoiced, each.paid)) for each in months_of(connection)]
    days = [
        (f"{each.day:%b} {each.day.day}", (each.to_quickbooks, each.to_coperniq))
        for each in days_of(connection.company)
    ]
    return (
        bar_chart(("Invoiced", "Paid"), months, dollars),
        bar_chart(("Sent to QuickBooks", "Brought to Coperniq"), days, thousands),
    )
