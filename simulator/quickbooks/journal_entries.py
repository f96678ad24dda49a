"""Journal entries that give a customer credit, such as a write-off: docs/vendors/quickbooks-online.md, 6 and 7.1."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.quickbooks import errors, sale_rules
from simulator.quickbooks.company import Company, Record, customers_named, owed, rebalance
from simulator.quickbooks.entities import JOURNAL_LINE
from simulator.quickbooks.responses import Json, cents
from simulator.quickbooks.rules import Rules, active_reference, check_currency

RECEIVABLE = "Accounts Receivable"


@dataclass(frozen=True)
class JournalEntryRules(Rules):
    """One line credits one customer; what that customer owes goes down by it, as by an unapplied payment."""

    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        record.fields.setdefault("TxnDate", sale_rules.today(company))
        record.fields.setdefault("Adjustment", False)
        record.fields.setdefault("Line", [])
        for position, line in enumerate(record.fields["Line"]):
            line["Id"] = str(position)

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        lines = record.fields["Line"]
        if not lines:
            raise errors.no_lines()
        for line in lines:
            _check_line(company, line)
        check_currency(company, record.fields)
        if _sum(lines, "Debit") != _sum(lines, "Credit"):
            raise errors.business("The debits and the credits of a journal entry must be equal.")
        credits = [one for one in lines if one[JOURNAL_LINE].get("Entity", {}).get("Type") == "Customer"]
        if len(credits) != 1 or credits[0][JOURNAL_LINE]["PostingType"] != "Credit":
            raise errors.business("A journal entry here credits one customer.")
        sale_rules.check_customer_id(company, next(customers_named(lines)))
        sale_rules.refuse_closed(company, record.fields["TxnDate"], old.fields["TxnDate"] if old else "")
        record.sale.total = cents(credits[0]["Amount"])
        if record.sale.open < 0:
            raise errors.business("A credit cannot become less than what was used of it.")

    def after(self, company: Company, record: Record, old: Record | None) -> None:
        rebalance(company, owed(old), owed(record))


def _check_line(company: Company, line: Json) -> None:
    """Receivables are of a customer, and a customer's lines are of receivables."""
    detail = line.get(JOURNAL_LINE, {})
    for name in ("PostingType", "AccountRef"):
        if name not in detail:
            raise errors.missing(f"Line.{JOURNAL_LINE}.{name}")
    if "Amount" not in line:
        raise errors.missing("Line.Amount")
    if line["Amount"] < 0:
        raise errors.negative("Line.Amount")
    account = active_reference(company, "Account", detail, "AccountRef")
    receivable = account is not None and account.fields["AccountType"] == RECEIVABLE
    if receivable != (detail.get("Entity", {}).get("Type") == "Customer"):
        raise errors.business(
            "When you use Accounts Receivable, you must choose a customer in the Name field."
        )


def _sum(lines: list[Json], side: str) -> int:
    return sum(cents(one["Amount"]) for one in lines if one[JOURNAL_LINE]["PostingType"] == side)
