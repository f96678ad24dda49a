"""`/v3/company/<realm>/…`: gateway, path, replay of a requestid, then the work.

docs/vendors/quickbooks-online.md, 2.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from flask import Blueprint, Response, g, request

from simulator.quickbooks import change_data_capture, errors, operations
from simulator.quickbooks.company import Company, Remembered
from simulator.quickbooks.company_info import company_info, preferences
from simulator.quickbooks.email_addresses import refuse_unreadable
from simulator.quickbooks.entities import BY_PATH, NOT_YET
from simulator.quickbooks.operations import Options, not_modelled, perform
from simulator.quickbooks.query import answer_query
from simulator.quickbooks.rendering import render
from simulator.quickbooks.responses import Json, Refused, refusal, refused, succeeded
from simulator.quickbooks.writing import existing
from simulator.world import World

LONGEST = 50


def replay_or_run(company: Company, path: str, work: Callable[[], Response]) -> Response:
    """An empty requestid counts as none. Call it under the world's lock: two at once must not both work."""
    key = request.args.get("requestid", "")
    if len(key) > LONGEST:
        raise Refused(errors.too_long("requestid", LONGEST, len(key)))
    asked = (path, request.get_data())
    known = _remembered(company, key)
    if known is not None:
        return _again(company, known, asked)
    try:
        answer = work()
    except Refused as reason:
        answer = refusal(reason, company.environment.clock.at("quickbooks"))
        if not company.switch("requestid_remembers_refusals"):
            return answer
    if key:
        kept = Remembered(company.now(), asked, answer.status_code, answer.get_data(), answer.content_type)
        company.requests[key] = kept
    return answer


def _remembered(company: Company, key: str) -> Remembered | None:
    known = company.requests.get(key) if key else None
    if known is None:
        return None
    age = company.now() - known.at
    return known if age <= timedelta(seconds=float(company.switch("requestid_memory_seconds"))) else None


def _again(company: Company, known: Remembered, asked: tuple[str, bytes]) -> Response:
    if known.asked != asked and company.switch("requestid_other_body") == "refuse":
        raise errors.duplicate_request()
    g.replayed = True
    return Response(known.body, known.status, content_type=known.content_type)


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
    def unknown_path(rest: str) -> Response:
        return refusal(errors.wrong_path(f"/{rest}"), world.clock.at("quickbooks"))

    return api


def _work(world: World, realm: str, rest: str) -> Response:
    company = world.quickbooks.companies[realm]
    try:
        if rest == "batch" and (
            crowded := world.gateway.enter_batch(realm, operations.count_items(request.get_data()))
        ):
            return crowded
        if request.method == "POST" and rest != "query":
            return replay_or_run(
                company, rest, lambda: succeeded(_posted(company, rest), world.clock.at("quickbooks"))
            )
        return succeeded(_read(company, rest), world.clock.at("quickbooks"))
    except Refused as reason:
        return refusal(reason, world.clock.at("quickbooks"))


def _read(company: Company, rest: str) -> Json:
    segment, _, id_ = rest.partition("/")
    if rest == "query" and request.method in {"GET", "POST"}:
        return {"QueryResponse": _queried(company)}
    if request.method != "GET" or "/" in id_:
        raise errors.wrong_path(request.path.removeprefix("/quickbooks"))
    if rest == "cdc":
        return change_data_capture.answer_cdc(company, request.args)
    if rest == "preferences":
        return {"Preferences": preferences(company)}
    if segment == "companyinfo" and id_:
        return {"CompanyInfo": _company_info(company, id_)}
    if segment in BY_PATH and id_:
        entity = BY_PATH[segment].name
        record = existing(company, entity, id_)
        if company.switch("malformed_email_read") == "refuse":
            refuse_unreadable(company, [record])
        return {entity: render(company, record, "read")}
    raise _nothing_there(segment, id_)


def _company_info(company: Company, id_: str) -> Json:
    if id_ != company.realm_id:
        raise errors.not_found()
    return company_info(company)


def _nothing_there(segment: str, id_: str) -> Refused:
    if id_ and segment in {name.lower() for name in NOT_YET}:
        return errors.not_found() if id_.isdigit() else errors.invalid_id(id_)
    return errors.wrong_path(request.path.removeprefix("/quickbooks"))


def _queried(company: Company) -> Json:
    statement = request.args.get("query", "")
    if request.method == "POST" and not statement:
        if request.mimetype not in {"application/text", "text/plain"}:
            raise errors.bad_property(f"Content-Type {request.mimetype} is not application/text")
        statement = request.get_data(as_text=True)
    if statement.strip():
        return answer_query(company, statement, Options.of(request.args).include)
    if company.switch("empty_query_answer") == "4000":
        raise refused("4000", "Error parsing query", "QueryParserError: the statement is empty")
    reason = errors.application_error()
    raise Refused(*reason.problems, kind=reason.kind, status=200)


def _posted(company: Company, rest: str) -> Json:
    if rest == "batch":
        return operations.answer_batch(company, _body(), request.args.get("requestid", ""))
    if rest in {name.lower() for name in NOT_YET} | {"companyinfo", "preferences"}:
        raise not_modelled(rest)
    if rest not in BY_PATH:
        raise errors.wrong_path(request.path.removeprefix("/quickbooks"))
    return perform(company, BY_PATH[rest], Options.of(request.args), _body())


def _body() -> Json:
    if request.mimetype != "application/json":
        raise errors.bad_property(f"Content-Type {request.mimetype or 'none'} is not application/json")
    try:
        found = json.loads(request.get_data(), parse_float=Decimal)
    except ValueError as reason:
        raise errors.bad_property(f"Unexpected character in the body: {reason}") from None
    if not isinstance(found, dict):
        raise errors.bad_property("Can not deserialize the body out of START_ARRAY token")
    return found
