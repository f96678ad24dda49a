"""What people do inside QuickBooks: open a company, enter, edit, merge, void and pay. `/_control/quickbooks/…`"""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, jsonify

from simulator.control_base import control_blueprint, read_body
from simulator.quickbooks import errors, payments, user_actions, voiding
from simulator.quickbooks.company import Company, Record, Settings
from simulator.quickbooks.entities import MODELLED
from simulator.quickbooks.merging import merge
from simulator.quickbooks.payments import credit_application
from simulator.quickbooks.rendering import render_full
from simulator.quickbooks.responses import Refused, json_response, refusal
from simulator.quickbooks.user_actions import add_default_lists, deposit_body, payment_body
from simulator.quickbooks.user_actions import edit_record as edit_record_by_hand
from simulator.quickbooks.writing import enter, existing, move_balance

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.world import World


def cents_of(amount: object) -> int:
    return int((Decimal(str(amount)) * 100).to_integral_value())


def company_of(world: World, realm: str, entity: str = "Customer") -> Company:
    if realm not in world.quickbooks.companies or entity not in MODELLED:
        abort(json_response({"error": f"no company {realm} with records {entity}"}, 404))
    return world.quickbooks.companies[realm]


def as_person(
    world: World, realm: str, act: Callable[[Company], Record | None], entity: str = "Customer"
) -> Response:
    """None: the record is gone."""
    with world.lock:
        company = company_of(world, realm, entity)
        try:
            found = act(company)
            answer = json_response(render_full(company, found) if found else {})
        except Refused as reason:
            answer = refusal(reason, world.clock.at("quickbooks"))
    world.quickbooks.announce()
    return answer


VOIDABLE = {"invoices": "Invoice", "payments": "Payment", "creditmemos": "CreditMemo"}


def _sale_routes(room: Blueprint, world: World) -> None:
    _void_routes(room, world)
    _money_routes(room, world)
    _other_sale_routes(room, world)


def _void_routes(room: Blueprint, world: World) -> None:
    @room.post("/<realm>/<any(invoices, payments, creditmemos):kind>/<id_>/void")
    def void(realm: str, kind: str, id_: str) -> Response:
        entity = VOIDABLE[kind]
        return as_person(world, realm, lambda company: voiding.void(company, existing(company, entity, id_)))

    @room.delete("/<realm>/records/<entity>/<id_>")
    def delete(realm: str, entity: str, id_: str) -> Response:
        return as_person(world, realm, lambda company: _delete(company, entity, id_), entity)


def _delete(company: Company, entity: str, id_: str) -> None:
    record = existing(company, entity, id_)
    if entity == "Deposit":
        payments.undo_deposit(company, record)
    elif entity in {"Invoice", "Payment", "CreditMemo"}:
        voiding.delete(company, record)
    else:
        raise errors.unsupported_operation(f"delete {entity}: lists are made inactive")


def _money_routes(room: Blueprint, world: World) -> None:
    @room.post("/<realm>/invoices/<id_>/payments")
    def receive(realm: str, id_: str) -> Response:
        wanted = read_body()

        def act(company: Company) -> Record:
            invoice = existing(company, "Invoice", id_)
            return enter(company, "Payment", payment_body(company, invoice, wanted))

        return as_person(world, realm, act)

    @room.post("/<realm>/deposits")
    def deposit(realm: str) -> Response:
        wanted = read_body()
        return as_person(
            world, realm, lambda company: enter(company, "Deposit", deposit_body(company, wanted))
        )

    @room.post("/<realm>/creditmemos/<id_>/apply")
    def give_credit(realm: str, id_: str) -> Response:
        wanted = read_body()

        def act(company: Company) -> Record:
            memo = existing(company, "CreditMemo", id_)
            invoice = existing(company, "Invoice", str(wanted["invoice"]))
            return enter(company, "Payment", credit_application(invoice, memo, wanted.get("amount")))

        return as_person(world, realm, act)


def _other_sale_routes(room: Blueprint, world: World) -> None:
    @room.post("/<realm>/invoices/<id_>/send")
    def send(realm: str, id_: str) -> Response:
        wanted = read_body()
        return as_person(
            world, realm, lambda company: send_invoice(company, existing(company, "Invoice", id_), wanted)
        )

    @room.post("/<realm>/records/<entity>/<id_>/touch")
    def touch(realm: str, entity: str, id_: str) -> Response:
        """Somebody opens the record and saves it: a new version with nothing new in it."""
        return as_person(
            world, realm, lambda company: _touch(company, existing(company, entity, id_)), entity
        )


def send_invoice(company: Company, record: Record, wanted: dict[str, Any]) -> Record:
    """A new time, and the same version, as recorded."""
    address = {"BillEmail": {"Address": str(wanted["email"])}} if "email" in wanted else {}
    record.fields = {**record.fields, "EmailStatus": "EmailSent", **address}
    record.sale.sent_at = record.updated = company.now()
    company.changed(record, "Emailed")
    return record


def _touch(company: Company, record: Record) -> Record:
    record.sync_token += 1
    record.updated = company.now()
    company.changed(record)
    return record


def _form_routes(room: Blueprint, world: World) -> None:
    @room.post("/<realm>/invoices")
    def write_invoice(realm: str) -> Response:
        wanted = read_body()
        return as_person(world, realm, lambda company: user_actions.write_invoice(company, wanted))

    @room.patch("/<realm>/invoices/<id_>")
    def rewrite_invoice(realm: str, id_: str) -> Response:
        wanted = read_body()
        return as_person(world, realm, lambda company: user_actions.rewrite_invoice(company, id_, wanted))

    @room.post("/<realm>/payments")
    def receive_for_several(realm: str) -> Response:
        wanted = read_body()
        return as_person(world, realm, lambda company: user_actions.receive_payment(company, wanted))

    @room.patch("/<realm>/payments/<id_>")
    def reallocate(realm: str, id_: str) -> Response:
        wanted = read_body()
        return as_person(world, realm, lambda company: user_actions.reallocate(company, id_, wanted))


_SETTINGS = {one.name for one in fields(Settings)}


def build_blueprint(world: World) -> Blueprint:
    room = control_blueprint("quickbooks_control", __name__)
    _companies(room, world)
    _records(room, world)
    _balances(room, world)
    _sale_routes(room, world)
    _form_routes(room, world)
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
            add_default_lists(company)
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
            return json_response([render_full(company, one) for one in company.records[entity].values()])

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
