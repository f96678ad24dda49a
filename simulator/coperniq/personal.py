"""What a person may do to each kind of record, in the spelling of the API.

More than the API lets a program do: archive a project, set its number, move it to another account.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.coperniq import (
    accounts,
    catalog,
    contacts,
    fields,
    linking,
    project_writing,
    projects,
    properties,
    rendering,
    sites,
)
from simulator.coperniq.billing import personal as billing
from simulator.coperniq.records import Property

if TYPE_CHECKING:
    from simulator.coperniq.company import Company

Json = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    add: Callable[[Company, Json], Json]
    change: Callable[[Company, int, Json], Json]
    remove: Callable[[Company, int], None]


def _account_values(company: Company, now: Json, body: Json, required: tuple[str, ...] = ()) -> Json:
    values = fields.read(accounts.UPDATE, body, required, "refuse")
    if body.get("custom") is not None:
        values["custom"] = properties.merged(company, "account", now, body["custom"], new_options=True)
    return values


def _add_account(company: Company, body: Json) -> Json:
    linked = linking.read_contacts(company, body)
    made = accounts.add(company, company.person, _account_values(company, {}, body, ("title",)), linked)
    return rendering.account(company, made, contacts=True)


def _change_account(company: Company, id: int, body: Json) -> Json:
    account = accounts.find(company, id)
    linked = linking.read_contacts(company, body)
    accounts.change(company, company.person, account, _account_values(company, account.custom, body))
    if linked is not None:
        linking.to_account(company, account, linked, only=True)
    return rendering.account(company, account, contacts=True)


def _remove_account(company: Company, id: int) -> None:
    accounts.remove(company, company.person, accounts.find(company, id))


def _add_contact(company: Company, body: Json) -> Json:
    return rendering.contact(
        company, contacts.add(company, company.person, contacts.read(company, body, ("name",)))
    )


def _change_contact(company: Company, id: int, body: Json) -> Json:
    contact = contacts.find(company, id)
    contacts.change(company, company.person, contact, contacts.read(company, body))
    return rendering.contact(company, contact)


def _remove_contact(company: Company, id: int) -> None:
    del company.contacts[contacts.find(company, id).id]


def _add_site(company: Company, body: Json) -> Json:
    return rendering.site(company, sites.add(company, company.person, sites.read(company, body)))


def _change_site(company: Company, id: int, body: Json) -> Json:
    site = sites.find(company, id)
    sites.change(company, company.person, site, fields.read(sites.UPDATE, body, (), "refuse"))
    return rendering.site(company, site)


def _remove_site(company: Company, id: int) -> None:
    del company.sites[sites.find(company, id).id]


def _project_values(company: Company, now: Json, body: Json) -> Json:
    values = project_writing.read_person(company, body)
    return values | project_writing.custom(company, now, body, new_options=True)


def _add_project(company: Company, body: Json) -> Json:
    values = {"title": "", **_project_values(company, {}, body)}
    made = project_writing.add(company, company.person, values, linking.read_contacts(company, body))
    return rendering.project(company, made, whole=True)


def _change_project(company: Company, id: int, body: Json) -> Json:
    project = projects.find(company, id)
    linked = linking.read_contacts(company, body)
    project_writing.change(company, company.person, project, _project_values(company, project.custom, body))
    if linked is not None:
        linking.to_project(company, project, linked, only=True)
    return rendering.project(company, project, whole=True)


def _remove_project(company: Company, id: int) -> None:
    project_writing.remove(company, company.person, projects.find(company, id))


def _add_item(company: Company, body: Json) -> Json:
    return rendering.catalog_item(company, billing.new_item(company, body))


def _change_item(company: Company, id: int, body: Json) -> Json:
    item = catalog.find(company, id, archived=True)
    catalog.change(company, company.person, item, fields.read(catalog.PERSON, body, (), "refuse"))
    return rendering.catalog_item(company, item)


def _remove_item(company: Company, id: int) -> None:
    catalog.change(company, company.person, catalog.find(company, id), {"is_archived": True})


_PROPERTY: fields.Schema = {
    "recordType": ("record_type", fields.one_of(*properties.TYPES[:5])),
    "name": ("name", fields.filled),
    "keyName": ("key_name", fields.filled),
    "type": ("type", fields.filled),
    "isMultiple": ("is_multiple", fields.flag),
    "options": ("options", fields.texts),
}


def add_property(company: Company, body: Json) -> Json:
    made = Property(**fields.read(_PROPERTY, body, ("recordType", "name", "keyName"), "refuse"))
    company.properties.append(made)
    return rendering.property_(made)


KINDS = {
    "accounts": Kind(_add_account, _change_account, _remove_account),
    "contacts": Kind(_add_contact, _change_contact, _remove_contact),
    "sites": Kind(_add_site, _change_site, _remove_site),
    "projects": Kind(_add_project, _change_project, _remove_project),
    "catalog-items": Kind(_add_item, _change_item, _remove_item),
    "invoices": Kind(billing.add, billing.change, billing.remove),
}
