"""Match a Coperniq catalog item with a QuickBooks item: its code with the SKU, else by name. Pure.

Rows are those of the stored lookup lists, `{id, name, code, …}` and `{id, name, sku, kind, is_active, …}`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from integrations.name_matching import canonical_name

Row = Mapping[str, Any]
Match = tuple[Row | None, str]

CODE, NAME, SEVERAL = "code", "name", "several"
NOT_SELLABLE = ("Group", "Category")


def is_usable(item: Row) -> bool:
    """Whether an invoice line can name it: active, and neither a category nor a bundle."""
    return bool(item["is_active"]) and item["kind"] not in NOT_SELLABLE


class ItemIndex:
    """The usable items of a list by SKU and by name, as a reader compares them."""

    def __init__(self, items: Iterable[Row]) -> None:
        self.by_sku: dict[str, list[Row]] = defaultdict(list)
        self.by_name: dict[str, list[Row]] = defaultdict(list)
        for item in filter(is_usable, items):
            self.by_sku[_normalize(item.get("sku"))].append(item)
            self.by_name[_normalize(item["name"])].append(item)
        self.by_sku.pop("", None)  # two empty codes are no match

    def match(self, catalog_row: Row) -> Match:
        """The item and how it matched, "code" or "name"; without a single match None and "several" or ""."""
        coded = self.by_sku.get(_normalize(catalog_row.get("code")), [])
        named = self.by_name.get(_normalize(catalog_row["name"]), [])
        for found, match_method in ((coded, CODE), (named, NAME)):
            if len(found) == 1:
                return found[0], match_method
        return None, SEVERAL if coded or named else ""


def match(catalog_row: Row, items: Iterable[Row]) -> Match:
    """As `ItemIndex.match`, for one catalog item."""
    return ItemIndex(items).match(catalog_row)


def _normalize(text: object) -> str:
    return canonical_name(str(text or ""))
