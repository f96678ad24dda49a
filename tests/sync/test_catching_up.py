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

pytestmark = pytest.mark.every_database

MONEY = ("invoice", "payment")
CURSORS = ("changes_cursor_at", "changes_read_at", "captured_at", "money_captured_at")


class Backup:
    """The database as it was before the first invoice."""

    def __init__(self, money: InvoiceHarness) -> None:
        self.money = money
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
def restored(money: InvoiceHarness) -> tuple[InvoiceHarness, Backup, dict[str, Any]]:
    """A backup was taken; then an invoice of $100 and two payments of $30 came to QuickBooks."""
    money.invoice(("Permit", 1, 5))
    money.work()
    backup = Backup(money)
    invoice = money.invoice(("Permit", 1, 100))
    for _ in range(2):
        money.pay(invoice, 30, paymentDate="2026-11-20T00:00:00Z")
    money.work()
    money.office.simulator.forget_log()
    return money, backup, invoice


Restored = tuple[InvoiceHarness, Backup, dict[str, Any]]


def nothing_is_doubled(money: InvoiceHarness) -> None:
    assert sorted(row["TotalAmt"] for row in money.books("Invoice")) == [5, 100]
    assert [row["TotalAmt"] for row in money.books("Payment")] == [30, 30]
    assert [row["UnappliedAmt"] for row in money.books("Payment")] == [0, 0]
    links = RecordLink.objects.filter(kind__in=MONEY)
    assert sorted(link.match_method for link in links) == ["adopted"] * 4
    assert {link.quickbooks_id for link in links.filter(kind="payment")} == {
        row["Id"] for row in money.books("Payment")
    }
    assert not SyncRun.objects.held().exists()
    money.office.simulator.forget_log()
    money.sweep()
    assert money.calls() == []


@pytest.mark.parametrize(
    ("memory", "process", "looked"), thinned(product([86400, 0], ["the same", "another"], [False, True]), 3)
)
def test_after_a_restored_backup_documents_are_linked_by_their_tag(
    restored: Restored, memory: int, process: str, looked: bool
) -> None:
    money, backup, _ = restored
    money.office.simulator.switch(requestid_memory_seconds=memory)
    money.office.simulator.control("clock", {"shift_seconds": 5})
    backup.restore()
    if process == "another":
        _known.clear()
    if looked:
        money.look_at_changes()
    money.sweep()
    assert money.calls(write=True) == []
    nothing_is_doubled(money)


def test_a_process_that_knew_only_an_older_fence_sees_the_older_cursor(restored: Restored) -> None:
    """The fence of the restored database is no lower than what this process had seen of the lease."""
    money, backup, _ = restored
    seen = next(iter(_known.values()))
    backup.restore(fence=False)
    QuickBooksConnection.objects.update(changes_cursor_at=backup.at - timedelta(seconds=20))
    seen.fence, seen.lease = 1, CompanyLease(fence=1)
    money.sweep()
    assert money.calls(write=True) == []
    nothing_is_doubled(money)


def test_change_data_do_not_move_the_cursor_of_an_unknown_database(restored: Restored) -> None:
    money, backup, _ = restored
    backup.restore()
    _known.clear()
    before = QuickBooksConnection.objects.get().changes_cursor_at
    money.look_at_changes()
    assert QuickBooksConnection.objects.get().changes_cursor_at == before
    money.look_at_changes()
    assert QuickBooksConnection.objects.get().changes_cursor_at != before


def test_the_log_says_what_was_linked_again(restored: Restored) -> None:
    money, backup, _ = restored
    backup.restore()
    money.sweep()
    relinked = SyncLogEntry.objects.filter(cause=Cause.ADOPTED, kind="payment")
    assert (
        "done",
        "Payment of $30.00 in QuickBooks carries the portal's tag and was linked again instead of being created twice.",
    ) in relinked.values_list("outcome", "sentence")


def test_edits_made_since_are_made_up_for(restored: Restored) -> None:
    money, backup, invoice = restored
    payment = listed(money, invoice)[0]
    backup.restore()
    money.change_payment(invoice, payment, amount=25)
    money.edit(invoice, description="Thank you")
    money.pay(invoice, 10)
    money.sweep()
    assert sorted(row["TotalAmt"] for row in money.books("Payment")) == [10, 25, 30]
    billed = next(row for row in money.books("Invoice") if row["TotalAmt"] == 100)
    assert billed["Balance"] == 35
    assert billed["PrivateNote"].startswith("Thank you")


def listed(money: InvoiceHarness, invoice: dict[str, Any]) -> list[dict[str, Any]]:
    url = f"{money.office.simulator.url}/coperniq/v1/invoices/{invoice['id']}/payments"
    answer = money.office.simulator.session.get(
        url, headers={"x-api-key": "key-of-the-first-company"}, timeout=10
    )
    return list(answer.json())


