"""Every code QuickBooks may refuse an invoice with: what a person reads, what happens next, and each way out.

The simulator refuses for the rules it knows; for the codes whose rules nobody has published a stub answers in its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import responses
from django.utils import timezone

from integrations.connections.resuming import release_held
from integrations.models import CoperniqConnection, QuickBooksConnection, RemoteWrite, RunState, SyncRun
from tests.sync.desk_of_money import Money
from tests.sync.invoice_scenes import assert_at_rest, prefer, pushed, stocked
from tests.sync.office import Office

GONE = (
    "Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, "
    "customers, items, vendors or employees."
)
BUG = "QuickBooks did not understand what the portal sent. That is a mistake of the portal: please tell support."
AMOUNT = (
    "QuickBooks does not take an amount of this record, e.g. because it is negative or too large. Please check the "
    "amounts in Coperniq, then try again."
)
DATE = "QuickBooks does not take a date of this record. Please check its dates in Coperniq, then try again."
FEATURE = (
    "QuickBooks does not offer this to your company: it is switched off there, or not part of its plan. Please switch "
    "it on there, or ask support."
)
ACCOUNT = (
    "QuickBooks does not take the chosen account for this, since it is of another type. Please choose another one "
    "under Integrations, then try again."
)
INACTIVE = f"QuickBooks: something this record needs is inactive or deleted. Please activate it there. (Told by QuickBooks: {GONE})"

HELD: dict[str, tuple[str, str, str]] = {
    "500": ("feature_off", FEATURE, "Operation is not supported."),
    "610": ("inactive_reference", INACTIVE, GONE),
    "2500": (
        "inactive_reference",
        "QuickBooks: something this record needs is inactive or deleted. Please activate it there. (Told by "
        "QuickBooks: Invalid Reference Id : Names element id 12 not found)",
        "Invalid Reference Id : Names element id 12 not found",
    ),
    "2010": ("portal_bug", BUG, 'Property Name:Unrecognized field "X" specified is unsupported or invalid'),
    "2020": ("portal_bug", BUG, "Required parameter Line.DetailType is missing in the request"),
    "2030": ("portal_bug", BUG, "Id should be a valid number. Supplied value:1.5"),
    "2170": ("portal_bug", BUG, "Supplied value Perhaps is no value of EmailStatus"),
    "2050": (
        "too_long",
        "A text of this record is longer than QuickBooks takes. Please shorten it in Coperniq, then try again.",
        "Min:0 Max:21 supported. Supplied length:22",
    ),
    "2060": ("bad_date", DATE, "Date should be yyyy-MM-dd."),
    "2070": ("bad_date", DATE, "Date is out of range."),
    "2140": ("bad_amount", AMOUNT, "Amount is not valid."),
    "2290": ("bad_amount", AMOUNT, "Negative amount is not allowed."),
    "6070": ("bad_amount", AMOUNT, "Amount is not equal to UnitPrice * Qty."),
    "2160": (
        "bad_quantity",
        "QuickBooks does not take a quantity of this record. Please check its lines in Coperniq, then try again.",
        "Quantity is not valid.",
    ),
    "2210": (
        "bad_email",
        "QuickBooks does not take this e-mail address. Please correct it in Coperniq or QuickBooks, then try again.",
        "Email Address does not conform to the syntax rules of RFC 822.",
    ),
    "2220": (
        "wrong_currency",
        "QuickBooks does not take the currency of this record. Please check the currency of the customer there, then "
        "try again.",
        "Currency is not valid.",
    ),
    "2250": (
        "no_lines",
        "QuickBooks takes no invoice without lines. Please add one in Coperniq, then try again.",
        "At least one line is required",
    ),
    "5000": ("feature_off", FEATURE, "Deprecated field."),
    "5020": ("feature_off", FEATURE, "Feature is not in this subscription."),
    "5030": ("feature_off", FEATURE, "Feature is not supported."),
    "6000": (
        "business_rule",
        "A rule of QuickBooks forbids this: Told by QuickBooks: Business Validation Error: You must set a transaction "
        "amount. Please correct this and try again.",
        "Business Validation Error: You must set a transaction amount.",
    ),
    "6010": ("bad_account_type", ACCOUNT, "Account type is not valid."),
    "6430": ("bad_account_type", ACCOUNT, "You need to select a different type of account."),
    "6090": (
        "bad_discount",
        "QuickBooks misses the amount of a discount. Please check the discounts in Coperniq, then try again.",
        "Discount without amount or percent.",
    ),
    "6100": (
        "tax_code",
        "QuickBooks does not take the sales tax of a line. Please check the sales tax settings there, then try again.",
        "The tax code of a line must be TAX or NON",
    ),
    "6180": (
        "too_deep",
        "QuickBooks keeps customers below customers five levels deep at most. Please move this one up there, then try "
        "again.",
        "Too many levels.",
    ),
    "6190": (
        "subscription_ended",
        "The subscription or trial of this QuickBooks company has ended. Please renew it there, then try again.",
        "Subscription period has ended or canceled.",
    ),
    "6200": (
        "books_closed",
        "The books in QuickBooks are closed for that date. Please reopen the period or change the date.",
        "The account period has closed.",
    ),
    "6210": (
        "books_closed",
        "The books in QuickBooks are closed for that date. Please reopen the period or change the date.",
        "The account period has closed.",
    ),
    "6250": (
        "invalid_customer",
        "QuickBooks does not take the customer of this record. Please check that the customer is active there, then "
        "try again.",
        "Customer is not valid.",
    ),
    "6270": (
        "stock_date",
        "The date is earlier than QuickBooks counts the stock of an item. Please choose a later date, or change the "
        "item's starting date there.",
        "The date is earlier than the inventory start date of an item.",
    ),
    "6420": (
        "email_required",
        "QuickBooks wants an e-mail address to send this to. Please give the customer one there, then try again.",
        "An e-mail address is required.",
    ),
    "9999": (
        "refused",
        "QuickBooks refused: Told by QuickBooks: Something quite new. Please correct this and try again.",
        "Something quite new.",
    ),
}
UNKNOWN = (
    "QuickBooks did not confirm a change. The portal finds out what became of it before it writes again."
)
PAUSE = "QuickBooks asks for a pause because of many requests. The portal tries again by itself."
STALE = "Somebody changed this record in QuickBooks at the same moment. The portal reads it again by itself."
RETRIED = {
    "600": (400, "outcome_unknown", UNKNOWN),
    "2130": (400, "outcome_unknown", UNKNOWN),
    "3001": (429, "throttled", PAUSE),
    "5010": (400, "stale_version", STALE),
    "10000": (500, "outcome_unknown", UNKNOWN),
    "10100": (400, "outcome_unknown", UNKNOWN),
    "10200": (200, "outcome_unknown", UNKNOWN),
}
ACCESS = "QuickBooks refuses access for this connection. Please connect it again under Integrations."
NO_ADMIN = "Whoever connected QuickBooks is no administrator there any more. Let an administrator connect it."
RECONNECTED = {
    **dict.fromkeys(("100", "110", "130", "140", "150", "3200", "3202"), (401, ACCESS)),
    "3100": (403, ACCESS),
    "120": (401, NO_ADMIN),
}


@pytest.fixture
def money(office: Office) -> Money:
    return stocked(office)


@contextmanager
def refusing(
    money: Money, code: str, detail: str, status: int = 400, method: str = "POST", path: str = "invoice"
) -> Iterator[responses.RequestsMock]:
    """QuickBooks refuses each such request; everything else is the simulator's."""
    error = {"Message": "Told by QuickBooks", "Detail": detail, "code": code, "element": ""}
    body = {"Fault": {"Error": [error], "type": "ValidationFault"}, "time": "2026-05-05T02:08:54.543-07:00"}
    with responses.RequestsMock(assert_all_requests_are_fired=False) as stage:
        stage.add_passthru(money.office.simulator.url)
        address = f"{money.office.simulator.url}/quickbooks/v3/company/{money.office.realm}/{path}"
        headers = {"intuit_tid": "1-the-tid"}
        stage.add(method, address, body=json.dumps(body), status=status, headers=headers)
        yield stage


