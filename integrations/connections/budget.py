"""Coperniq gives a key 5,000 calls a day (coperniq-api.md §2.3): what is left of them, and when to go easy."""

from __future__ import annotations

from django.utils import timezone

from integrations.models import CallTally

CALLS_A_DAY = 5000
SCARCE = CALLS_A_DAY // 5
"""Four fifths are used: what is left belongs to the runs, and polling slows down."""


def calls_used(company_id: int) -> int:
    """Today's, as this portal counted them. Others may use the same key."""
    tally = CallTally.objects.filter(company=company_id, vendor="coperniq", on=timezone.now().date()).first()
    return tally.reads + tally.writes if tally else 0


def is_scarce(company_id: int, told: int | None = None) -> bool:
    """`told` is what Coperniq itself said to be left, if it did."""
    left = CALLS_A_DAY - calls_used(company_id)
    return min(left, left if told is None else told) <= SCARCE
