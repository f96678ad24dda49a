"""How many of the 5,000 calls a day that Coperniq allows a key are left (docs/vendors/coperniq-api.md, 2.3)."""

from __future__ import annotations

from django.utils import timezone

from integrations.models import CallCount

CALLS_A_DAY = 5000
SCARCE = CALLS_A_DAY // 5
"""When so few calls are left, they are reserved for runs and polling slows down."""


def calls_used(company_id: int) -> int:
    """Calls of today as counted by this portal; others may use the same key."""
    count = CallCount.objects.filter(company=company_id, vendor="coperniq", on=timezone.now().date()).first()
    return count.reads + count.writes if count else 0


def is_scarce(company_id: int, stated: int | None = None) -> bool:
    """`stated` is the number of calls left according to Coperniq, if known."""
    left = CALLS_A_DAY - calls_used(company_id)
    return min(left, left if stated is None else stated) <= SCARCE
