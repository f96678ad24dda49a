"""The lines an invoice is to have in QuickBooks, and texts of a length that QuickBooks takes."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.coperniq.money import Invoice
from integrations.errors import Choice, Hold
from integrations.models import Question, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.sync.actions import items
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.desk import Desk
from integrations.sync.mapping.invoices import DESCRIPTION_LIMIT, MOST_LINES, Line, difference_line, lines_of
from integrations.sync.mapping.pieces import dollars

SHORTENED = Choice("send_anyway", "Send it with the long texts cut off", Question.LONG_TEXT)


def wanted_lines(desk: Desk, run: SyncRun, invoice: Invoice) -> tuple[list[Line], list[RecordLink]]:
    lines, matches = items.with_matches(desk, lines_of(invoice))
    refuse_lines(invoice, lines)
    lines = [shortened(run, line) for line in with_difference(desk, invoice, lines)]
    return items.with_fallback(desk, lines), matches


def refuse_lines(invoice: Invoice, lines: Sequence[Line]) -> None:
    problem = ""
    if not lines:
        problem = "has no lines, and QuickBooks takes none without"
    elif invoice.total_cents < 0:
        problem = f"comes to {told(invoice.total_cents)}, and QuickBooks takes no invoice below zero"
    elif len(lines) > MOST_LINES:
        problem = f"has {len(lines):,} lines, and QuickBooks takes {MOST_LINES:,}"
    if problem:
        raise Hold(
            "not_an_invoice",
            f"This invoice {problem}. Change it in Coperniq, or record it in QuickBooks by hand.",
            [RETRY, DISCARD],
        )


def shortened(run: SyncRun, line: Line) -> Line:
    text = fitting(run, "text of a line", line.description, DESCRIPTION_LIMIT)
    return line if text == line.description else Line(**{**vars(line), "description": text})


def with_difference(desk: Desk, invoice: Invoice, lines: list[Line]) -> list[Line]:
    """Coperniq's total may have tax that its lines do not show."""
    difference = invoice.total_cents - sum(line.amount_cents for line in lines)
    if not difference:
        return lines
    item_id = items.chosen_item(desk, desk.settings.difference_item)
    if not item_id:
        raise Hold(
            "total_mismatch",
            f"Coperniq's total of {told(invoice.total_cents)} is {told(difference)} away from the sum of its lines, "
            "perhaps for tax. Correct it in Coperniq, or choose an active item for tax and differences on the "
            "QuickBooks page; then try again.",
            [RETRY, DISCARD],
        )
    return [*lines, difference_line(difference, item_id)]


def line_text(line: Line) -> str:
    sold = f"{line.quantity.normalize():f} x {dollars(line.unit_price)} = {told(line.amount_cents)}"
    return titled(line.description, sold)


def titled(description: str, sold: str) -> str:
    """A line need not say what it is for."""
    return f"{description}: {sold}" if description else sold


def told(cents: int) -> str:
    return f"-${money(-cents):,}" if cents < 0 else f"${money(cents):,}"


def fitting(run: SyncRun, what: str, text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    if run.has_taken(SHORTENED):
        return text[:limit].rstrip()
    raise Hold(
        "too_long",
        f"The {what} has {len(text):,} characters, and QuickBooks takes {limit:,}. Shorten it in Coperniq, "
        "or send it with the end cut off.",
        [SHORTENED, RETRY, DISCARD],
    )
