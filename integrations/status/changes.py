"""How changes made in QuickBooks are found: by webhook, or by change data capture."""

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


def changes_of(quickbooks_connection: QuickBooksConnection | None) -> dict[str, Any] | None:
    """Change data capture: when it was last read, and how much the webhooks had missed."""
    if quickbooks_connection is None or quickbooks_connection.captured_at is None:
        return None
    return {
        "last_read_at": quickbooks_connection.captured_at,
        "age_seconds": seconds_since(quickbooks_connection.captured_at),
        "next_at": quickbooks_connection.next_changes_at,
        "failures": quickbooks_connection.changes_failures,
        **counts_of(quickbooks_connection),
        "compared_fully_at": quickbooks_connection.compared_fully_at,
        "compared_fully_because": quickbooks_connection.compared_fully_because,
    }


def counts_of(quickbooks_connection: QuickBooksConnection) -> dict[str, Any]:
    """Events that led to a run; the lag is the time between the change and the read that found it."""
    now = timezone.now()
    notified = Q(source=Source.QUICKBOOKS_WEBHOOK)
    found = Q(source=Source.QUICKBOOKS_CDC)
    lag = ExpressionWrapper(F("received_at") - F("occurred_at"), output_field=DurationField())
    counts = InboundEvent.objects.filter(
        company=quickbooks_connection.company_id,
        source__in=(Source.QUICKBOOKS_WEBHOOK, Source.QUICKBOOKS_CDC),
        outcome=InboundEvent.Outcome.PLANNED,
        received_at__gte=now - COUNTED,
    ).aggregate(
        notified=Count("id", filter=notified),
        found=Count("id", filter=found),
        lag=Max(lag, filter=found & Q(received_at__gte=now - LAG_OF)),
    )
    return {
        "by_notification_30_days": counts["notified"],
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