def first_try(money: Money) -> None:
    """Until it pauses."""
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    money.office.work(polls=True, pauses=True)


@pytest.mark.parametrize("code", HELD)
def test_a_refusal_is_held_with_its_sentence_and_both_ways_out_work(money: Money, code: str) -> None:
    cause, sentence, detail = HELD[code]
    with refusing(money, code, detail):
        money.invoice()
        money.invoice()
        money.work()
    assert money.told() == [f"held: {sentence}"] * 2
    first, second = SyncRun.objects.held().order_by("pk")
    assert (first.cause, first.not_before) == (cause, None)
    assert [choice["key"] for choice in first.choices] == ["retry", "discard"]
    assert RemoteWrite.objects.filter(kind="invoice", state="refused", error_code=code).exists()
    assert_at_rest(money)
    money.decide("retry", first)
    money.decide("discard", second)
    second.refresh_from_db()
    assert second.state == RunState.CANCELLED
    assert money.in_books()["DocNumber"] == "1001"
    assert_at_rest(money)


@pytest.mark.parametrize("code", RETRIED)
def test_a_passing_trouble_is_tried_again_after_a_pause(money: Money, code: str) -> None:
    status, cause, sentence = RETRIED[code]
    money.invoice()
    with refusing(money, code, "Told", status):
        first_try(money)
        run = SyncRun.objects.get(action="push_invoice")
        assert (run.state, run.cause, run.sentence) == (RunState.QUEUED, cause, sentence)
        assert run.not_before is not None
        assert run.not_before > timezone.now()
    assert money.told() == [f"retrying: {sentence}"]
    money.work()
    assert money.told()[1:] == ["done: Created invoice 1001 in QuickBooks, open and not e-mailed."]
    assert_at_rest(money)


