"""Payments of an invoice, which the API may add and read only: docs/vendors/coperniq-api.md, 3.8."""

from __future__ import annotations

from simulator.coperniq import invoice_status, invoices, rendering, validation
from simulator.coperniq.company import Company
from simulator.coperniq.query_parameters import Answer, Call
from simulator.coperniq.records import METHODS, Invoice, Payment, User
from simulator.coperniq.validation import Json, invalid, not_found


def _schema(company: Company) -> validation.Schema:
    return {
        "amount": ("amount", validation.money),
        "paymentMethod": ("method", validation.one_of(*METHODS)),
        "paymentDate": ("date", invoices.date_as_sent(company)),
        "notes": ("notes", validation.nullable(validation.text)),
        "paymentReference": ("reference", validation.nullable(validation.text)),
    }


def _check(company: Company, invoice: Invoice, amount: int) -> None:
    if amount <= 0 and company.switches["nonpositive_payment"] == "refuse":
        raise invalid("amount", "amount must be positive")
    still_open = invoice.amount - invoice_status.counted_cents(company, invoice)
    if amount > still_open and company.switches["overpayment"] == "refuse":
        raise invalid("amount", "amount must not be greater than what is open")
    for status in ("DRAFT", "DECLINED"):
        if invoice.status == status and company.switches[f"payment_on_{status.lower()}"] == "refuse":
            raise invalid("status", f"An invoice that is {status} cannot be paid")
    if invoice.is_archived and company.switches["payment_on_archived"] == "refuse":
        raise invalid("invoiceId", "An archived invoice cannot be paid")


def _as_sent(company: Company, values: Json) -> Json:
    longest = company.switches["payment_reference_length"]
    if longest and values.get("reference"):
        values["reference"] = values["reference"][:longest]
    external = company.switches["payment_is_external"]
    return values | {"status": company.switches["payment_status"], "is_external": external}


def add(company: Company, user: User | None, invoice: Invoice, values: Json) -> Payment:
    stamp = company.stamp("payment", user)
    made = Payment(**stamp, number=company.next_number("payment"), **values)
    invoice.payments.append(made)
    settle(company, user, invoice, "payment_moves_updated_at")
    return made


def settle(company: Company, user: User | None, invoice: Invoice, switch: str) -> None:
    invoice_status.settle(company, invoice)
    if company.switches[switch]:
        company.touch(invoice, user)


def find(invoice: Invoice, id: int) -> Payment:
    for one in invoice.payments:
        if one.id == id:
            return one
    raise not_found("Payment")


def list_(call: Call) -> Answer:
    invoice = invoices.find(call.company, call.id)
    return 200, [rendering.payment_json(call.company, one) for one in invoice.payments]


def get(call: Call) -> Answer:
    invoice = invoices.find(call.company, call.ids[0])
    return 200, rendering.payment_json(call.company, find(invoice, call.id))


def create(call: Call) -> Answer:
    company, invoice = call.company, invoices.find(call.company, call.id)
    required = ("amount", "paymentMethod", "paymentDate")
    values = validation.read_fields(_schema(company), call.body(), required, call.switches["unknown_fields"])
    _check(company, invoice, values["amount"])
    made = add(company, call.user, invoice, _as_sent(company, values))
    return 201, rendering.payment_json(company, made)


ROUTES = [
    ("GET", "invoices/<id>/payments", list_),
    ("POST", "invoices/<id>/payments", create),
    ("GET", "invoices/<id>/payments/<id>", get),
]
