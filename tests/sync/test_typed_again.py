"""A linked invoice that was deleted on one side and typed again there: one question, and one of it on either side."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.pull_builders import assert_nothing_left_to_do, invoices, logged_in_order, payments
from tests.sync.test_deleted_documents import delete_in_coperniq, keys
from tests.sync.test_same_bill import counts
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture(params=["pulled", "pushed"])
def made(request: pytest.FixtureRequest, portal: PortalHarness) -> TwoWayHarness:
    """An invoice of $100 on both sides, whichever it began on."""
    sides = open_two_way(portal)
    if request.param == "pulled":
        sides.invoice(number="B-77")
    else:
        sides.harness.invoice(("Permit", 1, 100))
    sides.sync()
    sides.sync()
    return sides


def asked(action: str) -> SyncRun:
    return SyncRun.objects.held().get(action=action, cause="probably_same_invoice")


@pytest.mark.parametrize("number", ["same", "another", "same, at once", "another, at once", "another, left"])
def test_in_quickbooks_it_is_linked_again(made: TwoWayHarness, number: str) -> None:
    before, ours = made.harness.in_books(), invoices(made)[0]
    made.delete(before)
    if "at once" not in number:
        made.sync()
        assert made.harness.held().cause == "quickbooks_invoice_deleted"
    if "left" in number:
        made.harness.decide("discard")
    again = made.invoice(number=before["DocNumber"] if "same" in number else "B-78")
    made.sync()
    question = asked("pull_invoice")
    assert keys(question) == [f"link:{ours['id']}", "another_invoice", "retry", "discard"]
    assert question.sentence.count("$100.00") == 2
    assert before["DocNumber"] in question.sentence
    assert again["DocNumber"] in question.sentence
    assert counts(made) == (1, 1)
    assert_nothing_left_to_do(made)
    made.harness.decide(keys(question)[0], question)
    made.sync()
    assert not SyncRun.objects.open().exists(), logged_in_order(made)
    assert counts(made) == (1, 1)
    link = RecordLink.objects.get(kind="invoice")
    assert (link.quickbooks_id, link.coperniq_id) == (again["Id"], str(ours["id"]))
    assert_nothing_left_to_do(made)
    made.change(again, note="Edited there")
    made.sync()
    assert "Edited there" in invoices(made)[0]["description"]
    assert_nothing_left_to_do(made)


@pytest.mark.parametrize("answer", ["another_invoice", "create", "decline_in_coperniq", "discard"])
def test_in_quickbooks_any_other_answer_leaves_no_question_behind(made: TwoWayHarness, answer: str) -> None:
    before = made.harness.in_books()
    made.delete(before)
    made.sync()
    deletion = made.harness.held()
    again = made.invoice(number=before["DocNumber"])
    made.sync()
    question = asked("pull_invoice")
    made.harness.decide(answer, deletion if answer in ("create", "decline_in_coperniq") else question)
    made.sync()
    if answer == "create":
        offered = asked("push_invoice")
        assert keys(offered)[:2] == [f"link:{again['Id']}", "new_number"]
        made.harness.decide(f"link:{again['Id']}", offered)
        made.sync()
    left = list(SyncRun.objects.open())
    assert left == ([deletion] if answer in ("another_invoice", "discard") else []), logged_in_order(made)
    assert counts(made) == (1, 2 if answer in ("another_invoice", "decline_in_coperniq") else 1)
    assert_nothing_left_to_do(made)


def test_in_quickbooks_one_heard_of_after_it_was_created_again_is_asked_about(made: TwoWayHarness) -> None:
    made.delete(made.harness.in_books())
    made.sync()
    made.invoice(number="B-78")
    made.harness.decide("create")
    assert counts(made) == (2, 1)
    made.sync()
    question = asked("pull_invoice")
    assert keys(question) == ["another_invoice", "retry", "discard"]
    made.void(made.harness.books("Invoice")[0])
    made.sync()
    assert not SyncRun.objects.open().exists(), logged_in_order(made)
    assert counts(made) == (2, 1)
    assert_nothing_left_to_do(made)


@pytest.mark.parametrize("applied", ["by her", "by nobody"])
def test_in_quickbooks_its_payments_come_along(made: TwoWayHarness, applied: str) -> None:
    """QuickBooks keeps the money of a deleted invoice unapplied."""
    ours = invoices(made)[0]
    made.harness.pay(ours, 40)
    made.sync()
    made.sync()
    made.change_payment(made.harness.in_books("Payment"), invoices=[])
    made.delete(made.harness.in_books())
    made.sync()
    again = made.invoice(number="B-78")
    if applied == "by her":
        made.change_payment(made.harness.in_books("Payment"), invoices=[{"id": again["Id"], "amount": 40}])
    made.sync()
    made.harness.decide(f"link:{ours['id']}", asked("pull_invoice"))
    made.sync()
    assert not SyncRun.objects.open().exists(), logged_in_order(made)
    assert made.harness.in_books()["Balance"] == 60
    assert [row["amount"] for row in payments(made)] == [40]
    assert_nothing_left_to_do(made)


def test_in_quickbooks_one_that_was_voided_counts_as_well(made: TwoWayHarness) -> None:
    made.harness.configure(on_quickbooks_void="hold")
    before, ours = made.harness.in_books(), invoices(made)[0]
    made.void(before)
    made.sync()
    assert made.harness.held().cause == "quickbooks_invoice_voided"
    made.invoice(number="B-78")
    made.sync()
    made.harness.decide(f"link:{ours['id']}", asked("pull_invoice"))
    made.sync()
    assert not SyncRun.objects.open().exists(), logged_in_order(made)
    assert counts(made) == (2, 1)
    assert_nothing_left_to_do(made)


@pytest.mark.parametrize("heard", ["of both at once", "one by one"])
@pytest.mark.parametrize("answer", ["link", "new_number"])
def test_in_coperniq_no_second_one_is_made_unasked(made: TwoWayHarness, heard: str, answer: str) -> None:
    there, before = made.harness.in_books(), invoices(made)[0]
    delete_in_coperniq(made, before)
    if heard == "one by one":
        made.harness.sweep()
        assert made.harness.held().cause == "invoice_missing"
    ours = made.harness.invoice(("Permit", 1, 100))
    made.sync()
    question = asked("push_invoice")
    assert keys(question) == [f"link:{there['Id']}", "new_number", "retry", "discard"]
    assert there["DocNumber"] in question.sentence
    made.harness.sweep()
    assert counts(made) == (1, 1)
    assert_nothing_left_to_do(made)
    made.harness.decide(keys(question)[0] if answer == "link" else answer, question)
    made.sync()
    made.harness.sweep()
    if answer == "link":
        assert not SyncRun.objects.open().exists(), logged_in_order(made)
        link = RecordLink.objects.get(kind="invoice")
        assert (link.quickbooks_id, link.coperniq_id) == (there["Id"], str(ours["id"]))
        made.change(there, note="Edited there")
        made.sync()
        assert "Edited there" in invoices(made)[0]["description"]
    else:
        assert [run.cause for run in SyncRun.objects.open()] == ["invoice_missing"]
    assert counts(made) == (1 if answer == "link" else 2, 1)
    assert_nothing_left_to_do(made)


@pytest.mark.parametrize("paid_again", [True, False])
def test_in_coperniq_its_payments_come_along(made: TwoWayHarness, paid_again: bool) -> None:
    made.harness.pay(invoices(made)[0], 40, paymentReference="7")
    made.sync()
    made.sync()
    there = made.harness.in_books()
    delete_in_coperniq(made)
    ours = made.harness.invoice(("Permit", 1, 100))
    if paid_again:
        made.harness.pay(ours, 40, paymentReference="7")
    made.sync()
    made.harness.decide(f"link:{there['Id']}", asked("push_invoice"))
    made.sync()
    for run in SyncRun.objects.held():
        assert paid_again, logged_in_order(made)
        made.harness.decide(keys(run)[0], run)
    made.sync()
    made.harness.sweep()
    assert not SyncRun.objects.open().exists(), logged_in_order(made)
    assert [row["amount"] for row in payments(made)] == [40]
    assert [row["TotalAmt"] for row in made.harness.books("Payment")] == [40]
    assert made.harness.in_books()["Balance"] == 60
    assert_nothing_left_to_do(made)


def test_in_coperniq_the_question_ends_with_what_it_asks_about(made: TwoWayHarness) -> None:
    """The card of the deletion is answered first: then it is another bill."""
    delete_in_coperniq(made)
    made.harness.sweep()
    deletion = made.harness.held()
    ours: dict[str, Any] = made.harness.invoice(("Permit", 1, 100))
    made.sync()
    assert asked("push_invoice").coperniq_id == str(ours["id"])
    made.harness.decide("void_in_quickbooks", deletion)
    made.sync()
    assert not SyncRun.objects.open().exists(), logged_in_order(made)
    assert sorted(row["TotalAmt"] for row in made.harness.books("Invoice")) == [0, 100]
    assert_nothing_left_to_do(made)


def test_in_quickbooks_a_corrected_total_under_its_number_counts_as_well(made: TwoWayHarness) -> None:
    before, ours = made.harness.in_books(), invoices(made)[0]
    made.delete(before)
    made.sync()
    made.invoice({"item": "Permit", "quantity": 1, "price": 120}, number=before["DocNumber"])
    made.sync()
    question = asked("pull_invoice")
    assert ("$100.00" in question.sentence, "$120.00" in question.sentence) == (True, True)
    made.harness.decide(f"link:{ours['id']}", question)
    made.sync()
    assert not SyncRun.objects.open().exists(), logged_in_order(made)
    assert [row["amount"] for row in invoices(made)] == [120]
    assert made.harness.in_books()["TotalAmt"] == 120
    assert_nothing_left_to_do(made)


@pytest.mark.parametrize("made", ["pushed"], indirect=True)
@pytest.mark.parametrize("custom", [True, False])
def test_in_coperniq_a_corrected_total_under_its_number_counts_as_well(
    made: TwoWayHarness, custom: bool
) -> None:
    portal = made.harness.portal
    portal.simulator.control(f"quickbooks/{portal.realm}", {"custom_txn_numbers": custom}, "PATCH")
    type(portal.quickbooks).objects.update(custom_txn_numbers=custom)
    there = made.harness.in_books()
    delete_in_coperniq(made)
    made.harness.invoice(("Permit", 1, 120), uid=int(there["DocNumber"]))
    made.sync()
    made.harness.decide(f"link:{there['Id']}", asked("push_invoice"))
    made.sync()
    assert not SyncRun.objects.open().exists(), logged_in_order(made)
    assert made.harness.in_books()["TotalAmt"] == 120
    assert [row["amount"] for row in invoices(made)] == [120]
    assert_nothing_left_to_do(made)
