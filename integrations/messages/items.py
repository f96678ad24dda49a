"""What people read about the items of invoice lines."""

from __future__ import annotations

from integrations.causes import Cause
from integrations.messages.base import Catalog


class ItemMessage(Catalog):
    CATALOG_ITEM_WRITTEN = (Cause.NONE, "{verb} the catalog item “{item}” in Coperniq.")
    ITEM_INACTIVE = (
        Cause.ITEM_INACTIVE,
        "The QuickBooks item “{item}”, chosen for “{catalog_item}”, is inactive. "
        "Make it active in QuickBooks, or choose another one under Item matches, then try again.",
    )
    LINE_ITEM_INACTIVE = (
        Cause.LINE_ITEM_UNUSABLE,
        "“{item}”, the product or service chosen for all lines, is not active in QuickBooks any more. Make it active "
        "there, or choose another one on the QuickBooks page, then try again.",
    )
    NO_FALLBACK_ITEM = (
        Cause.NO_FALLBACK_ITEM,
        "QuickBooks takes no amount on a line without an item, and no QuickBooks item matches some lines of this "
        "invoice. Choose an item for lines without a match on the QuickBooks page, or match the items one by one "
        "under Item matches, then try again.",
    )
