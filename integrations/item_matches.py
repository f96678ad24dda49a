"""Which QuickBooks item a Coperniq catalog item stands for. Pure: rows of the stored lists in, one or none out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Row = Mapping[str, Any]
NO_SINGLE_THING = ("Group", "Category")


def match(catalog_row: Row, items: Iterable[Row]) -> tuple[Row | None, str]:
    """By code (Sku), else by name; case-insensitive, active ones only. Two that fit equally well are none."""
    usable = [item for item in items if item["is_active"] and item["kind"] not in NO_SINGLE_THING]
    for ours, theirs, rule in (("code", "sku", "code"), ("name", "name", "name")):
        wanted = str(catalog_row.get(ours) or "").strip().casefold()
        found = [item for item in usable if wanted and str(item[theirs] or "").strip().casefold() == wanted]
        if len(found) == 1:
            return found[0], rule
    return None, ""
