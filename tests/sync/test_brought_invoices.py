"""Invoices people make in QuickBooks appear in Coperniq, to the cent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from integrations.errors import NeedsDecision
from integrations.models import CompanyLease, SyncRun
from integrations.sync.engine.context import SyncContext
from integrations.sync.invoices.pull_create import refuse_unsupported
from tests.portal_harness import PortalHarness
from tests.sync.in_process import over_the_simulator
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice, invoices, ring_again
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


def test_a_new_invoice_comes_over_with_its_total(sides: TwoWayHarness) -> None:
    made = sides.invoice(
        {"item": "Permit", "quantity": "2.5", "price": 40, "description": "Hours"},
        {"item": "Labour", "quantity": 2, "price": 100},
        {"item": "Labour", "quantity": 1, "price": 30, "description": "Travel"},
        tax="12.34",
        discount={"percent": 10},
        due="2027-01-31",
        memo="Thanks",
        note="Roof",
    )
    sides.sync()
    assert invoice(sides)["amount"] == made["TotalAmt"]
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("rings", [False, True])
def test_a_change_in_the_very_second_of_the_version_before_comes_over_too(
    sides: TwoWayHarness, rings: bool
) -> None:
    made = sides.invoice(memo="", note="First")
    sides.sync()
    sides.change(made, note="Second")
    if rings:
        ring_again(sides)
    sides.sync()
    assert invoice(sides)["description"].startswith("QBO #1001: Second")
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("fault", ["lost_answer", "error_500"])
def test_a_due_date_without_an_answer_is_looked_for_and_written_once(
    sides: TwoWayHarness, fault: str
) -> None:
    made = sides.invoice()
    sides.sync()
    sides.harness.portal.simulator.forget_log()
    sides.harness.portal.simulator.fault(fault, "coperniq", method="PATCH", path="/invoices")
    sides.change(made, due="2040-05-06")
    sides.sync()
    assert invoice(sides)["dueDate"].startswith("2040-05-06")
    applied = [call for call in sides.harness.portal.simulator.log(write=True) if call["applied"]]
    assert [call["method"] for call in applied] == ["PATCH"]
    assert_nothing_left_to_do(sides)


def test_what_coperniq_refuses_for_good_is_for_a_person(sides: TwoWayHarness) -> None:
    url = f"{sides.harness.portal.simulator.url}/coperniq/v1/invoices"
    with over_the_simulator() as stage:
        stage.add("POST", url, json={"message": "no"}, status=400)
        sides.invoice()
        sides.sync()
    assert sides.harness.held().cause == "refused"
    sides.harness.decide("retry")
    assert invoice(sides)["amount"] == 100
    assert_nothing_left_to_do(sides)


def test_an_invoice_that_ended_before_it_came_over_never_does(sides: TwoWayHarness) -> None:
    sides.void(sides.invoice())
    sides.sync()
    assert invoices(sides) == []


@pytest.mark.parametrize(
    ("values", "cause"),
    [({"currency": "CAD"}, "wrong_currency"), ({"total_cents": -1}, "not_an_invoice")],
)
def test_another_currency_or_a_negative_total_is_held(
    sides: TwoWayHarness, values: dict[str, Any], cause: str
) -> None:
    ctx = SyncContext(CompanyLease.objects.get(), sides.harness.portal.quickbooks)
    document: Any = SimpleNamespace(**{"is_voided": False, "currency": "", "total_cents": 1, **values})
    with pytest.raises(NeedsDecision) as held:
        refuse_unsupported(ctx, SyncRun(), document)
    assert held.value.cause == cause
