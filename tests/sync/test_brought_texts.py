"""Numbers, memos and dates of QuickBooks' invoices in Coperniq, and which invoices come over at all."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

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
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


def some(**values: Any) -> Any:
    return SimpleNamespace(**values)


def text(sides: TwoWayHarness) -> str:
    return str(invoice(sides)["description"])


def test_the_number_stands_before_the_memo_and_nothing_after_it(sides: TwoWayHarness) -> None:
    sides.invoice(number="A-77", note="Thanks\nand regards", date="2026-11-02", due="2040-12-01")
    sides.sync()
    found = invoice(sides)
    assert found["description"] == "QBO #A-77: Thanks\nand regards"
    assert (found["status"], found["issueDate"][:10], found["dueDate"][:10]) == (
        "SENT",
        "2026-11-02",
        "2040-12-01",
    )
    assert_nothing_left_to_do(sides)


def test_a_changed_number_is_shown_and_the_memo_stays(sides: TwoWayHarness) -> None:
    made = sides.invoice(number="A-77", note="Thanks")
    sides.sync()
    sides.change(made, number="A-78")
    sides.sync()
    assert text(sides) == "QBO #A-78: Thanks"
    assert sides.harness.link().number == "A-78"
    assert_nothing_left_to_do(sides)


def test_a_memo_goes_round_and_nobody_sees_number_or_mark_in_it(sides: TwoWayHarness) -> None:
    made = sides.invoice(number="A-77", note="First")
    sides.sync()
    sides.harness.edit(invoice(sides), description=text(sides).replace("First", "Second"))
    sides.harness.work()
    assert sides.harness.in_books()["PrivateNote"] == "Second"
    assert_nothing_left_to_do(sides)
    sides.change(made, note="Third")
    sides.sync()
    assert text(sides) == "QBO #A-77: Third"
    assert_nothing_left_to_do(sides)
    sides.change(made, note="")
    sides.sync()
    assert text(sides) == "QBO #A-77"
    assert_nothing_left_to_do(sides)


def test_a_text_without_its_mark_is_still_the_same_invoice(sides: TwoWayHarness) -> None:
    made = sides.invoice(number="A-77", note="First")
    sides.sync()
    sides.harness.edit(invoice(sides), description="All my own words")
    sides.harness.work()
    assert sides.harness.in_books()["PrivateNote"].split("\n")[0] == "All my own words"
    assert_nothing_left_to_do(sides)
    sides.change(made, note="And mine", number="A-79")
    sides.sync()
    assert text(sides) == "And mine"
    assert_nothing_left_to_do(sides)


def test_the_customer_memo_may_be_the_memo(sides: TwoWayHarness) -> None:
    sides.harness.configure(memo_field="customer_memo")
    made = sides.invoice(memo="Dear John", note="Internal")
    sides.sync()
    assert "Dear John" in text(sides)
    assert "Internal" not in text(sides)
    assert_nothing_left_to_do(sides)
    sides.change(made, note="Other internal", memo="Dear Mr Smith")
    sides.sync()
    assert "Dear Mr Smith" in text(sides)
    sides.harness.edit(invoice(sides), description=text(sides).replace("Dear Mr Smith", "Hello"))
    sides.harness.work()
    assert sides.harness.in_books()["CustomerMemo"] == {"value": "Hello"}
    assert "Other internal" in sides.harness.in_books()["PrivateNote"]
    assert_nothing_left_to_do(sides)


def test_a_changed_due_date_comes_over(sides: TwoWayHarness) -> None:
    made = sides.invoice(due="2026-12-01")
    sides.sync()
    sides.change(made, due="2027-01-01")
    sides.sync()
    assert invoice(sides)["dueDate"].startswith("2027-01-01")
    assert_nothing_left_to_do(sides)


def by_hand(sides: TwoWayHarness) -> dict[str, Any]:
    parent = next(row for row in sides.harness.books("Customer") if not row.get("Job"))
    values: dict[str, Any] = {"DisplayName": "Garage", "Job": True, "ParentRef": {"value": parent["Id"]}}
    return sides.harness.portal.simulator.in_books(sides.harness.portal.realm, **values, BillWithParent=True)


def test_a_job_added_by_hand_is_told_once_and_left_alone(sides: TwoWayHarness) -> None:
    made = sides.invoice(customer=by_hand(sides)["Id"])
    sides.sync()
    assert invoices(sides) == []
    assert "added by hand in QuickBooks under “John Smith”" in logged_in_order(sides)[-1]
    assert SyncLogEntry.objects.filter(cause="job_added_by_hand").count() == 1
    assert_nothing_left_to_do(sides)
    sides.change(made, note="Changed")
    sides.sync()
    assert_nothing_left_to_do(sides)
    assert SyncLogEntry.objects.filter(cause="job_added_by_hand").count() == 1


def test_a_stranger_is_passed_over_without_a_word(sides: TwoWayHarness) -> None:
    ann = sides.harness.portal.simulator.in_books(sides.harness.portal.realm, DisplayName="Ann Brown")
    made = sides.invoice(customer=ann["Id"])
    sides.sync()
    ring_again(sides)
    sides.change(made, note="Changed")
    sides.payment(made["Id"], customer=ann["Id"])
    sides.sync()
    assert (invoices(sides), logged_in_order(sides)) == ([], [])
    assert_nothing_left_to_do(sides)


def test_the_customer_itself_has_its_invoices_on_the_account(sides: TwoWayHarness) -> None:
    parent = next(row for row in sides.harness.books("Customer") if not row.get("Job"))
    sides.invoice(customer=parent["Id"])
    sides.sync()
    assert invoice(sides)["recordId"] == sides.harness.account["id"]
    assert_nothing_left_to_do(sides)


def test_an_older_invoice_comes_over_once_it_is_changed_if_nothing_is_paid(sides: TwoWayHarness) -> None:
    with earlier(sides.harness.portal, 30):
        made = sides.invoice()
    sides.sync()
    assert invoices(sides) == []
    sides.change(made, note="Looked at")
    sides.sync()
    assert "Looked at" in text(sides)
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("paid", [40, 100])
def test_an_older_invoice_that_is_paid_is_brought_over_by_a_person(sides: TwoWayHarness, paid: int) -> None:
    with earlier(sides.harness.portal, 30):
        made = sides.invoice()
        sides.payment({"id": made["Id"], "amount": paid})
    sides.sync()
    sides.change(made, note="Looked at")
    sides.sync()
    assert invoices(sides) == []
    assert (
        f"skipped: Invoice {made['DocNumber']} was created while invoice syncing"
        in logged_in_order(sides)[-1]
    )
    assert_nothing_left_to_do(sides)
    sides.harness.decide("bring_over", SyncRun.objects.filter(cause="older_and_paid").first())
    assert [row["amount"] for row in payments(sides)] == [paid]
    assert invoice(sides)["amountPaid"] == paid
    assert_nothing_left_to_do(sides)


def test_while_syncing_is_off_edits_wait_and_new_ones_are_older_afterwards(sides: TwoWayHarness) -> None:
    linked = sides.invoice(note="First")
    sides.sync()
    sides.harness.switch(on=False)
    times = {"on_at": timezone.now() - timedelta(hours=2), "off_at": timezone.now() - timedelta(hours=1)}
    InvoiceSyncPeriod.objects.update(**times)
    sides.change(linked, note="Second", lines=[{"item": "Permit", "quantity": 2, "price": 100}])
    sides.sync()
    assert "First" in text(sides)
    with earlier(sides.harness.portal, 8):
        paid, open_one = sides.invoice(note="Paid"), sides.invoice(note="Open")
        sides.payment(paid["Id"])
    sides.sync()
    sides.harness.switch(on=True)
    InvoiceSyncPeriod.objects.filter(off_at=None).update(on_at=timezone.now() - timedelta(minutes=5))
    sides.sync()
    assert len(invoices(sides)) == 1
    assert "Second" in text(sides)
    assert invoice(sides)["amount"] == 200
    assert_nothing_left_to_do(sides)
    sides.change(paid, note="Paid and looked at")
    sides.change(open_one, note="Open and looked at")
    sides.sync()
    assert ["Open and looked at" in one["description"] for one in invoices(sides)] == [False, True]
    assert writes(sides).count("coperniq POST /coperniq/v1/invoices") == 1
    assert_nothing_left_to_do(sides)


def test_one_without_a_number_is_told_by_coperniqs(sides: TwoWayHarness) -> None:
    """With custom transaction numbers switched on QuickBooks gives none by itself."""
    prefer(sides.harness.portal, custom_txn_numbers=True)
    made = sides.invoice(number="")
    sides.sync()
    sides.payment({"id": made["Id"], "amount": 40})
    sides.change(made, due="2040-01-02")
    sides.sync()
    own = RecordLink.objects.get(kind="invoice").coperniq_name.removeprefix("Invoice ")
    assert own.isdecimal()
    assert not sides.harness.in_books().get("DocNumber")
    assert [sentence for sentence in logged_in_order(sides) if "1" in sentence] == [
        f"done: Created invoice {own} in Coperniq on “John Smith | #1001”: $100.00.",
        f"done: Updated invoice {own} in Coperniq: due date.",
        f"done: Recorded the payment of $40.00 for invoice {own} in Coperniq.",
    ]


def test_a_deposit_and_a_total_or_an_amount_made_otherwise_are_told() -> None:
    (logged,) = total_warnings(PulledLines(10000), some(total_cents=9000))
    assert "The total is $90.00 in Coperniq and $100.00 in QuickBooks" in str(logged)
    write = RemoteWrite(link_data=LinkValues(amount_cents=4000).as_json())
    (warning,) = payment_variance(write, some(amount_cents=3000))
    assert "Coperniq recorded $30.00, but QuickBooks has $40.00" in warning.text
    assert "deposit of $5.00" in str(deposit_warnings(some(deposit_cents=500))[0])


def test_both_numbers_are_told_where_they_differ() -> None:
    assert pulled_invoice_name("7", "1002") == "Invoice 7 (1002 in Coperniq)"
    assert pulled_invoice_name("", "1002") == pulled_invoice_name("1002", "1002") == "Invoice 1002"
