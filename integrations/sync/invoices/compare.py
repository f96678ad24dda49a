"""The fields of one invoice on both sides, each compared with its own snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import Any

from integrations.coperniq.money import CoperniqInvoice
from integrations.models import MemoField, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import with_memo, with_number
from integrations.sync.invoices.line_folding import FoldedLine, number_as_sent
from integrations.sync.invoices.line_parts import dollars
from integrations.sync.invoices.mapping import (
    DIFFERENCE,
    SALES,
    SUBTOTAL,
    invoice_lines_of,
    quickbooks_invoice_snapshot,
)
from integrations.sync.invoices.pull_lines import CoperniqLines, coperniq_lines_for
from integrations.sync.invoices.push_create import memo_values
from integrations.sync.invoices.push_lines import (
    SentLine,
    current_line_ids,
    dollar_text,
    line_text,
    line_title,
    lines_differ,
    lines_equal,
    updated_lines,
    wanted_lines,
)
from integrations.sync.items.lines import InvoiceLine


class _QuickBooksFields:
    """As QuickBooks has them and would take them. Nothing is matched or read before a field asks for it."""

    def __init__(
        self,
        ctx: SyncContext,
        run: SyncRun,
        invoice: CoperniqInvoice,
        link: RecordLink,
        image: Mapping[str, Any],
        current: QuickBooksInvoice,
    ) -> None:
        self.ctx, self.run, self.invoice, self.link = ctx, run, invoice, link
        self.image, self.current = image, current
        self.matches: list[RecordLink] = []

    @cached_property
    def memo_field(self) -> str:
        return self.ctx.settings.memo_field

    @cached_property
    def theirs(self) -> dict[str, Any]:
        return quickbooks_invoice_snapshot(self.current, self.memo_field)

    @cached_property
    def lines(self) -> list[InvoiceLine]:
        lines, self.matches = wanted_lines(self.ctx, self.run, self.invoice)
        return lines

    def is_touched(self, field: str) -> bool:
        """QuickBooks differs from what QuickBooks itself answered last."""
        if field == "lines":
            return lines_differ(self.theirs, self.link.quickbooks_snapshot)
        return bool(self.theirs[field] != self.before(field))

    def before(self, field: str) -> object:
        """As QuickBooks answered last. Of a box that memos have not gone to yet nobody knows but that it was empty."""
        image = self.link.quickbooks_snapshot
        if field == "memo" and image.get("memo_field", self.memo_field) != self.memo_field:
            return ""
        return image.get(field)

    def agrees(self, field: str) -> bool:
        """Both sides say the same already."""
        if field == "lines":
            return self.lines_agree()
        return bool(self.image[field] == self.theirs[field]) or (
            field == "due_date" and not self.image[field]
        )

    def lines_agree(self) -> bool:
        standing = [line for line in self.current.lines if line.kind != SUBTOTAL]
        wanted = {line.id: line for line in self.lines}
        return [line.id for line in standing] == [sent.quickbooks_id for sent in self.sent] and all(
            not sent.coperniq_id or lines_equal(line, wanted[sent.coperniq_id])
            for line, sent in zip(standing, self.sent, strict=True)
        )

    def values(self, field: str) -> dict[str, Any]:
        """Payload by dotted path."""
        if field == "due_date":
            return {"DueDate": self.image["due_date"]}
        if field == "memo":
            return self.memo_values()
        return {"Line": [sent.payload for sent in self.sent]}

    @cached_property
    def sent(self) -> list[SentLine]:
        noted = self.link.written.get("line_ids", {})
        return updated_lines(self.current, self.lines, self.pairs, set(noted.values()), self.changed_items())

    @cached_property
    def pairs(self) -> dict[str, str]:
        """Coperniq line → QuickBooks line; by their order where it was not noted, as in one found again."""
        noted = self.link.written.get("line_ids")
        if noted:
            return current_line_ids(
                self.link.coperniq_snapshot.get("lines") or (), self.image["lines"], noted
            )
        sold = [line.id for line in self.current.lines if line.kind == SALES]
        return dict(zip([line["id"] for line in self.image["lines"]], sold, strict=False))

    def memo_values(self) -> dict[str, Any]:
        """An emptied message is cleared; the note always keeps the mark."""
        values = memo_values(self.ctx, self.run, self.image["memo"])
        if self.memo_field == MemoField.CUSTOMER_MEMO:
            return {"CustomerMemo.value": values.get("CustomerMemo.value", "")}
        return values

    def changed_items(self) -> set[str]:
        """Lines that are sold as something else in Coperniq now."""
        before = {line["id"]: line["catalog"] for line in self.link.coperniq_snapshot.get("lines") or ()}
        return {line.id for line in self.lines if before.get(line.id, line.catalog_id) != line.catalog_id}

    def changes(self, field: str) -> list[tuple[str, str, str]]:
        """Name, before and after, as people read them; of the lines only those that differ."""
        if field != "lines":
            return [(LABELS[field], self.theirs[field], self.image[field])]
        before = [sold_text(line) for line in self.theirs["lines"]]
        after = [line_text(line) for line in self.lines]
        return [
            (f"Line {n}", old, new)
            for n, (old, new) in enumerate(zip(*padded(before, after), strict=True), 1)
            if old != new
        ]

    def told(self, field: str, image: Mapping[str, Any]) -> str:
        """One side's value in a sentence."""
        if field != "lines":
            return str(image.get(field) or "nothing")
        amounts = [line["amount"] for line in image.get("lines") or ()]
        total = image.get("total", sum(amounts))
        return f"{len(amounts)} line{'' if len(amounts) == 1 else 's'} of ${money(total):,}"


