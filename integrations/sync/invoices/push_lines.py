"""The lines of an invoice on their way to QuickBooks: items, texts and limits.

An update keeps the lines as QuickBooks has them and replaces only Coperniq's values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import Choice, NeedsDecision
from integrations.models import Question, RecordLink, SyncRun
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
    text_of,
)
from integrations.sync.items.lines import InvoiceLine
from integrations.sync.items.push import chosen_item, match_lines, with_fallback_item

SEND_SHORTENED = Choice("send_anyway", "Send it with the long texts cut off", Question.LONG_TEXT)


def wanted_lines(
    ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice
) -> tuple[list[InvoiceLine], list[RecordLink]]:
    lines, matches = match_lines(ctx, invoice_lines_of(invoice))
    refuse_lines(invoice, lines)
    lines = [shortened(run, line) for line in with_difference(ctx, invoice, lines)]
    return with_fallback_item(ctx, lines), matches


def refuse_lines(invoice: CoperniqInvoice, lines: Sequence[InvoiceLine]) -> None:
    problem = ""
    if not lines:
        problem = "has no lines, and QuickBooks takes none without"
    elif invoice.total_cents < 0:
        problem = f"comes to {dollar_text(invoice.total_cents)}, and QuickBooks takes no invoice below zero"
    elif len(lines) > MOST_LINES:
        problem = f"has {len(lines):,} lines, and QuickBooks takes {MOST_LINES:,}"
    if problem:
        raise NeedsDecision(
            "not_an_invoice",
            f"This invoice {problem}. Change it in Coperniq, or record it in QuickBooks by hand.",
            [RETRY, DISCARD],
        )


def shortened(run: SyncRun, line: InvoiceLine) -> InvoiceLine:
    text = fit_text(run, "text of a line", line.description, DESCRIPTION_LIMIT)
    return line if text == line.description else InvoiceLine(**{**vars(line), "description": text})


def with_difference(
    ctx: SyncContext, invoice: CoperniqInvoice, lines: list[InvoiceLine]
) -> list[InvoiceLine]:
    """Coperniq's total may have tax that its lines do not show."""
    difference = invoice.total_cents - sum(line.amount_cents for line in lines)
    if not difference:
        return lines
    item_id = chosen_item(ctx, ctx.settings.difference_item)
    if not item_id:
        raise NeedsDecision(
            "total_mismatch",
            f"Coperniq's total of {dollar_text(invoice.total_cents)} is {dollar_text(difference)} away from the sum of "
            "its lines, perhaps for tax. Correct it in Coperniq, or choose an active item for tax and differences on the "
            "QuickBooks page; then try again.",
            [RETRY, DISCARD],
        )
    return [*lines, difference_line(difference, item_id)]


def line_text(line: InvoiceLine) -> str:
    sold = f"{line.quantity.normalize():f} x {dollars(line.unit_price)} = {dollar_text(line.amount_cents)}"
    return line_title(line.description, sold)


def line_title(description: str, sold: str) -> str:
    """A line need not say what it is for."""
    return f"{description}: {sold}" if description else sold


def dollar_text(cents: int) -> str:
    return f"-${money(-cents):,}" if cents < 0 else f"${money(cents):,}"


