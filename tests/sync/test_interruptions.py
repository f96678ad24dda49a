"""Syncing that was off for a while, and QuickBooks that was: nothing is doubled, and edits are made up for."""

from __future__ import annotations

import pytest

from accounts.models import User
from integrations.connections.disconnection import disconnect
from integrations.connections.tokens import token_values
from integrations.models import QuickBooksConnection, SyncRun
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import tokens_for


@pytest.mark.parametrize("how", ["switched", "disconnected"])
def test_an_interruption_doubles_nothing_and_edits_are_made_up_for(harness: InvoiceHarness, how: str) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    payment, _ = (harness.pay(invoice, 30) for _ in range(2))
    harness.work()
    harness.portal.simulator.forget_log()
    interrupt(harness, how)
    harness.change_payment(invoice, payment, amount=25)
    harness.work()
    assert harness.calls() == []
    resume(harness, how)
    harness.sweep()
    assert sorted(row["TotalAmt"] for row in harness.books("Payment")) == [25, 30]
    assert len(harness.books("Invoice")) == 1
    assert not SyncRun.objects.held().exists()


def interrupt(harness: InvoiceHarness, how: str) -> None:
    if how == "switched":
        harness.switch(False)
    else:
        user = User.objects.create_user(email="ann@example.com", password="long-enough-1")
        disconnect(harness.portal.company, user)


def resume(harness: InvoiceHarness, how: str) -> None:
    if how == "switched":
        harness.switch(True)
        return
    tokens = token_values(tokens_for(harness.portal.simulator, harness.portal.realm))
    QuickBooksConnection.objects.update(**tokens, state="connected", disconnected_at=None)
