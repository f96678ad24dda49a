"""One button answers one question: what was released for one card is no answer to the next, and every card can go."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import Question, RecordLink, RunState, SyncRun
from tests.factories import sync_run
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import prefer
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice, invoices, logged_in_order
from tests.sync.two_way import TwoWayHarness, open_two_way

LINES = [{"item": "Services", "quantity": 1, "price": 2500}]


@pytest.fixture
def books(office: PortalHarness) -> TwoWayHarness:
    return open_two_way(office)


def percentage(books: TwoWayHarness) -> dict[str, Any]:
    """An invoice of $3,000 whose lines Coperniq cannot take from QuickBooks."""
    books.money.configure(fallback_item="1")
    simulator, project = books.money.office.simulator, books.money.project["id"]
    simulator.change("projects", project, value=10000)
    ours = simulator.make("invoices", recordId=project, calculationMethod="PERCENTAGE", percentage=30)
    books.money.work()
    return dict(ours)


def asked() -> list[str]:
    return list(SyncRun.objects.held().values_list("cause", flat=True))


@pytest.mark.parametrize("end", ["deleted", "voided"])
def test_leaving_both_as_they_are_declines_nothing(books: TwoWayHarness, end: str) -> None:
    percentage(books)
    books.money.configure(on_quickbooks_void="hold")
    document = books.money.in_books()
    books.change(document, lines=LINES)
    books.heard()
    run = books.money.held()
    assert run.cause == "lines_not_in_coperniq"
    (books.delete if end == "deleted" else books.void)(document)
    books.money.decide("leave_both", run)
    assert asked() == [f"quickbooks_invoice_{end}"]
    assert invoice(books)["status"] != "DECLINED"
    books.money.decide("decline_in_coperniq")
    assert invoice(books)["status"] == "DECLINED"
    assert_nothing_left_to_do(books)


def test_going_on_where_it_is_does_not_pass_over_its_lines(books: TwoWayHarness) -> None:
    percentage(books)
    parent = next(row for row in books.money.books("Customer") if not row.get("Job"))
    books.change(books.money.in_books(), customer=parent["Id"], lines=LINES)
    books.heard()
    assert asked() == ["quickbooks_invoice_moved"]
    books.money.decide("go_on")
    assert asked() == ["lines_not_in_coperniq"], logged_in_order(books)
    books.money.decide("leave_both")
    assert not asked(), logged_in_order(books)
    assert_nothing_left_to_do(books)


@pytest.mark.parametrize("owners", [{"lines": "quickbooks"}, {}])
def test_lines_that_both_changed_can_be_left_as_they_are(
    books: TwoWayHarness, owners: dict[str, str]
) -> None:
    ours = percentage(books)
    books.money.configure(owners=owners)
    books.change(books.money.in_books(), lines=LINES)
    books.money.edit(ours, percentage=40)
    books.heard()
    if not owners:
        assert asked() == ["conflict"]
        books.money.decide("use_quickbooks")
    assert asked() == ["lines_not_in_coperniq"]
    books.money.decide("leave_both")
    assert not asked(), logged_in_order(books)
    assert (books.money.in_books()["TotalAmt"], invoice(books)["amount"]) == (2500, 4000)
    assert_nothing_left_to_do(books)


@pytest.mark.parametrize("began", ["pulled", "pushed"])
@pytest.mark.parametrize("then", ["discard", "void"])
def test_a_voided_invoice_that_is_filled_again_is_asked_about(
    books: TwoWayHarness, began: str, then: str
) -> None:
    if began == "pulled":
        books.invoice()
    else:
        books.money.invoice(("Permit", 1, 100))
        books.money.work()
    books.heard()
    document = books.money.in_books()
    books.void(document)
    books.heard()
    assert invoice(books)["status"] == "DECLINED"
    books.change(document, lines=[{"item": "Permit", "quantity": 1, "price": 100}])
    books.heard()
    assert books.money.held().cause == "quickbooks_invoice_filled_again"
    assert_nothing_left_to_do(books)
    if then == "void":
        books.void(document)
        books.heard()
    else:
        books.money.decide("discard")
    assert not asked(), logged_in_order(books)
    assert_nothing_left_to_do(books)


@pytest.mark.django_db
def test_every_answer_is_kept_until_the_same_question_is_answered_again(office: PortalHarness) -> None:
    run = sync_run(office.quickbooks, RunState.HELD, action="pull_invoice", kind="invoice")
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


@pytest.mark.parametrize("answer", SAME)
@pytest.mark.parametrize("paid", [True, False])
def test_an_invoice_that_is_asked_about_is_not_brought_over_meanwhile(
    books: TwoWayHarness, answer: str, paid: bool
) -> None:
    """Linked to, it brings the money along that came in while the card was open."""
    document = entered_twice(books)
    if paid:
        books.payment({"id": document["Id"], "amount": 40})
    books.heard()
    assert len(invoices(books)) == 1, logged_in_order(books)
    books.money.decide(f"link:{document['Id']}" if answer == "link" else answer)
    books.heard()
    assert (len(invoices(books)), len(books.money.books("Invoice"))) == SAME[answer]
    if answer == "discard":
        assert asked() == ["waited_in_vain"]
        books.money.decide("retry")
        assert len(invoices(books)) == 2
    assert not SyncRun.objects.open().exists()
    assert sum(len(row["payments"]) for row in invoices(books)) == paid
    assert_nothing_left_to_do(books)


def test_another_invoice_comes_over_while_one_is_asked_about(books: TwoWayHarness) -> None:
    document = entered_twice(books)
    other = books.invoice(number="Other")
    books.heard()
    assert asked() == ["probably_same_invoice"]
    pulled = RecordLink.objects.filter(kind="invoice").values_list("quickbooks_id", flat=True)
    assert list(pulled) == [other["Id"]] != [document["Id"]]


def entered_twice(books: TwoWayHarness) -> dict[str, Any]:
    """The same invoice on both sides, by people, where QuickBooks counts by itself."""
    prefer(books.money.office, custom_txn_numbers=False)
    ours = books.money.invoice()
    document = books.invoice(number=str(ours["uid"]))
    books.money.work()
    assert asked() == ["probably_same_invoice"]
    return document
