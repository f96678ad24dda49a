"""What a user does in Coperniq's web application, in the spelling of the API, which allows a program less.

Every function that is offered to `control` takes the company, the body and the ids of the path; it answers a record.
"""

from __future__ import annotations

from simulator.coperniq import (
    accounts,
    catalog,
    contacts,
    invoice_lines,
    invoices,
    payments,
    projects,
    properties,
    rendering,
    sites,
    triggers,
    validation,
    workflows,
)
from simulator.coperniq.company import Company
from simulator.coperniq.records import (
    CALCULATIONS,
    STATUSES,
    CatalogItem,
    Invoice,
    Line,
    PhaseTemplate,
    Project,
    Property,
    Stamped,
    Workflow,
)
from simulator.coperniq.validation import Json, Refused, invalid, not_found

INVOICE_ACTIONS: dict[str, Json] = {
    "send": {"status": "SENT"},
    "decline": {"status": "DECLINED"},
    "archive": {"is_archived": True},
    "restore": {"is_archived": False},
}


def _invoice_schema(company: Company) -> validation.Schema:
    day = validation.nullable(invoices.date_as_picked(company))
    return {
        "recordId": ("record_id", validation.identifier),
        "calculationMethod": ("calculation", validation.one_of(*CALCULATIONS)),
        "percentage": ("percentage", validation.nullable(validation.decimal)),
        "status": ("status", validation.one_of(*STATUSES)),
        "uid": ("uid", validation.integer),
        "title": ("title", validation.nullable(validation.text)),
        "description": ("description", validation.nullable(validation.text)),
        "issueDate": ("issue_date", day),
        "dueDate": ("due_date", day),
        "isArchived": ("is_archived", validation.flag),
        "sharedWithPortal": ("shared_with_portal", validation.flag),
        "amount": ("amount", validation.nullable(validation.money)),
    }


def new_item(company: Company, body: Json) -> CatalogItem:
    """The name is enough; without type and category it is a service of no certain kind."""
    values = validation.read_fields(catalog.BY_USER, body, ("name",), "refuse")
    return catalog.add(company, company.person, {"type": "SERVICE", "category": "OTHER", **values})


def _read_invoice(company: Company, body: Json, now: list[Line], required: tuple[str, ...] = ()) -> Json:
    """Catalog items that lines bring along are made only if nothing else is wrong."""
    rest = {name: value for name, value in body.items() if name not in invoice_lines.NAMES}
    values = validation.read_fields(_invoice_schema(company), rest, required, "refuse")
    if "record_id" in values:
        contacts.require_existing([values["record_id"]], {**company.accounts, **company.projects}, "recordId")
    if not invoice_lines.names_lines(body):
        return values
    known = set(company.catalog)
    try:
        for _, line, _ in invoice_lines.raw_lines(body):
            _complete(company, line)
        return values | {"lines": invoice_lines.read(company, body, now, person=True)}
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


def add_invoice(company: Company, body: Json) -> Json:
    values = {"calculation": "LINE_ITEMS", **_read_invoice(company, body, [], ("recordId",))}
    record = company.record(values["record_id"])
    if values["calculation"] == "PERCENTAGE" and isinstance(record, Project):
        values["base_amount"] = record.value
    later = {"amount": values.pop("amount")} if "amount" in values else {}
    made = invoices.add(company, company.person, values)
    made.beyond_lines = _total(made, later).get("beyond_lines", 0)
    return rendering.full_invoice_json(company, made)


def change_invoice(company: Company, body: Json, id: int) -> Json:
    invoice = invoices.find(company, id, by_api=False)
    values = _total(invoice, _read_invoice(company, body, invoice.lines))
    invoices.change(company, company.person, invoice, values)
    return rendering.full_invoice_json(company, invoice)


def act_on_invoice(company: Company, body: Json, id: int, action: str) -> Json:
    invoice = invoices.find(company, id, by_api=False)
    invoices.change(company, company.person, invoice, INVOICE_ACTIONS[action])
    return rendering.full_invoice_json(company, invoice)


def remove_invoice(company: Company, body: Json, id: int) -> Json:
    invoices.remove(company, company.person, invoices.find(company, id, by_api=False))
    return {}


def _read_payment(company: Company, body: Json, required: tuple[str, ...] = ()) -> Json:
    schema: validation.Schema = {
        "amount": ("amount", validation.money),
        "status": ("status", validation.text),
        "paymentMethod": ("method", validation.text),
        "paymentDate": ("date", validation.nullable(invoices.date_as_picked(company))),
        "paymentReference": ("reference", validation.nullable(validation.text)),
        "notes": ("notes", validation.nullable(validation.text)),
        "isExternal": ("is_external", validation.flag),
    }
    return validation.read_fields(schema, body, required, "refuse")


