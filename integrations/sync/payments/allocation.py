"""How much of a payment goes to which invoice. Cents; pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PaymentAmounts:
    """A QuickBooks payment as it is: in all, and on the invoice in question, with credits and without (`cash`).

    `is_fixed`: its total stays, because people recorded it or it is more than Coperniq's payment.
    """

    total: int
    applied: int
    cash: int
    is_fixed: bool


@dataclass(frozen=True)
class NewAmounts:
    """The payment after a change in Coperniq: in all, and what of it is meant for the invoice."""

    total: int
    wanted: int


def changed_amounts(now: PaymentAmounts, amount: int) -> NewAmounts:
    """Give the invoice the `amount` that Coperniq has now, besides credits. What is paid elsewhere stays as it is."""
    return NewAmounts(now.total if now.is_fixed else amount, now.applied - now.cash + amount)
