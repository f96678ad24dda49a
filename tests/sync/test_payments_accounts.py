"""Where money lands: “Coperniq Payments”, made once and known by its id, or the account chosen for a method."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from integrations.models import Action, CompanyLease, Kind, QuickBooksConnection, RemoteWrite, SyncRun
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan, PlannedWrite
from integrations.sync.engine.planning import make_plan
from integrations.sync.payments import deposit_accounts as payments_deposit_accounts
from integrations.sync.payments.deposit_accounts import deposit_account_for, payment_method_for
from tests.invoice_harness import InvoiceHarness, open_invoice_harness
from tests.portal_harness import open_portal
from tests.sampling import crossed
from tests.simulation import Simulation
from tests.sync.customer_builders import sent_long_ago
from tests.sync.pull_builders import assert_nothing_left_to_do
from tests.sync.two_way import TwoWayHarness
from tests.sync.two_way_histories import die

NAME = "Coperniq Payments"


def ours(harness: InvoiceHarness) -> list[dict[str, Any]]:
    return [row for row in harness.books("Account") if row["Name"].startswith(NAME)]


def account_of(harness: InvoiceHarness, payment: dict[str, Any]) -> dict[str, Any]:
    wanted = payment["DepositToAccountRef"]["value"]
    return next(row for row in harness.books("Account") if row["Id"] == wanted)


def pay(harness: InvoiceHarness, amount: object = 40, **fields: Any) -> dict[str, Any]:
    invoice = harness.invoice(("Permit", 1, 100))
    harness.pay(invoice, amount, **fields)
    harness.work()
    return invoice


def account(harness: InvoiceHarness, **fields: Any) -> dict[str, Any]:
    return harness.portal.simulator.in_books(harness.portal.realm, "Account", **fields)


def test_the_account_is_made_once(harness: InvoiceHarness) -> None:
    pay(harness)
    pay(harness, 50, paymentMethod="CASH")
    (made,) = ours(harness)
    assert (made["AccountType"], made["AccountSubType"]) == ("Other Current Asset", "OtherCurrentAssets")
    assert {row["DepositToAccountRef"]["value"] for row in harness.books("Payment")} == {made["Id"]}
    assert "done: Created the account “Coperniq Payments” in QuickBooks." in harness.logged()


def test_an_account_of_that_name_and_kind_is_taken_as_it_is(harness: InvoiceHarness) -> None:
    made = account(harness, Name="coperniq payments", AccountType="Other Current Asset")
    pay(harness)
    assert harness.in_books("Payment")["DepositToAccountRef"]["value"] == made["Id"]
    assert ours(harness) == []


def test_a_renamed_account_is_known_by_its_id(harness: InvoiceHarness) -> None:
    pay(harness)
    (made,) = ours(harness)
    harness.edit_books("Account", made["Id"], Name="Money on its way")
    pay(harness, 50)
    assert {row["DepositToAccountRef"]["value"] for row in harness.books("Payment")} == {made["Id"]}
    assert ours(harness) == []


def test_the_same_name_with_another_type_is_held_until_it_is_renamed(harness: InvoiceHarness) -> None:
    made = account(harness, Name=NAME, AccountType="Expense")
    pay(harness)
    run = harness.held()
    assert run.cause == "deposit_account_unusable"
    assert run.sentence == (
        "QuickBooks has an account “Coperniq Payments” of the type Expense instead of Other Current Asset. "
        "Rename it there, or choose another account for payments on the QuickBooks page; then try again."
    )
    harness.edit_books("Account", made["Id"], Name="Old one")
    harness.decide("retry")
    assert account_of(harness, harness.in_books("Payment"))["Name"] == NAME


def test_an_inactive_account_of_that_name_is_held_until_it_is_active(harness: InvoiceHarness) -> None:
    made = account(harness, Name=NAME, AccountType="Other Current Asset")
    harness.edit_books("Account", made["Id"], Active=False)
    pay(harness)
    assert harness.held().cause == "deposit_account_unusable"
    harness.edit_books("Account", made["Id"], Active=True, Name=NAME)
    harness.decide("retry")
    assert harness.in_books("Payment")["DepositToAccountRef"]["value"] == made["Id"]


def test_one_made_inactive_later_is_noticed_when_quickbooks_refuses_it(harness: InvoiceHarness) -> None:
    pay(harness)
    (made,) = ours(harness)
    harness.edit_books("Account", made["Id"], Active=False)
    pay(harness, 50)
    assert harness.held().cause == "deposit_account_unusable"
    harness.edit_books("Account", made["Id"], Active=True, Name=NAME)
    harness.decide("retry")
    assert len(harness.books("Payment")) == 2


def test_each_method_may_have_an_account_of_its_own(harness: InvoiceHarness) -> None:
    till = account(harness, Name="Till", AccountType="Bank")
    harness.configure(deposit_accounts={"CASH": till["Id"]})
    pay(harness, 40, paymentMethod="CASH")
    assert harness.in_books("Payment")["DepositToAccountRef"]["value"] == till["Id"]
    assert ours(harness) == []
    pay(harness, 50, paymentMethod="ACH")
    assert len(ours(harness)) == 1


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [("Expense", "is neither a bank account nor a current asset"), ("", "with id 999")],
)
def test_a_chosen_account_that_takes_no_payments_is_held(
    harness: InvoiceHarness, chosen: str, reason: str
) -> None:
    made = account(harness, Name="Odd", AccountType=chosen)["Id"] if chosen else "999"
    harness.configure(deposit_accounts={"CHECK": made})
    pay(harness)
    assert reason in harness.held().sentence
    harness.configure(deposit_accounts={})
    harness.decide("retry")
    assert len(harness.books("Payment")) == 1


@pytest.mark.parametrize(
    ("fault", "way"),
    crossed(
        ["lost_answer", "error_500", "refuse_connection_before"],
        list(product([False, True], [("Account", NAME), ("PaymentMethod", "ACH")])),
    ),
)
def test_the_answer_to_their_making_may_be_lost(
    harness: InvoiceHarness, fault: str, way: tuple[bool, tuple[str, str]]
) -> None:
    old, (entity, name) = way
    invoice = harness.invoice(("Permit", 1, 100))
    harness.pay(invoice, 40, paymentMethod="ACH")
    harness.work_until_payment()
    harness.portal.simulator.fault(fault, method="POST", path=f"/{entity.lower()}", times=1)
    harness.portal.work_once()
    assert RemoteWrite.objects.open().get().entity == entity
    if old:
        sent_long_ago()
    harness.work()
    assert len([row for row in harness.books(entity) if row["Name"] == name]) == 1
    assert len(harness.books("Payment")) == 1
    assert not RemoteWrite.objects.open().exists()


def test_who_comes_second_finds_it_made(harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    pay(harness)
    (made,) = ours(harness)
    answers = iter(["", made["Id"]])
    monkeypatch.setattr(payments_deposit_accounts, "stored_account_id", lambda _ctx: next(answers))
    pay(harness, 50)
    assert len(ours(harness)) == 1
    assert {row["DepositToAccountRef"]["value"] for row in harness.books("Payment")} == {made["Id"]}


@pytest.mark.django_db(transaction=True)
def test_two_threads_at_once_make_one_account_and_one_method(simulator: Simulation) -> None:
    portal = open_portal(simulator)
    harness = open_invoice_harness(portal)
    lease = CompanyLease.objects.get()
    assert lease.take(timezone.now(), timedelta(seconds=60))
    run = SyncRun.objects.create(
        company=portal.company,
        connection=portal.quickbooks,
        kind=Kind.PAYMENT,
        action=Action.PUSH_PAYMENT,
        coperniq_id="1",
    )
    found: list[object] = []

    def plan_ach(ctx: SyncContext, _run: SyncRun) -> Plan:
        values = {"account": deposit_account_for(ctx, "ACH").id, "method": payment_method_for(ctx, "ACH")[0]}
        return Plan("", "", PlannedWrite("create", "Payment", values, ()))

    def settle() -> None:
        ctx = SyncContext(lease, QuickBooksConnection.objects.get())
        planned = make_plan(ctx, run, plan_ach)
        found.append(planned.write and planned.write.values)
        connections.close_all()

    threads = [threading.Thread(target=settle) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len({repr(each) for each in found}) == 1
    assert len(ours(harness)) == 1
    assert len([row for row in harness.books("PaymentMethod") if row["Name"] == "ACH"]) == 1


def test_an_account_left_without_an_answer_is_told_though_nobody_needs_it_any_more(
    harness: InvoiceHarness,
) -> None:
    billed = harness.invoice(("Permit", 1, 100))
    harness.work()
    paid = harness.pay(billed, 40)
    harness.portal.simulator.fault("lost_answer", method="POST", path="/account", times=9)
    harness.work_until_payment()
    harness.portal.work_once()
    assert RemoteWrite.objects.open().get().entity == "Account"
    harness.portal.simulator.control("faults", method="DELETE")
    die()
    harness.remove_payment(billed, paid)
    harness.work()
    assert "done: Created the account “Coperniq Payments” in QuickBooks." in harness.logged()
    assert_nothing_left_to_do(TwoWayHarness(harness))
