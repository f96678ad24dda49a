"""Automations with the action "Call webhook": docs/vendors/coperniq-api.md, 4.2 and 4.3."""

from __future__ import annotations

from simulator.coperniq import rendering
from simulator.coperniq.company import Company
from simulator.coperniq.records import PhaseInstance, Project
from simulator.coperniq.validation import Json

NAMES = {
    "TASK_CREATED": "Work Order Created",
    "TASK_COMPLETED": "Work Order Completed",
    "TASK_STATUS_MOVEMENT": "Work Order Status Movement",
    "PROJECT_CREATED": "Project Created",
    "REQUEST_CREATED": "Request Created",
    "PROJECT_STATUS_MOVEMENT": "Project Status Movement",
    "DEAL_STATUS_MOVEMENT": "Request Status Movement",
    "PROJECT_PROPERTY_UPDATED": "Project Property Updated",
    "DEAL_PROPERTY_UPDATED": "Request Property Updated",
    "CALL_UPSERTED": "Call Upserted",
    "PROJECT_PHASE_STARTED": "Project Phase Started",
    "PROJECT_PHASE_COMPLETED": "Project Phase Completed",
    "REQUEST_PHASE_STARTED": "Request Phase Started",
    "REQUEST_PHASE_COMPLETED": "Request Phase Completed",
    "PROJECT_PHASE_SLA_VIOLATION": "Project Phase SLA Violation",
    "DEAL_PHASE_SLA_VIOLATION": "Request Phase SLA Violation",
    "APPOINTMENT_CREATED": "Appointment Created",
    "APPOINTMENT_RESCHEDULED": "Appointment Rescheduled",
}


def fire_phase(company: Company, key: str, project: Project, instance: PhaseInstance) -> None:
    """Projects of Workflows 1.0 have stages, and no trigger knows of those."""
    workflow = company.workflows.get(project.workflow_id or 0)
    if workflow is None or workflow.generation == 1:
        return
    extras: Json = {"phaseInstanceId": instance.id, "phaseType": instance.template.type}
    if company.switches["webhook_phase_template"]:
        extras["phaseTemplateId"] = instance.template.id
    fire(company, key, project, extras | _status(company, instance))


def _status(company: Company, instance: PhaseInstance) -> Json:
    form = company.switches["webhook_phase_status"]
    if form == "absent":
        return {}
    return {
        "status": instance.status if form == "instance" else instance.status.replace("_", " ").capitalize()
    }


def fire(company: Company, key: str, project: Project, extras: Json | None = None) -> None:
    send(company, key, project.id, extras or {}, _record(company, project))


def send(
    company: Company,
    key: str,
    record_id: int,
    extras: Json,
    record: Json,
    work_order: Json | None = None,
) -> None:
    event = {
        "eventId": company.ids.next("event"),
        "recordId": record_id,
        "triggerKey": key,
        "triggerName": NAMES[key],
        "firedAt": company.now().replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z",
        **extras,
    }
    body = {"event": event, "record": record} | ({"workOrder": work_order} if work_order else {})
    company.webhooks.coperniq_fired(company.first_token, key, body)


def _record(company: Company, project: Project) -> Json:
    """Part of the record only: the vendor's page asks receivers to read the record again."""
    named = {"id": project.id, "uid": project.number, "type": "PROJECT"}
    form = company.switches["webhook_record"]
    if form == "minimal":
        return named
    if form == "api":
        return rendering.project_json(company, project) | named
    now_in = project.current
    return named | {
        "title": rendering.shown_title(company, project),
        "status": project.status,
        "stage": {"id": now_in.template.id, "name": now_in.name} if now_in else None,
        "address": project.address,
        "geoLocation": None,
        "dealValue": rendering.dollars(project.value),
        "owner": rendering.user_summary(project.created_by),
        "primaryEmail": project.primary_email,
        "primaryPhone": project.primary_phone,
        "createdAt": rendering.moment(company, project.created_at),
        "updatedAt": rendering.moment(company, project.updated_at),
    }
