"""The page of one record: how it stands now, both sides, what belongs to it, what is asked, and its story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Company
from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page, rows_of
from integrations.models import Kind, RecordLink, RunState, SyncLogEntry, SyncRun
from integrations.models.enums import OPEN
from integrations.run_decisions import retryable
from integrations.views.compared import compared
from integrations.views.offers import offering
from integrations.views.rendering import dollars, show
from integrations.views.run_ids import completed
from integrations.views.runs import DecisionRows, run_shape
from integrations.views.timeline import timeline_of
from integrations.views.vendor_pages import IN_QUICKBOOKS, quickbooks_page, record_page, sync_now_name

RELATED_SHOWN = 50


@dataclass(frozen=True)
class Standing:
    """How a record stands now; `state` is the color of its badge."""

    state: str
    label: str
    sentence: str


@require_safe
@company_page(Right.READ)
def record(request: CompanyRequest, kind: str, record_id: str) -> HttpResponseBase:
    if kind not in Kind.values:
        raise Http404
    company = request.company
    links = rows_of(company, RecordLink.objects.filter(kind=kind)).order_by("-pk")
    quickbooks_id = record_id.removeprefix(IN_QUICKBOOKS) if record_id.startswith(IN_QUICKBOOKS) else ""
    if quickbooks_id:
        link = links.filter(quickbooks_id=quickbooks_id).first()
        if link is not None:
            return redirect(record_page(kind, link.coperniq_id))
    else:
        link = links.filter(coperniq_id=record_id).first()
    subject = subject_of(company, kind, "" if quickbooks_id else record_id, quickbooks_id, link)
    runs = rows_of(company, SyncRun.objects.filter(runs_of(subject)))
    latest = runs.order_by("-pk").first()
    if link is None and latest is None and subject.pk is None:
        raise Http404
    with timezone.override(company.zone):
        moments = timeline_of(company, subject)
    offered = completed(offering(company, subject))
    if request.GET.get("format") == "json":
        story = [moment.shape() for moment in moments]
        return JsonResponse({"timeline": story, "runs": [run_shape(run) for run in offered]})
    decidable = DecisionRows(request.user)
    open_run = runs.filter(state__in=OPEN).order_by("-pk").first()
    context = {
        "subject": subject,
        "amount_cents": amount_of(link, latest),
        "standing": standing_of_record(link, open_run, subject),
        "link": link,
        "compared": compared(link) if link is not None else [],
        "related": related_to(link) if link is not None else [],
        "offered": [decidable.row_of(run) for run in offered if not run.question_subject],
        "retryable": retryable(SyncRun.objects.filter(pk=open_run.pk)).first() if open_run else None,
        "may_sync_now": sync_now_name(subject.kind, subject.coperniq_id),
        "moments": moments[::-1],
        "quickbooks_page": quickbooks_page(kind, subject.quickbooks_id),
    }
    return show(request, "integrations/record.html", context)


def subject_of(
    company: Company, kind: str, coperniq_id: str, quickbooks_id: str, link: RecordLink | None
) -> SyncLogEntry:
    """The newest log entry of the record; one that is not stored, if the log has none."""
    named = SyncLogEntry(
        company=company,
        connection_id=link.connection_id if link is not None else None,
        kind=kind,
        coperniq_id=coperniq_id,
        quickbooks_id=link.quickbooks_id if link is not None else quickbooks_id,
        record_name=link.coperniq_name or link.quickbooks_name if link is not None else "",
    )
    known = (
        Q(kind=kind, coperniq_id=coperniq_id) if coperniq_id else Q(kind=kind, quickbooks_id=quickbooks_id)
    )
    entry = rows_of(company, SyncLogEntry.objects.filter(known)).order_by("-pk").first()
    if entry is None:
        return named
    entry.record_name = named.record_name or entry.record_name
    entry.quickbooks_id = named.quickbooks_id or entry.quickbooks_id
    return entry


def runs_of(subject: SyncLogEntry) -> Q:
    if subject.coperniq_id:
        return Q(kind=subject.kind, coperniq_id=subject.coperniq_id)
    return Q(kind=subject.kind, quickbooks_id=subject.quickbooks_id)


def amount_of(link: RecordLink | None, latest: SyncRun | None) -> int | None:
    if link is not None and link.amount_cents is not None:
        return link.amount_cents
    return latest.amount_cents if latest is not None else None


def standing_of_record(link: RecordLink | None, open_run: SyncRun | None, subject: SyncLogEntry) -> Standing:
    if open_run is not None and open_run.state == RunState.HELD:
        return Standing("held", "Needs attention", open_run.sentence)
    if open_run is not None and open_run.state == RunState.WAITING:
        return Standing("waiting", "Waiting", open_run.sentence)
    if open_run is not None:
        return Standing("running", "On its way", open_run.sentence or "It is being synced.")
    if link is not None and link.open_difference_cents:
        more = "more" if link.open_difference_cents > 0 else "less"
        amount = dollars(abs(link.open_difference_cents))
        return Standing(
            "warn", "Open amounts differ", f"{amount} {more} is open in Coperniq than in QuickBooks."
        )
    if link is not None:
        return Standing("good", "In step", "It is linked, and what the portal syncs is equal on both sides.")
    return Standing(subject.outcome, "Not in step", subject.sentence)


def related_to(link: RecordLink) -> list[tuple[str, list[RecordLink]]]:
    """Customer, jobs, invoices and payments that belong to it, each with a heading."""
    others = RecordLink.objects.filter(connection=link.connection_id).exclude(pk=link.pk).order_by("-pk")
    account_id = link.coperniq_id if link.kind == Kind.CUSTOMER else link.coperniq_account_id
    of_account = others.filter(coperniq_account_id=account_id) if account_id else others.none()
    invoices = of_account.filter(kind=Kind.INVOICE)
    found: dict[str, Any] = {
        Kind.CUSTOMER: {
            "Jobs": of_account.filter(kind=Kind.JOB),
            "Invoices": invoices,
        },
        Kind.JOB: {
            "Customer": others.filter(kind=Kind.CUSTOMER, coperniq_id=account_id),
            "Invoices": invoices.filter(quickbooks_snapshot__customer=link.quickbooks_id),
        },
        Kind.INVOICE: {
            "Customer": others.filter(kind=Kind.CUSTOMER, coperniq_id=account_id),
            "Job": others.filter(kind=Kind.JOB, quickbooks_id=link.quickbooks_snapshot.get("customer") or ""),
            "Payments": others.filter(kind=Kind.PAYMENT, coperniq_parent_id=link.coperniq_id),
        },
        Kind.PAYMENT: {
            "Invoice": others.filter(kind=Kind.INVOICE, coperniq_id=link.coperniq_parent_id),
            "Customer": others.filter(kind=Kind.CUSTOMER, coperniq_id=account_id),
        },
    }.get(Kind(link.kind), {})
    shown = [(heading, list(rows[:RELATED_SHOWN])) for heading, rows in found.items()]
    return [(heading, rows) for heading, rows in shown if rows]
