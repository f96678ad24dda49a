"""Pure: the lines of an invoice that QuickBooks has already, as they are to become."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.quickbooks.documents import Invoice, InvoiceLine
from integrations.sync.mapping.invoices import (
    DIFFERENCE,
    PERCENTAGE,
    SALES,
    SUBTOTAL,
    Line,
    line_payload,
    quantity_and_price,
    text_of,
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


def content(lines: Iterable[Remembered] | None) -> list[dict[str, Any]] | None:
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
    return not same_total or content(now["lines"]) != content(before.get("lines"))


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
        found |= recognised(free, [row for row in now if row["id"] not in found], noted, alike)
    return fixed | found


def recognised(
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
    current: Invoice,
    wanted: Sequence[Line],
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
    lines: Iterable[InvoiceLine], paired: Collection[str], ours: Collection[str]
) -> dict[str | None, list[SentLine]]:
    """What is not Coperniq's, by the paired line before it; by None what has no id and always comes last."""
    found: dict[str | None, list[SentLine]] = {}
    before = ""
    for line in lines:
        if line.id and line.id in paired:
            before = line.id
        elif is_theirs(line, ours):
            key = before if line.id else None
            found.setdefault(key, []).append(SentLine("", line.id, as_sent(line.raw)))
    return found


def is_theirs(line: InvoiceLine, ours: Collection[str]) -> bool:
    """Notes, discounts, bundles and shipping; whatever else is sold is one side's word against the other's."""
    if line.kind == SUBTOTAL or line.id in ours:
        return False
    return line.kind != SALES or line.item_id in ADDED_BY_PEOPLE


def overlaid(raw: Mapping[str, Any], line: Line, *, item_changed: bool) -> dict[str, Any]:
    """The line as read, with only what is ours to say: class, service date, tax code go back as they were.

    Where no item matches, the one in QuickBooks stays unless Coperniq's has become another.
    """
    ours = line_payload(line)
    kept = as_sent(raw)
    detail = kept.pop(SALES, None) or {}
    kept.pop(NOTE_DETAIL, None)
    own = {name: ours[SALES][name] for name in ("Qty", "UnitPrice", "ItemRef") if name in ours[SALES]}
    if item_changed:
        detail.pop("ItemRef", None)
    return {**kept, **ours, SALES: {**ours[SALES], **detail, **own}}


def as_sent(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: sendable(value) for name, value in raw.items() if name not in ITS_OWN}


def sendable(value: object) -> object:
    """Also the lines of a bundle."""
    if isinstance(value, Mapping):
        return as_sent(value)
    return [sendable(one) for one in value] if isinstance(value, list) else value


def say_the_same(standing: InvoiceLine, wanted: Line) -> bool:
    factors = [text_of(number) for number in quantity_and_price(wanted).values()]
    return (
        standing.kind == SALES
        and standing.amount_cents == wanted.amount_cents
        and standing.description == wanted.description
        and wanted.item_id in ("", standing.item_id)
        and [text_of(standing.quantity), text_of(standing.unit_price)] == factors
    )
