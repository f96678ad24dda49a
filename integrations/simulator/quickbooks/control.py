"""What people do inside QuickBooks: open a company, enter and edit records, move balances."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, jsonify

from integrations.simulator.quickbooks.answers import Refused, json_response, refusal
from integrations.simulator.quickbooks.entities import MODELLED
from integrations.simulator.quickbooks.presenting import bare
from integrations.simulator.quickbooks.starting import furnish
from integrations.simulator.quickbooks.state import Company, Record, Settings
from integrations.simulator.quickbooks.writing import edit, enter, existing, move_balance
from integrations.simulator.rooms import new_room, read_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrations.simulator.world import World

_SETTINGS = {one.name for one in fields(Settings)}


def build_blueprint(world: World) -> Blueprint:
    room = new_room("quickbooks_control", __name__)
    _companies(room, world)
    _records(room, world)
    _balances(room, world)
    return room


def _settings(given: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(given) - _SETTINGS)
    if unknown:
        raise ValueError(f"unknown settings {unknown}")
    return given


def _companies(room: Blueprint, world: World) -> None:
    @room.post("/companies")
    def open_company() -> Response:
        given = read_body()
        realm = str(given.pop("realm_id", ""))
        with world.lock:
            company = world.quickbooks.open_company(
                replace(Settings(str(given["company_name"])), **_settings(given)), realm
            )
            furnish(company)
        world.quickbooks.announce()
        return jsonify({"realm_id": company.realm_id})

    @room.get("/companies")
    def list_companies() -> Response:
        with world.lock:
            found = [
                {"realm_id": one.realm_id, "company_name": one.name}
                for one in world.quickbooks.companies.values()
            ]
        return jsonify(found)

    @room.patch("/<realm>")
    def change_settings(realm: str) -> Response:
        with world.lock:
            company = _company(world, realm)
            company.prefer(_settings(read_body()))
        world.quickbooks.announce()
        return jsonify({"realm_id": realm})


def _records(room: Blueprint, world: World) -> None:
    @room.get("/<realm>/records/<entity>")
    def list_records(realm: str, entity: str) -> Response:
        with world.lock:
            company = _company(world, realm, entity)
            return json_response([bare(company, one) for one in company.records[entity].values()])

    @room.post("/<realm>/records/<entity>")
    def enter_record(realm: str, entity: str) -> Response:
        return _as_person(world, realm, lambda company: enter(company, entity, read_body()), entity)

    @room.patch("/<realm>/records/<entity>/<id_>")
    def edit_record(realm: str, entity: str, id_: str) -> Response:
        return _as_person(world, realm, lambda company: edit(company, entity, id_, read_body()), entity)


def _balances(room: Blueprint, world: World) -> None:
    @room.post("/<realm>/customers/<id_>/balance")
    def set_balance(realm: str, id_: str) -> Response:
        def move(company: Company) -> Record:
            record = existing(company, "Customer", id_)
            move_balance(company, record, _cents(read_body()["amount"]))
            return record

        return _as_person(world, realm, move)

    @room.post("/<realm>/customers/<id_>/unbilled")
    def set_unbilled(realm: str, id_: str) -> Response:
        def charge(company: Company) -> Record:
            record = existing(company, "Customer", id_)
            record.unbilled_cents = _cents(read_body()["amount"])
            return record

        return _as_person(world, realm, charge)


def _cents(amount: object) -> int:
    return int((Decimal(str(amount)) * 100).to_integral_value())


def _company(world: World, realm: str, entity: str = "Customer") -> Company:
    if realm not in world.quickbooks.companies or entity not in MODELLED:
        abort(json_response({"error": f"no company {realm} with records {entity}"}, 404))
    return world.quickbooks.companies[realm]


def _as_person(
    world: World, realm: str, act: Callable[[Company], Record], entity: str = "Customer"
) -> Response:
    with world.lock:
        company = _company(world, realm, entity)
        try:
            answer = json_response(bare(company, act(company)))
        except Refused as reason:
            answer = refusal(reason, world.clock.now())
    world.quickbooks.announce()
    return answer
