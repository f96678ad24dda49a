"""Which QuickBooks item a Coperniq catalog item is: the one with its code as SKU, else the one of its name.

Pure: rows are those of the stored lists, `{id, name, code, …}` and `{id, name, sku, kind, is_active, …}`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

Row = Mapping[str, Any]
Match = tuple[Row | None, str]

CODE, NAME, SEVERAL = "code", "name", "several"
NO_SINGLE_THING = ("Group", "Category")


def is_usable(item: Row) -> bool:
    """Whether it can stand on an invoice line: active, and neither a heading nor a bundle."""
    return bool(item["is_active"]) and item["kind"] not in NO_SINGLE_THING


class ItemIndex:
    """The usable ones of a list of items, found by SKU and name whatever their case."""

    def __init__(self, items: Iterable[Row]) -> None:
        self.by_sku: dict[str, list[Row]] = defaultdict(list)
        self.by_name: dict[str, list[Row]] = defaultdict(list)
        for item in filter(is_usable, items):
            self.by_sku[folded(item.get("sku"))].append(item)
            self.by_name[folded(item["name"])].append(item)
        # Having no code is nothing in common.
        self.by_sku.pop("", None)

    def match(self, catalog_row: Row) -> Match:
        """The item and the rule that found it, "code" or "name". Two that fit equally well are none: "several"."""
        coded = self.by_sku.get(folded(catalog_row.get("code")), [])
        named = self.by_name.get(folded(catalog_row["name"]), [])
        for found, rule in ((coded, CODE), (named, NAME)):
            if len(found) == 1:
                return found[0], rule
        return None, SEVERAL if coded or named else ""


def match(catalog_row: Row, items: Iterable[Row]) -> Match:
    """As `ItemIndex.match`, for a single look-up."""
    return ItemIndex(items).match(catalog_row)


def folded(text: object) -> str:
    return str(text or "").strip().casefold()
