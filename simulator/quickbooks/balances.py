"""What customers owe: moved by every sale and payment, with new times up the whole line and nobody's SyncToken."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record

Owed = Counter[str]
_SIGNS = {"Invoice": 1, "CreditMemo": -1, "Payment": -1}


def owed(*records: Record | None) -> Owed:
    """By customer, what these records make of their balances: open invoices, less credits and unapplied payments."""
    found: Owed = Counter()
    for record in records:
        if record is not None and record.entity in _SIGNS:
            found[record.fields["CustomerRef"]["value"]] += _SIGNS[record.entity] * record.sale.open
    return found


def rebalance(company: Company, before: Owed, after: Owed) -> None:
    for id_ in {**before, **after}:
        customer = company.find("Customer", id_)
        if customer is not None and after[id_] != before[id_]:
            customer.balance_cents += after[id_] - before[id_]
            touch(company, customer)


def touch(company: Company, customer: Record) -> None:
    customer.updated = company.now()
    company.changed(customer)
    touch_ancestors(company, customer)


def touch_ancestors(company: Company, record: Record) -> None:
    for above in company.ancestors(record):
        above.updated = company.now()
        company.changed(above)
