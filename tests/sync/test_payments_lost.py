"""Payments whose answer was lost, or whose worker was killed: recorded once, whatever QuickBooks remembers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.errors import LeaseLost
from integrations.models import QuickBooksConnection, RecordLink, RemoteWrite, SyncRun
from integrations.sync.engine import executor as engine_executor
from integrations.sync.engine import outbox as engine_outbox
from tests.invoice_harness import InvoiceHarness
from tests.sampling import crossed
from tests.sync.customer_builders import sent_long_ago

FAULTS = ["lost_answer", "error_500", "error_502_html", "refuse_connection_before"]


def pay(harness: InvoiceHarness, amount: object = 40) -> dict[str, Any]:
    """Less than half of what is open: QuickBooks' own balance would not keep it from being there twice."""
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    harness.pay(invoice, amount)
    return invoice


def recorded_once(harness: InvoiceHarness) -> None:
    harness.work()
    assert harness.in_books("Payment")["TotalAmt"] == 40
    assert harness.in_books()["Balance"] == 60
    assert harness.link("payment").quickbooks_id == harness.in_books("Payment")["Id"]
    assert not RemoteWrite.objects.open().exists()
    harness.portal.simulator.forget_log()
    harness.sweep()
    assert harness.calls() == []


@pytest.mark.parametrize(("fault", "memory"), crossed(FAULTS, [0, 86400]))
def test_a_lost_answer_makes_one_payment(harness: InvoiceHarness, fault: str, memory: int) -> None:
    harness.portal.simulator.switch(requestid_memory_seconds=memory)
    pay(harness)
    prepare_and_stop(harness, fault)
    harness.portal.simulator.control("clock", {"shift_seconds": 5})
    recorded_once(harness)


def test_a_call_that_times_out_is_asked_for_again(harness: InvoiceHarness, settings: Any) -> None:
    settings.VENDOR_TIMEOUT_SECONDS = 0.3
    harness.portal.simulator.fault("hang", method="POST", path="/payment", times=1, seconds=2)
    pay(harness)
    recorded_once(harness)


@pytest.mark.parametrize("arrived", [True, False])
def test_after_hours_the_payment_is_looked_for(harness: InvoiceHarness, arrived: bool) -> None:
    fault = "lost_answer" if arrived else "refuse_connection_before"
    harness.portal.simulator.switch(requestid_memory_seconds=60)
    pay(harness)
    prepare_and_stop(harness, fault)
    sent_long_ago()
    harness.portal.simulator.control("clock", {"shift_seconds": 10800})
    recorded_once(harness)


def prepare_and_stop(harness: InvoiceHarness, fault: str) -> None:
    harness.work_until_payment()
    harness.portal.simulator.fault(fault, method="POST", path="/payment", times=1)
    harness.portal.work_once()
    assert RemoteWrite.objects.open().count() == 1


@pytest.mark.parametrize("moment", ["before the request", "after the answer"])
def test_a_worker_killed_in_between_leaves_one_payment(
    harness: InvoiceHarness, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise LeaseLost

    pay(harness)
    harness.work_until_payment()
    with monkeypatch.context() as patch:
        if moment == "before the request":
            patch.setattr(engine_outbox, "send_write", die)
        else:
            patch.setattr(engine_executor, "settle_run", die)
        harness.portal.work_once()
    assert RemoteWrite.objects.open().get().state == "sent"
    SyncRun.objects.filter(state="running").update(fence=0)
    recorded_once(harness)


def test_a_lost_update_is_made_once(harness: InvoiceHarness) -> None:
    invoice = pay(harness)
    harness.work()
    payment = harness.portal.simulator.session.get(
        f"{harness.portal.simulator.url}/coperniq/v1/invoices/{invoice['id']}/payments",
        headers={"x-api-key": "key-of-the-first-company"},
        timeout=10,
    ).json()[0]
    harness.change_payment(invoice, payment, amount=30)
    harness.portal.simulator.fault("lost_answer", method="POST", path="/payment", times=1)
    harness.work()
    harness.work()
    assert harness.in_books("Payment")["SyncToken"] == "1"
    assert harness.in_books()["Balance"] == 70
    assert harness.link("payment").amount_cents == 3000
    assert not RemoteWrite.objects.open().exists()


@pytest.mark.parametrize("how", ["arrived", "lost on the way", "deleted since"])
def test_an_update_lost_long_ago_is_compared_with_what_stands_there(
    harness: InvoiceHarness, how: str
) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    payment = harness.pay(invoice, 40)
    harness.work()
    harness.change_payment(invoice, payment, amount=30)
    harness.work_until_payment()
    fault = "refuse_connection_before" if how == "lost on the way" else "lost_answer"
    harness.portal.simulator.fault(fault, method="POST", path="/payment", times=1)
    harness.portal.work_once()
    sent_long_ago()
    if how == "deleted since":
        path = f"quickbooks/{harness.portal.realm}/records/Payment/{harness.in_books('Payment')['Id']}"
        harness.portal.simulator.control(path, None, "DELETE")
        harness.portal.simulator.switch(requestid_memory_seconds=0)
        harness.portal.simulator.control("clock", {"shift_seconds": 5})
        harness.work()
        assert harness.held().cause == "quickbooks_payment_missing"
        return
    harness.work()
    assert harness.in_books("Payment")["TotalAmt"] == 30
    assert harness.link("payment").amount_cents == 3000


def test_one_that_was_linked_meanwhile_is_not_taken_for_the_lost_one(harness: InvoiceHarness) -> None:
    """A mark copied by hand: the payment found by it belongs to another link already."""
    pay(harness)
    prepare_and_stop(harness, "lost_answer")
    payment = harness.in_books("Payment")
    RecordLink.objects.create(
        connection=QuickBooksConnection.objects.get(),
        kind="payment",
        coperniq_id="77",
        quickbooks_id=payment["Id"],
        match_method="created",
        linked_at=timezone.now() - timedelta(hours=1),
    )
    harness.portal.simulator.switch(requestid_memory_seconds=0)
    harness.portal.simulator.control("clock", {"shift_seconds": 5})
    harness.work()
    assert len(harness.books("Payment")) == 2
    assert RecordLink.objects.filter(kind="payment").count() == 2
