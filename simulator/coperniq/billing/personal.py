"""Invoices, payments and catalog items as a person writes them: more freely than the API lets a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.coperniq import catalog, fields, linking
from simulator.coperniq.billing import dates, invoices, lines, payments, rendering, writing
from simulator.coperniq.billing.records import CALCULATIONS, STATUSES
from simulator.coperniq.errors import Refused
from simulator.coperniq.records import CatalogItem, Project

if TYPE_CHECKING:
    from simulator.coperniq.billing.records import Invoice, Line
    from simulator.coperniq.company import Company

Json = dict[str, Any]
ACTIONS: dict[str, Json] = {
    "send": {"status": "SENT"},
    "decline": {"status": "DECLINED"},
    "archive": {"is_archived": True},
    "restore": {"is_archived": False},
}


def _schema(company: Company) -> fields.Schema:
    day = fields.nullable(dates.picked(company))
    return {
        "recordId": ("record_id", fields.identifier),
        "calculationMethod": ("calculation", fields.one_of(*CALCULATIONS)),
        "percentage": ("percentage", fields.nullable(fields.decimal)),
        "status": ("status", fields.one_of(*STATUSES)),
        "uid": ("uid", fields.whole),
        "title": ("title", fields.nullable(fields.text)),
        "description": ("description", fields.nullable(fields.text)),
        "issueDate": ("issue_date", day),
        "dueDate": ("due_date", day),
        "isArchived": ("is_archived", fields.flag),
        "sharedWithPortal": ("shared_with_portal", fields.flag),
        "amount": ("amount", fields.nullable(fields.money)),
    }


def new_item(company: Company, body: Json) -> CatalogItem:
    """The name is enough; without type and category it is a service of no certain kind."""
    values = fields.read(catalog.PERSON, body, ("name",), "refuse")
    return catalog.add(company, company.person, {"type": "SERVICE", "category": "OTHER", **values})


def _read(company: Company, body: Json, now: list[Line], required: tuple[str, ...] = ()) -> Json:
    """Catalog items that lines bring along are made only if nothing else is wrong."""
    rest = {name: value for name, value in body.items() if name not in lines.NAMES}
    values = fields.read(_schema(company), rest, required, "refuse")
    if "record_id" in values:
        linking.existing([values["record_id"]], {**company.accounts, **company.projects}, "recordId")
    if not lines.named(body):
        return values
    known = set(company.catalog)
    try:
        for _, line, _ in lines.found(body):
            _complete(company, line)
        return values | {"lines": lines.read(company, body, now, person=True)}
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


def add(company: Company, body: Json) -> Json:
    values = {"calculation": "LINE_ITEMS", **_read(company, body, [], ("recordId",))}
    record = company.record(values["record_id"])
    if values["calculation"] == "PERCENTAGE" and isinstance(record, Project):
        values["base_amount"] = record.value
    later = {"amount": values.pop("amount")} if "amount" in values else {}
    made = writing.add(company, company.person, values)
    made.beyond_lines = _total(made, later).get("beyond_lines", 0)
    return rendering.whole_invoice(company, made)


def change(company: Company, id: int, body: Json) -> Json:
    invoice = invoices.find(company, id, by_api=False)
    values = _total(invoice, _read(company, body, invoice.lines))
    writing.change(company, company.person, invoice, values)
    return rendering.whole_invoice(company, invoice)


def act(company: Company, id: int, action: str) -> Json:
    invoice = invoices.find(company, id, by_api=False)
    writing.change(company, company.person, invoice, ACTIONS[action])
    return rendering.whole_invoice(company, invoice)


def remove(company: Company, id: int) -> None:
    writing.remove(company, company.person, invoices.find(company, id, by_api=False))


def _payment_schema(company: Company) -> fields.Schema:
    return {
        "amount": ("amount", fields.money),
        "status": ("status", fields.text),
        "paymentMethod": ("method", fields.text),
        "paymentDate": ("date", fields.nullable(dates.picked(company))),
        "paymentReference": ("reference", fields.nullable(fields.text)),
        "notes": ("notes", fields.nullable(fields.text)),
        "isExternal": ("is_external", fields.flag),
    }


def pay(company: Company, id: int, body: Json) -> Json:
    """Any amount and any status: a refund, a nought, a payment that failed."""
    invoice = invoices.find(company, id, by_api=False)
    sent = fields.read(_payment_schema(company), body, ("amount",), "refuse")
    usual = {"status": company.switches["payment_status"], "method": "CHECK", "date": company.now()}
    made = payments.add(company, company.person, invoice, usual | sent)
    return rendering.payment(company, made)


def change_payment(company: Company, id: int, payment_id: int, body: Json) -> Json:
    invoice = invoices.find(company, id, by_api=False)
    payment = payments.find(invoice, payment_id)
    for name, value in fields.read(_payment_schema(company), body, (), "refuse").items():
        setattr(payment, name, value)
    company.touch(payment, company.person)
    payments.settle(company, company.person, invoice, "payment_edit_moves_updated_at")
    return rendering.payment(company, payment)


def remove_payment(company: Company, id: int, payment_id: int) -> None:
    invoice = invoices.find(company, id, by_api=False)
    invoice.payments.remove(payments.find(invoice, payment_id))
    payments.settle(company, company.person, invoice, "payment_edit_moves_updated_at")
