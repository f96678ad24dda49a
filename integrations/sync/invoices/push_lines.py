"""The lines of an invoice as they are sent to QuickBooks: items, texts and limits.

An update keeps the lines as QuickBooks has them and replaces only Coperniq's values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import Choice, NeedsDecision
from integrations.messages.choices import ChoiceLabel
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import Question, RecordLink, SyncRun
from integrations.models.snapshots import (
    CoperniqInvoiceSnapshot,
    CoperniqLineSnapshot,
    QuickBooksInvoiceSnapshot,
    QuickBooksLineSnapshot,
)
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice, QuickBooksInvoiceLine
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.invoices.line_parts import dollars
from integrations.sync.invoices.mapping import (
    DESCRIPTION_LIMIT,
    DIFFERENCE,
    MOST_LINES,
    PERCENTAGE,
    SALES,
    SUBTOTAL,
    difference_line,
    invoice_lines_of,
    line_payload,
    quantity_and_price,
    sales_detail,
    text_of,
)
from integrations.sync.items.lines import InvoiceLine
from integrations.sync.items.push import chosen_item, items_of_lines, with_fallback_item

_SEND_SHORTENED = Choice("send_anyway", ChoiceLabel.SEND_SHORTENED(), Question.LONG_TEXT)


def wanted_lines(
    ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice
) -> tuple[list[InvoiceLine], list[RecordLink]]:
    """The lines as QuickBooks should have them, and the item matches that are new.

    Raises NeedsDecision if QuickBooks would refuse them.
    """
    lines, matches = items_of_lines(ctx, invoice_lines_of(invoice))
    _refuse_lines(invoice, lines)
    lines = [_fit_description(run, line) for line in _with_difference(ctx, invoice, lines)]
    return with_fallback_item(ctx, lines), matches


def _refuse_lines(invoice: CoperniqInvoice, lines: Sequence[InvoiceLine]) -> None:
    problem = None
    if not lines:
        problem = InvoicePushMessage.NO_LINES()
    elif invoice.total_cents < 0:
        problem = InvoicePushMessage.NEGATIVE_TOTAL(total=dollar_text(invoice.total_cents))
    elif len(lines) > MOST_LINES:
        problem = InvoicePushMessage.TOO_MANY_LINES(count=len(lines), limit=MOST_LINES)
    if problem is not None:
        raise NeedsDecision(problem, [RETRY, DISCARD])


def _fit_description(run: SyncRun, line: InvoiceLine) -> InvoiceLine:
    text = fit_text(run, "text of a line", line.description, DESCRIPTION_LIMIT)
    return line if text == line.description else InvoiceLine(**{**vars(line), "description": text})


def _with_difference(
    ctx: SyncContext, invoice: CoperniqInvoice, lines: list[InvoiceLine]
) -> list[InvoiceLine]:
    """Adds a line if Coperniq's total is not the sum of its lines, e.g. because of tax.

    Raises NeedsDecision if no item was chosen for that.
    """
    difference = invoice.total_cents - sum(line.amount_cents for line in lines)
    if not difference:
        return lines
    item_id = chosen_item(ctx, ctx.settings.difference_item)
    if not item_id:
        message = InvoicePushMessage.TOTAL_MISMATCH(
            total=dollar_text(invoice.total_cents), difference=dollar_text(difference)
        )
        raise NeedsDecision(message, [RETRY, DISCARD])
    return [*lines, difference_line(difference, item_id)]


def line_text(line: InvoiceLine) -> str:
    sold = f"{line.quantity.normalize():f} x {dollars(line.unit_price)} = {dollar_text(line.amount_cents)}"
    return line_title(line.description, sold)


def line_title(description: str, sold: str) -> str:
    """The description may be empty."""
    return f"{description}: {sold}" if description else sold


def dollar_text(cents: int) -> str:
    return f"-${money(-cents):,}" if cents < 0 else f"${money(cents):,}"


def fit_text(run: SyncRun, field: str, text: str, limit: int) -> str:
    """The text, cut off if a person chose that. Raises NeedsDecision if it is longer than `limit`."""
    if len(text) <= limit:
        return text
    if run.has_taken(_SEND_SHORTENED):
        return text[:limit].rstrip()
    message = InvoicePushMessage.TEXT_TOO_LONG(field=field, length=len(text), limit=limit)
    raise NeedsDecision(message, [_SEND_SHORTENED, RETRY, DISCARD])


_COMPUTED_BY_QUICKBOOKS = ("ItemAccountRef", "CustomExtensions", "LineEx", "LineNum")
"""Fields of a line that QuickBooks computes and that are not sent back."""
_FORM_ITEMS = ("SHIPPING_ITEM_ID", "GRATUITY_ITEM_ID")
"""Items of lines that come from a field of QuickBooks' invoice form; Coperniq has no such field.

