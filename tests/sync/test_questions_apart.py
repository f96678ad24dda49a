"""One button answers one question: what was released for one card is no answer to the next, and every card can go."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import Question, RecordLink, RunState, SyncRun
from tests.factories import sync_run
from tests.portal_harness import PortalHarness
from tests.sampling import ORIGINS, crossed
from tests.sync.invoice_builders import prefer
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice, invoices, logged_in_order
from tests.sync.two_way import TwoWayHarness, open_two_way

LINES = [{"item": "Services", "quantity": 1, "price": 2500}]


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


def percentage(sides: TwoWayHarness) -> dict[str, Any]:
    """An invoice of $3,000 whose lines Coperniq cannot take from QuickBooks."""
    sides.harness.configure(fallback_item="1")
    simulator, project = sides.harness.portal.simulator, sides.harness.project["id"]
    simulator.change("projects", project, value=10000)
    ours = simulator.make("invoices", recordId=project, calculationMethod="PERCENTAGE", percentage=30)
    sides.harness.work()
    return dict(ours)


def asked() -> list[str]:
    return list(SyncRun.objects.held().values_list("cause", flat=True))


@pytest.mark.parametrize("end", ["deleted", "voided"])
def test_leaving_both_as_they_are_declines_nothing(sides: TwoWayHarness, end: str) -> None:
    percentage(sides)
    sides.harness.configure(on_quickbooks_void="hold")
    document = sides.harness.in_books()
    sides.change(document, lines=LINES)
    sides.sync()
    run = sides.harness.held()
    assert run.cause == "lines_not_in_coperniq"
    (sides.delete if end == "deleted" else sides.void)(document)
    sides.harness.decide("leave_both", run)
    assert asked() == [f"quickbooks_invoice_{end}"]
    assert invoice(sides)["status"] != "DECLINED"
    sides.harness.decide("decline_in_coperniq")
    assert invoice(sides)["status"] == "DECLINED"
    assert_nothing_left_to_do(sides)


def test_going_on_where_it_is_does_not_pass_over_its_lines(sides: TwoWayHarness) -> None:
    percentage(sides)
    parent = next(row for row in sides.harness.books("Customer") if not row.get("Job"))
    sides.change(sides.harness.in_books(), customer=parent["Id"], lines=LINES)
    sides.sync()
    assert asked() == ["quickbooks_invoice_moved"]
    sides.harness.decide("go_on")
    assert asked() == ["lines_not_in_coperniq"], logged_in_order(sides)
    sides.harness.decide("leave_both")
    assert not asked(), logged_in_order(sides)
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("owners", [{"lines": "quickbooks"}, {}])
def test_lines_that_both_changed_can_be_left_as_they_are(
    sides: TwoWayHarness, owners: dict[str, str]
) -> None:
    ours = percentage(sides)
    sides.harness.configure(owners=owners)
    sides.change(sides.harness.in_books(), lines=LINES)
    sides.harness.edit(ours, percentage=40)
    sides.sync()
    if not owners:
        assert asked() == ["conflict"]
        sides.harness.decide("use_quickbooks")
    assert asked() == ["lines_not_in_coperniq"]
    sides.harness.decide("leave_both")
    assert not asked(), logged_in_order(sides)
    assert (sides.harness.in_books()["TotalAmt"], invoice(sides)["amount"]) == (2500, 4000)
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize(("began", "then"), crossed(ORIGINS, ["discard", "void"]))
def test_a_voided_invoice_that_is_filled_again_is_asked_about(
    sides: TwoWayHarness, began: str, then: str
) -> None:
    if began == "pulled":
        sides.invoice()
    else:
        sides.harness.invoice(("Permit", 1, 100))
        sides.harness.work()
    sides.sync()
    document = sides.harness.in_books()
    sides.void(document)
    sides.sync()
    assert invoice(sides)["status"] == "DECLINED"
    sides.change(document, lines=[{"item": "Permit", "quantity": 1, "price": 100}])
    sides.sync()
    assert sides.harness.held().cause == "quickbooks_invoice_filled_again"
    assert_nothing_left_to_do(sides)
    if then == "void":
        sides.void(document)
        sides.sync()
    else:
        sides.harness.decide("discard")
    assert not asked(), logged_in_order(sides)
    assert_nothing_left_to_do(sides)


@pytest.mark.django_db
def test_every_answer_is_kept_until_the_same_question_is_answered_again(portal: PortalHarness) -> None:
    run = sync_run(portal.quickbooks, RunState.HELD, action="pull_invoice", kind="invoice")
    for question in Question:
        run.choices = [{"key": "answer", "label": question.label, "question": question}]
        run.state = RunState.HELD
        run.save()
        assert run.decide("answer")
    run = SyncRun.objects.get()
    assert set(run.decisions) == set(Question)
    run.choices = [{"key": "another", "label": "Another", "question": Question.SIDE}]
    run.state = RunState.HELD
    run.save()
    assert run.decide("another")
    assert SyncRun.objects.get().answer_to(Question.SIDE).key == "another"
    assert run.decision_rows.count() == len(Question) + 1


SAME = {"link": (1, 1), "new_number": (2, 2), "discard": (1, 1)}
"""How many invoices there are then in Coperniq and in QuickBooks."""


@pytest.mark.parametrize(("answer", "paid"), crossed(list(SAME), [True, False]))
def test_an_invoice_that_is_asked_about_is_not_brought_over_meanwhile(
    sides: TwoWayHarness, answer: str, paid: bool
) -> None:
    """Linked to, it brings the money along that came in while the card was open."""
    document = entered_twice(sides)
    if paid:
        sides.payment({"id": document["Id"], "amount": 40})
    sides.sync()
    assert len(invoices(sides)) == 1, logged_in_order(sides)
    sides.harness.decide(f"link:{document['Id']}" if answer == "link" else answer)
    sides.sync()
    assert (len(invoices(sides)), len(sides.harness.books("Invoice"))) == SAME[answer]
    if answer == "discard":
        assert asked() == ["waited_in_vain"]
        sides.harness.decide("retry")
        assert len(invoices(sides)) == 2
    assert not SyncRun.objects.open().exists()
    assert sum(len(row["payments"]) for row in invoices(sides)) == paid
    assert_nothing_left_to_do(sides)


def test_another_invoice_comes_over_while_one_is_asked_about(sides: TwoWayHarness) -> None:
    document = entered_twice(sides)
    other = sides.invoice({"item": "Permit", "quantity": 1, "price": 70}, number="Other")
    sides.sync()
    assert asked() == ["probably_same_invoice"]
    pulled = RecordLink.objects.filter(kind="invoice").values_list("quickbooks_id", flat=True)
    assert list(pulled) == [other["Id"]] != [document["Id"]]


def entered_twice(sides: TwoWayHarness) -> dict[str, Any]:
    """The same invoice on both sides, by people, where QuickBooks counts by itself."""
    prefer(sides.harness.portal, custom_txn_numbers=False)
    ours = sides.harness.invoice()
    document = sides.invoice(number=str(ours["uid"]))
    sides.harness.work()
    assert asked() == ["probably_same_invoice"]
    return document
