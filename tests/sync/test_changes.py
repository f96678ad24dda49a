"""Change data capture finds the payments that people record in QuickBooks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import CallCount, ExternalPayment, QuickBooksConnection
from integrations.sync.ingest.quickbooks_cdc import due_cdc_reads
from tests.invoice_harness import InvoiceHarness


@pytest.fixture
def billed(money: InvoiceHarness) -> tuple[InvoiceHarness, str]:
    money.invoice(("Permit", 1, 100))
    money.work()
    return money, money.in_books()["Id"]


def books(**values: Any) -> QuickBooksConnection:
    if values:
        QuickBooksConnection.objects.update(**values)
    return QuickBooksConnection.objects.get()


def test_what_people_recorded_is_noted_an_allocation_a_row(billed: tuple[InvoiceHarness, str]) -> None:
    money, invoice_id = billed
    theirs = money.receive(invoice_id, 40, date="2026-11-10", reference="4711")
    money.look_at_changes()
    money.look_at_changes()
    row = ExternalPayment.objects.get()
    assert (row.quickbooks_id, row.quickbooks_invoice_id) == (theirs["Id"], invoice_id)
    assert (row.amount_cents, row.on.isoformat(), row.reference) == (4000, "2026-11-10", "4711")
    assert str(row) == f"payment {theirs['Id']}"


def test_a_change_of_it_is_followed(billed: tuple[InvoiceHarness, str]) -> None:
    money, invoice_id = billed
    theirs = money.receive(invoice_id, 40)
    money.look_at_changes()
    lines = [{"Amount": 30, "LinkedTxn": theirs["Line"][0]["LinkedTxn"]}]
    money.edit_books("Payment", theirs["Id"], TotalAmt=30, Line=lines)
    money.look_at_changes()
    assert ExternalPayment.objects.get().amount_cents == 3000
    money.edit_books("Payment", theirs["Id"], Line=[])
    money.look_at_changes()
    assert not ExternalPayment.objects.exists()


def test_our_own_and_those_of_others_customers_are_none(billed: tuple[InvoiceHarness, str]) -> None:
    money, _ = billed
    other = money.office.simulator.in_books(money.office.realm, DisplayName="Walk-in")
    money.office.simulator.in_books(
        money.office.realm, "Payment", CustomerRef={"value": other["Id"]}, TotalAmt=40
    )
    money.pay(money.invoice(("Permit", 1, 100)), 40)
    money.work()
    money.look_at_changes()
    assert not ExternalPayment.objects.exists()


def test_it_is_due_at_its_time_only_and_claimed_by_one(
    billed: tuple[InvoiceHarness, str], settings: Any
) -> None:
    settings.QUICKBOOKS_CDC_SECONDS = 120
    books(next_changes_at=timezone.now())
    first = due_cdc_reads()
    assert len(first) == 1
    assert due_cdc_reads() == []
    assert first[0]() == 1
    assert due_cdc_reads() == []
    assert timedelta(seconds=100) < books().next_changes_at - timezone.now() <= timedelta(seconds=120)


@pytest.mark.parametrize("state", ["disconnected", "needs_authorization"])
def test_it_rests_while_there_is_no_access(billed: tuple[InvoiceHarness, str], state: str) -> None:
    books(next_changes_at=timezone.now(), state=state)
    assert due_cdc_reads() == []


def test_only_customers_are_read_while_syncing_is_off(billed: tuple[InvoiceHarness, str]) -> None:
    money, invoice_id = billed
    money.look_at_changes()
    before = books()
    money.switch(False)
    money.receive(invoice_id, 40)
    money.office.simulator.forget_log()
    money.look_at_changes()
    (call,) = money.office.simulator.log("quickbooks")
    assert call["path"].endswith("/cdc")
    after = books()
    assert before.captured_at is not None
    assert after.captured_at is not None
    assert after.captured_at > before.captured_at
    assert after.money_captured_at == before.money_captured_at
    assert after.changes_cursor_at == before.changes_cursor_at
    assert not ExternalPayment.objects.exists()


def test_lost_access_is_stored(billed: tuple[InvoiceHarness, str]) -> None:
    money, _ = billed
    read_at = books().changes_read_at
    money.office.simulator.fault("forbidden", method="GET", times=2)
    money.look_at_changes()
    assert books().state == "needs_authorization"
    assert books().changes_read_at == read_at


def test_trouble_is_made_up_for_by_the_next(billed: tuple[InvoiceHarness, str]) -> None:
    money, invoice_id = billed
    read_at = books().changes_read_at
    money.receive(invoice_id, 40)
    money.office.simulator.fault("throttle", method="GET", times=20)
    money.look_at_changes()
    assert books().changes_read_at == read_at
    assert not ExternalPayment.objects.exists()
    money.office.simulator.control("faults", None, "DELETE")
    money.look_at_changes()
    assert ExternalPayment.objects.count() == 1


def test_its_calls_are_counted(billed: tuple[InvoiceHarness, str]) -> None:
    money, _ = billed
    before = sum(CallCount.objects.filter(vendor="quickbooks").values_list("reads", flat=True))
    money.look_at_changes()
    after = sum(CallCount.objects.filter(vendor="quickbooks").values_list("reads", flat=True))
    assert after == before + 1


def test_the_cursor_moves_only_without_a_gap(billed: tuple[InvoiceHarness, str]) -> None:
    money, _ = billed
    fresh = books().changes_cursor_at
    money.look_at_changes()
    moved = books().changes_cursor_at
    assert fresh is not None
    assert moved is not None
    assert moved > fresh
    old = timezone.now() - timedelta(days=1)
    books(changes_cursor_at=old)
    money.look_at_changes()
    assert books().changes_cursor_at == old


def test_before_anything_was_pushed_there_is_no_cursor_to_move(money: InvoiceHarness) -> None:
    money.look_at_changes()
    assert books().changes_cursor_at is None
    assert books().changes_read_at is not None
