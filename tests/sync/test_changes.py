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
def invoiced(harness: InvoiceHarness) -> tuple[InvoiceHarness, str]:
    harness.invoice(("Permit", 1, 100))
    harness.work()
    return harness, harness.in_books()["Id"]


def sides(**values: Any) -> QuickBooksConnection:
    if values:
        QuickBooksConnection.objects.update(**values)
    return QuickBooksConnection.objects.get()


def test_what_people_recorded_is_noted_an_allocation_a_row(invoiced: tuple[InvoiceHarness, str]) -> None:
    harness, invoice_id = invoiced
    theirs = harness.receive(invoice_id, 40, date="2026-11-10", reference="4711")
    harness.look_at_changes()
    harness.look_at_changes()
    row = ExternalPayment.objects.get()
    assert (row.quickbooks_id, row.quickbooks_invoice_id) == (theirs["Id"], invoice_id)
    assert (row.amount_cents, row.on.isoformat(), row.reference) == (4000, "2026-11-10", "4711")
    assert str(row) == f"payment {theirs['Id']}"


def test_a_change_of_it_is_followed(invoiced: tuple[InvoiceHarness, str]) -> None:
    harness, invoice_id = invoiced
    theirs = harness.receive(invoice_id, 40)
    harness.look_at_changes()
    lines = [{"Amount": 30, "LinkedTxn": theirs["Line"][0]["LinkedTxn"]}]
    harness.edit_books("Payment", theirs["Id"], TotalAmt=30, Line=lines)
    harness.look_at_changes()
    assert ExternalPayment.objects.get().amount_cents == 3000
    harness.edit_books("Payment", theirs["Id"], Line=[])
    harness.look_at_changes()
    row = ExternalPayment.objects.get()
    assert (row.quickbooks_invoice_id, row.amount_cents) == ("", 3000)
    harness.portal.simulator.control(
        f"quickbooks/{harness.portal.realm}/records/Payment/{theirs['Id']}", None, "DELETE"
    )
    harness.look_at_changes()
    assert not ExternalPayment.objects.exists()


def test_our_own_and_those_of_others_customers_are_none(invoiced: tuple[InvoiceHarness, str]) -> None:
    harness, _ = invoiced
    other = harness.portal.simulator.in_books(harness.portal.realm, DisplayName="Walk-in")
    harness.portal.simulator.in_books(
        harness.portal.realm, "Payment", CustomerRef={"value": other["Id"]}, TotalAmt=40
    )
    harness.pay(harness.invoice(("Permit", 1, 100)), 40)
    harness.work()
    harness.look_at_changes()
    assert not ExternalPayment.objects.exists()


def test_it_is_due_at_its_time_only_and_claimed_by_one(
    invoiced: tuple[InvoiceHarness, str], settings: Any
) -> None:
    settings.QUICKBOOKS_CDC_SECONDS = 120
    sides(next_changes_at=timezone.now())
    first = due_cdc_reads()
    assert len(first) == 1
    assert due_cdc_reads() == []
    assert first[0]() == 1
    assert due_cdc_reads() == []
    assert timedelta(seconds=100) < sides().next_changes_at - timezone.now() <= timedelta(seconds=120)


@pytest.mark.parametrize("state", ["disconnected", "needs_authorization"])
def test_it_rests_while_there_is_no_access(invoiced: tuple[InvoiceHarness, str], state: str) -> None:
    sides(next_changes_at=timezone.now(), state=state)
    assert due_cdc_reads() == []


def test_only_customers_are_read_while_syncing_is_off(invoiced: tuple[InvoiceHarness, str]) -> None:
    harness, invoice_id = invoiced
    harness.look_at_changes()
    before = sides()
    harness.switch(False)
    harness.receive(invoice_id, 40)
    harness.portal.simulator.forget_log()
    harness.look_at_changes()
    (call,) = harness.portal.simulator.log("quickbooks")
    assert call["path"].endswith("/cdc")
    after = sides()
    assert before.captured_at is not None
    assert after.captured_at is not None
    assert after.captured_at > before.captured_at
    assert after.money_captured_at == before.money_captured_at
    assert after.changes_cursor_at == before.changes_cursor_at
    assert not ExternalPayment.objects.exists()


def test_lost_access_is_stored(invoiced: tuple[InvoiceHarness, str]) -> None:
    harness, _ = invoiced
    read_at = sides().changes_read_at
    harness.portal.simulator.fault("forbidden", method="GET", times=2)
    harness.look_at_changes()
    assert sides().state == "needs_authorization"
    assert sides().changes_read_at == read_at


def test_trouble_is_made_up_for_by_the_next(invoiced: tuple[InvoiceHarness, str]) -> None:
    harness, invoice_id = invoiced
    read_at = sides().changes_read_at
    harness.receive(invoice_id, 40)
    harness.portal.simulator.fault("throttle", method="GET", times=20)
    harness.look_at_changes()
    assert sides().changes_read_at == read_at
    assert not ExternalPayment.objects.exists()
    harness.portal.simulator.control("faults", None, "DELETE")
    harness.look_at_changes()
    assert ExternalPayment.objects.count() == 1


def test_its_calls_are_counted(invoiced: tuple[InvoiceHarness, str]) -> None:
    harness, _ = invoiced
    before = sum(CallCount.objects.filter(vendor="quickbooks").values_list("reads", flat=True))
    harness.look_at_changes()
    after = sum(CallCount.objects.filter(vendor="quickbooks").values_list("reads", flat=True))
    assert after == before + 1


def test_the_cursor_moves_only_without_a_gap(invoiced: tuple[InvoiceHarness, str]) -> None:
    harness, _ = invoiced
    fresh = sides().changes_cursor_at
    harness.look_at_changes()
    moved = sides().changes_cursor_at
    assert fresh is not None
    assert moved is not None
    assert moved > fresh
    old = timezone.now() - timedelta(days=1)
    sides(changes_cursor_at=old)
    harness.look_at_changes()
    assert sides().changes_cursor_at == old


def test_before_anything_was_pushed_there_is_no_cursor_to_move(harness: InvoiceHarness) -> None:
    harness.look_at_changes()
    assert sides().changes_cursor_at is None
    assert sides().changes_read_at is not None
