"""The catalog: docs/vendors/coperniq-api.md, 3.12. One answer holds all of it; DELETE only archives."""

from __future__ import annotations

import re

from simulator.coperniq import rendering, validation
from simulator.coperniq.company import Company
from simulator.coperniq.query_parameters import Answer, Call
from simulator.coperniq.records import CatalogItem, User
from simulator.coperniq.validation import Json, invalid

TRADE_GROUPS = ("ENERGY", "MECHANICAL", "ELECTRICAL", "PLUMBING", "LOW_VOLTAGE", "ENVELOPE", "OTHER")
SERVICES = {
    *(
        "ADJUSTMENT",
        "BALANCING",
        "CALIBRATION",
        "CLEANING",
        "COMMISSIONING",
        "DECOMMISSIONING",
        "DIAGNOSTICS",
    ),
    *("ENGINEERING", "EQUIPMENT_RENTAL", "INSPECTION", "INSTALLATION", "MAINTENANCE", "MONITORING"),
    *("OPTIMIZATION", "PERMITTING", "RELOCATION", "REMOVAL", "REPAIR", "REPLACEMENT", "RETROFIT"),
    *("SITE_SURVEY", "TESTING", "TRAINING", "OTHER"),
}
# The sixteen of 77 that are named; which trade group some of them demand is a guess by their trade.
PRODUCTS = {
    **dict.fromkeys(("PV_MODULE", "PV_INVERTER", "MICROINVERTER", "BATTERY_SYSTEM", "RACKING"), "ENERGY"),
    "POWER_OPTIMIZER": "ENERGY",
    **dict.fromkeys(("PANELBOARD", "BREAKER", "WIRE"), "ELECTRICAL"),
    "HEAT_PUMP": "MECHANICAL",
    "WATER_HEATER": "PLUMBING",
    **dict.fromkeys(("EV_CHARGER", "MOUNTING", "GENERATOR", "SENSOR", "OTHER")),
}
_SPELLED = re.compile(r"[A-Z][A-Z0-9_]*")


def required_trade_group(values: Json) -> str | None:
    return PRODUCTS.get(values["category"]) if values["type"] == "PRODUCT" else None


def check_item(company: Company, item: CatalogItem | None, values: Json) -> None:
    now = vars(item) if item else {}
    whole = {**now, **values}
    _category(company, whole)
    if whole["type"] == "SERVICE":
        _service(company, whole)
    else:
        _product(company, whole)
    if company.switches["duplicate_item_code"] == "refuse":
        _unique(company, item, whole)


def _category(company: Company, whole: Json) -> None:
    category = whole["category"]
    if whole["type"] == "SERVICE":
        known = category in SERVICES
    elif company.switches["product_categories"] == "named":
        known = category in PRODUCTS
    else:
        known = _SPELLED.fullmatch(category) is not None
    if not known:
        raise invalid("category", f"category: {category} is not a category of a {whole['type']}")


def _service(company: Company, whole: Json) -> None:
    group = whole.get("trade_group", "OTHER")
    if group != "OTHER" and company.switches["service_trade_group"] == "other_only":
        raise invalid("tradeGroup", "A service must have the trade group OTHER")


def _product(company: Company, whole: Json) -> None:
    if not whole.get("manufacturer") and company.switches["product_manufacturer"] == "required":
        raise invalid("manufacturer", "A product must have a manufacturer")
    wanted = required_trade_group(whole)
    strict = company.switches["category_trade_group"] == "matched"
    if strict and wanted and whole.get("trade_group", wanted) != wanted:
        raise invalid("tradeGroup", f"{whole['category']} must have the trade group {wanted}")


def _unique(company: Company, item: CatalogItem | None, whole: Json) -> None:
    others = [one for one in company.catalog.values() if one is not item and not one.is_archived]
    for name in ("code", "name"):
        if whole.get(name) and whole[name] in {getattr(one, name) for one in others}:
            raise invalid(name, f"{name} is taken")


UPDATE: validation.Schema = {
    "name": ("name", validation.filled),
    "type": ("type", validation.one_of("PRODUCT", "SERVICE")),
    "category": ("category", validation.filled),
    "code": ("code", validation.nullable(validation.text)),
    "description": ("description", validation.nullable(validation.text)),
    "cost": ("cost", validation.money),
    "price": ("price", validation.money),
    "tradeGroup": ("trade_group", validation.one_of(*TRADE_GROUPS)),
    "preferredVendorId": ("preferred_vendor_id", validation.nullable(validation.identifier)),
}
CREATE: validation.Schema = {
    **UPDATE,
    "manufacturer": ("manufacturer", validation.nullable(validation.text)),
    "sku": ("sku", validation.nullable(validation.text)),
}
BY_USER: validation.Schema = {
    **CREATE,
    "cost": ("cost", validation.nullable(validation.money)),
    "price": ("price", validation.nullable(validation.money)),
    "isArchived": ("is_archived", validation.flag),
}
REQUIRED = ("name", "type", "category", "cost", "price")


def add(company: Company, user: User | None, values: Json) -> CatalogItem:
    values = {"trade_group": required_trade_group(values) or "OTHER", **values}
    item = CatalogItem(**company.stamp("catalog", user), **values)
    company.catalog[item.id] = item
    return item


def find(company: Company, id: int, *, archived: bool = False) -> CatalogItem:
    found = company.catalog.get(id)
    if found is None or (found.is_archived and not archived):
        raise company.absent("catalog", id)
    return found


def list_(call: Call) -> Answer:
    found = [one for one in call.company.catalog.values() if not one.is_archived]
    return 200, [rendering.catalog_item_json(call.company, one) for one in found]


def get(call: Call) -> Answer:
    return 200, rendering.catalog_item_json(call.company, find(call.company, call.id))


def create(call: Call) -> Answer:
    values = validation.read_fields(CREATE, call.body(), REQUIRED, call.switches["unknown_fields"])
    check_item(call.company, None, values)
    return 201, rendering.catalog_item_json(call.company, add(call.company, call.user, values))


def update(call: Call) -> Answer:
    item = find(call.company, call.id)
    values = validation.read_fields(UPDATE, call.body(), (), call.switches["unknown_fields"])
    check_item(call.company, item, values)
    call.company.update(item, call.user, values)
    return 200, rendering.catalog_item_json(call.company, item)


def delete(call: Call) -> Answer:
    item = find(call.company, call.id)
    call.company.update(item, call.user, {"is_archived": True})
    shown = rendering.catalog_item_json(call.company, item)
    return call.deleted(shown)


ROUTES = [
    ("GET", "catalog-items", list_),
    ("POST", "catalog-items", create),
    ("GET", "catalog-items/<id>", get),
    ("PATCH", "catalog-items/<id>", update),
    ("DELETE", "catalog-items/<id>", delete),
]