def test_edits_on_both_sides_are_a_question_after_a_restore(restored: Restored) -> None:
    """Nobody knows any more what the portal had written: money is not overwritten on a guess."""
    money, backup, _ = restored
    recorded = money.books("Payment")[0]
    lines = [{"Amount": 20, "LinkedTxn": recorded["Line"][0]["LinkedTxn"]}]
    money.edit_books("Payment", recorded["Id"], TotalAmt=20, Line=lines)
    backup.restore()
    money.sweep()
    assert money.held().cause == "conflict"
    money.decide("use_coperniq")
    assert [row["TotalAmt"] for row in money.books("Payment")] == [30, 30]


def test_a_payment_removed_since_is_noticed(restored: Restored) -> None:
    money, backup, invoice = restored
    backup.restore()
    money.remove_payment(invoice, listed(money, invoice)[0])
    money.sweep()
    money.pay(invoice, 1)
    money.sweep()
    assert money.held().cause == "payment_vanished"
    assert len(money.books("Payment")) == 3


def test_a_payment_with_nothing_applied_is_known_too(money: InvoiceHarness) -> None:
    """The payment names no invoice in QuickBooks: its tag does."""
    money.office.simulator.switch(overpayment="accept", requestid_memory_seconds=0)
    money.invoice(("Permit", 1, 5))
    money.work()
    backup = Backup(money)
    invoice = money.invoice(("Permit", 1, 100))
    payment = money.pay(invoice, 100)
    money.pay(invoice, 40)
    money.work()
    assert sorted(row["UnappliedAmt"] for row in money.books("Payment")) == [0, 40]
    money.office.simulator.control("clock", {"shift_seconds": 5})
    backup.restore()
    money.sweep()
    assert len(money.books("Payment")) == 2
    assert {link.coperniq_parent_id for link in RecordLink.objects.filter(kind="payment")} == {
        str(invoice["id"])
    }
    money.change_payment(invoice, payment, amount=90)
    money.sweep()
    assert sorted(row["TotalAmt"] for row in money.books("Payment")) == [40, 90]


def test_what_waited_for_an_adopted_invoice_is_released(restored: Restored) -> None:
    money, backup, invoice = restored
    backup.restore()
    payment = listed(money, invoice)[0]
    SyncRun.objects.create(
        company=money.office.company,
        connection=money.office.quickbooks,
        kind="payment",
        action="push_payment",
        coperniq_id=str(payment["id"]),
        coperniq_parent_id=str(invoice["id"]),
        state="waiting",
        waits_for_kind="invoice",
        waits_for_id=str(invoice["id"]),
    )
    money.sweep()
    nothing_is_doubled(money)


def test_a_backup_from_before_the_switch_on_is_no_gap(restored: Restored) -> None:
    money, backup, _ = restored
    backup.restore()
    InvoiceSyncPeriod.objects.all().delete()
    QuickBooksConnection.objects.update(changes_cursor_at=None, changes_read_at=None)
    money.office.simulator.control("clock", {"shift_seconds": 3600})
    money.switch(True)
    InvoiceSyncPeriod.objects.update(on_at=timezone.now() + timedelta(minutes=50))
    money.sweep()
    for run in SyncRun.objects.filter(cause="before_cut_off"):
        money.decide("send_anyway", run)
    assert len(money.books("Payment")) == 2
    assert len(money.books("Invoice")) == 2


def test_after_a_long_outage_the_worker_recovers_once(restored: Restored) -> None:
    money, _, invoice = restored
    QuickBooksConnection.objects.update(changes_cursor_at=timezone.now() - timedelta(days=3))
    money.pay(invoice, 10)
    money.work()
    assert len(money.calls(write=False)) == 2
    money.pay(invoice, 11)
    money.work()
    assert len(money.calls(write=False)) == 2
    assert len(money.books("Payment")) == 4


def test_a_copied_invoice_is_not_taken_for_the_first(restored: Restored) -> None:
    """Copying in QuickBooks copies the note with the portal's tag."""
    money, backup, _ = restored
    first = next(row for row in money.books("Invoice") if row["TotalAmt"] == 100)
    names = ("CustomerRef", "PrivateNote")
    lines = [line for line in first["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    bare = [{name: line[name] for name in ("Amount", "DetailType")} for line in lines]
    item = {"ItemRef": lines[0]["SalesItemLineDetail"]["ItemRef"]}
    copy = money.office.simulator.in_books(
        money.office.realm,
        "Invoice",
        **{name: first[name] for name in names},
        DocNumber="COPY",
        Line=[{**line, "SalesItemLineDetail": item} for line in bare],
    )
    backup.restore()
    money.sweep()
    linked = set(RecordLink.objects.filter(kind="invoice").values_list("quickbooks_id", flat=True))
    assert first["Id"] in linked
    assert copy["Id"] not in linked
