"""Workflows and their phase templates; the API only reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.coperniq import listing, phase_rendering

if TYPE_CHECKING:
    from simulator.coperniq.call import Answer, Call
    from simulator.coperniq.company import Company
    from simulator.coperniq.records import Workflow


def find(company: Company, id: int) -> Workflow:
    if id not in company.workflows:
        raise company.absent("workflows", id)
    return company.workflows[id]


def list_(call: Call) -> Answer:
    found = list(call.company.workflows.values())
    if call.switches["workflows_paged"]:
        found = listing.page(call, listing.ordered(call, found))
    return 200, [phase_rendering.workflow(call.company, one) for one in found]


def get(call: Call) -> Answer:
    return 200, phase_rendering.workflow(call.company, find(call.company, call.id))


ROUTES = [("GET", "workflows", list_), ("GET", "workflows/<id>", get)]
