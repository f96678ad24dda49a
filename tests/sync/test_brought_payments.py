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
from tests.sampling import ORIGINS
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


@pytest.fixture(params=ORIGINS)
def sides(request: pytest.FixtureRequest, portal: PortalHarness) -> TwoWayHarness:
    """An invoice of $100 on both sides, whichever it began on."""
    sides = open_two_way(portal)
    begin(sides, request.param)
    return sides


def begin(sides: TwoWayHarness, side: str) -> dict[str, Any]:
    if side == "pulled":
        sides.invoice()
    else:
        sides.harness.invoice(("Permit", 1, 100))
        sides.harness.work()
    sides.sync()
    return sides.harness.books("Invoice")[-1]


def one(sides: TwoWayHarness) -> str:
    return str(sides.harness.books("Invoice")[0]["Id"])


def amounts(sides: TwoWayHarness, number: int = 0) -> list[float]:
    return [row["amount"] for row in payments(sides, number)]


@pytest.mark.parametrize("road", ["change data", "webhook", "both"])
def test_an_invoice_paid_in_two_parts(sides: TwoWayHarness, road: str) -> None:
    for amount, day in ((40, "2026-11-03"), (60, "2026-11-05")):
        sides.payment({"id": one(sides), "amount": amount}, date=day, reference="4711", method="Check")
        if road != "change data":
            ring_again(sides)
            sides.harness.work()
        if road != "webhook":
            sides.sync()
    first, second = payments(sides)
    assert (first["amount"], first["paymentDate"][:10], first["paymentMethod"]) == (40, "2026-11-03", "CHECK")
    assert (second["amount"], second["paymentDate"][:10]) == (60, "2026-11-05")
    assert first["paymentReference"].startswith("4711 (QBO ")
    assert invoice(sides)["status"] == "PAID"
    assert_nothing_left_to_do(sides)
    assert len(sides.harness.books("Payment")) == 2


def test_one_payment_of_several_invoices_is_one_on_each(sides: TwoWayHarness) -> None:
    second = begin(sides, "pulled")
    sides.payment({"id": one(sides), "amount": 100}, {"id": second["Id"], "amount": 30})
    sides.sync()
    assert (amounts(sides, 0), amounts(sides, 1)) == ([100], [30])
    assert RecordLink.objects.filter(kind="payment").values("quickbooks_id").distinct().count() == 1
    assert_nothing_left_to_do(sides)


def test_the_parent_may_pay_for_its_job(sides: TwoWayHarness) -> None:
    parent = next(row for row in sides.harness.books("Customer") if not row.get("Job"))
    sides.payment(one(sides), customer=parent["Id"])
    sides.sync()
    assert amounts(sides) == [100]
    assert_nothing_left_to_do(sides)


def test_a_credit_in_the_payment_is_no_money(sides: TwoWayHarness) -> None:
    sides.payment(one(sides), credits=[credit(sides, 25)])
    sides.sync()
    assert amounts(sides) == [75]
    assert_nothing_left_to_do(sides)


def test_a_credit_alone_is_told_and_not_booked(sides: TwoWayHarness) -> None:
    sides.control(f"creditmemos/{credit(sides, 25)}/apply", {"invoice": one(sides)})
    sides.sync()
    assert amounts(sides) == []
    (entry,) = SyncLogEntry.objects.filter(cause=Cause.CREDIT_APPLIED)
    assert entry.outcome == "nothing_to_do"
    assert entry.sentence.startswith(
        "A credit was applied in QuickBooks: $25.00 on invoice 1001. No money came in"
    )
    assert entry.changes == [{"field": "Credit on invoice 1001", "before": "", "after": "$25.00"}]
    assert_nothing_left_to_do(sides)
    sides.payment(one(sides))
    sides.sync()
    assert amounts(sides) == [75]
    assert SyncLogEntry.objects.filter(cause=Cause.CREDIT_APPLIED).count() == 1
    assert_nothing_left_to_do(sides)


def test_more_than_was_asked_for_is_warned_of(sides: TwoWayHarness) -> None:
    sides.payment({"id": one(sides), "amount": 100}, amount=130)
    sides.sync()
    assert amounts(sides) == [100]
    assert logged_in_order(sides)[-1] == (
        "done_with_warning: Recorded the payment of $100.00 for invoice 1001 in Coperniq. $30.00 of the payment "
        "remains unapplied with the customer in QuickBooks."
    )
    assert_nothing_left_to_do(sides)


