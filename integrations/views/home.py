"""The Home page: whether the books agree, what needs people, how much money it holds, and what keeps syncing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page, rows_of
from integrations.causes import Cause
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
    open_differences_of,
    warnings,
)
from integrations.sync_schedule import schedule_of
from integrations.views.advice import checklist_of, remedy_of, shown, without_steps
from integrations.views.charts import Chart, bar_chart
from integrations.views.log import with_retries
from integrations.views.rendering import dollars, show, thousands

RECENT = 6
CHANGED = (Outcome.DONE, Outcome.DONE_WITH_WARNING)
CAN_WAIT = (
    "coperniq_calls", "invoice_sync_off", "no_entry", "no_event", "quickbooks_unlistable", "webhooks_unverified"
)  # fmt: skip
"""Warnings that nothing stops for: what needs a decision is said before them."""


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
    said = next((notice for notice in notices if notice.key not in CAN_WAIT), None)
    if said is None and not (figures is not None and figures.asked):
        said = next(iter(notices), None)
    last = log.filter(connection=connection, outcome__in=CHANGED).first() if connection is not None else None
    context = {
        "headline": headline_of(said, checklist["steps"], connection, figures, last),
        **checklist,
        "advice": shown(notice for notice in notices if notice != said),
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
    notice: Notice | None,
    steps: list[Step],
    connection: QuickBooksConnection | None,
    figures: Figures | None,
    last: SyncLogEntry | None,
) -> Headline:
    if notice is not None:
        remedy = remedy_of(notice)
        return Headline("warn", notice.sentence, label="Go there" if remedy else "", address=remedy)
    if figures is not None and figures.asked:
        records = "1 record needs" if figures.asked == 1 else f"{figures.asked:,} records need"
        money = f", with {dollars(figures.asked_cents)} in all" if figures.asked_cents else ""
        address = reverse("integrations:runs") + "?state=held"
        return Headline("warn", f"{records} your decision{money}.", label="Decide", address=address)
    if steps:
        step = next(step for step in steps if not step.is_done)
        state = "Set-up is not finished." if last is not None else "Nothing has been synced yet."
        return Headline("warn", f"{state} The next step: {step.to_do}", label="Go there", address=step.page)
    if connection is not None and (differ := open_differences_of(connection))["invoices"]:
        invoices = "1 invoice" if differ["invoices"] == 1 else f"{differ['invoices']:,} invoices"
        address = f"{reverse('integrations:log')}?cause={Cause.OPEN_DIFFERS}"
        sentence = f"The open amounts of {invoices} differ between the two sides, by {dollars(differ['cents'])} in all."
        return Headline("warn", sentence, label="See which", address=address)
    if figures is not None and figures.waiting:
        records = "1 record is" if figures.waiting == 1 else f"{figures.waiting:,} records are"
        address = reverse("integrations:runs")
        return Headline("", f"{records} on the way, or waiting.", label="See which", address=address)
    all_in_step = "All in step."
    if figures is not None and figures.not_sent:
        all_in_step = f"What is linked is in step; {figures.not_sent:,} not sent."
    return Headline(
        "good", f"{all_in_step} Last change" if last else all_in_step, since=last.at if last else None
    )


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
            runs,
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
            "In Coperniq and not in QuickBooks, drafts and declined ones too",
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
        bar_chart(("To QuickBooks", "To Coperniq"), days, thousands),
    )
