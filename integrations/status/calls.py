"""What the vendors' meters say: Coperniq allows so many calls a day, QuickBooks counts reads by the month."""

from __future__ import annotations

import calendar
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from integrations.connections.budget import CALLS_A_DAY, SCARCE, calls_used, is_scarce
from integrations.models import CallCount, CoperniqConnection, QuickBooksConnection

if TYPE_CHECKING:
    from accounts.models import Company

DAY = timedelta(days=1)
# As polling keeps them: how often workflows are read, and how seldom it looks when calls run short.
WORKFLOWS_EVERY = timedelta(minutes=10)
SLOWED = timedelta(minutes=15)


def calls_of(company: Company, vendor: str) -> dict[str, dict[str, int]]:
    """By UTC days, as the vendors count."""
    today = timezone.now().date()
    tallies = CallCount.objects.filter(company=company, vendor=vendor)
    spans = {"today": tallies.filter(on=today), "month": tallies.filter(on__gte=today.replace(day=1))}
    sums = {span: rows.aggregate(reads=Sum("reads"), writes=Sum("writes")) for span, rows in spans.items()}
    return {span: {kind: count or 0 for kind, count in row.items()} for span, row in sums.items()}


def day_of(company: Company) -> dict[str, int]:
    """Coperniq's: used so far, allowed, and what it will be at midnight UTC."""
    used = calls_used(company.pk)
    return {"used": used, "allowed": CALLS_A_DAY, "forecast": used + planned_calls(company, used)}


def planned_calls(company: Company, used: int) -> int:
    """Polls from now to midnight; when four fifths of the day's calls are used they become few."""
    asked = calls_a_poll(company)
    if not asked:
        return 0
    left = rest_of_day(timezone.now())
    usual = timedelta(seconds=settings.COPERNIQ_POLL_SECONDS)
    per_day = asked * (DAY / usual) + DAY / WORKFLOWS_EVERY
    before_slow = 0 if is_scarce(company.pk) else max(CALLS_A_DAY - SCARCE - used, 0)
    fast = min(left, DAY * (before_slow / per_day))
    slowly = asked * ((left - fast) / max(SLOWED, usual))
    return round(per_day * (fast / DAY) + slowly)


def calls_a_poll(company: Company) -> int:
    """Projects are asked for where a trigger waits for them, invoices where their syncing is on."""
    books = QuickBooksConnection.objects.live().filter(company=company).first()
    if books is None or not CoperniqConnection.objects.live().filter(company=company).exists():
        return 0
    stored = getattr(books, "settings", None)
    return int(books.triggers.exists()) + int(stored is not None and stored.invoice_sync)


def rest_of_day(now: datetime) -> timedelta:
    midnight = datetime.combine(now.date() + DAY, time.min, now.tzinfo)
    return midnight - now


def month_of(company: Company) -> dict[str, int]:
    """QuickBooks' reads: so far, and what they will be at the end of the month. The first day counts whole."""
    now = timezone.now()
    reads = calls_of(company, "quickbooks")["month"]["reads"]
    days = calendar.monthrange(now.year, now.month)[1]
    gone = max(now.day - rest_of_day(now) / DAY, 1.0)
    return {"reads": reads, "forecast_reads": round(reads / gone * days)}
