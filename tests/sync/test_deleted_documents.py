"""An invoice that was deleted on one side: noticed soon, whatever its state, and a person chooses what follows."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import CoperniqConnection, SyncRun
from tests.portal_harness import PortalHarness
from tests.sampling import ORIGINS
from tests.simulation import API_KEY
from tests.sync.invoice_builders import prefer
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice, invoices, logged_in_order, payments
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture(params=ORIGINS)
def made(request: pytest.FixtureRequest, portal: PortalHarness) -> TwoWayHarness:
    """An invoice of $100 on both sides, whichever it began on; their numbers differ."""
    sides = open_two_way(portal)
    if request.param == "pulled":
        sides.invoice(number="B-77")
    else:
        sides.harness.invoice(("Permit", 1, 100))
    sides.sync()
    sides.sync()
    assert invoice(sides)["amount"] == sides.harness.in_books()["TotalAmt"] == 100
    return sides


def delete_in_coperniq(sides: TwoWayHarness, *documents: dict[str, Any]) -> None:
    for each in documents or (invoice(sides),):
        sides.harness.portal.simulator.control(f"coperniq/{API_KEY}/invoices/{each['id']}", None, "DELETE")


def keys(run: SyncRun) -> list[str]:
    return [choice["key"] for choice in run.choices]


def test_one_deleted_in_quickbooks_is_created_again_under_its_number(made: TwoWayHarness) -> None:
    before = made.harness.in_books()
    made.delete(before)
    made.sync()
    asked = made.harness.held()
    assert (asked.cause, keys(asked)) == (
        "quickbooks_invoice_deleted",
        ["decline_in_coperniq", "create", "retry", "discard"],
    )
    assert asked.sentence.count("$100.00") == 2
    made.harness.decide("create")
    again = made.harness.in_books()
    assert (again["DocNumber"], again["TotalAmt"]) == (before["DocNumber"], 100)
    assert again["Id"] != before["Id"]
    assert invoice(made)["status"] != "DECLINED"
    assert not SyncRun.objects.open().exists(), logged_in_order(made)
    assert_nothing_left_to_do(made)
    made.change(again, note="Edited there")
    made.sync()
    assert "Edited there" in invoice(made)["description"]
    assert_nothing_left_to_do(made)


@pytest.mark.parametrize("recorded_in", ["coperniq", "quickbooks"])
def test_one_deleted_in_quickbooks_gets_its_payments_back(made: TwoWayHarness, recorded_in: str) -> None:
    """QuickBooks wants the payment taken off before it deletes the invoice, and keeps the money unapplied."""
    if recorded_in == "coperniq":
        made.harness.pay(invoice(made), 40)
    else:
        made.payment({"id": made.harness.in_books()["Id"], "amount": 40})
    made.sync()
    made.sync()
    made.change_payment(made.harness.in_books("Payment"), invoices=[])
    made.delete(made.harness.in_books())
    made.sync()
    asked = SyncRun.objects.held().get(action="pull_invoice")
    assert (asked.cause, keys(asked)) == ("ended_but_paid", ["create", "retry", "discard"])
    assert "$40.00" in asked.sentence
    made.harness.decide("create", asked)
    assert made.harness.in_books()["Balance"] == 60
    assert [row["TotalAmt"] for row in made.harness.books("Payment")] == [40]
    assert [row["amount"] for row in payments(made)] == [40]
    assert not SyncRun.objects.open().exists(), logged_in_order(made)
    assert_nothing_left_to_do(made)


def test_one_deleted_in_coperniq_is_voided_in_quickbooks_by_a_choice(made: TwoWayHarness) -> None:
    delete_in_coperniq(made)
    made.harness.sweep()
    asked = made.harness.held()
    assert (asked.cause, keys(asked)) == ("invoice_missing", ["void_in_quickbooks", "retry", "discard"])
    assert "$100.00 open" in asked.sentence
    assert_nothing_left_to_do(made)
    made.harness.decide("void_in_quickbooks")
    document = made.harness.in_books()
    assert (document["TotalAmt"], document["Balance"]) == (0, 0)
    assert logged_in_order(made)[-1].endswith("in QuickBooks, because it was deleted in Coperniq.")
    assert not SyncRun.objects.open().exists()
    assert_nothing_left_to_do(made)


def test_one_deleted_in_coperniq_and_edited_in_quickbooks_is_asked_about_once(made: TwoWayHarness) -> None:
    delete_in_coperniq(made)
    made.change(made.harness.in_books(), note="Edited there")
    made.sync()
    asked = made.harness.held()
    assert (asked.action, asked.cause) == ("pull_invoice", "invoice_missing")
    made.harness.sweep()
    assert made.harness.held() == asked
    made.harness.decide("void_in_quickbooks")
    assert made.harness.in_books()["TotalAmt"] == 0
    assert not SyncRun.objects.open().exists()
    assert_nothing_left_to_do(made)


@pytest.mark.parametrize("made", ["pushed"], indirect=True)
def test_one_deleted_in_coperniq_that_was_voided_meanwhile_needs_nobody(made: TwoWayHarness) -> None:
    delete_in_coperniq(made)
    made.harness.sweep()
    made.void(made.harness.in_books())
    made.harness.decide("void_in_quickbooks")
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(made)


@pytest.mark.parametrize("made", ["pushed"], indirect=True)
def test_one_in_closed_books_is_not_voided(made: TwoWayHarness) -> None:
    delete_in_coperniq(made)
    made.harness.sweep()
    prefer(made.harness.portal, book_close_date="2030-01-01")
    made.harness.decide("void_in_quickbooks")
    assert made.harness.held().cause == "books_closed"
    assert made.harness.in_books()["TotalAmt"] == 100


@pytest.mark.parametrize("made", ["pushed"], indirect=True)
@pytest.mark.parametrize("state", ["paid", "partly paid", "declined", "archived"])
def test_one_that_had_come_to_its_end_is_noticed_as_well(made: TwoWayHarness, state: str) -> None:
    """As long as it stands in QuickBooks, it counts there."""
    made.harness.configure(on_declined="leave")
    ours = invoice(made)
    if "paid" in state:
        made.harness.pay(ours, 100 if state == "paid" else 40)
    else:
        made.harness.act(ours, "decline" if state == "declined" else "archive")
    made.harness.sweep()
    made.sync()
    delete_in_coperniq(made)
    made.harness.sweep()
    asked = SyncRun.objects.held().get(action="push_invoice")
    paid = {"paid": "$100.00 is paid", "partly paid": "$40.00 is paid"}.get(state)
    assert keys(asked) == ["retry", "discard"] if paid else ["void_in_quickbooks", "retry", "discard"]
    assert paid is None or paid in asked.sentence
    assert made.harness.in_books()["TotalAmt"] == 100
    assert_nothing_left_to_do(made)
    made.harness.decide("discard", asked)
    made.harness.sweep()
    assert not SyncRun.objects.held().filter(action="push_invoice").exists()


@pytest.mark.parametrize("made", ["pulled"], indirect=True)
def test_one_that_ended_on_both_sides_is_not_asked_about(made: TwoWayHarness) -> None:
    made.harness.act(invoice(made), "decline")
    made.sync()
    assert made.harness.in_books()["TotalAmt"] == 0
    delete_in_coperniq(made)
    made.harness.sweep()
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(made)


def test_a_look_for_deletions_costs_little_and_comes_soon(portal: PortalHarness) -> None:
    """Also where Coperniq's list leaves out archived invoices by design; one of those is found in the end."""
    sides = open_two_way(portal)
    made = [sides.harness.invoice(("Permit", 1, 100)) for _ in range(6)]
    sides.harness.work()
    for each in made:
        sides.harness.act(each, "archive")
    sides.harness.sweep()
    portal.simulator.switch(archived_invoices="hidden")
    delete_in_coperniq(sides, made[3])
    for _ in range(60):
        portal.simulator.forget_log()
        sides.harness.sweep()
        calls = [call["path"] for call in portal.simulator.log("coperniq") if "/invoices/" in call["path"]]
        assert len([path for path in calls if not path.endswith("/payments")]) <= 3
        if SyncRun.objects.held().exists():
            break
    assert sides.harness.held().cause == "invoice_missing"
    assert len(invoices(sides)) == 5
    row = CoperniqConnection.objects.get()
    assert row.last_poll_started_at is not None
    assert (row.next_invoice_sweep_at - row.last_poll_started_at).total_seconds() <= 600


