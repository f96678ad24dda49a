"""Payments that people spread, take off and put back in QuickBooks: what is money on an invoice is told to the cent."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import SyncRun
from tests.portal_harness import PortalHarness
from tests.sampling import ORIGINS
from tests.sync.pull_builders import (
    assert_nothing_left_to_do,
    credit,
    invoice,
    invoices,
    logged_in_order,
    payments,
)
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture(params=ORIGINS)
def paid(request: pytest.FixtureRequest, portal: PortalHarness) -> tuple[TwoWayHarness, dict[str, Any]]:
    """An invoice of $100, and all of it paid on both sides, whichever the payment began on."""
    sides = open_two_way(portal)
    made = sides.invoice()
    sides.sync()
    if request.param == "pulled":
        sides.payment({"id": made["Id"], "amount": 100})
    else:
        sides.harness.pay(invoice(sides), 100)
        sides.harness.work()
    sides.sync()
    return sides, sides.harness.in_books("Payment")


Paid = tuple[TwoWayHarness, dict[str, Any]]


def spread(sides: TwoWayHarness, payment: dict[str, Any], amount: int) -> None:
    one = [{"id": sides.harness.books("Invoice")[0]["Id"], "amount": amount}] if amount else []
    sides.change_payment(payment, invoices=one, amount=100)


def put_right(sides: TwoWayHarness, amount: int) -> None:
    sides.harness.change_payment({"id": 20001}, payments(sides)[0], amount=amount)


def share_out(sides: TwoWayHarness, payment: dict[str, Any]) -> None:
    first = sides.harness.in_books()["Id"]
    second = sides.invoice({"item": "Labour", "quantity": 1, "price": 50})["Id"]
    shares = [{"id": first, "amount": 60}, {"id": second, "amount": 40}]
    sides.change_payment(payment, invoices=shares, amount=100)


def asked() -> list[str]:
    return list(SyncRun.objects.held().values_list("cause", flat=True))


def applied(sides: TwoWayHarness) -> tuple[float, list[float]]:
    payment = sides.harness.in_books("Payment")
    return payment["TotalAmt"], [line["Amount"] for line in payment["Line"]]


@pytest.mark.parametrize("polled_first", [True, False])
def test_a_part_taken_off_is_asked_about_and_put_right(paid: Paid, polled_first: bool) -> None:
    sides, payment = paid
    spread(sides, payment, 60)
    sides.sync()
    assert "it was $100.00 on " in sides.harness.held().sentence
    assert "and is now $60.00 on " in sides.harness.held().sentence
    assert_nothing_left_to_do(sides)
    put_right(sides, 60)
    if polled_first:
        sides.harness.work()
    for run in SyncRun.objects.held():
        sides.harness.decide("retry", run)
    assert not asked(), logged_in_order(sides)
    assert applied(sides) == (100, [60])
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("polled_first", [True, False])
def test_what_is_put_right_in_coperniq_takes_nothing_off_other_invoices(
    paid: Paid, polled_first: bool
) -> None:
    sides, payment = paid
    share_out(sides, payment)
    sides.sync()
    assert asked() == ["quickbooks_payment_changed"]
    put_right(sides, 60)
    if polled_first:
        sides.harness.work()
    for run in SyncRun.objects.held():
        sides.harness.decide("retry", run)
    assert not asked(), logged_in_order(sides)
    assert applied(sides) == (100, [60, 40])
    assert_nothing_left_to_do(sides)


def test_another_amount_in_coperniq_meanwhile_is_a_conflict(paid: Paid) -> None:
    sides, payment = paid
    share_out(sides, payment)
    sides.sync()
    put_right(sides, 50)
    sides.harness.work()
    assert sorted(asked()) == ["conflict", "quickbooks_payment_changed"]
    assert applied(sides) == (100, [60, 40])


@pytest.mark.parametrize("answer", ["entered anew", "leave_coperniq", "discard"])
def test_what_was_taken_off_and_is_put_back_is_asked_about_again(paid: Paid, answer: str) -> None:
    sides, payment = paid
    spread(sides, payment, 0)
    sides.sync()
    sides.harness.remove_payment(invoice(sides), payments(sides)[0])
    sides.harness.decide("retry")
    assert not asked()
    assert_nothing_left_to_do(sides)
    spread(sides, payment, 100)
    sides.sync()
    assert (
        "it was voided, deleted or removed from the invoice, and is now $100.00"
        in sides.harness.held().sentence
    )
    assert_nothing_left_to_do(sides)
    if answer == "entered anew":
        sides.harness.pay(invoice(sides), 100)
        sides.sync()
        for run in SyncRun.objects.held():
            sides.harness.decide("retry", run)
        assert [row["amount"] for row in payments(sides)] == [100]
    else:
        sides.harness.decide(answer)
    assert_nothing_left_to_do(sides)
    assert not asked(), logged_in_order(sides)
    assert applied(sides) == (100, [100])


def test_money_that_became_a_credit_is_asked_about(paid: Paid) -> None:
    sides, payment = paid
    one = [{"id": sides.harness.in_books()["Id"], "amount": 100}]
    sides.change_payment(payment, invoices=one, credits=[credit(sides, 100)], amount=0)
    sides.sync()
    assert "and is now a credit" in sides.harness.held().sentence
    assert_nothing_left_to_do(sides)
    sides.harness.remove_payment(invoice(sides), payments(sides)[0])
    sides.harness.decide("retry")
    assert not asked(), logged_in_order(sides)
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize(
    ("corrected", "here", "asks"), [(285, 285, []), (250, 250, []), (290, 285, ["conflict"])]
)
def test_a_rest_used_elsewhere_stays_there_when_the_payment_is_corrected(
    portal: PortalHarness, corrected: int, here: int, asks: list[str]
) -> None:
    """The rest of an overpayment pays another invoice: what Coperniq then has is only the money on this one."""
    portal.simulator.switch(overpayment="accept")
    sides = open_two_way(portal)
    made = sides.harness.invoice(("Permit", 1, 285))
    mine = sides.harness.pay(made, 300)
    sides.sync()
    other = sides.invoice({"item": "Permit", "quantity": 1, "price": 15})["Id"]
    sides.sync()
    ids = {row["TotalAmt"]: row["Id"] for row in sides.harness.books("Invoice")}
    shares = [{"id": ids[285], "amount": 285}, {"id": other, "amount": 15}]
    sides.change_payment(sides.harness.in_books("Payment"), invoices=shares, amount=300)
    sides.sync()
    sides.harness.change_payment(made, mine, amount=corrected)
    sides.harness.work()
    for run in SyncRun.objects.held():
        sides.harness.decide("use_coperniq" if run.cause == "conflict" and corrected < 285 else "retry", run)
    sides.sync()
    assert applied(sides) == (300, [here, 15]), logged_in_order(sides)
    assert [cause for cause in asked() if cause == "conflict"] == asks
    if corrected == 285:
        assert [[row["amount"] for row in each["payments"]] for each in invoices(sides)] == [[285], [15]]
        assert not asked()
        assert_nothing_left_to_do(sides)


def test_a_share_beside_a_credit_is_corrected_by_the_difference(portal: PortalHarness) -> None:
    sides = open_two_way(portal)
    first, second = sides.invoice()["Id"], sides.invoice({"item": "Labour", "quantity": 1, "price": 50})["Id"]
    sides.sync()
    shares = [{"id": first, "amount": 95}, {"id": second, "amount": 50}]
    sides.payment(*shares, credits=[credit(sides, 25)], amount=120)
    sides.sync()
    (mine,) = (row for row in payments(sides) if row["amount"] == 70)
    sides.harness.change_payment({"id": 20001}, mine, amount=65)
    sides.harness.work()
    assert (applied(sides)[0], sides.harness.in_books("Payment")["UnappliedAmt"]) == (120, 5)
    assert sides.harness.books("Invoice")[0]["Balance"] == 10
    assert_nothing_left_to_do(sides)
    sides.harness.change_payment({"id": 20001}, mine, amount=75)
    sides.harness.work()
    assert "$65.00 of it pays this invoice" in sides.harness.held().sentence
    assert applied(sides)[0] == 120


def test_what_an_invoice_that_became_less_gives_back_is_nobodys_change(paid: Paid) -> None:
    sides, _ = paid
    sides.harness.portal.simulator.switch(invoice_below_payments="unapply")
    sides.change(sides.harness.in_books(), lines=[{"item": "Permit", "quantity": 1, "price": 80}])
    sides.sync()
    assert invoice(sides)["amount"] == 80
    assert not asked(), logged_in_order(sides)
    assert_nothing_left_to_do(sides)
