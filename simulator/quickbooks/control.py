"""What people do inside QuickBooks, by JSON: `/_control/quickbooks/…`.

They open a company, enter, edit, merge and delete records, write invoices and receive money.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal

from flask import Blueprint, Response, abort, jsonify

from simulator.control_base import control_blueprint, read_body
from simulator.quickbooks import errors, payments, user_actions, voiding
from simulator.quickbooks.company import Company, Record, Settings
from simulator.quickbooks.entities import MODELLED
from simulator.quickbooks.merging import merge
from simulator.quickbooks.rendering import render_full
from simulator.quickbooks.responses import Json, Refused, json_response, refusal
from simulator.quickbooks.writing import enter, existing, move_balance
from simulator.world import World

VOIDABLE = {"invoices": "Invoice", "payments": "Payment", "creditmemos": "CreditMemo"}


def build_blueprint(world: World) -> Blueprint:
    blueprint = control_blueprint("quickbooks_control", __name__)
    _company_routes(blueprint, world)
    for method, path, act in _ACTIONS:
        endpoint = f"{method} {path}".replace(".", "")
        blueprint.add_url_rule(f"/<realm>/{path}", endpoint, _answering(world, act), methods=[method])
    return blueprint


def _answering(world: World, act: Callable[..., Record | None]) -> Callable[..., Response]:
    """`act` gets the company, the body and what the path names; it answers None where the record is gone."""

    def answer(realm: str, **named: str) -> Response:
        wanted = read_body()
        with world.lock:
            company = _company_of(world, realm, named.get("entity", "Customer"))
            try:
                found = act(company, wanted, **named)
                answered = json_response(render_full(company, found) if found else {})
            except Refused as reason:
                answered = refusal(reason, world.clock.at("quickbooks"))
        world.quickbooks.announce()
        return answered

    return answer


def _company_of(world: World, realm: str, entity: str = "Customer") -> Company:
    if realm not in world.quickbooks.companies or entity not in MODELLED:
        abort(json_response({"error": f"no company {realm} with records {entity}"}, 404))
    return world.quickbooks.companies[realm]


def _settings(given: Json) -> Json:
    unknown = sorted(set(given) - {one.name for one in fields(Settings)})
    if unknown:
        raise ValueError(f"unknown settings {unknown}")
    return given


def _company_routes(blueprint: Blueprint, world: World) -> None:
    @blueprint.post("/companies")
    def open_company() -> Response:
        given = read_body()
        realm = str(given.pop("realm_id", ""))
        with world.lock:
            settings = replace(Settings(str(given["company_name"])), **_settings(given))
            company = world.quickbooks.open_company(settings, realm)
            user_actions.add_default_lists(company)
        world.quickbooks.announce()
        return jsonify({"realm_id": company.realm_id})

    @blueprint.get("/companies")
    def list_companies() -> Response:
        with world.lock:
            opened = list(world.quickbooks.companies.values())
        return jsonify([{"realm_id": one.realm_id, "company_name": one.name} for one in opened])

    @blueprint.patch("/<realm>")
    def change_settings(realm: str) -> Response:
        with world.lock:
            _company_of(world, realm).change_settings(_settings(read_body()))
        world.quickbooks.announce()
        return jsonify({"realm_id": realm})

    @blueprint.get("/<realm>/records/<entity>")
    def list_records(realm: str, entity: str) -> Response:
        with world.lock:
            company = _company_of(world, realm, entity)
            return json_response([render_full(company, one) for one in company.records[entity].values()])


def _enter(company: Company, wanted: Json, entity: str) -> Record:
    return enter(company, entity, wanted)


def _edit(company: Company, wanted: Json, entity: str, id_: str) -> Record:
    return user_actions.edit_record(company, entity, id_, wanted)


def _delete(company: Company, wanted: Json, entity: str, id_: str) -> None:
    record = existing(company, entity, id_)
    if entity == "Deposit":
        payments.undo_deposit(company, record)
    elif entity in {"Invoice", "Payment", "CreditMemo", "JournalEntry"}:
        voiding.delete(company, record)
    else:
        raise errors.unsupported_operation(f"delete {entity}: lists are made inactive")


def _touch(company: Company, wanted: Json, entity: str, id_: str) -> Record:
    """Somebody opens the record and saves it: a new version with nothing new in it."""
    record = existing(company, entity, id_)
    record.sync_token += 1
    record.updated = company.now()
    company.changed(record)
    return record


def _import_email(company: Company, wanted: Json, entity: str, id_: str) -> Record:
    return user_actions.import_email(company, existing(company, entity, id_), wanted)


def _merge(company: Company, wanted: Json, entity: str) -> Record:
    return merge(company, entity, str(wanted["from"]), str(wanted["into"]))


def _cents(wanted: Json) -> int:
    return int((Decimal(str(wanted["amount"])) * 100).to_integral_value())


def _set_balance(company: Company, wanted: Json, id_: str) -> Record:
    record = existing(company, "Customer", id_)
    move_balance(company, record, _cents(wanted))
    return record


def _set_unbilled(company: Company, wanted: Json, id_: str) -> Record:
    record = existing(company, "Customer", id_)
    record.unbilled_cents = _cents(wanted)
    return record


def _void(company: Company, wanted: Json, kind: str, id_: str) -> Record:
    return voiding.void(company, existing(company, VOIDABLE[kind], id_))


def _write_invoice(company: Company, wanted: Json) -> Record:
    return user_actions.write_invoice(company, wanted)


def _rewrite_invoice(company: Company, wanted: Json, id_: str) -> Record:
    return user_actions.rewrite_invoice(company, id_, wanted)


def _send(company: Company, wanted: Json, id_: str) -> Record:
    return user_actions.send_invoice(company, existing(company, "Invoice", id_), wanted)


def _receive_for_invoice(company: Company, wanted: Json, id_: str) -> Record:
    body = user_actions.payment_body(company, existing(company, "Invoice", id_), wanted)
    return enter(company, "Payment", body)


def _receive(company: Company, wanted: Json) -> Record:
    return user_actions.receive_payment(company, wanted)


def _reallocate(company: Company, wanted: Json, id_: str) -> Record:
    return user_actions.reallocate(company, id_, wanted)


def _enter_journal(company: Company, wanted: Json) -> Record:
    return user_actions.enter_journal(company, wanted)


def _deposit(company: Company, wanted: Json) -> Record:
    return enter(company, "Deposit", user_actions.deposit_body(company, wanted))


def _apply_credit(company: Company, wanted: Json, id_: str) -> Record:
    memo = existing(company, "CreditMemo", id_)
    invoice = existing(company, "Invoice", str(wanted["invoice"]))
    return enter(company, "Payment", payments.credit_application(invoice, memo, wanted.get("amount")))


_ACTIONS: list[tuple[str, str, Callable[..., Record | None]]] = [
    ("POST", "records/<entity>", _enter),
    ("PATCH", "records/<entity>/<id_>", _edit),
    ("DELETE", "records/<entity>/<id_>", _delete),
    ("POST", "records/<entity>/<id_>/touch", _touch),
    ("POST", "records/<entity>/<id_>/email", _import_email),
    ("POST", "merge/<entity>", _merge),
    ("POST", "customers/<id_>/balance", _set_balance),
    ("POST", "customers/<id_>/unbilled", _set_unbilled),
    ("POST", f"<any({','.join(VOIDABLE)}):kind>/<id_>/void", _void),
    ("POST", "invoices", _write_invoice),
    ("PATCH", "invoices/<id_>", _rewrite_invoice),
    ("POST", "invoices/<id_>/send", _send),
    ("POST", "invoices/<id_>/payments", _receive_for_invoice),
    ("POST", "payments", _receive),
    ("PATCH", "payments/<id_>", _reallocate),
    ("POST", "journalentries", _enter_journal),
    ("POST", "deposits", _deposit),
    ("POST", "creditmemos/<id_>/apply", _apply_credit),
]
