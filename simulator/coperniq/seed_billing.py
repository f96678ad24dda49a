"""What the demo company sells, and an invoice of the time before anything was connected."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from simulator.coperniq import catalog
from simulator.coperniq.billing import payments, writing
from simulator.coperniq.billing.records import Line

if TYPE_CHECKING:
    from datetime import datetime

    from simulator.coperniq.company import Company
    from simulator.coperniq.records import CatalogItem

# name, code, category, cost and price in cents
_SERVICES = [
    ("Solar installation", "SVC-INSTALL", "INSTALLATION", 600_00, 1_150_00),
    ("Permit", "SVC-PERMIT", "PERMITTING", 200_00, 350_00),
    ("Roof tear-off", "SVC-TEAROFF", "REMOVAL", 1_400_00, 2_600_00),
    ("Site survey", None, "SITE_SURVEY", 90_00, 199_99),
    ("Discount", "DISCOUNT", "OTHER", 0, 0),
]
# name, code, sku, manufacturer, category, cost and price in cents
_PRODUCTS = [
    ("Solar panel 400 W", "PV-400", "SUN-400-BLK", "Sunfield", "PV_MODULE", 168_50, 289_00),
    ("Hybrid inverter 7.6 kW", "INV-76", "HEL-7600", "Helion", "PV_INVERTER", 1_480_00, 2_350_00),
    ("Home battery 13.5 kWh", "BAT-135", "HEL-B135", "Helion", "BATTERY_SYSTEM", 6_900_00, 9_850_00),
    ("Asphalt shingles, per square", "SHINGLE-SQ", "RDG-30Y", "Ridgeway", "OTHER", 94_25, 142_75),
]
OLD_PROJECT, OLD_AGE = 12355, timedelta(days=45)


def plant(company: Company) -> None:
    for name, code, category, cost, price in _SERVICES:
        _item(company, type="SERVICE", name=name, code=code, category=category, cost=cost, price=price)
    for name, code, sku, maker, category, cost, price in _PRODUCTS:
        made = {"name": name, "code": code, "sku": sku, "manufacturer": maker, "category": category}
        _item(company, type="PRODUCT", **made, cost=cost, price=price)
    _old_invoice(company)


def _item(company: Company, **values: Any) -> CatalogItem:
    return catalog.add(company, company.person, values)


def _old_invoice(company: Company) -> None:
    """Sent, paid in part, and overdue by now."""
    project = next(one for one in company.projects.values() if one.number == OLD_PROJECT)
    sold = {one.code: one for one in company.catalog.values()}
    lines = [_line(sold["SVC-PERMIT"], 1), _line(sold["PV-400"], 12), _line(sold["SVC-INSTALL"], 1)]
    begun = company.now() - OLD_AGE
    values = {"record_id": project.id, "calculation": "LINE_ITEMS", "status": "SENT", "lines": lines}
    dates = {"issue_date": _midnight(begun), "due_date": _midnight(begun + timedelta(days=30))}
    made = writing.add(
        company, company.person, values | dates | {"description": "First half, due in 30 days"}
    )
    paid = {"amount": 2_000_00, "status": company.switches["payment_status"], "method": "CHECK"}
    paid |= {"date": _midnight(begun + timedelta(days=9)), "reference": "Check 1188"}
    payment = payments.add(company, company.person, made, paid)
    made.created_at = begun
    payment.created_at = payment.updated_at = made.updated_at = begun + timedelta(days=9)


def _line(item: CatalogItem, quantity: int) -> Line:
    return Line(0, item.id, quantity, item.cost or 0, item.price or 0)


def _midnight(when: datetime) -> datetime:
    return when.replace(hour=0, minute=0, second=0, microsecond=0)