def add_payment(company: Company, body: Json, id: int) -> Json:
    """Any amount and any status: a refund, an amount of zero, a payment that failed."""
    invoice = invoices.find(company, id, by_api=False)
    sent = _read_payment(company, body, ("amount",))
    usual = {"status": company.switches["payment_status"], "method": "CHECK", "date": company.now()}
    made = payments.add(company, company.person, invoice, usual | sent)
    return rendering.payment_json(company, made)


def change_payment(company: Company, body: Json, id: int, payment_id: int) -> Json:
    invoice = invoices.find(company, id, by_api=False)
    payment = payments.find(invoice, payment_id)
    _assign(company, payment, _read_payment(company, body))
    payments.settle(company, company.person, invoice, "payment_edit_moves_updated_at")
    return rendering.payment_json(company, payment)


def remove_payment(company: Company, body: Json, id: int, payment_id: int) -> Json:
    invoice = invoices.find(company, id, by_api=False)
    invoice.payments.remove(payments.find(invoice, payment_id))
    payments.settle(company, company.person, invoice, "payment_edit_moves_updated_at")
    return {}


def _assign(company: Company, record: Stamped, values: Json) -> None:
    for name, value in values.items():
        setattr(record, name, value)
    company.touch(record, company.person)


def _read_account(company: Company, now: Json, body: Json, required: tuple[str, ...] = ()) -> Json:
    values = validation.read_fields(accounts.UPDATE, body, required, "refuse")
    contacts.refuse_address_lists(company, values)
    return values | properties.read_custom(company, "account", now, body, new_options=True)


def add_account(company: Company, body: Json) -> Json:
    linked = contacts.read_linked_contacts(company, body)
    made = accounts.add(company, company.person, _read_account(company, {}, body, ("title",)), linked)
    return rendering.account_json(company, made, contacts=True)


def change_account(company: Company, body: Json, id: int) -> Json:
    account = accounts.find(company, id)
    linked = contacts.read_linked_contacts(company, body)
    company.update(account, company.person, _read_account(company, account.custom, body))
    contacts.link(company, account, linked, only=True)
    return rendering.account_json(company, account, contacts=True)


def remove_account(company: Company, body: Json, id: int) -> Json:
    accounts.remove(company, company.person, accounts.find(company, id))
    return {}


def add_contact(company: Company, body: Json) -> Json:
    made = contacts.add(company, company.person, contacts.read(company, body, ("name",)))
    return rendering.contact_json(company, made)


def change_contact(company: Company, body: Json, id: int) -> Json:
    contact = contacts.find(company, id)
    contacts.change(company, company.person, contact, contacts.read(company, body))
    return rendering.contact_json(company, contact)


def remove_contact(company: Company, body: Json, id: int) -> Json:
    del company.contacts[contacts.find(company, id).id]
    return {}


def add_site(company: Company, body: Json) -> Json:
    return rendering.site_json(company, sites.add(company, company.person, sites.read(company, body)))


def change_site(company: Company, body: Json, id: int) -> Json:
    site = sites.find(company, id)
    sites.change(company, company.person, site, validation.read_fields(sites.UPDATE, body, (), "refuse"))
    return rendering.site_json(company, site)


def remove_site(company: Company, body: Json, id: int) -> Json:
    del company.sites[sites.find(company, id).id]
    return {}


def _read_project(company: Company, now: Json, body: Json) -> Json:
    values = projects.read_from_user(company, body)
    return values | properties.read_custom(company, "project", now, body, new_options=True)


def add_project(company: Company, body: Json) -> Json:
    values = {"title": "", **_read_project(company, {}, body)}
    made = projects.add(company, company.person, values, contacts.read_linked_contacts(company, body))
    return rendering.project_json(company, made, whole=True)


def change_project(company: Company, body: Json, id: int) -> Json:
    project = projects.find(company, id)
    linked = contacts.read_linked_contacts(company, body)
    projects.change(company, company.person, project, _read_project(company, project.custom, body))
    contacts.link(company, project, linked, only=True)
    return rendering.project_json(company, project, whole=True)


def remove_project(company: Company, body: Json, id: int) -> Json:
    projects.remove(company, company.person, projects.find(company, id))
    return {}


def start_phase(company: Company, body: Json, id: int) -> Json:
    wanted = validation.identifier(body.get("phaseTemplateId"), "phaseTemplateId")
    instance = workflows.start_phase(company, projects.find(company, id), wanted, company.person)
    return rendering.phase_instance_json(company, instance)


def complete_phase(company: Company, body: Json, id: int) -> Json:
    instance = workflows.complete_phase(company, projects.find(company, id), company.person)
    return rendering.phase_instance_json(company, instance)


def add_item(company: Company, body: Json) -> Json:
    return rendering.catalog_item_json(company, new_item(company, body))


