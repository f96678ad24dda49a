"""What every hand in QuickBooks's room shares: the company it works in, and the answer in QuickBooks's words."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from flask import Response, abort

from simulator.quickbooks.answers import Refused, json_response, refusal
from simulator.quickbooks.entities import MODELLED
from simulator.quickbooks.presenting import bare

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.quickbooks.state import Company, Record
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
            answer = json_response(bare(company, found) if found else {})
        except Refused as reason:
            answer = refusal(reason, world.clock.at("quickbooks"))
    world.quickbooks.announce()
    return answer
