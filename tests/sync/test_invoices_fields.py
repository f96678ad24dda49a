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
def money(office: PortalHarness) -> InvoiceHarness:
    return with_items(office)


def mark(money: InvoiceHarness) -> str:
    return coperniq_tag(money.office.realm, "invoice", money.link().coperniq_id)


def test_it_is_created_unsent(money: InvoiceHarness) -> None:
    pushed(money, status="SENT")
    made = money.in_books()
    assert (made["EmailStatus"], made["Balance"]) == ("NotSet", 100)
    assert "BillEmail" not in made


def test_the_memo_goes_before_the_mark(money: InvoiceHarness) -> None:
    pushed(money, description="  Thank you!  ")
    assert money.in_books()["PrivateNote"] == f"Thank you!\n{mark(money)}"
    assert_at_rest(money)


def test_without_a_memo_the_note_is_the_mark(money: InvoiceHarness) -> None:
    pushed(money)
    assert money.in_books()["PrivateNote"] == mark(money)


def test_a_changed_memo_keeps_the_mark(money: InvoiceHarness) -> None:
    invoice = pushed(money, description="First")
    money.edit(invoice, description="Second")
    money.work()
    assert money.in_books()["PrivateNote"] == f"Second\n{mark(money)}"
    assert money.calls() == [
        f"GET /quickbooks/v3/company/{money.office.realm}/invoice/{money.in_books()['Id']}",
        f"POST /quickbooks/v3/company/{money.office.realm}/invoice",
    ]
    assert_at_rest(money)


def test_an_emptied_memo_leaves_the_mark(money: InvoiceHarness) -> None:
    invoice = pushed(money, description="First")
    money.edit(invoice, description=None)
    money.work()
    assert money.in_books()["PrivateNote"] == mark(money)
    assert_at_rest(money)


def test_a_mark_that_people_removed_is_no_change_of_the_memo(money: InvoiceHarness) -> None:
    invoice = pushed(money, description="First")
    put(money, money.in_books()["Id"], PrivateNote="First")
    money.edit(invoice, description="Second")
    money.work()
    assert money.in_books()["PrivateNote"] == f"Second\n{mark(money)}"
    assert money.told()[-1] == "done: Updated invoice 1001 in QuickBooks: memo."


def test_the_memo_can_go_to_the_message_for_the_customer(money: InvoiceHarness) -> None:
    money.configure(memo_field="customer_memo")
    invoice = pushed(money, description="Thank you!")
    made = money.in_books()
    assert (made["CustomerMemo"]["value"], made["PrivateNote"]) == ("Thank you!", mark(money))
    put(money, made["Id"], PrivateNote="Ring before coming")
    money.edit(invoice, description="See you soon!")
    money.work()
    made = money.in_books()
    assert (made["CustomerMemo"]["value"], made["PrivateNote"]) == ("See you soon!", "Ring before coming")
    assert_at_rest(money)


@pytest.mark.parametrize("clears", ["both", "empty_string", "null", "none"])
def test_an_emptied_message_is_cleared_or_told(money: InvoiceHarness, clears: str) -> None:
    money.configure(memo_field="customer_memo")
    money.office.simulator.switch(clear_by_sparse=clears)
    invoice = pushed(money, description="Thank you!")
    money.edit(invoice, description="")
    money.work()
    is_kept = "CustomerMemo" in money.in_books()
    told = (
        "done_with_warning: Updated invoice 1001 in QuickBooks: memo. QuickBooks kept the message to the customer, "
        "although it is empty in Coperniq. Clear it in QuickBooks by hand."
    )
    assert is_kept == (clears in ("null", "none"))
    assert money.told()[-1] == (told if is_kept else "done: Updated invoice 1001 in QuickBooks: memo.")
    assert_at_rest(money)


def test_a_new_place_for_memos_is_no_conflict(money: InvoiceHarness) -> None:
    invoice = pushed(money, description="First")
    money.configure(memo_field="customer_memo")
    money.edit(invoice, description="Second")
    money.work()
    made = money.in_books()
    assert made["CustomerMemo"]["value"] == "Second"
    assert money.told()[-1] == "done: Updated invoice 1001 in QuickBooks: memo."
    assert_at_rest(money)


@pytest.mark.parametrize(("field", "limit"), [("private_note", 4000), ("customer_memo", 1000)])
def test_a_memo_too_long_is_asked_about_and_can_be_cut(money: InvoiceHarness, field: str, limit: int) -> None:
    money.configure(memo_field=field)
    money.invoice(description="x" * (limit + 1))
    money.work()
    held = money.told()[0]
    assert held.startswith(f"held: The description has {limit + 1:,} characters, and QuickBooks accepts ")
    assert held.endswith("Shorten it in Coperniq, or send it with the end cut off.")
    assert_at_rest(money)
    money.decide("send_anyway")
    made = money.in_books()
    text = made["CustomerMemo"]["value"] if field == "customer_memo" else made["PrivateNote"]
    assert len(text) == limit
    assert made["PrivateNote"].endswith(mark(money))
    assert_at_rest(money)


