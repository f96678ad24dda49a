"""What may be written to a project, and what a write sets off: webhooks, a workflow entered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.coperniq import fields, linking, phases, properties, triggers
from simulator.coperniq.billing import orphans
from simulator.coperniq.errors import invalid
from simulator.coperniq.records import Project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.coperniq.company import Company
    from simulator.coperniq.records import User

Body = dict[str, Any]
STATUSES = ("ACTIVE", "ON_HOLD", "CANCELLED", "COMPLETED")

UPDATE: fields.Schema = {
    "title": ("title", fields.clearable(fields.text, "")),
    "address": ("address", fields.clearable(fields.address, "")),
    "description": ("description", fields.nullable(fields.text)),
    "trades": ("trades", fields.texts),
    "workflowId": ("workflow_id", fields.nullable(fields.identifier)),
    "value": ("value", fields.nullable(fields.money)),
    "size": ("size", fields.nullable(fields.decimal)),
    "status": ("status", fields.one_of(*STATUSES)),
    "primaryEmail": ("primary_email", fields.nullable(fields.email)),
    "primaryPhone": ("primary_phone", fields.nullable(fields.text)),
}
CREATE: fields.Schema = {
    **UPDATE,
    "title": ("title", fields.filled),
    "accountId": ("account_id", fields.nullable(fields.identifier)),
}
PERSON: fields.Schema = {
    **UPDATE,
    "accountId": CREATE["accountId"],
    "number": ("number", fields.whole),
    "isActive": ("is_active", fields.flag),
}


def read_new(company: Company, body: Body) -> dict[str, Any]:
    body = _renamed(company, body)
    _mind_phase(company, body)
    values = fields.read(CREATE, body, ("title", "address"), company.switches["unknown_fields"])
    return existing(company, {name: value for name, value in values.items() if value is not None})


def read_change(company: Company, body: Body) -> dict[str, Any]:
    body = _renamed(company, body)
    if "accountId" in body:
        raise invalid("accountId", "accountId cannot be changed")
    _mind_phase(company, body)
    return existing(company, fields.read(UPDATE, body, (), company.switches["unknown_fields"]))


def read_person(company: Company, body: Body) -> dict[str, Any]:
    """The web application writes more than the API: the number, the archive, another account."""
    return existing(company, fields.read(PERSON, body, (), "refuse"))


def existing(company: Company, values: dict[str, Any]) -> dict[str, Any]:
    known: dict[str, tuple[str, Mapping[int, object]]] = {
        "account_id": ("accountId", company.accounts),
        "workflow_id": ("workflowId", company.workflows),
    }
    for name, (field, rows) in known.items():
        if values.get(name) is not None:
            linking.existing([values[name]], rows, field)
    return values


def _renamed(company: Company, body: Body) -> Body:
    aliases = {"clientId": "accountId"} if company.switches["legacy_shape"] else {}
    return {aliases.get(name, name): value for name, value in body.items()}


def _mind_phase(company: Company, body: Body) -> None:
    if "phaseId" in body and company.switches["phase_id_writable"] == "refuse":
        raise invalid("phaseId", "phaseId is not allowed")
    if company.switches["phase_id_writable"] == "accept":
        body.pop("phaseId", None)


def named_phase(company: Company, body: Body, workflow_id: int | None) -> int | None:
    """The phase that a body asks for, checked before anything is written; None where the switch ignores it."""
    if company.switches["phase_id_writable"] != "accept" or body.get("phaseId") is None:
        return None
    wanted = fields.identifier(body["phaseId"], "phaseId")
    workflow = company.workflows.get(workflow_id or 0)
    if workflow is None or wanted not in {one.id for one in workflow.phases}:
        raise invalid("phaseId", "The project's workflow has no such phase")
    return wanted


def enter_phase(company: Company, user: User | None, project: Project, wanted: int | None) -> None:
    if wanted is not None and (project.current is None or project.current.template.id != wanted):
        phases.start(company, project, wanted, user)


def default_workflow(company: Company) -> int | None:
    return next(iter(company.workflows), None) if company.switches["project_default_workflow"] else None


def custom(company: Company, now: dict[str, Any], body: Body, *, new_options: bool) -> dict[str, Any]:
    if body.get("custom") is None:
        return {}
    return {"custom": properties.merged(company, "project", now, body["custom"], new_options=new_options)}


def add(
    company: Company, user: User | None, values: dict[str, Any], linked: list[int] | None = None
) -> Project:
    if "number" not in values:
        values = values | {"number": company.next_number("project")}
    values = {"workflow_id": default_workflow(company), **values}
    company.number_given("project", values["number"])
    project = Project(**company.stamp("record", user), **values)
    company.projects[project.id] = project
    linking.to_project(company, project, linked or [])
    triggers.fire(company, "PROJECT_CREATED", project)
    phases.enter_workflow(company, project, user)
    return project


def change(company: Company, user: User | None, project: Project, values: dict[str, Any]) -> None:
    changed = {name: value for name, value in values.items() if getattr(project, name) != value}
    for name, value in changed.items():
        setattr(project, name, value)
    if changed or company.switches["patch_always_touches"]:
        company.touch(project, user)
    if "workflow_id" in changed:
        phases.enter_workflow(company, project, user)
    for name, key in {"status": "PROJECT_STATUS_MOVEMENT", "custom": "PROJECT_PROPERTY_UPDATED"}.items():
        if name in changed:
            triggers.fire(company, key, project)


def remove(company: Company, user: User | None, project: Project) -> None:
    if company.switches["delete_archives"]:
        change(company, user, project, {"is_active": False})
        return
    orphans.release(company, {project.id})
    linking.forget_project(company, project.id)
    del company.projects[project.id]
