"""Payments people record in QuickBooks, in Coperniq: each invoice gets the money that came in for it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.causes import Cause
from integrations.errors import NeedsDecision, Skipped
from integrations.models import CompanyLease, RecordLink, SyncLogEntry, SyncRun
from integrations.quickbooks.documents import PaymentLine, QuickBooksPayment
from integrations.sync.engine.context import SyncContext
from integrations.sync.payments.pull_create import (
    plan_payment_pull_create,
    read_invoice_payments,
    refuse_pull_before_cutoff,
)
from tests.portal_harness import PortalHarness
from tests.sync.pull_builders import (
    assert_nothing_left_to_do,
    credit,
    invoice,
    invoices,
    logged_in_order,
    payments,
    ring_again,
)
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture(params=["pulled", "pushed"])
def books(request: pytest.FixtureRequest, office: PortalHarness) -> TwoWayHarness:
    """An invoice of $100 on both sides, whichever it began on."""
    books = open_two_way(office)
    begin(books, request.param)
    return books


def begin(books: TwoWayHarness, side: str) -> dict[str, Any]:
    if side == "pulled":
        books.invoice()
    else:
        books.money.invoice(("Permit", 1, 100))
        books.money.work()
    books.heard()
    return books.money.books("Invoice")[-1]


def one(books: TwoWayHarness) -> str:
    return str(books.money.books("Invoice")[0]["Id"])


def amounts(books: TwoWayHarness, number: int = 0) -> list[float]:
    return [row["amount"] for row in payments(books, number)]


@pytest.mark.parametrize("road", ["change data", "webhook", "both"])
def test_an_invoice_paid_in_two_parts(books: TwoWayHarness, road: str) -> None:
    for amount, day in ((40, "2026-11-03"), (60, "2026-11-05")):
        books.payment({"id": one(books), "amount": amount}, date=day, reference="4711", method="Check")
        if road != "change data":
            ring_again(books)
            books.money.work()
        if road != "webhook":
            books.heard()
    first, second = payments(books)
    assert (first["amount"], first["paymentDate"][:10], first["paymentMethod"]) == (40, "2026-11-03", "CHECK")
    assert (second["amount"], second["paymentDate"][:10]) == (60, "2026-11-05")
    assert first["paymentReference"].startswith("4711 (QBO ")
    assert invoice(books)["status"] == "PAID"
    assert_nothing_left_to_do(books)
    assert len(books.money.books("Payment")) == 2


def test_one_payment_of_several_invoices_is_one_on_each(books: TwoWayHarness) -> None:
    second = begin(books, "pulled")
    books.payment({"id": one(books), "amount": 100}, {"id": second["Id"], "amount": 30})
    books.heard()
    assert (amounts(books, 0), amounts(books, 1)) == ([100], [30])
    assert RecordLink.objects.filter(kind="payment").values("quickbooks_id").distinct().count() == 1
    assert_nothing_left_to_do(books)


def test_the_parent_may_pay_for_its_job(books: TwoWayHarness) -> None:
    parent = next(row for row in books.money.books("Customer") if not row.get("Job"))
    books.payment(one(books), customer=parent["Id"])
    books.heard()
    assert amounts(books) == [100]
    assert_nothing_left_to_do(books)


def test_a_credit_in_the_payment_is_no_money(books: TwoWayHarness) -> None:
    books.payment(one(books), credits=[credit(books, 25)])
    books.heard()
    assert amounts(books) == [75]
    assert_nothing_left_to_do(books)


def test_a_credit_alone_is_told_and_not_booked(books: TwoWayHarness) -> None:
    books.control(f"creditmemos/{credit(books, 25)}/apply", {"invoice": one(books)})
    books.heard()
    assert amounts(books) == []
    (entry,) = SyncLogEntry.objects.filter(cause=Cause.CREDIT_APPLIED)
    assert entry.outcome == "nothing_to_do"
    assert entry.sentence.startswith(
        "A credit was applied in QuickBooks: $25.00 on invoice 1001. No money came in"
    )
    assert entry.changes == [{"field": "Credit on invoice 1001", "before": "", "after": "$25.00"}]
    assert_nothing_left_to_do(books)
    books.payment(one(books))
    books.heard()
    assert amounts(books) == [75]
    assert SyncLogEntry.objects.filter(cause=Cause.CREDIT_APPLIED).count() == 1
    assert_nothing_left_to_do(books)


def test_more_than_was_asked_for_is_warned_of(books: TwoWayHarness) -> None:
    books.payment({"id": one(books), "amount": 100}, amount=130)
    books.heard()
    assert amounts(books) == [100]
    assert logged_in_order(books)[-1] == (
        "done_with_warning: Recorded the payment of $100.00 for invoice 1001 in Coperniq. $30.00 of the payment "
        "remains unapplied with the customer in QuickBooks."
    )
    assert_nothing_left_to_do(books)


def test_a_method_coperniq_does_not_know_is_named_in_the_notes(books: TwoWayHarness) -> None:
    books.money.configure(unknown_method="ACH")
    books.money.office.simulator.in_books(
        books.money.office.realm, "PaymentMethod", Name="Barter", Type="NON_CREDIT_CARD"
    )
    books.payment({"id": one(books), "amount": 40}, method="Barter", note="Two goats")
    books.payment({"id": one(books), "amount": 60}, method="Visa")
    books.heard()
    first, second = payments(books)
    assert (first["paymentMethod"], second["paymentMethod"]) == ("ACH", "CREDIT_CARD")
    assert first["notes"].split("\n")[:2] == ["Paid by Barter", "Two goats"]
    assert_nothing_left_to_do(books)


def test_more_than_coperniq_has_open_is_held_until_it_is_put_right(books: TwoWayHarness) -> None:
    paid = books.money.pay(invoice(books), 30, paymentDate="2026-10-01T00:00:00Z", status="NEW")
    books.payment(one(books))
    books.heard()
    above = SyncRun.objects.get(cause="above_balance")
    assert "$100.00 on invoice 1001, but only $70.00 is open" in above.sentence
    assert amounts(books) == [30]
    assert_nothing_left_to_do(books)
    books.money.remove_payment(invoice(books), paid)
    books.money.decide("retry", above)
    assert amounts(books) == [100]
    assert_nothing_left_to_do(books)


def test_money_on_what_is_declined_in_coperniq_waits_for_a_person(books: TwoWayHarness) -> None:
    books.money.configure(on_declined="leave")
    books.money.act(invoice(books), "decline")
    books.heard()
    books.payment({"id": one(books), "amount": 40})
    books.heard()
    assert books.money.held().cause == "invoice_declined"
    assert_nothing_left_to_do(books)
    books.money.act(invoice(books), "send")
    books.money.decide("retry")
    assert amounts(books) == [40]
    assert_nothing_left_to_do(books)


def test_a_payment_of_an_invoice_that_is_not_linked_is_nobodys(books: TwoWayHarness) -> None:
    ann = books.money.office.simulator.in_books(books.money.office.realm, DisplayName="Ann Brown")
    made = books.invoice(customer=ann["Id"])
    books.payment(made["Id"], customer=ann["Id"])
    before = logged_in_order(books)
    books.heard()
    assert logged_in_order(books) == before
    assert len(invoices(books)) == 1
    assert_nothing_left_to_do(books)


def test_a_payment_on_an_invoice_on_its_way_comes_with_it(office: PortalHarness) -> None:
    books = open_two_way(office)
    books.payment({"id": books.invoice()["Id"], "amount": 35})
    books.heard()
    assert (invoice(books)["amountPaid"], invoice(books)["status"]) == (35, "PARTIALLY_PAID")
    assert_nothing_left_to_do(books)


@pytest.mark.parametrize("fault", ["lost_answer", "late_error_502", "error_500"])
def test_a_payment_whose_answer_was_lost_is_found_by_its_mark(books: TwoWayHarness, fault: str) -> None:
    books.money.office.simulator.fault(fault, vendor="coperniq", method="POST", path="/payments")
    books.payment(one(books))
    books.heard()
    books.money.work()
    assert amounts(books) == [100]
    assert_nothing_left_to_do(books)
    assert len(books.money.books("Payment")) == 1


@pytest.mark.parametrize("fault", ["lost_answer", "late_error_500", "error_500"])
def test_an_invoice_whose_answer_was_lost_is_found_by_its_mark(office: PortalHarness, fault: str) -> None:
    books = open_two_way(office)
    books.money.office.simulator.fault(fault, vendor="coperniq", method="POST", path="/invoices")
    books.payment(books.invoice()["Id"])
    books.heard()
    books.money.work()
    assert len(invoices(books)) == 1
    assert amounts(books) == [100]
    assert_nothing_left_to_do(books)
    assert len(books.money.books("Invoice")) == 1


@pytest.fixture
def ctx(office: PortalHarness) -> SyncContext:
    return SyncContext(CompanyLease.objects.get(), open_two_way(office).money.office.quickbooks)


NOWHERE = "999999"


def payment_on(invoice_id: str = NOWHERE, note: str = "", days_ago: int = 0) -> QuickBooksPayment:
    """$40 of credits on one invoice: no money."""
    at = timezone.now() - timedelta(days=days_ago)
    lines = (PaymentLine(4000, invoice_id, "Invoice", {}), PaymentLine(4000, "5", "CreditMemo", {}))
    day = date(2026, 11, 10)
    return QuickBooksPayment("77", "0", "1", day, 0, 0, "", "", "", note, lines, False, at, at)


def test_only_credits_and_older_payments_stay_where_they_are(ctx: SyncContext) -> None:
    pulled = RecordLink(match_method="pulled", quickbooks_id=NOWHERE, number="1")
    with pytest.raises(Skipped) as only_credits:
        plan_payment_pull_create(ctx, SyncRun(), payment_on(), pulled)
    assert only_credits.value.cause == Cause.ONLY_CREDITS
    pushed = RecordLink(match_method="created")
    with pytest.raises(Skipped) as older:
        refuse_pull_before_cutoff(ctx, SyncRun(), payment_on(days_ago=3), pushed)
    assert older.value.cause == Cause.BEFORE_CUT_OFF


def test_an_invoice_that_coperniq_does_not_show_any_more_takes_no_payment(ctx: SyncContext) -> None:
    link = RecordLink(coperniq_id=NOWHERE, coperniq_parent_id=NOWHERE, number="1")
    with pytest.raises(NeedsDecision) as held:
        read_invoice_payments(ctx, link)
    assert held.value.cause == Cause.INVOICE_MISSING
