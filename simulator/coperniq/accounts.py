"""Accounts, once called clients: docs/vendors/coperniq-api.md, 3.1."""

from __future__ import annotations

from simulator.coperniq import contacts, properties, rendering, sites, validation
from simulator.coperniq.company import Company, release_invoices
from simulator.coperniq.query_parameters import (
    Answer,
    Call,
    filter_records,
    ordered,
    page,
    read_matching,
    window,
)
from simulator.coperniq.records import Account, Project, User
from simulator.coperniq.search import search_condition
from simulator.coperniq.validation import Json, Refused

CREATE: validation.Schema = {
    "title": ("title", validation.filled),
    "address": ("address", validation.clearable(validation.address, "")),
    "description": ("description", validation.nullable(validation.text)),
    "accountType": ("account_type", validation.nullable(validation.one_of("RESIDENTIAL", "COMMERCIAL"))),
    "primaryEmail": ("primary_email", validation.nullable(validation.email)),
    "primaryPhone": ("primary_phone", validation.nullable(validation.text)),
}
UPDATE: validation.Schema = {**CREATE, "isActive": ("is_active", validation.flag)}


def add(company: Company, user: User | None, values: Json, linked: list[int] | None) -> Account:
    account = Account(**company.stamp("record", user), number=company.next_number("account"), **values)
    company.accounts[account.id] = account
    contacts.link(company, account, linked)
    if linked is None and (account.primary_email or account.primary_phone):
        contacts.adopt(company, user, account)
    if account.address and company.switches["account_makes_site"]:
        sites.add(company, user, {"account_id": account.id, "full_address": account.address})
    return account


def remove(company: Company, user: User | None, account: Account) -> None:
    """Contacts only lose their link; sites belong to the account and go with it."""
    projects = [one for one in company.projects.values() if one.account_id == account.id]
    if projects and company.switches["delete_account_with_projects"] == "refuse":
        raise Refused(409, "CONFLICT", "The account has projects")
    if company.switches["delete_archives"]:
        company.update(account, user, {"is_active": False})
        return
    cascade = company.switches["delete_account_with_projects"] == "cascade"
    release_invoices(company, {account.id, *(one.id for one in projects if cascade)})
    _release(company, projects, cascade)
    contacts.link(company, account, [], only=True)
    company.sites = {key: one for key, one in company.sites.items() if one.account_id != account.id}
    del company.accounts[account.id]


def _release(company: Company, projects: list[Project], cascade: bool) -> None:
    for project in projects:
        project.account_id = None
        if cascade:
            contacts.link(company, project, [], only=True)
            del company.projects[project.id]


def find(company: Company, id: int, *, archived: bool = True) -> Account:
    found = company.accounts.get(id)
    if found is None or not (archived or found.is_active):
        raise company.absent("accounts", id)
    return found


def list_(call: Call) -> Answer:
    return _page(call, window(call, filter_records(call, _visible(call))))


def search(call: Call) -> Answer:
    passes = search_condition(call, _searchable(call.company))
    return _page(call, [one for one in _visible(call) if passes(rendering.account_json(call.company, one))])


def _searchable(company: Company) -> set[str]:
    standard = {*UPDATE, "id", "number", "createdAt", "updatedAt"}
    return standard | properties.keys(company, "account")


def _visible(call: Call) -> list[Account]:
    archived = call.flag("include_archived")
    return [one for one in call.company.accounts.values() if one.is_active or archived]


def _page(call: Call, found: list[Account]) -> Answer:
    rows = page(call, ordered(call, found, prose="desc"))
    return 200, [_printed(call, one) for one in rows]


def _printed(call: Call, account: Account) -> Json:
    call.flag("include_virtual_properties")
    return rendering.account_json(call.company, account, contacts=call.flag("include_contacts"))


def get(call: Call) -> Answer:
    return 200, _printed(call, find(call.company, call.id, archived=call.flag("include_archived")))


def create(call: Call) -> Answer:
    match, body, new_options = read_matching(call), call.body(), call.flag("allow_new_options")
    values = validation.read_fields(CREATE, body, ("title", "address"), call.switches["unknown_fields"])
    contacts.refuse_address_lists(call.company, values)
    linked = contacts.read_linked_contacts(call.company, body)
    found = match.find(call.company.accounts.values(), values)
    if found is None:
        values |= properties.read_custom(call.company, "account", {}, body, new_options=new_options)
        created = add(call.company, call.user, values, linked)
        return call.switches["match_post_status"], rendering.account_json(call.company, created)
    if match.strategy != "skip":
        values |= properties.read_custom(call.company, "account", found.custom, body, new_options=new_options)
        call.company.update(found, call.user, match.changes(found, values))
        contacts.link(call.company, found, linked)
    return 200, rendering.account_json(call.company, found)


def update(call: Call) -> Answer:
    account, body = find(call.company, call.id), call.body()
    values = validation.read_fields(UPDATE, body, (), call.switches["unknown_fields"])
    contacts.refuse_address_lists(call.company, values)
    linked = contacts.read_linked_contacts(call.company, body)
    values |= properties.read_custom(
        call.company, "account", account.custom, body, new_options=call.flag("allow_new_options")
    )
    call.company.update(account, call.user, values)
    contacts.link(call.company, account, linked, only=True)
    return 200, rendering.account_json(call.company, account)


def delete(call: Call) -> Answer:
    account = find(call.company, call.id)
    shown = rendering.account_json(call.company, account)
    remove(call.company, call.user, account)
    return call.deleted(shown)


ROUTES = [
    ("GET", "accounts", list_),
    ("POST", "accounts", create),
    ("GET", "accounts/search", search),
    ("GET", "accounts/<id>", get),
    ("PATCH", "accounts/<id>", update),
    ("DELETE", "accounts/<id>", delete),
]
