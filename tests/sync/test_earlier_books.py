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


def test_a_merge_in_the_earlier_books_is_none_in_these(office: PortalHarness) -> None:
    books = open_two_way(office)
    customer = next(row for row in books.money.books("Customer") if not row.get("Job"))
    other = office.simulator.in_books(office.realm, DisplayName="Mary")
    long_ago = timezone.now() - timedelta(days=200)
    InboundEvent.objects.create(
        company=office.company,
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
    books.money.edit_books("Customer", books.job_id, Active=False)
    books.money.edit_books("Customer", customer["Id"], Active=False)
    books.heard()
    assert not SyncRun.objects.held().exists()


def told_of_earlier_books(office: PortalHarness) -> None:
    """All that the log has said so far."""
    State = QuickBooksConnection.State
    before = QuickBooksConnection.objects.create(
        company=office.company, realm_id="9341450", state=State.ARCHIVED
    )
    SyncLogEntry.objects.update(connection=before)


def count_told(cause: str) -> int:
    return SyncLogEntry.objects.filter(cause=cause).count()


def test_bringing_over_is_offered_whatever_was_offered_in_the_earlier_books(office: PortalHarness) -> None:
    books = open_two_way(office)
    with earlier(office, 30):
        made = books.invoice()
        books.payment({"id": made["Id"], "amount": 40})
    for text in ("Looked at", "Looked at again"):
        books.change(made, note=text)
        books.heard()
        assert count_told("older_and_paid") == 1
    told_of_earlier_books(office)
    books.change(made, note="In these books")
    books.heard()
    assert count_told("older_and_paid") == 2


def test_a_credit_is_told_whatever_was_told_in_the_earlier_books(office: PortalHarness) -> None:
    books = open_two_way(office)
    made = books.invoice()
    books.heard()
    books.control(f"creditmemos/{credit(books, 25)}/apply", {"invoice": made["Id"]})
    (payment,) = books.money.books("Payment")
    for text in ("", "Looked at", "In these books"):
        books.change_payment(payment, note=text)
        books.heard()
        assert count_told(Cause.CREDIT_APPLIED) == (2 if text == "In these books" else 1)
        if text == "Looked at":
            told_of_earlier_books(office)
