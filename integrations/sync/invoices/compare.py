"""Compare the fields of one invoice three ways: each side now, and each side as it answered last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cached_property
from itertools import zip_longest

from integrations.coperniq.money import CoperniqInvoice
from integrations.models import Kind, MemoField, RecordLink, SyncRun
from integrations.models.snapshots import (
    CoperniqInvoiceSnapshot,
    QuickBooksInvoiceSnapshot,
    QuickBooksLineSnapshot,
)
from integrations.models.sync_state import InvoiceState
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import (
    description_of,
    parts_of,
    quickbooks_tag,
    tag_to_write,
)
from integrations.sync.engine.correlation_tag import coperniq_tag, tagged_coperniq_id
from integrations.sync.invoices.line_folding import FoldedLine, number_as_sent
from integrations.sync.invoices.line_parts import dollars
from integrations.sync.invoices.mapping import (
    DIFFERENCE,
    SALES,
    SUBTOTAL,
    invoice_lines_of,
    is_numbered,
    long_day,
    quickbooks_invoice_snapshot,
)
from integrations.sync.invoices.pull_lines import CoperniqLines, coperniq_lines_for
from integrations.sync.invoices.push_create import memo_values
from integrations.sync.invoices.push_lines import (
    AnySnapshot,
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


class InvoiceComparison:
    """A linked invoice as read from both sides (`coperniq_now`, `quickbooks_now`), beside the link's snapshots.

    A field changed on a side if it differs from what that side itself answered last. Lines are matched to items, and
    catalog items read, only when a property asks for them.
    """

    def __init__(
        self,
        ctx: SyncContext,
        run: SyncRun,
        invoice: CoperniqInvoice,
        link: RecordLink,
        coperniq_now: CoperniqInvoiceSnapshot,
        current: QuickBooksInvoice,
    ) -> None:
        self.ctx, self.run, self.invoice, self.link = ctx, run, invoice, link
        self.coperniq_now, self.current = coperniq_now, current
        self.matches: list[RecordLink] = []

    @property
    def state(self) -> InvoiceState:
        return self.link.invoice_state

    @cached_property
    def memo_field(self) -> str:
        return self.ctx.settings.memo_field

    @cached_property
    def coperniq_before(self) -> CoperniqInvoiceSnapshot:
        return self.link.coperniq_invoice

    @cached_property
    def quickbooks_before(self) -> QuickBooksInvoiceSnapshot:
        return self.link.quickbooks_invoice

    @cached_property
    def quickbooks_now(self) -> QuickBooksInvoiceSnapshot:
        return quickbooks_invoice_snapshot(self.current, self.memo_field)

    @cached_property
    def lines(self) -> list[InvoiceLine]:
        """Coperniq's lines with the QuickBooks items they are sold as."""
        lines, self.matches = wanted_lines(self.ctx, self.run, self.invoice)
        return lines

    def changed_in_coperniq(self, field: str) -> bool:
        return changed_in_coperniq(self.state, self.coperniq_before, self.coperniq_now, field)

    def changed_in_quickbooks(self, field: str) -> bool:
        """For the memo also a new number: Coperniq's description holds both, if the invoice came from QuickBooks."""
        if field == "lines":
            return lines_differ(self.quickbooks_now, self.quickbooks_before)
        is_renumbered = field == "memo" and self.is_renumbered
        return is_renumbered or self.quickbooks_now.value_of(field) != self._last_answered(field)

    def _last_answered(self, field: str) -> object:
        """The value in QuickBooks' snapshot. After a change of the memo setting the newly chosen box counts as empty."""
        snapshot = self.quickbooks_before
        if field == "memo" and snapshot.memo_field not in ("", self.memo_field):
            return ""
        return snapshot.value_of(field)

    def is_equal(self, field: str) -> bool:
        """Both sides have the same value already."""
        if field == "lines":
            return self._are_lines_equal()
        value = self.coperniq_now.value_of(field)
        same = value == self.quickbooks_now.value_of(field)
        if field == "memo":
            return same and not self.is_renumbered
        return same or not (value or self.changed_in_quickbooks(field))

    def _are_lines_equal(self) -> bool:
        """Lines that only QuickBooks changed, or that were folded, are compared as Coperniq would get them."""
        as_pulled = not self.changed_in_coperniq("lines") or self.has_folded_lines
        if as_pulled or self.changed_in_quickbooks("lines"):
            equal = not self.unsupported_reason and self.pulled_lines.are_equal
            if equal or as_pulled:
                return equal
        existing = [line for line in self.current.lines if line.kind != SUBTOTAL]
        wanted = {line.id: line for line in self.lines}
        return [line.id for line in existing] == [sent.quickbooks_id for sent in self.sent] and all(
            not sent.coperniq_id or lines_equal(line, wanted[sent.coperniq_id])
            for line, sent in zip(existing, self.sent, strict=True)
        )

    @property
    def is_renumbered(self) -> bool:
        """Only an invoice that came from QuickBooks has its QuickBooks number in Coperniq."""
        pulled = self.link.match_method == RecordLink.MatchMethod.PULLED
        return pulled and self.quickbooks_before.number not in (None, self.current.number)

    @property
    def has_folded_lines(self) -> bool:
        return self.state.has_folded_lines

    @property
    def unsupported_reason(self) -> str:
        """Why lines of QuickBooks cannot become Coperniq's, "" where they can (docs/vendors/coperniq-api.md, 3.7)."""
        if self.invoice.calculation_method == "PERCENTAGE":
            return "a percentage, which has no lines of its own"
        if DIFFERENCE in self.state.line_ids:
            return "an invoice with a tax or another amount beside its lines"
        return ""

    @cached_property
    def sent(self) -> list[SentLine]:
        """The lines of an update of QuickBooks' invoice."""
        from_coperniq = set(self.state.line_ids.values())
        return updated_lines(self.current, self.lines, self.pairs, from_coperniq, self._resold_lines())

    @cached_property
    def pairs(self) -> dict[str, str]:
        """Coperniq line → QuickBooks line; by their order where no pairs are stored, as in an invoice linked again."""
        stored, lines = self.state.line_ids, self.coperniq_now.lines or ()
        if stored:
            return current_line_ids(self.coperniq_before.lines or (), lines, stored)
        sold = [line.id for line in self.current.lines if line.kind == SALES]
        return dict(zip([line.id for line in lines], sold, strict=False))

    def _resold_lines(self) -> set[str]:
        """Ids of lines whose catalog item was changed in Coperniq."""
        before = {line.id: line.catalog for line in self.coperniq_before.lines or ()}
        return {line.id for line in self.lines if before.get(line.id, line.catalog_id) != line.catalog_id}

    @cached_property
    def pulled_lines(self) -> CoperniqLines:
        """QuickBooks' lines as Coperniq would get them."""
        return coperniq_lines_for(
            self.ctx,
            self.current,
            self.invoice.lines,
            self.pairs if self.state.line_ids else {},
            self.quickbooks_before.lines or (),
            lines_stay=self.state.keeps_removed_lines,
        )

    def quickbooks_values(self, field: str) -> dict[str, object]:
        """Coperniq's value as a payload for QuickBooks, by dotted path."""
        if field == "due_date":
            return {"DueDate": self.coperniq_now.due_date}
        if field == "memo":
            return {**self._quickbooks_memo_values()}
        return {"Line": [sent.payload for sent in self.sent]}

    def _quickbooks_memo_values(self) -> dict[str, str]:
        """An emptied customer memo is cleared; the private note keeps the correlation tag."""
        values = memo_values(self.ctx, self.coperniq_now.memo or "", self._quickbooks_tag(), self.run)
        if self.memo_field == MemoField.CUSTOMER_MEMO:
            return {"CustomerMemo.value": values.get("CustomerMemo.value", "")}
        return values

    def _quickbooks_tag(self) -> str:
        """An invoice that came from QuickBooks gets no tag there: it is not looked for by one."""
        realm_id, coperniq_id = self.ctx.connection.realm_id, self.run.coperniq_id
        pulled = self.link.match_method == RecordLink.MatchMethod.PULLED
        if pulled and not tagged_coperniq_id(realm_id, Kind.INVOICE, self.current.note):
            return ""
        return coperniq_tag(realm_id, Kind.INVOICE, coperniq_id)

    def quickbooks_changes(self, field: str) -> list[tuple[str, str, str]]:
        """Name, before and after, for people; of the lines only those that differ."""
        if field != "lines":
            old, new = self.quickbooks_now.value_of(field), self.coperniq_now.value_of(field)
            return [(LABELS[field], str(old), str(new))]
        before = [_snapshot_line_text(line) for line in self.quickbooks_now.lines or ()]
        return _line_changes(before, [line_text(line) for line in self.lines])

    def coperniq_values(self, field: str) -> dict[str, object]:
        """QuickBooks' value as a payload for Coperniq."""
        if field == "due_date":
            return {"dueDate": moment_of(self.current.due_on)}
        if field == "memo":
            return {"description": self._coperniq_description(self.quickbooks_now.memo or "")}
        return {"lineItems": self.pulled_lines.bodies}

    def _coperniq_description(self, memo: str) -> str:
        """The memo, behind the number if the invoice came from QuickBooks and people have left the number there."""
        if not is_numbered(self.link, self.invoice):
            return memo.strip()
        now = parts_of(self.invoice.description, numbered=True)
        is_shown = self.is_renumbered and (now.number or now.tag)
        number = self.current.number if is_shown else now.number
        own = quickbooks_tag(self.ctx.connection.realm_id, Kind.INVOICE, self.current.id)
        tag = tag_to_write(number, memo, own, now, always=self.ctx.settings.coperniq_tag)
        return description_of(number, memo, tag)

    def coperniq_changes(self, field: str) -> list[tuple[str, str, str]]:
        """Name, before and after, for people; of the lines only those that differ."""
        if field == "lines":
            before = [line_text(line) for line in invoice_lines_of(self.invoice)]
            return _line_changes(before, [folded_text(line) for line in self.pulled_lines.folded.lines])
        old, new = str(self.coperniq_now.value_of(field)), str(self.quickbooks_now.value_of(field))
        is_renumbered = field == "memo" and self.is_renumbered
        number = [("Number", self.link.number, self.current.number)] if is_renumbered else []
        return [*([(LABELS[field], old, new)] if old != new else []), *number]

    def coperniq_as_read(self, field: str) -> dict[str, object]:
        """Coperniq's own value as a payload, stored so that it can be restored."""
        if field == "due_date":
            on = self.coperniq_now.due_date
            return {"dueDate": moment_of(date.fromisoformat(on) if on else None)}
        if field == "memo":
            return {"description": self._coperniq_description(self.coperniq_now.memo or "")}
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

    def compared(self, field: str) -> dict[str, str]:
        """Its three values side by side, for people."""
        return {
            "field": LABELS[field],
            "before": describe_field(field, self.quickbooks_before),
            "coperniq": describe_field(field, self.coperniq_now),
            "quickbooks": describe_field(field, self.quickbooks_now),
        }


