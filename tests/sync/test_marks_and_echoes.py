"""What the portal wrote itself: no read and no write when it is told of it, and found again by its mark."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RecordLink, SyncRun
from integrations.sync.engine.correlation_tag import coperniq_tag
from tests.portal_harness import PortalHarness
from tests.sampling import InTurn
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


@pytest.fixture(params=[InTurn("by number"), InTurn("by mark")])
def sides(request: pytest.FixtureRequest, portal: PortalHarness) -> TwoWayHarness:
    """What was brought over tells by its number and reference where it came from, or as a setting has it by a mark."""
    found = open_two_way(portal)
    found.harness.configure(coperniq_tag=request.param == "by mark")
    return found


def reads(sides: TwoWayHarness, vendor: str) -> list[str]:
    return [call["path"] for call in sides.harness.portal.simulator.log(vendor, write=False)]


def linked(kind: str) -> list[tuple[str, str, str]]:
    return sorted(
        RecordLink.objects.filter(kind=kind).values_list(
            "coperniq_id", "quickbooks_id", "allocation_invoice_id"
        )
    )


def test_notifications_of_our_own_writes_cost_nothing(sides: TwoWayHarness) -> None:
    ours = sides.harness.invoice(("Permit", 1, 100))
    sides.harness.work()
    sides.harness.pay(ours, 40)
    sides.harness.work()
    sides.harness.edit(ours, description="Changed")
    sides.harness.work()
    sides.harness.portal.simulator.forget_log()
    before = logged_in_order(sides)
    ring_again(sides)
    sides.harness.portal.work()
    assert (reads(sides, "quickbooks"), writes(sides), logged_in_order(sides)) == ([], [], before)
    sides.sync()
    assert writes(sides) == []
    assert not any("/invoice/" in path or "/payment/" in path for path in reads(sides, "quickbooks"))
    assert_nothing_left_to_do(sides)


def test_what_the_portal_wrote_into_coperniq_asks_quickbooks_nothing(sides: TwoWayHarness) -> None:
    made = sides.invoice(note="First")
    sides.payment({"id": made["Id"], "amount": 40})
    sides.sync()
    sides.change(made, note="Second", due="2027-01-05")
    sides.sync()
    sides.harness.portal.simulator.forget_log()
    sides.harness.work()
    sides.harness.sweep()
    assert reads(sides, "quickbooks") == []
    assert writes(sides) == []
    assert_nothing_left_to_do(sides)


def bought(sides: TwoWayHarness) -> None:
    """An invoice and its payment of either side, on both."""
    made = sides.invoice(note="Pulled")
    sides.payment({"id": made["Id"], "amount": 40})
    sides.sync()
    ours = sides.harness.invoice(("Permit", 1, 70))
    sides.harness.pay(ours, 30)
    sides.harness.work()
    sides.sync()


@pytest.mark.parametrize("road", ["poll first", "change data first", "webhook first"])
def test_a_restored_database_finds_everything_by_its_marks(sides: TwoWayHarness, road: str) -> None:
    backup = Backup(sides.harness)
    bought(sides)
    before = linked("invoice"), linked("payment")
    backup.restore()
    sides.harness.portal.simulator.forget_log()
    if road == "poll first":
        sides.harness.sweep()
    if road == "webhook first":
        ring_again(sides)
        sides.harness.portal.work()
    sides.sync()
    sides.harness.sweep()
    sides.sync()
    assert (linked("invoice"), linked("payment")) == before
    assert writes(sides) == []
    assert not SyncRun.objects.open().exists(), logged_in_order(sides)
    assert (
        len(invoices(sides)),
        len(sides.harness.books("Invoice")),
        len(sides.harness.books("Payment")),
    ) == (
        2,
        2,
        2,
    )
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("road", ["poll first", "change data first"])
def test_a_pulled_invoice_that_bears_both_marks_is_found_again(sides: TwoWayHarness, road: str) -> None:
    """In earlier versions a memo edited in Coperniq brought the portal's mark into QuickBooks' note, too."""
    backup = Backup(sides.harness)
    sides.invoice(note="First")
    sides.sync()
    made = sides.harness.in_books()
    own = coperniq_tag(sides.harness.portal.realm, "invoice", str(invoice(sides)["id"]))
    sides.change(made, note=f"First\n{own}")
    sides.sync()
    sides.harness.edit(invoice(sides), description=invoice(sides)["description"].replace("First", "Second"))
    sides.harness.work()
    assert sides.harness.in_books()["PrivateNote"] == f"Second\n{own}"
    before = linked("invoice")
    backup.restore()
    if road == "poll first":
        sides.harness.sweep()
    sides.sync()
    sides.harness.sweep()
    assert linked("invoice") == before
    assert not SyncRun.objects.open().exists(), logged_in_order(sides)
    assert len(invoices(sides)) == len(sides.harness.books("Invoice")) == 1
    assert_nothing_left_to_do(sides)


def test_what_changed_since_the_backup_is_made_up_for(sides: TwoWayHarness) -> None:
    backup = Backup(sides.harness)
    made = sides.invoice(note="First", number="A-1")
    sides.sync()
    backup.restore()
    sides.change(made, note="Second", number="A-2", lines=[{"item": "Permit", "quantity": 3, "price": 100}])
    sides.sync()
    sides.sync()
    assert len(invoices(sides)) == 1
    assert invoice(sides)["amount"] == 300
    assert invoice(sides)["description"].startswith("QBO #A-2: Second")
    assert_nothing_left_to_do(sides)


def test_a_copy_in_quickbooks_with_its_note_is_an_invoice_of_its_own(sides: TwoWayHarness) -> None:
    sides.harness.invoice(("Permit", 1, 100), description="Roof")
    sides.harness.work()
    sides.invoice(note=sides.harness.in_books()["PrivateNote"])
    sides.sync()
    assert len(invoices(sides)) == 2
    assert len(sides.harness.books("Invoice")) == 2
    assert_nothing_left_to_do(sides)
    copy = sides.harness.books("Invoice")[-1]
    sides.change(copy, note=copy["PrivateNote"].replace("Roof", "Carport"))
    sides.sync()
    assert sum("Carport" in one["description"] for one in invoices(sides)) == 1
    assert_nothing_left_to_do(sides)


def copied(sides: TwoWayHarness) -> dict[str, Any]:
    sides.invoice(note="Roof")
    sides.sync()
    original = invoice(sides)
    sides.harness.items["Permit"] = original["lineItems"][0]["catalogItemId"]
    return sides.harness.invoice(("Permit", 1, 100), description=original["description"])


def test_a_copy_in_coperniq_of_a_pulled_invoice_is_told(sides: TwoWayHarness) -> None:
    copy = copied(sides)
    sides.harness.work()
    assert len(sides.harness.books("Invoice")) == 1
    assert logged_in_order(sides)[-1] == (
        "skipped: Its text says that it came from QuickBooks, and another record in Coperniq is linked to the one there: "
        "it is probably a copy of that. If it is a record of its own, send it anyway."
    )
    assert_nothing_left_to_do(sides)
    sides.harness.edit(copy, description="Roof, again")
    sides.harness.work()
    assert len(sides.harness.books("Invoice")) == 2
    assert_nothing_left_to_do(sides)


def test_payments_of_a_copied_invoice_wait_for_nothing(sides: TwoWayHarness) -> None:
    copy = copied(sides)
    sides.harness.pay(copy, 10)
    sides.sync()
    assert len(sides.harness.books("Payment")) == 0
    assert_nothing_left_to_do(sides)
    assert len(payments(sides, 1)) == 1
