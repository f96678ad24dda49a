"""Control routes below an invoice; making, changing and deleting one is like that of any other record."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import request

from simulator.coperniq import fields
from simulator.coperniq.billing import personal

if TYPE_CHECKING:
    from flask import Blueprint

    from simulator.coperniq.company import Company

Json = dict[str, Any]


def add_routes(room: Blueprint, as_person: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    base = "/<api_key>/invoices/<int:id>"
    actions = f"<any({','.join(personal.ACTIONS)}):action>"
    room.post(f"{base}/{actions}", endpoint="act_on_invoice")(as_person(personal.act))
    room.post(f"{base}/payments", endpoint="pay")(as_person(_pay))
    one = f"{base}/payments/<int:payment_id>"
    room.patch(one, endpoint="change_payment")(as_person(_change_payment))
    room.delete(one, endpoint="remove_payment")(as_person(_remove_payment))


def _pay(company: Company, id: int) -> Json:
    return personal.pay(company, id, fields.parse(request.get_data()))


def _change_payment(company: Company, id: int, payment_id: int) -> Json:
    return personal.change_payment(company, id, payment_id, fields.parse(request.get_data()))


def _remove_payment(company: Company, id: int, payment_id: int) -> Json:
    personal.remove_payment(company, id, payment_id)
    return {}
