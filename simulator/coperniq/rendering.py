"""Stored records as the API prints them: docs/vendors/coperniq-api.md, 3."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Any

from simulator.coperniq import invoice_status
from simulator.coperniq.records import Account

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from simulator.coperniq.company import Company
    from simulator.coperniq.records import (
        CatalogItem,
        Contact,
        Invoice,
        Line,
        Payment,
        PhaseInstance,
        PhaseTemplate,
        Project,
        Property,
        Site,
        Stamped,
        User,
        Workflow,
    )


Json = dict[str, Any]
_LEGACY = {"accountId": "clientId", "account": "client", "accounts": "clients", "number": "uid"}


def moment(company: Company, when: datetime | None) -> str | None:
    if when is None:
        return None
    precision = company.switches["timestamp_form"]
    return when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def dollars(cents: int | None) -> int | float | None:
    """The JSON number of an amount; a double holds two decimals exactly enough to print them again."""
    if cents is None:
        return None
    return cents // 100 if cents % 100 == 0 else cents / 100


def number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def user_summary(user: User | None) -> Json | None:
    if user is None:
        return None
    return {
        "id": user.id,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "email": user.email,
        "avatarUrl": None,
    }


def stamps(company: Company, record: Stamped) -> Json:
    return {
        "createdBy": user_summary(record.created_by),
        "updatedBy": user_summary(record.updated_by),
        "createdAt": moment(company, record.created_at),
        "updatedAt": moment(company, record.updated_at),
    }


def shaped(company: Company, found: Json) -> Json:
    if not company.switches["legacy_shape"]:
        return found
    return {_LEGACY.get(name, name): value for name, value in found.items()}


def address_parts(company: Company, address: str) -> Json:
    return split_address(address) if company.switches["address_parts"] else {}


_LINE = re.compile(
    r"^(?P<street>.+?),\s*(?P<city>[^,]+),\s*(?P<state>[A-Z]{2})\s+(?P<zipcode>\d{5}(?:-\d{4})?)(?:,\s*USA?)?$"
)
ADDRESS_PARTS = ("street", "city", "state", "zipcode")


def split_address(address: str) -> dict[str, str | None]:
    found = _LINE.match(address.strip())
    return {part: found[part] if found else None for part in ADDRESS_PARTS}


def _current_phase(company: Company, record: Project, workflow: Workflow | None) -> Json:
    phase = record.current
    if phase is None or workflow is None:
        return {}
    template = phase.template
    days = (company.now() - phase.started_at).days if phase.started_at else 0
    timing = {
        "redSla": template.red_sla or 0,
        "yellowSla": template.yellow_sla or 0,
        "timeInStageDays": days,
        "slaStatus": "VIOLATED" if template.red_sla and days > template.red_sla else "NON_VIOLATED",
    }
    if workflow.generation == 1:
        return {
            "stage": {
                "id": template.id,
                "name": phase.name,
                "type": template.type,
                "scope": "PROJECT",
                **timing,
            }
        }
    named = {"name": phase.name, "status": phase.status, "type": template.type}
    return {"phase": {"instanceId": phase.id, "templateId": template.id, **named, **timing}}


def phase_instance_json(company: Company, instance: PhaseInstance) -> Json:
    times = {
        "startedAt": moment(company, instance.started_at),
        "completedAt": moment(company, instance.completed_at),
    }
    return {
        "id": instance.id,
        "name": instance.name,
        "status": instance.status,
        "position": instance.position,
        "type": instance.template.type,
        "phaseTemplateId": instance.template.id,
        "phaseTemplate": _template(instance.template, description=False),
        **{name: value for name, value in times.items() if value is not None},
    }


def _template(template: PhaseTemplate, *, description: bool = True) -> Json:
    found: Json = {"id": template.id, "name": template.name, "type": template.type}
    if description and template.description is not None:
        found["description"] = template.description
    return found | {"redSla": template.red_sla, "yellowSla": template.yellow_sla}


def workflow_json(company: Company, record: Workflow) -> Json:
    by = user_summary(record.created_by)
    return {
        "id": record.id,
        "name": record.name,
        "description": record.description,
        "type": "PROJECT",
        "createdAt": moment(company, record.created_at),
        "updatedAt": moment(company, record.updated_at),
        "createdBy": {key: by[key] for key in ("id", "firstName", "lastName", "avatarUrl")} if by else None,
        "phases": [_template(one) for one in record.phases],
    }


def account_json(company: Company, record: Account, *, contacts: bool = False) -> Json:
    found: Json = {
        "id": record.id,
        "number": record.number,
        "title": record.title,
        "description": record.description,
        "address": [record.address],
        "accountType": record.account_type,
        "primaryEmail": record.primary_email,
        "primaryPhone": record.primary_phone,
        "isActive": record.is_active,
        "custom": dict(record.custom),
    }
    if contacts:
        linked = [one for one in company.contacts.values() if record.id in one.account_ids]
        found["contacts"] = [{"id": one.id, "emails": one.emails, "phones": one.phones} for one in linked]
    return shaped(company, found | address_parts(company, record.address) | stamps(company, record))


def contact_json(company: Company, record: Contact) -> Json:
    accounts = [company.accounts[one] for one in record.account_ids]
    projects = [company.projects[one] for one in record.project_ids]
    found = {
        "id": record.id,
        "name": record.name,
        "phones": record.phones,
        "emails": record.emails,
        "title": record.title,
        "createdByUser": {"id": record.created_by.id} if record.created_by else None,
        "accounts": [{"id": one.id, "title": one.title} for one in accounts],
        "projects": [{"id": one.id, "title": shown_title(company, one)} for one in projects],
        "createdAt": moment(company, record.created_at),
        "updatedAt": moment(company, record.updated_at),
    }
    return shaped(company, found)


def site_json(company: Company, record: Site) -> Json:
    found = {
        "id": record.id,
        "accountId": record.account_id,
        "title": record.title,
        "fullAddress": record.full_address,
        "street": record.street,
        "city": record.city,
        "state": record.state,
        "zipcode": record.zipcode,
        "geoLocation": record.geo_location,
        "timezone": record.timezone,
        "createdAt": moment(company, record.created_at),
        "updatedAt": moment(company, record.updated_at),
    }
    return shaped(company, found)


def shown_title(company: Company, record: Project) -> str:
    """An empty project title reads as the parent account's."""
    if record.title or record.account_id is None:
        return record.title
    return company.accounts[record.account_id].title


