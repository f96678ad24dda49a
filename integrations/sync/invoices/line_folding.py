"""Fold the lines of a QuickBooks invoice into lines that Coperniq can hold, with the same total to the cent. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from integrations.coperniq.money import CoperniqInvoiceLine
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.invoices.line_parts import TEXT_ONLY, LinePart, TextLine, amount_part, parts_of_invoice
from integrations.sync.items.generic import generic_item

_CatalogIds = Mapping[str, str]
"""`FoldedLine.item` → id in Coperniq's catalog, for the generic items too."""


@dataclass(frozen=True)
class FoldedLine:
    """`item` is QuickBooks' item id or, for the `generic`-th generic item, its name; `generic` is 0 for a real item.

    `key` is stable for one catalog item. `sources` are the ids of the QuickBooks lines it was made from; tax and
    discounts have none.
    """

    key: str
    item: str
    generic: int
    quantity: int
    price_cents: int
    description: str
    sources: tuple[str, ...]

    @property
    def amount_cents(self) -> int:
        return self.quantity * self.price_cents


@dataclass(frozen=True)
class FoldedLines:
    """Unless `is_folded`, each line is exactly one line of QuickBooks; `reasons` say why lines were folded."""

    lines: tuple[FoldedLine, ...]
    is_folded: bool
    reasons: tuple[str, ...]


def same_lines(
    folded: FoldedLines, catalog_ids: _CatalogIds, existing: Iterable[CoperniqInvoiceLine]
) -> bool:
    """Compare without order and ids: each save may give new ids (docs/vendors/coperniq-api.md, A11)."""
    wanted = [
        (catalog_ids[line.item], Decimal(line.quantity), money(line.price_cents), line.description.strip())
        for line in folded.lines
    ]
    found = [
        (line.catalog_item_id, line.quantity, line.unit_price, line.description.strip()) for line in existing
    ]
    return sorted(wanted) == sorted(found)


def existing_line_ids(
    folded: FoldedLines, catalog_ids: _CatalogIds, existing: Iterable[CoperniqInvoiceLine]
) -> dict[str, str]:
    """Key → id of Coperniq's existing line of the same catalog item."""
    known = {line.catalog_item_id: line.id for line in existing if line.id}
    pairs = {line.key: known.get(catalog_ids[line.item], "") for line in folded.lines}
    return {key: line_id for key, line_id in pairs.items() if line_id}


def line_bodies(
    folded: FoldedLines,
    catalog_ids: _CatalogIds,
    unit_costs: Mapping[str, int],
    coperniq_ids: Mapping[str, str],
) -> list[dict[str, object]]:
    """All lines for a request: Coperniq replaces the whole set. `unit_costs` are cents by `item`, ids are by key.

    See docs/vendors/coperniq-api.md, A11.
    """
    return [
        {
            **({"id": number_as_sent(coperniq_ids[line.key])} if line.key in coperniq_ids else {}),
            "catalogItemId": number_as_sent(catalog_ids[line.item]),
            "quantity": line.quantity,
            "unitCost": money(unit_costs.get(line.item, 0)),
            "unitPrice": money(line.price_cents),
            "description": line.description,
        }
        for line in folded.lines
    ]


def number_as_sent(identifier: str) -> int | str:
    """Coperniq's ids are numbers in requests (docs/vendors/coperniq-api.md, 2.7), strings in this code base."""
    return int(identifier) if identifier.isascii() and identifier.isdecimal() else identifier


TEXT_LIMIT = 4000
SAME_ITEM, LONG_TEXT, NO_LINES = "several lines of the same item", "a long text", "no lines"
TAX, OTHER = "Sales tax", "Other amounts in QuickBooks"
TAX_REASON, OTHER_REASON = "sales tax", "other amounts in QuickBooks"


def fold_lines(
    invoice: QuickBooksInvoice, catalog_of: Callable[[str], str | None], reserved: Collection[str] = ()
) -> FoldedLines:
    """`catalog_of`: QuickBooks item → Coperniq's catalog item, None if there is none.

    `reserved`: catalog ids of the generic items. A real item that was matched to one of them counts as unmatched,
    because a request may have each catalog item only once.
    """

    def match_item(item_id: str) -> str:
        found = catalog_of(item_id) or ""
        return "" if found in reserved else found

    parts = _add_remainder(_join_text_lines(parts_of_invoice(invoice.lines, match_item)), invoice)
    parts = [_shortened_texts(part) for part in _merge_by_catalog_item(parts)]
    reasons = tuple(dict.fromkeys(reason for part in parts for reason in part.reasons))
    return FoldedLines(_as_folded_lines(parts), bool(reasons), reasons)


