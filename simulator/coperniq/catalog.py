"""The catalog: everything comes in one answer, whatever the query asks; what is deleted is only archived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.coperniq import catalog_rules, fields, rendering
from simulator.coperniq.records import CatalogItem

if TYPE_CHECKING:
    from simulator.coperniq.call import Answer, Call
    from simulator.coperniq.company import Company
    from simulator.coperniq.records import User

UPDATE: fields.Schema = {
    "name": ("name", fields.filled),
    "type": ("type", fields.one_of("PRODUCT", "SERVICE")),
    "category": ("category", fields.filled),
    "code": ("code", fields.nullable(fields.text)),
    "description": ("description", fields.nullable(fields.text)),
    "cost": ("cost", fields.money),
    "price": ("price", fields.money),
    "tradeGroup": ("trade_group", fields.one_of(*catalog_rules.TRADE_GROUPS)),
    "preferredVendorId": ("preferred_vendor_id", fields.nullable(fields.identifier)),
}
CREATE: fields.Schema = {
    **UPDATE,
    "manufacturer": ("manufacturer", fields.nullable(fields.text)),
    "sku": ("sku", fields.nullable(fields.text)),
}
PERSON: fields.Schema = {
    **CREATE,
    "cost": ("cost", fields.nullable(fields.money)),
    "price": ("price", fields.nullable(fields.money)),
    "isArchived": ("is_archived", fields.flag),
}
REQUIRED = ("name", "type", "category", "cost", "price")


def add(company: Company, user: User | None, values: dict[str, Any]) -> CatalogItem:
    values = {"trade_group": catalog_rules.demanded(values) or "OTHER", **values}
    item = CatalogItem(**company.stamp("catalog", user), **values)
    company.catalog[item.id] = item
    return item


def change(company: Company, user: User | None, item: CatalogItem, values: dict[str, Any]) -> None:
    changed = {name: value for name, value in values.items() if getattr(item, name) != value}
    for name, value in changed.items():
        setattr(item, name, value)
    if changed or company.switches["patch_always_touches"]:
        company.touch(item, user)


def find(company: Company, id: int, *, archived: bool = False) -> CatalogItem:
    found = company.catalog.get(id)
    if found is None or (found.is_archived and not archived):
        raise company.absent("catalog", id)
    return found


def list_(call: Call) -> Answer:
    found = [one for one in call.company.catalog.values() if not one.is_archived]
    return 200, [rendering.catalog_item(call.company, one) for one in found]


def get(call: Call) -> Answer:
    return 200, rendering.catalog_item(call.company, find(call.company, call.id))


def create(call: Call) -> Answer:
    values = fields.read(CREATE, call.body(), REQUIRED, call.switches["unknown_fields"])
    catalog_rules.check(call.company, None, values)
    return 201, rendering.catalog_item(call.company, add(call.company, call.user, values))


def update(call: Call) -> Answer:
    item = find(call.company, call.id)
    values = fields.read(UPDATE, call.body(), (), call.switches["unknown_fields"])
    catalog_rules.check(call.company, item, values)
    change(call.company, call.user, item, values)
    return 200, rendering.catalog_item(call.company, item)


def delete(call: Call) -> Answer:
    item = find(call.company, call.id)
    change(call.company, call.user, item, {"is_archived": True})
    shown = rendering.catalog_item(call.company, item)
    return 200, shown if call.switches["delete_body"] == "record" else None


ROUTES = [
    ("GET", "catalog-items", list_),
    ("POST", "catalog-items", create),
    ("GET", "catalog-items/<id>", get),
    ("PATCH", "catalog-items/<id>", update),
    ("DELETE", "catalog-items/<id>", delete),
]
