"""What was made before invoice syncing was last switched on does not go over by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations.models import InvoiceSyncPeriod
from integrations.sync.desk import Desk


def is_older(desk: Desk, made_at: datetime | None, clock_offset: timedelta) -> bool:
    """`made_at` is by the vendor's clock, which is `clock_offset` ahead of ours; compared down to the second."""
    period = InvoiceSyncPeriod.objects.latest_of(desk.connection)
    if period is None or made_at is None:
        return False
    return made_at < (period.on_at + clock_offset).replace(microsecond=0)
