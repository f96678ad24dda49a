"""Odd invoices, lost answers and broken vendors: nothing doubled, nothing lost, nobody else kept waiting."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.utils import timezone

from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.money import UnreadableInvoice
from integrations.errors import UnexpectedShape
from integrations.models import CoperniqConnection, RemoteWrite, SyncRun
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sampling import thinned
from tests.sync.invoice_builders import (
    assert_at_rest,
    lines_of,
    long_ago,
    prefer,
    pushed,
    put,
    sales,
    void_in_books,
    with_items,
)

FAULTS = ["lost_answer", "refuse_connection_before", "error_500", "error_502_html", "fault_in_200"]
MEMORY = [86_400, -1]
CUSTOM = [True, False]


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    return with_items(portal)


def first_try(harness: InvoiceHarness) -> None:
    """Until it pauses."""
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    harness.portal.work(polls=True, pauses=True)


@pytest.mark.parametrize(
    ("fault", "custom", "memory", "old"), thinned(product(FAULTS, CUSTOM, MEMORY, [False, True]), 7)
)
def test_a_create_that_met_trouble_makes_one_invoice(
    harness: InvoiceHarness, fault: str, custom: bool, memory: int, old: bool
) -> None:
    prefer(harness.portal, custom_txn_numbers=custom)
    harness.portal.simulator.switch(requestid_memory_seconds=memory)
    harness.portal.simulator.fault(fault, method="POST", path="/invoice", times=1)
    harness.invoice()
    first_try(harness)
    if old:
        long_ago()
    harness.work()
    assert harness.in_books()["DocNumber"] == "1001"
    assert harness.link().quickbooks_id == harness.in_books()["Id"]
    assert harness.logged()[0].startswith("retrying: ")
    assert len(harness.logged()) == 2
    assert_at_rest(harness)


@pytest.mark.parametrize(
    ("act", "fault", "memory", "old"),
    thinned(product(["memo", "due", "lines", "void", "delete"], FAULTS, MEMORY, [False, True]), 7),
)
def test_a_change_that_met_trouble_is_made_once(
    harness: InvoiceHarness, act: str, fault: str, memory: int, old: bool
) -> None:
    harness.portal.simulator.switch(requestid_memory_seconds=memory)
    invoice = pushed(harness, ("Permit", 1, 100))
    changes: dict[str, Any] = {
        "memo": {"description": "Another"},
        "due": {"dueDate": "2027-05-01"},
        "lines": {"lineItems": [{**lines_of(invoice)[0], "quantity": 4}]},
    }
    if act in changes:
        harness.edit(invoice, **changes[act])
    else:
        harness.configure(on_declined=act)
        harness.act(invoice, "decline")
    harness.portal.simulator.fault(fault, method="POST", path="/invoice", times=1)
    first_try(harness)
    if old:
        long_ago()
    harness.work()
    if act == "delete":
        assert not harness.books("Invoice")
    else:
        made = harness.in_books()
        wanted = {"memo": 100, "due": 100, "lines": 400, "void": 0}[act]
        assert (made["TotalAmt"], made["SyncToken"]) == (wanted, "1")
    assert not SyncRun.objects.held().exists(), harness.logged()
    assert_at_rest(harness)


def test_an_old_lost_create_that_people_voided_is_adopted_and_not_doubled(harness: InvoiceHarness) -> None:
    harness.portal.simulator.switch(requestid_memory_seconds=-1, void_note="kept_behind")
    harness.portal.simulator.fault("lost_answer", method="POST", path="/invoice", times=1)
    harness.invoice()
    first_try(harness)
    void_in_books(harness, harness.in_books()["Id"])
    long_ago()
    harness.work()
    assert len(harness.books("Invoice")) == 1
    assert harness.link().match_method == "adopted"


def test_an_old_lost_update_that_people_went_beyond_is_compared_anew(harness: InvoiceHarness) -> None:
    """What came after our write is theirs; ours is in it, or it is a conflict."""
    invoice = pushed(harness, ("Permit", 1, 100))
    harness.edit(invoice, description="Ours")
    harness.portal.simulator.fault("lost_answer", method="POST", path="/invoice", times=1)
    first_try(harness)
    put(harness, harness.in_books()["Id"], DueDate="2027-12-31")
    long_ago()
    harness.work()
    assert harness.in_books()["DueDate"] == "2027-12-31"
    assert harness.in_books()["PrivateNote"].startswith("Ours")
    assert_at_rest(harness)


def test_a_process_that_died_before_sending_sends_what_is_true_then(harness: InvoiceHarness) -> None:
    invoice = harness.invoice()
    first = RemoteWrite.objects.count()
    harness.portal.simulator.fault("refuse_connection_before", method="POST", path="/invoice", times=1)
    first_try(harness)
    RemoteWrite.objects.open().update(state="prepared")
    harness.edit(invoice, description="Edited meanwhile")
    harness.work()
    assert harness.in_books()["PrivateNote"].startswith("Edited meanwhile")
    assert RemoteWrite.objects.filter(state="abandoned").count() == 1
    assert RemoteWrite.objects.count() == first + 2
    assert_at_rest(harness)


def test_dropped_amounts_with_a_lost_answer_are_repaired_all_the_same(harness: InvoiceHarness) -> None:
    harness.configure(fallback_item="1")
    harness.portal.simulator.fault("lost_answer", method="POST", path="/invoice", times=1)
    harness.invoice(("Cable", 2, 25))
    harness.work()
    assert sales(harness.in_books()) == [("Cable as agreed", 50)]
    assert_at_rest(harness)


def test_the_same_body_after_a_restored_backup_is_the_same_request(harness: InvoiceHarness) -> None:
    """QuickBooks answers as it did before, so that nothing is doubled."""
    pushed(harness)
    harness.link().delete()
    RemoteWrite.objects.filter(kind="invoice").delete()
    SyncRun.objects.filter(action="push_invoice").update(state="queued")
    harness.work()
    assert len(harness.books("Invoice")) == 1
    assert harness.link().quickbooks_id == harness.in_books()["Id"]


def test_an_outage_of_a_day_delays_and_loses_nothing(harness: InvoiceHarness) -> None:
    harness.invoice()
    harness.portal.simulator.fault("error_500", method="POST", path="/invoice", times=5)
    harness.work()
    assert len(harness.books("Invoice")) == 1
    assert_at_rest(harness)


def test_what_cannot_be_read_is_held_and_the_others_go_on(
    harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The simulator keeps money in cents, as Coperniq surely does; only a stub shows a fraction of one."""
    odd, good = harness.invoice(), harness.invoice()
    read, listing = CoperniqClient.read_invoice, CoperniqClient.list_invoices

    def reading(client: CoperniqClient, id_: str) -> Any:
        if id_ == str(odd["id"]):
            raise UnexpectedShape("amount", "amount of money")
        return read(client, id_)

    def listed(client: CoperniqClient, since: Any) -> Any:
        rows = listing(client, since)
        return [
            UnreadableInvoice(row.id, row.account_id, row.updated_at) if row.id == str(odd["id"]) else row
            for row in rows
        ]

    monkeypatch.setattr(CoperniqClient, "read_invoice", reading)
    monkeypatch.setattr(CoperniqClient, "list_invoices", listed)
    harness.work()
    assert harness.in_books()["DocNumber"] == str(good["uid"])
    assert [line for line in harness.logged() if line.startswith("held")] == [
        "held: The portal cannot read this invoice from Coperniq: there is no amount of money at amount. Perhaps an "
        "amount has a fraction of a cent. Correct it in Coperniq, then try again."
    ]
    assert harness.held().record_name == f"Invoice with id {odd['id']}"
    assert_at_rest(harness)
    monkeypatch.undo()
    harness.decide("retry")
    assert len(harness.books("Invoice")) == 2


def test_a_linked_one_that_has_become_odd_keeps_its_name(
    harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = pushed(harness)

    def reading(_client: CoperniqClient, _id: str) -> Any:
        raise UnexpectedShape("amount", "amount of money")

    harness.edit(invoice, description="Odd")
    monkeypatch.setattr(CoperniqClient, "read_invoice", reading)
    harness.work()
    assert (harness.held().cause, harness.held().record_name) == ("odd_invoice", "Invoice 1001")
