"""The API: API key, limits, size of the body, then the function that the path names.

docs/vendors/coperniq-api.md, 2.1 to 2.5.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable

from flask import Blueprint, Response, request

from simulator.coperniq import (
    accounts,
    catalog,
    contacts,
    invoices,
    payments,
    projects,
    properties,
    sites,
    workflows,
)
from simulator.coperniq.company import Company, count_call, limit_headers
from simulator.coperniq.query_parameters import Answer, Call
from simulator.coperniq.records import Key
from simulator.coperniq.validation import Refused, not_found, parse_json
from simulator.world import World

Handler = Callable[[Call], Answer]

ALIASES = {"clients": "accounts"}
NOT_SIMULATED = {
    *("opportunities", "requests", "bills", "quotes", "vendors", "work-orders", "taxes", "users", "roles"),
    *("teams", "notes", "forms", "form-templates", "calls", "assets", "labels", "ahjs", "reminders"),
    "appointments",
}
NESTED_NOT_SIMULATED = {
    *("bills", "quotes", "line-items", "work-orders", "notes", "comments", "files", "vendors", "reminders"),
    "appointments",
}


def _compiled() -> list[tuple[str, re.Pattern[str], Handler]]:
    modules = (accounts, catalog, contacts, invoices, payments, projects, properties, sites, workflows)
    routes = [route for module in modules for route in module.ROUTES]
    return [
        (method, re.compile(path.replace("<id>", r"([0-9]{1,15})")), handler)
        for method, path, handler in routes
    ]


_ROUTES = _compiled()


def find_route(method: str, path: str) -> tuple[Handler, tuple[int, ...]]:
    first, slash, rest = path.partition("/")
    real = ALIASES.get(first, first) + slash + rest
    matches = [
        (known, found, handler) for known, pattern, handler in _ROUTES if (found := pattern.fullmatch(real))
    ]
    for known, found, handler in matches:
        if known == method:
            return handler, tuple(int(one) for one in found.groups())
    if matches:
        raise Refused(405, "METHOD_NOT_ALLOWED", f"{method} is not allowed here")
    if _documented(real.split("/")):
        raise Refused(
            501, "NOT_SIMULATED", f"{method} /{path} is documented, but this simulator does not have it"
        )
    raise not_found("Route")


def _documented(parts: list[str]) -> bool:
    return parts[0] in NOT_SIMULATED or (len(parts) > 2 and parts[2] in NESTED_NOT_SIMULATED)


MAX_BODY = 10 * 1024 * 1024
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def build_blueprint(world: World) -> Blueprint:
    api = Blueprint("coperniq", __name__)

    @api.post("/api-keys")
    def make_key() -> Response:
        with world.lock:
            return _make_key(world)

    @api.route("/", defaults={"path": ""}, methods=METHODS)
    @api.route("/<path:path>", methods=METHODS)
    def anything(path: str) -> Response:
        raw = request.get_data()
        with world.lock:
            return _answer(world, path, raw)

    return api


def _json(status: int, body: object) -> Response:
    if body is None:
        return Response(status=status)
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status=status, content_type="application/json; charset=utf-8")


def _answer(world: World, path: str, raw: bytes) -> Response:
    found = world.coperniq.find(request.headers.get("x-api-key", ""))
    if found is None:
        return _no_key(world)
    company, key = found
    try:
        count_call(company, key)
        status, body = _handle(company, key, path, raw)
    except Refused as reason:
        answer = _refusal(company, reason)
    else:
        answer = _json(status, body)
    answer.headers.update(limit_headers(company, key))
    return answer


def _handle(company: Company, key: Key, path: str, raw: bytes) -> Answer:
    if len(raw) > MAX_BODY:
        raise Refused(
            company.switches["body_too_large_status"], "PAYLOAD_TOO_LARGE", "Request body exceeds 10 MB"
        )
    handler, ids = find_route(request.method, path)
    return handler(Call(company, key.user, request.args, raw, ids))


def _no_key(world: World) -> Response:
    if world.switches["bad_key_status"] == 403:
        return _json(403, {"message": "Forbidden"})
    return _json(401, Refused(401, "UNAUTHORIZED", "Missing or invalid API key").as_dict())


def _refusal(company: Company, reason: Refused) -> Response:
    if reason.status == 429:
        return _throttled(company, reason)
    if reason.status == 404 and reason.message.startswith("Route"):
        return _unknown_route(company, reason)
    return _json(reason.status, reason.as_dict())


def _unknown_route(company: Company, reason: Refused) -> Response:
    if company.switches["unknown_route_status"] == 403:
        return _json(403, {"message": "Forbidden"})
    return _json(404, reason.as_dict())


def _throttled(company: Company, reason: Refused) -> Response:
    bodies = {"documented": reason.as_dict(), "gateway": {"message": "Too Many Requests"}, "empty": None}
    answer = _json(429, bodies[company.switches["throttle_body"]])
    if company.switches["retry_after_seconds"]:
        answer.headers["Retry-After"] = str(company.switches["retry_after_seconds"])
    return answer


def _make_key(world: World) -> Response:
    """Basic authentication with a person's e-mail and password; the body is optional, the 401 has a shape of its own."""
    login = request.authorization
    found = None
    if login is not None and login.type == "basic":
        found = world.coperniq.log_in(login.username or "", login.password or "")
    if found is None:
        return _json(401, {"error": "Unauthorized"})
    company, user = found
    try:
        wanted = parse_json(request.get_data()) if request.get_data() else {}
    except Refused as reason:
        return _json(reason.status, reason.as_dict())
    named = [str(wanted.get(name) or "") for name in ("name", "description")]
    key = company.add_key(secrets.token_urlsafe(32), user, *named)
    shown = {"name": key.name, "description": key.description, "email": user.email}
    return _json(200, {"token": key.token, "companyId": company.id, "id": key.id, **shown})
