"""Whose invoices a payment may pay."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record


def may_pay(company: Company, payment: Record, target: Record) -> bool:
    """The payment's own customer, or a job below it that is billed with its parent, each on the way up."""
    payer, owner = payment.fields["CustomerRef"]["value"], target.fields["CustomerRef"]["value"]
    way = company.switch("parent_pays_jobs")
    record = company.find("Customer", owner)
    while record is not None and record.id != payer:
        billed_above = way == "any_job" or (way == "bill_with_parent" and record.fields.get("BillWithParent"))
        record = company.parent(record) if billed_above else None
    return record is not None
