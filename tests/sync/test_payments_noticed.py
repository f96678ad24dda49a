"""How the portal comes to know of money: payments report themselves by no webhook, and perhaps move nothing at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.causes import Cause
from integrations.models import (
    CoperniqConnection,
    InboundEvent,
    PolledInvoice,
    SyncLogEntry,
    SyncRun,
    SyncSettings,
)
from integrations.sync.engine.context import _shared_cache
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from integrations.sync.ingest.router import route_pending_events
from tests.invoice_harness import InvoiceHarness
from tests.simulation import API_KEY

pytestmark = pytest.mark.every_database


def lists_read(money: InvoiceHarness) -> int:
    calls = money.office.simulator.log("coperniq")
    return len([call for call in calls if call["path"].endswith("/payments")])


def runs(money: InvoiceHarness) -> list[SyncRun]:
    return list(SyncRun.objects.filter(action="push_payment").order_by("id"))


SILENT = {"payment_moves_updated_at": False}
DEAF = {**SILENT, "payment_moves_amount_paid": False, "payment_moves_status": False}


@pytest.mark.parametrize(
    "switches", [{}, {"payment_moves_amount_paid": False}, {"payment_moves_status": False}]
)
def test_a_payment_that_moves_the_invoices_stamp_comes_with_the_next_poll(
    money: InvoiceHarness, switches: dict[str, bool]
) -> None:
    money.office.simulator.switch(**switches)
    invoice = money.invoice(("Permit", 1, 100))
    money.work()
    money.pay(invoice, 40)
    money.work()
    assert money.in_books("Payment")["TotalAmt"] == 40


@pytest.mark.parametrize("switches", [SILENT, DEAF])
def test_a_payment_that_moves_less_is_found_by_the_sweep(
    money: InvoiceHarness, switches: dict[str, bool]
) -> None:
    money.office.simulator.switch(**switches)
    invoice = money.invoice(("Permit", 1, 100))
    money.work()
    money.office.simulator.control("clock", {"shift_seconds": 600})
    money.pay(invoice, 40)
    money.sweep()
    assert money.in_books("Payment")["TotalAmt"] == 40
    money.sweep()
    assert len(money.books("Payment")) == 1


def test_another_date_of_a_payment_is_noticed_though_no_amount_moves(money: InvoiceHarness) -> None:
    invoice = money.invoice(("Permit", 1, 100))
    payment = money.pay(invoice, 40)
    money.work()
    money.change_payment(invoice, payment, paymentDate="2026-11-03T00:00:00Z")
    money.work()
    assert money.in_books("Payment")["TxnDate"] == "2026-11-03"


def test_the_list_is_read_once_for_each_change(money: InvoiceHarness) -> None:
    invoice = money.invoice(("Permit", 1, 100))
    money.work()
    assert lists_read(money) == 0
    money.pay(invoice, 10)
    money.work()
    assert lists_read(money) == 1
    money.work()
    assert lists_read(money) == 1
    money.pay(invoice, 10)
    money.work()
    assert lists_read(money) == 2


def test_a_payment_waits_for_its_invoice_and_is_released_with_it(money: InvoiceHarness) -> None:
    other = money.office.project(money.account, "Later")
    invoice = money.invoice(("Permit", 1, 100), on=other)
    money.pay(invoice, 40)
    money.work()
    (run,) = runs(money)
    assert (run.state, run.cause) == ("waiting", Cause.WAITS_FOR_INVOICE)
    money.office.enter(other)
    money.work()
    assert money.in_books("Payment")["TotalAmt"] == 40
    assert len(runs(money)) == 1


def test_a_payment_waits_until_the_lines_of_its_invoice_are_put_right(money: InvoiceHarness) -> None:
    """QuickBooks dropped the amount of a line without an item: money would find nothing open."""
    fallback = money.book_item("Anything")
    invoice = money.invoice(("Nobody's item", 1, 100))
    money.pay(invoice, 40)
    money.work()
    (run,) = runs(money)
    assert (run.state, run.cause) == ("waiting", Cause.WAITS_FOR_INVOICE)
    money.configure(fallback_item=fallback["Id"])
    money.decide("retry")
    payment = money.in_books("Payment")
    assert (payment["UnappliedAmt"], money.in_books()["Balance"]) == (0, 60)


def older_invoice(money: InvoiceHarness) -> dict[str, object]:
    money.office.simulator.control("clock", {"shift_seconds": -86400})
    invoice = money.invoice(("Permit", 1, 100))
    money.office.simulator.control("clock", {"shift_seconds": 86400})
    return invoice


def test_what_is_paid_on_an_invoice_left_out_is_left_out_and_follows_it(money: InvoiceHarness) -> None:
    invoice = older_invoice(money)
    money.pay(invoice, 40)
    money.work()
    (run,) = runs(money)
    assert (run.state, run.cause) == ("done", "invoice_left_out")
    assert money.books("Payment") == []
    money.decide("send_anyway", SyncRun.objects.get(action="push_invoice"))
    assert money.in_books()["TotalAmt"] == 100
    assert money.in_books("Payment")["TotalAmt"] == 40


def test_a_payment_from_before_the_switch_on_is_skipped_and_may_be_sent_anyway(money: InvoiceHarness) -> None:
    invoice = money.invoice(("Permit", 1, 100))
    money.work()
    money.office.simulator.control("clock", {"shift_seconds": -86400})
    money.pay(invoice, 40)
    money.office.simulator.control("clock", {"shift_seconds": 86400})
    money.sweep()
    (run,) = runs(money)
    assert (run.state, run.cause) == ("done", "before_cut_off")
    money.sweep()
    assert len(runs(money)) == 1
    money.decide("send_anyway", run)
    assert money.in_books("Payment")["TotalAmt"] == 40


def test_an_answer_for_the_cut_off_is_none_for_the_status(money: InvoiceHarness) -> None:
    invoice = money.invoice(("Permit", 1, 100))
    money.work()
    money.office.simulator.control("clock", {"shift_seconds": -86400})
    money.pay(invoice, 40, status="PENDING")
    money.office.simulator.control("clock", {"shift_seconds": 86400})
    money.sweep()
    money.decide("send_anyway", runs(money)[0])
    assert money.held().cause == "payment_status"
    assert SyncSettings.objects.get().payment_statuses == {}
    money.decide("send_anyway")
    assert money.in_books("Payment")["TotalAmt"] == 40


def test_paid_without_a_payment_is_said_once_and_no_money_is_invented(money: InvoiceHarness) -> None:
    invoice = money.invoice(("Permit", 1, 100))
    money.work()
    money.edit(invoice, status="PAID")
    money.work()
    entries = SyncLogEntry.objects.filter(cause=Cause.PAID_WITHOUT_PAYMENT, outcome="done_with_warning")
    assert entries.get().sentence == (
        "Coperniq shows invoice 1001 as paid. It has no payment there, so none was recorded in QuickBooks. Record the "
        "payment in Coperniq."
    )
    money.edit(invoice, description="Thank you")
    money.work()
    money.sweep()
    assert entries.count() == 1
    assert money.books("Payment") == []
    assert money.in_books()["Balance"] == 100


def test_an_invoice_that_was_paid_before_it_was_pushed_brings_the_warning_too(money: InvoiceHarness) -> None:
    money.invoice(("Permit", 1, 100), status="PAID")
    money.work()
    assert SyncLogEntry.objects.get(cause=Cause.PAID_WITHOUT_PAYMENT).outcome == "done_with_warning"


def test_an_invoice_coperniq_does_not_show_any_more_is_no_news_of_payments(money: InvoiceHarness) -> None:
    invoice = money.invoice(("Permit", 1, 100))
    money.work()
    money.pay(invoice, 40)
    event = InboundEvent.objects.filter(record_type="invoice").first()
    assert event is not None
    money.office.simulator.control(f"coperniq/{API_KEY}/invoices/{invoice['id']}", None, "DELETE")
    InboundEvent.objects.filter(pk=event.pk).update(
        planned_at=None, outcome="", detail={**event.detail, "money": True, "only_payments": True}
    )
    money.office.work()
    assert money.books("Payment") == []
    assert runs(money) == []


def test_a_payment_gone_before_it_was_recorded_is_no_news(money: InvoiceHarness) -> None:
    other = money.office.project(money.account, "Later")
    invoice = money.invoice(("Permit", 1, 100), on=other)
    payment = money.pay(invoice, 40)
    money.work()
    money.remove_payment(invoice, payment)
    money.office.enter(other)
    SyncRun.objects.filter(action="push_payment").update(updated_at=timezone.now() - timedelta(minutes=5))
    _shared_cache.clear()
    money.work()
    assert runs(money)[0].cause == "payment_gone"
    assert money.books("Payment") == []


def test_what_was_passed_over_while_off_is_news_once_it_is_on_again(money: InvoiceHarness) -> None:
    invoice = money.invoice(("Permit", 1, 100))
    payment = money.pay(invoice, 40)
    money.work()
    money.change_payment(invoice, payment, amount=30)
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    for job in due_coperniq_polls():
        job()
    route_pending_events()
    money.switch(False)
    money.office.work()
    assert money.in_books("Payment")["TotalAmt"] == 40
    assert PolledInvoice.objects.get().version == ""
    money.switch(True)
    money.work()
    assert money.in_books("Payment")["TotalAmt"] == 30


def test_what_was_seen_just_before_the_switch_off_is_not_planned(money: InvoiceHarness) -> None:
    money.pay(money.invoice(("Permit", 1, 100)), 40)
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    for job in due_coperniq_polls():
        job()
    money.switch(False)
    money.office.work()
    event = InboundEvent.objects.filter(record_type="invoice").get()
    assert (event.outcome, event.reason) == ("ignored", "invoice syncing is off")
    assert money.books("Invoice") == []
