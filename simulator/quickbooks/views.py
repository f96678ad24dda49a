"""`/v3/company/<realm>/…` as a client meets it: the gateway, the path, the replay of a requestid, the work."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from simulator.quickbooks import batch, capture, problems, replay
from simulator.quickbooks.answers import Problem, Refused, refusal, succeeded
from simulator.quickbooks.company import company_info, preferences
from simulator.quickbooks.entities import BY_PATH, NOT_YET
from simulator.quickbooks.operations import Asked, not_modelled, perform
from simulator.quickbooks.presenting import shown
from simulator.quickbooks.query.answering import answer
from simulator.quickbooks.writing import existing

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company
    from simulator.world import World

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def build_blueprint(world: World) -> Blueprint:
    api = Blueprint("quickbooks", __name__)

    @api.route("/v3/company/<realm>/<path:rest>", methods=METHODS)
    def enter(realm: str, rest: str) -> Response:
        with world.lock:
            answered = world.gateway.enter(realm, request.headers.get("Authorization", "")) or _work(
                world, realm, rest
            )
        world.quickbooks.announce()
        return answered

    @api.route("/<path:rest>", methods=METHODS)
    def astray(rest: str) -> Response:
        return refusal(problems.wrong_path(f"/{rest}"), world.clock.at("quickbooks"))

    return api


def _work(world: World, realm: str, rest: str) -> Response:
    company = world.quickbooks.companies[realm]
    try:
        if rest == "batch" and (crowded := world.gateway.enter_batch(realm, batch.count(request.get_data()))):
            return crowded
        if request.method == "POST" and rest != "query":
            return replay.once(
                company, rest, lambda: succeeded(_posted(company, rest), world.clock.at("quickbooks"))
            )
        return succeeded(_read(company, rest), world.clock.at("quickbooks"))
    except Refused as reason:
        return refusal(reason, world.clock.at("quickbooks"))


def _read(company: Company, rest: str) -> dict[str, Any]:
    segment, _, id_ = rest.partition("/")
    if rest == "query" and request.method in {"GET", "POST"}:
        return {"QueryResponse": _queried(company)}
    if request.method != "GET" or "/" in id_:
        raise problems.wrong_path(request.path.removeprefix("/quickbooks"))
    if rest == "cdc":
        return capture.answer(company, request.args)
    if rest == "preferences":
        return {"Preferences": preferences(company)}
    if segment == "companyinfo" and id_:
        return {"CompanyInfo": _company_info(company, id_)}
    if segment in BY_PATH and id_:
        entity = BY_PATH[segment].name
        return {entity: shown(company, existing(company, entity, id_), "read")}
    raise _nothing_there(segment, id_)


def _company_info(company: Company, id_: str) -> dict[str, Any]:
    if id_ != company.realm_id:
        raise problems.not_found()
    return company_info(company)


def _nothing_there(segment: str, id_: str) -> Refused:
    if id_ and segment in {name.lower() for name in NOT_YET}:
        return problems.not_found() if id_.isdigit() else problems.invalid_id(id_)
    return problems.wrong_path(request.path.removeprefix("/quickbooks"))


def _queried(company: Company) -> dict[str, Any]:
    statement = request.args.get("query", "")
    if request.method == "POST" and not statement:
        if request.mimetype not in {"application/text", "text/plain"}:
            raise problems.bad_property(f"Content-Type {request.mimetype} is not application/text")
        statement = request.get_data(as_text=True)
    if statement.strip():
        return answer(company, statement, Asked.of(request.args).include)
    if company.switch("empty_query_answer") == "4000":
        raise Refused(Problem("4000", "Error parsing query", "QueryParserError: the statement is empty"))
    reason = problems.application_error()
    raise Refused(*reason.problems, kind=reason.kind, status=200)


def _posted(company: Company, rest: str) -> dict[str, Any]:
    if rest == "batch":
        return batch.answer(company, _body(), request.args.get("requestid", ""))
    if rest in {name.lower() for name in NOT_YET} | {"companyinfo", "preferences"}:
        raise not_modelled(rest)
    if rest not in BY_PATH:
        raise problems.wrong_path(request.path.removeprefix("/quickbooks"))
    return perform(company, BY_PATH[rest], Asked.of(request.args), _body())


def _body() -> dict[str, Any]:
    if request.mimetype != "application/json":
        raise problems.bad_property(f"Content-Type {request.mimetype or 'none'} is not application/json")
    try:
        found = json.loads(request.get_data(), parse_float=Decimal)
    except ValueError as reason:
        raise problems.bad_property(f"Unexpected character in the body: {reason}") from None
    if not isinstance(found, dict):
        raise problems.bad_property("Can not deserialize the body out of START_ARRAY token")
    return found
