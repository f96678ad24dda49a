"""How many accounts the customer mapping has suggested, mapped and rejected, and how far it has read."""

from __future__ import annotations

from typing import Any

from integrations.models import CustomerListRead, CustomerMatch, Kind, QuickBooksConnection, RecordLink


def mapping_counts(connection: QuickBooksConnection) -> dict[str, int]:
    """By tab of the page."""
    mapped = RecordLink.objects.of(connection, Kind.CUSTOMER).count()
    return {**CustomerMatch.objects.of(connection).counts(), "mapped": mapped}


def mapping_of(connection: QuickBooksConnection | None) -> dict[str, Any] | None:
    if connection is None:
        return None
    return {**mapping_counts(connection), "read": read_of(connection)}


def read_of(connection: QuickBooksConnection) -> dict[str, Any] | None:
    """None if the lists were never read."""
    row = CustomerListRead.objects.filter(connection=connection).first()
    if row is None:
        return None
    return {
        "stage": row.stage,
        "customers": row.customers,
        "accounts": row.accounts,
        "compared": row.compared,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "failing_because": row.failing_because,
    }
