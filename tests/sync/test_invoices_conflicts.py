"""Both sides changed the same field: who wins, and how a person takes the other value afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import SyncLogEntry, SyncRun
from integrations.models.sync_state import EditTimes
from integrations.views.planned import compared_of
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import assert_at_rest, later, lines_of, pushed, put, sales, with_items

UPDATED = "Updated invoice 1001 in QuickBooks: memo."


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    return with_items(portal)


@pytest.fixture
def invoice(harness: InvoiceHarness) -> dict[str, Any]:
    return pushed(harness, ("Permit", 1, 100), description="Old", dueDate="2027-01-31")


def edit_ours(harness: InvoiceHarness, invoice: dict[str, Any]) -> None:
    harness.edit(
        invoice,
        description="Ours",
        dueDate="2027-02-01",
        lineItems=[{**lines_of(invoice)[0], "quantity": 2}],
    )


def edit_theirs(harness: InvoiceHarness) -> None:
    made = harness.in_books()
    line = made["Line"][0]
    sold = {**line, "Amount": 300, "SalesItemLineDetail": {**line["SalesItemLineDetail"], "Qty": 3}}
    note = made["PrivateNote"].replace("Old", "Theirs")
    put(harness, made["Id"], PrivateNote=note, DueDate="2027-03-01", Line=[sold])


def both_edit(
    harness: InvoiceHarness, invoice: dict[str, Any], last: str = "quickbooks", minutes: int = 10
) -> None:
    """`last` is ten minutes later than the other."""
    if last == "quickbooks":
        edit_ours(harness, invoice)
        later(harness.portal, minutes)
        edit_theirs(harness)
    else:
        edit_theirs(harness)
        later(harness.portal, minutes)
        edit_ours(harness, invoice)
    harness.work()


def standing(harness: InvoiceHarness) -> tuple[Any, ...]:
    made = harness.in_books()
    return made["PrivateNote"].split("\n")[0], made["DueDate"], made["TotalAmt"]


OURS, THEIRS = ("Ours", "2027-02-01", 200), ("Theirs", "2027-03-01", 300)


@pytest.mark.parametrize(("last", "result"), [("coperniq", OURS), ("quickbooks", THEIRS)])
def test_the_later_edit_wins(
    harness: InvoiceHarness, invoice: dict[str, Any], last: str, result: Any
) -> None:
    both_edit(harness, invoice, last)
    assert standing(harness) == result
    winner, loser = ("Coperniq", "QuickBooks") if last == "coperniq" else ("QuickBooks", "Coperniq")
    due = "March 1, 2027" if loser == "QuickBooks" else "February 1, 2027"
    logged = harness.logged()[-1]
    assert logged.startswith("done_with_warning: ")
    assert f"Due date: changed on both sides. The portal kept what {winner} has; {loser} had {due}." in logged
    assert (
        f"Lines: changed on both sides. The portal kept what {winner} has; {loser} had 1 line of $" in logged
    )
    assert_at_rest(harness)


@pytest.mark.parametrize("last", ["coperniq", "quickbooks"])
def test_the_other_can_be_used_afterwards_and_back_again(
    harness: InvoiceHarness, invoice: dict[str, Any], last: str
) -> None:
    both_edit(harness, invoice, last)
    run = SyncRun.objects.filter(action="push_invoice").latest("pk")
    order = ["use_coperniq", "use_quickbooks"] if last == "quickbooks" else ["use_quickbooks", "use_coperniq"]
    for choice in [*order, order[0]]:
        run.refresh_from_db()
        assert [offered["key"] for offered in run.choices] == [choice]
        harness.decide(choice, run)
        assert standing(harness) == (OURS if choice == "use_coperniq" else THEIRS)
        assert_at_rest(harness)


def test_the_other_is_still_offered_after_a_lost_answer(
    harness: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    harness.portal.simulator.fault("lost_answer", method="POST", path="/invoice", times=1)
    both_edit(harness, invoice, "coperniq")
    run = SyncRun.objects.filter(action="push_invoice").latest("pk")
    assert standing(harness) == OURS
    harness.decide("use_quickbooks", run)
    assert standing(harness) == THEIRS
    assert_at_rest(harness)


def test_what_was_decided_once_changes_nothing_the_second_time(
    harness: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    both_edit(harness, invoice, "coperniq")
    first = SyncRun.objects.filter(action="push_invoice").latest("pk")
    offered = list(first.choices)
    harness.decide("use_quickbooks", first)
    SyncRun.objects.filter(pk=first.pk).update(choices=offered)
    first.refresh_from_db()
    harness.decide("use_quickbooks", first)
    assert standing(harness) == THEIRS
    assert harness.logged()[-1] == "nothing_to_do: Invoice 1001 is in step on both sides already."


@pytest.mark.parametrize("last", ["coperniq", "quickbooks"])
def test_closer_than_two_minutes_a_person_decides(
    harness: InvoiceHarness, invoice: dict[str, Any], last: str
) -> None:
    both_edit(harness, invoice, last, minutes=1)
    assert standing(harness) == THEIRS, "nothing was written"
    assert harness.logged()[-1] == (
        "held: Invoice 1001 was changed on both sides. Due date: February 1, 2027 in Coperniq, March 1, 2027 in "
        "QuickBooks, January 31, 2027 before. Memo: Ours in Coperniq, Theirs in QuickBooks, Old before. "
        "Lines: 1 line of $200.00 in Coperniq, 1 line of $300.00 in QuickBooks, 1 line of $100.00 before. "
        "Choose which side to keep."
    )
    assert_at_rest(harness)


@pytest.mark.parametrize(("choice", "result"), [("use_coperniq", OURS), ("use_quickbooks", THEIRS)])
def test_what_a_person_decides_counts_for_every_field(
    harness: InvoiceHarness, invoice: dict[str, Any], choice: str, result: Any
) -> None:
    both_edit(harness, invoice, minutes=1)
    harness.decide(choice)
    assert standing(harness) == result
    assert_at_rest(harness)


def test_a_later_decision_about_one_field_leaves_an_earlier_one_about_another(
    harness: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    harness.configure(owners={"memo": "ask", "due_date": "ask"})
    harness.edit(invoice, dueDate="2027-02-01")
    put(harness, harness.in_books()["Id"], DueDate="2027-03-01")
    harness.work()
    harness.decide("use_coperniq")
    harness.edit(invoice, description="Ours")
    made = harness.in_books()
    put(harness, made["Id"], PrivateNote=made["PrivateNote"].replace("Old", "Theirs"))
    harness.work()
    assert "Due date" not in [row["field"] for row in compared_of(harness.held())]
    harness.decide("use_quickbooks")
    assert standing(harness) == ("Theirs", "2027-02-01", 100)
    assert_at_rest(harness)


@pytest.mark.parametrize("last", ["coperniq", "quickbooks"])
@pytest.mark.parametrize(("owner", "result"), [("coperniq", OURS), ("quickbooks", THEIRS)])
def test_the_owner_of_a_field_wins_whenever_it_was(
    harness: InvoiceHarness, invoice: dict[str, Any], owner: str, result: Any, last: str
) -> None:
    harness.configure(owners=dict.fromkeys(("due_date", "memo", "lines"), owner))
    both_edit(harness, invoice, last)
    assert standing(harness) == result
    assert_at_rest(harness)


def test_each_field_has_its_own_owner(harness: InvoiceHarness, invoice: dict[str, Any]) -> None:
    harness.configure(owners={"due_date": "coperniq", "memo": "quickbooks", "lines": "coperniq"})
    both_edit(harness, invoice)
    assert standing(harness) == ("Theirs", "2027-02-01", 200)
    run = SyncRun.objects.filter(action="push_invoice").latest("pk")
    assert {offered["key"] for offered in run.choices} == {"use_coperniq", "use_quickbooks"}
    harness.decide("use_quickbooks", run)
    assert standing(harness) == THEIRS
    assert_at_rest(harness)


def test_ask_asks_however_far_apart(harness: InvoiceHarness, invoice: dict[str, Any]) -> None:
    harness.configure(owners={"memo": "ask"})
    both_edit(harness, invoice)
    assert harness.held().cause == "conflict"
    assert compared_of(harness.held()) == [
        {"field": "Memo", "before": "Old", "coperniq": "Ours", "quickbooks": "Theirs"}
    ]


@pytest.mark.parametrize("who", ["theirs", "ours"])
def test_a_payment_that_moved_the_stamp_makes_a_person_decide(
    harness: InvoiceHarness, invoice: dict[str, Any], who: str
) -> None:
    """Their edit was long before ours; then a payment gave QuickBooks' invoice a later time."""
    edit_theirs(harness)
    later(harness.portal, 10)
    if who == "theirs":
        edit_ours(harness, invoice)
        later(harness.portal, 10)
        harness.receive(harness.in_books()["Id"], 10)
    else:
        harness.pay(invoice, 10)
        harness.work()
        assert len(harness.books("Payment")) == 1
        later(harness.portal, 10)
        edit_ours(harness, invoice)
    harness.work()
    assert harness.held().cause == "conflict"
    harness.decide("use_coperniq")
    assert standing(harness) == OURS
    harness.work()
    assert_at_rest(harness)


