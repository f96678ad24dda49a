"""Find the Coperniq catalog item for a QuickBooks item: linked, matched by code or name, else to be created."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from integrations.errors import Refused
from integrations.item_matching import match
from integrations.models import Kind, RecordLink, Vendor
from integrations.models.snapshots import ItemSnapshot
from integrations.models.typed_json import StoredData
from integrations.quickbooks.bodies import dump, money
from integrations.sync.engine import responses as engine_responses
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import NewLink
from integrations.sync.engine.lookups import DAILY, SOON, LookupName, find_in_lookup, lookup_rows
from integrations.sync.engine.plan import Change, PlannedWrite, Prerequisite, stand_in_for
from integrations.sync.engine.shared_records import is_pending
from integrations.sync.items.generic import generic_item
from integrations.sync.items.push import build_item_link

Row = Mapping[str, Any]
_NEW_ITEM_CLASS = {"type": "SERVICE", "category": "OTHER", "tradeGroup": "OTHER"}
"""Values that Coperniq accepts for any item (docs/vendors/coperniq-api.md, 3.12)."""


@dataclass(frozen=True)
class CatalogItemData(StoredData):
    """QuickBooks' item, or the generic item, that a catalog item is written for."""

    name: str
    snapshot: ItemSnapshot


def catalog_id_for(ctx: SyncContext, item_id: str) -> str | None:
    """The catalog item's id. Its creation is a prerequisite if there is none, as is an update of one that the portal
    created and whose item has changed.

    None if Coperniq has several matching items, or refuses to create one.
    """
    item = find_in_lookup(ctx, LookupName.ITEMS, id=item_id)
    link = find_item_link_in_use(ctx, item_id)
    if link is not None:
        if item is not None and link.match_method == RecordLink.MatchMethod.PULLED:
            _require_update(ctx, link, item)
        return link.coperniq_id
    return _match_or_require(ctx, item) if item is not None else None


def _require_update(ctx: SyncContext, link: RecordLink, item: Row) -> None:
    """A refusal is ignored, so that the invoice can still be pulled."""
    wanted = _item_snapshot(item)
    if link.quickbooks_item != wanted and not ctx.settings.is_one_way:
        with suppress(Refused):
            ctx.require(_item_prerequisite(item["id"], item["name"], wanted, link))


def find_item_link_in_use(ctx: SyncContext, item_id: str) -> RecordLink | None:
    """The first link whose catalog item is not archived."""
    links = RecordLink.objects.of(ctx.connection, Kind.ITEM).filter(quickbooks_id=item_id).order_by("pk")
    return next((link for link in links if _is_in_use(ctx, link.coperniq_id)), None)


def _is_in_use(ctx: SyncContext, catalog_id: str) -> bool:
    row = find_in_lookup(ctx, LookupName.CATALOG, id=catalog_id)
    return row is not None and not row["is_archived"]


def _match_or_require(ctx: SyncContext, item: Row) -> str | None:
    wanted = _item_prerequisite(item["id"], item["name"], _item_snapshot(item))
    if not is_pending(ctx, wanted):
        for max_age in (DAILY, SOON):
            found, match_method = _match_in_catalog(ctx, item, lookup_rows(ctx, LookupName.CATALOG, max_age))
            if found is not None:
                ctx.follow_ups.append(NewLink(build_item_link(ctx, found, item, match_method)))
                return str(found["id"])
        if match_method:
            return None
    try:
        return ctx.require(wanted)
    except Refused:
        return None


def _match_in_catalog(ctx: SyncContext, item: Row, catalog: list[dict[str, Any]]) -> tuple[Row | None, str]:
    """The rules of the push with the sides exchanged; catalog items linked to another item are left out."""
    links = RecordLink.objects.of(ctx.connection, Kind.ITEM).exclude(quickbooks_id=item["id"])
    linked_ids = set(links.values_list("coperniq_id", flat=True))
    new = (each.link for each in ctx.follow_ups if isinstance(each, NewLink))
    linked_ids |= {link.coperniq_id for link in new if link.quickbooks_id != item["id"]}
    rows = [
        {**row, "sku": row.get("code"), "kind": "", "is_active": not row["is_archived"]}
        for row in catalog
        if row["id"] not in linked_ids
    ]
    return match({"name": item["name"], "code": item["sku"]}, rows)


def generic_item_id(ctx: SyncContext, number: int) -> str:
    """The catalog item for the `number`th line of an invoice without a QuickBooks item; a prerequisite if missing.

    Raises Refused if Coperniq refuses to create it.
    """
    name = generic_item(number)
    wanted = _item_prerequisite(name, name, ItemSnapshot(name))
    if is_pending(ctx, wanted):
        return ctx.require(wanted)
    known = find_generic(ctx, name, DAILY) or find_generic(ctx, name, SOON)
    return known or ctx.require(wanted)


def find_generic(ctx: SyncContext, name: str, max_age: timedelta) -> str:
    rows = lookup_rows(ctx, LookupName.CATALOG, max_age)
    same = (row["id"] for row in rows if row["name"] == name and not row["is_archived"])
    return str(next(same, ""))


def _item_snapshot(item: Row) -> ItemSnapshot:
    return ItemSnapshot(item["name"], item["sku"], item["price_cents"] or 0, item.get("cost_cents") or 0)


def _item_prerequisite(
    key: str, name: str, snapshot: ItemSnapshot, link: RecordLink | None = None
) -> Prerequisite:
    """Create the catalog item, or update that of `link`."""
    before = vars(link.quickbooks_item) if link else {}
    changes = tuple(
        Change(field, _display_value(before.get(field)), _display_value(value))
        for field, value in vars(snapshot).items()
        if before.get(field) != value
    )
    write = PlannedWrite(
        "update" if link else "create",
        engine_responses.CATALOG_ITEM,
        {**({} if link else _NEW_ITEM_CLASS), **_catalog_body(snapshot)},
        changes,
        vendor=Vendor.COPERNIQ,
        coperniq_id=link.coperniq_id if link else "",
    )
    return Prerequisite(write, key, CatalogItemData(name, snapshot), _described(key, snapshot))


def describe_item(ctx: SyncContext, item_id: str) -> str:
    """The item of a planned line, with all that the portal writes of its catalog item, or has written."""
    item, link = find_in_lookup(ctx, LookupName.ITEMS, id=item_id), find_item_link_in_use(ctx, item_id)
    is_new = stand_in_for(engine_responses.CATALOG_ITEM, item_id) in ctx.prerequisites
    is_written = link.match_method == RecordLink.MatchMethod.PULLED if link is not None else is_new
    return _described(item_id, _item_snapshot(item)) if is_written and item is not None else f"item {item_id}"


def _described(key: str, snapshot: ItemSnapshot) -> str:
    return f"item {key}: {dump(snapshot.as_json())}"


def required_costs(ctx: SyncContext) -> dict[str, int]:
    """Cents by catalog item, or its stand-in, of those that are to be created or updated first."""
    return {
        each.write.coperniq_id or stand_in: each.response_data.snapshot.cost
        for stand_in, each in ctx.prerequisites.items()
        if isinstance(each.response_data, CatalogItemData)
    }


def _display_value(value: object) -> str:
    return f"${money(value):,}" if isinstance(value, int) else str(value or "")


def _catalog_body(snapshot: ItemSnapshot) -> dict[str, object]:
    code = {"code": snapshot.code} if snapshot.code else {}
    return {"name": snapshot.name, "price": money(snapshot.price), "cost": money(snapshot.cost), **code}
