"""Workflows as an administrator of the company changes them in the settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import request

from simulator.coperniq import fields, phase_rendering, phases, workflows
from simulator.coperniq.errors import invalid, not_found
from simulator.coperniq.records import PhaseTemplate, Workflow

if TYPE_CHECKING:
    from flask import Blueprint

    from simulator.coperniq.company import Company

Json = dict[str, Any]

_WORKFLOW: fields.Schema = {
    "name": ("name", fields.filled),
    "description": ("description", fields.nullable(fields.text)),
}
_PHASE: fields.Schema = {
    "name": ("name", fields.filled),
    "type": ("type", fields.filled),
    "description": ("description", fields.nullable(fields.text)),
    "redSla": ("red_sla", fields.nullable(fields.whole)),
    "yellowSla": ("yellow_sla", fields.nullable(fields.whole)),
}


def add_routes(room: Blueprint, as_person: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    base = "/<api_key>/workflows"
    room.post(base, endpoint="add_workflow")(as_person(add))
    room.patch(f"{base}/<int:id>", endpoint="change_workflow")(as_person(change))
    room.delete(f"{base}/<int:id>", endpoint="remove_workflow")(as_person(remove))
    room.post(f"{base}/<int:id>/phases", endpoint="add_phase")(as_person(add_phase))
    room.patch(f"{base}/<int:id>/phases/<int:phase_id>", endpoint="change_phase")(as_person(change_phase))
    room.delete(f"{base}/<int:id>/phases/<int:phase_id>", endpoint="remove_phase")(as_person(remove_phase))


def _body() -> Json:
    return fields.parse(request.get_data())


def _new_phase(company: Company, body: object) -> PhaseTemplate:
    """A phase may be given by its name alone; its type is then made from it."""
    body = {"name": body} if isinstance(body, str) else body
    if not isinstance(body, dict):
        raise invalid("phases", "phases must hold names or objects")
    values = fields.read(_PHASE, body, ("name",), "refuse")
    return company.new_phase(**({"type": values["name"].upper().replace(" ", "_")} | values))


def add(company: Company) -> Json:
    """`phases`: names, or objects as the API prints them; `generation` 1 makes a workflow with stages."""
    body = _body()
    generation, listed = body.pop("generation", 2), body.pop("phases", [])
    if generation not in {1, 2} or not isinstance(listed, list):
        raise invalid("phases", "phases must be an array, generation 1 or 2")
    values = fields.read(_WORKFLOW, body, ("name",), "refuse")
    made = Workflow(**company.stamp("workflow", company.person), **values, generation=generation)
    made.phases = [_new_phase(company, one) for one in listed]
    company.workflows[made.id] = made
    return phase_rendering.workflow(company, made)


def change(company: Company, id: int) -> Json:
    workflow = workflows.find(company, id)
    for name, value in fields.read(_WORKFLOW, _body(), (), "refuse").items():
        setattr(workflow, name, value)
    company.touch(workflow, company.person)
    return phase_rendering.workflow(company, workflow)


def remove(company: Company, id: int) -> Json:
    """Its projects stay, without a workflow."""
    del company.workflows[workflows.find(company, id).id]
    for project in company.projects.values():
        if project.workflow_id == id:
            project.workflow_id, project.phases = None, []
    return {}


def add_phase(company: Company, id: int) -> Json:
    workflow = workflows.find(company, id)
    workflow.phases.append(_new_phase(company, _body()))
    company.touch(workflow, company.person)
    return phase_rendering.workflow(company, workflow)


def _phase(workflow: Workflow, phase_id: int) -> PhaseTemplate:
    for one in workflow.phases:
        if one.id == phase_id:
            return one
    raise not_found("Phase")


def change_phase(company: Company, id: int, phase_id: int) -> Json:
    workflow = workflows.find(company, id)
    template = _phase(workflow, phase_id)
    values = fields.read(_PHASE, _body(), (), "refuse")
    if "name" in values:
        phases.rename(company, workflow, template, values.pop("name"))
    for name, value in values.items():
        setattr(template, name, value)
    company.touch(workflow, company.person)
    return phase_rendering.workflow(company, workflow)


def remove_phase(company: Company, id: int, phase_id: int) -> Json:
    """Projects keep the instances made from it, so a project may stand in a phase that no list shows."""
    workflow = workflows.find(company, id)
    workflow.phases.remove(_phase(workflow, phase_id))
    company.touch(workflow, company.person)
    return phase_rendering.workflow(company, workflow)
