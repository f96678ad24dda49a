"""Which invoices go to QuickBooks: by cut-off, setting and status, and what a person may send all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.coperniq.client import CoperniqClient
from integrations.models import (
    CompanyLease,
    CoperniqConnection,
    InboundEvent,
    InvoiceSyncPeriod,
    RecordLink,
    SyncRun,
)
from integrations.sync.engine.context import SyncContext
from integrations.sync.ingest import coperniq_invoices as ingest_coperniq_invoices
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from integrations.sync.invoices.eligibility import was_made_while_off
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import assert_at_rest, earlier, prefer, pushed, with_items

TOO_OLD = "skipped: Invoice 1001 was created while invoice syncing was off. Send it anyway if it belongs in QuickBooks."
CREATED = "done: Created invoice 1001 in QuickBooks, open and not e-mailed."


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    return with_items(portal)


def done_run() -> SyncRun:
    return SyncRun.objects.filter(action="push_invoice").latest("pk")


def test_one_made_after_the_switch_on_is_created_once(harness: InvoiceHarness) -> None:
    harness.invoice(("Permit", 2, 150))
    harness.work()
    assert harness.logged() == [CREATED]
    assert harness.in_books()["TotalAmt"] == 300
    assert_at_rest(harness)


def test_one_made_before_the_switch_on_is_skipped_and_never_waits(harness: InvoiceHarness) -> None:
    """Not even for the job it would have to wait for."""
    stranger = harness.portal.project(harness.account, "Not pushed")
    with earlier(harness.portal, 10):
        harness.invoice(on=stranger)
    harness.work()
    assert harness.logged() == [TOO_OLD]
    assert not harness.books("Invoice")
    assert_at_rest(harness)


def test_one_made_before_the_switch_on_can_be_sent_anyway(harness: InvoiceHarness) -> None:
    with earlier(harness.portal, 10):
        harness.invoice()
    harness.work()
    harness.decide("send_anyway", done_run())
    assert harness.logged() == [TOO_OLD, CREATED]
    assert_at_rest(harness)


def test_of_old_ones_the_log_tells_once_though_they_are_paid(harness: InvoiceHarness) -> None:
    """Every sweep sees them, and reading their payments each time would use up the day's calls."""
    with earlier(harness.portal, 10):
        harness.pay(harness.invoice(), 100)
    harness.sweep()
    harness.sweep()
    assert harness.logged() == [TOO_OLD]
    assert not SyncRun.objects.exclude(action="push_invoice").filter(kind="invoice").exists()


def test_old_ones_that_came_to_their_end_are_not_worth_a_word(harness: InvoiceHarness) -> None:
    with earlier(harness.portal, 10):
        harness.act(harness.invoice(), "decline")
        harness.act(harness.invoice(), "archive")
    harness.work()
    assert harness.logged() == []


def test_an_edit_of_an_old_one_does_not_make_it_eligible(harness: InvoiceHarness) -> None:
    with earlier(harness.portal, 10):
        invoice = harness.invoice()
    harness.edit(invoice, description="Now with a memo")
    harness.work()
    assert harness.logged() == [TOO_OLD]


def test_a_draft_goes_at_once_by_default(harness: InvoiceHarness) -> None:
    assert harness.invoice()["status"] == "DRAFT"
    harness.work()
    assert harness.logged() == [CREATED]


def test_a_draft_waits_for_being_sent_where_the_company_wants_that(harness: InvoiceHarness) -> None:
    harness.configure(push_from="sent")
    invoice = harness.invoice()
    harness.work()
    skipped = (
        "skipped: Invoice 1001 is still a draft in Coperniq. QuickBooks has no drafts, so the invoice is created there "
        "once it has been sent."
    )
    assert harness.logged() == [skipped]
    assert_at_rest(harness)
    harness.act(invoice, "send")
    harness.work()
    assert harness.logged() == [skipped, CREATED]
    assert_at_rest(harness)


