"""A line of a Coperniq invoice as it is pushed to QuickBooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal


@dataclass(frozen=True)
class InvoiceLine:
    """`item_id` is the QuickBooks item's, "" without a match; `catalog_id` the Coperniq catalog item's."""

    id: str
    catalog_id: str
    item_id: str
    item_name: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    amount_cents: int


def with_items(lines: Iterable[InvoiceLine], item_ids: Mapping[str, str]) -> list[InvoiceLine]:
    return [replace(line, item_id=item_ids.get(line.catalog_id, line.item_id)) for line in lines]
