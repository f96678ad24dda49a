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
from tests.sampling import crossed, thinned
from tests.sync.in_process import over_the_simulator
from tests.sync.invoice_builders import assert_at_rest, prefer, pushed, with_items
from tests.sync.refusal_table import HELD, RECONNECTED, RETRIED, UNKNOWN


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    return with_items(portal)


@contextmanager
def refusing(
    harness: InvoiceHarness,
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
        address = f"{harness.portal.simulator.url}/quickbooks/v3/company/{harness.portal.realm}/{path}"
        headers = {"intuit_tid": "1-the-tid"}
        stage.add(method, address, body=json.dumps(body), status=status, headers=headers)
        yield stage


def first_try(harness: InvoiceHarness) -> None:
    """Until it pauses."""
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    harness.portal.work(polls=True, pauses=True)


@pytest.mark.parametrize("code", thinned(HELD, 5))
def test_a_refusal_is_held_with_its_sentence_and_both_ways_out_work(
    harness: InvoiceHarness, code: str
) -> None:
    cause, sentence, detail = HELD[code]
    with refusing(harness, code, detail):
        harness.invoice()
        harness.invoice()
        harness.work()
    assert harness.logged() == [f"held: {sentence}"] * 2
    first, second = SyncRun.objects.held().order_by("pk")
    assert (first.cause, first.not_before) == (cause, None)
    assert [choice["key"] for choice in first.choices] == ["retry", "discard"]
    assert RemoteWrite.objects.filter(kind="invoice", state="refused", error_code=code).exists()
    assert_at_rest(harness)
    harness.decide("retry", first)
    harness.decide("discard", second)
    second.refresh_from_db()
    assert second.state == RunState.CANCELLED
    assert harness.in_books()["DocNumber"] == "1001"
    assert_at_rest(harness)


@pytest.mark.parametrize("code", thinned(RETRIED, 3))
def test_a_passing_trouble_is_tried_again_after_a_pause(harness: InvoiceHarness, code: str) -> None:
    status, cause, sentence = RETRIED[code]
    harness.invoice()
    with refusing(harness, code, "Told", status):
        first_try(harness)
        run = SyncRun.objects.get(action="push_invoice")
        assert (run.state, run.cause, run.sentence) == (RunState.QUEUED, cause, sentence)
        assert run.not_before is not None
        assert run.not_before > timezone.now()
    assert harness.logged() == [f"retrying: {sentence}"]
    harness.work()
    assert harness.logged()[1:] == [f"done: {InvoicePushMessage.CREATED(number=1001)}"]
    assert_at_rest(harness)


def test_a_trouble_that_does_not_pass_is_held_in_the_end(harness: InvoiceHarness) -> None:
    harness.invoice()
    with refusing(harness, "10000", "Told", 500):
        harness.work()
    run = harness.held()
    assert run.cause == "outcome_unknown"
    assert run.sentence.startswith(UNKNOWN)
    assert run.sentence.endswith("times and now waits for you.")
    harness.decide("retry")
    assert len(harness.books("Invoice")) == 1
    assert_at_rest(harness)


@pytest.mark.parametrize("code", thinned(RECONNECTED, 3))
def test_a_lost_access_holds_everything_until_somebody_connects_again(
    harness: InvoiceHarness, code: str
) -> None:
    status, sentence = RECONNECTED[code]
    harness.invoice()
    with refusing(harness, code, "Told", status):
        harness.work()
    run = SyncRun.objects.held().get(action="push_invoice")
    assert (run.cause, run.sentence) == ("reconnect", sentence)
    row = QuickBooksConnection.objects.get()
    assert (row.state, row.state_reason) == ("needs_authorization", sentence)
    row.state = QuickBooksConnection.State.CONNECTED
    row.save(update_fields=["state"])
    release_held(harness.portal.company)
    harness.work()
    assert len(harness.books("Invoice")) == 1
    assert_at_rest(harness)


@pytest.mark.parametrize("code", ["6140", "6210"])
@pytest.mark.parametrize("tail", ["", " DocNumber=1001 is assigned to TxnType=SalesReceipt with TxnId=9"])
def test_a_number_taken_by_a_form_we_cannot_see_gets_a_suffix(
    harness: InvoiceHarness, code: str, tail: str
) -> None:
    """By whatever code: an old page of Intuit's names another one."""
    logged = "Duplicate Document Number Error : You must specify a different number. This number has already been used."
    prefer(harness.portal, custom_txn_numbers=True)
    harness.invoice()
    with refusing(harness, code, logged + tail) as stage:
        stage.add(responses.POST, stage.registered()[0].url, body=b"", status=500)
        first_try(harness)
    harness.work()
    assert harness.in_books()["DocNumber"] == "1001-2"
    assert "QuickBooks already has a document 1001, so the invoice is 1001-2 there." in harness.logged()[-1]
    assert_at_rest(harness)


def test_numbers_refused_again_and_again_are_held(harness: InvoiceHarness) -> None:
    logged = "Duplicate Document Number Error : You must specify a different number. This number has already been used."
    harness.invoice()
    with refusing(harness, "6140", logged):
        harness.work()
    assert harness.held().cause == "number_taken"
    assert harness.held().sentence == (
        f"QuickBooks already has a document with this number. Please choose what to do. (Told by QuickBooks: {logged})"
    )
    harness.decide("retry")
    assert len(harness.books("Invoice")) == 1
    assert_at_rest(harness)


@pytest.mark.parametrize("code", ["4000", "4001"])
def test_a_look_up_that_is_refused_is_held(harness: InvoiceHarness, code: str) -> None:
    pushed(harness)
    harness.invoice()
    with refusing(harness, code, "Error parsing query.", method="GET", path="query"):
        harness.work()
    assert harness.logged()[-1] == (
        "held: QuickBooks refused: Told by QuickBooks: Error parsing query. Please correct this and try again."
    )
    harness.decide("retry")
    assert len(harness.books("Invoice")) == 2
    assert_at_rest(harness)


@pytest.mark.parametrize(
    ("act", "refusal"),
    crossed(["edit", "void", "delete"], [("6000", "business_rule"), ("620", "cannot_be_linked")]),
)
def test_a_change_that_is_refused_changes_nothing(
    harness: InvoiceHarness, act: str, refusal: tuple[str, str]
) -> None:
    code, cause = refusal
    invoice = pushed(harness)
    if act == "edit":
        harness.edit(invoice, description="Refused")
    else:
        harness.configure(on_declined=act)
        harness.act(invoice, "decline")
    with refusing(harness, code, "Business Validation Error: The transaction is linked to others."):
        harness.work()
    assert harness.held().cause == cause
    assert (harness.in_books()["SyncToken"], harness.in_books()["TotalAmt"]) == ("0", 100)
    assert_at_rest(harness)
    harness.decide("retry")
    assert harness.logged()[-1].startswith("done: ")
    assert_at_rest(harness)


@pytest.mark.parametrize("code", ["610", "2500"])
def test_an_inactive_customer_is_for_people_to_make_active(harness: InvoiceHarness, code: str) -> None:
    harness.portal.simulator.switch(inactive_customer_code=code)
    customer = harness.portal.customer(Job=True)
    harness.portal.simulator.edit_books(harness.portal.realm, customer["Id"], Active=False)
    harness.invoice()
    harness.work()
    assert harness.held().cause == "inactive_reference"
    assert (
        "something this record needs is inactive or deleted. Please activate it there."
        in harness.logged()[-1]
    )
    assert_at_rest(harness)
    harness.portal.simulator.edit_books(harness.portal.realm, customer["Id"], Active=True)
    harness.decide("retry")
    assert len(harness.books("Invoice")) == 1
    assert_at_rest(harness)


def test_the_log_keeps_intuits_id_of_the_refused_call(harness: InvoiceHarness) -> None:
    harness.invoice()
    with refusing(harness, "6000", "No."):
        harness.work()
    write = RemoteWrite.objects.get(kind="invoice")
    assert (write.intuit_tid, write.error_text) == ("1-the-tid", "No.: Told by QuickBooks")