def test_a_method_coperniq_does_not_know_is_named_in_the_notes(sides: TwoWayHarness) -> None:
    sides.harness.configure(unknown_method="ACH")
    sides.harness.portal.simulator.in_books(
        sides.harness.portal.realm, "PaymentMethod", Name="Barter", Type="NON_CREDIT_CARD"
    )
    sides.payment({"id": one(sides), "amount": 40}, method="Barter", note="Two goats")
    sides.payment({"id": one(sides), "amount": 60}, method="Visa")
    sides.sync()
    first, second = payments(sides)
    assert (first["paymentMethod"], second["paymentMethod"]) == ("ACH", "CREDIT_CARD")
    assert first["notes"].split("\n")[:2] == ["Paid by Barter", "Two goats"]
    assert_nothing_left_to_do(sides)


def test_more_than_coperniq_has_open_is_held_until_it_is_put_right(sides: TwoWayHarness) -> None:
    paid = sides.harness.pay(invoice(sides), 30, paymentDate="2026-10-01T00:00:00Z", status="NEW")
    sides.payment(one(sides))
    sides.sync()
    above = SyncRun.objects.get(cause="above_balance")
    assert "$100.00 on invoice 1001, but only $70.00 is open" in above.sentence
    assert amounts(sides) == [30]
    assert_nothing_left_to_do(sides)
    sides.harness.remove_payment(invoice(sides), paid)
    sides.harness.decide("retry", above)
    assert amounts(sides) == [100]
    assert_nothing_left_to_do(sides)


def test_money_on_what_is_declined_in_coperniq_waits_for_a_person(sides: TwoWayHarness) -> None:
    sides.harness.configure(on_declined="leave")
    sides.harness.act(invoice(sides), "decline")
    sides.sync()
    sides.payment({"id": one(sides), "amount": 40})
    sides.sync()
    assert sides.harness.held().cause == "invoice_declined"
    assert_nothing_left_to_do(sides)
    sides.harness.act(invoice(sides), "send")
    sides.harness.decide("retry")
    assert amounts(sides) == [40]
    assert_nothing_left_to_do(sides)


def test_a_payment_of_an_invoice_that_is_not_linked_is_nobodys(sides: TwoWayHarness) -> None:
    ann = sides.harness.portal.simulator.in_books(sides.harness.portal.realm, DisplayName="Ann Brown")
    made = sides.invoice(customer=ann["Id"])
    sides.payment(made["Id"], customer=ann["Id"])
    before = logged_in_order(sides)
    sides.sync()
    assert logged_in_order(sides) == before
    assert len(invoices(sides)) == 1
    assert_nothing_left_to_do(sides)


def test_a_payment_on_an_invoice_on_its_way_comes_with_it(portal: PortalHarness) -> None:
    sides = open_two_way(portal)
    sides.payment({"id": sides.invoice()["Id"], "amount": 35})
    sides.sync()
    assert (invoice(sides)["amountPaid"], invoice(sides)["status"]) == (35, "PARTIALLY_PAID")
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("fault", ["lost_answer", "late_error_502", "error_500"])
def test_a_payment_whose_answer_was_lost_is_found_by_its_mark(sides: TwoWayHarness, fault: str) -> None:
    sides.harness.portal.simulator.fault(fault, vendor="coperniq", method="POST", path="/payments")
    sides.payment(one(sides))
    sides.sync()
    sides.harness.work()
    assert amounts(sides) == [100]
    assert_nothing_left_to_do(sides)
    assert len(sides.harness.books("Payment")) == 1


@pytest.mark.parametrize("fault", ["lost_answer", "late_error_500", "error_500"])
def test_an_invoice_whose_answer_was_lost_is_found_by_its_mark(portal: PortalHarness, fault: str) -> None:
    sides = open_two_way(portal)
    sides.harness.portal.simulator.fault(fault, vendor="coperniq", method="POST", path="/invoices")
    sides.payment(sides.invoice()["Id"])
    sides.sync()
    sides.harness.work()
    assert len(invoices(sides)) == 1
    assert amounts(sides) == [100]
    assert_nothing_left_to_do(sides)
    assert len(sides.harness.books("Invoice")) == 1


@pytest.fixture
def ctx(portal: PortalHarness) -> SyncContext:
    return SyncContext(CompanyLease.objects.get(), open_two_way(portal).harness.portal.quickbooks)


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
