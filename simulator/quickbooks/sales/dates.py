"""Days as the books count them: today in the company's zone, when a form is due, and what a closing date forbids."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from simulator.quickbooks import problems
from simulator.quickbooks.answers import PACIFIC

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record


def today(company: Company) -> str:
    return company.now().astimezone(PACIFIC).date().isoformat()


def due(company: Company, record: Record) -> str:
    """By the form's own term, then perhaps the customer's, then the company's, which the form does not name."""
    fields = record.fields
    chosen = fields.get("SalesTermRef", {}).get("value", "")
    if not chosen and company.switch("customer_term_applies"):
        customer = company.find("Customer", fields["CustomerRef"]["value"])
        chosen = customer.fields.get("SalesTermRef", {}).get("value", "") if customer else ""
    term = company.find("Term", chosen or company.settings.default_terms)
    start = date.fromisoformat(fields["TxnDate"])
    return (_due_by(term.fields, start) if term else start).isoformat()


def _due_by(term: dict[str, Any], start: date) -> date:
    if "DayOfMonthDue" not in term:
        return start + timedelta(days=int(term.get("DueDays", 0)))
    found = _on(start.year, start.month, int(term["DayOfMonthDue"]))
    if found < start + timedelta(days=int(term.get("DueNextMonthDays", 0))):
        following = start.replace(day=1) + timedelta(days=32)
        return _on(following.year, following.month, int(term["DayOfMonthDue"]))
    return found


def _on(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def refuse_closed(company: Company, *days: str) -> None:
    """A form dated on the closing day or before can neither come, nor change, nor go."""
    closed = company.settings.book_close_date
    if closed and any(day and day <= closed for day in days):
        raise problems.closed_books(str(company.switch("closed_books_code")), closed)
