"""What a catalog item may be: the enumerations, and the rules that others met in live use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simulator.coperniq.errors import invalid

if TYPE_CHECKING:
    from simulator.coperniq.company import Company
    from simulator.coperniq.records import CatalogItem

TRADE_GROUPS = ("ENERGY", "MECHANICAL", "ELECTRICAL", "PLUMBING", "LOW_VOLTAGE", "ENVELOPE", "OTHER")
SERVICES = (
    "ADJUSTMENT",
    "BALANCING",
    "CALIBRATION",
    "CLEANING",
    "COMMISSIONING",
    "DECOMMISSIONING",
    "DIAGNOSTICS",
    "ENGINEERING",
    "EQUIPMENT_RENTAL",
    "INSPECTION",
    "INSTALLATION",
    "MAINTENANCE",
    "MONITORING",
    "OPTIMIZATION",
    "PERMITTING",
    "RELOCATION",
    "REMOVAL",
    "REPAIR",
    "REPLACEMENT",
    "RETROFIT",
    "SITE_SURVEY",
    "TESTING",
    "TRAINING",
    "OTHER",
)
# The sixteen of 77 that are named; which trade group some of them demand is a guess by their trade.
PRODUCTS = {
    "PV_MODULE": "ENERGY",
    "PV_INVERTER": "ENERGY",
    "MICROINVERTER": "ENERGY",
    "BATTERY_SYSTEM": "ENERGY",
    "EV_CHARGER": None,
    "RACKING": "ENERGY",
    "MOUNTING": None,
    "POWER_OPTIMIZER": "ENERGY",
    "GENERATOR": None,
    "PANELBOARD": "ELECTRICAL",
    "BREAKER": "ELECTRICAL",
    "WIRE": "ELECTRICAL",
    "HEAT_PUMP": "MECHANICAL",
    "WATER_HEATER": "PLUMBING",
    "SENSOR": None,
    "OTHER": None,
}
_SPELLED = re.compile(r"[A-Z][A-Z0-9_]*")


def demanded(values: dict[str, Any]) -> str | None:
    return PRODUCTS.get(values["category"]) if values["type"] == "PRODUCT" else None


def check(company: Company, item: CatalogItem | None, values: dict[str, Any]) -> None:
    now = vars(item) if item else {}
    whole = {**now, **values}
    _category(company, whole)
    if whole["type"] == "SERVICE":
        _service(company, whole)
    else:
        _product(company, whole)
    if company.switches["duplicate_item_code"] == "refuse":
        _unique(company, item, whole)


def _category(company: Company, whole: dict[str, Any]) -> None:
    category = whole["category"]
    if whole["type"] == "SERVICE":
        known = category in SERVICES
    elif company.switches["product_categories"] == "named":
        known = category in PRODUCTS
    else:
        known = _SPELLED.fullmatch(category) is not None
    if not known:
        raise invalid("category", f"category: {category} is not a category of a {whole['type']}")


def _service(company: Company, whole: dict[str, Any]) -> None:
    group = whole.get("trade_group", "OTHER")
    if group != "OTHER" and company.switches["service_trade_group"] == "other_only":
        raise invalid("tradeGroup", "A service must have the trade group OTHER")


def _product(company: Company, whole: dict[str, Any]) -> None:
    if not whole.get("manufacturer") and company.switches["product_manufacturer"] == "required":
        raise invalid("manufacturer", "A product must have a manufacturer")
    wanted = demanded(whole)
    strict = company.switches["category_trade_group"] == "matched"
    if strict and wanted and whole.get("trade_group", wanted) != wanted:
        raise invalid("tradeGroup", f"{whole['category']} must have the trade group {wanted}")


def _unique(company: Company, item: CatalogItem | None, whole: dict[str, Any]) -> None:
    others = [one for one in company.catalog.values() if one is not item and not one.is_archived]
    for name in ("code", "name"):
        if whole.get(name) and whole[name] in {getattr(one, name) for one in others}:
            raise invalid(name, f"{name} is taken")
