"""What is open of an invoice is the same on both sides, or one line says by how much it differs, and why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Company
from integrations.models import RecordLink, SyncLogEntry, SyncRun
from integrations.status import status_of
from tests.portal_harness import open_portal
from tests.sampling import ORIGINS, crossed
from tests.simulation import Simulation
from tests.sync.pull_builders import (
    assert_nothing_left_to_do,
    credit,
    invoice,
    logged_in_order,
    ring_again,
)
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture(params=ORIGINS)
def sides(request: pytest.FixtureRequest, db: None, simulator: Simulation) -> TwoWayHarness:
    """An invoice of $285 on both sides, whichever it began on."""
    sides = open_two_way(open_portal(simulator, allow_deposit=True))
    if request.param == "pulled":
        sides.invoice({"item": "Permit", "quantity": 1, "price": 285})
    else:
        sides.harness.invoice(("Permit", 1, 285))
        sides.harness.work()
    sides.sync()
    return sides


def one(sides: TwoWayHarness) -> str:
    return str(sides.harness.books("Invoice")[0]["Id"])


def deposit(sides: TwoWayHarness, amount: object = 100) -> object:
    return sides.harness.edit_books("Invoice", one(sides), Deposit=amount)


def journal(sides: TwoWayHarness, amount: object) -> str:
    income = next(row["Name"] for row in sides.harness.books("Account") if row["AccountType"] == "Income")
    values = {"customer": sides.job_id, "amount": amount, "account": income}
    return str(sides.control("journalentries", values)["Id"])


def check_and(kind: str, make: Callable[[TwoWayHarness, object], str]) -> Callable[[TwoWayHarness], object]:
    return lambda sides: sides.payment({"id": one(sides), "amount": 285}, **{kind: [make(sides, 60)]})


def credit_alone(sides: TwoWayHarness) -> object:
    return sides.control(f"creditmemos/{credit(sides, 60)}/apply", {"invoice": one(sides)})


def above(sides: TwoWayHarness) -> object:
    """Coperniq has money that QuickBooks is not told of, and cannot take all of the payment."""
    sides.harness.pay(invoice(sides), 85, status="NEW")
    sides.sync()
    return sides.payment(one(sides))


REASONS: dict[str, tuple[Callable[[TwoWayHarness], object], int, tuple[str, str], str]] = {
    "deposit": (deposit, 10000, ("$285.00", "$185.00"), "a deposit of $100.00 on"),
    "credit memo": (
        check_and("credits", credit),
        6000,
        ("$60.00", "$0.00"),
        "a credit memo of $60.00 applied",
    ),
    "journal entry": (
        check_and("journal_entries", journal),
        6000,
        ("$60.00", "$0.00"),
        "a journal entry of $60.00 applied",
    ),
    "credit alone": (credit_alone, 6000, ("$285.00", "$225.00"), "a credit memo of $60.00 applied"),
    "above": (above, 20000, ("$200.00", "$0.00"), "$285.00 paid in QuickBooks only, which is more than"),
}


def lines(cause: str = "open_differs") -> list[SyncLogEntry]:
    return list(SyncLogEntry.objects.filter(cause=cause).order_by("id"))


@pytest.mark.parametrize(("reason", "road"), crossed(list(REASONS), ["webhook", "change data"]))
def test_a_difference_is_one_line_that_says_why(sides: TwoWayHarness, reason: str, road: str) -> None:
    act, cents, (coperniq, quickbooks), why = REASONS[reason]
    sides.harness.portal.simulator.control(
        "clock", {"shift_seconds": 5}
    )  # it is no echo of the portal's own writes
    act(sides)
    if road == "webhook":
        ring_again(sides)
        sides.harness.work()
    else:
        sides.sync()
    line = lines()[-1]
    assert len(lines()) == (2 if reason == "above" else 1), logged_in_order(sides)
    assert (line.kind, line.outcome, line.quickbooks_id) == ("invoice", "done_with_warning", one(sides))
    assert (
        f"{quickbooks} is open in QuickBooks, and {coperniq} in Coperniq. The difference: " in line.sentence
    )
    assert why in line.sentence, line.sentence
    shown = {change["field"]: change["after"] for change in line.changes}
    assert (shown["Open in Coperniq"], shown["Open in QuickBooks"]) == (coperniq, quickbooks)
    status = status_of(Company.objects.get())
    assert status["open_differences"] == {"invoices": 1, "cents": cents}
    before = len(lines())
    sides.sync()
    assert_nothing_left_to_do(sides)
    assert len(lines()) == before


def test_another_amount_is_told_and_so_is_the_end_of_it(sides: TwoWayHarness) -> None:
    for amount in (100, 120):
        deposit(sides, amount)
        sides.sync()
    assert [line.changes[2]["after"] for line in lines()] == ["$100.00", "$120.00"]
    deposit(sides, 0)
    sides.sync()
    (gone,) = lines("open_equal_again")
    assert (gone.outcome, len(lines())) == ("done", 2)
    assert gone.sentence.endswith("again: $285.00.")
    assert status_of(Company.objects.get())["open_differences"] == {"invoices": 0, "cents": 0}
    assert_nothing_left_to_do(sides)


def test_what_the_portal_writes_itself_is_compared_too(sides: TwoWayHarness) -> None:
    """More is paid in Coperniq than QuickBooks has open: the rest waits unapplied there."""
    deposit(sides, 100)
    sides.sync()
    sides.harness.pay(invoice(sides), 285)
    sides.sync()
    assert len(lines()) == 1, [line.sentence for line in lines()]
    (gone,) = lines("open_equal_again")
    assert gone.sentence.endswith("again: $0.00.")
    assert RecordLink.objects.get(kind="invoice").open_difference_cents == 0
    assert_nothing_left_to_do(sides)


def test_money_that_is_only_in_coperniq_is_told(sides: TwoWayHarness) -> None:
    made = sides.payment({"id": one(sides), "amount": 40})
    sides.sync()
    sides.change_payment(made, invoices=[], amount=40)
    sides.sync()
    (line,) = lines()
    assert "$40.00 of a payment that waits unapplied with the customer in QuickBooks" in line.sentence
    assert SyncRun.objects.held().count() == 1
    assert_nothing_left_to_do(sides)
    assert len(lines()) == 1


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("removed", "The difference: $100.00 paid in QuickBooks only."),
        ("refund", "$40.00 paid back in Coperniq only (a negative payment)"),
    ],
)
def test_what_is_removed_or_paid_back_in_coperniq_is_named(
    sides: TwoWayHarness, kind: str, said: str
) -> None:
    paid = sides.harness.pay(invoice(sides), 100)
    sides.sync()
    if kind == "removed":
        sides.harness.remove_payment(invoice(sides), paid)
    else:
        sides.harness.pay(invoice(sides), -40)
    sides.harness.sweep()
    sides.sync()
    (line,) = lines()
    assert said in line.sentence
    assert "for other reasons" not in line.sentence


def calls(sides: TwoWayHarness) -> list[str]:
    return [f"{call['vendor']} {call['path']}" for call in sides.harness.portal.simulator.log(write=False)]


@pytest.mark.parametrize("act", ["pay in QuickBooks", "pay in Coperniq"])
def test_nothing_is_read_for_it_in_calm_times(sides: TwoWayHarness, act: str) -> None:
    sides.harness.portal.simulator.forget_log()
    if act == "pay in QuickBooks":
        sides.payment({"id": one(sides), "amount": 100})
        sides.sync()
    else:
        sides.harness.pay(invoice(sides), 100)
        sides.harness.work()
        sides.sync()
    assert not [call for call in calls(sides) if f"/invoice/{one(sides)}" in call]
    assert not lines()
    assert not SyncRun.objects.filter(action="compare_open", state="queued").exists()


@pytest.mark.parametrize("how", ["deleted", "voided"])
def test_an_invoice_that_ended_there_has_no_open_difference(sides: TwoWayHarness, how: str) -> None:
    sides.payment({"id": one(sides), "amount": 40})
    sides.sync()
    sides.delete(sides.harness.in_books("Payment"), "Payment")
    sides.sync()
    assert status_of(Company.objects.get())["open_differences"] == {"invoices": 1, "cents": 4000}
    if how == "deleted":
        sides.delete(sides.harness.in_books())
    else:
        sides.void(sides.harness.in_books())
    sides.sync()
    sides.sync()
    assert status_of(Company.objects.get())["open_differences"] == {"invoices": 0, "cents": 0}
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize(
    ("reason", "answer"),
    [
        ("deposit", "record_both"),
        ("deposit", "discard"),
        ("deposit", "gone"),
        ("credit alone", "discard"),
        ("journal entry", "discard"),
    ],
)
def test_what_is_less_open_already_is_asked_about_before_it_is_recorded_as_a_payment(
    sides: TwoWayHarness, reason: str, answer: str
) -> None:
    """The office enters what the line about the difference told it."""
    act, cents, _, _ = REASONS[reason]
    act(sides)
    sides.sync()
    there = len(sides.harness.books("Payment"))
    sides.harness.pay(invoice(sides), cents // 100)
    sides.sync()
    assert sides.harness.held().cause == "probably_same_payment"
    assert [each["key"] for each in sides.harness.held().choices] == ["record_both", "retry", "discard"]
    sides.harness.decide("retry")
    sides.sync()
    assert sides.harness.held().cause == "probably_same_payment", "asked until it is answered"
    assert len(sides.harness.books("Payment")) == there
    assert_nothing_left_to_do(sides)
    if answer == "gone":
        deposit(sides, 0)
        sides.sync()
        if SyncRun.objects.held().exists():
            sides.harness.decide("retry")
    else:
        sides.harness.decide(answer)
    sides.sync()
    assert not SyncRun.objects.open().exists()
    assert len(sides.harness.books("Payment")) == there + (answer != "discard")
    link = RecordLink.objects.get(kind="invoice")
    assert link.open_difference_cents == (cents if answer == "record_both" else 0)
    assert_nothing_left_to_do(sides)
