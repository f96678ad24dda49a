"""Which invoices go to QuickBooks: by cut-off, setting and status, and what a person may send all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import timezone

from integrations.coperniq.client import CoperniqClient
from integrations.models import CoperniqConnection, InboundEvent, RecordLink, SyncRun
from integrations.sync.ingest import coperniq_invoices as ingest_coperniq_invoices
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import assert_at_rest, earlier, prefer, pushed, with_items

TOO_OLD = (
    "skipped: Invoice 1001 was created before invoice syncing was turned on. Send it anyway if it belongs in "
    "QuickBooks."
)
CREATED = "done: Created invoice 1001 in QuickBooks, open and not e-mailed."


@pytest.fixture
def money(office: PortalHarness) -> InvoiceHarness:
    return with_items(office)


def done_run() -> SyncRun:
    return SyncRun.objects.filter(action="push_invoice").latest("pk")


def test_one_made_after_the_switch_on_is_created_once(money: InvoiceHarness) -> None:
    money.invoice(("Permit", 2, 150))
    money.work()
    assert money.told() == [CREATED]
    assert money.in_books()["TotalAmt"] == 300
    assert_at_rest(money)


def test_one_made_before_the_switch_on_is_skipped_and_never_waits(money: InvoiceHarness) -> None:
    """Not even for the job it would have to wait for."""
    stranger = money.office.project(money.account, "Not pushed")
    with earlier(money.office, 10):
        money.invoice(on=stranger)
    money.work()
    assert money.told() == [TOO_OLD]
    assert not money.books("Invoice")
    assert_at_rest(money)


def test_one_made_before_the_switch_on_can_be_sent_anyway(money: InvoiceHarness) -> None:
    with earlier(money.office, 10):
        money.invoice()
    money.work()
    money.decide("send_anyway", done_run())
    assert money.told() == [TOO_OLD, CREATED]
    assert_at_rest(money)


def test_of_old_ones_the_log_tells_once_though_they_are_paid(money: InvoiceHarness) -> None:
    """Every sweep sees them, and reading their payments each time would use up the day's calls."""
    with earlier(money.office, 10):
        money.pay(money.invoice(), 100)
    money.sweep()
    money.sweep()
    assert money.told() == [TOO_OLD]
    assert not SyncRun.objects.exclude(action="push_invoice").filter(kind="invoice").exists()


def test_old_ones_that_came_to_their_end_are_not_worth_a_word(money: InvoiceHarness) -> None:
    with earlier(money.office, 10):
        money.act(money.invoice(), "decline")
        money.act(money.invoice(), "archive")
    money.work()
    assert money.told() == []


def test_an_edit_of_an_old_one_does_not_make_it_eligible(money: InvoiceHarness) -> None:
    with earlier(money.office, 10):
        invoice = money.invoice()
    money.edit(invoice, description="Now with a memo")
    money.work()
    assert money.told() == [TOO_OLD]


def test_a_draft_goes_at_once_by_default(money: InvoiceHarness) -> None:
    assert money.invoice()["status"] == "DRAFT"
    money.work()
    assert money.told() == [CREATED]


def test_a_draft_waits_for_being_sent_where_the_company_wants_that(money: InvoiceHarness) -> None:
    money.configure(push_from="sent")
    invoice = money.invoice()
    money.work()
    skipped = (
        "skipped: Invoice 1001 is still a draft in Coperniq. QuickBooks has no drafts, so the invoice is created there "
        "once it has been sent."
    )
    assert money.told() == [skipped]
    assert_at_rest(money)
    money.act(invoice, "send")
    money.work()
    assert money.told() == [skipped, CREATED]
    assert_at_rest(money)


def test_a_draft_can_be_sent_anyway(money: InvoiceHarness) -> None:
    money.configure(push_from="sent")
    money.invoice()
    money.work()
    money.decide("send_anyway", done_run())
    assert money.told()[1:] == [CREATED]


@pytest.mark.parametrize(("verb", "word"), [("decline", "declined"), ("archive", "archived")])
def test_one_that_ended_before_it_was_pushed_never_is(money: InvoiceHarness, verb: str, word: str) -> None:
    money.act(money.invoice(), verb)
    money.work()
    assert money.told() == [f"skipped: Invoice 1001 is {word} in Coperniq and was never in QuickBooks."]
    assert not money.books("Invoice")
    assert not SyncRun.objects.get(action="push_invoice").choices
    assert_at_rest(money)


def test_one_that_came_back_before_it_was_pushed_is_pushed(money: InvoiceHarness) -> None:
    invoice = money.invoice()
    money.act(invoice, "archive")
    money.work()
    money.act(invoice, "restore")
    money.work()
    assert money.told()[-1] == CREATED


