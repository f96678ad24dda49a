"""An invoice changed on both sides: each field goes its own way, and of one field the later edit counts."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import later, lines_of
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice, logged_in_order, writes
from tests.sync.two_way import TwoWayHarness, open_two_way

OURS, THEIRS = ("Ours", "2027-02-01", 200), ("Theirs", "2027-03-01", 300)


@pytest.fixture(params=["pulled", "pushed"])
def books(request: pytest.FixtureRequest, office: PortalHarness) -> TwoWayHarness:
    """An invoice of $100 on both sides, whichever it began on."""
    books = open_two_way(office)
    if request.param == "pulled":
        books.invoice(note="Old", due="2027-01-31")
        books.heard()
    else:
        books.money.invoice(("Permit", 1, 100, ""), description="Old", dueDate="2027-01-31")
        books.money.work()
    books.heard()
    office.simulator.forget_log()
    return books


def edit_ours(books: TwoWayHarness, *fields: str) -> None:
    ours = invoice(books)
    new = {
        "description": ours["description"].replace("Old", "Ours"),
        "dueDate": "2027-02-01",
        "lineItems": [{**lines_of(ours)[0], "quantity": 2}],
    }
    books.money.edit(ours, **{name: new[name] for name in fields or new})


def sold(books: TwoWayHarness, quantity: int) -> list[dict[str, Any]]:
    """The line as a person in QuickBooks types it."""
    line = books.money.in_books()["Line"][0]
    text = {"description": line["Description"]} if "Description" in line else {}
    return [{"id": line["Id"], "item": "Permit", "quantity": quantity, "price": 100, **text}]


def edit_theirs(books: TwoWayHarness, *fields: str) -> None:
    document = books.money.in_books()
    note = document["PrivateNote"].replace("Old", "Theirs")
    new: dict[str, Any] = {"note": note, "due": "2027-03-01"}
    if not fields or "lines" in fields:
        new["lines"] = sold(books, 3)
    books.change(document, **{name: new[name] for name in fields or new})


def both_edit(books: TwoWayHarness, last: str, minutes: int = 10) -> None:
    first, second = (edit_ours, edit_theirs) if last == "quickbooks" else (edit_theirs, edit_ours)
    first(books)
    later(books.money.office, minutes)
    second(books)
    books.heard()


def standing(books: TwoWayHarness) -> list[tuple[Any, ...]]:
    """Memo, due date and total in QuickBooks and in Coperniq."""
    document, ours = books.money.in_books(), invoice(books)
    words = ours["description"].removeprefix(f"QBO #{document['DocNumber']}: ").split("\n")[0]
    return [
        (document["PrivateNote"].split("\n")[0], document["DueDate"], document["TotalAmt"]),
        (words, ours["dueDate"][:10], ours["amount"]),
    ]


@pytest.mark.parametrize(("last", "result"), [("coperniq", OURS), ("quickbooks", THEIRS)])
def test_of_the_same_fields_the_later_edit_counts_on_both_sides(
    books: TwoWayHarness, last: str, result: Any
) -> None:
    both_edit(books, last)
    assert standing(books) == [result, result]
    assert len(writes(books)) == 1
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(books)


@pytest.mark.parametrize("last", ["coperniq", "quickbooks"])
def test_what_lost_can_be_used_afterwards_and_back_again(books: TwoWayHarness, last: str) -> None:
    both_edit(books, last)
    choices = (
        ["use_coperniq", "use_quickbooks"] if last == "quickbooks" else ["use_quickbooks", "use_coperniq"]
    )
    for choice in [*choices, choices[0]]:
        run = next(row for row in SyncRun.objects.order_by("-updated_at") if row.choices)
        assert [offered["key"] for offered in run.choices] == [choice]
        books.money.decide(choice, run)
        wanted = OURS if choice == "use_coperniq" else THEIRS
        assert standing(books) == [wanted, wanted]
        assert_nothing_left_to_do(books)


@pytest.mark.parametrize(("choice", "result"), [("use_coperniq", OURS), ("use_quickbooks", THEIRS)])
@pytest.mark.parametrize("last", ["coperniq", "quickbooks"])
def test_closer_than_two_minutes_one_card_shows_three_columns(
    books: TwoWayHarness, last: str, choice: str, result: Any
) -> None:
    both_edit(books, last, minutes=1)
    run = books.money.held()
    assert run.cause == "conflict"
    rows = [row["compared"] for row in run.planned]
    assert [(row["field"], row["before"], row["coperniq"], row["quickbooks"]) for row in rows[:2]] == [
        ("Due date", "2027-01-31", "2027-02-01", "2027-03-01"),
        ("Memo", "Old", "Ours", "Theirs"),
    ]
    assert standing(books) == [THEIRS, OURS]
    assert_nothing_left_to_do(books)
    books.money.decide(choice)
    assert standing(books) == [result, result]
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(books)


def test_owners_of_fields_decide_each_for_itself(books: TwoWayHarness) -> None:
    books.money.configure(owners={"due_date": "coperniq", "memo": "quickbooks", "lines": "ask"})
    both_edit(books, "quickbooks")
    assert books.money.held().cause == "conflict"
    assert [row["compared"]["field"] for row in books.money.held().planned] == ["Lines"]
    assert standing(books) == [("Theirs", "2027-02-01", 300), ("Theirs", "2027-02-01", 200)]
    assert_nothing_left_to_do(books)
    books.money.decide("use_quickbooks")
    assert standing(books)[0] == standing(books)[1] == ("Theirs", "2027-02-01", 300)
    assert_nothing_left_to_do(books)


def test_a_payment_that_moved_the_stamp_makes_it_a_persons(books: TwoWayHarness) -> None:
    edit_ours(books, "dueDate")
    later(books.money.office)
    edit_theirs(books, "due")
    books.payment({"id": books.money.in_books()["Id"], "amount": 10})
    books.heard()
    assert books.money.held().cause == "conflict"
    assert invoice(books)["amountPaid"] == 10
    assert_nothing_left_to_do(books)
    books.money.decide("use_coperniq")
    assert [row[1] for row in standing(books)] == ["2027-02-01", "2027-02-01"]
    assert_nothing_left_to_do(books)


def test_different_fields_flow_both_ways_with_one_write_each(books: TwoWayHarness) -> None:
    edit_ours(books, "description")
    edit_theirs(books, "due", "lines")
    books.heard()
    assert standing(books) == [("Ours", "2027-03-01", 300), ("Ours", "2027-03-01", 300)]
    assert sorted(row.split()[0] for row in writes(books)) == ["coperniq", "quickbooks"]
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(books)


def test_the_same_edit_on_both_sides_is_none(books: TwoWayHarness) -> None:
    books.money.edit(invoice(books), dueDate="2027-04-01")
    books.change(books.money.in_books(), due="2027-04-01")
    books.heard()
    assert writes(books) == []
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(books)


def test_a_card_that_is_put_right_by_hand_goes_away(books: TwoWayHarness) -> None:
    both_edit(books, "quickbooks", minutes=1)
    document = books.money.in_books()
    note = document["PrivateNote"].replace("Theirs", "Ours")
    books.change(document, note=note, due="2027-02-01", lines=sold(books, 2))
    books.heard()
    assert not SyncRun.objects.held().exists(), logged_in_order(books)
    assert standing(books) == [OURS, OURS]
    assert_nothing_left_to_do(books)


@pytest.mark.parametrize("first", ["coperniq", "quickbooks"])
def test_a_card_goes_away_when_one_side_is_put_back_and_the_other_edit_flows(
    books: TwoWayHarness, first: str
) -> None:
    """`first`: the side the portal hears of first, whose run then asks."""
    note = books.money.in_books()["PrivateNote"]
    edit_theirs(books, "note")
    if first == "quickbooks":
        books.money.look_at_changes()
    edit_ours(books, "description")
    if first == "coperniq":
        books.money.work()
    books.heard()
    assert books.money.held().cause == "conflict"
    books.change(books.money.in_books(), note=note)
    books.heard()
    assert not SyncRun.objects.held().exists(), logged_in_order(books)
    assert [row[0] for row in standing(books)] == ["Ours", "Ours"]
    assert_nothing_left_to_do(books)
