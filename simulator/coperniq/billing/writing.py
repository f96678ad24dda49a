"""What may be written to an invoice by the API, and what becomes of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from simulator.coperniq import fields
from simulator.coperniq.billing import dates, lines, statuses
from simulator.coperniq.billing.records import CALCULATIONS, STATUSES, WRITTEN_ON_CREATE, Invoice
from simulator.coperniq.errors import Refused, invalid, not_found
from simulator.coperniq.records import Project

if TYPE_CHECKING:
    from simulator.coperniq.billing.records import Line
    from simulator.coperniq.company import Company
    from simulator.coperniq.records import Account, User

Body = dict[str, Any]


def _percentage(company: Company) -> fields.Check:
    def checked(value: object, name: str) -> Decimal:
        number = fields.decimal(value, name)
        if number < 0 or (number > 100 and company.switches["percentage_over_100"] == "refuse"):
            raise invalid(name, f"{name} must be between 0 and 100")
        return number

    return checked


def _create_schema(company: Company) -> fields.Schema:
    day = dates.sent(company)
    return {
        "recordId": ("record_id", fields.identifier),
        "calculationMethod": ("calculation", fields.one_of(*CALCULATIONS)),
        "percentage": ("percentage", fields.nullable(_percentage(company))),
        "status": ("status", fields.one_of(*WRITTEN_ON_CREATE)),
        "issueDate": ("issue_date", fields.nullable(day)),
        "dueDate": ("due_date", fields.nullable(day)),
        "description": ("description", fields.nullable(fields.text)),
    }


def _update_schema(company: Company) -> fields.Schema:
    clears = company.switches["due_date_null"] == "clears"
    day = dates.sent(company)
    found: dict[str, tuple[str, fields.Check]] = {
        "status": ("status", fields.one_of(*STATUSES)),
        "dueDate": ("due_date", fields.nullable(day) if clears else day),
        "description": ("description", fields.nullable(fields.text)),
    }
    if company.switches["percentage_on_patch"] == "accept":
        found["percentage"] = ("percentage", _percentage(company))
    return found


def _read(company: Company, schema: fields.Schema, body: Body, required: tuple[str, ...] = ()) -> Body:
    rule = company.switches["invoice_title"]
    if "title" in body and rule == "refuse":
        raise invalid("title", "title is not allowed")
    if rule == "stored":
        schema = {**schema, "title": ("title", fields.nullable(fields.text))}
    ignored = {"title", "type", *lines.NAMES} - set(schema)
    rest = {name: value for name, value in body.items() if name not in ignored}
    return fields.read(schema, rest, required, company.switches["unknown_fields"])


def read_new(company: Company, body: Body) -> Body:
    if company.switches["invoice_create_requires"] == "older":
        _require(body, "title", "type", "dueDate")
    required = ["recordId", "calculationMethod"]
    if body.get("status", "DRAFT") == "DRAFT":
        body = {name: value for name, value in body.items() if name != "issueDate"}
    elif body["status"] in WRITTEN_ON_CREATE:
        required.append("issueDate")
    values = _read(company, _create_schema(company), body, tuple(required))
    record = _record(company, values["record_id"])
    if values["calculation"] == "LINE_ITEMS":
        values.pop("percentage", None)
        return values | {"lines": lines.read(company, body, [])}
    return values | _based_on(company, record, body)


def _require(body: Body, *names: str) -> None:
    for name in names:
        if body.get(name) is None:
            raise invalid(name, f"{name} is required")


def _record(company: Company, id: int) -> Account | Project:
    record = company.record(id)
    if record is None:
        if company.switches["missing_record_status"] == 404:
            raise not_found("Record")
        raise invalid("recordId", f"recordId: {id} does not exist")
    if not record.is_active and company.switches["invoice_on_archived_record"] == "refuse":
        raise invalid("recordId", "The record is archived")
    return record


def _based_on(company: Company, record: Account | Project, body: Body) -> Body:
    _require(body, "percentage")
    refuse_lines(body)
    base = record.value if isinstance(record, Project) else None
    if not base and company.switches["percentage_without_base"] == "refuse":
        raise invalid("percentage", "The record has no value to take a percentage of")
    return {"base_amount": base or 0}


def refuse_lines(body: Body) -> None:
    for name in lines.NAMES:
        if body.get(name) is not None:
            raise invalid(name, f"{name} is not allowed with PERCENTAGE")


def read_change(company: Company, invoice: Invoice, body: Body) -> Body:
    if "calculationMethod" in body:
        raise invalid("calculationMethod", "calculationMethod cannot be changed")
    for name, switch in (("issueDate", "issue_date_on_patch"), ("percentage", "percentage_on_patch")):
        if name in body and company.switches[switch] == "refuse":
            raise invalid(name, f"{name} cannot be changed")
    body = {name: value for name, value in body.items() if name not in {"issueDate"}}
    if company.switches["percentage_on_patch"] != "accept":
        body.pop("percentage", None)
    values = _read(company, _update_schema(company), body)
    if lines.named(body):
        values["lines"] = _new_lines(company, invoice, body)
    return values


def _new_lines(company: Company, invoice: Invoice, body: Body) -> list[Line]:
    if invoice.calculation == "PERCENTAGE":
        refuse_lines(body)
    if invoice.payments and company.switches["edit_paid_invoice"] == "refuse":
        raise Refused(409, "CONFLICT", "The invoice has payments")
    return lines.read(company, body, invoice.lines)


def check(company: Company, invoice: Invoice | None, values: Body) -> None:
    """The rules that need the whole: nothing has been changed yet."""
    rows = values.get("lines")
    if rows and sum(one.total for one in rows) < 0 and company.switches["negative_total"] == "refuse":
        raise invalid("lineItems", "The total must not be negative")
    wanted = values.get("status")
    if wanted in {"PAID", "PARTIALLY_PAID"} and company.switches["written_status"] == "refuse":
        paid = statuses.counted(company, invoice) if invoice else 0
        if paid <= 0 or (invoice and wanted != statuses.earned(company, invoice)):
            raise invalid("status", f"status cannot be {wanted} by the payments there are")
    back = wanted == "DRAFT" and invoice is not None and invoice.status != "DRAFT"
    if back and company.switches["status_back_to_draft"] == "refuse":
        raise invalid("status", "A sent invoice cannot become a draft again")


def add(company: Company, user: User | None, values: Body) -> Invoice:
    values = {"uid": company.next_number("invoice"), **values}
    company.number_given("invoice", values["uid"])
    rows = lines.settled(company, values.pop("lines", []))
    invoice = Invoice(**company.stamp("invoice", user), **values, lines=rows)
    company.invoices[invoice.id] = invoice
    _status_written(company, invoice)
    return invoice


def change(company: Company, user: User | None, invoice: Invoice, values: Body) -> None:
    total = invoice.amount
    if "lines" in values:
        values = values | {"lines": lines.settled(company, values["lines"])}
    changed = {name: value for name, value in values.items() if getattr(invoice, name) != value}
    for name, value in changed.items():
        setattr(invoice, name, value)
    company.number_given("invoice", invoice.uid)
    if "status" in changed:
        _status_written(company, invoice)
    elif invoice.amount != total:
        statuses.resettle(company, invoice)
    if changed or company.switches["patch_always_touches"]:
        company.touch(invoice, user)


def _status_written(company: Company, invoice: Invoice) -> None:
    if invoice.status != "DRAFT" and invoice.issue_date is None:
        invoice.issue_date = company.now()
    recomputed = company.switches["written_status"] == "recomputed"
    if recomputed and invoice.status in statuses.FOLLOWING_PAYMENTS:
        invoice.status = "SENT"
        invoice.status = statuses.earned(company, invoice)
    elif invoice.status == "PAID" and company.switches["paid_by_status"]:
        invoice.amount_paid = invoice.amount


def remove(company: Company, user: User | None, invoice: Invoice) -> None:
    if invoice.payments and company.switches["delete_paid_invoice"] == "refuse":
        raise Refused(409, "CONFLICT", "The invoice has payments")
    if company.switches["invoice_delete"] == "archive":
        change(company, user, invoice, {"is_archived": True})
    else:
        del company.invoices[invoice.id]
