"""Invoices voided, deleted or moved in QuickBooks, and what becomes of Coperniq's: nothing is lost without a person."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun
from tests.portal_harness import PortalHarness
from tests.sampling import ORIGINS
from tests.sync.invoice_builders import lines_of
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice, invoices, logged_in_order, writes
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture(params=ORIGINS)
def made(request: pytest.FixtureRequest, portal: PortalHarness) -> tuple[TwoWayHarness, dict[str, Any]]:
    """An invoice of $100 on both sides, whichever it began on."""
    sides = open_two_way(portal)
    if request.param == "pulled":
        sides.invoice()
        sides.sync()
    else:
        sides.harness.invoice(("Permit", 1, 100))
        sides.harness.work()
        sides.sync()
    assert invoice(sides)["amount"] == 100
    return sides, sides.harness.in_books()


Made = tuple[TwoWayHarness, dict[str, Any]]


def run_for(sides: TwoWayHarness) -> SyncRun:
    return sides.harness.held()


def test_a_void_declines_it_in_coperniq(made: Made) -> None:
    sides, document = made
    sides.void(document)
    sides.sync()
    assert invoice(sides)["status"] == "DECLINED"
    assert (
        logged_in_order(sides)[-1]
        == "done: Declined invoice 1001 in Coperniq, because it was voided in QuickBooks."
    )
    assert_nothing_left_to_do(sides)
    assert not SyncRun.objects.held().exists()


def test_an_emptied_due_date_is_no_edit_a_void_has_to_be_asked_about(made: Made) -> None:
    sides, document = made
    sides.harness.edit(invoice(sides), dueDate=None)
    sides.void(document)
    sides.sync()
    assert invoice(sides)["status"] == "DECLINED"
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(sides)


def test_a_void_is_asked_about_where_the_setting_says_so(made: Made) -> None:
    sides, document = made
    sides.harness.configure(on_quickbooks_void="hold")
    sides.void(document)
    sides.sync()
    assert invoice(sides)["status"] != "DECLINED"
    assert run_for(sides).cause == "quickbooks_invoice_voided"
    assert_nothing_left_to_do(sides)
    sides.harness.decide("decline_in_coperniq")
    assert invoice(sides)["status"] == "DECLINED"
    assert_nothing_left_to_do(sides)


def test_a_void_that_a_person_leaves_stays_left(made: Made) -> None:
    sides, document = made
    sides.harness.configure(on_quickbooks_void="hold")
    sides.void(document)
    sides.sync()
    sides.harness.decide("discard")
    assert_nothing_left_to_do(sides)
    assert invoice(sides)["status"] != "DECLINED"


def test_a_void_of_what_coperniq_has_payments_on_is_held(made: Made) -> None:
    sides, document = made
    sides.harness.pay(invoice(sides), 40)
    sides.void(document)
    sides.sync()
    causes = set(SyncRun.objects.held().values_list("action", "cause"))
    assert ("pull_invoice", "ended_but_paid") in causes
    assert invoice(sides)["status"] == "PARTIALLY_PAID"
    assert_nothing_left_to_do(sides)


def test_a_void_of_what_is_being_edited_in_coperniq_is_held(made: Made) -> None:
    sides, document = made
    sides.harness.edit(invoice(sides), lineItems=[{**lines_of(invoice(sides))[0], "quantity": 2}])
    sides.void(document)
    sides.sync()
    run = run_for(sides)
    assert run.cause == "quickbooks_invoice_voided"
    assert "and changed in Coperniq" in run.sentence
    assert_nothing_left_to_do(sides)
    sides.harness.decide("decline_in_coperniq")
    assert invoice(sides)["status"] == "DECLINED"
    assert_nothing_left_to_do(sides)


def test_a_deletion_is_held_and_declines_when_released(made: Made) -> None:
    sides, document = made
    sides.delete(document)
    sides.sync()
    run = run_for(sides)
    assert (run.cause, [choice["key"] for choice in run.choices]) == (
        "quickbooks_invoice_deleted",
        ["decline_in_coperniq", "create", "retry", "discard"],
    )
    assert invoice(sides)["status"] != "DECLINED"
    assert_nothing_left_to_do(sides)
    sides.harness.decide("decline_in_coperniq")
    assert invoice(sides)["status"] == "DECLINED"
    assert_nothing_left_to_do(sides)
    assert not SyncRun.objects.held().exists()


def test_a_deletion_that_a_person_leaves_is_asked_about_once(made: Made) -> None:
    sides, document = made
    sides.delete(document)
    sides.sync()
    sides.harness.decide("discard")
    assert_nothing_left_to_do(sides)
    assert invoice(sides)["status"] != "DECLINED"


def test_a_deletion_in_coperniq_is_held_and_leaves_quickbooks_alone(made: Made) -> None:
    sides, _ = made
    ours = invoice(sides)["id"]
    sides.harness.portal.simulator.call(
        "DELETE", f"/_control/coperniq/key-of-the-first-company/invoices/{ours}"
    )
    sides.harness.sweep()
    sides.sync()
    assert run_for(sides).cause == "invoice_missing"
    assert sides.harness.in_books()["TotalAmt"] == 100
    assert_nothing_left_to_do(sides)


def test_an_invoice_out_of_sight_is_asked_about_once_and_goes_on_when_it_is_back(made: Made) -> None:
    sides, document = made
    sides.harness.portal.simulator.switch(archived_invoices="gone")
    ours = invoice(sides)
    sides.harness.act(ours, "archive")
    sides.change(document, note="Looked at again")
    sides.sync()
    sides.harness.sweep()
    assert run_for(sides).cause == "invoice_missing", "one card, whichever side it was noticed on"
    assert_nothing_left_to_do(sides)
    sides.harness.act(ours, "restore")
    sides.harness.decide("retry")
    assert "Looked at again" in invoice(sides)["description"]
    assert_nothing_left_to_do(sides)


def test_an_invoice_moved_to_another_customer_is_held_and_goes_on_when_released(made: Made) -> None:
    sides, document = made
    other = sides.harness.portal.simulator.in_books(sides.harness.portal.realm, DisplayName="Ann Brown")
    sides.change(document, customer=other["Id"], note="Moved")
    sides.sync()
    assert run_for(sides).cause == "quickbooks_invoice_moved"
    assert "Moved" not in (invoice(sides)["description"] or "")
    assert_nothing_left_to_do(sides)
    sides.harness.decide("go_on")
    assert "Moved" in invoice(sides)["description"]
    assert_nothing_left_to_do(sides)
    sides.change(document, note="Moved and settled")
    sides.sync()
    assert "Moved and settled" in invoice(sides)["description"]
    assert_nothing_left_to_do(sides)
    assert not SyncRun.objects.held().exists()


def test_an_invoice_moved_back_needs_no_answer(made: Made) -> None:
    sides, document = made
    other = sides.harness.portal.simulator.in_books(sides.harness.portal.realm, DisplayName="Ann Brown")
    sides.change(document, customer=other["Id"])
    sides.sync()
    sides.change(document, customer=sides.job_id)
    sides.sync()
    sides.harness.decide("retry") if SyncRun.objects.held().exists() else None
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(sides)
    assert RecordLink.objects.get(kind="invoice").quickbooks_id == document["Id"]


def test_a_declined_invoice_made_anew_after_a_void_is_a_new_one(made: Made) -> None:
    sides, document = made
    sides.void(document)
    sides.sync()
    sides.invoice(number="1001-new")
    sides.sync()
    assert sorted(one["status"] for one in invoices(sides)) == ["DECLINED", "SENT"]
    assert_nothing_left_to_do(sides)


def test_what_changed_while_coperniqs_was_archived_comes_over_once_it_is_back(made: Made) -> None:
    sides, document = made
    ours = invoice(sides)
    sides.harness.act(ours, "archive")
    sides.harness.sweep()
    sides.change(document, note="Meanwhile", lines=[{"item": "Permit", "quantity": 3, "price": 100}])
    sides.sync()
    assert invoice(sides)["amount"] == 100
    assert_nothing_left_to_do(sides)
    sides.harness.act(ours, "restore")
    sides.sync()
    assert invoice(sides)["amount"] == 300
    assert "Meanwhile" in invoice(sides)["description"]
    assert_nothing_left_to_do(sides)


def test_an_invoice_deleted_before_anybody_had_looked_is_nothing(portal: PortalHarness) -> None:
    sides = open_two_way(portal)
    made = sides.invoice()
    sides.harness.look_at_changes()
    sides.delete(made)
    sides.harness.portal.work()
    sides.sync()
    assert (invoices(sides), writes(sides)) == ([], [])
    assert not SyncRun.objects.held().exists()


def test_a_void_meets_an_invoice_that_is_declined_already(made: Made) -> None:
    sides, document = made
    sides.harness.act(invoice(sides), "decline")
    sides.void(document)
    sides.harness.look_at_changes()
    sides.harness.portal.simulator.forget_log()
    sides.harness.portal.work()
    assert logged_in_order(sides)[-1].endswith(
        "was voided in QuickBooks, and is no longer active in Coperniq either."
    )
    assert writes(sides) == []
    assert_nothing_left_to_do(sides)


def test_what_happens_to_an_ended_invoice_afterwards_is_no_news(made: Made) -> None:
    sides, document = made
    sides.void(document)
    sides.sync()
    rows = logged_in_order(sides)
    sides.change(sides.harness.in_books(), note="Voided by mistake?")
    sides.sync()
    sides.delete(document)
    sides.sync()
    assert logged_in_order(sides) == rows
    assert not SyncRun.objects.held().exists()
    assert invoice(sides)["status"] == "DECLINED"
