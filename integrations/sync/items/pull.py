"""Find the Coperniq catalog item for a QuickBooks item: linked, matched by code or name, else created."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from integrations.errors import Refused
from integrations.item_matching import match
from integrations.models import Kind, RecordLink, RemoteWrite, SyncRun, Vendor
from integrations.quickbooks.bodies import dump, money
from integrations.sync.engine import responses as engine_responses
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.handlers import response_handler
from integrations.sync.engine.lookups import (
    DAILY,
    SOON,
    LookupName,
    find_in_lookup,
    lookup_rows,
    refresh_lookup,
)
from integrations.sync.engine.outbox import send_write, store_prepared_write
from integrations.sync.engine.persistence import store_result
from integrations.sync.engine.shared_records import LOCKS, resolve_writes
from integrations.sync.items.generic import generic_item
from integrations.sync.items.pull_response import CatalogItemData
from integrations.sync.items.push import build_item_link

Row = Mapping[str, Any]
_NEW_ITEM_CLASS = {"type": "SERVICE", "category": "OTHER", "tradeGroup": "OTHER"}
"""Values that Coperniq accepts for any item (docs/vendors/coperniq-api.md, 3.12)."""
_CATALOG_LOCK = LOCKS[engine_responses.CATALOG_ITEM]
_SYNCED_FIELDS = ("name", "code", "price", "cost")


def catalog_id_for(ctx: SyncContext, run: SyncRun, item_id: str) -> str | None:
    """The catalog item's id; it is created if missing, and updated if the portal created it and the item has changed.

    None if Coperniq has several matching items, or refuses to create one.
    """
    item = find_in_lookup(ctx, LookupName.ITEMS, id=item_id)
    link = find_item_link_in_use(ctx, item_id)
    if link is not None:
        if (
            item is not None
            and link.match_method == RecordLink.MatchMethod.PULLED
            and link.quickbooks_snapshot != _item_snapshot(item)
        ):
            _update_catalog_item(ctx, run, link, item)
        return link.coperniq_id
    return _match_or_create(ctx, run, item) if item is not None else None


def find_item_link_in_use(ctx: SyncContext, item_id: str) -> RecordLink | None:
    """The first link whose catalog item is not archived."""
    links = RecordLink.objects.of(ctx.connection, Kind.ITEM).filter(quickbooks_id=item_id).order_by("pk")
    return next((link for link in links if _is_in_use(ctx, link.coperniq_id)), None)


def _is_in_use(ctx: SyncContext, catalog_id: str) -> bool:
    row = find_in_lookup(ctx, LookupName.CATALOG, id=catalog_id)
    return row is not None and not row["is_archived"]


def _match_or_create(ctx: SyncContext, run: SyncRun, item: Row) -> str | None:
    with ctx.locked(_CATALOG_LOCK):
        known = find_item_link_in_use(ctx, item["id"])
        if known is not None:
            return known.coperniq_id
        _resolve_open_item_writes(ctx, run, item["id"])
        for max_age in (DAILY, SOON):
            found, match_method = _match_in_catalog(ctx, item, lookup_rows(ctx, LookupName.CATALOG, max_age))
            if found is not None:
                link = build_item_link(ctx, found, item, match_method)
                RecordLink.objects.bulk_create([link], ignore_conflicts=True)
                return link.coperniq_id
        known = find_item_link_in_use(ctx, item["id"])
        if known is not None or match_method:
            return known.coperniq_id if known is not None else None
        return _create_catalog_item(ctx, run, item["id"], item["name"], _item_snapshot(item))


def _match_in_catalog(ctx: SyncContext, item: Row, catalog: list[dict[str, Any]]) -> tuple[Row | None, str]:
    """The rules of the push with the sides exchanged; catalog items linked to another item are left out."""
    links = RecordLink.objects.of(ctx.connection, Kind.ITEM).exclude(quickbooks_id=item["id"])
    linked_ids = set(links.values_list("coperniq_id", flat=True))
    rows = [
        {**row, "sku": row.get("code"), "kind": "", "is_active": not row["is_archived"]}
        for row in catalog
        if row["id"] not in linked_ids
    ]
    return match({"name": item["name"], "code": item["sku"]}, rows)


def generic_item_id(ctx: SyncContext, run: SyncRun, number: int) -> str:
    """The catalog item for the `number`th line of an invoice without a QuickBooks item; created if missing.

    Raises Refused if Coperniq refuses to create it.
    """
    name = generic_item(number)
    known = _find_generic(ctx, name, DAILY)
    if known and not _open_item_writes(ctx, name).exists():
        return known
    with ctx.locked(_CATALOG_LOCK):
        _resolve_open_item_writes(ctx, run, name)
        known = _find_generic(ctx, name, SOON)
        snapshot = {"name": name, "code": "", "price": 0, "cost": 0}
        return known or str(_create_catalog_item(ctx, run, name, name, snapshot, strict=True))


def _find_generic(ctx: SyncContext, name: str, max_age: timedelta) -> str:
    rows = lookup_rows(ctx, LookupName.CATALOG, max_age)
    same = (row["id"] for row in rows if row["name"] == name and not row["is_archived"])
    return str(next(same, ""))


def _item_snapshot(item: Row) -> dict[str, Any]:
    """The fields of a QuickBooks item that are copied to the catalog item created for it; prices in cents."""
    return {
        "name": item["name"],
        "code": item["sku"],
        "price": item["price_cents"] or 0,
        "cost": item.get("cost_cents") or 0,
    }


def _create_catalog_item(
    ctx: SyncContext,
    run: SyncRun,
    item_key: str,
    name: str,
    snapshot: dict[str, Any],
    *,
    strict: bool = False,
) -> str | None:
    """The caller holds the lock and has searched for it. If refused: None, or with `strict` raises Refused."""
    write = _build_item_write(ctx, run, item_key, name, snapshot)
    try:
        _send_item_write(ctx, run, write, {**_NEW_ITEM_CLASS, **_catalog_body(snapshot)})
    except Refused:
        if strict:
            raise
        return None
    link = _newest_item_link(ctx, item_key)
    return link.coperniq_id if link else None


def _update_catalog_item(ctx: SyncContext, run: SyncRun, link: RecordLink, item: Row) -> None:
    """For an item that the portal created. A refusal is ignored, so that the invoice can still be pulled."""
    with ctx.locked(_CATALOG_LOCK):
        _resolve_open_item_writes(ctx, run, item["id"])
        write = _build_item_write(ctx, run, item["id"], item["name"], _item_snapshot(item), link)
        try:
            _send_item_write(ctx, run, write, _catalog_body(_item_snapshot(item)))
        except Refused:
            return


def _build_item_write(
    ctx: SyncContext,
    run: SyncRun,
    item_key: str,
    name: str,
    snapshot: dict[str, Any],
    link: RecordLink | None = None,
) -> RemoteWrite:
    before = link.quickbooks_snapshot if link else {}
    return RemoteWrite(
        connection=ctx.connection,
        run=run,
        vendor=Vendor.COPERNIQ,
        kind=Kind.ITEM,
        coperniq_id=link.coperniq_id if link else "",
        entity=engine_responses.CATALOG_ITEM,
        operation="update" if link else "create",
        quickbooks_id=item_key,
        match_method=RecordLink.MatchMethod.PULLED,
        response_data=CatalogItemData(name, snapshot).as_json(),
        changes=[
            {
                "field": field,
                "before": _display_value(before.get(field)),
                "after": _display_value(snapshot[field]),
            }
            for field in _SYNCED_FIELDS
            if before.get(field) != snapshot[field]
        ],
    )


def _display_value(value: object) -> str:
    return f"${money(value):,}" if isinstance(value, int) else str(value or "")


def _catalog_body(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    code = {"code": snapshot["code"]} if snapshot["code"] else {}
    return {
        "name": snapshot["name"],
        "price": money(snapshot["price"]),
        "cost": money(snapshot["cost"]),
        **code,
    }


def _send_item_write(ctx: SyncContext, run: SyncRun, write: RemoteWrite, body: Mapping[str, Any]) -> None:
    store_prepared_write(ctx, write, dump(body))
    text = write.body
    response = send_write(ctx, write)
    store_result(ctx, run, response_handler(write.entity).on_response(ctx, write, response, text))
    refresh_lookup(ctx, LookupName.CATALOG)


def _open_item_writes(ctx: SyncContext, item_key: str) -> QuerySet[RemoteWrite]:
    writes = RemoteWrite.objects.open().filter(connection=ctx.connection, vendor=Vendor.COPERNIQ)
    return writes.filter(kind=Kind.ITEM, quickbooks_id=item_key)


def _resolve_open_item_writes(ctx: SyncContext, run: SyncRun, item_key: str) -> None:
    """Find out what became of unanswered writes of an earlier attempt."""
    if resolve_writes(ctx, run, _open_item_writes(ctx, item_key)):
        refresh_lookup(ctx, LookupName.CATALOG)


def _newest_item_link(ctx: SyncContext, item_key: str) -> RecordLink | None:
    links = RecordLink.objects.of(ctx.connection, Kind.ITEM).filter(quickbooks_id=item_key)
    return links.order_by("-pk").first()
