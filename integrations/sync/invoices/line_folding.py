"""Fold the lines of a QuickBooks invoice into lines that Coperniq can hold, equal to the cent. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from integrations.coperniq.money import CoperniqInvoiceLine
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.invoices.line_parts import TEXT_ONLY, LinePart, TextLine, amount_part, parts_of_invoice
from integrations.sync.items.generic import generic_item

_CatalogIds = Mapping[str, str]
"""`FoldedLine.item` → id in Coperniq's catalog, for the generic items too."""


@dataclass(frozen=True)
class FoldedLine:
    """`item` is QuickBooks' item or, of the `generic`-th generic item, its name; `generic` is 0 for a real one.

    `key` stays the same as long as it is about the same catalog item. `sources` are ids of QuickBooks' lines,
    whose texts may have been joined; tax and discounts have none.
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
    """Unless `is_folded`, each line is exactly one sale in QuickBooks; else `why` says in short what it was."""

    lines: tuple[FoldedLine, ...]
    is_folded: bool
    why: tuple[str, ...]


def same_lines(
    folded: FoldedLines, catalog_ids: _CatalogIds, standing: Iterable[CoperniqInvoiceLine]
) -> bool:
    """In whichever order, and with whichever ids: each save may give new ones (docs/vendors/coperniq-api.md, A11)."""
    wanted = [
        (catalog_ids[line.item], Decimal(line.quantity), money(line.price_cents), line.description.strip())
        for line in folded.lines
    ]
    found = [
        (line.catalog_item_id, line.quantity, line.unit_price, line.description.strip()) for line in standing
    ]
    return sorted(wanted) == sorted(found)


def standing_ids(
    folded: FoldedLines, catalog_ids: _CatalogIds, standing: Iterable[CoperniqInvoiceLine]
) -> dict[str, str]:
    """Key → id of the line Coperniq has already for the same catalog item."""
    known = {line.catalog_item_id: line.id for line in standing if line.id}
    pairs = {line.key: known.get(catalog_ids[line.item], "") for line in folded.lines}
    return {key: line_id for key, line_id in pairs.items() if line_id}


def line_bodies(
    folded: FoldedLines,
    catalog_ids: _CatalogIds,
    unit_costs: Mapping[str, int],
    coperniq_ids: Mapping[str, str],
) -> list[dict[str, Any]]:
    """All of them: Coperniq replaces the whole set. Costs are cents by `item`, ids are by key.

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
    """Coperniq's ids are numbers (docs/vendors/coperniq-api.md, 2.7), and texts only here."""
    return int(identifier) if identifier.isascii() and identifier.isdecimal() else identifier


TEXT_LIMIT = 4000
SAME_ITEM, LONG_TEXT, NO_LINES = "several lines of the same item", "a long text", "no lines"
TAX, OTHER = "Sales tax", "Other amounts in QuickBooks"
WHY_TAX, WHY_OTHER = "sales tax", "other amounts in QuickBooks"


def fold_lines(
    invoice: QuickBooksInvoice, catalog_of: Callable[[str], str | None], reserved: Collection[str] = ()
) -> FoldedLines:
    """`catalog_of`: QuickBooks item → Coperniq's catalog item, None where there is none.

    `reserved`: the generic items' ids in the catalog. A real item matched to one of them would be there twice.
    """

    def matched(item_id: str) -> str:
        found = catalog_of(item_id) or ""
        return "" if found in reserved else found

    pieces = balanced(_join_text_lines(parts_of_invoice(invoice.lines, matched)), invoice)
    pieces = [_shortened_texts(piece) for piece in merged(pieces)]
    why = tuple(dict.fromkeys(reason for piece in pieces for reason in piece.why))
    return FoldedLines(_numbered_generics(pieces), bool(why), why)


