"""What the world holds when it begins: nothing, or the books of the demo (agreed name by name with Coperniq's side)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from simulator.coperniq import seed as coperniq_seed
from simulator.quickbooks.starting import furnish
from simulator.quickbooks.state import Company, Settings
from simulator.quickbooks.writing import edit, enter

if TYPE_CHECKING:
    from simulator.world import World

SEEDS = ("empty", "demo")
SHARED_EMAIL = "billing@oakstreet.example"


def plant(world: World, name: str) -> None:
    if name == "demo":
        with world.lock:
            _brightfield(
                world.quickbooks.open_company(
                    Settings("Brightfield Solar Books", using_sales_tax=True), "9341450000000001"
                )
            )
            _northgate(world.quickbooks.open_company(Settings("Northgate Roofing"), "9341450000000002"))
            coperniq_seed.plant(world.coperniq.add_company(*coperniq_seed.COMPANY))


def _brightfield(company: Company) -> None:
    furnish(company)
    for person in _CUSTOMERS:
        enter(company, "Customer", person)
    lakeside = next(
        one for one in company.records["Customer"].values() if one.fields["DisplayName"] == "Lakeside HOA"
    )
    for job in ("Lakeside HOA Clubhouse", "Lakeside HOA Pool House"):
        enter(company, "Customer", {"DisplayName": job, "Job": True, "ParentRef": {"value": lakeside.id}})
    gone = enter(company, "Customer", _customer("Priya Patel", "priya.patel@example.com"))
    edit(company, "Customer", gone.id, {"Active": False})
    for vendor in ("Sunline Supply", "Pacific Inverter Works", "Tri-County Permits"):
        enter(company, "Vendor", {"DisplayName": vendor, "CompanyName": vendor})
    for given, family in (("Sofia", "Ramirez"), ("Ben", "Carter")):
        enter(company, "Employee", {"GivenName": given, "FamilyName": family})
    _shelves(company)
    company.changes.clear()


def _shelves(company: Company) -> None:
    """What the company sells, some by SKU, one no longer."""
    income = {
        name: next(one.id for one in company.records["Account"].values() if one.fields["Name"] == name)
        for name in ("Services", "Sales of Product Income")
    }
    for name, sku, kind, price in _ITEMS:
        account = income["Services" if kind == "Service" else "Sales of Product Income"]
        fields = {"Name": name, "Sku": sku, "Type": kind, "UnitPrice": Decimal(price)}
        item = enter(company, "Item", {**fields, "IncomeAccountRef": {"value": account}})
        if name == _DISCONTINUED:
            edit(company, "Item", item.id, {"Active": False})


def _northgate(company: Company) -> None:
    furnish(company)
    enter(company, "Customer", _customer("Alder Lane Homeowners", "office@alderlane.example"))
    enter(company, "Customer", _customer("Grace Kim", "grace.kim@example.com", "Grace", "Kim"))
    company.changes.clear()


def _customer(
    name: str, email: str = "", given: str = "", family: str = "", phone: str = "", street: str = ""
) -> dict[str, Any]:
    """Empty parts are left out by QuickBooks itself."""
    address = (
        {"Line1": street, "City": "Fresno", "CountrySubDivisionCode": "CA", "PostalCode": "93721"}
        if street
        else {}
    )
    return {
        "DisplayName": name,
        "GivenName": given,
        "FamilyName": family,
        "PrimaryEmailAddr": {"Address": email},
        "PrimaryPhone": {"FreeFormNumber": phone},
        "BillAddr": address,
    }


_DISCONTINUED = "Solar Panel 360 W"
_ITEMS = [
    ("Solar Panel 400 W", "PV-400", "NonInventory", "285"),
    ("String Inverter 7.6 kW", "INV-7600", "NonInventory", "1850"),
    ("Battery 13.5 kWh", "BAT-135", "NonInventory", "9200"),
    ("Roof Mount Kit", "MNT-01", "NonInventory", "42.5"),
    ("Main Panel Upgrade", "ELEC-MPU", "Service", "2400"),
    ("Permit and Inspection", "", "Service", "650"),
    (_DISCONTINUED, "PV-360", "NonInventory", "240"),
]
_CUSTOMERS = [
    _customer("John A. Smith", "john.smith@example.com", "John", "Smith", "(559) 555-0141", "18 Orchard Way"),
    _customer("Oak Street Partners East", SHARED_EMAIL, street="200 Oak Street"),
    _customer("Oak Street Partners West", SHARED_EMAIL, street="900 Oak Street"),
    _customer("Robert Chen", given="Robert", family="Chen", phone="(559) 555-0188"),
    _customer("Lakeside HOA", "board@lakesidehoa.example", street="1 Lakeside Drive"),
    _customer("Green Valley School District", "facilities@greenvalley.example, ap@greenvalley.example"),
    _customer("Amelia Brooks", "amelia.brooks@example.com", "Amelia", "Brooks"),
    _customer("Harbor Coffee Roasters", "hello@harborcoffee.example", phone="(559) 555-0107"),
    _customer("Westside Dental Group", "frontdesk@westsidedental.example"),
    _customer("Thomas Wright", "thomas.wright@example.com", "Thomas", "Wright"),
    _customer("Cedar Point Apartments", "manager@cedarpoint.example", street="77 Cedar Point Road"),
]