def test_different_fields_are_no_conflict(harness: InvoiceHarness, invoice: dict[str, Any]) -> None:
    put(harness, harness.in_books()["Id"], DueDate="2027-03-01")
    harness.edit(invoice, description="Ours")
    harness.work()
    assert standing(harness) == ("Ours", "2027-03-01", 100)
    assert harness.logged()[-2:] == [f"done: {UPDATED}", "done: Updated invoice 1001 in Coperniq: due date."]
    assert_at_rest(harness)


def test_only_quickbooks_changed_is_nothing_to_push(harness: InvoiceHarness, invoice: dict[str, Any]) -> None:
    edit_theirs(harness)
    harness.sweep()
    assert standing(harness) == THEIRS
    assert len(harness.logged()) == 1


def test_a_field_is_as_old_as_its_value_and_not_as_the_last_save(
    harness: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    """Held at first; then something else is saved in Coperniq, which makes our edit of the memo no younger."""
    harness.configure(owners={"memo": "ask"})
    harness.edit(invoice, description="Ours")
    later(harness.portal, 1)
    made = harness.in_books()
    put(harness, made["Id"], PrivateNote=made["PrivateNote"].replace("Old", "Theirs"))
    harness.work()
    assert harness.held().cause == "conflict"
    later(harness.portal, 5)
    harness.edit(invoice, status="SENT")
    harness.configure(owners={})
    harness.work()
    assert harness.held().cause == "conflict", "ours is still only a minute older than theirs"
    later(harness.portal, 5)
    harness.edit(invoice, description="Ours, thought over")
    harness.work()
    assert standing(harness)[0] == "Ours, thought over"
    assert_at_rest(harness)


def test_an_edit_taken_back_leaves_no_trace_of_its_time(
    harness: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    harness.configure(owners={"memo": "ask"})
    harness.edit(invoice, description="Ours")
    made = harness.in_books()
    put(harness, made["Id"], PrivateNote=made["PrivateNote"].replace("Old", "Theirs"))
    harness.work()
    assert harness.link().invoice_state.edit_times != EditTimes()
    harness.edit(invoice, description="Old")
    harness.work()
    assert harness.link().invoice_state.edit_times == EditTimes()
    assert harness.logged()[-1] == "done: Updated invoice 1001 in Coperniq: memo."
    assert standing(harness)[0] == "Theirs"


def test_a_later_edit_of_another_field_keeps_the_loser(
    harness: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    both_edit(harness, invoice, "coperniq")
    first = SyncRun.objects.filter(action="push_invoice").latest("pk")
    later(harness.portal, 10)
    harness.edit(invoice, dueDate="2027-06-01")
    harness.work()
    assert standing(harness) == ("Ours", "2027-06-01", 200)
    first.refresh_from_db()
    harness.decide("use_quickbooks", first)
    assert standing(harness) == ("Theirs", "2027-06-01", 300)
    assert_at_rest(harness)


def test_a_discount_that_lost_can_be_put_back_too(harness: InvoiceHarness, invoice: dict[str, Any]) -> None:
    harness.configure(owners={"lines": "coperniq"})
    made = harness.in_books()
    discount = {
        "DetailType": "DiscountLineDetail",
        "Amount": 5,
        "DiscountLineDetail": {"PercentBased": False},
    }
    extra = {
        "DetailType": "SalesItemLineDetail",
        "Amount": 40,
        "Description": "Ladder",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }
    put(harness, made["Id"], Line=[made["Line"][0], extra, discount])
    harness.edit(invoice, lineItems=[{**lines_of(invoice)[0], "quantity": 2}])
    harness.work()
    assert sales(harness.in_books()) == [("Permit as agreed", 200)]
    assert harness.in_books()["TotalAmt"] == 195
    harness.decide("use_quickbooks", SyncRun.objects.filter(action="push_invoice").latest("pk"))
    assert sales(harness.in_books()) == [("Permit as agreed", 100), ("Ladder", 40)]
    assert harness.in_books()["TotalAmt"] == 135
    assert_at_rest(harness)


def test_an_emptied_field_that_lost_is_told_as_nothing(
    harness: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    harness.configure(owners={"memo": "quickbooks"})
    made = harness.in_books()
    put(harness, made["Id"], PrivateNote=made["PrivateNote"].replace("Old", "Theirs"))
    harness.edit(invoice, description="")
    harness.work()
    assert harness.logged()[-1].endswith("The portal kept what QuickBooks has; Coperniq had nothing.")


def test_the_log_shows_what_was_overwritten(harness: InvoiceHarness, invoice: dict[str, Any]) -> None:
    both_edit(harness, invoice, "coperniq")
    entry = SyncLogEntry.objects.filter(kind="invoice").latest("pk")
    assert [change["field"] for change in entry.changes] == ["Due date", "Memo", "Line 1"]
    assert entry.changes[2]["before"] == "Permit as agreed: 3 x $100.00 = $300.00"
    assert entry.changes[2]["after"] == "Permit as agreed: 2 x $100.00 = $200.00"
