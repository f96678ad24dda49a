"""How changes made in QuickBooks are heard of: by notification, or only when the portal looks for itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Q
from django.utils import timezone
from django.utils.timesince import timesince

from integrations.models import InboundEvent, QuickBooksConnection

COUNTED = timedelta(days=30)
LAG_OF = timedelta(days=7)
MOMENTS = timedelta(minutes=1)
Source = InboundEvent.Source


def changes_of(books: QuickBooksConnection | None) -> dict[str, Any] | None:
    """Change data capture: when QuickBooks was last asked for what its notifications may have missed, and what it was."""
    if books is None or books.captured_at is None:
        return None
    return {
        "last_read_at": books.captured_at,
        "age_seconds": seconds_since(books.captured_at),
        "next_at": books.next_changes_at,
        **counts_of(books),
        "compared_fully_at": books.compared_fully_at,
        "compared_fully_because": books.compared_fully_because,
    }


def counts_of(books: QuickBooksConnection) -> dict[str, Any]:
    """Only what something followed from; the lag is from when it happened to when the look found it."""
    now = timezone.now()
    told = Q(source=Source.QUICKBOOKS_WEBHOOK)
    found = Q(source=Source.QUICKBOOKS_CDC)
    lag = ExpressionWrapper(F("received_at") - F("occurred_at"), output_field=DurationField())
    counts = InboundEvent.objects.filter(
        company=books.company_id,
        source__in=(Source.QUICKBOOKS_WEBHOOK, Source.QUICKBOOKS_CDC),
        outcome=InboundEvent.Outcome.PLANNED,
        received_at__gte=now - COUNTED,
    ).aggregate(
        told=Count("id", filter=told),
        found=Count("id", filter=found),
        lag=Max(lag, filter=found & Q(received_at__gte=now - LAG_OF)),
    )
    return {
        "by_notification_30_days": counts["told"],
        "by_look_30_days": counts["found"],
        "oldest_lag_seconds_7_days": None
        if counts["lag"] is None
        else max(int(counts["lag"].total_seconds()), 0),
        "oldest_lag_7_days": worded(counts["lag"]),
    }


def worded(lag: timedelta | None) -> str:
    if lag is None:
        return ""
    now = timezone.now()
    return "less than a minute" if lag < MOMENTS else timesince(now - lag, now).replace("\xa0", " ")


def seconds_since(at: datetime | None) -> int | None:
    return None if at is None else max(int((timezone.now() - at).total_seconds()), 0)
