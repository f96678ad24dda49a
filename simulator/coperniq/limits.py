"""What a key may ask: so many requests a day, so many a second. `POST /api-keys` is not counted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from simulator.coperniq.errors import Refused

if TYPE_CHECKING:
    from datetime import datetime

    from simulator.coperniq.company import Company
    from simulator.coperniq.records import Key

_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


def count(company: Company, key: Key) -> None:
    """Refused calls are not counted: a client that waits must get through again."""
    now = company.environment.clock.now()
    _forget(company, key, now)
    per_second = company.switches["requests_per_second"]
    if len(key.used) >= key.per_day or (per_second and len(key.recent) >= per_second):
        raise Refused(429, "RATE_LIMIT_EXCEEDED", "Rate limit exceeded")
    key.used.append(now)
    key.recent.append(now)


def _forget(company: Company, key: Key, now: datetime) -> None:
    start = now - _DAY
    if company.switches["daily_window"] == "fixed":
        start = now.replace(hour=0, minute=0, second=0, microsecond=0)
    while key.used and key.used[0] < start:
        key.used.popleft()
    while key.recent and now - key.recent[0] >= _SECOND:
        key.recent.popleft()


def headers(company: Company, key: Key) -> dict[str, str]:
    if not company.switches["rate_limit_headers"]:
        return {}
    remaining = max(0, key.per_day - len(key.used))
    return {"X-RateLimit-Limit": str(key.per_day), "X-RateLimit-Remaining": str(remaining)}


def pretend(company: Company, key: Key, used: int) -> None:
    """As if the key had been used so often today; the second before now stays empty."""
    key.used.clear()
    key.used.extend([company.environment.clock.now()] * used)
