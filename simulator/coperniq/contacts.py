"""Contacts: one name, any number of phones and e-mails, linked to accounts and projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.coperniq import fields, filters, linking, listing, rendering
from simulator.coperniq.records import Account, Contact

if TYPE_CHECKING:
    from simulator.coperniq.call import Answer, Call
    from simulator.coperniq.company import Company
    from simulator.coperniq.records import User

SCHEMA: fields.Schema = {
    "name": ("name", fields.filled),
    "phones": ("phones", fields.texts),
    "emails": ("emails", fields.texts),
    "title": ("title", fields.nullable(fields.text)),
    "accountIds": ("account_ids", fields.identifiers),
    "projectIds": ("project_ids", fields.identifiers),
}


def read(company: Company, body: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    values = fields.read(SCHEMA, body, required, company.switches["unknown_fields"])
    linking.existing(values.get("account_ids", []), company.accounts, "accountIds")
    linking.existing(values.get("project_ids", []), company.projects, "projectIds")
    for address in values.get("emails", []):
        fields.email(address, "emails")
    return values


def add(company: Company, user: User | None, values: dict[str, Any]) -> Contact:
    contact = Contact(**company.stamp("contact", user), **values)
    company.contacts[contact.id] = contact
    _touch_accounts(company, user, contact)
    return contact


def adopt(company: Company, user: User | None, account: Account) -> None:
    """An account with an e-mail or a phone but no contacts gets the contact that has them, or a new one."""
    known = [one for one in company.contacts.values() if _has(one, account)]
    if known:
        linking.to_account(company, account, [known[0].id])
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


def change(company: Company, user: User | None, contact: Contact, values: dict[str, Any]) -> None:
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
    found = listing.window(call, filters.contacts(call, call.company.contacts.values()))
    rows = listing.page(call, listing.ordered(call, found))
    return 200, [rendering.contact(call.company, one) for one in rows]


def get(call: Call) -> Answer:
    return 200, rendering.contact(call.company, find(call.company, call.id))


def create(call: Call) -> Answer:
    made = add(call.company, call.user, read(call.company, call.body(), ("name",)))
    return 201, rendering.contact(call.company, made)


def update(call: Call) -> Answer:
    contact = find(call.company, call.id)
    change(call.company, call.user, contact, read(call.company, call.body()))
    return 200, rendering.contact(call.company, contact)


def delete(call: Call) -> Answer:
    contact = find(call.company, call.id)
    shown = rendering.contact(call.company, contact)
    del call.company.contacts[contact.id]
    return 200, shown if call.switches["delete_body"] == "record" else None


ROUTES = [
    ("GET", "contacts", list_),
    ("POST", "contacts", create),
    ("GET", "contacts/<id>", get),
    ("PATCH", "contacts/<id>", update),
    ("DELETE", "contacts/<id>", delete),
]
