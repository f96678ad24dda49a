"""One value of a record as the wire would show it, without writing out the rest: queries ask thousands of records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.quickbooks.answers import money
from simulator.quickbooks.presenting import bare

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record

_SALES = {"Invoice", "Payment", "CreditMemo", "Deposit"}


def peek(company: Company, record: Record, name: str) -> object:
    """Moments come as they are, whole seconds."""
    if name == "Id":
        return record.id
    if name == "MetaData.CreateTime":
        return record.created
    if name == "MetaData.LastUpdatedTime":
        return record.updated
    if name == "FullyQualifiedName":
        return company.full_name(record)
    if record.entity in _SALES and name in {"TotalAmt", "Balance"}:
        return money(record.sale.total if name == "TotalAmt" else record.sale.open)
    if name == "Balance":
        return money(record.balance_cents)
    outer, _, inner = name.partition(".")
    found = record.fields[outer] if outer in record.fields else _derived(company, record, outer)
    return found.get(inner) if inner and isinstance(found, dict) else found


def _derived(company: Company, record: Record, name: str) -> object:
    """Of what is never stored, only accounts have anything a query asks."""
    return bare(company, record).get(name) if record.entity == "Account" else None
