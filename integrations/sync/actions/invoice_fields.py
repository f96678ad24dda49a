"""The fields of an invoice that are kept in step: as each side has them, and as either would take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from integrations.coperniq.money import Invoice
from integrations.models import MemoField, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import Invoice as QuickBooksInvoice
from integrations.sync.actions.creating_invoices import memo_values
from integrations.sync.actions.invoice_lines import line_text, titled, wanted_lines
from integrations.sync.desk import Desk
from integrations.sync.mapping.invoices import SALES, SUBTOTAL, Line, quickbooks_image
from integrations.sync.mapping.line_updates import (
    SentLine,
    lines_differ,
    pairs_now,
    say_the_same,
    updated_lines,
)
from integrations.sync.mapping.pieces import dollars

LABELS = {"due_date": "Due date", "memo": "Memo", "lines": "Lines"}


def is_changed(link: RecordLink, image: Mapping[str, Any], field: str) -> bool:
    """Coperniq differs from what Coperniq itself answered last; a repair writes the lines again."""
    if field == "lines":
        return bool(link.written.get("repair")) or lines_differ(image, link.coperniq_image)
    is_emptied = field == "due_date" and not image[field]  # QuickBooks always has one
    return not is_emptied and bool(image[field] != link.coperniq_image.get(field))


class QuickBooksFields:
    """As QuickBooks has them and would take them. Nothing is matched or read before a field asks for it."""

    def __init__(
        self,
        desk: Desk,
        run: SyncRun,
        invoice: Invoice,
        link: RecordLink,
        image: Mapping[str, Any],
        current: QuickBooksInvoice,
    ) -> None:
        self.desk, self.run, self.invoice, self.link = desk, run, invoice, link
        self.image, self.current = image, current
        self.matches: list[RecordLink] = []

    @cached_property
    def memo_field(self) -> str:
        return self.desk.settings.memo_field

    @cached_property
    def theirs(self) -> dict[str, Any]:
        return quickbooks_image(self.current, self.memo_field)

    @cached_property
    def lines(self) -> list[Line]:
        lines, self.matches = wanted_lines(self.desk, self.run, self.invoice)
        return lines

    def is_touched(self, field: str) -> bool:
        """QuickBooks differs from what QuickBooks itself answered last."""
        if field == "lines":
            return lines_differ(self.theirs, self.link.quickbooks_image)
        return bool(self.theirs[field] != self.before(field))

    def before(self, field: str) -> object:
        """As QuickBooks answered last. Of a box that memos have not gone to yet nobody knows but that it was empty."""
        image = self.link.quickbooks_image
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
        return [line.id for line in standing] == [sent.theirs for sent in self.sent] and all(
            not sent.ours or say_the_same(line, wanted[sent.ours])
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
            return pairs_now(self.link.coperniq_image.get("lines") or (), self.image["lines"], noted)
        sold = [line.id for line in self.current.lines if line.kind == SALES]
        return dict(zip([line["id"] for line in self.image["lines"]], sold, strict=False))

    def memo_values(self) -> dict[str, Any]:
        """An emptied message is cleared; the note always keeps the mark."""
        values = memo_values(self.desk, self.run, self.image["memo"])
        if self.memo_field == MemoField.CUSTOMER_MEMO:
            return {"CustomerMemo.value": values.get("CustomerMemo.value", "")}
        return values

    def changed_items(self) -> set[str]:
        """Lines that are sold as something else in Coperniq now."""
        before = {line["id"]: line["catalog"] for line in self.link.coperniq_image.get("lines") or ()}
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


def sold_text(line: Mapping[str, Any]) -> str:
    factors = (
        f"{line['quantity']} x {dollars(Decimal(line['price']))} = "
        if line["quantity"] and line["price"]
        else ""
    )
    return titled(line["description"], f"{factors}${money(line['amount']):,}")


def padded(one: Sequence[str], other: Sequence[str]) -> tuple[list[str], list[str]]:
    length = max(len(one), len(other))
    return [*one, *[""] * (length - len(one))], [*other, *[""] * (length - len(other))]
