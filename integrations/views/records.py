"""The page of one record: how it stands now, both sides, what belongs to it, what is asked, and its story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Company
from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page, rows_of
from integrations.models import Kind, QuickBooksConnection, RecordLink, RunState, SyncLogEntry, SyncRun
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


FORMER = Standing("", "Former company", "It belongs to a QuickBooks company that was connected before.")


@require_safe
@company_page(Right.READ)
def record(request: CompanyRequest, kind: str, record_id: str) -> HttpResponseBase:
    """Of the QuickBooks company that is, or was last, connected; of a former one only what that one does not know."""
    if kind not in Kind.values:
        raise Http404
    company = request.company
    named = {"coperniq_id": record_id}
    if record_id.startswith(IN_QUICKBOOKS):
        named = {"quickbooks_id": record_id.removeprefix(IN_QUICKBOOKS)}
    connection = QuickBooksConnection.objects.of(company)
    is_former, links, entries, runs = stored_of(company, connection, kind, named)
    found = list(links[:RELATED_SHOWN])
    if "quickbooks_id" in named and len(found) == 1:
        return redirect(record_page(kind, found[0].coperniq_id))
    several = found if "quickbooks_id" in named else []
    link = found[0] if found and not several else None
    if link is not None:  # a pull that began before the link may name QuickBooks' id alone
        same = Q(**named) | Q(coperniq_id="", quickbooks_id=link.quickbooks_id)
        runs = SyncRun.objects.filter(same, connection=link.connection_id, kind=kind).order_by("-pk")
    subject = subject_of(company, kind, named, connection, link, entries.first())
    latest = runs.first()
    if link is None and latest is None and not several and subject.pk is None:
        raise Http404
    with timezone.override(company.zone):
        moments = timeline_of(company, subject)
    offered = [] if is_former else completed(offering(company, subject))
    if request.GET.get("format") == "json":
        story = [moment.shape() for moment in moments]
        return JsonResponse({"timeline": story, "runs": [run_shape(run) for run in offered]})
    decidable = DecisionRows(request.user)
    open_run = runs.filter(state=RunState.HELD).first() or runs.filter(state__in=OPEN).first()
    context = {
        "subject": subject,
        "amount_cents": amount_of(link, latest),
        "standing": FORMER if is_former else standing_of_record(link, several, open_run, subject),
        "link": link,
        "compared": compared(link) if link is not None else [],
        "related": [("Paid invoices", several)] if several else related_to(link) if link is not None else [],
        "offered": [decidable.row_of(run) for run in offered if not run.question_subject],
        "retryable": retryable(SyncRun.objects.filter(pk=open_run.pk)).first() if open_run else None,
        "may_sync_now": "" if is_former else sync_now_name(subject.kind, subject.coperniq_id),
        "moments": moments[::-1],
        "quickbooks_page": "" if is_former else quickbooks_page(kind, subject.quickbooks_id),
    }
    return show(request, "integrations/record.html", context)


def stored_of(
    company: Company, connection: QuickBooksConnection | None, kind: str, named: Mapping[str, str]
) -> tuple[bool, QuerySet[RecordLink], QuerySet[SyncLogEntry], QuerySet[SyncRun]]:
    """Whether only a former connection knows the record; its links, log and runs, newest first."""
    links = rows_of(company, RecordLink.objects.filter(kind=kind, **named)).order_by("-pk")
    entries = rows_of(company, SyncLogEntry.objects.filter(kind=kind, **named)).order_by("-pk")
    runs = rows_of(company, SyncRun.objects.filter(kind=kind, **named)).order_by("-pk")
    current = (
        links.filter(connection=connection),
        entries.filter(connection=connection),
        runs.filter(connection=connection),
    )
    if any(rows.exists() for rows in current):
        return False, *current
    return True, links, entries, runs


def subject_of(
    company: Company,
    kind: str,
    named: Mapping[str, str],
    connection: QuickBooksConnection | None,
    link: RecordLink | None,
    entry: SyncLogEntry | None,
) -> SyncLogEntry:
    """The newest log entry of the record; one that is not stored, if the log has none."""
    if entry is None:
        entry = SyncLogEntry(company=company, connection=connection, kind=kind, **named)
    if link is not None:
        entry.connection_id = link.connection_id
        entry.quickbooks_id = link.quickbooks_id
        entry.record_name = link.coperniq_name or link.quickbooks_name or entry.record_name
    return entry


def amount_of(link: RecordLink | None, latest: SyncRun | None) -> int | None:
    if link is None or link.kind not in (Kind.INVOICE, Kind.PAYMENT):
        return latest.amount_cents if latest is not None else None
    return link.amount_cents


def standing_of_record(
    link: RecordLink | None, several: list[RecordLink], open_run: SyncRun | None, subject: SyncLogEntry
) -> Standing:
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
    if link is not None and (ended := _end_of(link)):
        return ended
    if link is not None or several:
        return Standing("good", "In step", "It is linked, and what the portal syncs is equal on both sides.")
    return Standing(subject.outcome, "Not in step", subject.sentence)


def _end_of(link: RecordLink) -> Standing | None:
    """Of an invoice or payment that has ended in QuickBooks, or whose amounts were left different."""
    coperniq, quickbooks = link.coperniq_snapshot, link.quickbooks_snapshot
    if quickbooks.get("voided") or quickbooks.get("deleted"):
        how = "deleted" if quickbooks.get("deleted") else "voided"
        return Standing("", "Ended", f"It was {how} in QuickBooks, so it is not synced any more.")
    amounts = {Kind.INVOICE: "total", Kind.PAYMENT: "amount"}
    name = amounts.get(Kind(link.kind))
    here, there = (coperniq.get(name), quickbooks.get(name)) if name else (None, None)
    if here is not None and there is not None and here != there:
        sentence = f"It is {dollars(here)} in Coperniq and {dollars(there)} in QuickBooks."
        return Standing("warn", "Amounts differ", sentence)
    return None


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
