"""What people do with sales inside QuickBooks: void, delete, e-mail, receive money, take it to the bank, give credit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.quickbooks import problems
from simulator.quickbooks.control_room import as_person
from simulator.quickbooks.sales import deposits, ending
from simulator.quickbooks.sales.credits import application
from simulator.quickbooks.sales.receiving import deposit_body, payment_body
from simulator.quickbooks.writing import enter, existing
from simulator.rooms import read_body

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from simulator.quickbooks.state import Company, Record
    from simulator.world import World

VOIDABLE = {"invoices": "Invoice", "payments": "Payment", "creditmemos": "CreditMemo"}


def furnish_room(room: Blueprint, world: World) -> None:
    _endings(room, world)
    _money(room, world)
    _hands(room, world)


def _endings(room: Blueprint, world: World) -> None:
    @room.post("/<realm>/<any(invoices, payments, creditmemos):kind>/<id_>/void")
    def void(realm: str, kind: str, id_: str) -> Response:
        entity = VOIDABLE[kind]
        return as_person(world, realm, lambda company: ending.void(company, existing(company, entity, id_)))

    @room.delete("/<realm>/records/<entity>/<id_>")
    def delete(realm: str, entity: str, id_: str) -> Response:
        return as_person(world, realm, lambda company: _delete(company, entity, id_), entity)


def _delete(company: Company, entity: str, id_: str) -> None:
    record = existing(company, entity, id_)
    if entity == "Deposit":
        deposits.undo(company, record)
    elif entity in {"Invoice", "Payment", "CreditMemo"}:
        ending.delete(company, record)
    else:
        raise problems.unsupported_operation(f"delete {entity}: lists are made inactive")


def _money(room: Blueprint, world: World) -> None:
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
            return enter(company, "Payment", application(invoice, memo, wanted.get("amount")))

        return as_person(world, realm, act)


def _hands(room: Blueprint, world: World) -> None:
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
