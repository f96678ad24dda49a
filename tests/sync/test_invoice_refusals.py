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

from integrations.connections.resume import release_held
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import CoperniqConnection, QuickBooksConnection, RemoteWrite, RunState, SyncRun
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sampling import thinned
from tests.sync.in_process import over_the_simulator
from tests.sync.invoice_builders import assert_at_rest, prefer, pushed, with_items
from tests.sync.refusal_table import HELD, RECONNECTED, RETRIED, UNKNOWN


@pytest.fixture
def money(office: PortalHarness) -> InvoiceHarness:
    return with_items(office)


@contextmanager
def refusing(
    money: InvoiceHarness,
    code: str,
    detail: str,
    status: int = 400,
    method: str = "POST",
    path: str = "invoice",
) -> Iterator[responses.RequestsMock]:
    """QuickBooks refuses each such request; everything else is the simulator's."""
    error = {"Message": "Told by QuickBooks", "Detail": detail, "code": code, "element": ""}
    body = {"Fault": {"Error": [error], "type": "ValidationFault"}, "time": "2026-05-05T02:08:54.543-07:00"}
    with over_the_simulator() as stage:
        address = f"{money.office.simulator.url}/quickbooks/v3/company/{money.office.realm}/{path}"
        headers = {"intuit_tid": "1-the-tid"}
        stage.add(method, address, body=json.dumps(body), status=status, headers=headers)
        yield stage


def first_try(money: InvoiceHarness) -> None:
    """Until it pauses."""
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    money.office.work(polls=True, pauses=True)


@pytest.mark.parametrize("code", thinned(HELD, 5))
def test_a_refusal_is_held_with_its_sentence_and_both_ways_out_work(money: InvoiceHarness, code: str) -> None:
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


@pytest.mark.parametrize("code", thinned(RETRIED, 3))
def test_a_passing_trouble_is_tried_again_after_a_pause(money: InvoiceHarness, code: str) -> None:
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
    assert money.told()[1:] == [f"done: {InvoicePushMessage.CREATED(number=1001)}"]
    assert_at_rest(money)


def test_a_trouble_that_does_not_pass_is_held_in_the_end(money: InvoiceHarness) -> None:
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


@pytest.mark.parametrize("code", thinned(RECONNECTED, 3))
def test_a_lost_access_holds_everything_until_somebody_connects_again(
    money: InvoiceHarness, code: str
) -> None:
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
def test_a_number_taken_by_a_form_we_cannot_see_gets_a_suffix(
    money: InvoiceHarness, code: str, tail: str
) -> None:
    """By whatever code: an old page of Intuit's names another one."""
    told = "Duplicate Document Number Error : You must specify a different number. This number has already been used."
    prefer(money.office, custom_txn_numbers=True)
    money.invoice()
    with refusing(money, code, told + tail) as stage:
        stage.add(responses.POST, stage.registered()[0].url, body=b"", status=500)
        first_try(money)
    money.work()
    assert money.in_books()["DocNumber"] == "1001-2"
    assert "QuickBooks already has a document 1001, so the invoice is 1001-2 there." in money.told()[-1]
    assert_at_rest(money)


def test_numbers_refused_again_and_again_are_held(money: InvoiceHarness) -> None:
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
def test_a_look_up_that_is_refused_is_held(money: InvoiceHarness, code: str) -> None:
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
def test_a_change_that_is_refused_changes_nothing(
    money: InvoiceHarness, act: str, code: str, cause: str
) -> None:
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
def test_an_inactive_customer_is_for_people_to_make_active(money: InvoiceHarness, code: str) -> None:
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


def test_the_log_keeps_intuits_id_of_the_refused_call(money: InvoiceHarness) -> None:
    money.invoice()
    with refusing(money, "6000", "No."):
        money.work()
    write = RemoteWrite.objects.get(kind="invoice")
    assert (write.intuit_tid, write.error_text) == ("1-the-tid", "No.: Told by QuickBooks")
