"""A company that moved to another QuickBooks company: ids are small numbers in both, and mean other records."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from integrations.causes import Cause
from integrations.models import InboundEvent, QuickBooksConnection, SyncLogEntry, SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import earlier
from tests.sync.pull_builders import credit
from tests.sync.two_way import open_two_way


def test_a_merge_in_the_earlier_books_is_none_in_these(portal: PortalHarness) -> None:
    sides = open_two_way(portal)
    customer = next(row for row in sides.harness.books("Customer") if not row.get("Job"))
    other = portal.simulator.in_books(portal.realm, DisplayName="Mary")
    long_ago = timezone.now() - timedelta(days=200)
    InboundEvent.objects.create(
        company=portal.company,
        source=InboundEvent.Source.QUICKBOOKS_WEBHOOK,
        key="long ago",
        name="merged",
        record_type="customer",
        record_id=other["Id"],
        detail={"deleted_id": customer["Id"]},
        received_at=long_ago,
        planned_at=long_ago,
        outcome=InboundEvent.Outcome.PLANNED,
    )
    sides.harness.edit_books("Customer", sides.job_id, Active=False)
    sides.harness.edit_books("Customer", customer["Id"], Active=False)
    sides.sync()
    assert not SyncRun.objects.held().exists()


def told_of_earlier_books(portal: PortalHarness) -> None:
    """All that the log has said so far."""
    State = QuickBooksConnection.State
    before = QuickBooksConnection.objects.create(
        company=portal.company, realm_id="9341450", state=State.ARCHIVED
    )
    SyncLogEntry.objects.update(connection=before)


def count_told(cause: str) -> int:
    return SyncLogEntry.objects.filter(cause=cause).count()


def test_bringing_over_is_offered_whatever_was_offered_in_the_earlier_books(portal: PortalHarness) -> None:
    sides = open_two_way(portal)
    with earlier(portal, 30):
        made = sides.invoice()
        sides.payment({"id": made["Id"], "amount": 40})
    for text in ("Looked at", "Looked at again"):
        sides.change(made, note=text)
        sides.sync()
        assert count_told("older_and_paid") == 1
    told_of_earlier_books(portal)
    sides.change(made, note="In these books")
    sides.sync()
    assert count_told("older_and_paid") == 2


def test_a_credit_is_told_whatever_was_told_in_the_earlier_books(portal: PortalHarness) -> None:
    sides = open_two_way(portal)
    made = sides.invoice()
    sides.sync()
    sides.control(f"creditmemos/{credit(sides, 25)}/apply", {"invoice": made["Id"]})
    (payment,) = sides.harness.books("Payment")
    for text in ("", "Looked at", "In these books"):
        sides.change_payment(payment, note=text)
        sides.sync()
        assert count_told(Cause.CREDIT_APPLIED) == (2 if text == "In these books" else 1)
        if text == "Looked at":
            told_of_earlier_books(portal)
