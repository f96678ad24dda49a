"""What the simulated vendors hold when they begin: nothing, or the companies of `demo.toml`."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from simulator.coperniq import accounts, catalog, invoices, payments, projects, workflows
from simulator.coperniq.company import Company
from simulator.coperniq.records import Line, Property, Workflow
from simulator.quickbooks.company import Company as Books
from simulator.quickbooks.company import Settings
from simulator.quickbooks.user_actions import add_default_lists
from simulator.quickbooks.writing import edit, enter
from simulator.world import World

SEEDS = ("empty", "demo")
Data = dict[str, Any]


def plant(world: World, name: str) -> None:
    if name != "demo":
        return
    demo = tomllib.loads(Path(__file__).with_name("demo.toml").read_text())
    with world.lock:
        for data in demo["quickbooks"]:
            settings = Settings(data["name"], using_sales_tax=data["using_sales_tax"])
            _fill_books(world.quickbooks.open_company(settings, data["realm"]), data)
        _fill_company(world.coperniq.add_company(*demo["coperniq"]["company"]), demo["coperniq"])


def _fill_books(books: Books, data: Data) -> None:
    """Sends no webhooks: these records exist before anybody can subscribe."""
    add_default_lists(books)
    for customer in data["customers"]:
        enter(books, "Customer", _customer(*customer))
    for job, parent in data["jobs"]:
        reference = {"value": _id_of(books, "Customer", parent)}
        enter(books, "Customer", {"DisplayName": job, "Job": True, "ParentRef": reference})
    for vendor in data["vendors"]:
        enter(books, "Vendor", {"DisplayName": vendor, "CompanyName": vendor})
    for given, family in data["employees"]:
        enter(books, "Employee", {"GivenName": given, "FamilyName": family})
    for name, sku, kind, price in data["items"]:
        income = _id_of(books, "Account", "Services" if kind == "Service" else "Sales of Product Income")
        fields = {"Name": name, "Sku": sku, "Type": kind, "UnitPrice": Decimal(price)}
        enter(books, "Item", {**fields, "IncomeAccountRef": {"value": income}})
    for customer in data.get("customers_to_map", ()):
        enter(books, "Customer", _customer(*customer))
    for entity, name in data["inactive"]:
        edit(books, entity, _id_of(books, entity, name), {"Active": False})
    books.changes.clear()


def _id_of(books: Books, entity: str, name: str) -> str:
    return next(one.id for one in books.records[entity].values() if one.own_name == name)


def _customer(name: str, email: str, given: str, family: str, phone: str, street: str) -> Data:
    """QuickBooks leaves out by itself what is empty."""
    town = {"City": "Fresno", "CountrySubDivisionCode": "CA", "PostalCode": "93721"}
    return {
        "DisplayName": name,
        "GivenName": given,
        "FamilyName": family,
        "PrimaryEmailAddr": {"Address": email},
        "PrimaryPhone": {"FreeFormNumber": phone},
        "BillAddr": {"Line1": street, **town} if street else {},
    }


def _fill_company(company: Company, data: Data) -> None:
    for name, phases in data["workflows"].items():
        made = Workflow(**company.stamp("workflow", company.person), name=name)
        types = [one.upper().replace(" ", "_").replace("-", "_") for one in phases]
        made.phases = [
            company.new_phase(name=one, type=type_) for one, type_ in zip(phases, types, strict=True)
        ]
        company.workflows[made.id] = made
    for record_type, name, key, kind, options in data["properties"]:
        company.properties.append(Property(record_type, name, key, kind, options=options))
    for row in data["accounts"]:
        _add_account(company, *row)
    for row in data["projects"]:
        _add_project(company, *row)
    archived = next(one for one in company.accounts.values() if one.title == data["archived_account"])
    company.update(archived, company.person, {"is_active": False})
    names = ("type", "name", "code", "sku", "manufacturer", "category", "cost", "price")
    for row in data["catalog"]:
        values = {name: None if value == "" else value for name, value in zip(names, row, strict=True)}
        catalog.add(company, company.person, values)
    for row in data["old_invoices"]:
        _add_old_invoice(company, row)
    for row in data["accounts_to_map"]:
        _add_account(company, *row)
    for row in data["projects_to_map"]:
        _add_project(company, *row)


def _add_account(company: Company, title: str, email: str, phone: str, address: str, kind: str) -> None:
    values = {"title": title, "primary_email": email or None, "primary_phone": phone or None}
    values |= {"address": address, "account_type": kind}
    accounts.add(company, company.person, values, None)


def _add_project(
    company: Company,
    owner: str,
    title: str,
    number: int,
    cents: int,
    size: str,
    workflow_name: str,
    phase: str,
) -> None:
    account = next((one for one in company.accounts.values() if one.title == owner), None)
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
    project = projects.add(company, company.person, values)
    for template in workflow.phases[1 : [one.name for one in workflow.phases].index(phase) + 1]:
        workflows.start_phase(company, project, template.id, company.person)


def _add_old_invoice(company: Company, data: Data) -> None:
    project = next(one for one in company.projects.values() if one.number == data["project"])
    sold = {one.code: one for one in company.catalog.values()}
    items = [(sold[code], quantity) for code, quantity in data["lines"]]
    begun = company.now() - timedelta(days=data["days_ago"])
    midnight = begun.replace(hour=0, minute=0, second=0, microsecond=0)
    values = {
        "record_id": project.id,
        "calculation": "LINE_ITEMS",
        "status": "SENT",
        "lines": [Line(0, item.id, quantity, item.cost or 0, item.price or 0) for item, quantity in items],
        "issue_date": midnight,
        "due_date": midnight + timedelta(days=30),
        "description": data["description"],
    }
    made = invoices.add(company, company.person, values)
    made.created_at = made.updated_at = begun
    if "paid_cents" not in data:
        return
    status = company.switches["payment_status"]
    sent = {"amount": data["paid_cents"], "status": status, "method": "CHECK", "reference": data["reference"]}
    sent["date"] = midnight + timedelta(days=data["paid_after_days"])
    payment = payments.add(company, company.person, made, sent)
    paid = begun + timedelta(days=data["paid_after_days"])
    payment.created_at = payment.updated_at = made.updated_at = paid
