"""Payments people record in QuickBooks, looked for in the background, so that no push has to look first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from integrations.connections.clients import CallMeter, quickbooks_client
from integrations.connections.tokens import mark_access_lost
from integrations.errors import AccessLost, PortalError
from integrations.models import QuickBooksConnection
from integrations.sync.actions.catching_up import cursor_of, goes_on
from integrations.sync.actions.strangers import OVERLAP, note_strangers

logger = logging.getLogger(__name__)

CLAIM = timedelta(seconds=120)


def due_changes() -> Sequence[Callable[[], int]]:
    """Claimed, so that nobody else runs them; each is an errand for the pump's pool."""
    now = timezone.now()
    due = QuickBooksConnection.objects.due_for_changes(now).select_related("company")
    return [errand_of(row, now) for row in due if row.claim_changes(now, CLAIM)]


def errand_of(connection: QuickBooksConnection, now: datetime) -> Callable[[], int]:
    return lambda: look(connection, now)


def look(connection: QuickBooksConnection, now: datetime) -> int:
    meter = CallMeter(connection.company_id)
    values: dict[str, object] = {}
    try:
        client = quickbooks_client(connection, meter)
        since = (connection.changes_read_at or cursor_of(connection)) - OVERLAP
        note_strangers(connection, client.list_payments_changed(since))
        values = stamps(connection, now)
    except AccessLost as error:
        mark_access_lost(connection, error)
    except PortalError as error:
        logger.warning("Changes in QuickBooks of company %s: %s", connection.company_id, error.cause)
    meter.flush()
    next_at = now + timedelta(seconds=settings.QUICKBOOKS_CDC_SECONDS)
    rows = QuickBooksConnection.objects.filter(pk=connection.pk)
    rows.update(changes_claimed_until=now, next_changes_at=next_at, **values)
    return 1


def stamps(connection: QuickBooksConnection, now: datetime) -> dict[str, object]:
    """Our own writes are all known while this goes on without a gap; after one, the lane catches up first."""
    moved = {"changes_cursor_at": now} if goes_on(connection, now) else {}
    return {"changes_read_at": now, **moved}
