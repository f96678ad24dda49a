"""Projects: docs/vendors/coperniq-api.md, 3.4. A write may set off webhooks and enter a workflow."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.coperniq import contacts, properties, rendering, triggers, validation, workflows
from simulator.coperniq.company import Company, release_invoices
from simulator.coperniq.query_parameters import (
    Answer,
    Call,
    filter_records,
    ordered,
    page,
    read_matching,
    window,
)
from simulator.coperniq.records import Project, User
from simulator.coperniq.search import search_condition
from simulator.coperniq.validation import Json, invalid

STATUSES = ("ACTIVE", "ON_HOLD", "CANCELLED", "COMPLETED")

UPDATE: validation.Schema = {
    "title": ("title", validation.clearable(validation.text, "")),
    "address": ("address", validation.clearable(validation.address, "")),
    "description": ("description", validation.nullable(validation.text)),
    "trades": ("trades", validation.texts),
    "workflowId": ("workflow_id", validation.nullable(validation.identifier)),
    "value": ("value", validation.nullable(validation.money)),
    "size": ("size", validation.nullable(validation.decimal)),
    "status": ("status", validation.one_of(*STATUSES)),
    "primaryEmail": ("primary_email", validation.nullable(validation.email)),
    "primaryPhone": ("primary_phone", validation.nullable(validation.text)),
}
CREATE: validation.Schema = {
    **UPDATE,
    "title": ("title", validation.filled),
    "accountId": ("account_id", validation.nullable(validation.identifier)),
}
BY_USER: validation.Schema = {
    **UPDATE,
    "accountId": CREATE["accountId"],
    "number": ("number", validation.integer),
    "isActive": ("is_active", validation.flag),
}


def read_new(company: Company, body: Json) -> Json:
    body = _renamed(company, body)
    _check_phase_id(company, body)
    values = validation.read_fields(CREATE, body, ("title", "address"), company.switches["unknown_fields"])
    return require_links(company, {name: value for name, value in values.items() if value is not None})


def read_change(company: Company, body: Json) -> Json:
    body = _renamed(company, body)
    if "accountId" in body:
        raise invalid("accountId", "accountId cannot be changed")
    _check_phase_id(company, body)
    return require_links(
        company, validation.read_fields(UPDATE, body, (), company.switches["unknown_fields"])
    )


def read_from_user(company: Company, body: Json) -> Json:
    """The web application writes more than the API: the number, the archive, another account."""
    return require_links(company, validation.read_fields(BY_USER, body, (), "refuse"))


def require_links(company: Company, values: Json) -> Json:
    known: dict[str, tuple[str, Mapping[int, object]]] = {
        "account_id": ("accountId", company.accounts),
        "workflow_id": ("workflowId", company.workflows),
    }
    for name, (field, rows) in known.items():
        if values.get(name) is not None:
            contacts.require_existing([values[name]], rows, field)
    return contacts.refuse_address_lists(company, values)


def _renamed(company: Company, body: Json) -> Json:
    aliases = {"clientId": "accountId"} if company.switches["legacy_shape"] else {}
    return {aliases.get(name, name): value for name, value in body.items()}


def _check_phase_id(company: Company, body: Json) -> None:
    if "phaseId" in body and company.switches["phase_id_writable"] == "refuse":
        raise invalid("phaseId", "phaseId is not allowed")
    if company.switches["phase_id_writable"] == "accept":
        body.pop("phaseId", None)


def read_phase_id(company: Company, body: Json, workflow_id: int | None) -> int | None:
    """The phase that a body asks for, checked before anything is written; None where the switch ignores it."""
    if company.switches["phase_id_writable"] != "accept" or body.get("phaseId") is None:
        return None
    wanted = validation.identifier(body["phaseId"], "phaseId")
    workflow = company.workflows.get(workflow_id or 0)
    if workflow is None or wanted not in {one.id for one in workflow.phases}:
        raise invalid("phaseId", "The project's workflow has no such phase")
    return wanted


def enter_phase(company: Company, user: User | None, project: Project, wanted: int | None) -> None:
    if wanted is not None and (project.current is None or project.current.template.id != wanted):
        workflows.start_phase(company, project, wanted, user)


def default_workflow(company: Company) -> int | None:
    return next(iter(company.workflows), None) if company.switches["project_default_workflow"] else None


def add(company: Company, user: User | None, values: Json, linked: list[int] | None = None) -> Project:
    if "number" not in values:
        values = values | {"number": company.next_number("project")}
    values = {"workflow_id": default_workflow(company), **values}
    company.number_given("project", values["number"])
    project = Project(**company.stamp("record", user), **values)
    company.projects[project.id] = project
    contacts.link(company, project, linked)
    triggers.fire(company, "PROJECT_CREATED", project)
    workflows.enter_workflow(company, project, user)
    return project


def change(company: Company, user: User | None, project: Project, values: Json) -> None:
    changed = company.update(project, user, values)
    if "workflow_id" in changed:
        workflows.enter_workflow(company, project, user)
    for name, key in {"status": "PROJECT_STATUS_MOVEMENT", "custom": "PROJECT_PROPERTY_UPDATED"}.items():
        if name in changed:
            triggers.fire(company, key, project)


def remove(company: Company, user: User | None, project: Project) -> None:
    if company.switches["delete_archives"]:
        change(company, user, project, {"is_active": False})
        return
    release_invoices(company, {project.id})
    contacts.link(company, project, [], only=True)
    del company.projects[project.id]


def find(company: Company, id: int, *, archived: bool = True) -> Project:
    found = company.projects.get(id)
    if found is None or not (archived or found.is_active):
        raise company.absent("projects", id)
    return found


def list_(call: Call) -> Answer:
    return _page(call, window(call, filter_records(call, _visible(call))))


def search(call: Call) -> Answer:
    passes = search_condition(call, _searchable(call.company))
    return _page(call, [one for one in _visible(call) if passes(rendering.project_json(call.company, one))])


def _searchable(company: Company) -> set[str]:
    standard = {"id", "number", "isActive", "accountId", "createdAt", "updatedAt"}
    return standard | set(UPDATE) | properties.keys(company, "project")


def _visible(call: Call) -> list[Project]:
    archived = call.flag("include_archived")
    return [one for one in call.company.projects.values() if one.is_active or archived]


def _page(call: Call, found: list[Project]) -> Answer:
    call.flag("include_virtual_properties")
    rows = page(call, ordered(call, found))
    return 200, [rendering.project_json(call.company, one) for one in rows]


def get(call: Call) -> Answer:
    call.flag("include_virtual_properties")
    found = find(call.company, call.id, archived=call.flag("include_archived"))
    return 200, rendering.project_json(call.company, found, whole=True)


def create(call: Call) -> Answer:
    match, body, new_options = read_matching(call), call.body(), call.flag("allow_new_options")
    values = read_new(call.company, body)
    linked = contacts.read_linked_contacts(call.company, body)
    found = match.find(call.company.projects.values(), values)
    if found is None:
        values |= properties.read_custom(call.company, "project", {}, body, new_options=new_options)
        workflow = values.get("workflow_id", default_workflow(call.company))
        phase = read_phase_id(call.company, body, workflow)
        made = add(call.company, call.user, values, linked)
        enter_phase(call.company, call.user, made, phase)
        return call.switches["match_post_status"], rendering.project_json(call.company, made)
    if match.strategy != "skip":
        values |= properties.read_custom(call.company, "project", found.custom, body, new_options=new_options)
        change(call.company, call.user, found, match.changes(found, values))
        contacts.link(call.company, found, linked)
    return 200, rendering.project_json(call.company, found)


def update(call: Call) -> Answer:
    project, body = find(call.company, call.id), call.body()
    values = read_change(call.company, body)
    linked = contacts.read_linked_contacts(call.company, body)
    phase = read_phase_id(call.company, body, values.get("workflow_id", project.workflow_id))
    values |= properties.read_custom(
        call.company, "project", project.custom, body, new_options=call.flag("allow_new_options")
    )
    change(call.company, call.user, project, values)
    contacts.link(call.company, project, linked, only=True)
    enter_phase(call.company, call.user, project, phase)
    return 200, rendering.project_json(call.company, project)


def delete(call: Call) -> Answer:
    project = find(call.company, call.id)
    shown = rendering.project_json(call.company, project)
    remove(call.company, call.user, project)
    return call.deleted(shown)


ROUTES = [
    ("GET", "projects", list_),
    ("POST", "projects", create),
    ("GET", "projects/search", search),
    ("GET", "projects/<id>", get),
    ("PATCH", "projects/<id>", update),
    ("DELETE", "projects/<id>", delete),
]
