"""What the push of an invoice asks the database stays within a limit, whatever is added to it."""

from __future__ import annotations

from tests.bench.statements import Statements, push
from tests.invoice_harness import InvoiceHarness

LIMIT = 28
"""Without what a second costs, such as the count of calls, whatever happens in it."""


def test_a_pushed_invoice_stays_within_its_limit_of_statements(harness: InvoiceHarness) -> None:
    few, many = Statements(), Statements()
    push(harness, 2, Statements())
    push(harness, 2, few)
    push(harness, 7, many)
    assert (many.total() - few.total()) / 5 <= LIMIT