def _join_text_lines(found: Iterable[LinePart | TextLine]) -> list[LinePart]:
    """Texts go to the line before, or to the one after where they lead or nothing is before."""
    pieces: list[LinePart] = []
    leading: list[TextLine] = []
    for one in found:
        if isinstance(one, LinePart):
            pieces.append(_prepend_text(one, leading))
            leading = []
        elif one.leads or leading or not pieces:
            leading.append(one)
        else:
            pieces[-1] = _append_text(pieces[-1], [one])
    if leading and not pieces:
        return [_prepend_text(amount_part(0, "", TEXT_ONLY), leading)]
    if leading:
        pieces[-1] = _append_text(pieces[-1], leading)
    return pieces


def _prepend_text(piece: LinePart, notes: Sequence[TextLine]) -> LinePart:
    return with_notes(replace(piece, before=(*texts_of(notes), *piece.before)), notes)


def _append_text(piece: LinePart, notes: Sequence[TextLine]) -> LinePart:
    return with_notes(replace(piece, after=(*piece.after, *texts_of(notes))), notes)


def texts_of(notes: Iterable[TextLine]) -> list[str]:
    return [note.text for note in notes if note.text]


def with_notes(piece: LinePart, notes: Sequence[TextLine]) -> LinePart:
    sources = [source for note in notes for source in note.sources]
    return replace(piece, sources=(*piece.sources, *sources), why=(*piece.why, *(note.why for note in notes)))


def balanced(pieces: Sequence[LinePart], invoice: QuickBooksInvoice) -> list[LinePart]:
    """Whatever the lines lack of the total: the tax, unless the prices have it in them, and the rest."""
    found = list(pieces)
    missing = invoice.total_cents - sum(piece.amount_cents for piece in pieces)
    if missing and invoice.tax_cents:
        found.append(amount_part(invoice.tax_cents, TAX, WHY_TAX))
        missing -= invoice.tax_cents
    if missing:
        found.append(amount_part(missing, OTHER, WHY_OTHER))
    return found or [amount_part(0, "No lines in QuickBooks", NO_LINES)]


def merged(pieces: Iterable[LinePart]) -> list[LinePart]:
    """Each catalog item once, where it stood first."""
    groups: dict[str, list[LinePart]] = {}
    for n, piece in enumerate(pieces):
        groups.setdefault(piece.catalog_id or f"generic {n}", []).append(piece)
    return [as_one(group) for group in groups.values()]


def as_one(group: Sequence[LinePart]) -> LinePart:
    """Quantities add up where all else is the same; else it is one at the sum, and the text tells each."""
    first = group[0]
    if len(group) == 1:
        return first
    every = replace(
        first,
        sources=tuple(source for piece in group for source in piece.sources),
        why=(SAME_ITEM, *(reason for piece in group for reason in piece.why)),
    )
    if all(piece.is_whole for piece in group) and len({(p.price_cents, p.description) for p in group}) == 1:
        return replace(every, quantity=sum(piece.quantity for piece in group))
    text = "\n".join(piece.spelled_out for piece in group)
    return with_text(replace(every, quantity=1, price_cents=sum(p.amount_cents for p in group)), text)


def with_text(piece: LinePart, text: str) -> LinePart:
    """That tells all there is to tell."""
    return replace(piece, text=text, is_whole=True, before=(), after=())


def _shortened_texts(piece: LinePart) -> LinePart:
    text = piece.description
    if len(text) <= TEXT_LIMIT:
        return piece
    cut = text[: TEXT_LIMIT - 1].rstrip() + "…"
    return with_text(replace(piece, why=(*piece.why, LONG_TEXT)), cut)


def _numbered_generics(pieces: Iterable[LinePart]) -> tuple[FoldedLine, ...]:
    lines = []
    generic = 0
    for piece in pieces:
        generic += not piece.catalog_id
        number = 0 if piece.catalog_id else generic
        lines.append(
            FoldedLine(
                key=f"generic:{number}" if number else f"item:{piece.catalog_id}",
                item=generic_item(number) if number else piece.item_id,
                generic=number,
                quantity=piece.quantity,
                price_cents=piece.price_cents,
                description=piece.description,
                sources=piece.sources,
            )
        )
    return tuple(lines)
