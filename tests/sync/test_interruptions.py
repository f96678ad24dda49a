"""Syncing that was off for a while, and QuickBooks that was: nothing is doubled, and edits are made up for."""

from __future__ import annotations

import pytest

from accounts.models import User
from integrations.connections.disconnection import disconnect
from integrations.connections.tokens import token_values
from integrations.models import QuickBooksConnection, SyncRun
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import tokens_for

pytestmark = pytest.mark.every_database


@pytest.mark.parametrize("how", ["switched", "disconnected"])
def test_an_interruption_doubles_nothing_and_edits_are_made_up_for(money: InvoiceHarness, how: str) -> None:
    invoice = money.invoice(("Permit", 1, 100))
    payment, _ = (money.pay(invoice, 30) for _ in range(2))
    money.work()
    money.office.simulator.forget_log()
    interrupt(money, how)
    money.change_payment(invoice, payment, amount=25)
    money.work()
    assert money.calls() == []
    resume(money, how)
    money.sweep()
    assert sorted(row["TotalAmt"] for row in money.books("Payment")) == [25, 30]
    assert len(money.books("Invoice")) == 1
    assert not SyncRun.objects.held().exists()


def interrupt(money: InvoiceHarness, how: str) -> None:
    if how == "switched":
        money.switch(False)
    else:
        user = User.objects.create_user(email="ann@example.com", password="long-enough-1")
        disconnect(money.office.company, user)


def resume(money: InvoiceHarness, how: str) -> None:
    if how == "switched":
        money.switch(True)
        return
    tokens = token_values(tokens_for(money.office.simulator, money.office.realm))
    QuickBooksConnection.objects.update(**tokens, state="connected", disconnected_at=None)