def project_json(company: Company, record: Project, *, whole: bool = False) -> Json:
    """`whole`: as get-by-id prints it, the only answer with `phaseInstances`."""
    workflow = company.workflows.get(record.workflow_id or 0)
    found = {
        "id": record.id,
        "number": record.number,
        "title": shown_title(company, record),
        "description": record.description,
        "address": [record.address],
        "status": record.status,
        "isActive": record.is_active,
        "value": dollars(record.value),
        "size": number(record.size),
        "trades": list(record.trades),
        "accountId": record.account_id,
        "workflowId": record.workflow_id,
        "workflowName": workflow.name if workflow else "",
        "primaryEmail": record.primary_email,
        "primaryPhone": record.primary_phone,
        "custom": dict(record.custom),
    }
    found |= _current_phase(company, record, workflow)
    if whole and workflow and workflow.generation == 2:
        found["phaseInstances"] = [phase_instance_json(company, one) for one in record.phases]
    return shaped(company, found | address_parts(company, record.address) | stamps(company, record))


def catalog_item_json(company: Company, record: CatalogItem) -> Json:
    return {
        "id": record.id,
        "name": record.name,
        "type": record.type,
        "catalog": record.trade_group,
        "category": record.category,
        "manufacturer": record.manufacturer,
        "sku": record.sku,
        "code": record.code,
        "description": record.description,
        "cost": dollars(record.cost),
        "price": dollars(record.price),
        "image": None,
        "isArchived": record.is_archived,
        "preferredVendorId": record.preferred_vendor_id,
        "createdById": record.created_by.id if record.created_by else None,
        "createdAt": moment(company, record.created_at),
        "updatedAt": moment(company, record.updated_at),
    }


def property_json(record: Property) -> Json:
    return {
        "name": record.name,
        "type": record.type,
        "keyName": record.key_name,
        "isMultiple": record.is_multiple,
        "options": list(record.options),
        "defaultValue": [],
        "isCustom": record.is_custom,
    }


def invoice_json(company: Company, one: Invoice) -> Json:
    found = {
        "id": one.id,
        "uid": one.uid,
        "type": "INVOICE",
        "status": invoice_status.shown_status(company, one),
        "description": one.description,
        "amount": dollars(one.amount),
        "amountPaid": dollars(one.amount_paid),
        "calculationMethod": one.calculation,
        "percentage": number(one.percentage),
        "baseAmount": dollars(one.base_amount),
        "isArchived": one.is_archived,
        "sharedWithPortal": one.shared_with_portal,
        "lineItems": [_line_json(company, each) for each in one.lines],
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
    title = record.title if isinstance(record, Account) else shown_title(company, record)
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


def _line_json(company: Company, one: Line) -> Json:
    found = {
        "id": one.id,
        "catalogItemId": one.catalog_item_id,
        "quantity": one.quantity,
        "unitCost": dollars(one.unit_cost),
        "unitPrice": dollars(one.unit_price),
        "description": one.description,
        "catalogItem": _line_item(company, one.catalog_item_id),
    }
    section = {"sectionName": one.section} if company.switches["section_name_returned"] else {}
    return found | section


def _line_item(company: Company, id: int) -> Json | None:
    """Without its code."""
    item = company.catalog.get(id)
    if item is None or (item.is_archived and company.switches["deleted_catalog_item"] == "null"):
        return None
    names = ("id", "name", "manufacturer", "sku", "type")
    return {name: getattr(item, name) for name in names}


def payment_json(company: Company, one: Payment) -> Json:
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


def full_invoice_json(company: Company, one: Invoice) -> Json:
    """For assertions: also what the API keeps to itself."""
    return invoice_json(company, one) | {
        "recordId": one.record_id,
        "storedStatus": one.status,
        "title": one.title,
        "dueDate": moment(company, one.due_date),
        "issueDate": moment(company, one.issue_date),
        "beyondLines": dollars(one.beyond_lines),
        "payments": [payment_json(company, each) for each in one.payments],
        "lineItems": [_line_json(company, each) | {"sectionName": each.section} for each in one.lines],
    }


def _full_invoices(company: Company) -> Json:
    every = list(company.invoices.values())
    return {
        "invoices": [full_invoice_json(company, one) for one in every],
        "payments": [
            {"invoiceId": one.id, **payment_json(company, each)} for one in every for each in one.payments
        ],
    }


def full_company_json(company: Company) -> Json:
    return {
        "id": company.id,
        "name": company.name,
        "accounts": [account_json(company, one, contacts=True) for one in company.accounts.values()],
        "contacts": [contact_json(company, one) for one in company.contacts.values()],
        "sites": [site_json(company, one) for one in company.sites.values()],
        "projects": [
            project_json(company, one, whole=True) | {"storedTitle": one.title}
            for one in company.projects.values()
        ],
        "workflows": [workflow_json(company, one) for one in company.workflows.values()],
        "catalogItems": [catalog_item_json(company, one) for one in company.catalog.values()],
        **_full_invoices(company),
    }
