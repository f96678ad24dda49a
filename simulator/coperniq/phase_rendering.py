"""Workflows, phases and stages as the API prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.coperniq import wire

if TYPE_CHECKING:
    from simulator.coperniq.company import Company
    from simulator.coperniq.records import PhaseInstance, PhaseTemplate, Project, Workflow
    from simulator.coperniq.wire import Json


def current(company: Company, record: Project, workflow: Workflow | None) -> Json:
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


def phase_instance(company: Company, instance: PhaseInstance) -> Json:
    times = {
        "startedAt": wire.moment(company, instance.started_at),
        "completedAt": wire.moment(company, instance.completed_at),
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


def workflow(company: Company, record: Workflow) -> Json:
    by = wire.user_summary(record.created_by)
    return {
        "id": record.id,
        "name": record.name,
        "description": record.description,
        "type": "PROJECT",
        "createdAt": wire.moment(company, record.created_at),
        "updatedAt": wire.moment(company, record.updated_at),
        "createdBy": {key: by[key] for key in ("id", "firstName", "lastName", "avatarUrl")} if by else None,
        "phases": [_template(one) for one in record.phases],
    }