See docs/vendors/quickbooks-online.md, 5.2.
"""
_NOTE_DETAIL = "DescriptionLineDetail"

AnySnapshot = CoperniqInvoiceSnapshot | QuickBooksInvoiceSnapshot
_LineIds = Mapping[str, str]
"""Id of Coperniq's line → id of QuickBooks' line."""


@dataclass(frozen=True)
class SentLine:
    """One line of an update: `coperniq_id` is "" if Coperniq has no such line, `quickbooks_id` is "" for a new one."""

    coperniq_id: str
    quickbooks_id: str
    payload: dict[str, object]


def line_contents(
    lines: Iterable[CoperniqLineSnapshot | QuickBooksLineSnapshot] | None,
) -> list[dict[str, object]] | None:
    """The lines without what may change although nobody edited them.

    Each save may give the lines new ids (docs/vendors/coperniq-api.md, A11), and a form may change their line breaks and
    spaces.
    """
    if lines is None:
        return None
    return [
        {name: value for name, value in vars(line).items() if name != "id"}
        | {"description": " ".join(line.description.split())}
        for line in lines
    ]


def lines_differ(now: AnySnapshot, before: AnySnapshot) -> bool:
    """Compares two snapshots of one side, with their totals: tax is part of the total, but need not be a line."""
    same_total = before.total in (None, now.total)
    return not same_total or line_contents(now.lines) != line_contents(before.lines)


def current_line_ids(
    before: Sequence[CoperniqLineSnapshot], now: Sequence[CoperniqLineSnapshot], stored: _LineIds
) -> dict[str, str]:
    """The `stored` pairs of the lines `before`, by the ids that Coperniq's lines have `now`.

    If no id is left, Coperniq has given its lines new ids: then they are recognized by item and text, or by item.
    """
    fixed = {name: stored[name] for name in (PERCENTAGE, DIFFERENCE) if name in stored}
    known = {row.id: stored[row.id] for row in now if row.id in stored}
    if set(known) - set(fixed):
        return fixed | known
    candidates = [row for row in before if row.id in stored]
    found: dict[str, str] = {}
    for is_same in (_is_same_text, _is_same_item):
        rest = [row for row in now if row.id not in found]
        found |= _pair_lines(candidates, rest, stored, is_same)
    return fixed | found


def _pair_lines(
    candidates: list[CoperniqLineSnapshot],
    rows: Iterable[CoperniqLineSnapshot],
    stored: _LineIds,
    is_same: Callable[[CoperniqLineSnapshot, CoperniqLineSnapshot], bool],
) -> dict[str, str]:
    """Takes each candidate it pairs out of `candidates`."""
    found = {}
    for row in rows:
        old = next((each for each in candidates if is_same(each, row)), None)
        if old is not None:
            candidates.remove(old)
            found[row.id] = stored[old.id]
    return found


def _is_same_item(old: CoperniqLineSnapshot, new: CoperniqLineSnapshot) -> bool:
    return bool(new.catalog) and old.catalog == new.catalog


def _is_same_text(old: CoperniqLineSnapshot, new: CoperniqLineSnapshot) -> bool:
    return (old.catalog, old.description) == (new.catalog, new.description)


def updated_lines(
    current: QuickBooksInvoice,
    wanted: Sequence[InvoiceLine],
    pairs: _LineIds,
    from_coperniq: Collection[str],
    changed_items: Collection[str],
) -> list[SentLine]:
    """All lines of the update: paired lines with Coperniq's values, new lines, and QuickBooks' own lines in their place.

    `from_coperniq` are QuickBooks' ids of lines that Coperniq has or had. A sales line without a pair is left out.
    """
    present = {line.id: line for line in current.lines if line.id}
    own = _own_lines_by_predecessor(current.lines, set(pairs.values()), from_coperniq)
    sent = own.pop("", [])
    last = own.pop(None, [])
    for line in wanted:
        known = present.get(pairs.get(line.id, ""))
        payload = (
            _merged_payload(known.raw, line, item_changed=line.id in changed_items)
            if known
            else line_payload(line)
        )
        sent.append(SentLine(line.id, known.id if known else "", payload))
        sent += own.pop(known.id, []) if known else []
    return sent + [each for rest in own.values() for each in rest] + last


def _own_lines_by_predecessor(
    lines: Iterable[QuickBooksInvoiceLine], paired: Collection[str], from_coperniq: Collection[str]
) -> dict[str | None, list[SentLine]]:
    """QuickBooks' own lines by the id of the paired line before them; lines without an id, always last, by None."""
    found: dict[str | None, list[SentLine]] = {}
    before = ""
    for line in lines:
        if line.id and line.id in paired:
            before = line.id
        elif _is_quickbooks_own(line, from_coperniq):
            key = before if line.id else None
            found.setdefault(key, []).append(SentLine("", line.id, line_as_sent(line.raw)))
    return found


