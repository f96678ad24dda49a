"""After a restored backup or a long outage: documents that exist in QuickBooks are not created again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.utils import timezone

from integrations.causes import Cause
from integrations.models import (
    CompanyLease,
    CoperniqConnection,
    ExternalPayment,
    InboundEvent,
    InvoiceSyncPeriod,
    PolledInvoice,
    QuickBooksConnection,
    RecordLink,
    RemoteWrite,
    SyncLogEntry,
    SyncRun,
)
from integrations.sync.engine.continuity import _known
from tests.invoice_harness import InvoiceHarness
from tests.sampling import thinned

MONEY = ("invoice", "payment")
CURSORS = ("changes_cursor_at", "changes_read_at", "captured_at", "money_captured_at")


class Backup:
    """The database as it was before the first invoice."""

    def __init__(self, harness: InvoiceHarness) -> None:
        self.money = harness
        self.at = timezone.now()
        self.coperniq = CoperniqConnection.objects.values().get()
        self.quickbooks = QuickBooksConnection.objects.values().get()
        self.lease = CompanyLease.objects.values().get()
        self.events = set(InboundEvent.objects.values_list("pk", flat=True))
        self.runs = set(SyncRun.objects.values_list("pk", flat=True))

    def restore(self, *, fence: bool = True) -> None:
        RecordLink.objects.filter(kind__in=(*MONEY, "item")).delete()
        RemoteWrite.objects.filter(kind__in=MONEY).delete()
        SyncLogEntry.objects.filter(kind__in=MONEY).delete()
        SyncRun.objects.exclude(pk__in=self.runs).delete()
        InboundEvent.objects.exclude(pk__in=self.events).delete()
        PolledInvoice.objects.all().delete()
        ExternalPayment.objects.all().delete()
        CoperniqConnection.objects.update(
            **only(self.coperniq, "invoices_cursor_at", "next_invoice_sweep_at")
        )
        QuickBooksConnection.objects.update(**only(self.quickbooks, *CURSORS, "payments_account_id"))
        if fence:
            CompanyLease.objects.update(**only(self.lease, "fence", "notify_count"))


def only(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


@pytest.fixture
def backed_up(harness: InvoiceHarness) -> tuple[InvoiceHarness, Backup, dict[str, Any]]:
    """A backup was taken; then an invoice of $100 and two payments of $30 came to QuickBooks."""
    harness.invoice(("Permit", 1, 5))
    harness.work()
    backup = Backup(harness)
    invoice = harness.invoice(("Permit", 1, 100))
    for _ in range(2):
        harness.pay(invoice, 30, paymentDate="2026-11-20T00:00:00Z")
    harness.work()
    harness.portal.simulator.forget_log()
    return harness, backup, invoice


Restored = tuple[InvoiceHarness, Backup, dict[str, Any]]


def nothing_is_doubled(harness: InvoiceHarness) -> None:
    assert sorted(row["TotalAmt"] for row in harness.books("Invoice")) == [5, 100]
    assert [row["TotalAmt"] for row in harness.books("Payment")] == [30, 30]
    assert [row["UnappliedAmt"] for row in harness.books("Payment")] == [0, 0]
    links = RecordLink.objects.filter(kind__in=MONEY)
    assert sorted(link.match_method for link in links) == ["adopted"] * 4
    assert {link.quickbooks_id for link in links.filter(kind="payment")} == {
        row["Id"] for row in harness.books("Payment")
    }
    assert not SyncRun.objects.held().exists()
    harness.portal.simulator.forget_log()
    harness.sweep()
    assert harness.calls() == []


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("memory", "process", "looked"), thinned(product([86400, 0], ["the same", "another"], [False, True]), 3)
)
def test_after_a_restored_backup_documents_are_linked_by_their_tag(
    backed_up: Restored, memory: int, process: str, looked: bool
) -> None:
    harness, backup, _ = backed_up
    harness.portal.simulator.switch(requestid_memory_seconds=memory)
    harness.portal.simulator.control("clock", {"shift_seconds": 5})
    backup.restore()
    if process == "another":
        _known.clear()
    if looked:
        harness.look_at_changes()
    harness.sweep()
    assert harness.calls(write=True) == []
    nothing_is_doubled(harness)


@pytest.mark.every_database
def test_a_process_that_knew_only_an_older_fence_sees_the_older_cursor(backed_up: Restored) -> None:
    """The fence of the restored database is no lower than what this process had seen of the lease."""
    harness, backup, _ = backed_up
    seen = next(iter(_known.values()))
    backup.restore(fence=False)
    QuickBooksConnection.objects.update(changes_cursor_at=backup.at - timedelta(seconds=20))
    seen.fence, seen.lease = 1, CompanyLease(fence=1)
    harness.sweep()
    assert harness.calls(write=True) == []
    nothing_is_doubled(harness)


@pytest.mark.every_database
def test_change_data_do_not_move_the_cursor_of_an_unknown_database(backed_up: Restored) -> None:
    harness, backup, _ = backed_up
    backup.restore()
    _known.clear()
    before = QuickBooksConnection.objects.get().changes_cursor_at
    harness.look_at_changes()
    assert QuickBooksConnection.objects.get().changes_cursor_at == before
    harness.look_at_changes()
    assert QuickBooksConnection.objects.get().changes_cursor_at != before


def test_the_log_says_what_was_linked_again(backed_up: Restored) -> None:
    harness, backup, _ = backed_up
    backup.restore()
    harness.sweep()
    relinked = SyncLogEntry.objects.filter(cause=Cause.ADOPTED, kind="payment")
    assert (
        "done",
        "Payment of $30.00 in QuickBooks carries the portal's tag and was linked again instead of being created twice.",
    ) in relinked.values_list("outcome", "sentence")


def test_edits_made_since_are_made_up_for(backed_up: Restored) -> None:
    harness, backup, invoice = backed_up
    payment = listed(harness, invoice)[0]
    backup.restore()
    harness.change_payment(invoice, payment, amount=25)
    harness.edit(invoice, description="Thank you")
    harness.pay(invoice, 10)
    harness.sweep()
    assert sorted(row["TotalAmt"] for row in harness.books("Payment")) == [10, 25, 30]
    billed = next(row for row in harness.books("Invoice") if row["TotalAmt"] == 100)
    assert billed["Balance"] == 35
    assert billed["PrivateNote"].startswith("Thank you")


def listed(harness: InvoiceHarness, invoice: dict[str, Any]) -> list[dict[str, Any]]:
    url = f"{harness.portal.simulator.url}/coperniq/v1/invoices/{invoice['id']}/payments"
    answer = harness.portal.simulator.session.get(
        url, headers={"x-api-key": "key-of-the-first-company"}, timeout=10
    )
    return list(answer.json())


def test_edits_on_both_sides_are_a_question_after_a_restore(backed_up: Restored) -> None:
    """Nobody knows any more what the portal had written: money is not overwritten on a guess."""
    harness, backup, _ = backed_up
    recorded = harness.books("Payment")[0]
    lines = [{"Amount": 20, "LinkedTxn": recorded["Line"][0]["LinkedTxn"]}]
    harness.edit_books("Payment", recorded["Id"], TotalAmt=20, Line=lines)
    backup.restore()
    harness.sweep()
    assert harness.held().cause == "conflict"
    harness.decide("use_coperniq")
    assert [row["TotalAmt"] for row in harness.books("Payment")] == [30, 30]


def test_a_payment_removed_since_is_noticed(backed_up: Restored) -> None:
    harness, backup, invoice = backed_up
    backup.restore()
    harness.remove_payment(invoice, listed(harness, invoice)[0])
    harness.sweep()
    harness.pay(invoice, 1)
    harness.sweep()
    assert harness.held().cause == "payment_vanished"
    assert len(harness.books("Payment")) == 3


def test_a_payment_with_nothing_applied_is_known_too(harness: InvoiceHarness) -> None:
    """The payment names no invoice in QuickBooks: its tag does."""
    harness.portal.simulator.switch(overpayment="accept", requestid_memory_seconds=0)
    harness.invoice(("Permit", 1, 5))
    harness.work()
    backup = Backup(harness)
    invoice = harness.invoice(("Permit", 1, 100))
    payment = harness.pay(invoice, 100)
    harness.pay(invoice, 40)
    harness.work()
    assert sorted(row["UnappliedAmt"] for row in harness.books("Payment")) == [0, 40]
    harness.portal.simulator.control("clock", {"shift_seconds": 5})
    backup.restore()
    harness.sweep()
    assert len(harness.books("Payment")) == 2
    assert {link.coperniq_parent_id for link in RecordLink.objects.filter(kind="payment")} == {
        str(invoice["id"])
    }
    harness.change_payment(invoice, payment, amount=90)
    harness.sweep()
    assert sorted(row["TotalAmt"] for row in harness.books("Payment")) == [40, 90]


def test_what_waited_for_an_adopted_invoice_is_released(backed_up: Restored) -> None:
    harness, backup, invoice = backed_up
    backup.restore()
    payment = listed(harness, invoice)[0]
    SyncRun.objects.create(
        company=harness.portal.company,
        connection=harness.portal.quickbooks,
        kind="payment",
        action="push_payment",
        coperniq_id=str(payment["id"]),
        coperniq_parent_id=str(invoice["id"]),
        state="waiting",
        waits_for_kind="invoice",
        waits_for_id=str(invoice["id"]),
    )
    harness.sweep()
    nothing_is_doubled(harness)


def test_a_backup_from_before_the_switch_on_is_no_gap(backed_up: Restored) -> None:
    harness, backup, _ = backed_up
    backup.restore()
    InvoiceSyncPeriod.objects.all().delete()
    QuickBooksConnection.objects.update(changes_cursor_at=None, changes_read_at=None)
    harness.portal.simulator.control("clock", {"shift_seconds": 3600})
    harness.switch(True)
    InvoiceSyncPeriod.objects.update(on_at=timezone.now() + timedelta(minutes=50))
    harness.sweep()
    for run in SyncRun.objects.filter(cause="before_cut_off"):
        harness.decide("send_anyway", run)
    assert len(harness.books("Payment")) == 2
    assert len(harness.books("Invoice")) == 2


def test_after_a_long_outage_the_worker_recovers_once(backed_up: Restored) -> None:
    harness, _, invoice = backed_up
    QuickBooksConnection.objects.update(changes_cursor_at=timezone.now() - timedelta(days=3))
    harness.pay(invoice, 10)
    harness.work()
    assert len(harness.calls(write=False)) == 2
    harness.pay(invoice, 11)
    harness.work()
    assert len(harness.calls(write=False)) == 2
    assert len(harness.books("Payment")) == 4


def test_a_copied_invoice_is_not_taken_for_the_first(backed_up: Restored) -> None:
    """Copying in QuickBooks copies the note with the portal's tag."""
    harness, backup, _ = backed_up
    first = next(row for row in harness.books("Invoice") if row["TotalAmt"] == 100)
    names = ("CustomerRef", "PrivateNote")
    lines = [line for line in first["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    bare = [{name: line[name] for name in ("Amount", "DetailType")} for line in lines]
    item = {"ItemRef": lines[0]["SalesItemLineDetail"]["ItemRef"]}
    copy = harness.portal.simulator.in_books(
        harness.portal.realm,
        "Invoice",
        **{name: first[name] for name in names},
        DocNumber="COPY",
        Line=[{**line, "SalesItemLineDetail": item} for line in bare],
    )
    backup.restore()
    harness.sweep()
    linked = set(RecordLink.objects.filter(kind="invoice").values_list("quickbooks_id", flat=True))
    assert first["Id"] in linked
    assert copy["Id"] not in linked
