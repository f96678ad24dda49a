"""Catalog items of Coperniq that stand for what QuickBooks sells without an item."""

from __future__ import annotations

GENERIC_ITEM = "External Item (QBO)"


def generic_item(number: int) -> str:
    """A catalog item may be on an invoice once, so several such lines need several such items.

    See docs/vendors/coperniq-api.md, A19.
    """
    return GENERIC_ITEM if number == 1 else f"{GENERIC_ITEM} {number}"
