"""How the portal comes to know of money: payments report themselves by no webhook, and perhaps move nothing at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.causes import Cause
from integrations.models import (
    CoperniqConnection,
    InboundEvent,
    SyncLogEntry,
    SyncRun,
    SyncSettings,
)
from integrations.sync.engine.context import _shared_cache
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from integrations.sync.ingest.router import route_pending_events
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sampling import crossed
from tests.simulation import API_KEY
from tests.sync.two_way import coperniq_state, open_two_way


def lists_read(harness: InvoiceHarness) -> int:
    calls = harness.portal.simulator.log("coperniq")
    return len([call for call in calls if call["path"].endswith("/payments")])


def runs(harness: InvoiceHarness) -> list[SyncRun]:
    return list(SyncRun.objects.filter(action="push_payment").order_by("id"))


SILENT = {"payment_moves_updated_at": False}
DEAF = {**SILENT, "payment_moves_amount_paid": False, "payment_moves_status": False}


@pytest.mark.parametrize(
    "switches", [{}, {"payment_moves_amount_paid": False}, {"payment_moves_status": False}]
)
def test_a_payment_that_moves_the_invoices_stamp_comes_with_the_next_poll(
    harness: InvoiceHarness, switches: dict[str, bool]
) -> None:
    harness.portal.simulator.switch(**switches)
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    harness.pay(invoice, 40)
    harness.work()
    assert harness.in_books("Payment")["TotalAmt"] == 40


@pytest.mark.every_database
@pytest.mark.parametrize("switches", [SILENT, DEAF])
def test_a_payment_that_moves_less_is_found_by_the_sweep(
    harness: InvoiceHarness, switches: dict[str, bool]
) -> None:
    harness.portal.simulator.switch(**switches)
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    harness.portal.simulator.control("clock", {"shift_seconds": 600})
    harness.pay(invoice, 40)
    harness.sweep()
    assert harness.in_books("Payment")["TotalAmt"] == 40
    harness.sweep()
    assert len(harness.books("Payment")) == 1


def paid_in_quickbooks(harness: InvoiceHarness, invoice: dict[str, Any]) -> dict[str, Any]:
    """The payment that the portal records in Coperniq; no poll has seen it."""
    harness.receive(harness.in_books()["Id"], 40)
    harness.look_at_changes()
    harness.portal.work()
    (found,) = coperniq_payments(harness, invoice)
    return found


def coperniq_payments(harness: InvoiceHarness, invoice: dict[str, Any]) -> list[dict[str, Any]]:
    rows = harness.portal.simulator.state()["coperniq"][API_KEY]["invoices"]
    return list(next(row for row in rows if row["id"] == invoice["id"])["payments"])


@pytest.mark.parametrize(("switches", "what"), crossed([{}, SILENT], ["removed", "corrected"]))
def test_a_recorded_payment_that_changes_before_any_poll_is_noticed(
    harness: InvoiceHarness, what: str, switches: dict[str, bool]
) -> None:
    harness.portal.simulator.switch(**switches)
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    recorded = paid_in_quickbooks(harness, invoice)
    if what == "corrected":
        harness.change_payment(invoice, recorded, amount=30)
    else:
        harness.remove_payment(invoice, recorded)
    harness.sweep() if switches else harness.work()
    if what == "removed":
        assert harness.held().cause == Cause.PAYMENT_VANISHED
        harness.decide("discard")
    else:
        assert harness.in_books()["Balance"] == 70
    harness.portal.simulator.forget_log()
    harness.sweep()
    assert harness.portal.simulator.log(write=True) == []
    assert not SyncRun.objects.open().exists()


def test_a_recorded_payment_of_a_brought_invoice_that_no_poll_has_seen_is_missed(
    portal: PortalHarness,
) -> None:
    sides = open_two_way(portal)
    brought = sides.invoice()
    sides.payment({"id": brought["Id"], "amount": 40})
    sides.harness.look_at_changes()
    portal.work()
    (invoice,) = coperniq_state(sides.harness, "invoices")
    sides.harness.remove_payment(invoice, invoice["payments"][0])
    sides.harness.work()
    assert sides.harness.held().cause == Cause.PAYMENT_VANISHED


@pytest.mark.parametrize("between", ["removed", "corrected"])
def test_an_invoice_that_is_back_in_an_earlier_version_is_looked_at_again(
    harness: InvoiceHarness, between: str
) -> None:
    """Nothing but the paid amount shows the payment, and it was the same before."""
    harness.portal.simulator.switch(**SILENT, payment_edit_moves_updated_at=False)
    invoice = harness.invoice(("Permit", 1, 100))
    payment = harness.pay(invoice, 100)
    harness.sweep()
    if between == "corrected":
        harness.change_payment(invoice, payment, amount=50)
    else:
        harness.remove_payment(invoice, payment)
    harness.sweep()
    if between == "corrected":
        assert harness.in_books("Payment")["TotalAmt"] == 50
        harness.change_payment(invoice, payment, amount=100)
    else:
        harness.decide("void_in_quickbooks")
        harness.pay(invoice, 100)
    harness.sweep()
    assert not SyncRun.objects.held().exists()
    assert [row["TotalAmt"] for row in harness.books("Payment")][-1] == 100


def test_another_date_of_a_payment_is_noticed_though_no_amount_moves(harness: InvoiceHarness) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    payment = harness.pay(invoice, 40)
    harness.work()
    harness.change_payment(invoice, payment, paymentDate="2026-11-03T00:00:00Z")
    harness.work()
    assert harness.in_books("Payment")["TxnDate"] == "2026-11-03"


def test_the_list_is_read_once_for_each_change(harness: InvoiceHarness) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    assert lists_read(harness) == 0
    harness.pay(invoice, 10)
    harness.work()
    assert lists_read(harness) == 1
    harness.work()
    assert lists_read(harness) == 1
    harness.pay(invoice, 10)
    harness.work()
    assert lists_read(harness) == 2


@pytest.mark.every_database
def test_a_payment_waits_for_its_invoice_and_is_released_with_it(harness: InvoiceHarness) -> None:
    other = harness.portal.project(harness.account, "Later")
    invoice = harness.invoice(("Permit", 1, 100), on=other)
    harness.pay(invoice, 40)
    harness.work()
    (run,) = runs(harness)
    assert (run.state, run.cause) == ("waiting", Cause.WAITS_FOR_INVOICE)
    harness.portal.enter(other)
    harness.work()
    assert harness.in_books("Payment")["TotalAmt"] == 40
    assert len(runs(harness)) == 1


def test_a_payment_waits_until_the_lines_of_its_invoice_are_put_right(harness: InvoiceHarness) -> None:
    """QuickBooks dropped the amount of a line without an item: money would find nothing open."""
    fallback = harness.book_item("Anything")
    invoice = harness.invoice(("Nobody's item", 1, 100))
    harness.pay(invoice, 40)
    harness.work()
    (run,) = runs(harness)
    assert (run.state, run.cause) == ("waiting", Cause.WAITS_FOR_INVOICE)
    harness.configure(fallback_item=fallback["Id"])
    harness.decide("retry")
    payment = harness.in_books("Payment")
    assert (payment["UnappliedAmt"], harness.in_books()["Balance"]) == (0, 60)


def older_invoice(harness: InvoiceHarness) -> dict[str, object]:
    harness.portal.simulator.control("clock", {"shift_seconds": -86400})
    invoice = harness.invoice(("Permit", 1, 100))
    harness.portal.simulator.control("clock", {"shift_seconds": 86400})
    return invoice


def test_what_is_paid_on_an_invoice_left_out_is_left_out_and_follows_it(harness: InvoiceHarness) -> None:
    invoice = older_invoice(harness)
    harness.pay(invoice, 40)
    harness.work()
    (run,) = runs(harness)
    assert (run.state, run.cause) == ("done", "invoice_left_out")
    assert harness.books("Payment") == []
    harness.decide("send_anyway", SyncRun.objects.get(action="push_invoice"))
    assert harness.in_books()["TotalAmt"] == 100
    assert harness.in_books("Payment")["TotalAmt"] == 40


def test_a_payment_from_before_the_switch_on_is_skipped_and_may_be_sent_anyway(
    harness: InvoiceHarness,
) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    harness.portal.simulator.control("clock", {"shift_seconds": -86400})
    harness.pay(invoice, 40)
    harness.portal.simulator.control("clock", {"shift_seconds": 86400})
    harness.sweep()
    (run,) = runs(harness)
    assert (run.state, run.cause) == ("done", "before_cut_off")
    harness.sweep()
    assert len(runs(harness)) == 1
    harness.decide("send_anyway", run)
    assert harness.in_books("Payment")["TotalAmt"] == 40


def test_an_answer_for_the_cut_off_is_none_for_the_status(harness: InvoiceHarness) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    harness.portal.simulator.control("clock", {"shift_seconds": -86400})
    harness.pay(invoice, 40, status="PENDING")
    harness.portal.simulator.control("clock", {"shift_seconds": 86400})
    harness.sweep()
    harness.decide("send_anyway", runs(harness)[0])
    assert harness.held().cause == "payment_status"
    assert SyncSettings.objects.get().payment_statuses == {}
    harness.decide("send_anyway")
    assert harness.in_books("Payment")["TotalAmt"] == 40


def test_paid_without_a_payment_is_said_once_and_no_money_is_invented(harness: InvoiceHarness) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    harness.edit(invoice, status="PAID")
    harness.work()
    entries = SyncLogEntry.objects.filter(cause=Cause.PAID_WITHOUT_PAYMENT, outcome="done_with_warning")
    assert entries.get().sentence == (
        "Coperniq shows invoice 1001 as paid. It has no payment there, so none was recorded in QuickBooks. Record the "
        "payment in Coperniq."
    )
    harness.edit(invoice, description="Thank you")
    harness.work()
    harness.sweep()
    assert entries.count() == 1
    assert harness.books("Payment") == []
    assert harness.in_books()["Balance"] == 100


def test_an_invoice_that_was_paid_before_it_was_pushed_brings_the_warning_too(
    harness: InvoiceHarness,
) -> None:
    harness.invoice(("Permit", 1, 100), status="PAID")
    harness.work()
    assert SyncLogEntry.objects.get(cause=Cause.PAID_WITHOUT_PAYMENT).outcome == "done_with_warning"


def test_an_invoice_coperniq_does_not_show_any_more_is_no_news_of_payments(harness: InvoiceHarness) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    harness.pay(invoice, 40)
    event = InboundEvent.objects.filter(record_type="invoice").first()
    assert event is not None
    harness.portal.simulator.control(f"coperniq/{API_KEY}/invoices/{invoice['id']}", None, "DELETE")
    InboundEvent.objects.filter(pk=event.pk).update(
        planned_at=None, outcome="", detail={**event.detail, "money": True, "only_payments": True}
    )
    harness.portal.work()
    assert harness.books("Payment") == []
    assert runs(harness) == []


def test_a_payment_gone_before_it_was_recorded_is_no_news(harness: InvoiceHarness) -> None:
    other = harness.portal.project(harness.account, "Later")
    invoice = harness.invoice(("Permit", 1, 100), on=other)
    payment = harness.pay(invoice, 40)
    harness.work()
    harness.remove_payment(invoice, payment)
    harness.portal.enter(other)
    SyncRun.objects.filter(action="push_payment").update(updated_at=timezone.now() - timedelta(minutes=5))
    _shared_cache.clear()
    harness.work()
    assert runs(harness)[0].cause == "payment_gone"
    assert harness.books("Payment") == []


@pytest.mark.every_database
def test_what_was_passed_over_while_off_is_news_once_it_is_on_again(harness: InvoiceHarness) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    payment = harness.pay(invoice, 40)
    harness.work()
    harness.change_payment(invoice, payment, amount=30)
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    for job in due_coperniq_polls():
        job()
    route_pending_events()
    harness.switch(False)
    harness.portal.work()
    assert harness.in_books("Payment")["TotalAmt"] == 40
    assert {run.state for run in SyncRun.objects.open()} == {"waiting"}
    harness.switch(True)
    harness.work()
    assert harness.in_books("Payment")["TotalAmt"] == 30


def test_what_was_seen_just_before_the_switch_off_is_not_planned(harness: InvoiceHarness) -> None:
    harness.pay(harness.invoice(("Permit", 1, 100)), 40)
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    for job in due_coperniq_polls():
        job()
    harness.switch(False)
    harness.portal.work()
    event = InboundEvent.objects.filter(record_type="invoice").get()
    assert (event.outcome, event.reason) == ("ignored", "invoice syncing is off")
    assert harness.books("Invoice") == []
