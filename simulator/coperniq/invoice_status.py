"""The status of an invoice, as payments and the due date change it: docs/vendors/coperniq-api.md, 3.7."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, timedelta

from simulator.coperniq.company import Company
from simulator.coperniq.records import Invoice

OPEN_STATUSES = ("SENT", "PARTIALLY_PAID")
FOLLOWING_PAYMENTS = (*OPEN_STATUSES, "PAID", "OVERDUE")


def shown_status(company: Company, invoice: Invoice) -> str:
    return "OVERDUE" if is_overdue(company, invoice) else invoice.status


def is_overdue(company: Company, invoice: Invoice) -> bool:
    if (
        invoice.status not in OPEN_STATUSES
        or invoice.due_date is None
        or company.switches["overdue"] == "never"
    ):
        return False
    end = invoice.due_date
    if company.switches["overdue_from"] == "next_day":
        end = end.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return end < company.now()


def age(company: Company, invoices: Iterable[Invoice]) -> None:
    """Where becoming OVERDUE is a change like any other, it happens when somebody looks."""
    if not company.switches["overdue_moves_updated_at"]:
        return
    for one in invoices:
        overdue = is_overdue(company, one)
        if overdue and not one.aged:
            company.touch(one, None)
        one.aged = overdue


def counted_cents(company: Company, invoice: Invoice) -> int:
    """Cents paid, without the payments that failed."""
    uncounted = {one.strip() for one in company.switches["uncounted_payments"].split(",")}
    return sum(one.amount for one in invoice.payments if one.status not in uncounted)


def settle(company: Company, invoice: Invoice) -> None:
    """After any change of the payments."""
    if company.switches["payment_moves_amount_paid"]:
        invoice.amount_paid = counted_cents(company, invoice)
    if company.switches["payment_moves_status"] and not _stays(company, invoice):
        invoice.status = earned_status(company, invoice)


def resettle(company: Company, invoice: Invoice) -> None:
    """After a change of the total."""
    if company.switches["lines_move_status"] and invoice.payments and invoice.status in FOLLOWING_PAYMENTS:
        invoice.status = earned_status(company, invoice)


def _stays(company: Company, invoice: Invoice) -> bool:
    if invoice.status == "DRAFT":
        return bool(company.switches["payment_on_draft"] == "stays_draft")
    return bool(invoice.status == "DECLINED" and company.switches["payment_on_declined"] != "settles")


def earned_status(company: Company, invoice: Invoice) -> str:
    paid = counted_cents(company, invoice)
    if paid > 0:
        return "PAID" if paid >= invoice.amount else "PARTIALLY_PAID"
    if invoice.status in {"PAID", "PARTIALLY_PAID"} and company.switches["unpaid_again"] != "unchanged":
        return str(company.switches["unpaid_again"])
    return invoice.status