def _is_quickbooks_own(line: QuickBooksInvoiceLine, from_coperniq: Collection[str]) -> bool:
    """Notes, discounts, bundles and shipping. Any other sales line that Coperniq lacks is a difference of the sides."""
    if line.kind == SUBTOTAL or line.id in from_coperniq:
        return False
    return line.kind != SALES or line.item_id in _FORM_ITEMS


def _merged_payload(raw: Mapping[str, object], line: InvoiceLine, *, item_changed: bool) -> dict[str, object]:
    """The line as read, with Coperniq's values: class, service date and tax code are sent back unchanged.

    If no item matches, QuickBooks' item stays, unless the line has another item in Coperniq than before.
    """
    wanted, kept = sales_detail(line), line_as_sent(raw)
    known = kept.pop(SALES, None)
    kept.pop(_NOTE_DETAIL, None)
    detail = dict(known) if isinstance(known, Mapping) else {}
    if item_changed:
        detail.pop("ItemRef", None)
    own = {name: wanted[name] for name in ("Qty", "UnitPrice", "ItemRef") if name in wanted}
    return {**kept, **line_payload(line), SALES: {**wanted, **detail, **own}}


def line_as_sent(raw: Mapping[str, object]) -> dict[str, object]:
    """A line as read, without what QuickBooks computes; also inside the lines of a bundle."""
    return {name: _sendable(value) for name, value in raw.items() if name not in _COMPUTED_BY_QUICKBOOKS}


def _sendable(value: object) -> object:
    if isinstance(value, Mapping):
        return line_as_sent(value)
    return [_sendable(each) for each in value] if isinstance(value, list) else value


def lines_equal(current: QuickBooksInvoiceLine, wanted: InvoiceLine) -> bool:
    factors = [text_of(number) for number in quantity_and_price(wanted).values()]
    return (
        current.kind == SALES
        and current.amount_cents == wanted.amount_cents
        and current.description == wanted.description
        and wanted.item_id in ("", current.item_id)
        and [text_of(current.quantity), text_of(current.unit_price)] == factors
    )
