"""What a person reads for each refusal a payment can meet, and that the ways out lead out.

See docs/vendors/quickbooks-online.md, 2.2.

The simulator answers as QuickBooks does; only the refusal itself is put in its mouth, since most cannot be provoked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.utils import timezone

from integrations.causes import Cause
from integrations.models import CoperniqConnection, QuickBooksConnection, RemoteWrite, SyncRun
from tests.invoice_harness import InvoiceHarness
from tests.sampling import thinned
from tests.sync.in_process import over_the_simulator

PROGRAMMERS = "QuickBooks did not understand what the portal sent. That is a mistake of the portal: please tell support."
AMOUNT = (
    "QuickBooks does not take an amount of this record, e.g. because it is negative or too large. Please check the "
    "amounts in Coperniq, then try again."
)
DATE = "QuickBooks does not take a date of this record. Please check its dates in Coperniq, then try again."
INACTIVE = "QuickBooks: something this record needs is inactive or deleted. Please activate it there. (It went wrong)"
OFF = (
    "QuickBooks does not offer this to your company: it is switched off there, or not part of its plan. Please switch it "
    "on there, or ask support."
)
CLOSED = "The books in QuickBooks are closed for that date. Please reopen the period or change the date."
TYPE = (
    "QuickBooks does not take the chosen account for this, since it is of another type. Please choose another one under "
    "Integrations, then try again."
)
UNKNOWN = "QuickBooks refused: It went wrong. Please correct this and try again."

HELD: dict[str, tuple[str, str]] = {
    "500": ("feature_off", OFF),
    "5000": ("feature_off", OFF),
    "5020": ("feature_off", OFF),
    "5030": ("feature_off", OFF),
    "610": ("inactive_reference", INACTIVE),
    "2500": ("inactive_reference", INACTIVE),
    "620": (
        "cannot_be_linked",
        "QuickBooks cannot put this payment on its invoice, as a rule because they belong to different customers. Please "
        "check the customer of both there, then try again.",
    ),
    "2010": ("portal_bug", PROGRAMMERS),
    "2020": ("portal_bug", PROGRAMMERS),
    "2030": ("portal_bug", PROGRAMMERS),
    "2170": ("portal_bug", PROGRAMMERS),
    "2050": (
        "too_long",
        "A text of this record is longer than QuickBooks takes. Please shorten it in Coperniq, then try again.",
    ),
    "2060": ("bad_date", DATE),
    "2070": ("bad_date", DATE),
    "2140": ("bad_amount", AMOUNT),
    "2290": ("bad_amount", AMOUNT),
    "6070": ("bad_amount", AMOUNT),
    "2220": (
        "wrong_currency",
        "QuickBooks does not take the currency of this record. Please check the currency of the customer there, then try "
        "again.",
    ),
    "6000": (
        "business_rule",
        "A rule of QuickBooks forbids this: It went wrong. Please correct this and try again.",
    ),
    "6010": ("bad_account_type", TYPE),
    "6430": ("bad_account_type", TYPE),
    "6190": (
        "subscription_ended",
        "The subscription or trial of this QuickBooks company has ended. Please renew it there, then try again.",
    ),
    "6200": ("books_closed", CLOSED),
    "6210": ("books_closed", CLOSED),
    "6250": (
        "invalid_customer",
        "QuickBooks does not take the customer of this record. Please check that the customer is active there, then try "
        "again.",
    ),
    "6540": (
        "deposited",
        "This payment is part of a bank deposit in QuickBooks. Please take it out of the deposit there, then try again.",
    ),
    "4000": ("refused", UNKNOWN),
    "9999": ("refused", UNKNOWN),
}
RETRIED = {
    "600": ("outcome_unknown", 400),
    "2130": ("outcome_unknown", 400),
    "10000": ("outcome_unknown", 500),
    "10100": ("outcome_unknown", 500),
    "10200": ("outcome_unknown", 500),
    "3001": ("throttled", 429),
    "5010": ("stale_version", 400),
}
LOST = {
    "100": 401, "110": 401, "120": 401, "130": 400, "140": 400, "150": 400, "3100": 403, "3200": 401, "3202": 401
}  # fmt: skip


@contextmanager
def refusing(
    harness: InvoiceHarness, code: str, status: int = 400, entity: str = "payment"
) -> Iterator[None]:
    """QuickBooks answers every write of these with this code, and does nothing."""
    error = {"Message": "It went wrong", "Detail": "It went wrong", "code": code, "element": ""}
    fault = {"Fault": {"Error": [error], "type": "ValidationFault"}, "time": "2026-11-27T00:00:00Z"}
    with over_the_simulator() as stage:
        stage.add(
            "POST", re.compile(rf"{harness.portal.simulator.url}/.*/{entity}\?.*"), json=fault, status=status
        )
        yield


def pay(harness: InvoiceHarness, **fields: Any) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    harness.pay(invoice, 40, **fields)
    harness.work()


@pytest.mark.parametrize("code", thinned(HELD, 5))
def test_a_refusal_is_held_with_its_sentence_and_may_be_tried_again(
    harness: InvoiceHarness, code: str
) -> None:
    with refusing(harness, code):
        pay(harness)
    run = harness.held()
    assert (run.cause, run.sentence) == HELD[code]
    assert [choice["key"] for choice in run.choices] == ["retry", "discard"]
    assert run.not_before is None
    assert RemoteWrite.objects.get(run=run, entity="Payment").error_code == code
    harness.decide("retry")
    assert harness.in_books("Payment")["TotalAmt"] == 40
    assert harness.in_books()["Balance"] == 60


def test_what_was_read_after_a_refusal_that_stays_is_known_afterwards(harness: InvoiceHarness) -> None:
    """The stored balance counts as unknown after it, so that the invoice is read again."""
    with refusing(harness, "6000"):
        pay(harness)
    assert harness.held().cause == "business_rule"
    assert harness.link().quickbooks_invoice.balance == 100_00


def test_a_refused_payment_may_be_left(harness: InvoiceHarness) -> None:
    with refusing(harness, "6000"):
        pay(harness)
    harness.decide("discard")
    harness.sweep()
    assert harness.books("Payment") == []
    assert SyncRun.objects.get(action="push_payment").state == "cancelled"


@pytest.mark.parametrize("code", thinned(RETRIED, 3))
def test_what_passes_by_itself_is_tried_again_by_itself(harness: InvoiceHarness, code: str) -> None:
    cause, status = RETRIED[code]
    with refusing(harness, code, status):
        invoice = harness.invoice(("Permit", 1, 100))
        harness.work()
        harness.pay(invoice, 40)
        CoperniqConnection.objects.update(next_poll_at=timezone.now())
        harness.portal.work(polls=True, pauses=True)
    run = SyncRun.objects.get(action="push_payment")
    assert (run.state, run.cause, run.not_before is not None) == ("queued", cause, True)
    harness.work()
    assert harness.in_books("Payment")["TotalAmt"] == 40
    assert not RemoteWrite.objects.open().exists()


@pytest.mark.parametrize("code", thinned(LOST, 3))
def test_lost_access_holds_the_payment_until_somebody_connects_again(
    harness: InvoiceHarness, code: str
) -> None:
    with refusing(harness, code, LOST[code]):
        pay(harness)
    run = SyncRun.objects.get(action="push_payment")
    assert (run.state, run.cause) == ("held", "reconnect")
    assert QuickBooksConnection.objects.get().state == "needs_authorization"
    assert "under Integrations" in run.sentence or "administrator" in run.sentence
    QuickBooksConnection.objects.update(state="connected")
    SyncRun.objects.release_after_reconnect()
    harness.work()
    assert harness.in_books("Payment")["TotalAmt"] == 40


@pytest.mark.parametrize("code", ["6010", "6430"])
def test_an_account_that_may_not_be_made_is_held_with_another_way(harness: InvoiceHarness, code: str) -> None:
    with refusing(harness, code, entity="account"):
        pay(harness)
    run = harness.held()
    assert run.cause == Cause.DEPOSIT_ACCOUNT_UNUSABLE
    assert "does not let the portal create the account “Coperniq Payments”" in run.sentence
    bank = next(row for row in harness.books("Account") if row["AccountType"] == "Bank")
    harness.configure(deposit_accounts={"CHECK": bank["Id"]})
    harness.decide("retry")
    assert harness.in_books("Payment")["DepositToAccountRef"]["value"] == bank["Id"]


def test_an_account_whose_name_is_taken_by_nobody_we_see_is_held(harness: InvoiceHarness) -> None:
    with refusing(harness, "6240", entity="account"):
        pay(harness)
    run = harness.held()
    assert run.cause == "deposit_account_unusable"
    assert "the name “Coperniq Payments” is taken" in run.sentence
    harness.decide("retry")
    assert len(harness.books("Payment")) == 1


@pytest.mark.parametrize("code", ["2010", "6000", "5020"])
def test_a_method_that_may_not_be_made_holds_the_payment(harness: InvoiceHarness, code: str) -> None:
    with refusing(harness, code, entity="paymentmethod"):
        pay(harness, paymentMethod="ACH")
    assert (harness.held().cause, harness.held().sentence) == HELD[code]
    harness.decide("retry")
    assert "PaymentMethodRef" in harness.in_books("Payment")


def test_an_amount_of_nothing_is_never_sent(harness: InvoiceHarness) -> None:
    pay_nothing = harness.invoice(("Permit", 1, 100))
    harness.pay(pay_nothing, 0)
    harness.pay(pay_nothing, -5)
    harness.work()
    runs = SyncRun.objects.held()
    assert {run.cause for run in runs} == {"payment_not_positive"}
    for run in runs:
        harness.decide("discard", run)
    harness.sweep()
    assert not SyncRun.objects.held().exists()
    assert harness.books("Payment") == []


@pytest.mark.parametrize(("choice", "recorded"), [("send_anyway", 2), ("leave_status", 0)])
def test_a_status_nobody_knows_is_asked_about_once(
    harness: InvoiceHarness, choice: str, recorded: int
) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    harness.pay(invoice, 10, status="Pending")
    harness.work()
    run = harness.held()
    assert run.cause == Cause.PAYMENT_STATUS
    assert "has the status PENDING in Coperniq. Is a payment with this status money received?" in run.sentence
    harness.decide(choice)
    harness.pay(invoice, 20, status="Pending")
    harness.work()
    assert not SyncRun.objects.held().exists()
    assert len(harness.books("Payment")) == recorded


@pytest.mark.parametrize("status", ["PAID", "paid", ""])
def test_paid_or_no_status_at_all_goes(harness: InvoiceHarness, status: str) -> None:
    pay(harness, status=status)
    assert len(harness.books("Payment")) == 1


@pytest.mark.parametrize("code", ["6200", "6210"])
def test_closed_books_are_known_before_writing(harness: InvoiceHarness, code: str) -> None:
    harness.portal.simulator.switch(closed_books_code=code)
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    harness.portal.simulator.control(
        f"quickbooks/{harness.portal.realm}", {"book_close_date": "2026-11-10"}, "PATCH"
    )
    harness.pay(invoice, 40, paymentDate="2026-11-10T00:00:00Z")
    harness.work()
    run = harness.held()
    assert (run.cause, run.sentence) == (
        "books_closed",
        "The books are closed up to November 10, 2026, and this is dated November 10, 2026. Reopen the period in "
        "QuickBooks and try again, or date it November 11, 2026.",
    )
    harness.decide("first_open_day")
    assert harness.in_books("Payment")["TxnDate"] == "2026-11-11"
    assert "instead of November 10, 2026" in harness.logged()[-2]


def test_a_setting_dates_payments_to_the_first_open_day(harness: InvoiceHarness) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    harness.configure(closed_books="first_open_day")
    harness.portal.simulator.control(
        f"quickbooks/{harness.portal.realm}", {"book_close_date": "2026-11-10"}, "PATCH"
    )
    harness.pay(invoice, 40, paymentDate="2026-11-09T00:00:00Z")
    harness.work()
    assert harness.in_books("Payment")["TxnDate"] == "2026-11-11"
