"""Turns that are seldom taken: somebody was faster, or there is nothing left to do."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.errors import NameTaken
from integrations.models import Lane, SyncRun
from integrations.sync.engine import context as engine_context
from integrations.sync.engine.context import SyncContext
from integrations.sync.invoices.unapplied import run_for_payment
from integrations.sync.payments import deposit_accounts as payments_deposit_accounts
from integrations.sync.payments.deposit_accounts import deposit_account_for
from tests.sync.desk_of_money import Money


def a_desk(money: Money) -> SyncContext:
    return SyncContext(Lane.objects.get(), money.office.quickbooks)


def test_money_that_somebody_has_put_on_its_invoice_meanwhile_is_left_there(money: Money) -> None:
    invoice = money.invoice(("Permit", 1, 100))
    money.work()
    money.pay(invoice, 40)
    money.work()
    link = money.link("payment")
    link.written["misplaced"] = True
    link.save()
    money.office.simulator.forget_log()
    SyncRun.objects.ask(run_for_payment(a_desk(money), link))
    money.office.work()
    assert money.calls(write=True) == []
    assert money.link("payment").written["misplaced"] is False


def test_an_account_somebody_made_at_the_same_moment_serves_as_well(
    money: Money, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"id": "77", "name": "Coperniq Payments", "account_type": "Other Current Asset", "is_active": True}
    answers = iter([None, row])
    monkeypatch.setattr(payments_deposit_accounts, "find_portal_account", lambda _desk: next(answers))

    def taken(*_: Any) -> None:
        raise NameTaken(vendor="quickbooks")

    monkeypatch.setattr(payments_deposit_accounts, "create_portal_account", taken)
    run = SyncRun(company=money.office.company, connection=money.office.quickbooks)
    assert deposit_account_for(a_desk(money), run, "CASH").id == "77"


def test_memory_does_not_grow_for_ever(money: Money, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_context, "MAX_CACHE_ENTRIES", 2)
    desk = a_desk(money)
    for number in range(5):
        desk.remember(("payments", str(number)), [])
    assert desk.recall(("payments", "0")) is None
    assert desk.recall(("payments", "4")) == []
