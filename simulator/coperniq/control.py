"""What a person does in Coperniq's web application, by JSON: `/_control/coperniq/<api_key>/…`, spelled as in the API.

Never counted, matched or throttled; refused as the API refuses."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from flask import Blueprint, Response, jsonify, request

from simulator.coperniq import projects, rendering, triggers, user_actions, validation, workflows
from simulator.coperniq.company import pretend_used
from simulator.coperniq.records import PhaseTemplate, Workflow
from simulator.coperniq.rendering import full_company_json
from simulator.coperniq.validation import Refused, invalid, not_found

if TYPE_CHECKING:
    from simulator.coperniq.company import Company
    from simulator.world import World


Json = dict[str, Any]

_WORKFLOW: validation.Schema = {
    "name": ("name", validation.filled),
    "description": ("description", validation.nullable(validation.text)),
}
_PHASE: validation.Schema = {
    "name": ("name", validation.filled),
    "type": ("type", validation.filled),
    "description": ("description", validation.nullable(validation.text)),
    "redSla": ("red_sla", validation.nullable(validation.integer)),
    "yellowSla": ("yellow_sla", validation.nullable(validation.integer)),
}


def _workflow_routes(room: Blueprint, as_person: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    base = "/<api_key>/workflows"
    room.post(base, endpoint="add_workflow")(as_person(add_workflow))
    room.patch(f"{base}/<int:id>", endpoint="change_workflow")(as_person(change_workflow))
    room.delete(f"{base}/<int:id>", endpoint="remove_workflow")(as_person(remove_workflow))
    room.post(f"{base}/<int:id>/phases", endpoint="add_phase")(as_person(add_phase))
    room.patch(f"{base}/<int:id>/phases/<int:phase_id>", endpoint="change_phase")(as_person(change_phase))
    room.delete(f"{base}/<int:id>/phases/<int:phase_id>", endpoint="remove_phase")(as_person(remove_phase))


def _body() -> Json:
    return validation.parse_json(request.get_data())


def _new_phase(company: Company, body: object) -> PhaseTemplate:
    """A phase may be given by its name alone; its type is then made from it."""
    body = {"name": body} if isinstance(body, str) else body
    if not isinstance(body, dict):
        raise invalid("phases", "phases must hold names or objects")
    values = validation.read_fields(_PHASE, body, ("name",), "refuse")
    return company.new_phase(**({"type": values["name"].upper().replace(" ", "_")} | values))


def add_workflow(company: Company) -> Json:
    """`phases`: names, or objects as the API prints them; `generation` 1 makes a workflow with stages."""
    body = _body()
    generation, listed = body.pop("generation", 2), body.pop("phases", [])
    if generation not in {1, 2} or not isinstance(listed, list):
        raise invalid("phases", "phases must be an array, generation 1 or 2")
    values = validation.read_fields(_WORKFLOW, body, ("name",), "refuse")
    made = Workflow(**company.stamp("workflow", company.person), **values, generation=generation)
    made.phases = [_new_phase(company, one) for one in listed]
    company.workflows[made.id] = made
    return rendering.workflow_json(company, made)


def change_workflow(company: Company, id: int) -> Json:
    workflow = workflows.find(company, id)
    for name, value in validation.read_fields(_WORKFLOW, _body(), (), "refuse").items():
        setattr(workflow, name, value)
    company.touch(workflow, company.person)
    return rendering.workflow_json(company, workflow)


def remove_workflow(company: Company, id: int) -> Json:
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
    return rendering.workflow_json(company, workflow)


def _phase(workflow: Workflow, phase_id: int) -> PhaseTemplate:
    for one in workflow.phases:
        if one.id == phase_id:
            return one
    raise not_found("Phase")


def change_phase(company: Company, id: int, phase_id: int) -> Json:
    workflow = workflows.find(company, id)
    template = _phase(workflow, phase_id)
    values = validation.read_fields(_PHASE, _body(), (), "refuse")
    if "name" in values:
        workflows.rename_phase(company, workflow, template, values.pop("name"))
    for name, value in values.items():
        setattr(template, name, value)
    company.touch(workflow, company.person)
    return rendering.workflow_json(company, workflow)


def remove_phase(company: Company, id: int, phase_id: int) -> Json:
    """Projects keep the instances made from it, so a project may stand in a phase that no list shows."""
    workflow = workflows.find(company, id)
    workflow.phases.remove(_phase(workflow, phase_id))
    company.touch(workflow, company.person)
    return rendering.workflow_json(company, workflow)


def _invoice_routes(room: Blueprint, as_person: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    base = "/<api_key>/invoices/<int:id>"
    actions = f"<any({','.join(user_actions.INVOICE_ACTIONS)}):action>"
    room.post(f"{base}/{actions}", endpoint="act_on_invoice")(as_person(user_actions.act_on_invoice))
    room.post(f"{base}/payments", endpoint="pay")(as_person(_pay))
    one = f"{base}/payments/<int:payment_id>"
    room.patch(one, endpoint="change_payment")(as_person(_change_payment))
    room.delete(one, endpoint="remove_payment")(as_person(_remove_payment))


def _pay(company: Company, id: int) -> Json:
    return user_actions.add_payment(company, id, validation.parse_json(request.get_data()))


def _change_payment(company: Company, id: int, payment_id: int) -> Json:
    return user_actions.change_payment(company, id, payment_id, validation.parse_json(request.get_data()))


def _remove_payment(company: Company, id: int, payment_id: int) -> Json:
    user_actions.remove_payment(company, id, payment_id)
    return {}


P = ParamSpec("P")


def build_blueprint(world: World) -> Blueprint:
    room = Blueprint("coperniq_control", __name__)

    @room.errorhandler(Refused)
    def refused(reason: Refused) -> tuple[Response, int]:
        return jsonify(reason.as_dict()), reason.status

    _companies(room, world)
    _records(room, world)
    _phases(room, world)
    _webhooks(room, world)
    _workflow_routes(room, lambda act: _as_person(world, act))
    _invoice_routes(room, lambda act: _as_person(world, act))
    return room


def _as_person(world: World, act: Callable[Concatenate[Company, P], Any]) -> Callable[..., Response]:
    """Finds the company of the key in the path and acts under the lock."""

    @wraps(act)
    def acting(api_key: str, *arguments: P.args, **named: P.kwargs) -> Response:
        with world.lock:
            found = world.coperniq.find(api_key)
            if found is None:
                raise not_found("Company")
            return jsonify(act(found[0], *arguments, **named))

    return acting


def _companies(room: Blueprint, world: World) -> None:
    @room.post("/companies")
    def add_company() -> Response:
        body = validation.parse_json(request.get_data())
        name, key = (
            validation.filled(body.get("name"), "name"),
            validation.filled(body.get("api_key"), "api_key"),
        )
        with world.lock:
            if world.coperniq.find(key):
                raise invalid("api_key", "That key is taken")
            company = world.coperniq.add_company(name, key, str(body.get("email") or ""))
            return jsonify({"id": company.id, "name": name, "api_key": key, "email": company.person.email})

    @room.put("/<api_key>/limits")
    def set_limits(api_key: str) -> Response:
        body = validation.parse_json(request.get_data())
        with world.lock:
            found = world.coperniq.find(api_key)
            if found is None:
                raise not_found("Company")
            company, key = found
            key.per_day = validation.integer(body.get("per_day", key.per_day), "per_day")
            if "used" in body:
                pretend_used(company, key, validation.integer(body["used"], "used"))
            return jsonify({"per_day": key.per_day, "used": len(key.used)})


def _records(room: Blueprint, world: World) -> None:
    def add(company: Company, kind: str) -> Json:
        return user_actions.KINDS[kind].add(company, validation.parse_json(request.get_data()))

    def change(company: Company, kind: str, id: int) -> Json:
        return user_actions.KINDS[kind].change(company, id, validation.parse_json(request.get_data()))

    def remove(company: Company, kind: str, id: int) -> Json:
        user_actions.KINDS[kind].remove(company, id)
        return {}

    def add_property(company: Company) -> Json:
        return user_actions.add_property(company, validation.parse_json(request.get_data()))

    room.post("/<api_key>/properties", endpoint="add_property")(_as_person(world, add_property))
    named = ",".join(repr(kind) for kind in user_actions.KINDS)
    kinds = f"<any({named}):kind>"
    room.post(f"/<api_key>/{kinds}", endpoint="add")(_as_person(world, add))
    room.patch(f"/<api_key>/{kinds}/<int:id>", endpoint="change")(_as_person(world, change))
    room.delete(f"/<api_key>/{kinds}/<int:id>", endpoint="remove")(_as_person(world, remove))


def _phases(room: Blueprint, world: World) -> None:
    def start(company: Company, id: int) -> Json:
        body = validation.parse_json(request.get_data())
        wanted = validation.identifier(body.get("phaseTemplateId"), "phaseTemplateId")
        instance = workflows.start_phase(company, projects.find(company, id), wanted, company.person)
        return rendering.phase_instance_json(company, instance)

    def complete(company: Company, id: int) -> Json:
        instance = workflows.complete_phase(company, projects.find(company, id), company.person)
        return rendering.phase_instance_json(company, instance)

    def read(company: Company) -> Json:
        return full_company_json(company)

    room.post("/<api_key>/projects/<int:id>/start-phase", endpoint="start")(_as_person(world, start))
    room.post("/<api_key>/projects/<int:id>/complete-phase", endpoint="complete")(_as_person(world, complete))
    room.get("/<api_key>", endpoint="read")(_as_person(world, read))


def _webhooks(room: Blueprint, world: World) -> None:
    """Any documented trigger, also of records this simulator does not keep: requests, work orders, calls."""

    def fire(company: Company) -> Json:
        body = validation.parse_json(request.get_data())
        key = validation.one_of(*triggers.NAMES)(body.get("triggerKey"), "triggerKey")
        record_id = validation.integer(body.get("recordId", 0), "recordId")
        extras, record = (_part(body, name) for name in ("event", "record"))
        triggers.send(company, str(key), record_id, extras, record, _part(body, "workOrder"))
        return {}

    room.post("/<api_key>/webhooks", endpoint="fire")(_as_person(world, fire))


def _part(body: Json, name: str) -> Json:
    found = body.get(name, {})
    if not isinstance(found, dict):
        raise invalid(name, f"{name} must be an object")
    return found
