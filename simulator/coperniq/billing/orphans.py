"""Invoices whose project or account is about to be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.coperniq.errors import Refused

if TYPE_CHECKING:
    from simulator.coperniq.company import Company


def release(company: Company, records: set[int]) -> None:
    """Left as they are, they name no record; nothing has been deleted yet where this refuses."""
    rule = company.switches["delete_record_with_invoices"]
    mine = [one.id for one in company.invoices.values() if one.record_id in records]
    if mine and rule == "refuse":
        raise Refused(409, "CONFLICT", "The record has invoices")
    for id in mine if rule == "cascade" else []:
        del company.invoices[id]
