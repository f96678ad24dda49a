"""Which catalog item of Coperniq each QuickBooks item is: linked, matched by code or name, else made for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from integrations.errors import Refused
from integrations.item_matches import match
from integrations.models import Kind, RecordLink, RemoteWrite, SyncRun, Vendor
from integrations.quickbooks.bodies import dump, money
from integrations.sync import answers, reference
from integrations.sync.actions.items import item_link
from integrations.sync.actions.making import LOCKS, settle
from integrations.sync.desk import Desk
from integrations.sync.mapping.folded import generic_item
from integrations.sync.reference import Name
from integrations.sync.storing import store
from integrations.sync.writing import send, store_prepared

Row = Mapping[str, Any]
OF_ITS_OWN = {"type": "SERVICE", "category": "OTHER", "tradeGroup": "OTHER"}
"""What any item may be (docs/vendors/coperniq-api.md, 3.12)."""
LOCK = LOCKS[answers.CATALOG_ITEM]
KEPT_UP = ("name", "code", "price", "cost")


def catalog_id_of(desk: Desk, run: SyncRun, item_id: str) -> str | None:
    """None where Coperniq has no such item and takes none, or has several that fit."""
    item = reference.find(desk, Name.ITEMS, id=item_id)
    link = linked(desk, item_id)
    if link is not None:
        if item is not None and link.rule == RecordLink.Rule.PULLED and link.quickbooks_image != told(item):
            keep_up(desk, run, link, item)
        return link.coperniq_id
    return matched_or_made(desk, run, item) if item is not None else None


def linked(desk: Desk, item_id: str) -> RecordLink | None:
    """The first whose catalog item is still in use."""
    links = RecordLink.objects.of(desk.connection, Kind.ITEM).filter(quickbooks_id=item_id).order_by("pk")
    return next((link for link in links if in_use(desk, link.coperniq_id)), None)


def in_use(desk: Desk, catalog_id: str) -> bool:
    row = reference.find(desk, Name.CATALOG, id=catalog_id)
    return row is not None and not row["is_archived"]


def matched_or_made(desk: Desk, run: SyncRun, item: Row) -> str | None:
    with desk.locked(LOCK):
        known = linked(desk, item["id"])
        if known is not None:
            return known.coperniq_id
        settle_left(desk, run, item["id"])
        for max_age in (reference.DAILY, reference.SOON):
            found, rule = match_in_catalog(desk, item, reference.rows(desk, Name.CATALOG, max_age))
            if found is not None:
                link = item_link(desk, found, item, rule)
                RecordLink.objects.bulk_create([link], ignore_conflicts=True)
                return link.coperniq_id
        known = linked(desk, item["id"])
        if known is not None or rule:
            return known.coperniq_id if known is not None else None
        return make(desk, run, item["id"], item["name"], told(item))


def match_in_catalog(desk: Desk, item: Row, catalog: list[dict[str, Any]]) -> tuple[Row | None, str]:
    """As in the other direction, with the sides changed; what already stands for another item is none."""
    links = RecordLink.objects.of(desk.connection, Kind.ITEM).exclude(quickbooks_id=item["id"])
    taken = set(links.values_list("coperniq_id", flat=True))
    rows = [
        {**row, "sku": row.get("code"), "kind": "", "is_active": not row["is_archived"]}
        for row in catalog
        if row["id"] not in taken
    ]
    return match({"name": item["name"], "code": item["sku"]}, rows)


def generic_id(desk: Desk, run: SyncRun, number: int) -> str:
    """For what is no item of QuickBooks': several on one invoice need several of these."""
    name = generic_item(number)
    known = find_generic(desk, name, reference.DAILY)
    if known and not left_open(desk, name).exists():
        return known
    with desk.locked(LOCK):
        settle_left(desk, run, name)
        known = find_generic(desk, name, reference.SOON)
        nothing = {"name": name, "code": "", "price": 0, "cost": 0}
        return known or str(make(desk, run, name, name, nothing, strict=True))


def find_generic(desk: Desk, name: str, max_age: timedelta) -> str:
    rows = reference.rows(desk, Name.CATALOG, max_age)
    same = (row["id"] for row in rows if row["name"] == name and not row["is_archived"])
    return str(next(same, ""))


def told(item: Row) -> dict[str, Any]:
    """What an item made for QuickBooks' is kept up with; cents."""
    return {
        "name": item["name"],
        "code": item["sku"],
        "price": item["price_cents"] or 0,
        "cost": item.get("cost_cents") or 0,
    }


def make(
    desk: Desk, run: SyncRun, known_as: str, name: str, image: dict[str, Any], *, strict: bool = False
) -> str | None:
    """The caller holds the lock and has looked for it. Without `strict` a refusal is None."""
    write = item_write(desk, run, known_as, name, image)
    try:
        carry_out(desk, run, write, {**OF_ITS_OWN, **body_of(image)})
    except Refused:
        if strict:
            raise
        return None
    link = linked_by(desk, known_as)
    return link.coperniq_id if link else None


def keep_up(desk: Desk, run: SyncRun, link: RecordLink, item: Row) -> None:
    """Only what the portal itself made; a refusal is no reason to stop an invoice."""
    with desk.locked(LOCK):
        settle_left(desk, run, item["id"])
        write = item_write(desk, run, item["id"], item["name"], told(item), link)
        try:
            carry_out(desk, run, write, body_of(told(item)))
        except Refused:
            return


def item_write(
    desk: Desk,
    run: SyncRun,
    known_as: str,
    name: str,
    image: dict[str, Any],
    link: RecordLink | None = None,
) -> RemoteWrite:
    before = link.quickbooks_image if link else {}
    return RemoteWrite(
        connection=desk.connection,
        run=run,
        vendor=Vendor.COPERNIQ,
        kind=Kind.ITEM,
        coperniq_id=link.coperniq_id if link else "",
        entity=answers.CATALOG_ITEM,
        operation="update" if link else "create",
        quickbooks_id=known_as,
        rule=RecordLink.Rule.PULLED,
        about={"about": {"name": name, "image": image}},
        changes=[
            {"field": field, "before": shown(before.get(field)), "after": shown(image[field])}
            for field in KEPT_UP
            if before.get(field) != image[field]
        ],
    )


def shown(value: object) -> str:
    return f"${money(value):,}" if isinstance(value, int) else str(value or "")


def body_of(image: Mapping[str, Any]) -> dict[str, Any]:
    code = {"code": image["code"]} if image["code"] else {}
    return {"name": image["name"], "price": money(image["price"]), "cost": money(image["cost"]), **code}


def carry_out(desk: Desk, run: SyncRun, write: RemoteWrite, body: Mapping[str, Any]) -> None:
    store_prepared(desk, write, dump(body))
    text = write.body
    store(desk, run, answers.OF[write.entity].ending_of(desk, write, send(desk, write), text))
    reference.refreshed(desk, Name.CATALOG)


def left_open(desk: Desk, known_as: str) -> QuerySet[RemoteWrite]:
    writes = RemoteWrite.objects.open().filter(connection=desk.connection, vendor=Vendor.COPERNIQ)
    return writes.filter(kind=Kind.ITEM, quickbooks_id=known_as)


def settle_left(desk: Desk, run: SyncRun, known_as: str) -> None:
    """What an earlier attempt left open is found out first."""
    if settle(desk, run, left_open(desk, known_as)):
        reference.refreshed(desk, Name.CATALOG)


def linked_by(desk: Desk, known_as: str) -> RecordLink | None:
    links = RecordLink.objects.of(desk.connection, Kind.ITEM).filter(quickbooks_id=known_as)
    return links.order_by("-pk").first()
