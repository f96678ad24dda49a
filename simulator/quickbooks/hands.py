"""What QuickBooks's own pages do beyond what its API can: whole forms saved, and customers closed who still owe."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from simulator.quickbooks.presenting import balance_with_jobs
from simulator.quickbooks.sales.desk import invoice_body
from simulator.quickbooks.sales.form_lines import ITEM_LINE
from simulator.quickbooks.sales.lines import default_item
from simulator.quickbooks.sales.receiving import allocation
from simulator.quickbooks.writing import edit, enter, existing

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record

BALANCE_NOTE = "Created by QB Online to adjust balance for deletion"


def edit_record(company: Company, entity: str, id_: str, body: dict[str, Any]) -> Record:
    if entity == "Customer" and body.get("Active") is False:
        _close(company, existing(company, entity, id_))
    return edit(company, entity, id_, body)


def _close(company: Company, customer: Record) -> None:
    """The credit stands beside the open invoices, which stay open. What jobs owe, or what was paid too much, refuses."""
    owes = customer.balance_cents
    alone = owes == balance_with_jobs(company, customer) and not customer.unbilled_cents
    if not customer.active or owes <= 0 or not alone:
        return
    if company.switch("person_deactivates_debtor") == "refuse":
        return
    detail = {"ItemRef": {"value": default_item(company)}}
    line = {"DetailType": ITEM_LINE, "Amount": Decimal(owes).scaleb(-2), ITEM_LINE: detail}
    memo = {"CustomerRef": {"value": customer.id}, "PrivateNote": BALANCE_NOTE, "Line": [line]}
    enter(company, "CreditMemo", memo)


def write_invoice(company: Company, wanted: dict[str, Any]) -> Record:
    return enter(company, "Invoice", invoice_body(company, wanted))


def rewrite_invoice(company: Company, id_: str, wanted: dict[str, Any]) -> Record:
    old = existing(company, "Invoice", id_)
    return edit(company, "Invoice", id_, invoice_body(company, wanted, old))


def receive(company: Company, wanted: dict[str, Any]) -> Record:
    return enter(company, "Payment", allocation(company, wanted))


def reallocate(company: Company, id_: str, wanted: dict[str, Any]) -> Record:
    old = existing(company, "Payment", id_)
    return edit(company, "Payment", id_, allocation(company, wanted, old))
