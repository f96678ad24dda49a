"""Invoices and payments as the API prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.coperniq import rendering
from simulator.coperniq.billing import statuses
from simulator.coperniq.records import Account
from simulator.coperniq.wire import Json, dollars, moment, number, shaped

if TYPE_CHECKING:
    from simulator.coperniq.billing.records import Invoice, Line, Payment
    from simulator.coperniq.company import Company


def invoice(company: Company, one: Invoice) -> Json:
    found = {
        "id": one.id,
        "uid": one.uid,
        "type": "INVOICE",
        "status": statuses.shown(company, one),
        "description": one.description,
        "amount": dollars(one.amount),
        "amountPaid": dollars(one.amount_paid),
        "calculationMethod": one.calculation,
        "percentage": number(one.percentage),
        "baseAmount": dollars(one.base_amount),
        "isArchived": one.is_archived,
        "sharedWithPortal": one.shared_with_portal,
        "lineItems": [line(company, each) for each in one.lines],
        "createdAt": moment(company, one.created_at),
        "updatedAt": moment(company, one.updated_at),
    }
    return shaped(company, found | _dates(company, one) | _raised_on(company, one) | _title(company, one))


def _dates(company: Company, one: Invoice) -> Json:
    found: Json = {}
    due = one.due_date or (one.created_at if company.switches["due_date_absent"] == "created" else None)
    if due is not None or company.switches["due_date_absent"] == "null":
        found["dueDate"] = moment(company, due)
    if company.switches["issue_date_returned"]:
        found["issueDate"] = moment(company, one.issue_date)
    return found


def _raised_on(company: Company, one: Invoice) -> Json:
    """Both are null once the record is gone; a project without account has only itself."""
    record = company.record(one.record_id)
    if record is None:
        return {"account": None, "record": None, "basedOnId": None, "basedOnUid": None}
    account = record if isinstance(record, Account) else company.accounts.get(record.account_id or 0)
    based = one.calculation == "PERCENTAGE"
    title = record.title if isinstance(record, Account) else rendering.shown_title(company, record)
    return {
        "account": {"id": account.id, "title": account.title} if account else None,
        "record": {"id": record.id, "uid": record.number, "title": title},
        "basedOnId": record.id if based else None,
        "basedOnUid": record.number if based else None,
    }


def _title(company: Company, one: Invoice) -> Json:
    if not company.switches["legacy_shape"]:
        return {}
    return {"title": one.title or f"Invoice #{one.uid}"}


def line(company: Company, one: Line) -> Json:
    found = {
        "id": one.id,
        "catalogItemId": one.catalog_item_id,
        "quantity": one.quantity,
        "unitCost": dollars(one.unit_cost),
        "unitPrice": dollars(one.unit_price),
        "description": one.description,
        "catalogItem": _item(company, one.catalog_item_id),
    }
    section = {"sectionName": one.section} if company.switches["section_name_returned"] else {}
    return found | section


def _item(company: Company, id: int) -> Json | None:
    """Without its code."""
    item = company.catalog.get(id)
    if item is None or (item.is_archived and company.switches["deleted_catalog_item"] == "null"):
        return None
    names = ("id", "name", "manufacturer", "sku", "type")
    return {name: getattr(item, name) for name in names}


def payment(company: Company, one: Payment) -> Json:
    shows_number = company.switches["payment_number"] == "number"
    by = one.created_by
    return {
        "id": one.id,
        "invoiceNumber": one.number if shows_number else None,
        "amount": dollars(one.amount),
        "status": one.status,
        "paymentMethod": one.method,
        "paymentDate": moment(company, one.date),
        "paymentReference": one.reference,
        "notes": one.notes,
        "isExternal": one.is_external,
        "createdAt": moment(company, one.created_at),
        "updatedAt": moment(company, one.updated_at),
        "createdBy": {"id": by.id, "firstName": by.first_name, "lastName": by.last_name} if by else None,
    }


def whole_invoice(company: Company, one: Invoice) -> Json:
    """For assertions: also what the API keeps to itself."""
    return invoice(company, one) | {
        "recordId": one.record_id,
        "storedStatus": one.status,
        "title": one.title,
        "dueDate": moment(company, one.due_date),
        "issueDate": moment(company, one.issue_date),
        "beyondLines": dollars(one.beyond_lines),
        "payments": [payment(company, each) for each in one.payments],
        "lineItems": [line(company, each) | {"sectionName": each.section} for each in one.lines],
    }


def whole(company: Company) -> Json:
    every = list(company.invoices.values())
    return {
        "invoices": [whole_invoice(company, one) for one in every],
        "payments": [
            {"invoiceId": one.id, **payment(company, each)} for one in every for each in one.payments
        ],
    }
