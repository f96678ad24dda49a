"""Counts and amounts of a company for its Home page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import Substr
from django.utils import timezone

from accounts.models import Company
from integrations.models import (
    CallCount,
    Kind,
    QuickBooksConnection,
    RecordLink,
    RunState,
    SyncRun,
    Vendor,
)
from integrations.status.standing import invoices_not_linked, standing_of

SYNCED_KINDS = (Kind.CUSTOMER, Kind.JOB, Kind.INVOICE, Kind.PAYMENT)
ENDED = Q(quickbooks_snapshot__voided=True) | Q(quickbooks_snapshot__deleted=True)
MONTHS = 12
DAYS = 30


@dataclass(frozen=True)
class Figures:
    """Records by how they stand; amounts in cents, of invoices and payments. `asked` counts questions.

    A record with a question, or that has ended in QuickBooks, is not in step.
    """

    in_step: int
    waiting: int
    waiting_cents: int
    asked: int
    asked_cents: int
    not_sent: int


@dataclass(frozen=True)
class Month:
    """Cents of the invoices and payments that are linked, by their day in QuickBooks."""

    first_day: date
    invoiced: int
    paid: int


@dataclass(frozen=True)
class Day:
    """How many writes each vendor was asked for on a day of UTC, refused ones too."""

    day: date
    to_quickbooks: int
    to_coperniq: int


def figures_of(connection: QuickBooksConnection, *, with_invoices: bool) -> Figures:
    """`with_invoices`: invoices that are not linked count as not sent."""
    held = SyncRun.objects.held().filter(connection=connection)
    links = RecordLink.objects.filter(connection=connection, kind__in=SYNCED_KINDS, open_difference_cents=0)
    links = links.exclude(pk__in=links.filter(ENDED).values("pk"))
    asked_about = held.filter(kind=OuterRef("kind"), coperniq_id=OuterRef("coperniq_id"))
    waiting = SyncRun.objects.open().exclude(state=RunState.HELD).filter(connection=connection, is_kept=False)
    money = {
        (run.kind, run.coperniq_id or run.quickbooks_id, run.allocation_invoice_id): run.amount_cents or 0
        for run in held.only("kind", "coperniq_id", "quickbooks_id", "allocation_invoice_id", "amount_cents")
    }
    projects = sum(each.unlinked for each in standing_of(connection, connection.triggers.all()))
    invoices = invoices_not_linked(connection) if with_invoices else 0
    return Figures(
        in_step=links.filter(~Exists(asked_about)).count(),
        asked=held.count(),
        asked_cents=sum(money.values()),
        not_sent=projects + invoices,
        **waiting.aggregate(waiting=Count("id"), waiting_cents=Sum("amount_cents", default=0)),
    )


def months_of(connection: QuickBooksConnection) -> list[Month]:
    """The last twelve, this one included, oldest first."""
    today = timezone.localdate(timezone=connection.company.zone)
    firsts = [_months_before(today.replace(day=1), count) for count in range(MONTHS - 1, -1, -1)]
    links = RecordLink.objects.filter(
        connection=connection, kind__in=(Kind.INVOICE, Kind.PAYMENT), dated_on__gte=firsts[0].isoformat()
    )
    standing = links.exclude(pk__in=links.filter(ENDED).values("pk"))
    rows = standing.order_by().values_list("kind", Substr("dated_on", 1, 7)).annotate(Sum("amount_cents"))
    cents = {(kind, month): total or 0 for kind, month, total in rows}
    return [
        Month(first, *(cents.get((kind, f"{first:%Y-%m}"), 0) for kind in (Kind.INVOICE, Kind.PAYMENT)))
        for first in firsts
    ]


def _months_before(first: date, count: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 - count, 12)
    return date(year, month + 1, 1)


def days_of(company: Company) -> list[Day]:
    """The last thirty, today included, oldest first."""
    today = timezone.now().date()
    days = [today - timedelta(days=count) for count in range(DAYS - 1, -1, -1)]
    rows = CallCount.objects.filter(company=company, on__gte=days[0])
    writes = {(vendor, on): count for vendor, on, count in rows.values_list("vendor", "on", "writes")}
    return [Day(day, *(writes.get((vendor, day), 0) for vendor in Vendor.values)) for day in days]
