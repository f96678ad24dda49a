"""A payment of Coperniq that was voided or deleted in QuickBooks by mistake is recorded there again, once."""

from __future__ import annotations

import pytest

from integrations.models import RecordLink, SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.pull_builders import assert_nothing_left_to_do, payments
from tests.sync.test_money_on_both_sides import bill, open_on, pay
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


def end(sides: TwoWayHarness, how: str) -> None:
    document = sides.harness.in_books("Payment")
    if how == "voided":
        sides.void(document, "payments")
    else:
        sides.delete(document, "Payment")


def recorded_once(sides: TwoWayHarness, former: str, amount: float = 100) -> None:
    standing = [row for row in sides.harness.books("Payment") if row["TotalAmt"]]
    assert [row["TotalAmt"] for row in standing] == [amount]
    link = RecordLink.objects.get(kind="payment")
    assert link.quickbooks_id == standing[0]["Id"] != former
    assert open_on(sides) == (285 - amount, 285 - amount)
    assert not SyncRun.objects.open().exists()
    assert len(payments(sides)) == 1
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("fault", ["", "lost_answer", "late_error_500"])
@pytest.mark.parametrize("how", ["voided", "deleted"])
def test_from_the_question_about_its_end(sides: TwoWayHarness, how: str, fault: str) -> None:
    made = bill(sides)
    pay(sides, made)
    sides.sync()
    former = RecordLink.objects.get(kind="payment").quickbooks_id
    end(sides, how)
    sides.sync()
    run = sides.harness.held()
    assert run.cause == "quickbooks_payment_changed"
    assert f"was {how} in QuickBooks: it was $100.00 on November 10, 2026" in run.sentence
    assert [each["key"] for each in run.choices] == ["create", "retry", "leave_coperniq", "discard"]
    if fault:
        sides.harness.portal.simulator.fault(fault, method="POST", path="/payment", times=1)
    sides.harness.decide("create", run)
    sides.sync()
    recorded_once(sides, former)
    end(sides, how) if how == "deleted" else sides.void(
        {"Id": RecordLink.objects.get(kind="payment").quickbooks_id}, "payments"
    )
    sides.sync()
    assert "create" in [each["key"] for each in sides.harness.held().choices], "it may end once more"


@pytest.mark.parametrize("how", ["voided", "deleted"])
def test_when_coperniq_has_corrected_it_meanwhile(sides: TwoWayHarness, how: str) -> None:
    made = bill(sides)
    ours = pay(sides, made)
    sides.sync()
    former = RecordLink.objects.get(kind="payment").quickbooks_id
    end(sides, how)
    sides.harness.change_payment(made, ours, amount=80)
    sides.harness.work()
    run = SyncRun.objects.held().get(cause="quickbooks_payment_missing")
    assert [each["key"] for each in run.choices] == ["create", "retry", "discard"]
    sides.harness.decide("create", run)
    sides.sync()
    recorded_once(sides, former, 80)


@pytest.mark.parametrize("how", ["voided", "deleted"])
@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("began", ["here", "there"])
def test_what_the_bookkeeper_enters_again_herself_takes_its_place(
    sides: TwoWayHarness, began: str, asked: bool, how: str
) -> None:
    """On the same invoice, without a number: Coperniq has that money already."""
    made = bill(sides)
    on_it = {"id": sides.harness.in_books()["Id"], "amount": 100}
    if began == "here":
        pay(sides, made, reference="")
    else:
        sides.payment(on_it, date="2026-11-10")
    sides.sync()
    end(sides, how)
    if asked:
        sides.sync()
        assert sides.harness.held().cause == "quickbooks_payment_changed"
    again = sides.payment(on_it, date="2026-11-11")
    sides.sync()
    assert not SyncRun.objects.open().exists()
    assert RecordLink.objects.get(kind="payment").quickbooks_id == again["Id"]
    assert open_on(sides) == (185, 185)
    assert [row["amount"] for row in payments(sides)] == [100]
    assert_nothing_left_to_do(sides)


def test_one_that_people_recorded_there_first_is_theirs_to_enter_again(sides: TwoWayHarness) -> None:
    bill(sides)
    sides.payment({"id": sides.harness.in_books()["Id"], "amount": 100})
    sides.sync()
    end(sides, "deleted")
    sides.sync()
    assert [each["key"] for each in sides.harness.held().choices] == ["retry", "leave_coperniq", "discard"]
