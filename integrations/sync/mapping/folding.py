"""Pure: a QuickBooks invoice → the lines Coperniq can hold, with the total equal to the cent, always.

Coperniq takes whole quantities from one, prices in whole cents, and each catalog item once per invoice
(docs/vendors/coperniq-api.md, 3.7). What does not fit is said in the text of a line that has the right amount.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from integrations.quickbooks.documents import Invoice
from integrations.sync.mapping.folded import Folded, FoldedLine, generic_item
from integrations.sync.mapping.pieces import TEXT_ONLY, Note, Piece, of_amount, pieces_of

TEXT_LIMIT = 4000
SAME_ITEM, LONG_TEXT, NO_LINES = "several lines of the same item", "a long text", "no lines"
TAX, OTHER = "Sales tax", "Other amounts in QuickBooks"
WHY_TAX, WHY_OTHER = "sales tax", "other amounts in QuickBooks"


def fold(invoice: Invoice, catalog_of: Callable[[str], str | None], reserved: Collection[str] = ()) -> Folded:
    """`catalog_of`: QuickBooks item → Coperniq's catalog item, None where there is none.

    `reserved`: the generic items' ids in the catalog. A real item matched to one of them would be there twice.
    """

    def matched(item_id: str) -> str:
        found = catalog_of(item_id) or ""
        return "" if found in reserved else found

    pieces = balanced(joined(pieces_of(invoice.lines, matched)), invoice)
    pieces = [shortened(piece) for piece in merged(pieces)]
    why = tuple(dict.fromkeys(reason for piece in pieces for reason in piece.why))
    return Folded(numbered(pieces), bool(why), why)


def joined(found: Iterable[Piece | Note]) -> list[Piece]:
    """Texts go to the line before, or to the one after where they lead or nothing is before."""
    pieces: list[Piece] = []
    leading: list[Note] = []
    for one in found:
        if isinstance(one, Piece):
            pieces.append(led(one, leading))
            leading = []
        elif one.leads or leading or not pieces:
            leading.append(one)
        else:
            pieces[-1] = followed(pieces[-1], [one])
    if leading and not pieces:
        return [led(of_amount(0, "", TEXT_ONLY), leading)]
    if leading:
        pieces[-1] = followed(pieces[-1], leading)
    return pieces


def led(piece: Piece, notes: Sequence[Note]) -> Piece:
    return with_notes(replace(piece, before=(*texts_of(notes), *piece.before)), notes)


def followed(piece: Piece, notes: Sequence[Note]) -> Piece:
    return with_notes(replace(piece, after=(*piece.after, *texts_of(notes))), notes)


def texts_of(notes: Iterable[Note]) -> list[str]:
    return [note.text for note in notes if note.text]


def with_notes(piece: Piece, notes: Sequence[Note]) -> Piece:
    sources = [source for note in notes for source in note.sources]
    return replace(piece, sources=(*piece.sources, *sources), why=(*piece.why, *(note.why for note in notes)))


def balanced(pieces: Sequence[Piece], invoice: Invoice) -> list[Piece]:
    """Whatever the lines lack of the total: the tax, unless the prices have it in them, and the rest."""
    found = list(pieces)
    missing = invoice.total_cents - sum(piece.amount_cents for piece in pieces)
    if missing and invoice.tax_cents:
        found.append(of_amount(invoice.tax_cents, TAX, WHY_TAX))
        missing -= invoice.tax_cents
    if missing:
        found.append(of_amount(missing, OTHER, WHY_OTHER))
    return found or [of_amount(0, "No lines in QuickBooks", NO_LINES)]


def merged(pieces: Iterable[Piece]) -> list[Piece]:
    """Each catalog item once, where it stood first."""
    groups: dict[str, list[Piece]] = {}
    for n, piece in enumerate(pieces):
        groups.setdefault(piece.catalog_id or f"generic {n}", []).append(piece)
    return [as_one(group) for group in groups.values()]


def as_one(group: Sequence[Piece]) -> Piece:
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


def with_text(piece: Piece, text: str) -> Piece:
    """That tells all there is to tell."""
    return replace(piece, text=text, is_whole=True, before=(), after=())


def shortened(piece: Piece) -> Piece:
    text = piece.description
    if len(text) <= TEXT_LIMIT:
        return piece
    cut = text[: TEXT_LIMIT - 1].rstrip() + "…"
    return with_text(replace(piece, why=(*piece.why, LONG_TEXT)), cut)


def numbered(pieces: Iterable[Piece]) -> tuple[FoldedLine, ...]:
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