def test_a_draft_can_be_sent_anyway(harness: InvoiceHarness) -> None:
    harness.configure(push_from="sent")
    harness.invoice()
    harness.work()
    harness.decide("send_anyway", done_run())
    assert harness.logged()[1:] == [CREATED]


@pytest.mark.parametrize(("verb", "word"), [("decline", "declined"), ("archive", "archived")])
def test_one_that_ended_before_it_was_pushed_never_is(harness: InvoiceHarness, verb: str, word: str) -> None:
    harness.act(harness.invoice(), verb)
    harness.work()
    assert harness.logged() == [f"skipped: Invoice 1001 is {word} in Coperniq and was never in QuickBooks."]
    assert not harness.books("Invoice")
    assert not SyncRun.objects.get(action="push_invoice").choices
    assert_at_rest(harness)


def test_one_that_came_back_before_it_was_pushed_is_pushed(harness: InvoiceHarness) -> None:
    invoice = harness.invoice()
    harness.act(invoice, "archive")
    harness.work()
    harness.act(invoice, "restore")
    harness.work()
    assert harness.logged()[-1] == CREATED


def test_one_deleted_before_it_was_pushed_leaves_no_trace(harness: InvoiceHarness) -> None:
    harness.portal.simulator.switch(archived_invoices="gone")
    stranger = harness.portal.project(harness.account, "Not pushed")
    invoice = harness.invoice(on=stranger)
    harness.work()
    harness.act(invoice, "archive")
    harness.portal.enter(stranger)
    harness.work()
    assert [line for line in harness.logged() if "waiting" not in line] == []
    assert SyncRun.objects.get(action="push_invoice").cause == "invoice_gone"


def test_while_syncing_is_off_nothing_is_pushed(harness: InvoiceHarness) -> None:
    harness.switch(False)
    harness.invoice()
    harness.work()
    assert harness.logged() == []
    assert not harness.books("Invoice")


def test_one_made_while_syncing_was_off_is_skipped_after_it_is_on(harness: InvoiceHarness) -> None:
    harness.switch(False)
    InvoiceSyncPeriod.objects.update(off_at=timezone.now() - timedelta(minutes=2))
    with earlier(harness.portal, 1):
        harness.invoice()
    harness.switch(True)
    harness.work()
    assert harness.logged() == [TOO_OLD]
    assert_at_rest(harness)


def test_an_edit_made_while_syncing_was_off_is_made_up_for(harness: InvoiceHarness) -> None:
    invoice = pushed(harness)
    harness.switch(False)
    harness.edit(invoice, description="Edited meanwhile")
    harness.work()
    assert "Edited" not in harness.in_books()["PrivateNote"]
    harness.switch(True)
    harness.work()
    assert harness.in_books()["PrivateNote"].startswith("Edited meanwhile")
    assert_at_rest(harness)


def test_an_edit_noticed_before_syncing_went_off_is_made_up_for_too(harness: InvoiceHarness) -> None:
    """Its run comes up while syncing is off, and the poll has counted the edit as seen."""
    invoice = pushed(harness)
    harness.edit(invoice, description="Edited a moment before")
    harness.portal.simulator.fault("error_500", method="GET", path="/invoice/", times=1)
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    harness.portal.work(polls=True, pauses=True)
    assert SyncRun.objects.get(state="queued").cause == "vendor_unavailable"
    harness.switch(False)
    harness.work()
    assert SyncRun.objects.filter(cause="invoice_sync_off").exists()
    harness.switch(True)
    harness.work()
    assert harness.in_books()["PrivateNote"].startswith("Edited a moment before")
    assert_at_rest(harness)