class InvoiceComparison(_QuickBooksFields):
    def is_changed(self, field: str) -> bool:
        return changed_in_coperniq(self.link, self.image, field)

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
        pulled = self.link.match_method == RecordLink.MatchMethod.PULLED
        return pulled and self.current.number != self.link.quickbooks_snapshot.get(
            "number", self.current.number
        )

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
        return coperniq_lines_for(
            self.ctx,
            self.run,
            self.current,
            self.invoice.lines,
            self.pairs if written.get("line_ids") else {},
            self.link.quickbooks_snapshot.get("lines") or (),
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
                    "catalogItemId": number_as_sent(line.catalog_item_id),
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
        before = [line_text(line) for line in invoice_lines_of(self.invoice)]
        after = [folded_text(line) for line in self.brought.folded.lines]
        pairs = zip(*padded(before, after), strict=True)
        return [(f"Line {n}", old, new) for n, (old, new) in enumerate(pairs, 1) if old != new]

    def compared(self, field: str) -> dict[str, str]:
        """Its three values side by side."""
        return {
            "field": LABELS[field],
            "before": self.told(field, self.link.quickbooks_snapshot),
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
    return line_title(
        line.description,
        f"{line.quantity} x {dollar_text(line.price_cents)} = {dollar_text(line.amount_cents)}",
    )


LABELS = {"due_date": "Due date", "memo": "Memo", "lines": "Lines"}


def changed_in_coperniq(link: RecordLink, image: Mapping[str, Any], field: str) -> bool:
    """Coperniq differs from what Coperniq itself answered last; a repair writes the lines again."""
    if field == "lines":
        return bool(link.written.get("repair")) or lines_differ(image, link.coperniq_snapshot)
    is_emptied = field == "due_date" and not image[field]  # QuickBooks always has one
    return not is_emptied and bool(image[field] != link.coperniq_snapshot.get(field))


def sold_text(line: Mapping[str, Any]) -> str:
    factors = (
        f"{line['quantity']} x {dollars(Decimal(line['price']))} = "
        if line["quantity"] and line["price"]
        else ""
    )
    return line_title(line["description"], f"{factors}${money(line['amount']):,}")


def padded(one: Sequence[str], other: Sequence[str]) -> tuple[list[str], list[str]]:
    length = max(len(one), len(other))
    return [*one, *[""] * (length - len(one))], [*other, *[""] * (length - len(other))]
