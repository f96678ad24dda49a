"""What a person does in Coperniq's web application, by JSON: `/_control/coperniq/<api_key>/...`, spelled as in the API.

Never counted, never matched, never throttled; refused like the API refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from flask import Blueprint, Response, jsonify, request

from simulator.coperniq import (
    control_workflows,
    fields,
    limits,
    personal,
    phase_rendering,
    phases,
    projects,
    triggers,
)
from simulator.coperniq.billing import control as billing
from simulator.coperniq.errors import Refused, invalid, not_found
from simulator.coperniq.whole import whole_company

if TYPE_CHECKING:
    from simulator.coperniq.company import Company
    from simulator.world import World

Json = dict[str, Any]
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
    control_workflows.add_routes(room, lambda act: _as_person(world, act))
    billing.add_routes(room, lambda act: _as_person(world, act))
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
        body = fields.parse(request.get_data())
        name, key = fields.filled(body.get("name"), "name"), fields.filled(body.get("api_key"), "api_key")
        with world.lock:
            if world.coperniq.find(key):
                raise invalid("api_key", "That key is taken")
            company = world.coperniq.add_company(name, key, str(body.get("email") or ""))
            return jsonify({"id": company.id, "name": name, "api_key": key, "email": company.person.email})

    @room.put("/<api_key>/limits")
    def set_limits(api_key: str) -> Response:
        body = fields.parse(request.get_data())
        with world.lock:
            found = world.coperniq.find(api_key)
            if found is None:
                raise not_found("Company")
            company, key = found
            key.per_day = fields.whole(body.get("per_day", key.per_day), "per_day")
            if "used" in body:
                limits.pretend(company, key, fields.whole(body["used"], "used"))
            return jsonify({"per_day": key.per_day, "used": len(key.used)})


def _records(room: Blueprint, world: World) -> None:
    def add(company: Company, kind: str) -> Json:
        return personal.KINDS[kind].add(company, fields.parse(request.get_data()))

    def change(company: Company, kind: str, id: int) -> Json:
        return personal.KINDS[kind].change(company, id, fields.parse(request.get_data()))

    def remove(company: Company, kind: str, id: int) -> Json:
        personal.KINDS[kind].remove(company, id)
        return {}

    def add_property(company: Company) -> Json:
        return personal.add_property(company, fields.parse(request.get_data()))

    room.post("/<api_key>/properties", endpoint="add_property")(_as_person(world, add_property))
    named = ",".join(repr(kind) for kind in personal.KINDS)
    kinds = f"<any({named}):kind>"
    room.post(f"/<api_key>/{kinds}", endpoint="add")(_as_person(world, add))
    room.patch(f"/<api_key>/{kinds}/<int:id>", endpoint="change")(_as_person(world, change))
    room.delete(f"/<api_key>/{kinds}/<int:id>", endpoint="remove")(_as_person(world, remove))


def _phases(room: Blueprint, world: World) -> None:
    def start(company: Company, id: int) -> Json:
        body = fields.parse(request.get_data())
        wanted = fields.identifier(body.get("phaseTemplateId"), "phaseTemplateId")
        instance = phases.start(company, projects.find(company, id), wanted, company.person)
        return phase_rendering.phase_instance(company, instance)

    def complete(company: Company, id: int) -> Json:
        instance = phases.complete(company, projects.find(company, id), company.person)
        return phase_rendering.phase_instance(company, instance)

    def read(company: Company) -> Json:
        return whole_company(company)

    room.post("/<api_key>/projects/<int:id>/start-phase", endpoint="start")(_as_person(world, start))
    room.post("/<api_key>/projects/<int:id>/complete-phase", endpoint="complete")(_as_person(world, complete))
    room.get("/<api_key>", endpoint="read")(_as_person(world, read))


def _webhooks(room: Blueprint, world: World) -> None:
    """Any documented trigger, also of records this simulator does not keep: requests, work orders, calls."""

    def fire(company: Company) -> Json:
        body = fields.parse(request.get_data())
        key = fields.one_of(*triggers.NAMES)(body.get("triggerKey"), "triggerKey")
        record_id = fields.whole(body.get("recordId", 0), "recordId")
        extras, record = (_part(body, name) for name in ("event", "record"))
        triggers.send(company, str(key), record_id, extras, record, _part(body, "workOrder"))
        return {}

    room.post("/<api_key>/webhooks", endpoint="fire")(_as_person(world, fire))


def _part(body: Json, name: str) -> Json:
    found = body.get(name, {})
    if not isinstance(found, dict):
        raise invalid(name, f"{name} must be an object")
    return found
