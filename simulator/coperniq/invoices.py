"""Invoices: docs/vendors/coperniq-api.md, 3.7."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from simulator.coperniq import accounts, invoice_lines, invoice_status, projects, rendering, validation
from simulator.coperniq.company import Company
from simulator.coperniq.query_parameters import Answer, Call, moment, ordered, page, window, wrapped
from simulator.coperniq.records import (
    CALCULATIONS,
    STATUSES,
    WRITTEN_ON_CREATE,
    Account,
    Invoice,
    Line,
    Project,
    User,
)
from simulator.coperniq.validation import Json, Refused, invalid, not_found

LOCAL_ZONE = timezone(timedelta(hours=-6))
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_PICKED = {
    "midnight_utc": (timedelta(0), UTC),
    "noon_local": (timedelta(hours=12), LOCAL_ZONE),
    "midnight_local": (timedelta(0), LOCAL_ZONE),
    "end_of_day_local": (timedelta(days=1, milliseconds=-1), LOCAL_ZONE),
}


def date_as_sent(company: Company) -> validation.Check:
    """As the API takes it."""

    def checked(value: object, name: str) -> datetime:
        text = validation.text(value, name)
        if _DAY.fullmatch(text) and company.switches["bare_dates"] == "accept":
            text += "T00:00:00Z"
        found = _in_utc(text, name)
        if company.switches["sent_time_of_day"] == "midnight_utc":
            return found.replace(hour=0, minute=0, second=0, microsecond=0)
        return found

    return checked


def date_as_picked(company: Company) -> validation.Check:
    """As a person picks it from a calendar; a whole date-time is taken as it is."""

    def checked(value: object, name: str) -> datetime:
        text = validation.text(value, name)
        if not _DAY.fullmatch(text):
            return _in_utc(text, name)
        hours, zone = _PICKED[company.switches["person_time_of_day"]]
        midnight = _in_utc(f"{text}T00:00:00Z", name).replace(tzinfo=zone)
        return (midnight + hours).astimezone(UTC)

    return checked


def _in_utc(text: str, name: str) -> datetime:
    try:
        return moment(text, name).astimezone(UTC)
    except OverflowError as reason:
        raise invalid(name, f"{name} must be an ISO 8601 date-time") from reason


def _percentage(company: Company) -> validation.Check:
    def checked(value: object, name: str) -> Decimal:
        number = validation.decimal(value, name)
        if number < 0 or (number > 100 and company.switches["percentage_over_100"] == "refuse"):
            raise invalid(name, f"{name} must be between 0 and 100")
        return number

    return checked


def _create_schema(company: Company) -> validation.Schema:
    day = date_as_sent(company)
    return {
        "recordId": ("record_id", validation.identifier),
        "calculationMethod": ("calculation", validation.one_of(*CALCULATIONS)),
        "percentage": ("percentage", validation.nullable(_percentage(company))),
        "status": ("status", validation.one_of(*WRITTEN_ON_CREATE)),
        "issueDate": ("issue_date", validation.nullable(day)),
        "dueDate": ("due_date", validation.nullable(day)),
        "description": ("description", validation.nullable(validation.text)),
    }


def _update_schema(company: Company) -> validation.Schema:
    clears = company.switches["due_date_null"] == "clears"
    day = date_as_sent(company)
    found: dict[str, tuple[str, validation.Check]] = {
        "status": ("status", validation.one_of(*STATUSES)),
        "dueDate": ("due_date", validation.nullable(day) if clears else day),
        "description": ("description", validation.nullable(validation.text)),
    }
    if company.switches["percentage_on_patch"] == "accept":
        found["percentage"] = ("percentage", _percentage(company))
    return found


def _read(company: Company, schema: validation.Schema, body: Json, required: tuple[str, ...] = ()) -> Json:
    rule = company.switches["invoice_title"]
    if "title" in body and rule == "refuse":
        raise invalid("title", "title is not allowed")
    if rule == "stored":
        schema = {**schema, "title": ("title", validation.nullable(validation.text))}
    ignored = {"title", "type", *invoice_lines.NAMES} - set(schema)
    rest = {name: value for name, value in body.items() if name not in ignored}
    return validation.read_fields(schema, rest, required, company.switches["unknown_fields"])


def read_new(company: Company, body: Json) -> Json:
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
        return values | {"lines": invoice_lines.read(company, body, [])}
    return values | _based_on(company, record, body)


def _require(body: Json, *names: str) -> None:
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


def _based_on(company: Company, record: Account | Project, body: Json) -> Json:
    _require(body, "percentage")
    refuse_lines(body)
    base = record.value if isinstance(record, Project) else None
    if not base and company.switches["percentage_without_base"] == "refuse":
        raise invalid("percentage", "The record has no value to take a percentage of")
    return {"base_amount": base or 0}


def refuse_lines(body: Json) -> None:
    for name in invoice_lines.NAMES:
        if body.get(name) is not None:
            raise invalid(name, f"{name} is not allowed with PERCENTAGE")


def read_change(company: Company, invoice: Invoice, body: Json) -> Json:
    if "calculationMethod" in body:
        raise invalid("calculationMethod", "calculationMethod cannot be changed")
    for name, switch in (("issueDate", "issue_date_on_patch"), ("percentage", "percentage_on_patch")):
        if name in body and company.switches[switch] == "refuse":
            raise invalid(name, f"{name} cannot be changed")
    body = {name: value for name, value in body.items() if name not in {"issueDate"}}
    if company.switches["percentage_on_patch"] != "accept":
        body.pop("percentage", None)
    values = _read(company, _update_schema(company), body)
    if invoice_lines.names_lines(body):
        values["lines"] = _new_lines(company, invoice, body)
    return values


def _new_lines(company: Company, invoice: Invoice, body: Json) -> list[Line]:
    if invoice.calculation == "PERCENTAGE":
        refuse_lines(body)
    if invoice.payments and company.switches["edit_paid_invoice"] == "refuse":
        raise Refused(409, "CONFLICT", "The invoice has payments")
    return invoice_lines.read(company, body, invoice.lines)


def check(company: Company, invoice: Invoice | None, values: Json) -> None:
    """The rules that need the whole: nothing has been changed yet."""
    rows = values.get("lines")
    if rows and sum(one.total for one in rows) < 0 and company.switches["negative_total"] == "refuse":
        raise invalid("lineItems", "The total must not be negative")
    wanted = values.get("status")
    if wanted in {"PAID", "PARTIALLY_PAID"} and company.switches["written_status"] == "refuse":
        paid = invoice_status.counted_cents(company, invoice) if invoice else 0
        if paid <= 0 or (invoice and wanted != invoice_status.earned_status(company, invoice)):
            raise invalid("status", f"status cannot be {wanted} by the payments there are")
    back = wanted == "DRAFT" and invoice is not None and invoice.status != "DRAFT"
    if back and company.switches["status_back_to_draft"] == "refuse":
        raise invalid("status", "A sent invoice cannot become a draft again")


def add(company: Company, user: User | None, values: Json) -> Invoice:
    values = {"uid": company.next_number("invoice"), **values}
    company.number_given("invoice", values["uid"])
    rows = invoice_lines.with_ids(company, values.pop("lines", []))
    invoice = Invoice(**company.stamp("invoice", user), **values, lines=rows)
    company.invoices[invoice.id] = invoice
    _status_written(company, invoice)
    return invoice


def change(company: Company, user: User | None, invoice: Invoice, values: Json) -> None:
    total = invoice.amount
    if "lines" in values:
        values = values | {"lines": invoice_lines.with_ids(company, values["lines"])}
    changed = company.update(invoice, user, values)
    company.number_given("invoice", invoice.uid)
    if "status" in changed:
        _status_written(company, invoice)
    elif invoice.amount != total:
        invoice_status.resettle(company, invoice)


def _status_written(company: Company, invoice: Invoice) -> None:
    if invoice.status != "DRAFT" and invoice.issue_date is None:
        invoice.issue_date = company.now()
    recomputed = company.switches["written_status"] == "recomputed"
    if recomputed and invoice.status in invoice_status.FOLLOWING_PAYMENTS:
        invoice.status = "SENT"
        invoice.status = invoice_status.earned_status(company, invoice)
    elif invoice.status == "PAID" and company.switches["paid_by_status"]:
        invoice.amount_paid = invoice.amount


def remove(company: Company, user: User | None, invoice: Invoice) -> None:
    if invoice.payments and company.switches["delete_paid_invoice"] == "refuse":
        raise Refused(409, "CONFLICT", "The invoice has payments")
    if company.switches["invoice_delete"] == "archive":
        change(company, user, invoice, {"is_archived": True})
    else:
        del company.invoices[invoice.id]


def find(company: Company, id: int, *, by_api: bool = True) -> Invoice:
    found = company.invoices.get(id)
    if found is None or (by_api and found.is_archived and company.switches["archived_invoices"] == "gone"):
        raise company.absent("invoices", id)
    invoice_status.age(company, [found])
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
    invoice_status.age(call.company, visible)
    rows = ordered(call, window(call, visible))
    items = [rendering.invoice_json(call.company, one) for one in page(call, rows)]
    if call.switches["invoice_list_shape"] == "array":
        return 200, items
    return 200, wrapped(call, items, len(rows))


def get(call: Call) -> Answer:
    return 200, rendering.invoice_json(call.company, find(call.company, call.id))


def create(call: Call) -> Answer:
    values = read_new(call.company, call.body())
    check(call.company, None, values)
    made = add(call.company, call.user, values)
    return 201, rendering.invoice_json(call.company, made)


def update(call: Call) -> Answer:
    invoice = find(call.company, call.id)
    values = read_change(call.company, invoice, call.body())
    check(call.company, invoice, values)
    change(call.company, call.user, invoice, values)
    return 200, rendering.invoice_json(call.company, invoice)


def delete(call: Call) -> Answer:
    invoice = find(call.company, call.id)
    remove(call.company, call.user, invoice)
    shown = rendering.invoice_json(call.company, invoice)
    return call.deleted(shown)


ROUTES = [
    ("GET", "invoices", list_),
    ("POST", "invoices", create),
    ("GET", "invoices/<id>", get),
    ("PATCH", "invoices/<id>", update),
    ("DELETE", "invoices/<id>", delete),
    ("GET", "projects/<id>/invoices", of_project),
    ("GET", "accounts/<id>/invoices", of_account),
]
