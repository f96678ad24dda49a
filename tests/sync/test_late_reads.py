"""What a run has read of QuickBooks is stored later than what other runs read after it, and leaves that as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integrations.causes import Cause
from integrations.models import RecordLink, SyncRun
from integrations.sync.engine import executor, planning
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan
from integrations.sync.engine.planning import Planner
from integrations.sync.ingest.router import route_pending_events
from tests.invoice_harness import InvoiceHarness
from tests.simulation import API_KEY
from tests.sync.test_payments_known import DAY, pay, told_by_webhook


@pytest.fixture
def after_plan(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[SyncContext], None]], None]:
    """Do something else between the next plan of a payment's push and its write, as other threads may."""

    def install(meanwhile: Callable[[SyncContext], None]) -> None:
        steps = [meanwhile]

        def make_plan(ctx: SyncContext, run: SyncRun, planner: Planner) -> Plan:
            planned = real(ctx, run, planner)
            if run.action == "push_payment" and planned.write is not None and steps:
                steps.pop()(ctx)
            return planned

        real = planning.make_plan
        monkeypatch.setattr(executor, "make_plan", make_plan)

    return install


@pytest.fixture
def two_payments(harness: InvoiceHarness) -> tuple[list[dict[str, Any]], list[str]]:
    """Two invoices of $100 with their QuickBooks ids. What payments need was created for one of the first invoice."""
    made = []
    for _ in range(2):
        made.append(harness.invoice(("Permit", 1, 100)))
        harness.work()
    pay(harness, made[0], 5)
    links = RecordLink.objects.filter(kind="invoice").order_by("pk")
    return made, list(links.values_list("quickbooks_id", flat=True))


def move(harness: InvoiceHarness, payment_id: str, invoice_id: str) -> None:
    line = {"Amount": 40, "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}
    harness.edit_books("Payment", payment_id, Line=[line])


def execute(ctx: SyncContext, action: str) -> None:
    """Another thread of the same worker executes the run of this action."""
    route_pending_events()
    run = SyncRun.objects.unfinished().exclude(state="running").get(action=action)
    executor.run_once(SyncContext(ctx.lease, ctx.connection), run)


@pytest.mark.parametrize("before", ["on the other invoice", "on none that is linked"])
def test_a_payment_that_moved_after_it_was_read_is_found_where_it_is(
    harness: InvoiceHarness,
    two_payments: tuple[list[dict[str, Any]], list[str]],
    after_plan: Callable[[Callable[[SyncContext], None]], None],
    before: str,
) -> None:
    (first, second), (first_id, second_id) = two_payments
    theirs = harness.receive(first_id, 40, date=DAY)["Id"]
    if before == "on none that is linked":
        harness.edit_books("Payment", theirs, Line=[])

    def meanwhile(ctx: SyncContext) -> None:
        move(harness, theirs, second_id)
        told_by_webhook(harness, theirs, "updated")
        execute(ctx, "notice_allocations")

    after_plan(meanwhile)
    harness.pay(first, 10, paymentDate=f"{DAY}T00:00:00Z")
    harness.pay(second, 40, paymentDate=f"{DAY}T00:00:00Z")
    harness.work_until_payment()
    told_by_webhook(harness, theirs)
    harness.portal.work()
    assert sorted(row["TotalAmt"] for row in harness.books("Payment")) == [5, 10, 40]
    assert harness.held().cause == Cause.PROBABLY_SAME_PAYMENT


def test_what_was_synced_of_an_invoice_after_it_was_refreshed_is_remembered(
    harness: InvoiceHarness,
    two_payments: tuple[list[dict[str, Any]], list[str]],
    after_plan: Callable[[Callable[[SyncContext], None]], None],
) -> None:
    """More than is stored as open is paid, so the invoice is read again; a day later only Coperniq's due date changes."""
    (first, _), (first_id, _) = two_payments
    harness.receive(first_id, 70, date=DAY)

    def meanwhile(ctx: SyncContext) -> None:
        harness.edit_books("Invoice", first_id, DueDate="2027-02-20")
        harness.look_at_changes()
        execute(ctx, "pull_invoice")

    after_plan(meanwhile)
    harness.pay(first, 96, paymentDate=f"{DAY}T00:00:00Z")
    harness.work_until_payment()
    harness.portal.work()
    invoices = harness.portal.simulator.state()["coperniq"][API_KEY]["invoices"]
    assert invoices[0]["dueDate"].startswith("2027-02-20")
    harness.edit(first, dueDate="2027-03-01T00:00:00.000Z")
    harness.work()
    assert {row["Id"]: row["DueDate"] for row in harness.books("Invoice")}[first_id] == "2027-03-01"
    assert not [line for line in harness.logged() if "both" in line], harness.logged()
