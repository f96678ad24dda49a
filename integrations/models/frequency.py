"""How often changes are synced, and when the next time is. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import models


class Frequency(models.TextChoices):
    REALTIME = "realtime", "Real-time: at once"
    HOURLY = "hourly", "Hourly, on the hour"
    DAILY = "daily", "Daily, at the time below"
    MANUAL = "manual", "Manual: when somebody presses Sync now"


def next_sync(frequency: Frequency, daily_at: time, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first scheduled sync later than `after`; None if the frequency has no times.

    Once on each day of the zone: a time that the clocks skip counts as much later as they do, and of one that comes
    twice the first counts.
    """
    local = after.astimezone(zone)
    if frequency == Frequency.HOURLY:
        past_the_hour = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return after.astimezone(UTC) - past_the_hour + timedelta(hours=1)
    if frequency != Frequency.DAILY:
        return None
    days = (local.date() + timedelta(days=days) for days in (0, 1))
    found = (datetime.combine(day, daily_at, zone).astimezone(UTC) for day in days)
    return next(at for at in found if at > after)