def test_an_edit_polled_but_not_planned_before_syncing_went_off_is_made_up_for_too(
    harness: InvoiceHarness,
) -> None:
    invoice = pushed(harness)
    harness.edit(invoice, description="Edited a moment before")
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    for job in due_coperniq_polls():
        job()
    harness.switch(False)
    harness.work()
    assert InboundEvent.objects.filter(reason="invoice syncing is off").count() == 1
    harness.switch(True)
    harness.work()
    assert harness.in_books()["PrivateNote"].startswith("Edited a moment before")
    assert_at_rest(harness)


def test_one_of_unknown_age_is_taken_for_new(
    harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And dated by the only day there is."""
    read = CoperniqClient.read_invoice
    monkeypatch.setattr(
        CoperniqClient, "read_invoice", lambda client, id_: replace(read(client, id_), created_at=None)
    )
    harness.invoice()
    harness.work()
    assert harness.logged() == [CREATED]
    assert harness.in_books()["TxnDate"] > "2026"


def test_a_choice_gives_way_to_the_run_that_came_after_it(harness: InvoiceHarness) -> None:
    """The page still shows the first one's choice while an edit is on its way."""
    with earlier(harness.portal, 10):
        invoice = harness.invoice()
    harness.work()
    first = done_run()
    harness.edit(invoice, description="An edit")
    harness.portal.simulator.fault("error_500", vendor="coperniq", path="/invoices/", times=3)
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    harness.portal.work(polls=True, pauses=True)
    assert not first.decide("send_anyway")
    harness.work()
    assert not harness.books("Invoice")
    harness.decide("send_anyway", done_run())
    assert len(harness.books("Invoice")) == 1


def test_a_long_list_is_read_once_more_before_it_counts_as_seen(
    harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change between two pages moves the rest up a row, past the reader."""
    monkeypatch.setattr(ingest_coperniq_invoices, "PAGE_SIZE", 1)
    pushed(harness)
    harness.invoice()
    harness.work()
    listed = [
        call for call in harness.portal.simulator.log("coperniq") if call["path"].endswith("/v1/invoices")
    ]
    assert len(listed) == 2
    assert len(harness.books("Invoice")) == 2


def test_one_decision_does_not_undo_another(harness: InvoiceHarness) -> None:
    """Old, dated into closed books, and its number taken: three questions, each answered once."""
    job = RecordLink.objects.get(kind="job")
    harness.portal.simulator.in_books(
        harness.portal.realm,
        "Invoice",
        CustomerRef={"value": job.quickbooks_id},
        DocNumber="1001",
        Line=[
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": 100,
                "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
            }
        ],
    )
    prefer(harness.portal, book_close_date="2030-01-01")
    with earlier(harness.portal, 10):
        harness.invoice()
    harness.work()
    harness.decide("send_anyway", done_run())
    assert harness.held().cause == "probably_same_invoice"
    harness.decide("new_number")
    assert harness.held().cause == "books_closed"
    harness.decide("first_open_day")
    made = next(row for row in harness.books("Invoice") if row["DocNumber"] == "1001-2")
    assert made["TxnDate"] == "2030-01-02"
    assert_at_rest(harness)


@pytest.mark.parametrize(
    ("made", "ahead", "too_old"),
    [(-1, 0, True), (0, 0, False), (59, 60, True), (60, 60, False), (-61, -60, True), (-60, -60, False)],
)
def test_the_second_of_the_switch_on_counts_by_the_vendors_clock(
    harness: InvoiceHarness, made: int, ahead: int, too_old: bool
) -> None:
    """Vendors give whole seconds, and their clocks differ from the portal's."""
    period = InvoiceSyncPeriod.objects.latest("pk")
    second = period.on_at.replace(microsecond=0)
    InvoiceSyncPeriod.objects.filter(pk=period.pk).update(on_at=second.replace(microsecond=700_000))
    ctx = SyncContext(CompanyLease.objects.get(), period.connection)
    made_at = second + timedelta(seconds=made)
    assert was_made_while_off(ctx, made_at, timedelta(seconds=ahead)) is too_old
