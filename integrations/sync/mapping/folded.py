"""Pure: the lines of a QuickBooks invoice as Coperniq can hold them, and as it is told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.coperniq.money import InvoiceLine
from integrations.quickbooks.bodies import money

GENERIC_ITEM = "External Item (QBO)"

CatalogIds = Mapping[str, str]
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
class Folded:
    """Unless `is_folded`, each line is exactly one sale in QuickBooks; else `why` says in short what it was."""

    lines: tuple[FoldedLine, ...]
    is_folded: bool
    why: tuple[str, ...]


def generic_item(number: int) -> str:
    """A catalog item may be on an invoice once, so several such lines need several such items.

    See docs/vendors/coperniq-api.md, A19.
    """
    return GENERIC_ITEM if number == 1 else f"{GENERIC_ITEM} {number}"


def same_lines(folded: Folded, catalog_ids: CatalogIds, standing: Iterable[InvoiceLine]) -> bool:
    """In whichever order, and with whichever ids: each save may give new ones (docs/vendors/coperniq-api.md, A11)."""
    wanted = [
        (catalog_ids[line.item], Decimal(line.quantity), money(line.price_cents), line.description.strip())
        for line in folded.lines
    ]
    found = [
        (line.catalog_item_id, line.quantity, line.unit_price, line.description.strip()) for line in standing
    ]
    return sorted(wanted) == sorted(found)


def standing_ids(folded: Folded, catalog_ids: CatalogIds, standing: Iterable[InvoiceLine]) -> dict[str, str]:
    """Key → id of the line Coperniq has already for the same catalog item."""
    known = {line.catalog_item_id: line.id for line in standing if line.id}
    pairs = {line.key: known.get(catalog_ids[line.item], "") for line in folded.lines}
    return {key: line_id for key, line_id in pairs.items() if line_id}


def line_bodies(
    folded: Folded,
    catalog_ids: CatalogIds,
    unit_costs: Mapping[str, int],
    coperniq_ids: Mapping[str, str],
) -> list[dict[str, Any]]:
    """All of them: Coperniq replaces the whole set. Costs are cents by `item`, ids are by key.

    See docs/vendors/coperniq-api.md, A11.
    """
    return [
        {
            **({"id": as_sent(coperniq_ids[line.key])} if line.key in coperniq_ids else {}),
            "catalogItemId": as_sent(catalog_ids[line.item]),
            "quantity": line.quantity,
            "unitCost": money(unit_costs.get(line.item, 0)),
            "unitPrice": money(line.price_cents),
            "description": line.description,
        }
        for line in folded.lines
    ]


def as_sent(identifier: str) -> int | str:
    """Coperniq's ids are numbers (docs/vendors/coperniq-api.md, 2.7), and texts only here."""
    return int(identifier) if identifier.isascii() and identifier.isdecimal() else identifier
