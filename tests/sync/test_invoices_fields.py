"""Memo, mark and dates of an invoice, and what is never written again."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import RecordLink, SyncLogEntry, SyncRun
from integrations.sync.engine.correlation_tag import coperniq_tag
from integrations.sync.invoices.push_response import list_sentences
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import assert_at_rest, pushed, put, with_items


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    return with_items(portal)


def mark(harness: InvoiceHarness) -> str:
    return coperniq_tag(harness.portal.realm, "invoice", harness.link().coperniq_id)


def test_it_is_created_unsent(harness: InvoiceHarness) -> None:
    pushed(harness, status="SENT")
    made = harness.in_books()
    assert (made["EmailStatus"], made["Balance"]) == ("NotSet", 100)
    assert "BillEmail" not in made


def test_the_memo_goes_before_the_mark(harness: InvoiceHarness) -> None:
    pushed(harness, description="  Thank you!  ")
    assert harness.in_books()["PrivateNote"] == f"Thank you!\n{mark(harness)}"
    assert_at_rest(harness)


def test_without_a_memo_the_note_is_the_mark(harness: InvoiceHarness) -> None:
    pushed(harness)
    assert harness.in_books()["PrivateNote"] == mark(harness)


def test_a_changed_memo_keeps_the_mark(harness: InvoiceHarness) -> None:
    invoice = pushed(harness, description="First")
    harness.edit(invoice, description="Second")
    harness.work()
    assert harness.in_books()["PrivateNote"] == f"Second\n{mark(harness)}"
    assert harness.calls() == [
        f"GET /quickbooks/v3/company/{harness.portal.realm}/invoice/{harness.in_books()['Id']}",
        f"POST /quickbooks/v3/company/{harness.portal.realm}/invoice",
    ]
    assert_at_rest(harness)


def test_an_emptied_memo_leaves_the_mark(harness: InvoiceHarness) -> None:
    invoice = pushed(harness, description="First")
    harness.edit(invoice, description=None)
    harness.work()
    assert harness.in_books()["PrivateNote"] == mark(harness)
    assert_at_rest(harness)


def test_a_mark_that_people_removed_is_no_change_of_the_memo(harness: InvoiceHarness) -> None:
    invoice = pushed(harness, description="First")
    put(harness, harness.in_books()["Id"], PrivateNote="First")
    harness.edit(invoice, description="Second")
    harness.work()
    assert harness.in_books()["PrivateNote"] == f"Second\n{mark(harness)}"
    assert harness.logged()[-1] == "done: Updated invoice 1001 in QuickBooks: memo."


def test_the_memo_can_go_to_the_message_for_the_customer(harness: InvoiceHarness) -> None:
    harness.configure(memo_field="customer_memo")
    invoice = pushed(harness, description="Thank you!")
    made = harness.in_books()
    assert (made["CustomerMemo"]["value"], made["PrivateNote"]) == ("Thank you!", mark(harness))
    put(harness, made["Id"], PrivateNote="Ring before coming")
    harness.edit(invoice, description="See you soon!")
    harness.work()
    made = harness.in_books()
    assert (made["CustomerMemo"]["value"], made["PrivateNote"]) == ("See you soon!", "Ring before coming")
    assert_at_rest(harness)


@pytest.mark.parametrize("clears", ["both", "empty_string", "null", "none"])
def test_an_emptied_message_is_cleared_or_told(harness: InvoiceHarness, clears: str) -> None:
    harness.configure(memo_field="customer_memo")
    harness.portal.simulator.switch(clear_by_sparse=clears)
    invoice = pushed(harness, description="Thank you!")
    harness.edit(invoice, description="")
    harness.work()
    is_kept = "CustomerMemo" in harness.in_books()
    logged = (
        "done_with_warning: Updated invoice 1001 in QuickBooks: memo. QuickBooks kept the message to the customer, "
        "although it is empty in Coperniq. Clear it in QuickBooks by hand."
    )
    assert is_kept == (clears in ("null", "none"))
    assert harness.logged()[-1] == (logged if is_kept else "done: Updated invoice 1001 in QuickBooks: memo.")
    assert_at_rest(harness)


def test_a_new_place_for_memos_is_no_conflict(harness: InvoiceHarness) -> None:
    invoice = pushed(harness, description="First")
    harness.configure(memo_field="customer_memo")
    harness.edit(invoice, description="Second")
    harness.work()
    made = harness.in_books()
    assert made["CustomerMemo"]["value"] == "Second"
    assert harness.logged()[-1] == "done: Updated invoice 1001 in QuickBooks: memo."
    assert_at_rest(harness)


@pytest.mark.parametrize(("field", "limit"), [("private_note", 4000), ("customer_memo", 1000)])
def test_a_memo_too_long_is_asked_about_and_can_be_cut(
    harness: InvoiceHarness, field: str, limit: int
) -> None:
    harness.configure(memo_field=field)
    harness.invoice(description="x" * (limit + 1))
    harness.work()
    held = harness.logged()[0]
    assert held.startswith(f"held: The description has {limit + 1:,} characters, and QuickBooks accepts ")
    assert held.endswith("Shorten it in Coperniq, or send it with the end cut off.")
    assert_at_rest(harness)
    harness.decide("send_anyway")
    made = harness.in_books()
    text = made["CustomerMemo"]["value"] if field == "customer_memo" else made["PrivateNote"]
    assert len(text) == limit
    assert made["PrivateNote"].endswith(mark(harness))
    assert_at_rest(harness)


def test_a_line_too_long_is_asked_about_and_can_be_shortened(harness: InvoiceHarness) -> None:
    invoice = harness.invoice(
        lineItems=[harness.line("Permit", 1, 100, "y" * 4001)],
    )
    harness.work()
    assert harness.logged() == [
        "held: The text of a line has 4,001 characters, and QuickBooks accepts 4,000. Shorten it in Coperniq, or send "
        "it with the end cut off."
    ]
    harness.edit(invoice, lineItems=[harness.line("Permit", 1, 100, "Short by now")])
    harness.work()
    assert harness.in_books()["Line"][0]["Description"] == "Short by now"
    assert_at_rest(harness)


ISSUED = [
    ({"issueDate": "2026-03-05T00:00:00.000Z"}, "2026-03-05"),
    ({"issueDate": "2026-03-05T03:00:00.000Z"}, "2026-03-04"),
    ({"issueDate": "2026-03-05T07:30:00.000Z"}, "2026-03-05"),
    ({"issueDate": "2026-07-05T05:59:59.000Z"}, "2026-07-04"),
]


@pytest.mark.parametrize(("dates", "day"), ISSUED)
def test_midnight_in_utc_is_a_date_and_any_other_moment_is_seen_from_the_company(
    portal: PortalHarness, dates: dict[str, Any], day: str
) -> None:
    harness = with_items(portal, issue_date_returned=True)
    pushed(harness, status="SENT", **dates)
    assert harness.in_books()["TxnDate"] == day


@pytest.mark.parametrize("shape", ["midnight_utc", "noon_local", "midnight_local", "end_of_day_local"])
def test_a_day_somebody_picked_is_that_day(portal: PortalHarness, shape: str) -> None:
    harness = with_items(portal, issue_date_returned=True, person_time_of_day=shape)
    type(portal.company).objects.update(time_zone="America/Chicago")
    pushed(harness, status="SENT", issueDate="2026-01-15", dueDate="2026-01-31")
    assert (harness.in_books()["TxnDate"], harness.in_books()["DueDate"]) == ("2026-01-15", "2026-01-31")
    assert_at_rest(harness)


def test_where_no_issue_date_is_told_the_day_it_was_made_counts(harness: InvoiceHarness) -> None:
    harness.portal.simulator.switch(issue_date_returned=False)
    pushed(harness, status="SENT", issueDate="2020-01-01")
    assert harness.in_books()["TxnDate"] > "2026"


@pytest.mark.parametrize("absent", ["omitted", "null"])
def test_without_a_due_date_quickbooks_terms_count(portal: PortalHarness, absent: str) -> None:
    harness = with_items(portal, due_date_absent=absent)
    invoice = pushed(harness)
    assert harness.in_books()["DueDate"] > harness.in_books()["TxnDate"]
    harness.edit(invoice, dueDate="2027-05-01")
    harness.work()
    assert harness.in_books()["DueDate"] == "2027-05-01"
    harness.edit(invoice, dueDate=None)
    harness.work()
    assert harness.in_books()["DueDate"] == "2027-05-01", "QuickBooks has no invoice without a due date"
    assert_at_rest(harness)


def test_a_changed_due_date_is_all_that_is_written(harness: InvoiceHarness) -> None:
    invoice = pushed(harness, dueDate="2027-01-31")
    before = harness.in_books()
    harness.edit(invoice, dueDate="2027-02-28")
    harness.work()
    after = harness.in_books()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed <= {"DueDate", "SyncToken", "MetaData", "FreeFormAddress", "BillAddr", "ShipAddr"}
    assert after["DueDate"] == "2027-02-28"
    assert_at_rest(harness)


@pytest.mark.parametrize(
    ("names", "logged"),
    [
        (["Due date"], "due date"),
        (["A", "B", "C", "D"], "a, b, c, d"),
        (["A", "B", "C", "D", "E"], "a, b, c and 2 more"),
    ],
)
def test_a_sentence_names_a_few_fields_and_never_counts_a_single_one(names: list[str], logged: str) -> None:
    assert list_sentences(names) == logged


def test_the_log_names_each_field_with_old_and_new(harness: InvoiceHarness) -> None:
    invoice = pushed(harness, description="First", dueDate="2027-01-31")
    harness.edit(invoice, description="Second", dueDate="2027-02-28")
    harness.work()
    entry = SyncLogEntry.objects.filter(kind="invoice").latest("pk")
    assert entry.changes == [
        {"field": "Due date", "before": "2027-01-31", "after": "2027-02-28"},
        {"field": "Memo", "before": "First", "after": "Second"},
    ]
    assert entry.intuit_tid
    assert RecordLink.objects.get(kind="invoice").coperniq_snapshot["memo"] == "Second"


def test_a_message_for_the_customer_can_be_put_back(harness: InvoiceHarness) -> None:
    harness.configure(memo_field="customer_memo", owners={"memo": "coperniq"})
    invoice = pushed(harness, description="Old")
    put(harness, harness.in_books()["Id"], CustomerMemo={"value": "Theirs"})
    harness.edit(invoice, description="Ours")
    harness.work()
    assert harness.in_books()["CustomerMemo"]["value"] == "Ours"
    harness.decide("use_quickbooks", SyncRun.objects.filter(action="push_invoice").latest("pk"))
    assert harness.in_books()["CustomerMemo"]["value"] == "Theirs"
