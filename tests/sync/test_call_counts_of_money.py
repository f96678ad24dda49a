"""What an invoice and a payment cost in calls of QuickBooks once everything is warm: reads are metered by the month."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integrations.models import InboundEvent, QuickBooksConnection, SyncRun
from integrations.sync.ingest.events import receive_quickbooks
from integrations.sync.ingest.router import route_pending_events
from tests.invoice_harness import InvoiceHarness, open_invoice_harness
from tests.portal_harness import open_portal
from tests.simulation import Simulation


def warm(simulator: Simulation, *, numbers: bool) -> InvoiceHarness:
    """One of each has been pushed: lists are known, the account is made."""
    portal = open_portal(simulator, custom_txn_numbers=numbers)
    QuickBooksConnection.objects.update(custom_txn_numbers=numbers)
    harness = open_invoice_harness(portal)
    harness.book_item("Permit")
    harness.pay(harness.invoice(("Permit", 1, 100)), 10)
    harness.work()
    harness.look_at_changes()
    harness.portal.simulator.forget_log()
    return harness


def calls(harness: InvoiceHarness) -> tuple[int, int]:
    """Writes and reads."""
    found = len(harness.calls(write=True)), len(harness.calls(write=False))
    harness.portal.simulator.forget_log()
    return found


@pytest.mark.parametrize(("numbers", "reads"), [(True, 0), (False, 1)])
def test_an_invoice_costs_one_write_and_a_look_up_where_quickbooks_numbers(
    db: None, simulator: Simulation, numbers: bool, reads: int
) -> None:
    harness = warm(simulator, numbers=numbers)
    for _ in range(3):
        harness.invoice(("Permit", 1, 100))
        harness.work()
        assert calls(harness) == (1, reads)
    assert len(harness.books("Invoice")) == 4


@pytest.mark.parametrize("numbers", [True, False])
def test_a_payment_costs_one_write_and_no_read(db: None, simulator: Simulation, numbers: bool) -> None:
    harness = warm(simulator, numbers=numbers)
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    calls(harness)
    for amount in (20, 30, 50):
        harness.pay(invoice, amount)
        harness.work()
        assert calls(harness) == (1, 0)
    assert [row["UnappliedAmt"] for row in harness.books("Payment")] == [0, 0, 0, 0]


def test_a_changed_payment_costs_one_read_and_one_write(db: None, simulator: Simulation) -> None:
    harness = warm(simulator, numbers=True)
    invoice = harness.invoice(("Permit", 1, 100))
    payment = harness.pay(invoice, 40)
    harness.work()
    calls(harness)
    harness.change_payment(invoice, payment, amount=30)
    harness.work()
    assert calls(harness) == (1, 1)


def test_quickbooks_telling_of_our_own_writes_costs_nothing(db: None, simulator: Simulation) -> None:
    harness = warm(simulator, numbers=True)
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    calls(harness)
    for amount in (20, 30, 50):
        harness.pay(invoice, amount)
        harness.work()
        echo(harness)
        harness.work()
        assert calls(harness) == (1, 0)


def echo(harness: InvoiceHarness) -> None:
    """Every payment and invoice there is, as Intuit would tell of it."""
    before = InboundEvent.objects.count()
    logged: list[dict[str, Any]] = [
        {
            "specversion": "1.0",
            "id": f"{entity}-{row['Id']}-{row['SyncToken']}",
            "source": "intuit.test",
            "type": f"qbo.{entity.lower()}.updated.v1",
            "time": row["MetaData"]["LastUpdatedTime"],
            "intuitentityid": row["Id"],
            "intuitaccountid": harness.portal.realm,
            "data": {},
        }
        for entity in ("Payment", "Invoice")
        for row in harness.books(entity)
    ]
    receive_quickbooks(json.dumps(logged).encode())
    assert InboundEvent.objects.count() >= before + 2
    route_pending_events()
    runs = SyncRun.objects.filter(direction="pull")
    assert not runs.exists(), [str(run) for run in runs]


def test_the_look_goes_on_and_no_payment_has_to_look_for_itself(db: None, simulator: Simulation) -> None:
    harness = warm(simulator, numbers=True)
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    calls(harness)
    for amount in (20, 30):
        harness.look_at_changes()
        assert calls(harness) == (0, 1)
        harness.pay(invoice, amount)
        harness.work()
        assert calls(harness) == (1, 0)
