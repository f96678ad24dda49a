"""How much of a payment goes to which invoice. Cents; pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PaymentAmounts:
    """A QuickBooks payment as it is: in all, on the invoice in question, and on everything else.

    `synced` is what of it Coperniq's payment stands for: the whole, or if it is a share, the money on the invoice.
    """

    total: int
    applied: int
    others: int
    synced: int
    is_share: bool


@dataclass(frozen=True)
class NewAmounts:
    """The payment after a change in Coperniq: in all, and what of it is meant for the invoice."""

    total: int
    wanted: int


def changed_amounts(now: PaymentAmounts, amount: int) -> NewAmounts:
    """Give the payment the `amount` that Coperniq has now. What it pays elsewhere stays as it is."""
    more = amount - now.synced
    total = now.total + more
    wanted = now.applied + more if now.is_share else total - now.others
    return NewAmounts(total, max(wanted, 0))
