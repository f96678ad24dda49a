"""What the portal wrote itself: no read and no write when it is told of it, and found again by its mark."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.pull_builders import (
    assert_nothing_left_to_do,
    invoice,
    invoices,
    logged_in_order,
    payments,
    ring_again,
    writes,
)
from tests.sync.test_catching_up import Backup
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def books(office: PortalHarness) -> TwoWayHarness:
    return open_two_way(office)


def reads(books: TwoWayHarness, vendor: str) -> list[str]:
    return [call["path"] for call in books.money.office.simulator.log(vendor, write=False)]


def linked(kind: str) -> list[tuple[str, str, str]]:
    return sorted(
        RecordLink.objects.filter(kind=kind).values_list(
            "coperniq_id", "quickbooks_id", "allocation_invoice_id"
        )
    )


def test_notifications_of_our_own_writes_cost_nothing(books: TwoWayHarness) -> None:
    ours = books.money.invoice(("Permit", 1, 100))
    books.money.work()
    books.money.pay(ours, 40)
    books.money.work()
    books.money.edit(ours, description="Changed")
    books.money.work()
    books.money.office.simulator.forget_log()
    before = logged_in_order(books)
    ring_again(books)
    books.money.office.work()
    assert (reads(books, "quickbooks"), writes(books), logged_in_order(books)) == ([], [], before)
    books.heard()
    assert writes(books) == []
    assert not any("/invoice/" in path or "/payment/" in path for path in reads(books, "quickbooks"))
    assert_nothing_left_to_do(books)


def test_what_the_portal_wrote_into_coperniq_asks_quickbooks_nothing(books: TwoWayHarness) -> None:
    made = books.invoice(note="First")
    books.payment({"id": made["Id"], "amount": 40})
    books.heard()
    books.change(made, note="Second", due="2027-01-05")
    books.heard()
    books.money.office.simulator.forget_log()
    books.money.work()
    books.money.sweep()
    assert reads(books, "quickbooks") == []
    assert writes(books) == []
    assert_nothing_left_to_do(books)


def bought(books: TwoWayHarness) -> None:
    """An invoice and its payment of either side, on both."""
    made = books.invoice(note="Pulled")
    books.payment({"id": made["Id"], "amount": 40})
    books.heard()
    ours = books.money.invoice(("Permit", 1, 70))
    books.money.pay(ours, 30)
    books.money.work()
    books.heard()


@pytest.mark.parametrize("road", ["poll first", "change data first", "webhook first"])
def test_a_restored_database_finds_everything_by_its_marks(books: TwoWayHarness, road: str) -> None:
    backup = Backup(books.money)
    bought(books)
    before = linked("invoice"), linked("payment")
    backup.restore()
    books.money.office.simulator.forget_log()
    if road == "poll first":
        books.money.sweep()
    if road == "webhook first":
        ring_again(books)
        books.money.office.work()
    books.heard()
    books.money.sweep()
    books.heard()
    assert (linked("invoice"), linked("payment")) == before
    assert writes(books) == []
    assert not SyncRun.objects.open().exists(), logged_in_order(books)
    assert (len(invoices(books)), len(books.money.books("Invoice")), len(books.money.books("Payment"))) == (
        2,
        2,
        2,
    )
    assert_nothing_left_to_do(books)


@pytest.mark.parametrize("road", ["poll first", "change data first"])
def test_a_pulled_invoice_that_bears_both_marks_is_found_again(books: TwoWayHarness, road: str) -> None:
    """A memo edited in Coperniq has brought the portal's mark into QuickBooks' note, too."""
    backup = Backup(books.money)
    books.invoice(note="First")
    books.heard()
    books.money.edit(invoice(books), description=invoice(books)["description"].replace("First", "Second"))
    books.money.work()
    assert "[Coperniq invoice " in books.money.in_books()["PrivateNote"]
    before = linked("invoice")
    backup.restore()
    if road == "poll first":
        books.money.sweep()
    books.heard()
    books.money.sweep()
    assert linked("invoice") == before
    assert not SyncRun.objects.open().exists(), logged_in_order(books)
    assert len(invoices(books)) == len(books.money.books("Invoice")) == 1
    assert_nothing_left_to_do(books)


def test_what_changed_since_the_backup_is_made_up_for(books: TwoWayHarness) -> None:
    backup = Backup(books.money)
    made = books.invoice(note="First", number="A-1")
    books.heard()
    backup.restore()
    books.change(made, note="Second", number="A-2", lines=[{"item": "Permit", "quantity": 3, "price": 100}])
    books.heard()
    books.heard()
    assert len(invoices(books)) == 1
    assert invoice(books)["amount"] == 300
    assert invoice(books)["description"].startswith("QBO #A-2: Second\n")
    assert_nothing_left_to_do(books)


def test_a_copy_in_quickbooks_with_its_note_is_an_invoice_of_its_own(books: TwoWayHarness) -> None:
    books.money.invoice(("Permit", 1, 100), description="Roof")
    books.money.work()
    books.invoice(note=books.money.in_books()["PrivateNote"])
    books.heard()
    assert len(invoices(books)) == 2
    assert len(books.money.books("Invoice")) == 2
    assert_nothing_left_to_do(books)
    copy = books.money.books("Invoice")[-1]
    books.change(copy, note=copy["PrivateNote"].replace("Roof", "Carport"))
    books.heard()
    assert sum("Carport" in one["description"] for one in invoices(books)) == 1
    assert_nothing_left_to_do(books)


def copied(books: TwoWayHarness) -> dict[str, Any]:
    books.invoice(note="Roof")
    books.heard()
    original = invoice(books)
    books.money.items["Permit"] = original["lineItems"][0]["catalogItemId"]
    return books.money.invoice(("Permit", 1, 100), description=original["description"])


def test_a_copy_in_coperniq_of_a_pulled_invoice_is_told(books: TwoWayHarness) -> None:
    copy = copied(books)
    books.money.work()
    assert len(books.money.books("Invoice")) == 1
    assert logged_in_order(books)[-1] == (
        "skipped: It was copied in Coperniq from a record that came from QuickBooks, including the tag that identifies "
        "that record. To sync the copy as a record of its own, remove the last line of its text."
    )
    assert_nothing_left_to_do(books)
    books.money.edit(copy, description="Roof, again")
    books.money.work()
    assert len(books.money.books("Invoice")) == 2
    assert_nothing_left_to_do(books)


def test_payments_of_a_copied_invoice_wait_for_nothing(books: TwoWayHarness) -> None:
    copy = copied(books)
    books.money.pay(copy, 10)
    books.heard()
    assert len(books.money.books("Payment")) == 0
    assert_nothing_left_to_do(books)
    assert len(payments(books, 1)) == 1
