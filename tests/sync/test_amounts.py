"""Runs, log lines and links of invoices and payments have their amount and their day, whichever side they began on."""

from __future__ import annotations

import pytest

from integrations.models import RecordLink, SyncLogEntry, SyncRun
from tests.portal_harness import PortalHarness
from tests.sync.pull_builders import invoice
from tests.sync.test_deleted_documents import delete_in_coperniq
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


def amounts(kind: str) -> set[int | None]:
    return set(SyncLogEntry.objects.filter(kind=kind).values_list("amount_cents", flat=True))


def test_of_what_is_pushed(sides: TwoWayHarness) -> None:
    sides.harness.invoice(("Permit", 1, 285))
    sides.sync()
    sides.harness.pay(invoice(sides), 85)
    sides.sync()
    assert (amounts("invoice"), amounts("payment")) == ({28_500}, {8_500})
    for kind, entity in (("invoice", "Invoice"), ("payment", "Payment")):
        assert RecordLink.objects.get(kind=kind).dated_on == sides.harness.books(entity)[0]["TxnDate"]
    assert set(RecordLink.objects.filter(kind="customer").values_list("dated_on", flat=True)) == {None}


def test_of_what_is_brought_over(sides: TwoWayHarness) -> None:
    made = sides.invoice({"item": "Permit", "quantity": 1, "price": 285})
    sides.sync()
    sides.payment({"id": made["Id"], "amount": 85})
    sides.sync()
    assert (amounts("invoice"), amounts("payment")) == ({28_500}, {8_500})


def test_of_what_asks_before_it_is_linked(sides: TwoWayHarness) -> None:
    sides.invoice({"item": "Permit", "quantity": 1, "price": 285}, number="1002")
    sides.harness.invoice(("Permit", 1, 285))
    sides.sync()
    held = SyncRun.objects.held().get()
    assert (held.cause, held.amount_cents) == ("probably_same_invoice", 28_500)


@pytest.mark.parametrize("side", ["quickbooks", "coperniq"])
def test_of_what_was_deleted(sides: TwoWayHarness, side: str) -> None:
    sides.harness.invoice(("Permit", 1, 285))
    sides.sync()
    if side == "quickbooks":
        sides.delete(sides.harness.in_books())
    else:
        delete_in_coperniq(sides)
        sides.harness.sweep()
    sides.sync()
    assert SyncRun.objects.held().get().amount_cents == 28_500


def test_a_job_s_value_is_no_amount_in_the_books(portal: PortalHarness) -> None:
    portal.enter(portal.project(portal.account(), value=27_900))
    portal.work()
    assert RecordLink.objects.get(kind="job").amount_cents == 2_790_000
    assert amounts("job") | amounts("customer") == {None}
    assert set(SyncRun.objects.values_list("amount_cents", flat=True)) == {None}
