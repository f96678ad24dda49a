"""A company to look at: a contractor for roofs and solar power, with the coincidences that make syncing hard."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from simulator.coperniq import accounts, phases, project_writing, seed_billing
from simulator.coperniq.records import Property, Workflow

if TYPE_CHECKING:
    from simulator.coperniq.company import Company
    from simulator.coperniq.records import Account

# name, API key, the owner's e-mail and password
COMPANY = (
    "Brightfield Solar & Roofing",
    "demo-coperniq-key",
    "dana.whitfield@brightfield.example",
    "demo-password",
)

_WORKFLOWS = {
    "Residential Solar": ["Welcome", "Engineering", "Permitting", "Installation", "Inspection", "Billing"],
    "Roof Replacement": ["Measure", "Contract", "Tear-off and Install", "Billing"],
    "Commercial Solar": ["Feasibility", "Engineering", "Procurement", "Installation", "Commissioning"],
}

# title, e-mail, phone, address, type
_ACCOUNTS = [
    (
        "John Smith",
        "john.smith@example.com",
        "(512) 555-0101",
        "1200 Barton Hills Dr, Austin, TX 78704",
        "RESIDENTIAL",
    ),
    (
        "Maria Garcia",
        "maria.garcia@example.com",
        "(512) 555-0102",
        "48 Juniper Ct, Round Rock, TX 78664",
        "RESIDENTIAL",
    ),
    (
        "Oak Street Partners",
        "billing@oakstreet.example",
        "(512) 555-0103",
        "300 Oak St, Austin, TX 78701",
        "COMMERCIAL",
    ),
    (
        "Sunline Supply",
        "orders@sunline.example",
        "(512) 555-0104",
        "77 Depot Rd, Buda, TX 78610",
        "COMMERCIAL",
    ),
    (
        "Hernandez: Rooftop Co",
        "office@hernandezrooftop.example",
        "(512) 555-0105",
        "9 Cedar Ln, Kyle, TX 78640",
        "COMMERCIAL",
    ),
    ("Robert Chen", None, None, "615 Sycamore Ave, Austin, TX 78745", "RESIDENTIAL"),
    (
        "Lakeside HOA",
        "board@lakesidehoa.example",
        "(512) 555-0107",
        "1 Lakeside Loop, Lakeway, TX 78734",
        "COMMERCIAL",
    ),
    (
        "Emily Nguyen",
        "emily.nguyen@example.com",
        "(512) 555-0108",
        "2210 Wren Way, Pflugerville, TX 78660",
        "RESIDENTIAL",
    ),
    (
        "David O'Brien",
        "david.obrien@example.com",
        "(512) 555-0109",
        "31 Quarry Rd, Georgetown, TX 78626",
        "RESIDENTIAL",
    ),
    (
        "Priya Patel",
        "priya.patel@example.com",
        "(512) 555-0110",
        "804 Sage Dr, Cedar Park, TX 78613",
        "RESIDENTIAL",
    ),
    (
        "Green Valley School District",
        "facilities@greenvalley.example",
        "(512) 555-0111",
        "5000 Valley Pkwy, San Marcos, TX 78666",
        "COMMERCIAL",
    ),
    (
        "Miller Family Trust",
        "miller.trust@example.com",
        "(512) 555-0112",
        "12 Orchard Ln, Austin, TX 78746",
        "RESIDENTIAL",
    ),
]

Row = tuple[str | None, str, int, int, str | None, str, str]
# account, title, number, value in cents, size in kW, workflow, phase it stands in
_PROJECTS: list[Row] = [
    ("John Smith", "John Smith", 12345, 25_000_00, "10.5", "Residential Solar", "Engineering"),
    ("John Smith", "Smith Garage Battery", 12346, 9_850_00, None, "Residential Solar", "Welcome"),
    ("Maria Garcia", "Garcia Residence", 12347, 31_240_50, "12.8", "Residential Solar", "Permitting"),
    (
        "Oak Street Partners",
        "Oak Street Carport",
        12348,
        148_000_00,
        "86.4",
        "Commercial Solar",
        "Procurement",
    ),
    ("Sunline Supply", "Sunline Warehouse Roof", 12349, 62_500_00, None, "Roof Replacement", "Contract"),
    (
        "Hernandez: Rooftop Co",
        "Hernandez: Office PV",
        12350,
        44_100_00,
        "21",
        "Commercial Solar",
        "Engineering",
    ),
    ("Robert Chen", "", 12351, 18_900_00, "7.2", "Residential Solar", "Welcome"),
    ("Lakeside HOA", "Lakeside HOA Clubhouse", 12352, 97_300_00, "48.6", "Commercial Solar", "Installation"),
    ("Lakeside HOA", "Lakeside HOA Pool House", 12353, 21_750_00, "9.9", "Commercial Solar", "Feasibility"),
    ("Emily Nguyen", "Nguyen Roof", 12354, 16_420_00, None, "Roof Replacement", "Measure"),
    ("David O'Brien", "O'Brien Farmhouse", 12355, 38_600_00, "15.3", "Residential Solar", "Installation"),
    ("Priya Patel", "Patel Residence", 12356, 22_480_00, "8.4", "Residential Solar", "Engineering"),
    (
        "Green Valley School District",
        "Valley High Gym",
        12357,
        310_000_00,
        "192",
        "Commercial Solar",
        "Feasibility",
    ),
    ("Miller Family Trust", "Miller Orchard House", 12358, 27_000_00, "11.1", "Residential Solar", "Billing"),
    (None, "Walk-in: Model Home", 12359, 12_000_00, "5.5", "Residential Solar", "Welcome"),
]


def plant(company: Company) -> None:
    for name, names in _WORKFLOWS.items():
        _workflow(company, name, names)
    _properties(company)
    known: dict[str | None, Account | None] = {None: None}
    for title, email, phone, address, kind in _ACCOUNTS:
        wanted = {"title": title, "primary_email": email, "primary_phone": phone, "address": address}
        known[title] = accounts.add(company, company.person, wanted | {"account_type": kind}, None)
    for row in _PROJECTS:
        _project(company, known, row)
    accounts.change(
        company, company.person, company.accounts[_id(known["Miller Family Trust"])], {"is_active": False}
    )
    seed_billing.plant(company)


def _id(account: Account | None) -> int:
    return account.id if account else 0


def _workflow(company: Company, name: str, names: list[str]) -> None:
    made = Workflow(**company.stamp("workflow", company.person), name=name)
    made.phases = [
        company.new_phase(name=one, type=one.upper().replace(" ", "_").replace("-", "_")) for one in names
    ]
    company.workflows[made.id] = made


def _properties(company: Company) -> None:
    for name, key in (("Tax Number", "tax_number"), ("Company Name", "company_name")):
        company.properties.append(Property("account", name, key))
    company.properties.append(
        Property("project", "Roof Type", "roof_type", "DROPDOWN", options=["Shingle", "Tile", "Metal"])
    )


def _project(company: Company, known: dict[str | None, Account | None], row: Row) -> None:
    owner, title, number, cents, size, workflow_name, phase_name = row
    account = known[owner]
    workflow = next(one for one in company.workflows.values() if one.name == workflow_name)
    values = {
        "title": title,
        "number": number,
        "value": cents,
        "size": Decimal(size) if size else None,
        "workflow_id": workflow.id,
        "account_id": account.id if account else None,
        "address": account.address if account else "1 Showroom Way, Austin, TX 78701",
        "primary_email": account.primary_email if account else None,
        "primary_phone": account.primary_phone if account else None,
    }
    project = project_writing.add(company, company.person, values)
    for template in workflow.phases[1 : [one.name for one in workflow.phases].index(phase_name) + 1]:
        phases.start(company, project, template.id, company.person)
