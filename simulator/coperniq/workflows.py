"""Workflows, and the phase of a project: docs/vendors/coperniq-api.md, 3.5."""

from __future__ import annotations

from datetime import datetime

from simulator.coperniq import rendering, triggers
from simulator.coperniq.company import Company
from simulator.coperniq.query_parameters import Answer, Call, ordered, page
from simulator.coperniq.records import PhaseInstance, PhaseTemplate, Project, User, Workflow
from simulator.coperniq.validation import Refused, invalid


def enter_workflow(company: Company, project: Project, user: User | None) -> None:
    """Instances of every phase at once, as the pages show them; the first one begins unless a switch says it waits."""
    workflow = company.workflows.get(project.workflow_id or 0)
    project.phases = (
        [_instance(company, one, at) for at, one in enumerate(workflow.phases)] if workflow else []
    )
    if project.phases and company.switches["first_phase_starts"]:
        _begin(company, project, project.phases[0], user, company.now())


def start_phase(company: Company, project: Project, template_id: int, user: User | None) -> PhaseInstance:
    template, now = _phase_template(company, project, template_id), company.now()
    running = [one for one in project.phases if one.status == "IN_PROGRESS"]
    if any(one.template.id == template.id for one in running):
        raise Refused(409, "CONFLICT", "That phase is already in progress")
    if not company.switches["parallel_phases"]:
        for one in running:
            _finish(company, project, one, user, now)
    instance = _instance_to_start(company, project, template)
    _begin(company, project, instance, user, now)
    return instance


def complete_phase(company: Company, project: Project, user: User | None) -> PhaseInstance:
    """Ends the running phase; nothing follows by itself."""
    running = project.current
    if running is None or running.status != "IN_PROGRESS":
        raise Refused(409, "CONFLICT", "No phase is in progress")
    _finish(company, project, running, user, company.now())
    return running


def rename_phase(company: Company, workflow: Workflow, template: PhaseTemplate, name: str) -> None:
    template.name = name
    if not company.switches["rename_reaches_instances"]:
        return
    for project in company.projects.values():
        for instance in project.phases:
            if instance.template.id == template.id and project.workflow_id == workflow.id:
                instance.name = name


def _phase_template(company: Company, project: Project, template_id: int) -> PhaseTemplate:
    workflow = company.workflows.get(project.workflow_id or 0)
    found = [one for one in workflow.phases if one.id == template_id] if workflow else []
    if not found:
        raise invalid("phaseTemplateId", "The project's workflow has no such phase")
    return found[0]


def _instance_to_start(company: Company, project: Project, template: PhaseTemplate) -> PhaseInstance:
    mine = [one for one in project.phases if one.template.id == template.id]
    waiting = [one for one in mine if one.status == "NOT_STARTED"]
    if waiting:
        return waiting[0]
    if mine and not company.switches["reentry_new_instance"]:
        return mine[-1]
    instance = _instance(company, template, len(project.phases))
    project.phases.append(instance)
    return instance


def _instance(company: Company, template: PhaseTemplate, position: int) -> PhaseInstance:
    return PhaseInstance(company.ids.next("instance"), template, template.name, position)


def _begin(
    company: Company, project: Project, instance: PhaseInstance, user: User | None, now: datetime
) -> None:
    instance.status, instance.started_at, instance.completed_at = "IN_PROGRESS", now, None
    _moved(company, project, user)
    triggers.fire_phase(company, "PROJECT_PHASE_STARTED", project, instance)


def _finish(
    company: Company, project: Project, instance: PhaseInstance, user: User | None, now: datetime
) -> None:
    instance.status, instance.completed_at = "COMPLETED", now
    _moved(company, project, user)
    triggers.fire_phase(company, "PROJECT_PHASE_COMPLETED", project, instance)


def _moved(company: Company, project: Project, user: User | None) -> None:
    """Before the webhook is written, which carries updatedAt."""
    if company.switches["phase_moves_updated_at"]:
        company.touch(project, user)


def find(company: Company, id: int) -> Workflow:
    if id not in company.workflows:
        raise company.absent("workflows", id)
    return company.workflows[id]


def list_(call: Call) -> Answer:
    found = list(call.company.workflows.values())
    if call.switches["workflows_paged"]:
        found = page(call, ordered(call, found))
    return 200, [rendering.workflow_json(call.company, one) for one in found]


def get(call: Call) -> Answer:
    return 200, rendering.workflow_json(call.company, find(call.company, call.id))


ROUTES = [("GET", "workflows", list_), ("GET", "workflows/<id>", get)]
