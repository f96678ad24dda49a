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
def books(office: PortalHarness) -> TwoWayHarness:
    return open_two_way(office)


def test_a_new_invoice_comes_over_with_its_total(books: TwoWayHarness) -> None:
    made = books.invoice(
        {"item": "Permit", "quantity": "2.5", "price": 40, "description": "Hours"},
        {"item": "Labour", "quantity": 2, "price": 100},
        {"item": "Labour", "quantity": 1, "price": 30, "description": "Travel"},
        tax="12.34",
        discount={"percent": 10},
        due="2027-01-31",
        memo="Thanks",
        note="Roof",
    )
    books.heard()
    assert invoice(books)["amount"] == made["TotalAmt"]
    assert_nothing_left_to_do(books)


@pytest.mark.parametrize("rings", [False, True])
def test_a_change_in_the_very_second_of_the_version_before_comes_over_too(
    books: TwoWayHarness, rings: bool
) -> None:
    made = books.invoice(memo="", note="First")
    books.heard()
    books.change(made, note="Second")
    if rings:
        ring_again(books)
    books.heard()
    assert invoice(books)["description"].startswith("QBO #1001: Second\n")
    assert_nothing_left_to_do(books)


@pytest.mark.parametrize("fault", ["lost_answer", "error_500"])
def test_a_due_date_without_an_answer_is_looked_for_and_written_once(
    books: TwoWayHarness, fault: str
) -> None:
    made = books.invoice()
    books.heard()
    books.money.office.simulator.forget_log()
    books.money.office.simulator.fault(fault, "coperniq", method="PATCH", path="/invoices")
    books.change(made, due="2040-05-06")
    books.heard()
    assert invoice(books)["dueDate"].startswith("2040-05-06")
    applied = [call for call in books.money.office.simulator.log(write=True) if call["applied"]]
    assert [call["method"] for call in applied] == ["PATCH"]
    assert_nothing_left_to_do(books)


def test_what_coperniq_refuses_for_good_is_for_a_person(books: TwoWayHarness) -> None:
    url = f"{books.money.office.simulator.url}/coperniq/v1/invoices"
    with over_the_simulator() as stage:
        stage.add("POST", url, json={"message": "no"}, status=400)
        books.invoice()
        books.heard()
    assert books.money.held().cause == "refused"
    books.money.decide("retry")
    assert invoice(books)["amount"] == 100
    assert_nothing_left_to_do(books)


def test_an_invoice_that_ended_before_it_came_over_never_does(books: TwoWayHarness) -> None:
    books.void(books.invoice())
    books.heard()
    assert invoices(books) == []


@pytest.mark.parametrize(
    ("values", "cause"),
    [({"currency": "CAD"}, "wrong_currency"), ({"total_cents": -1}, "not_an_invoice")],
)
def test_another_currency_or_a_negative_total_is_held(
    books: TwoWayHarness, values: dict[str, Any], cause: str
) -> None:
    ctx = SyncContext(CompanyLease.objects.get(), books.money.office.quickbooks)
    document: Any = SimpleNamespace(**{"is_voided": False, "currency": "", "total_cents": 1, **values})
    with pytest.raises(NeedsDecision) as held:
        refuse_unsupported(ctx, SyncRun(), document)
    assert held.value.cause == cause
