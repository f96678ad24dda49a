"""One row per item of Coperniq's catalog: the QuickBooks item it is, or would be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from integrations.connections.stored_lists import stored_list
from integrations.item_matching import ItemIndex, is_usable
from integrations.models import (
    ItemlessLines,
    Kind,
    LookupList,
    QuickBooksConnection,
    RecordLink,
    SyncSettings,
)

MatchMethod = RecordLink.MatchMethod
Row = dict[str, Any]
EXPECTED_MATCH = {"code": "Same item code, when first sent", "name": "Same name, when first sent"}


@dataclass(frozen=True)
class ItemRow:
    """`match_method` is code, name, chosen … if there is an item, else "several" or ""."""

    catalog_id: str
    name: str
    code: str
    sku: str
    is_archived: bool
    match_method: str
    is_linked: bool
    item_id: str = ""
    item_name: str = ""
    item_sku: str = ""
    is_usable: bool = True
    """The item can be used on an invoice: it is active, and not a bundle or category."""

    @property
    def is_matched(self) -> bool:
        return bool(self.item_id)

    @property
    def is_pinned(self) -> bool:
        return self.is_linked and self.match_method == MatchMethod.CHOSEN

    @property
    def because(self) -> str:
        return (
            str(MatchMethod(self.match_method).label)
            if self.is_linked
            else EXPECTED_MATCH.get(self.match_method, "")
        )

    def says(self, wanted: str) -> bool:
        texts = (self.name, self.code, self.sku, self.item_name, self.item_sku)
        return wanted in (self.catalog_id, self.item_id) or any(
            wanted.casefold() in text.casefold() for text in texts
        )

    def shape(self) -> Row:
        item = {"id": self.item_id, "name": self.item_name, "sku": self.item_sku, "usable": self.is_usable}
        return {
            "catalog_id": self.catalog_id,
            "name": self.name,
            "code": self.code,
            "sku": self.sku,
            "archived": self.is_archived,
            "item": item if self.is_matched else None,
            "rule": self.match_method,
            "linked": self.is_linked,
            "pinned": self.is_pinned,
        }


def item_rows(connection: QuickBooksConnection) -> Iterator[ItemRow]:
    """Sorted by name."""
    items = stored_list(connection, LookupList.Name.ITEMS)
    stored = RecordLink.objects.of(connection, Kind.ITEM).defer(
        "coperniq_snapshot", "quickbooks_snapshot", "sync_state"
    )
    links = {link.coperniq_id: link for link in stored}
    known, index = {item["id"]: item for item in items}, ItemIndex(items)
    for row in sorted(catalog(connection), key=lambda row: str(row["name"]).casefold()):
        link = links.get(row["id"])
        yield linked(row, link, known.get(link.quickbooks_id)) if link else expected(row, index)


def catalog(connection: QuickBooksConnection) -> list[Row]:
    return stored_list(connection, LookupList.Name.CATALOG)


def linked(row: Row, link: RecordLink, item: Row | None) -> ItemRow:
    """An item missing from the list has been deleted or made inactive in QuickBooks."""
    name = item["name"] if item else link.quickbooks_name or link.quickbooks_id
    sku = item.get("sku") or "" if item else ""
    usable = item is not None and is_usable(item)
    return ItemRow(
        **facts(row),
        match_method=link.match_method,
        is_linked=True,
        **named(link.quickbooks_id, name, sku),
        is_usable=usable,
    )


def expected(row: Row, index: ItemIndex) -> ItemRow:
    item, method = index.match(row)
    found = named(item["id"], item["name"], item.get("sku") or "") if item else {}
    return ItemRow(**facts(row), match_method=method, is_linked=False, **found)


def facts(row: Row) -> dict[str, Any]:
    code, sku = row.get("code") or "", row.get("sku") or ""
    archived = bool(row.get("is_archived"))
    return {"catalog_id": row["id"], "name": row["name"], "code": code, "sku": sku, "is_archived": archived}


def named(item_id: str, name: str, sku: str) -> dict[str, Any]:
    return {"item_id": item_id, "item_name": name, "item_sku": sku}


def unmatched_sentence(connection: QuickBooksConnection, settings: SyncSettings) -> str:
    """How a line is sent whose item has no match."""
    fallback = settings.fallback_item and fallback_name(connection, settings.fallback_item)
    if connection.itemless_lines == ItemlessLines.IGNORED:
        if fallback:
            return f"No match: sent with the fallback item “{fallback}”."
        return "No match: its invoices wait until you choose a fallback item."
    if connection.itemless_lines == ItemlessLines.UNKNOWN and fallback:
        return f"No match: sent without an item, or with “{fallback}” if QuickBooks drops its amount."
    return "No match: sent without an item."


def fallback_name(connection: QuickBooksConnection, item_id: str) -> str:
    items = stored_list(connection, LookupList.Name.ITEMS)
    return next((item["name"] for item in items if item["id"] == item_id), item_id)
