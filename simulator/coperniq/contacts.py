"""Contacts, and their links to accounts and projects: docs/vendors/coperniq-api.md, 3.2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.coperniq import rendering, validation
from simulator.coperniq.company import Company
from simulator.coperniq.query_parameters import Answer, Call, filter_contacts, ordered, page, window
from simulator.coperniq.records import Account, Contact, Project, User
from simulator.coperniq.validation import Json, invalid


def read_linked_contacts(company: Company, body: Mapping[str, Any]) -> list[int] | None:
    """The `contacts` of a body, all of which must exist already; None where the body names none."""
    if body.get("contacts") is None:
        return None
    return require_existing(
        validation.identifiers(body["contacts"], "contacts"), company.contacts, "contacts"
    )


def require_existing(ids: list[int], known: Mapping[int, object], field: str) -> list[int]:
    missing = [one for one in ids if one not in known]
    if missing:
        raise invalid(field, f"{field}: {missing[0]} does not exist")
    return ids


def link(
    company: Company, record: Account | Project, contacts: list[int] | None, *, only: bool = False
) -> None:
    """Links the contacts to the record; with `only` it loses the others. None leaves its contacts alone."""
    attribute = "account_ids" if isinstance(record, Account) else "project_ids"
    for one in company.contacts.values() if contacts is not None else ():
        ids = getattr(one, attribute)
        if one.id in (contacts or []) and record.id not in ids:
            setattr(one, attribute, [*ids, record.id])
        elif only and one.id not in (contacts or []):
            setattr(one, attribute, [id_ for id_ in ids if id_ != record.id])


def refuse_address_lists(company: Company, values: Json) -> Json:
    """`values` again, of an account, a project or a contact."""
    given = {"primaryEmail": [values.get("primary_email")], "emails": values.get("emails", [])}
    for name, addresses in given.items():
        lists = any("," in one or ";" in one for one in addresses if one)
        if lists and company.switches["email_lists"] == "refuse":
            raise validation.not_an_email(name)
    return values


SCHEMA: validation.Schema = {
    "name": ("name", validation.filled),
    "phones": ("phones", validation.texts),
    "emails": ("emails", validation.texts),
    "title": ("title", validation.nullable(validation.text)),
    "accountIds": ("account_ids", validation.identifiers),
    "projectIds": ("project_ids", validation.identifiers),
}


def read(company: Company, body: Json, required: tuple[str, ...] = ()) -> Json:
    values = validation.read_fields(SCHEMA, body, required, company.switches["unknown_fields"])
    require_existing(values.get("account_ids", []), company.accounts, "accountIds")
    require_existing(values.get("project_ids", []), company.projects, "projectIds")
    for address in values.get("emails", []):
        validation.email(address, "emails")
    return refuse_address_lists(company, values)


def add(company: Company, user: User | None, values: Json) -> Contact:
    contact = Contact(**company.stamp("contact", user), **values)
    company.contacts[contact.id] = contact
    _touch_accounts(company, user, contact)
    return contact


def adopt(company: Company, user: User | None, account: Account) -> None:
    """An account with an e-mail or a phone but no contacts gets the contact that has them, or a new one."""
    known = [one for one in company.contacts.values() if _has(one, account)]
    if known:
        link(company, account, [known[0].id])
        return
    emails = [account.primary_email] if account.primary_email else []
    phones = [account.primary_phone] if account.primary_phone else []
    add(
        company,
        user,
        {"name": account.title, "emails": emails, "phones": phones, "account_ids": [account.id]},
    )


def _has(contact: Contact, account: Account) -> bool:
    if account.primary_email:
        return account.primary_email in contact.emails
    return account.primary_phone in contact.phones


def change(company: Company, user: User | None, contact: Contact, values: Json) -> None:
    for name, value in values.items():
        setattr(contact, name, value)
    company.touch(contact, user)
    _touch_accounts(company, user, contact)


def _touch_accounts(company: Company, user: User | None, contact: Contact) -> None:
    if company.switches["children_touch_account"]:
        for id in contact.account_ids:
            company.touch(company.accounts[id], user)


def find(company: Company, id: int) -> Contact:
    if id not in company.contacts:
        raise company.absent("contacts", id)
    return company.contacts[id]


def list_(call: Call) -> Answer:
    found = window(call, filter_contacts(call, call.company.contacts.values()))
    rows = page(call, ordered(call, found))
    return 200, [rendering.contact_json(call.company, one) for one in rows]


def get(call: Call) -> Answer:
    return 200, rendering.contact_json(call.company, find(call.company, call.id))


def create(call: Call) -> Answer:
    made = add(call.company, call.user, read(call.company, call.body(), ("name",)))
    return 201, rendering.contact_json(call.company, made)


def update(call: Call) -> Answer:
    contact = find(call.company, call.id)
    change(call.company, call.user, contact, read(call.company, call.body()))
    return 200, rendering.contact_json(call.company, contact)


def delete(call: Call) -> Answer:
    contact = find(call.company, call.id)
    shown = rendering.contact_json(call.company, contact)
    del call.company.contacts[contact.id]
    return call.deleted(shown)


ROUTES = [
    ("GET", "contacts", list_),
    ("POST", "contacts", create),
    ("GET", "contacts/<id>", get),
    ("PATCH", "contacts/<id>", update),
    ("DELETE", "contacts/<id>", delete),
]
