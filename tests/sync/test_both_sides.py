"""An invoice changed on both sides: each field goes its own way, and of one field the later edit counts."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import SyncRun
from tests.portal_harness import PortalHarness
from tests.sampling import ORIGINS
from tests.sync.invoice_builders import later, lines_of
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice, logged_in_order, writes
from tests.sync.two_way import TwoWayHarness, open_two_way

OURS, THEIRS = ("Ours", "2027-02-01", 200), ("Theirs", "2027-03-01", 300)


@pytest.fixture(params=ORIGINS)
def sides(request: pytest.FixtureRequest, portal: PortalHarness) -> TwoWayHarness:
    """An invoice of $100 on both sides, whichever it began on."""
    sides = open_two_way(portal)
    if request.param == "pulled":
        sides.invoice(note="Old", due="2027-01-31")
        sides.sync()
    else:
        sides.harness.invoice(("Permit", 1, 100, ""), description="Old", dueDate="2027-01-31")
        sides.harness.work()
    sides.sync()
    portal.simulator.forget_log()
    return sides


def edit_ours(sides: TwoWayHarness, *fields: str) -> None:
    ours = invoice(sides)
    new = {
        "description": ours["description"].replace("Old", "Ours"),
        "dueDate": "2027-02-01",
        "lineItems": [{**lines_of(ours)[0], "quantity": 2}],
    }
    sides.harness.edit(ours, **{name: new[name] for name in fields or new})


def sold(sides: TwoWayHarness, quantity: int) -> list[dict[str, Any]]:
    """The line as a person in QuickBooks types it."""
    line = sides.harness.in_books()["Line"][0]
    text = {"description": line["Description"]} if "Description" in line else {}
    return [{"id": line["Id"], "item": "Permit", "quantity": quantity, "price": 100, **text}]


def edit_theirs(sides: TwoWayHarness, *fields: str) -> None:
    document = sides.harness.in_books()
    note = document["PrivateNote"].replace("Old", "Theirs")
    new: dict[str, Any] = {"note": note, "due": "2027-03-01"}
    if not fields or "lines" in fields:
        new["lines"] = sold(sides, 3)
    sides.change(document, **{name: new[name] for name in fields or new})


def both_edit(sides: TwoWayHarness, last: str, minutes: int = 10) -> None:
    first, second = (edit_ours, edit_theirs) if last == "quickbooks" else (edit_theirs, edit_ours)
    first(sides)
    later(sides.harness.portal, minutes)
    second(sides)
    sides.sync()


def standing(sides: TwoWayHarness) -> list[tuple[Any, ...]]:
    """Memo, due date and total in QuickBooks and in Coperniq."""
    document, ours = sides.harness.in_books(), invoice(sides)
    words = ours["description"].removeprefix(f"QBO #{document['DocNumber']}: ").split("\n")[0]
    return [
        (document["PrivateNote"].split("\n")[0], document["DueDate"], document["TotalAmt"]),
        (words, ours["dueDate"][:10], ours["amount"]),
    ]


@pytest.mark.parametrize(("last", "result"), [("coperniq", OURS), ("quickbooks", THEIRS)])
def test_of_the_same_fields_the_later_edit_counts_on_both_sides(
    sides: TwoWayHarness, last: str, result: Any
) -> None:
    both_edit(sides, last)
    assert standing(sides) == [result, result]
    assert len(writes(sides)) == 1
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("last", ["coperniq", "quickbooks"])
def test_what_lost_can_be_used_afterwards_and_back_again(sides: TwoWayHarness, last: str) -> None:
    both_edit(sides, last)
    choices = (
        ["use_coperniq", "use_quickbooks"] if last == "quickbooks" else ["use_quickbooks", "use_coperniq"]
    )
    for choice in [*choices, choices[0]]:
        run = next(row for row in SyncRun.objects.order_by("-updated_at") if row.choices)
        assert [offered["key"] for offered in run.choices] == [choice]
        sides.harness.decide(choice, run)
        wanted = OURS if choice == "use_coperniq" else THEIRS
        assert standing(sides) == [wanted, wanted]
        assert_nothing_left_to_do(sides)


@pytest.mark.parametrize(("choice", "result"), [("use_coperniq", OURS), ("use_quickbooks", THEIRS)])
@pytest.mark.parametrize("last", ["coperniq", "quickbooks"])
def test_closer_than_two_minutes_one_card_shows_three_columns(
    sides: TwoWayHarness, last: str, choice: str, result: Any
) -> None:
    both_edit(sides, last, minutes=1)
    run = sides.harness.held()
    assert run.cause == "conflict"
    rows = [row["compared"] for row in run.planned]
    assert [(row["field"], row["before"], row["coperniq"], row["quickbooks"]) for row in rows[:2]] == [
        ("Due date", "January 31, 2027", "February 1, 2027", "March 1, 2027"),
        ("Memo", "Old", "Ours", "Theirs"),
    ]
    assert standing(sides) == [THEIRS, OURS]
    assert_nothing_left_to_do(sides)
    sides.harness.decide(choice)
    assert standing(sides) == [result, result]
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(sides)


def test_owners_of_fields_decide_each_for_itself(sides: TwoWayHarness) -> None:
    sides.harness.configure(owners={"due_date": "coperniq", "memo": "quickbooks", "lines": "ask"})
    both_edit(sides, "quickbooks")
    assert sides.harness.held().cause == "conflict"
    assert [row["compared"]["field"] for row in sides.harness.held().planned] == ["Lines"]
    assert standing(sides) == [("Theirs", "2027-02-01", 300), ("Theirs", "2027-02-01", 200)]
    assert_nothing_left_to_do(sides)
    sides.harness.decide("use_quickbooks")
    assert standing(sides)[0] == standing(sides)[1] == ("Theirs", "2027-02-01", 300)
    assert_nothing_left_to_do(sides)


def test_a_payment_that_moved_the_stamp_makes_it_a_persons(sides: TwoWayHarness) -> None:
    edit_ours(sides, "dueDate")
    later(sides.harness.portal)
    edit_theirs(sides, "due")
    sides.payment({"id": sides.harness.in_books()["Id"], "amount": 10})
    sides.sync()
    assert sides.harness.held().cause == "conflict"
    assert invoice(sides)["amountPaid"] == 10
    assert_nothing_left_to_do(sides)
    sides.harness.decide("use_coperniq")
    assert [row[1] for row in standing(sides)] == ["2027-02-01", "2027-02-01"]
    assert_nothing_left_to_do(sides)


def test_different_fields_flow_both_ways_with_one_write_each(sides: TwoWayHarness) -> None:
    edit_ours(sides, "description")
    edit_theirs(sides, "due", "lines")
    sides.sync()
    assert standing(sides) == [("Ours", "2027-03-01", 300), ("Ours", "2027-03-01", 300)]
    assert sorted(row.split()[0] for row in writes(sides)) == ["coperniq", "quickbooks"]
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(sides)


def test_the_same_edit_on_both_sides_is_none(sides: TwoWayHarness) -> None:
    sides.harness.edit(invoice(sides), dueDate="2027-04-01")
    sides.change(sides.harness.in_books(), due="2027-04-01")
    sides.sync()
    assert writes(sides) == []
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(sides)


def test_a_card_that_is_put_right_by_hand_goes_away(sides: TwoWayHarness) -> None:
    both_edit(sides, "quickbooks", minutes=1)
    document = sides.harness.in_books()
    note = document["PrivateNote"].replace("Theirs", "Ours")
    sides.change(document, note=note, due="2027-02-01", lines=sold(sides, 2))
    sides.sync()
    assert not SyncRun.objects.held().exists(), logged_in_order(sides)
    assert standing(sides) == [OURS, OURS]
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("first", ["coperniq", "quickbooks"])
def test_a_card_goes_away_when_one_side_is_put_back_and_the_other_edit_flows(
    sides: TwoWayHarness, first: str
) -> None:
    """`first`: the side the portal hears of first, whose run then asks."""
    note = sides.harness.in_books()["PrivateNote"]
    edit_theirs(sides, "note")
    if first == "quickbooks":
        sides.harness.look_at_changes()
    edit_ours(sides, "description")
    if first == "coperniq":
        sides.harness.work()
    sides.sync()
    assert sides.harness.held().cause == "conflict"
    sides.change(sides.harness.in_books(), note=note)
    sides.sync()
    assert not SyncRun.objects.held().exists(), logged_in_order(sides)
    assert [row[0] for row in standing(sides)] == ["Ours", "Ours"]
    assert_nothing_left_to_do(sides)