def describe_field(field: str, snapshot: AnySnapshot) -> str:
    """One side's value for people."""
    if field != "lines":
        value = str(snapshot.value_of(field) or "")
        return (long_day(value) if field == "due_date" else value) or "nothing"
    amounts = [line.amount for line in snapshot.lines or ()]
    total = sum(amounts) if snapshot.total is None else snapshot.total
    return f"{len(amounts)} line{'' if len(amounts) == 1 else 's'} of ${money(total):,}"


def moment_of(day: date | None) -> str | None:
    """Midnight in UTC of a QuickBooks day, because Coperniq stores moments.

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


def changed_in_coperniq(
    state: InvoiceState, before: CoperniqInvoiceSnapshot, now: CoperniqInvoiceSnapshot, field: str
) -> bool:
    """Coperniq differs from what Coperniq itself answered last; a repair writes the lines again."""
    if field == "lines":
        return state.needs_repair or lines_differ(now, before)
    is_emptied = field == "due_date" and not now.due_date  # QuickBooks always has one
    return not is_emptied and now.value_of(field) != before.value_of(field)


def _line_changes(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, str, str]]:
    pairs = zip_longest(before, after, fillvalue="")
    return [(f"Line {n}", old, new) for n, (old, new) in enumerate(pairs, 1) if old != new]


def _snapshot_line_text(line: QuickBooksLineSnapshot) -> str:
    is_priced = line.quantity and line.price
    factors = f"{line.quantity} x {dollars(Decimal(line.price))} = " if is_priced else ""
    return line_title(line.description, f"{factors}${money(line.amount):,}")
