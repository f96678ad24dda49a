"""A clock that was put back: what is due, held or claimed until a time that it had reached would stand until then."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from integrations.models import (
    CompanyLease,
    CoperniqConnection,
    CustomerListRead,
    Heartbeat,
    QuickBooksConnection,
    RunState,
    SyncRun,
    SyncSettings,
)

logger = logging.getLogger(__name__)

_NOTICED = timedelta(seconds=5)
"""Smaller steps back are waited out."""

_LONGEST_LEASE = timedelta(minutes=5)
_READ_AGAIN = timedelta(days=28)
"""How far change data are read back: those marked as read later than now may have been passed over."""


class Clock:
    """Notices that the machine's clock was put back: while this process runs, or since it was last seen alive."""

    def __init__(self) -> None:
        self._offset: float | None = None

    def was_put_back(self) -> bool:
        now, offset = timezone.now(), time.time() - time.monotonic()
        if self._offset is None:
            last_seen = Heartbeat.latest(Heartbeat.SUPERVISOR)
            back = last_seen is not None and last_seen - now > _NOTICED
        else:
            back = self._offset - offset > _NOTICED.total_seconds()
        self._offset = offset
        return back


def bring_back_times() -> None:
    """Make due now what lies ahead. A lease that may still be held keeps its time."""
    logger.warning("The clock was put back; what was waiting for a time ahead of it is due now")
    now = timezone.now()
    rows: tuple[tuple[models.QuerySet[Any], timedelta, tuple[str, ...]], ...] = (
        (
            CoperniqConnection.objects.all(),
            timedelta(0),
            ("next_poll_at", "poll_claimed_until", "next_sweep_at", "next_invoice_sweep_at"),
        ),
        (
            QuickBooksConnection.objects.all(),
            timedelta(0),
            ("next_changes_at", "changes_claimed_until", "refresh_claimed_until"),
        ),
        (CustomerListRead.objects.all(), timedelta(0), ("next_at", "claimed_until")),
        (CompanyLease.objects.all(), timedelta(0), ("paused_until",)),
        (CompanyLease.objects.all(), _LONGEST_LEASE, ("leased_until",)),
        (SyncRun.objects.filter(state=RunState.QUEUED), timedelta(0), ("not_before",)),
        (SyncSettings.objects.all(), timedelta(0), ("synced_at", "sync_since")),
        (Heartbeat.objects.all(), timedelta(0), ("beat_at",)),
    )
    for found, ahead, names in rows:
        for name in names:
            _bring_back(found, name, now + ahead, now)
    for name in ("captured_at", "money_captured_at"):
        _bring_back(QuickBooksConnection.objects.all(), name, now, now - _READ_AGAIN)


def _bring_back(found: models.QuerySet[Any], name: str, latest: datetime, value: datetime) -> None:
    found.filter(**{f"{name}__gt": latest}).update(**{name: value})
