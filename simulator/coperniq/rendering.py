"""Stored records as the API prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.coperniq import phase_rendering
from simulator.coperniq.wire import Json, address_parts, dollars, moment, number, shaped, stamps

if TYPE_CHECKING:
    from simulator.coperniq.company import Company
    from simulator.coperniq.records import Account, CatalogItem, Contact, Project, Property, Site


def account(company: Company, record: Account, *, contacts: bool = False) -> Json:
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


def contact(company: Company, record: Contact) -> Json:
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


def site(company: Company, record: Site) -> Json:
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


def project(company: Company, record: Project, *, whole: bool = False) -> Json:
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
    found |= phase_rendering.current(company, record, workflow)
    if whole and workflow and workflow.generation == 2:
        found["phaseInstances"] = [phase_rendering.phase_instance(company, one) for one in record.phases]
    return shaped(company, found | address_parts(company, record.address) | stamps(company, record))


def catalog_item(company: Company, record: CatalogItem) -> Json:
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


def property_(record: Property) -> Json:
    return {
        "name": record.name,
        "type": record.type,
        "keyName": record.key_name,
        "isMultiple": record.is_multiple,
        "options": list(record.options),
        "defaultValue": [],
        "isCustom": record.is_custom,
    }
