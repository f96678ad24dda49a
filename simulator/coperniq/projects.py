"""Projects: the routes. What may be written, and what a write sets off, is in `project_writing`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.coperniq import (
    filters,
    linking,
    listing,
    matching,
    project_writing,
    properties,
    rendering,
    searching,
)

if TYPE_CHECKING:
    from simulator.coperniq.call import Answer, Call
    from simulator.coperniq.company import Company
    from simulator.coperniq.records import Project


def find(company: Company, id: int, *, archived: bool = True) -> Project:
    found = company.projects.get(id)
    if found is None or not (archived or found.is_active):
        raise company.absent("projects", id)
    return found


def list_(call: Call) -> Answer:
    return _page(call, listing.window(call, filters.records(call, _visible(call))))


def search(call: Call) -> Answer:
    passes = searching.condition(call, _searchable(call.company))
    return _page(call, [one for one in _visible(call) if passes(rendering.project(call.company, one))])


def _searchable(company: Company) -> set[str]:
    standard = {"id", "number", "isActive", "accountId", "createdAt", "updatedAt"}
    return standard | set(project_writing.UPDATE) | properties.keys(company, "project")


def _visible(call: Call) -> list[Project]:
    archived = call.flag("include_archived")
    return [one for one in call.company.projects.values() if one.is_active or archived]


def _page(call: Call, found: list[Project]) -> Answer:
    call.flag("include_virtual_properties")
    rows = listing.page(call, listing.ordered(call, found))
    return 200, [rendering.project(call.company, one) for one in rows]


def get(call: Call) -> Answer:
    call.flag("include_virtual_properties")
    found = find(call.company, call.id, archived=call.flag("include_archived"))
    return 200, rendering.project(call.company, found, whole=True)


def create(call: Call) -> Answer:
    match, body, new_options = matching.read(call), call.body(), call.flag("allow_new_options")
    values = project_writing.read_new(call.company, body)
    linked = linking.read_contacts(call.company, body)
    found = match.find(call.company.projects.values(), values)
    if found is None:
        values |= project_writing.custom(call.company, {}, body, new_options=new_options)
        workflow = values.get("workflow_id", project_writing.default_workflow(call.company))
        phase = project_writing.named_phase(call.company, body, workflow)
        made = project_writing.add(call.company, call.user, values, linked)
        project_writing.enter_phase(call.company, call.user, made, phase)
        return call.switches["match_post_status"], rendering.project(call.company, made)
    if match.strategy != "skip":
        values |= project_writing.custom(call.company, found.custom, body, new_options=new_options)
        project_writing.change(call.company, call.user, found, match.changes(found, values))
        linking.to_project(call.company, found, linked or [])
    return 200, rendering.project(call.company, found)


def update(call: Call) -> Answer:
    project, body = find(call.company, call.id), call.body()
    values = project_writing.read_change(call.company, body)
    linked = linking.read_contacts(call.company, body)
    phase = project_writing.named_phase(call.company, body, values.get("workflow_id", project.workflow_id))
    values |= project_writing.custom(
        call.company, project.custom, body, new_options=call.flag("allow_new_options")
    )
    project_writing.change(call.company, call.user, project, values)
    if linked is not None:
        linking.to_project(call.company, project, linked, only=True)
    project_writing.enter_phase(call.company, call.user, project, phase)
    return 200, rendering.project(call.company, project)


def delete(call: Call) -> Answer:
    project = find(call.company, call.id)
    shown = rendering.project(call.company, project)
    project_writing.remove(call.company, call.user, project)
    return 200, shown if call.switches["delete_body"] == "record" else None


ROUTES = [
    ("GET", "projects", list_),
    ("POST", "projects", create),
    ("GET", "projects/search", search),
    ("GET", "projects/<id>", get),
    ("PATCH", "projects/<id>", update),
    ("DELETE", "projects/<id>", delete),
]
