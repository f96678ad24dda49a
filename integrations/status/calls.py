"""API calls used and expected: Coperniq limits calls a day, QuickBooks bills reads a month."""

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
# As the pollers have them: how often workflows are read, and the pause between polls when few calls are left.
WORKFLOWS_EVERY = timedelta(minutes=10)
SLOWED = timedelta(minutes=15)


def calls_of(company: Company, vendor: str) -> dict[str, dict[str, int]]:
    """By days in UTC, as the vendors count."""
    today = timezone.now().date()
    tallies = CallCount.objects.filter(company=company, vendor=vendor)
    spans = {"today": tallies.filter(on=today), "month": tallies.filter(on__gte=today.replace(day=1))}
    sums = {span: rows.aggregate(reads=Sum("reads"), writes=Sum("writes")) for span, rows in spans.items()}
    return {span: {kind: count or 0 for kind, count in row.items()} for span, row in sums.items()}


def day_of(company: Company) -> dict[str, int]:
    """Coperniq's calls of today: used, allowed, and expected by midnight UTC."""
    used = calls_used(company.pk)
    return {"used": used, "allowed": CALLS_A_DAY, "forecast": used + planned_calls(company, used)}


def planned_calls(company: Company, used: int) -> int:
    """Expected calls of polls until midnight; polls slow down when four fifths of the day's calls are used."""
    per_poll = calls_a_poll(company)
    if not per_poll:
        return 0
    left = rest_of_day(timezone.now())
    usual = timedelta(seconds=settings.COPERNIQ_POLL_SECONDS)
    per_day = per_poll * (DAY / usual) + DAY / WORKFLOWS_EVERY
    before_slow = 0 if is_scarce(company.pk) else max(CALLS_A_DAY - SCARCE - used, 0)
    fast = min(left, DAY * (before_slow / per_day))
    slowly = per_poll * ((left - fast) / max(SLOWED, usual))
    return round(per_day * (fast / DAY) + slowly)


def calls_a_poll(company: Company) -> int:
    """A poll lists projects if there is a trigger, and invoices if their syncing is on."""
    quickbooks_connection = QuickBooksConnection.objects.live().filter(company=company).first()
    if (
        quickbooks_connection is None
        or not CoperniqConnection.objects.live().filter(company=company).exists()
    ):
        return 0
    stored = getattr(quickbooks_connection, "settings", None)
    return int(quickbooks_connection.triggers.exists()) + int(stored is not None and stored.invoice_sync)


def rest_of_day(now: datetime) -> timedelta:
    midnight = datetime.combine(now.date() + DAY, time.min, now.tzinfo)
    return midnight - now


def month_of(company: Company) -> dict[str, int]:
    """QuickBooks' reads of this month: so far, and expected by its end. The first day counts whole."""
    now = timezone.now()
    reads = calls_of(company, "quickbooks")["month"]["reads"]
    days = calendar.monthrange(now.year, now.month)[1]
    gone = max(now.day - rest_of_day(now) / DAY, 1.0)
    return {"reads": reads, "forecast_reads": round(reads / gone * days)}
