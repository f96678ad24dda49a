"""Invoices and payments typed by a person, in the words of the page instead of those of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.quickbooks import hands
from simulator.quickbooks.control_room import as_person
from simulator.rooms import read_body

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from simulator.world import World


def furnish_room(room: Blueprint, world: World) -> None:
    @room.post("/<realm>/invoices")
    def write_invoice(realm: str) -> Response:
        wanted = read_body()
        return as_person(world, realm, lambda company: hands.write_invoice(company, wanted))

    @room.patch("/<realm>/invoices/<id_>")
    def rewrite_invoice(realm: str, id_: str) -> Response:
        wanted = read_body()
        return as_person(world, realm, lambda company: hands.rewrite_invoice(company, id_, wanted))

    @room.post("/<realm>/payments")
    def receive_for_several(realm: str) -> Response:
        wanted = read_body()
        return as_person(world, realm, lambda company: hands.receive(company, wanted))

    @room.patch("/<realm>/payments/<id_>")
    def reallocate(realm: str, id_: str) -> Response:
        wanted = read_body()
        return as_person(world, realm, lambda company: hands.reallocate(company, id_, wanted))