def change_item(company: Company, body: Json, id: int) -> Json:
    item = catalog.find(company, id, archived=True)
    values = validation.read_fields(catalog.BY_USER, body, (), "refuse")
    company.update(item, company.person, values)
    return rendering.catalog_item_json(company, item)


def remove_item(company: Company, body: Json, id: int) -> Json:
    company.update(catalog.find(company, id), company.person, {"is_archived": True})
    return {}


_PROPERTY: validation.Schema = {
    "recordType": ("record_type", validation.one_of(*properties.TYPES[:5])),
    "name": ("name", validation.filled),
    "keyName": ("key_name", validation.filled),
    "type": ("type", validation.filled),
    "isMultiple": ("is_multiple", validation.flag),
    "options": ("options", validation.texts),
}


def add_property(company: Company, body: Json) -> Json:
    made = Property(**validation.read_fields(_PROPERTY, body, ("recordType", "name", "keyName"), "refuse"))
    company.properties.append(made)
    return rendering.property_json(made)


_WORKFLOW: validation.Schema = {
    "name": ("name", validation.filled),
    "description": ("description", validation.nullable(validation.text)),
}
_PHASE: validation.Schema = {
    **_WORKFLOW,
    "type": ("type", validation.filled),
    "redSla": ("red_sla", validation.nullable(validation.integer)),
    "yellowSla": ("yellow_sla", validation.nullable(validation.integer)),
}


def add_workflow(company: Company, body: Json) -> Json:
    """`phases`: names, or objects as the API prints them; `generation` 1 makes a workflow with stages."""
    generation, listed = body.pop("generation", 2), body.pop("phases", [])
    if generation not in {1, 2} or not isinstance(listed, list):
        raise invalid("phases", "phases must be an array, generation 1 or 2")
    values = validation.read_fields(_WORKFLOW, body, ("name",), "refuse")
    made = Workflow(**company.stamp("workflow", company.person), **values, generation=generation)
    made.phases = [_new_phase(company, one) for one in listed]
    company.workflows[made.id] = made
    return rendering.workflow_json(company, made)


def _new_phase(company: Company, body: object) -> PhaseTemplate:
    """A phase may be given by its name alone; its type is then made from it."""
    body = {"name": body} if isinstance(body, str) else body
    if not isinstance(body, dict):
        raise invalid("phases", "phases must hold names or objects")
    values = validation.read_fields(_PHASE, body, ("name",), "refuse")
    return company.new_phase(**({"type": values["name"].upper().replace(" ", "_")} | values))


def change_workflow(company: Company, body: Json, id: int) -> Json:
    workflow = workflows.find(company, id)
    _assign(company, workflow, validation.read_fields(_WORKFLOW, body, (), "refuse"))
    return rendering.workflow_json(company, workflow)


def remove_workflow(company: Company, body: Json, id: int) -> Json:
    """Its projects stay, without a workflow."""
    del company.workflows[workflows.find(company, id).id]
    for project in company.projects.values():
        if project.workflow_id == id:
            project.workflow_id, project.phases = None, []
    return {}


def add_phase(company: Company, body: Json, id: int) -> Json:
    workflow = workflows.find(company, id)
    workflow.phases.append(_new_phase(company, body))
    company.touch(workflow, company.person)
    return rendering.workflow_json(company, workflow)


def _phase(workflow: Workflow, phase_id: int) -> PhaseTemplate:
    for one in workflow.phases:
        if one.id == phase_id:
            return one
    raise not_found("Phase")


def change_phase(company: Company, body: Json, id: int, phase_id: int) -> Json:
    workflow = workflows.find(company, id)
    template = _phase(workflow, phase_id)
    values = validation.read_fields(_PHASE, body, (), "refuse")
    if "name" in values:
        workflows.rename_phase(company, workflow, template, values.pop("name"))
    for name, value in values.items():
        setattr(template, name, value)
    company.touch(workflow, company.person)
    return rendering.workflow_json(company, workflow)


def remove_phase(company: Company, body: Json, id: int, phase_id: int) -> Json:
    """Projects keep the instances made from it, so a project may be in a phase that no list shows."""
    workflow = workflows.find(company, id)
    workflow.phases.remove(_phase(workflow, phase_id))
    company.touch(workflow, company.person)
    return rendering.workflow_json(company, workflow)


def fire_trigger(company: Company, body: Json) -> Json:
    """Any documented trigger, also of records this simulator does not keep: requests, work orders, calls."""
    key = validation.one_of(*triggers.NAMES)(body.get("triggerKey"), "triggerKey")
    record_id = validation.integer(body.get("recordId", 0), "recordId")
    parts = {name: body.get(name, {}) for name in ("event", "record", "workOrder")}
    for name, part in parts.items():
        if not isinstance(part, dict):
            raise invalid(name, f"{name} must be an object")
    triggers.send(company, str(key), record_id, parts["event"], parts["record"], parts["workOrder"])
    return {}
