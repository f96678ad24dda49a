"""Handle Coperniq's response to a write of a catalog item, and find a write whose response was lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from integrations.coperniq.money import CatalogItem
from integrations.messages.items import ItemMessage
from integrations.models import Kind, RecordLink, RemoteWrite
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.lookups import SOON
from integrations.sync.engine.plan import AnsweredWrite, Change, Prerequisite, RunResult, done
from integrations.sync.engine.responses import WriteResponse, load_body
from integrations.sync.items.pull import CatalogItemData, find_generic, find_item_link_in_use


def on_response(ctx: SyncContext, write: RemoteWrite, sent: WriteResponse, body: str) -> RunResult:
    item = cast("CatalogItem", sent.record)
    verb = "Updated" if write.coperniq_id else "Created"
    link = RecordLink.objects.pushed(ctx.connection, Kind.ITEM, item.id) or RecordLink(
        connection=ctx.connection,
        kind=Kind.ITEM,
        coperniq_id=item.id,
        quickbooks_id=write.quickbooks_id,
        match_method=write.match_method,
    )
    data = CatalogItemData.from_json(write.response_data)
    link.coperniq_name, link.quickbooks_name = item.name, data.name
    link.quickbooks_item = data.snapshot
    link.number, link.amount_cents = item.code[:40], item.price_cents
    return done(
        ItemMessage.CATALOG_ITEM_WRITTEN(verb=verb, item=item.name),
        changes=[Change(**change) for change in write.changes],
        quickbooks_id=write.quickbooks_id,
        record_name=item.name,
        link=link,
        answered=AnsweredWrite(write, write.quickbooks_id, "", ""),
    )


def exists(ctx: SyncContext, prerequisite: Prerequisite) -> bool:
    """Another thread may have created or updated it."""
    link = find_item_link_in_use(ctx, prerequisite.key)
    wanted = prerequisite.response_data
    if prerequisite.write.operation == "update" and isinstance(wanted, CatalogItemData):
        return link is not None and link.quickbooks_item == wanted.snapshot
    return link is not None or bool(find_generic(ctx, prerequisite.key, SOON))


def find_lost_write(ctx: SyncContext, write: RemoteWrite, body: str) -> WriteResponse | None:
    """By name, which is not unique in Coperniq, so catalog items linked to another item are left out."""
    wanted = load_body(body)
    links = RecordLink.objects.of(ctx.connection, Kind.ITEM)
    linked_ids = set(links.exclude(quickbooks_id=write.quickbooks_id).values_list("coperniq_id", flat=True))
    for row in ctx.coperniq.list_catalog():
        same = row.id == write.coperniq_id if write.coperniq_id else row.name == wanted["name"]
        if same and row.id not in linked_ids and _has_item_values(row, wanted):
            return WriteResponse(row, "")
    return None


def _has_item_values(row: CatalogItem, wanted: Mapping[str, Any]) -> bool:
    return row.name == wanted["name"] and row.price_cents == int(wanted["price"] * 100)
