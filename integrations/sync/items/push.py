"""Find the QuickBooks item for each line of an invoice that is pushed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from integrations.errors import NeedsDecision
from integrations.item_matching import match
from integrations.messages.items import ItemMessage
from integrations.models import ItemlessLines, Kind, QuickBooksConnection, RecordLink
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.lookups import DAILY, SOON, LookupName, find_in_lookup, lookup_rows
from integrations.sync.items.lines import InvoiceLine, with_items


def items_of_lines(
    ctx: SyncContext, lines: Sequence[InvoiceLine]
) -> tuple[list[InvoiceLine], list[RecordLink]]:
    """The lines with the item that was chosen for all, or with those that match, and the links of new matches.

    Raises NeedsDecision if the item chosen for all is not active any more.
    """
    item_id = ctx.settings.line_item
    if not item_id:
        return _match_lines(ctx, lines)
    item = find_in_lookup(ctx, LookupName.ITEMS, id=item_id)
    if item is None or not item["is_active"]:
        name = item["name"] if item is not None else item_id
        raise NeedsDecision(ItemMessage.LINE_ITEM_INACTIVE(item=name), [RETRY, DISCARD])
    return [replace(line, item_id=item_id) for line in lines], []


def _match_lines(
    ctx: SyncContext, lines: Sequence[InvoiceLine]
) -> tuple[list[InvoiceLine], list[RecordLink]]:
    """The lines with their items, and the links of new matches, not yet stored."""
    catalog_ids = {line.catalog_id for line in lines if line.catalog_id}
    links = RecordLink.objects.of(ctx.connection, Kind.ITEM).filter(coperniq_id__in=catalog_ids)
    known = {link.coperniq_id: link for link in links}
    names = {line.catalog_id: line.item_name for line in lines}
    found: dict[str, str] = {}
    new: list[RecordLink] = []
    for catalog_id in catalog_ids:
        link = known.get(catalog_id)
        if link is None or not _is_link_usable(ctx, link):
            link = _match_catalog_item(ctx, catalog_id, names[catalog_id])
            new += [link] if link is not None else []
        if link is not None:
            link.pk = known[catalog_id].pk if catalog_id in known else link.pk
            found[catalog_id] = link.quickbooks_id
    return with_items(lines, found), new


def _is_link_usable(ctx: SyncContext, link: RecordLink) -> bool:
    """Raises NeedsDecision for an item that a person chose and that is not active in QuickBooks anymore."""
    item = find_in_lookup(ctx, LookupName.ITEMS, id=link.quickbooks_id)
    usable = item is not None and item["is_active"]
    if not usable and link.match_method == RecordLink.MatchMethod.CHOSEN:
        message = ItemMessage.ITEM_INACTIVE(item=link.quickbooks_name, catalog_item=link.coperniq_name)
        raise NeedsDecision(message, [RETRY, DISCARD])
    return usable


def _match_catalog_item(ctx: SyncContext, catalog_id: str, name: str) -> RecordLink | None:
    row = find_in_lookup(ctx, LookupName.CATALOG, id=catalog_id) or {
        "id": catalog_id,
        "name": name,
        "code": "",
    }
    for max_age in (DAILY, SOON):
        item, match_method = match(row, lookup_rows(ctx, LookupName.ITEMS, max_age))
        if item is not None:
            return build_item_link(ctx, row, item, match_method)
    return None


def build_item_link(
    ctx: SyncContext, row: Mapping[str, Any], item: Mapping[str, Any], match_method: str
) -> RecordLink:
    return RecordLink(
        connection=ctx.connection,
        kind=Kind.ITEM,
        coperniq_id=row["id"],
        coperniq_name=row["name"],
        quickbooks_id=item["id"],
        quickbooks_name=item["name"],
        number=(row.get("code") or "")[:40],
        amount_cents=item["price_cents"],
        match_method=match_method,
    )


def with_fallback_item(ctx: SyncContext, lines: Sequence[InvoiceLine]) -> list[InvoiceLine]:
    """If QuickBooks drops amounts of lines without an item, give such lines the item that an admin chose."""
    if not has_unmatched(lines) or not _drops_amounts(ctx):
        return list(lines)
    item_id = _fallback_item_id(ctx)
    return [replace(line, item_id=line.item_id or item_id) for line in lines]


def has_unmatched(lines: Iterable[InvoiceLine]) -> bool:
    return any(not line.item_id and line.amount_cents for line in lines)


def itemless_lines_policy(ctx: SyncContext) -> str:
    """What QuickBooks does with amounts of lines without an item. Not cached: another thread may just have stored it."""
    connections = QuickBooksConnection.objects.filter(pk=ctx.connection.pk)
    return connections.values_list("itemless_lines", flat=True).get()


def _drops_amounts(ctx: SyncContext) -> bool:
    return itemless_lines_policy(ctx) == ItemlessLines.IGNORED


def _fallback_item_id(ctx: SyncContext) -> str:
    item_id = chosen_item(ctx, ctx.settings.fallback_item)
    if not item_id:
        raise NeedsDecision(ItemMessage.NO_FALLBACK_ITEM(), [RETRY, DISCARD])
    return item_id


def chosen_item(ctx: SyncContext, item_id: str) -> str:
    """The chosen item's id, or "" if none is chosen or it is not active anymore."""
    item = find_in_lookup(ctx, LookupName.ITEMS, id=item_id) if item_id else None
    return item_id if item is not None and item["is_active"] else ""