def fit_text(run: SyncRun, what: str, text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    if run.has_taken(SEND_SHORTENED):
        return text[:limit].rstrip()
    raise NeedsDecision(
        "too_long",
        f"The {what} has {len(text):,} characters, and QuickBooks takes {limit:,}. Shorten it in Coperniq, "
        "or send it with the end cut off.",
        [SEND_SHORTENED, RETRY, DISCARD],
    )


ITS_OWN = ("ItemAccountRef", "CustomExtensions", "LineEx", "LineNum")
"""What QuickBooks adds to a line and works out anew."""
ADDED_BY_PEOPLE = ("SHIPPING_ITEM_ID", "GRATUITY_ITEM_ID")
"""Items of sales that stand for a box of QuickBooks' form, which Coperniq does not have.

See docs/vendors/quickbooks-online.md, 5.2.
"""
NOTE_DETAIL = "DescriptionLineDetail"

Remembered = Mapping[str, Any]
Ids = Mapping[str, str]
"""Coperniq's line → QuickBooks' line."""


@dataclass(frozen=True)
class SentLine:
    """One line of an update; `ours` is "" for what is not Coperniq's, `theirs` is "" for a new one."""

    ours: str
    theirs: str
    payload: dict[str, Any]


def line_contents(lines: Iterable[Remembered] | None) -> list[dict[str, Any]] | None:
    """What the lines say. Their ids are no part of it, since each save may give them new ones
    (docs/vendors/coperniq-api.md, A11).

    Nor are line breaks and spaces, which the form of a page may change when something else is saved.
    """
    if lines is None:
        return None
    return [
        {name: value for name, value in line.items() if name != "id"}
        | {"description": " ".join(line["description"].split())}
        for line in lines
    ]


def lines_differ(now: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Two images of one side. A tax is no line in QuickBooks and may be none in Coperniq, and yet part of the total."""
    same_total = now["total"] == before.get("total", now["total"])
    return not same_total or line_contents(now["lines"]) != line_contents(before.get("lines"))


def pairs_now(before: Sequence[Remembered], now: Sequence[Remembered], noted: Ids) -> dict[str, str]:
    """What was noted of the lines as they were `before`, by the ids that they have now.

    Where not one id is known any more, Coperniq has renewed them: then lines are recognised by what they sell.
    """
    fixed = {name: noted[name] for name in (PERCENTAGE, DIFFERENCE) if name in noted}
    known = {row["id"]: noted[row["id"]] for row in now if row["id"] in noted}
    if set(known) - set(fixed):
        return fixed | known
    free = [row for row in before if row["id"] in noted]
    found: dict[str, str] = {}
    for alike in (same_text, same_item):
        found |= _recognized(free, [row for row in now if row["id"] not in found], noted, alike)
    return fixed | found


def _recognized(
    free: list[Remembered],
    rows: Iterable[Remembered],
    noted: Ids,
    alike: Callable[[Remembered, Remembered], bool],
) -> dict[str, str]:
    """Each of the `free` ones stands for one line only, and is taken out."""
    found = {}
    for row in rows:
        old = next((one for one in free if alike(one, row)), None)
        if old is not None:
            free.remove(old)
            found[row["id"]] = noted[old["id"]]
    return found


def same_item(old: Remembered, new: Remembered) -> bool:
    return bool(new["catalog"]) and old["catalog"] == new["catalog"]


def same_text(old: Remembered, new: Remembered) -> bool:
    return bool(old["catalog"] == new["catalog"] and old["description"] == new["description"])


def updated_lines(
    current: QuickBooksInvoice,
    wanted: Sequence[InvoiceLine],
    pairs: Ids,
    ours: Collection[str],
    changed_items: Collection[str],
) -> list[SentLine]:
    """All lines as they should be: paired ones overlaid, new ones added, and where it stood what people added.

    `ours`: QuickBooks' ids of lines that Coperniq has or had. A sale without a pair is left out.
    """
    standing = {line.id: line for line in current.lines if line.id}
    theirs = following(current.lines, set(pairs.values()), ours)
    sent = theirs.pop("", [])
    last = theirs.pop(None, [])
    for line in wanted:
        known = standing.get(pairs.get(line.id, ""))
        payload = (
            overlaid(known.raw, line, item_changed=line.id in changed_items) if known else line_payload(line)
        )
        sent.append(SentLine(line.id, known.id if known else "", payload))
        sent += theirs.pop(known.id, []) if known else []
    return sent + [one for rest in theirs.values() for one in rest] + last


def following(
    lines: Iterable[QuickBooksInvoiceLine], paired: Collection[str], ours: Collection[str]
) -> dict[str | None, list[SentLine]]:
    """What is not Coperniq's, by the paired line before it; by None what has no id and always comes last."""
    found: dict[str | None, list[SentLine]] = {}
    before = ""
    for line in lines:
        if line.id and line.id in paired:
            before = line.id
        elif _is_quickbooks_own(line, ours):
            key = before if line.id else None
            found.setdefault(key, []).append(SentLine("", line.id, line_as_sent(line.raw)))
    return found


def _is_quickbooks_own(line: QuickBooksInvoiceLine, ours: Collection[str]) -> bool:
    """Notes, discounts, bundles and shipping; whatever else is sold is one side's word against the other's."""
    if line.kind == SUBTOTAL or line.id in ours:
        return False
    return line.kind != SALES or line.item_id in ADDED_BY_PEOPLE


def overlaid(raw: Mapping[str, Any], line: InvoiceLine, *, item_changed: bool) -> dict[str, Any]:
    """The line as read, with only what is ours to say: class, service date, tax code go back as they were.

    Where no item matches, the one in QuickBooks stays unless Coperniq's has become another.
    """
    ours = line_payload(line)
    kept = line_as_sent(raw)
    detail = kept.pop(SALES, None) or {}
    kept.pop(NOTE_DETAIL, None)
    own = {name: ours[SALES][name] for name in ("Qty", "UnitPrice", "ItemRef") if name in ours[SALES]}
    if item_changed:
        detail.pop("ItemRef", None)
    return {**kept, **ours, SALES: {**ours[SALES], **detail, **own}}


def line_as_sent(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: sendable(value) for name, value in raw.items() if name not in ITS_OWN}


def sendable(value: object) -> object:
    """Also the lines of a bundle."""
    if isinstance(value, Mapping):
        return line_as_sent(value)
    return [sendable(one) for one in value] if isinstance(value, list) else value


def lines_equal(standing: QuickBooksInvoiceLine, wanted: InvoiceLine) -> bool:
    factors = [text_of(number) for number in quantity_and_price(wanted).values()]
    return (
        standing.kind == SALES
        and standing.amount_cents == wanted.amount_cents
        and standing.description == wanted.description
        and wanted.item_id in ("", standing.item_id)
        and [text_of(standing.quantity), text_of(standing.unit_price)] == factors
    )