@pytest.mark.parametrize("made", ["pushed"], indirect=True)
@pytest.mark.parametrize("fault", ["", "lost_answer"])
def test_a_payment_removed_from_coperniq_is_voided_in_quickbooks_by_a_choice(
    made: TwoWayHarness, fault: str
) -> None:
    paid = made.harness.pay(invoice(made), 40)
    made.sync()
    made.sync()
    made.harness.remove_payment(invoice(made), paid)
    made.harness.sweep()
    asked = made.harness.held()
    assert (asked.cause, keys(asked)) == ("payment_vanished", ["void_in_quickbooks", "retry", "discard"])
    assert "$40.00, dated" in asked.sentence
    if fault:
        made.harness.portal.simulator.fault(fault, method="POST", path="/payment", times=1)
    made.harness.decide("void_in_quickbooks")
    made.harness.work()
    assert made.harness.in_books("Payment")["TotalAmt"] == 0
    assert made.harness.in_books()["Balance"] == 100
    assert not SyncRun.objects.open().exists(), logged_in_order(made)
    assert_nothing_left_to_do(made)


@pytest.mark.parametrize("made", ["pushed"], indirect=True)
def test_a_payment_that_pays_other_invoices_too_is_not_voided(made: TwoWayHarness) -> None:
    paid = made.harness.pay(invoice(made), 40)
    made.sync()
    other = made.invoice()
    made.change_payment(
        made.harness.in_books("Payment"),
        amount=70,
        invoices=[
            {"id": row["Id"], "amount": 30 if row["Id"] == other["Id"] else 40}
            for row in made.harness.books("Invoice")
        ],
    )
    made.harness.remove_payment(invoices(made)[0], paid)
    made.harness.sweep()
    asked = SyncRun.objects.held().get(action="push_payment")
    assert (asked.cause, keys(asked)) == ("payment_vanished", ["retry", "discard"])