def test_one_deleted_before_it_was_pushed_leaves_no_trace(money: InvoiceHarness) -> None:
    money.office.simulator.switch(archived_invoices="gone")
    stranger = money.office.project(money.account, "Not pushed")
    invoice = money.invoice(on=stranger)
    money.work()
    money.act(invoice, "archive")
    money.office.enter(stranger)
    money.work()
    assert [line for line in money.told() if "waiting" not in line] == []
    assert SyncRun.objects.get(action="push_invoice").cause == "invoice_gone"


def test_while_syncing_is_off_nothing_is_pushed(money: InvoiceHarness) -> None:
    money.switch(False)
    money.invoice()
    money.work()
    assert money.told() == []
    assert not money.books("Invoice")


def test_one_made_while_syncing_was_off_is_skipped_after_it_is_on(money: InvoiceHarness) -> None:
    money.switch(False)
    with earlier(money.office, 1):
        money.invoice()
    money.switch(True)
    money.work()
    assert money.told() == [TOO_OLD]
    assert_at_rest(money)


def test_an_edit_made_while_syncing_was_off_is_made_up_for(money: InvoiceHarness) -> None:
    invoice = pushed(money)
    money.switch(False)
    money.edit(invoice, description="Edited meanwhile")
    money.work()
    assert "Edited" not in money.in_books()["PrivateNote"]
    money.switch(True)
    money.work()
    assert money.in_books()["PrivateNote"].startswith("Edited meanwhile")
    assert_at_rest(money)


def test_an_edit_noticed_before_syncing_went_off_is_made_up_for_too(money: InvoiceHarness) -> None:
    """Its run comes up while syncing is off, and the poll has counted the edit as seen."""
    invoice = pushed(money)
    money.edit(invoice, description="Edited a moment before")
    money.office.simulator.fault("error_500", method="GET", path="/invoice/", times=1)
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    money.office.work(polls=True, pauses=True)
    assert SyncRun.objects.get(state="queued").cause == "vendor_unavailable"
    money.switch(False)
    money.work()
    assert SyncRun.objects.filter(cause="invoice_sync_off").exists()
    money.switch(True)
    money.work()
    assert money.in_books()["PrivateNote"].startswith("Edited a moment before")
    assert_at_rest(money)


def test_an_edit_polled_but_not_planned_before_syncing_went_off_is_made_up_for_too(
    money: InvoiceHarness,
) -> None:
    invoice = pushed(money)
    money.edit(invoice, description="Edited a moment before")
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    for job in due_coperniq_polls():
        job()
    money.switch(False)
    money.work()
    assert InboundEvent.objects.filter(reason="invoice syncing is off").count() == 1
    money.switch(True)
    money.work()
    assert money.in_books()["PrivateNote"].startswith("Edited a moment before")
    assert_at_rest(money)


def test_one_of_unknown_age_is_taken_for_new(money: InvoiceHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """And dated by the only day there is."""
    read = CoperniqClient.read_invoice
    monkeypatch.setattr(
        CoperniqClient, "read_invoice", lambda client, id_: replace(read(client, id_), created_at=None)
    )
    money.invoice()
    money.work()
    assert money.told() == [CREATED]
    assert money.in_books()["TxnDate"] > "2026"


def test_a_choice_gives_way_to_the_run_that_came_after_it(money: InvoiceHarness) -> None:
    """The page still shows the first one's choice while an edit is on its way."""
    with earlier(money.office, 10):
        invoice = money.invoice()
    money.work()
    first = done_run()
    money.edit(invoice, description="An edit")
    money.office.simulator.fault("error_500", vendor="coperniq", path="/invoices/", times=3)
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    money.office.work(polls=True, pauses=True)
    assert not first.decide("send_anyway")
    money.work()
    assert not money.books("Invoice")
    money.decide("send_anyway", done_run())
    assert len(money.books("Invoice")) == 1


def test_a_long_list_is_read_once_more_before_it_counts_as_seen(
    money: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change between two pages moves the rest up a row, past the reader."""
    monkeypatch.setattr(ingest_coperniq_invoices, "PAGE_SIZE", 1)
    pushed(money)
    money.invoice()
    money.work()
    listed = [
        call for call in money.office.simulator.log("coperniq") if call["path"].endswith("/v1/invoices")
    ]
    assert len(listed) == 2
    assert len(money.books("Invoice")) == 2


def test_one_decision_does_not_undo_another(money: InvoiceHarness) -> None:
    """Old, dated into closed books, and its number taken: three questions, each answered once."""
    job = RecordLink.objects.get(kind="job")
    money.office.simulator.in_books(
        money.office.realm,
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
    prefer(money.office, book_close_date="2030-01-01")
    with earlier(money.office, 10):
        money.invoice()
    money.work()
    money.decide("send_anyway", done_run())
    assert money.held().cause == "probably_same_invoice"
    money.decide("new_number")
    assert money.held().cause == "books_closed"
    money.decide("first_open_day")
    made = next(row for row in money.books("Invoice") if row["DocNumber"] == "1001-2")
    assert made["TxnDate"] == "2030-01-02"
    assert_at_rest(money)