def _join_text_lines(found: Iterable[LinePart | TextLine]) -> list[LinePart]:
    """Join texts to the line before; headings, and texts before the first line, to the line after."""
    parts: list[LinePart] = []
    waiting: list[TextLine] = []
    for one in found:
        if isinstance(one, LinePart):
            parts.append(_prepend_text(one, waiting))
            waiting = []
        elif one.is_heading or waiting or not parts:
            waiting.append(one)
        else:
            parts[-1] = _append_text(parts[-1], [one])
    if waiting and not parts:
        return [_prepend_text(amount_part(0, "", TEXT_ONLY), waiting)]
    if waiting:
        parts[-1] = _append_text(parts[-1], waiting)
    return parts


def _prepend_text(part: LinePart, texts: Sequence[TextLine]) -> LinePart:
    return _with_sources_of(replace(part, before=(*_texts_of(texts), *part.before)), texts)


def _append_text(part: LinePart, texts: Sequence[TextLine]) -> LinePart:
    return _with_sources_of(replace(part, after=(*part.after, *_texts_of(texts))), texts)


def _texts_of(texts: Iterable[TextLine]) -> list[str]:
    return [each.text for each in texts if each.text]


def _with_sources_of(part: LinePart, texts: Sequence[TextLine]) -> LinePart:
    sources = [source for text in texts for source in text.sources]
    return replace(
        part, sources=(*part.sources, *sources), reasons=(*part.reasons, *(text.reason for text in texts))
    )


def _add_remainder(parts: Sequence[LinePart], invoice: QuickBooksInvoice) -> list[LinePart]:
    """Add what is missing to the total: the tax, unless the prices include it, and other amounts."""
    found = list(parts)
    missing = invoice.total_cents - sum(part.amount_cents for part in parts)
    if missing and invoice.tax_cents:
        found.append(amount_part(invoice.tax_cents, TAX, TAX_REASON))
        missing -= invoice.tax_cents
    if missing:
        found.append(amount_part(missing, OTHER, OTHER_REASON))
    return found or [amount_part(0, "No lines in QuickBooks", NO_LINES)]


def _merge_by_catalog_item(parts: Iterable[LinePart]) -> list[LinePart]:
    """Each catalog item once, at its first position."""
    groups: dict[str, list[LinePart]] = {}
    for n, part in enumerate(parts):
        groups.setdefault(part.catalog_id or f"generic {n}", []).append(part)
    return [_combine_parts(group) for group in groups.values()]


def _combine_parts(group: Sequence[LinePart]) -> LinePart:
    """Add the quantities if price and text are the same; else quantity one at the sum, and the text lists each line."""
    first = group[0]
    if len(group) == 1:
        return first
    every = replace(
        first,
        sources=tuple(source for part in group for source in part.sources),
        reasons=(SAME_ITEM, *(reason for part in group for reason in part.reasons)),
    )
    if all(part.is_exact for part in group) and len({(p.price_cents, p.description) for p in group}) == 1:
        return replace(every, quantity=sum(part.quantity for part in group))
    text = "\n".join(part.text_with_amount for part in group)
    return _with_final_text(replace(every, quantity=1, price_cents=sum(p.amount_cents for p in group)), text)


def _with_final_text(part: LinePart, text: str) -> LinePart:
    """A text that already includes the quantity and all joined texts."""
    return replace(part, text=text, is_exact=True, before=(), after=())


def _shortened_texts(part: LinePart) -> LinePart:
    text = part.description
    if len(text) <= TEXT_LIMIT:
        return part
    cut = text[: TEXT_LIMIT - 1].rstrip() + "…"
    return _with_final_text(replace(part, reasons=(*part.reasons, LONG_TEXT)), cut)


def _as_folded_lines(parts: Iterable[LinePart]) -> tuple[FoldedLine, ...]:
    lines = []
    generic = 0
    for part in parts:
        generic += not part.catalog_id
        number = 0 if part.catalog_id else generic
        lines.append(
            FoldedLine(
                key=f"generic:{number}" if number else f"item:{part.catalog_id}",
                item=generic_item(number) if number else part.item_id,
                generic=number,
                quantity=part.quantity,
                price_cents=part.price_cents,
                description=part.description,
                sources=part.sources,
            )
        )
    return tuple(lines)
