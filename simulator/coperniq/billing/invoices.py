"""Invoices: the routes. What may be written is in `writing`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.coperniq import accounts, listing, projects
from simulator.coperniq.billing import rendering, statuses, writing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.coperniq.billing.records import Invoice
    from simulator.coperniq.call import Answer, Call
    from simulator.coperniq.company import Company


def find(company: Company, id: int, *, by_api: bool = True) -> Invoice:
    found = company.invoices.get(id)
    if found is None or (by_api and found.is_archived and company.switches["archived_invoices"] == "gone"):
        raise company.absent("invoices", id)
    statuses.age(company, [found])
    return found


def list_(call: Call) -> Answer:
    return _page(call, call.company.invoices.values())


def of_project(call: Call) -> Answer:
    project = projects.find(call.company, call.id)
    return _page(call, [one for one in call.company.invoices.values() if one.record_id == project.id])


def of_account(call: Call) -> Answer:
    account = accounts.find(call.company, call.id)
    mine = {account.id}
    if call.switches["account_invoices"] == "with_projects":
        mine |= {one.id for one in call.company.projects.values() if one.account_id == account.id}
    return _page(call, [one for one in call.company.invoices.values() if one.record_id in mine])


def _page(call: Call, invoices: Iterable[Invoice]) -> Answer:
    shows_archived = call.switches["archived_invoices"] == "listed"
    visible = [one for one in invoices if shows_archived or not one.is_archived]
    statuses.age(call.company, visible)
    rows = listing.ordered(call, listing.window(call, visible))
    items = [rendering.invoice(call.company, one) for one in listing.page(call, rows)]
    if call.switches["invoice_list_shape"] == "array":
        return 200, items
    return 200, listing.wrapped(call, items, len(rows))


def get(call: Call) -> Answer:
    return 200, rendering.invoice(call.company, find(call.company, call.id))


def create(call: Call) -> Answer:
    values = writing.read_new(call.company, call.body())
    writing.check(call.company, None, values)
    made = writing.add(call.company, call.user, values)
    return 201, rendering.invoice(call.company, made)


def update(call: Call) -> Answer:
    invoice = find(call.company, call.id)
    values = writing.read_change(call.company, invoice, call.body())
    writing.check(call.company, invoice, values)
    writing.change(call.company, call.user, invoice, values)
    return 200, rendering.invoice(call.company, invoice)


def delete(call: Call) -> Answer:
    invoice = find(call.company, call.id)
    writing.remove(call.company, call.user, invoice)
    shown = rendering.invoice(call.company, invoice)
    return 200, shown if call.switches["delete_body"] == "record" else None


ROUTES = [
    ("GET", "invoices", list_),
    ("POST", "invoices", create),
    ("GET", "invoices/<id>", get),
    ("PATCH", "invoices/<id>", update),
    ("DELETE", "invoices/<id>", delete),
    ("GET", "projects/<id>/invoices", of_project),
    ("GET", "accounts/<id>/invoices", of_account),
]