@pytest.mark.parametrize("answer", ["create", "typed again there", "voided and typed again"])
def test_a_payment_that_waited_for_its_invoice_is_recorded_on_the_next_one(
    made: TwoWayHarness, answer: str
) -> None:
    """It was recorded in Coperniq while QuickBooks had no such invoice."""
    made.harness.configure(on_quickbooks_void="hold")
    before = made.harness.in_books()
    if "voided" in answer:
        made.void(before)
    else:
        made.delete(before)
    made.sync()
    made.harness.pay(invoice(made), 100)
    made.sync()
    made.sync()
    waiting = SyncRun.objects.held().get(action="push_payment")
    assert waiting.cause == "invoice_ended"
    if answer == "create":
        made.harness.decide("create", SyncRun.objects.held().get(action="pull_invoice"))
    else:
        made.invoice(number="B-78")
        made.sync()
        typed = SyncRun.objects.held().get(cause="probably_same_invoice")
        made.harness.decide(f"link:{invoice(made)['id']}", typed)
    made.sync()
    assert not SyncRun.objects.open().exists(), logged_in_order(made)
    assert [row["Balance"] for row in made.harness.books("Invoice")][-1] == 0
    assert [row["TotalAmt"] for row in made.harness.books("Payment")] == [100]
    assert_nothing_left_to_do(made)


def test_a_payment_deleted_with_its_invoice_is_asked_about_truly(made: TwoWayHarness) -> None:
    """Once the invoice is created again, the payment is still deleted: nobody has changed it in Coperniq."""
    made.harness.pay(invoice(made), 40)
    made.sync()
    made.sync()
    made.delete(made.harness.in_books("Payment"), "Payment")
    made.delete(made.harness.in_books())
    made.sync()
    made.harness.decide("create", SyncRun.objects.held().get(action="pull_invoice"))
    made.sync()
    left = made.harness.held()
    assert (left.action, left.cause) == ("pull_payment", "quickbooks_payment_changed")
    assert "deleted" in left.sentence
    assert made.harness.in_books()["Balance"] == 100
    assert_nothing_left_to_do(made)
