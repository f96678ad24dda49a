"""What a user does in Coperniq's web application, by JSON: `/_control/coperniq/<api_key>/…`, spelled as in the API.

Never counted, matched or throttled; refused as the API refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from simulator.coperniq import user_actions as act
from simulator.coperniq import validation
from simulator.coperniq.company import Company, pretend_used
from simulator.coperniq.records import Key
from simulator.coperniq.rendering import full_company_json
from simulator.coperniq.validation import Json, Refused, invalid, not_found
from simulator.world import World

_ACTIONS: list[tuple[str, str, Callable[..., Json]]] = [
    ("POST", "accounts", act.add_account),
    ("PATCH", "accounts/<int:id>", act.change_account),
    ("DELETE", "accounts/<int:id>", act.remove_account),
    ("POST", "contacts", act.add_contact),
    ("PATCH", "contacts/<int:id>", act.change_contact),
    ("DELETE", "contacts/<int:id>", act.remove_contact),
    ("POST", "sites", act.add_site),
    ("PATCH", "sites/<int:id>", act.change_site),
    ("DELETE", "sites/<int:id>", act.remove_site),
    ("POST", "projects", act.add_project),
    ("PATCH", "projects/<int:id>", act.change_project),
    ("DELETE", "projects/<int:id>", act.remove_project),
    ("POST", "projects/<int:id>/start-phase", act.start_phase),
    ("POST", "projects/<int:id>/complete-phase", act.complete_phase),
    ("POST", "catalog-items", act.add_item),
    ("PATCH", "catalog-items/<int:id>", act.change_item),
    ("DELETE", "catalog-items/<int:id>", act.remove_item),
    ("POST", "invoices", act.add_invoice),
    ("PATCH", "invoices/<int:id>", act.change_invoice),
    ("DELETE", "invoices/<int:id>", act.remove_invoice),
    ("POST", f"invoices/<int:id>/<any({','.join(act.INVOICE_ACTIONS)}):action>", act.act_on_invoice),
    ("POST", "invoices/<int:id>/payments", act.add_payment),
    ("PATCH", "invoices/<int:id>/payments/<int:payment_id>", act.change_payment),
    ("DELETE", "invoices/<int:id>/payments/<int:payment_id>", act.remove_payment),
    ("POST", "workflows", act.add_workflow),
    ("PATCH", "workflows/<int:id>", act.change_workflow),
    ("DELETE", "workflows/<int:id>", act.remove_workflow),
    ("POST", "workflows/<int:id>/phases", act.add_phase),
    ("PATCH", "workflows/<int:id>/phases/<int:phase_id>", act.change_phase),
    ("DELETE", "workflows/<int:id>/phases/<int:phase_id>", act.remove_phase),
    ("POST", "properties", act.add_property),
    ("POST", "webhooks", act.fire_trigger),
]


def build_blueprint(world: World) -> Blueprint:
    blueprint = Blueprint("coperniq_control", __name__)

    @blueprint.errorhandler(Refused)
    def refused(reason: Refused) -> tuple[Response, int]:
        return jsonify(reason.as_dict()), reason.status

    @blueprint.post("/companies")
    def add_company() -> Response:
        body = _body()
        name = validation.filled(body.get("name"), "name")
        key = validation.filled(body.get("api_key"), "api_key")
        with world.lock:
            if world.coperniq.find(key):
                raise invalid("api_key", "That key is taken")
            company = world.coperniq.add_company(name, key, str(body.get("email") or ""))
            return jsonify({"id": company.id, "name": name, "api_key": key, "email": company.person.email})

    @blueprint.get("/<api_key>")
    def read(api_key: str) -> Response:
        with world.lock:
            return jsonify(full_company_json(_found(world, api_key)[0]))

    @blueprint.put("/<api_key>/limits")
    def set_limits(api_key: str) -> Response:
        body = _body()
        with world.lock:
            company, key = _found(world, api_key)
            key.per_day = validation.integer(body.get("per_day", key.per_day), "per_day")
            if "used" in body:
                pretend_used(company, key, validation.integer(body["used"], "used"))
            return jsonify({"per_day": key.per_day, "used": len(key.used)})

    for method, path, action in _ACTIONS:
        answer = _answering(world, action)
        blueprint.add_url_rule(f"/<api_key>/{path}", action.__name__, answer, methods=[method])
    return blueprint


def _answering(world: World, action: Callable[..., Json]) -> Callable[..., Response]:
    def answer(api_key: str, **named: Any) -> Response:
        body = _body()
        with world.lock:
            return jsonify(action(_found(world, api_key)[0], body, **named))

    return answer


def _body() -> Json:
    return validation.parse_json(request.get_data() or b"{}")


def _found(world: World, api_key: str) -> tuple[Company, Key]:
    found = world.coperniq.find(api_key)
    if found is None:
        raise not_found("Company")
    return found
