"""What a user does in Coperniq's web application, in the spelling of the API, which allows a program less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.coperniq import (
    accounts,
    catalog,
    contacts,
    invoice_lines,
    invoices,
    payments,
    projects,
    properties,
    rendering,
    sites,
    validation,
)
from simulator.coperniq.records import CALCULATIONS, STATUSES, CatalogItem, Project, Property
from simulator.coperniq.validation import Refused

if TYPE_CHECKING:
    from simulator.coperniq.company import Company
    from simulator.coperniq.records import Invoice, Line


Json = dict[str, Any]
INVOICE_ACTIONS: dict[str, Json] = {
    "send": {"status": "SENT"},
    "decline": {"status": "DECLINED"},
    "archive": {"is_archived": True},
    "restore": {"is_archived": False},
}


def _invoice_schema(company: Company) -> validation.Schema:
    day = validation.nullable(invoices.date_as_picked(company))
    return {
        "recordId": ("record_id", validation.identifier),
        "calculationMethod": ("calculation", validation.one_of(*CALCULATIONS)),
        "percentage": ("percentage", validation.nullable(validation.decimal)),
        "status": ("status", validation.one_of(*STATUSES)),
        "uid": ("uid", validation.integer),
        "title": ("title", validation.nullable(validation.text)),
        "description": ("description", validation.nullable(validation.text)),
        "issueDate": ("issue_date", day),
        "dueDate": ("due_date", day),
        "isArchived": ("is_archived", validation.flag),
        "sharedWithPortal": ("shared_with_portal", validation.flag),
        "amount": ("amount", validation.nullable(validation.money)),
    }


def new_item(company: Company, body: Json) -> CatalogItem:
    """The name is enough; without type and category it is a service of no certain kind."""
    values = validation.read_fields(catalog.BY_USER, body, ("name",), "refuse")
    return catalog.add(company, company.person, {"type": "SERVICE", "category": "OTHER", **values})


def _read_invoice(company: Company, body: Json, now: list[Line], required: tuple[str, ...] = ()) -> Json:
    """Catalog items that lines bring along are made only if nothing else is wrong."""
    rest = {name: value for name, value in body.items() if name not in invoice_lines.NAMES}
    values = validation.read_fields(_invoice_schema(company), rest, required, "refuse")
    if "record_id" in values:
        contacts.require_existing([values["record_id"]], {**company.accounts, **company.projects}, "recordId")
    if not invoice_lines.names_lines(body):
        return values
    known = set(company.catalog)
    try:
        for _, line, _ in invoice_lines.raw_lines(body):
            _complete(company, line)
        return values | {"lines": invoice_lines.read(company, body, now, person=True)}
    except Refused:
        company.catalog = {id: one for id, one in company.catalog.items() if id in known}
        raise


def _complete(company: Company, line: Json) -> None:
    """A line may bring its `catalogItem` with it, and need not name a quantity or a cost."""
    brought = line.pop("catalogItem", None)
    if isinstance(brought, dict):
        line["catalogItemId"] = new_item(company, brought).id
    for name, value in (("quantity", 1), ("unitCost", 0)):
        line.setdefault(name, value)


def _total(invoice: Invoice, values: Json) -> Json:
    """A total of a person's own goes beyond the lines, as a tax would."""
    if "amount" not in values:
        return values
    wanted = values.pop("amount")
    shape = type(invoice)(**{**vars(invoice), **values})
    return values | {"beyond_lines": 0 if wanted is None else wanted - shape.computed}


def add_invoice(company: Company, body: Json) -> Json:
    values = {"calculation": "LINE_ITEMS", **_read_invoice(company, body, [], ("recordId",))}
    record = company.record(values["record_id"])
    if values["calculation"] == "PERCENTAGE" and isinstance(record, Project):
        values["base_amount"] = record.value
    later = {"amount": values.pop("amount")} if "amount" in values else {}
    made = invoices.add(company, company.person, values)
    made.beyond_lines = _total(made, later).get("beyond_lines", 0)
    return rendering.full_invoice_json(company, made)


def change_invoice(company: Company, id: int, body: Json) -> Json:
    invoice = invoices.find(company, id, by_api=False)
    values = _total(invoice, _read_invoice(company, body, invoice.lines))
    invoices.change(company, company.person, invoice, values)
    return rendering.full_invoice_json(company, invoice)


def act_on_invoice(company: Company, id: int, action: str) -> Json:
    invoice = invoices.find(company, id, by_api=False)
    invoices.change(company, company.person, invoice, INVOICE_ACTIONS[action])
    return rendering.full_invoice_json(company, invoice)


def remove_invoice(company: Company, id: int) -> None:
    invoices.remove(company, company.person, invoices.find(company, id, by_api=False))


def _payment_schema(company: Company) -> validation.Schema:
    return {
        "amount": ("amount", validation.money),
        "status": ("status", validation.text),
        "paymentMethod": ("method", validation.text),
        "paymentDate": ("date", validation.nullable(invoices.date_as_picked(company))),
        "paymentReference": ("reference", validation.nullable(validation.text)),
        "notes": ("notes", validation.nullable(validation.text)),
        "isExternal": ("is_external", validation.flag),
    }


def add_payment(company: Company, id: int, body: Json) -> Json:
    """Any amount and any status: a refund, a nought, a payment that failed."""
    invoice = invoices.find(company, id, by_api=False)
    sent = validation.read_fields(_payment_schema(company), body, ("amount",), "refuse")
    usual = {"status": company.switches["payment_status"], "method": "CHECK", "date": company.now()}
    made = payments.add(company, company.person, invoice, usual | sent)
    return rendering.payment_json(company, made)


