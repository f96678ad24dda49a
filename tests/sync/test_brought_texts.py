"""Numbers, memos and dates of QuickBooks' invoices in Coperniq, and which invoices come over at all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from integrations.models import InvoiceSyncPeriod, RecordLink, RemoteWrite, SyncLogEntry, SyncRun
from integrations.models.writes import LinkValues
from integrations.sync.invoices.pull_create import deposit_warnings
from integrations.sync.invoices.pull_response import pulled_invoice_name, total_warnings
from integrations.sync.invoices.write_data import PulledLines
from integrations.sync.payments.pull_response import payment_variance
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import earlier, prefer
from tests.sync.pull_builders import (
    assert_nothing_left_to_do,
    invoice,
    invoices,
    logged_in_order,
    payments,
    ring_again,
    writes,
)
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def books(office: PortalHarness) -> TwoWayHarness:
    return open_two_way(office)


def some(**values: Any) -> Any:
    return SimpleNamespace(**values)


def text(books: TwoWayHarness) -> str:
    return str(invoice(books)["description"])


def test_the_number_stands_before_the_memo_and_the_mark_after_it(books: TwoWayHarness) -> None:
    books.invoice(number="A-77", note="Thanks\nand regards", date="2026-11-02", due="2026-12-01")
    books.heard()
    found = invoice(books)
    first, second, mark = found["description"].split("\n")
    assert (first, second) == ("QBO #A-77: Thanks", "and regards")
    assert mark.startswith("[QuickBooks invoice ")
    assert (found["status"], found["issueDate"][:10], found["dueDate"][:10]) == (
        "SENT",
        "2026-11-02",
        "2026-12-01",
    )
    assert_nothing_left_to_do(books)


def test_a_changed_number_is_shown_and_the_memo_stays(books: TwoWayHarness) -> None:
    made = books.invoice(number="A-77", note="Thanks")
    books.heard()
    books.change(made, number="A-78")
    books.heard()
    assert text(books).startswith("QBO #A-78: Thanks\n")
    assert books.money.link().number == "A-78"
    assert_nothing_left_to_do(books)


def test_a_memo_goes_round_and_nobody_sees_number_or_mark_in_it(books: TwoWayHarness) -> None:
    made = books.invoice(number="A-77", note="First")
    books.heard()
    books.money.edit(invoice(books), description=text(books).replace("First", "Second"))
    books.money.work()
    assert books.money.in_books()["PrivateNote"].split("\n")[0] == "Second"
    assert_nothing_left_to_do(books)
    books.change(made, note="Third")
    books.heard()
    assert text(books).startswith("QBO #A-77: Third\n")
    assert_nothing_left_to_do(books)
    books.change(made, note="")
    books.heard()
    assert text(books).startswith("QBO #A-77\n[QuickBooks invoice ")
    assert_nothing_left_to_do(books)


def test_a_text_without_its_mark_is_still_the_same_invoice(books: TwoWayHarness) -> None:
    made = books.invoice(number="A-77", note="First")
    books.heard()
    books.money.edit(invoice(books), description="All my own words")
    books.money.work()
    assert books.money.in_books()["PrivateNote"].split("\n")[0] == "All my own words"
    assert_nothing_left_to_do(books)
    books.change(made, note="And mine", number="A-79")
    books.heard()
    assert text(books) == "And mine"
    assert_nothing_left_to_do(books)


def test_the_customer_memo_may_be_the_memo(books: TwoWayHarness) -> None:
    books.money.configure(memo_field="customer_memo")
    made = books.invoice(memo="Dear John", note="Internal")
    books.heard()
    assert "Dear John" in text(books)
    assert "Internal" not in text(books)
    assert_nothing_left_to_do(books)
    books.change(made, note="Other internal", memo="Dear Mr Smith")
    books.heard()
    assert "Dear Mr Smith" in text(books)
    books.money.edit(invoice(books), description=text(books).replace("Dear Mr Smith", "Hello"))
    books.money.work()
    assert books.money.in_books()["CustomerMemo"] == {"value": "Hello"}
    assert "Other internal" in books.money.in_books()["PrivateNote"]
    assert_nothing_left_to_do(books)


def test_a_changed_due_date_comes_over(books: TwoWayHarness) -> None:
    made = books.invoice(due="2026-12-01")
    books.heard()
    books.change(made, due="2027-01-01")
    books.heard()
    assert invoice(books)["dueDate"].startswith("2027-01-01")
    assert_nothing_left_to_do(books)


def by_hand(books: TwoWayHarness) -> dict[str, Any]:
    parent = next(row for row in books.money.books("Customer") if not row.get("Job"))
    values: dict[str, Any] = {"DisplayName": "Garage", "Job": True, "ParentRef": {"value": parent["Id"]}}
    return books.money.office.simulator.in_books(books.money.office.realm, **values, BillWithParent=True)


def test_a_job_added_by_hand_is_told_once_and_left_alone(books: TwoWayHarness) -> None:
    made = books.invoice(customer=by_hand(books)["Id"])
    books.heard()
    assert invoices(books) == []
    assert "added by hand in QuickBooks under “John Smith”" in logged_in_order(books)[-1]
    assert SyncLogEntry.objects.filter(cause="job_added_by_hand").count() == 1
    assert_nothing_left_to_do(books)
    books.change(made, note="Changed")
    books.heard()
    assert_nothing_left_to_do(books)
    assert SyncLogEntry.objects.filter(cause="job_added_by_hand").count() == 1


def test_a_stranger_is_passed_over_without_a_word(books: TwoWayHarness) -> None:
    ann = books.money.office.simulator.in_books(books.money.office.realm, DisplayName="Ann Brown")
    made = books.invoice(customer=ann["Id"])
    books.heard()
    ring_again(books)
    books.change(made, note="Changed")
    books.payment(made["Id"], customer=ann["Id"])
    books.heard()
    assert (invoices(books), logged_in_order(books)) == ([], [])
    assert_nothing_left_to_do(books)


def test_the_customer_itself_has_its_invoices_on_the_account(books: TwoWayHarness) -> None:
    parent = next(row for row in books.money.books("Customer") if not row.get("Job"))
    books.invoice(customer=parent["Id"])
    books.heard()
    assert invoice(books)["recordId"] == books.money.account["id"]
    assert_nothing_left_to_do(books)


def test_an_older_invoice_comes_over_once_it_is_changed_if_nothing_is_paid(books: TwoWayHarness) -> None:
    with earlier(books.money.office, 30):
        made = books.invoice()
    books.heard()
    assert invoices(books) == []
    books.change(made, note="Looked at")
    books.heard()
    assert "Looked at" in text(books)
    assert_nothing_left_to_do(books)


@pytest.mark.parametrize("paid", [40, 100])
def test_an_older_invoice_that_is_paid_is_brought_over_by_a_person(books: TwoWayHarness, paid: int) -> None:
    with earlier(books.money.office, 30):
        made = books.invoice()
        books.payment({"id": made["Id"], "amount": paid})
    books.heard()
    books.change(made, note="Looked at")
    books.heard()
    assert invoices(books) == []
    assert (
        f"skipped: Invoice {made['DocNumber']} was created before invoice syncing"
        in logged_in_order(books)[-1]
    )
    assert_nothing_left_to_do(books)
    books.money.decide("bring_over", SyncRun.objects.filter(cause="older_and_paid").first())
    assert [row["amount"] for row in payments(books)] == [paid]
    assert invoice(books)["amountPaid"] == paid
    assert_nothing_left_to_do(books)


def test_while_syncing_is_off_edits_wait_and_new_ones_are_older_afterwards(books: TwoWayHarness) -> None:
    linked = books.invoice(note="First")
    books.heard()
    books.money.switch(on=False)
    books.change(linked, note="Second", lines=[{"item": "Permit", "quantity": 2, "price": 100}])
    books.heard()
    assert "First" in text(books)
    paid, open_one = books.invoice(note="Paid"), books.invoice(note="Open")
    books.payment(paid["Id"])
    books.heard()
    InvoiceSyncPeriod.objects.filter(off_at=None).update(off_at="2026-11-27T00:00:00Z")
    books.money.switch(on=True)
    books.money.office.simulator.control("clock", {"shift_seconds": 5})
    books.heard()
    assert len(invoices(books)) == 1
    assert "Second" in text(books)
    assert invoice(books)["amount"] == 200
    assert_nothing_left_to_do(books)
    books.change(paid, note="Paid and looked at")
    books.change(open_one, note="Open and looked at")
    books.heard()
    assert ["Open and looked at" in one["description"] for one in invoices(books)] == [False, True]
    assert writes(books).count("coperniq POST /coperniq/v1/invoices") == 1
    assert_nothing_left_to_do(books)


def test_one_without_a_number_is_told_by_coperniqs(books: TwoWayHarness) -> None:
    """With custom transaction numbers switched on QuickBooks gives none by itself."""
    prefer(books.money.office, custom_txn_numbers=True)
    made = books.invoice(number="")
    books.heard()
    books.payment({"id": made["Id"], "amount": 40})
    books.change(made, due="2040-01-02")
    books.heard()
    own = RecordLink.objects.get(kind="invoice").coperniq_name.removeprefix("Invoice ")
    assert own.isdecimal()
    assert not books.money.in_books().get("DocNumber")
    assert [sentence for sentence in logged_in_order(books) if "1" in sentence] == [
        f"done: Created invoice {own} in Coperniq on “John Smith | #1001”: $100.00.",
        f"done: Updated invoice {own} in Coperniq: due date.",
        f"done: Recorded the payment of $40.00 for invoice {own} in Coperniq.",
    ]


def test_a_deposit_and_a_total_or_an_amount_made_otherwise_are_told() -> None:
    (told,) = total_warnings(PulledLines(10000), some(total_cents=9000))
    assert "The total is $90.00 in Coperniq and $100.00 in QuickBooks" in str(told)
    write = RemoteWrite(link_data=LinkValues(amount_cents=4000).as_json())
    (warning,) = payment_variance(write, some(amount_cents=3000))
    assert "Coperniq recorded $30.00, but QuickBooks has $40.00" in warning.text
    assert "deposit of $5.00" in str(deposit_warnings(some(deposit_cents=500))[0])


def test_both_numbers_are_told_where_they_differ() -> None:
    assert pulled_invoice_name("7", "1002") == "Invoice 7 (1002 in Coperniq)"
    assert pulled_invoice_name("", "1002") == pulled_invoice_name("1002", "1002") == "Invoice 1002"
