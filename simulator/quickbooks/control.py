"""What people do inside QuickBooks: open a company, enter and edit records, move balances."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify

from simulator.quickbooks import control_desk, control_sales
from simulator.quickbooks.answers import json_response
from simulator.quickbooks.control_room import as_person, cents_of, company_of
from simulator.quickbooks.hands import edit_record as edit_record_by_hand
from simulator.quickbooks.merging import merge
from simulator.quickbooks.presenting import bare
from simulator.quickbooks.starting import furnish
from simulator.quickbooks.state import Company, Record, Settings
from simulator.quickbooks.writing import enter, existing, move_balance
from simulator.rooms import new_room, read_body

if TYPE_CHECKING:
    from simulator.world import World

_SETTINGS = {one.name for one in fields(Settings)}


def build_blueprint(world: World) -> Blueprint:
    room = new_room("quickbooks_control", __name__)
    _companies(room, world)
    _records(room, world)
    _balances(room, world)
    control_sales.furnish_room(room, world)
    control_desk.furnish_room(room, world)
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
            company = company_of(world, realm)
            company.prefer(_settings(read_body()))
        world.quickbooks.announce()
        return jsonify({"realm_id": realm})


def _records(room: Blueprint, world: World) -> None:
    @room.get("/<realm>/records/<entity>")
    def list_records(realm: str, entity: str) -> Response:
        with world.lock:
            company = company_of(world, realm, entity)
            return json_response([bare(company, one) for one in company.records[entity].values()])

    @room.post("/<realm>/records/<entity>")
    def enter_record(realm: str, entity: str) -> Response:
        return as_person(world, realm, lambda company: enter(company, entity, read_body()), entity)

    @room.patch("/<realm>/records/<entity>/<id_>")
    def edit_record(realm: str, entity: str, id_: str) -> Response:
        return as_person(
            world, realm, lambda company: edit_record_by_hand(company, entity, id_, read_body()), entity
        )

    @room.post("/<realm>/merge/<entity>")
    def merge_records(realm: str, entity: str) -> Response:
        wanted = read_body()
        away, into = str(wanted["from"]), str(wanted["into"])
        return as_person(world, realm, lambda company: merge(company, entity, away, into), entity)


def _balances(room: Blueprint, world: World) -> None:
    @room.post("/<realm>/customers/<id_>/balance")
    def set_balance(realm: str, id_: str) -> Response:
        def move(company: Company) -> Record:
            record = existing(company, "Customer", id_)
            move_balance(company, record, cents_of(read_body()["amount"]))
            return record

        return as_person(world, realm, move)

    @room.post("/<realm>/customers/<id_>/unbilled")
    def set_unbilled(realm: str, id_: str) -> Response:
        def charge(company: Company) -> Record:
            record = existing(company, "Customer", id_)
            record.unbilled_cents = cents_of(read_body()["amount"])
            return record

        return as_person(world, realm, charge)