def test_a_trouble_that_does_not_pass_is_held_in_the_end(money: Money) -> None:
    money.invoice()
    with refusing(money, "10000", "Told", 500):
        money.work()
    run = money.held()
    assert run.cause == "outcome_unknown"
    assert run.sentence.startswith(UNKNOWN)
    assert run.sentence.endswith("times and now waits for you.")
    money.decide("retry")
    assert len(money.books("Invoice")) == 1
    assert_at_rest(money)


@pytest.mark.parametrize("code", RECONNECTED)
def test_a_lost_access_holds_everything_until_somebody_connects_again(money: Money, code: str) -> None:
    status, sentence = RECONNECTED[code]
    money.invoice()
    with refusing(money, code, "Told", status):
        money.work()
    run = SyncRun.objects.held().get(action="push_invoice")
    assert (run.cause, run.sentence) == ("reconnect", sentence)
    row = QuickBooksConnection.objects.get()
    assert (row.state, row.state_reason) == ("needs_authorization", sentence)
    row.state = QuickBooksConnection.State.CONNECTED
    row.save(update_fields=["state"])
    release_held(money.office.company)
    money.work()
    assert len(money.books("Invoice")) == 1
    assert_at_rest(money)


@pytest.mark.parametrize("code", ["6140", "6210"])
@pytest.mark.parametrize("tail", ["", " DocNumber=1001 is assigned to TxnType=SalesReceipt with TxnId=9"])
def test_a_number_taken_by_a_form_we_cannot_see_gets_a_suffix(money: Money, code: str, tail: str) -> None:
    """By whatever code: an old page of Intuit's names another one."""
    told = "Duplicate Document Number Error : You must specify a different number. This number has already been used."
    prefer(money.office, custom_txn_numbers=True)
    money.invoice()
    with refusing(money, code, told + tail) as stage:
        stage.add(responses.POST, stage.registered()[0].url, body=b"", status=500)
        stage.add_passthru(money.office.simulator.url)
        first_try(money)
    money.work()
    assert money.in_books()["DocNumber"] == "1001-2"
    assert "QuickBooks already has another document 1001, so this one is 1001-2 there." in money.told()[-1]
    assert_at_rest(money)


def test_numbers_refused_again_and_again_are_held(money: Money) -> None:
    told = "Duplicate Document Number Error : You must specify a different number. This number has already been used."
    money.invoice()
    with refusing(money, "6140", told):
        money.work()
    assert money.held().cause == "number_taken"
    assert money.held().sentence == (
        f"QuickBooks already has a document with this number. Please choose what to do. (Told by QuickBooks: {told})"
    )
    money.decide("retry")
    assert len(money.books("Invoice")) == 1
    assert_at_rest(money)


@pytest.mark.parametrize("code", ["4000", "4001"])
def test_a_look_up_that_is_refused_is_held(money: Money, code: str) -> None:
    pushed(money)
    money.invoice()
    with refusing(money, code, "Error parsing query.", method="GET", path="query"):
        money.work()
    assert money.told()[-1] == (
        "held: QuickBooks refused: Told by QuickBooks: Error parsing query. Please correct this and try again."
    )
    money.decide("retry")
    assert len(money.books("Invoice")) == 2
    assert_at_rest(money)


@pytest.mark.parametrize("act", ["edit", "void", "delete"])
@pytest.mark.parametrize(("code", "cause"), [("6000", "business_rule"), ("620", "cannot_be_linked")])
def test_a_change_that_is_refused_changes_nothing(money: Money, act: str, code: str, cause: str) -> None:
    invoice = pushed(money)
    if act == "edit":
        money.edit(invoice, description="Refused")
    else:
        money.configure(on_declined=act)
        money.act(invoice, "decline")
    with refusing(money, code, "Business Validation Error: The transaction is linked to others."):
        money.work()
    assert money.held().cause == cause
    assert (money.in_books()["SyncToken"], money.in_books()["TotalAmt"]) == ("0", 100)
    assert_at_rest(money)
    money.decide("retry")
    assert money.told()[-1].startswith("done: ")
    assert_at_rest(money)


@pytest.mark.parametrize("code", ["610", "2500"])
def test_an_inactive_customer_is_for_people_to_make_active(money: Money, code: str) -> None:
    money.office.simulator.switch(inactive_customer_code=code)
    customer = money.office.customer(Job=True)
    money.office.simulator.edit_books(money.office.realm, customer["Id"], Active=False)
    money.invoice()
    money.work()
    assert money.held().cause == "inactive_reference"
    assert "something this record needs is inactive or deleted. Please activate it there." in money.told()[-1]
    assert_at_rest(money)
    money.office.simulator.edit_books(money.office.realm, customer["Id"], Active=True)
    money.decide("retry")
    assert len(money.books("Invoice")) == 1
    assert_at_rest(money)


def test_the_log_keeps_intuits_id_of_the_refused_call(money: Money) -> None:
    money.invoice()
    with refusing(money, "6000", "No."):
        money.work()
    write = RemoteWrite.objects.get(kind="invoice")
    assert (write.intuit_tid, write.error_text) == ("1-the-tid", "No.: Told by QuickBooks")
