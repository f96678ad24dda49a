"""Cents: what every sum in the books is counted in."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def cents(amount: Decimal | int) -> int:
    return int((Decimal(amount) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def plain(amount: Decimal) -> Decimal | int:
    """Quantities and prices have no zeros behind the point that say nothing: 75, 4.5."""
    if amount == amount.to_integral_value():
        return int(amount)
    return amount.normalize()
