"""The fields of a linked invoice, read from both sides: which have changed, and as Coperniq would take them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any

from integrations.models import RecordLink
from integrations.sync.actions.coperniq_lines import CoperniqLines, lines_for
from integrations.sync.actions.invoice_fields import LABELS, QuickBooksFields, is_changed, padded
from integrations.sync.actions.invoice_lines import line_text, titled
from integrations.sync.actions.invoice_lines import told as in_dollars
from integrations.sync.mapping.coperniq_texts import with_memo, with_number
from integrations.sync.mapping.folded import FoldedLine, as_sent
from integrations.sync.mapping.invoices import DIFFERENCE, lines_of


class Fields(QuickBooksFields):
    def is_changed(self, field: str) -> bool:
        return is_changed(self.link, self.image, field)

    def is_touched(self, field: str) -> bool:
        """The number, too, stands in Coperniq's text, where the invoice came from QuickBooks."""
        return super().is_touched(field) or (field == "memo" and self.is_renumbered)

    def agrees(self, field: str) -> bool:
        """Both sides say the same already."""
        if field == "memo" and self.is_renumbered:
            return False
        if field == "due_date" and self.is_touched(field):
            return bool(self.image[field] == self.theirs[field])
        if field == "lines" and (not self.is_changed(field) or self.lines_are_theirs):
            return not self.cannot_hold and self.brought.agree
        if field == "lines" and self.is_touched(field) and not self.cannot_hold and self.brought.agree:
            return True
        return super().agrees(field)

    @property
    def is_renumbered(self) -> bool:
        """Only what came from QuickBooks bears its number in Coperniq."""
        pulled = self.link.rule == RecordLink.Rule.PULLED
        return pulled and self.current.number != self.link.quickbooks_image.get("number", self.current.number)

    @property
    def lines_are_theirs(self) -> bool:
        return bool(self.link.written.get("folded"))

    @property
    def cannot_hold(self) -> str:
        """Why lines of QuickBooks cannot become Coperniq's, "" where they can (docs/vendors/coperniq-api.md, 3.7)."""
        if self.invoice.calculation_method == "PERCENTAGE":
            return "a percentage, which has no lines of its own"
        if DIFFERENCE in self.link.written.get("line_ids", {}):
            return "an invoice with a tax or another amount beside its lines"
        return ""

    @cached_property
    def brought(self) -> CoperniqLines:
        written = self.link.written
        return lines_for(
            self.desk,
            self.run,
            self.current,
            self.invoice.lines,
            self.pairs if written.get("line_ids") else {},
            self.link.quickbooks_image.get("lines") or (),
            lines_stay=bool(written.get("lines_stay")),
        )

    def coperniq_values(self, field: str) -> dict[str, Any]:
        """What a request to Coperniq says of it."""
        if field == "due_date":
            return {"dueDate": moment_of(self.current.due_on)}
        if field == "memo":
            text = with_memo(self.invoice.description, self.theirs["memo"])
            return {"description": with_number(text, self.current.number) if self.is_renumbered else text}
        return {"lineItems": self.brought.bodies}

    def coperniq_as_read(self, field: str) -> dict[str, Any]:
        """Coperniq's own value, kept so that it can be put back."""
        if field == "due_date":
            on = self.image["due_date"]
            return {"dueDate": moment_of(date.fromisoformat(on) if on else None)}
        if field == "memo":
            return {"description": self.invoice.description}
        return {
            "lineItems": [
                {
                    "catalogItemId": as_sent(line.catalog_item_id),
                    "quantity": line.quantity,
                    "unitCost": line.unit_cost,
                    "unitPrice": line.unit_price,
                    "description": line.description,
                }
                for line in self.invoice.lines
            ]
        }

    def coperniq_changes(self, field: str) -> list[tuple[str, str, str]]:
        """Name, before and after, as people read them; of the lines only those that differ."""
        if field != "lines":
            number = [("Number", self.link.number, self.current.number)] if self.is_renumbered else []
            changed = self.image[field] != self.theirs[field]
            own = [(LABELS[field], self.image[field], self.theirs[field])] if changed else []
            return [*own, *(number if field == "memo" else [])]
        before = [line_text(line) for line in lines_of(self.invoice)]
        after = [folded_text(line) for line in self.brought.folded.lines]
        pairs = zip(*padded(before, after), strict=True)
        return [(f"Line {n}", old, new) for n, (old, new) in enumerate(pairs, 1) if old != new]

    def compared(self, field: str) -> dict[str, str]:
        """Its three values side by side."""
        return {
            "field": LABELS[field],
            "before": self.told(field, self.link.quickbooks_image),
            "coperniq": self.told(field, self.image),
            "quickbooks": self.told(field, self.theirs),
        }


def moment_of(day: date | None) -> str | None:
    """Coperniq has moments where QuickBooks has days: midnight in UTC is the day as written.

    See docs/vendors/coperniq-api.md, A6.
    """
    if day is None:
        return None
    return datetime.combine(day, time(0), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def folded_text(line: FoldedLine) -> str:
    return titled(
        line.description,
        f"{line.quantity} x {in_dollars(line.price_cents)} = {in_dollars(line.amount_cents)}",
    )