def change_payment(company: Company, id: int, payment_id: int, body: Json) -> Json:
    invoice = invoices.find(company, id, by_api=False)
    payment = payments.find(invoice, payment_id)
    for name, value in validation.read_fields(_payment_schema(company), body, (), "refuse").items():
        setattr(payment, name, value)
    company.touch(payment, company.person)
    payments.settle(company, company.person, invoice, "payment_edit_moves_updated_at")
    return rendering.payment_json(company, payment)


def remove_payment(company: Company, id: int, payment_id: int) -> None:
    invoice = invoices.find(company, id, by_api=False)
    invoice.payments.remove(payments.find(invoice, payment_id))
    payments.settle(company, company.person, invoice, "payment_edit_moves_updated_at")


@dataclass(frozen=True)
class Kind:
    add: Callable[[Company, Json], Json]
    change: Callable[[Company, int, Json], Json]
    remove: Callable[[Company, int], None]


def _account_values(company: Company, now: Json, body: Json, required: tuple[str, ...] = ()) -> Json:
    values = validation.read_fields(accounts.UPDATE, body, required, "refuse")
    if body.get("custom") is not None:
        values["custom"] = properties.merged(company, "account", now, body["custom"], new_options=True)
    return values


def _add_account(company: Company, body: Json) -> Json:
    linked = contacts.read_linked_contacts(company, body)
    made = accounts.add(company, company.person, _account_values(company, {}, body, ("title",)), linked)
    return rendering.account_json(company, made, contacts=True)


def _change_account(company: Company, id: int, body: Json) -> Json:
    account = accounts.find(company, id)
    linked = contacts.read_linked_contacts(company, body)
    accounts.change(company, company.person, account, _account_values(company, account.custom, body))
    if linked is not None:
        contacts.link_to_account(company, account, linked, only=True)
    return rendering.account_json(company, account, contacts=True)


def _remove_account(company: Company, id: int) -> None:
    accounts.remove(company, company.person, accounts.find(company, id))


def _add_contact(company: Company, body: Json) -> Json:
    return rendering.contact_json(
        company, contacts.add(company, company.person, contacts.read(company, body, ("name",)))
    )


def _change_contact(company: Company, id: int, body: Json) -> Json:
    contact = contacts.find(company, id)
    contacts.change(company, company.person, contact, contacts.read(company, body))
    return rendering.contact_json(company, contact)


def _remove_contact(company: Company, id: int) -> None:
    del company.contacts[contacts.find(company, id).id]


def _add_site(company: Company, body: Json) -> Json:
    return rendering.site_json(company, sites.add(company, company.person, sites.read(company, body)))


def _change_site(company: Company, id: int, body: Json) -> Json:
    site = sites.find(company, id)
    sites.change(company, company.person, site, validation.read_fields(sites.UPDATE, body, (), "refuse"))
    return rendering.site_json(company, site)


def _remove_site(company: Company, id: int) -> None:
    del company.sites[sites.find(company, id).id]


def _project_values(company: Company, now: Json, body: Json) -> Json:
    values = projects.read_from_user(company, body)
    return values | projects.read_custom(company, now, body, new_options=True)


def _add_project(company: Company, body: Json) -> Json:
    values = {"title": "", **_project_values(company, {}, body)}
    made = projects.add(company, company.person, values, contacts.read_linked_contacts(company, body))
    return rendering.project_json(company, made, whole=True)


def _change_project(company: Company, id: int, body: Json) -> Json:
    project = projects.find(company, id)
    linked = contacts.read_linked_contacts(company, body)
    projects.change(company, company.person, project, _project_values(company, project.custom, body))
    if linked is not None:
        contacts.link_to_project(company, project, linked, only=True)
    return rendering.project_json(company, project, whole=True)


def _remove_project(company: Company, id: int) -> None:
    projects.remove(company, company.person, projects.find(company, id))


def _add_item(company: Company, body: Json) -> Json:
    return rendering.catalog_item_json(company, new_item(company, body))


def _change_item(company: Company, id: int, body: Json) -> Json:
    item = catalog.find(company, id, archived=True)
    catalog.change(company, company.person, item, validation.read_fields(catalog.BY_USER, body, (), "refuse"))
    return rendering.catalog_item_json(company, item)


def _remove_item(company: Company, id: int) -> None:
    catalog.change(company, company.person, catalog.find(company, id), {"is_archived": True})


_PROPERTY: validation.Schema = {
    "recordType": ("record_type", validation.one_of(*properties.TYPES[:5])),
    "name": ("name", validation.filled),
    "keyName": ("key_name", validation.filled),
    "type": ("type", validation.filled),
    "isMultiple": ("is_multiple", validation.flag),
    "options": ("options", validation.texts),
}


def add_property(company: Company, body: Json) -> Json:
    made = Property(**validation.read_fields(_PROPERTY, body, ("recordType", "name", "keyName"), "refuse"))
    company.properties.append(made)
    return rendering.property_json(made)


KINDS = {
    "accounts": Kind(_add_account, _change_account, _remove_account),
    "contacts": Kind(_add_contact, _change_contact, _remove_contact),
    "sites": Kind(_add_site, _change_site, _remove_site),
    "projects": Kind(_add_project, _change_project, _remove_project),
    "catalog-items": Kind(_add_item, _change_item, _remove_item),
    "invoices": Kind(add_invoice, change_invoice, remove_invoice),
}
