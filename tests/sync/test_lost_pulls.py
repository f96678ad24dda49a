"""Coperniq knows no repetition: what it may have done without an answer is looked for, and done once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import RecordLink, RemoteWrite, SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import assert_at_rest
from tests.sync.pull_builders import assert_nothing_left_to_do, hear_while_pausing, payments
from tests.sync.two_way import TwoWayHarness, coperniq_state, open_two_way

LOST = ["lost_answer", "late_error_500"]


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


@pytest.mark.parametrize("fault", LOST)
def test_an_invoice_brought_over_without_an_answer_is_linked_and_done(
    sides: TwoWayHarness, fault: str
) -> None:
    sides.invoice()
    sides.harness.portal.simulator.fault(fault, "coperniq", method="POST", path="/invoices")
    sides.sync()
    assert len(coperniq_state(sides.harness, "invoices")) == 1
    assert RecordLink.objects.get(kind="invoice").match_method == RecordLink.MatchMethod.PULLED
    assert not SyncRun.objects.held().exists(), sides.harness.logged()
    sides.sync()
    assert_at_rest(sides.harness)


@pytest.mark.parametrize("fault", LOST)
def test_a_payment_recorded_without_an_answer_is_linked_and_done(sides: TwoWayHarness, fault: str) -> None:
    made = sides.invoice()
    sides.sync()
    sides.payment(made["Id"])
    sides.harness.portal.simulator.fault(fault, "coperniq", method="POST", path="/payments")
    sides.sync()
    (invoice,) = coperniq_state(sides.harness, "invoices")
    assert [payment["amount"] for payment in invoice["payments"]] == [made["TotalAmt"]]
    assert RecordLink.objects.get(kind="payment").match_method == RecordLink.MatchMethod.PULLED
    assert not SyncRun.objects.held().exists(), sides.harness.logged()
    sides.sync()
    assert_at_rest(sides.harness)


@pytest.mark.parametrize("fault", LOST)
def test_a_generic_item_made_without_an_answer_is_found_by_another_invoice_first(
    sides: TwoWayHarness, fault: str
) -> None:
    """The catalog is read anew for the other's own item, and shows what was made by then."""
    portal = sides.harness.portal
    sides.invoice(discount={"percent": 10})
    sides.harness.book_item("Gravel")
    sides.harness.look_at_changes()
    portal.simulator.fault(fault, "coperniq", method="POST", path="/catalog-items", skip=1)
    portal.work_once()  # its own item, and the generic one without an answer
    SyncRun.objects.update(not_before=timezone.now() + timedelta(minutes=1))
    sides.invoice({"item": "Gravel", "quantity": 1, "price": 10})
    sides.harness.look_at_changes()
    portal.work(pauses=True)  # the first is pausing
    sides.sync()
    names = [row["name"] for row in coperniq_state(sides.harness, "catalogItems")]
    assert names.count("External Item (QBO)") == 1
    assert len(coperniq_state(sides.harness, "invoices")) == 2
    assert not RemoteWrite.objects.open().exists()


def test_a_payment_heard_of_before_the_invoice_is_found_is_recorded(sides: TwoWayHarness) -> None:
    """Neither the invoice as it was read nor whoever heard of the payment could tell."""
    made = sides.invoice()
    brought_without_answer(sides)
    sides.payment({"id": made["Id"], "amount": 40})
    hear_while_pausing(sides)
    sides.harness.work()
    assert [row["amount"] for row in payments(sides)] == [40]
    assert_nothing_left_to_do(sides)


def test_an_invoice_moved_in_coperniq_before_it_is_found_is_there_once_and_asked_about(
    sides: TwoWayHarness,
) -> None:
    harness = sides.harness
    sides.invoice()
    brought_without_answer(sides)
    (made,) = coperniq_state(harness, "invoices")
    other = harness.portal.project(harness.account, "Garage", workflowId=harness.project["workflowId"])
    harness.edit(made, recordId=other["id"])
    harness.work()
    sides.sync()
    assert [row["id"] for row in coperniq_state(harness, "invoices")] == [made["id"]]
    harness.edit(made, dueDate="2027-05-06T00:00:00.000Z")
    harness.work()
    assert harness.held().cause == "invoice_moved"
    harness.decide("go_on")
    assert harness.in_books()["DueDate"] == "2027-05-06"
    assert_nothing_left_to_do(sides)


def test_an_invoice_deleted_in_quickbooks_before_it_is_found_is_asked_about(sides: TwoWayHarness) -> None:
    made = sides.invoice()
    brought_without_answer(sides)
    sides.delete(made)
    sides.harness.work()
    sides.sync()
    assert len(coperniq_state(sides.harness, "invoices")) == 1
    assert sides.harness.held().cause == "quickbooks_invoice_deleted"
    assert_nothing_left_to_do(sides)


def brought_without_answer(sides: TwoWayHarness) -> None:
    sides.harness.look_at_changes()
    sides.harness.portal.simulator.fault("lost_answer", "coperniq", method="POST", path="/invoices", times=1)
    sides.harness.portal.work_once()
    assert RemoteWrite.objects.open().exists()


def test_a_second_payment_without_an_answer_is_told_from_the_first(sides: TwoWayHarness) -> None:
    made = sides.invoice()
    sides.sync()
    sides.payment({"id": made["Id"], "amount": 30})
    sides.sync()
    sides.harness.portal.simulator.fault("lost_answer", "coperniq", method="POST", path="/payments")
    sides.payment({"id": made["Id"], "amount": 20})
    sides.sync()
    assert sorted(row["amount"] for row in payments(sides)) == [20, 30]
    assert_nothing_left_to_do(sides)
