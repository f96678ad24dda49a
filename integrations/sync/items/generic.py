"""Coperniq catalog items for QuickBooks lines without an item."""

from __future__ import annotations

GENERIC_ITEM = "External Item (QBO)"


def generic_item(number: int) -> str:
    """The name for the `number`th such line: an invoice may have a catalog item only once.

    See docs/vendors/coperniq-api.md, A19.
    """
    return GENERIC_ITEM if number == 1 else f"{GENERIC_ITEM} {number}"
