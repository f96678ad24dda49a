"""Stored records as the API prints them: docs/vendors/coperniq-api.md, 3."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

from simulator.coperniq import invoice_status
from simulator.coperniq.company import Company
from simulator.coperniq.records import (
    Account,
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
from simulator.coperniq.validation import Json

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


def _plain(record: object, *names: str) -> Json:
    """Attributes that are printed as they are stored, under their names in camel case."""
    return {re.sub(r"_(.)", lambda found: found[1].upper(), name): getattr(record, name) for name in names}


def _times(company: Company, record: Stamped) -> Json:
    return {"createdAt": moment(company, record.created_at), "updatedAt": moment(company, record.updated_at)}


def user_summary(user: User | None) -> Json | None:
    return {**_plain(user, "id", "first_name", "last_name", "email"), "avatarUrl": None} if user else None


def _stamps(company: Company, record: Stamped) -> Json:
    by = {"createdBy": user_summary(record.created_by), "updatedBy": user_summary(record.updated_by)}
    return by | _times(company, record)


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


def split_address(address: str) -> Json:
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
        named = {"id": template.id, "name": phase.name, "type": template.type, "scope": "PROJECT"}
        return {"stage": named | timing}
    named = {"name": phase.name, "status": phase.status, "type": template.type}
    return {"phase": {"instanceId": phase.id, "templateId": template.id, **named, **timing}}


def phase_instance_json(company: Company, instance: PhaseInstance) -> Json:
    times = {"startedAt": instance.started_at, "completedAt": instance.completed_at}
    return {
        **_plain(instance, "id", "name", "status", "position"),
        "type": instance.template.type,
        "phaseTemplateId": instance.template.id,
        "phaseTemplate": _template(instance.template, description=False),
        **{name: moment(company, when) for name, when in times.items() if when is not None},
    }


def _template(template: PhaseTemplate, *, description: bool = True) -> Json:
    found: Json = {"id": template.id, "name": template.name, "type": template.type}
    if description and template.description is not None:
        found["description"] = template.description
    return found | {"redSla": template.red_sla, "yellowSla": template.yellow_sla}


def workflow_json(company: Company, record: Workflow) -> Json:
    by = record.created_by
    return {
        **_plain(record, "id", "name", "description"),
        "type": "PROJECT",
        **_times(company, record),
        "createdBy": {**_plain(by, "id", "first_name", "last_name"), "avatarUrl": None} if by else None,
        "phases": [_template(one) for one in record.phases],
    }


def account_json(company: Company, record: Account, *, contacts: bool = False) -> Json:
    found = {
        **_plain(record, "id", "number", "title", "description", "account_type", "primary_email"),
        **_plain(record, "primary_phone", "is_active"),
        "address": [record.address],
        "custom": dict(record.custom),
    }
    if contacts:
        linked = [one for one in company.contacts.values() if record.id in one.account_ids]
        found["contacts"] = [_plain(one, "id", "emails", "phones") for one in linked]
    return shaped(company, found | address_parts(company, record.address) | _stamps(company, record))


def contact_json(company: Company, record: Contact) -> Json:
    accounts = [company.accounts[one] for one in record.account_ids]
    projects = [company.projects[one] for one in record.project_ids]
    found = {
        **_plain(record, "id", "name", "phones", "emails", "title"),
        "createdByUser": {"id": record.created_by.id} if record.created_by else None,
        "accounts": [_plain(one, "id", "title") for one in accounts],
        "projects": [{"id": one.id, "title": shown_title(company, one)} for one in projects],
    }
    return shaped(company, found | _times(company, record))


def site_json(company: Company, record: Site) -> Json:
    names = ("id", "account_id", "title", "full_address", *ADDRESS_PARTS, "geo_location", "timezone")
    return shaped(company, _plain(record, *names) | _times(company, record))


def shown_title(company: Company, record: Project) -> str:
    """An empty project title reads as the parent account's."""
    if record.title or record.account_id is None:
        return record.title
    return company.accounts[record.account_id].title


def project_json(company: Company, record: Project, *, whole: bool = False) -> Json:
    """`whole`: as get-by-id prints it, the only answer with `phaseInstances`."""
    workflow = company.workflows.get(record.workflow_id or 0)
    found = {
        **_plain(record, "id", "number", "description", "status", "is_active", "account_id", "workflow_id"),
        **_plain(record, "primary_email", "primary_phone"),
        "title": shown_title(company, record),
        "address": [record.address],
        "value": dollars(record.value),
        "size": number(record.size),
        "trades": list(record.trades),
        "workflowName": workflow.name if workflow else "",
        "custom": dict(record.custom),
    }
    found |= _current_phase(company, record, workflow)
    if whole and workflow and workflow.generation == 2:
        found["phaseInstances"] = [phase_instance_json(company, one) for one in record.phases]
    return shaped(company, found | address_parts(company, record.address) | _stamps(company, record))


def catalog_item_json(company: Company, record: CatalogItem) -> Json:
    return {
        **_plain(record, "id", "name", "type", "category", "manufacturer", "sku", "code", "description"),
        **_plain(record, "is_archived", "preferred_vendor_id"),
        "catalog": record.trade_group,
        "cost": dollars(record.cost),
        "price": dollars(record.price),
        "image": None,
        "createdById": record.created_by.id if record.created_by else None,
        **_times(company, record),
    }


def property_json(record: Property) -> Json:
    named = _plain(record, "name", "type", "key_name", "is_multiple", "is_custom")
    return {**named, "options": list(record.options), "defaultValue": []}


def invoice_json(company: Company, one: Invoice) -> Json:
    found = {
        **_plain(one, "id", "uid", "description", "is_archived", "shared_with_portal"),
        "type": "INVOICE",
        "status": invoice_status.shown_status(company, one),
        "amount": dollars(one.amount),
        "amountPaid": dollars(one.amount_paid),
        "calculationMethod": one.calculation,
        "percentage": number(one.percentage),
        "baseAmount": dollars(one.base_amount),
        "lineItems": [_line_json(company, each) for each in one.lines],
        **_times(company, one),
    }
    if company.switches["legacy_shape"]:
        found["title"] = one.title or f"Invoice #{one.uid}"
    return shaped(company, found | _dates(company, one) | _raised_on(company, one))


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


def _line_json(company: Company, one: Line) -> Json:
    item = company.catalog.get(one.catalog_item_id)
    if item is not None and item.is_archived and company.switches["deleted_catalog_item"] == "null":
        item = None
    found = {
        **_plain(one, "id", "catalog_item_id", "quantity", "description"),
        "unitCost": dollars(one.unit_cost),
        "unitPrice": dollars(one.unit_price),
        "catalogItem": _plain(item, "id", "name", "manufacturer", "sku", "type") if item else None,
    }
    return found | ({"sectionName": one.section} if company.switches["section_name_returned"] else {})


def payment_json(company: Company, one: Payment) -> Json:
    by = one.created_by
    return {
        **_plain(one, "id", "status", "notes", "is_external"),
        "invoiceNumber": one.number if company.switches["payment_number"] == "number" else None,
        "amount": dollars(one.amount),
        "paymentMethod": one.method,
        "paymentDate": moment(company, one.date),
        "paymentReference": one.reference,
        **_times(company, one),
        "createdBy": _plain(by, "id", "first_name", "last_name") if by else None,
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
