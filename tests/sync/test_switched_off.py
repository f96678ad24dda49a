"""What was created while syncing was on is accepted, whatever the switch does afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import InvoiceSyncPeriod, QuickBooksConnection, SyncRun
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import earlier
from tests.sync.pull_builders import assert_nothing_left_to_do, invoices, logged_in_order, payments
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


@pytest.fixture
def harness(sides: TwoWayHarness) -> InvoiceHarness:
    return sides.harness


def off_and_on(sides: TwoWayHarness) -> None:
    """Off for a while, in which the portal looks at both sides, and on again."""
    sides.harness.switch(False)
    sides.sync()
    switch_on(sides)


def switch_on(sides: TwoWayHarness) -> None:
    """Later than whatever was created, by whole seconds."""
    sides.harness.switch(True)
    InvoiceSyncPeriod.objects.filter(off_at=None).update(on_at=timezone.now() + timedelta(seconds=2))


def assert_all_arrived(sides: TwoWayHarness, *totals: float) -> None:
    assert not any("created while" in line or "made while" in line for line in logged_in_order(sides))
    assert [row["TotalAmt"] for row in sides.harness.books("Invoice")] == list(totals)
    assert not SyncRun.objects.open().exists(), logged_in_order(sides)
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("pushed_while", ["on", "off"])
def test_an_invoice_that_waits_for_its_job_and_its_payment_go_on(
    sides: TwoWayHarness, harness: InvoiceHarness, pushed_while: str
) -> None:
    """Its job is made while syncing is off: customers and jobs are synced all the time."""
    waiting = harness.portal.project(harness.account, "Not pushed yet")
    harness.pay(harness.invoice(("Permit", 1, 100), on=waiting), 40)
    harness.work()
    assert {run.state for run in SyncRun.objects.open()} == {"waiting"}
    harness.switch(False)
    if pushed_while == "off":
        harness.portal.enter(waiting)
    sides.sync()
    assert not harness.books("Invoice")
    switch_on(sides)
    if pushed_while == "on":
        harness.portal.enter(waiting)
    sides.sync()
    assert_all_arrived(sides, 100)
    assert [row["TotalAmt"] for row in harness.books("Payment")] == [40]


def test_an_invoice_that_no_look_has_found_before_the_switch_off_goes_on(
    sides: TwoWayHarness, harness: InvoiceHarness
) -> None:
    harness.pay(harness.invoice(("Permit", 1, 100)), 40)
    off_and_on(sides)
    sides.sync()
    assert_all_arrived(sides, 100)
    assert len(harness.books("Payment")) == 1


@pytest.mark.parametrize("looked_before", [True, False])
def test_an_invoice_of_quickbooks_whose_notification_was_lost_goes_on(
    sides: TwoWayHarness, looked_before: bool
) -> None:
    """Also where change data had never been read until the switch-off."""
    if looked_before:
        sides.sync()
    sides.payment({"id": sides.invoice()["Id"], "amount": 40})
    off_and_on(sides)
    sides.sync()
    assert_all_arrived(sides, 100)
    assert [row["amount"] for row in payments(sides)] == [40]


def test_an_invoice_of_quickbooks_whose_pull_was_interrupted_goes_on(
    sides: TwoWayHarness, harness: InvoiceHarness
) -> None:
    sides.invoice()
    harness.portal.simulator.fault("error_500", vendor="coperniq", method="POST", path="/invoices", times=1)
    harness.look_at_changes()
    harness.portal.work(pauses=True)
    assert SyncRun.objects.get(action="pull_invoice").state == "queued"
    off_and_on(sides)
    sides.sync()
    assert_all_arrived(sides, 100)
    assert len(invoices(sides)) == 1


@pytest.mark.parametrize("released_while", ["on", "off"])
def test_what_was_chosen_or_released_stays_so(
    sides: TwoWayHarness, harness: InvoiceHarness, released_while: str
) -> None:
    """An older invoice that somebody wants sent, shown before it is written."""
    harness.configure(invoice_preview=True)
    with earlier(harness.portal, 10):
        harness.invoice(("Permit", 1, 100))
    harness.work()
    harness.decide("send_anyway", SyncRun.objects.get(action="push_invoice"))
    asked = harness.held()
    assert asked.cause == "preview"
    harness.switch(False)
    if released_while == "off":
        harness.decide("release", asked)
        assert not harness.books("Invoice")
        assert SyncRun.objects.open().get().cause == "invoice_sync_off"
    switch_on(sides)
    if released_while == "on":
        harness.work()
        harness.decide("release")
    sides.sync()
    assert [row["TotalAmt"] for row in harness.books("Invoice")] == [100]
    assert_nothing_left_to_do(sides)


def test_a_choice_holds_for_later_requests_too(sides: TwoWayHarness, harness: InvoiceHarness) -> None:
    """A new look at the invoice comes while the first execution after the choice is at work."""
    waiting = harness.portal.project(harness.account, "Not pushed yet")
    with earlier(harness.portal, 10):
        made = harness.invoice(("Permit", 1, 100), on=waiting)
    harness.work()
    run = SyncRun.objects.get(action="push_invoice")
    assert run.decide("send_anyway")
    harness.portal.work()
    harness.switch(False)
    SyncRun.objects.filter(pk=run.pk).update(state="done")  # an earlier version ended what came up while off
    switch_on(sides)
    harness.edit(made, description="Looked at again")
    harness.portal.enter(waiting)
    harness.work()
    assert [row["TotalAmt"] for row in harness.books("Invoice")] == [100]


def test_what_is_created_while_it_is_off_is_said_to_be(harness: InvoiceHarness, sides: TwoWayHarness) -> None:
    harness.switch(False)
    times: dict[str, Any] = {
        "on_at": timezone.now() - timedelta(hours=2),
        "off_at": timezone.now() - timedelta(hours=1),
    }
    InvoiceSyncPeriod.objects.update(**times)
    with earlier(harness.portal, 10):
        harness.invoice(("Permit", 1, 100))
        sides.invoice()
    harness.switch(True)
    QuickBooksConnection.objects.update(money_captured_at=times["off_at"])
    sides.sync()
    assert logged_in_order(sides) == [
        "skipped: Invoice 1001 was created while invoice syncing was off. Send it anyway if it belongs in QuickBooks."
    ]
    assert len(invoices(sides)) == 1