def test_a_line_too_long_is_asked_about_and_can_be_shortened(money: InvoiceHarness) -> None:
    invoice = money.invoice(
        lineItems=[money.line("Permit", 1, 100, "y" * 4001)],
    )
    money.work()
    assert money.told() == [
        "held: The text of a line has 4,001 characters, and QuickBooks accepts 4,000. Shorten it in Coperniq, or send "
        "it with the end cut off."
    ]
    money.edit(invoice, lineItems=[money.line("Permit", 1, 100, "Short by now")])
    money.work()
    assert money.in_books()["Line"][0]["Description"] == "Short by now"
    assert_at_rest(money)


ISSUED = [
    ({"issueDate": "2026-03-05T00:00:00.000Z"}, "2026-03-05"),
    ({"issueDate": "2026-03-05T03:00:00.000Z"}, "2026-03-04"),
    ({"issueDate": "2026-03-05T07:30:00.000Z"}, "2026-03-05"),
    ({"issueDate": "2026-07-05T05:59:59.000Z"}, "2026-07-04"),
]


@pytest.mark.parametrize(("dates", "day"), ISSUED)
def test_midnight_in_utc_is_a_date_and_any_other_moment_is_seen_from_the_company(
    office: PortalHarness, dates: dict[str, Any], day: str
) -> None:
    money = with_items(office, issue_date_returned=True)
    pushed(money, status="SENT", **dates)
    assert money.in_books()["TxnDate"] == day


@pytest.mark.parametrize("shape", ["midnight_utc", "noon_local", "midnight_local", "end_of_day_local"])
def test_a_day_somebody_picked_is_that_day(office: PortalHarness, shape: str) -> None:
    money = with_items(office, issue_date_returned=True, person_time_of_day=shape)
    type(office.company).objects.update(time_zone="America/Chicago")
    pushed(money, status="SENT", issueDate="2026-01-15", dueDate="2026-01-31")
    assert (money.in_books()["TxnDate"], money.in_books()["DueDate"]) == ("2026-01-15", "2026-01-31")
    assert_at_rest(money)


def test_where_no_issue_date_is_told_the_day_it_was_made_counts(money: InvoiceHarness) -> None:
    money.office.simulator.switch(issue_date_returned=False)
    pushed(money, status="SENT", issueDate="2020-01-01")
    assert money.in_books()["TxnDate"] > "2026"


@pytest.mark.parametrize("absent", ["omitted", "null"])
def test_without_a_due_date_quickbooks_terms_count(office: PortalHarness, absent: str) -> None:
    money = with_items(office, due_date_absent=absent)
    invoice = pushed(money)
    assert money.in_books()["DueDate"] > money.in_books()["TxnDate"]
    money.edit(invoice, dueDate="2027-05-01")
    money.work()
    assert money.in_books()["DueDate"] == "2027-05-01"
    money.edit(invoice, dueDate=None)
    money.work()
    assert money.in_books()["DueDate"] == "2027-05-01", "QuickBooks has no invoice without a due date"
    assert_at_rest(money)


def test_a_changed_due_date_is_all_that_is_written(money: InvoiceHarness) -> None:
    invoice = pushed(money, dueDate="2027-01-31")
    before = money.in_books()
    money.edit(invoice, dueDate="2027-02-28")
    money.work()
    after = money.in_books()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed <= {"DueDate", "SyncToken", "MetaData", "FreeFormAddress", "BillAddr", "ShipAddr"}
    assert after["DueDate"] == "2027-02-28"
    assert_at_rest(money)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["Due date"], "due date"),
        (["A", "B", "C", "D"], "a, b, c, d"),
        (["A", "B", "C", "D", "E"], "a, b, c and 2 more"),
    ],
)
def test_a_sentence_names_a_few_fields_and_never_counts_a_single_one(names: list[str], told: str) -> None:
    assert list_sentences(names) == told


def test_the_log_names_each_field_with_old_and_new(money: InvoiceHarness) -> None:
    invoice = pushed(money, description="First", dueDate="2027-01-31")
    money.edit(invoice, description="Second", dueDate="2027-02-28")
    money.work()
    entry = SyncLogEntry.objects.filter(kind="invoice").latest("pk")
    assert entry.changes == [
        {"field": "Due date", "before": "2027-01-31", "after": "2027-02-28"},
        {"field": "Memo", "before": "First", "after": "Second"},
    ]
    assert entry.intuit_tid
    assert RecordLink.objects.get(kind="invoice").coperniq_snapshot["memo"] == "Second"


def test_a_message_for_the_customer_can_be_put_back(money: InvoiceHarness) -> None:
    money.configure(memo_field="customer_memo", owners={"memo": "coperniq"})
    invoice = pushed(money, description="Old")
    put(money, money.in_books()["Id"], CustomerMemo={"value": "Theirs"})
    money.edit(invoice, description="Ours")
    money.work()
    assert money.in_books()["CustomerMemo"]["value"] == "Ours"
    money.decide("use_quickbooks", SyncRun.objects.filter(action="push_invoice").latest("pk"))
    assert money.in_books()["CustomerMemo"]["value"] == "Theirs"
