"""QuickBooks' webhooks are switched off altogether: what people do there arrives with the next look at its changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.processes.process_stack import ProcessStack, Tenant
from tests.processes.worker import eventually

pytestmark = pytest.mark.processes

LINES = [
    {"item": "Services", "quantity": "2.5", "price": 40},
    {"item": "Services", "quantity": 1, "price": 30},
]


@pytest.fixture
def looking(house: ProcessStack) -> Iterator[ProcessStack]:
    """A worker that looks every two seconds; nobody has subscribed to QuickBooks' webhooks in this house."""
    house.worker.kill()
    house.worker.start(QUICKBOOKS_CDC_SECONDS="2")
    yield house
    house.worker.kill()
    house.worker.start()


@pytest.mark.soak
def test_everything_arrives_all_the_same(looking: ProcessStack, tenant: Callable[..., Tenant]) -> None:
    mine = tenant()
    looking.manage("configure", "--company", mine.slug, "invoice_sync=on")
    project = mine.project("Ada Stone", 1)
    mine.enter(project)
    job = eventually(lambda: next(iter(mine.jobs()), None), "the job is in QuickBooks")
    made = person(mine, "invoices", {"customer": job["Id"], "lines": LINES, "note": "Roof"})
    shown = eventually(lambda: invoice_in_coperniq(mine), "the invoice is in Coperniq")
    assert (shown["amount"], shown["record"]["id"]) == (made["TotalAmt"], project["id"])
    for paid in (50, 130):
        person(mine, f"invoices/{made['Id']}/payments", {"amount": paid - shown["amountPaid"]})
        shown = eventually(partial(with_paid, mine, paid), f"${paid} are paid in Coperniq")
    person(mine, f"invoices/{made['Id']}", {"due": "2027-05-06"}, "PATCH")
    eventually(lambda: invoice_in_coperniq(mine)["dueDate"][:10] == "2027-05-06", "the due date follows")
    other = person(mine, "invoices", {"customer": job["Id"], "lines": LINES})
    eventually(lambda: len(invoices(mine)) == 2, "the other one is in Coperniq")
    person(mine, f"invoices/{other['Id']}/void", {})
    eventually(lambda: invoices(mine)[1]["status"] == "DECLINED", "the void arrives")
    assert mine.sync() == 0


def person(mine: Tenant, path: str, body: dict[str, Any], method: str = "POST") -> dict[str, Any]:
    return dict(mine.house.simulator.control(f"quickbooks/{mine.realm}/{path}", body, method))


def invoices(mine: Tenant) -> list[dict[str, Any]]:
    return list(mine.house.simulator.state()["coperniq"][mine.api_key]["invoices"])


def invoice_in_coperniq(mine: Tenant) -> dict[str, Any]:
    return next(iter(invoices(mine)), {})


def with_paid(mine: Tenant, dollars: int) -> dict[str, Any]:
    shown = invoice_in_coperniq(mine)
    return shown if shown["amountPaid"] == dollars else {}
