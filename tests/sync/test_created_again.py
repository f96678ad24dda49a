"""An invoice that somebody deleted in QuickBooks, and a person wants there again: once."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import SyncRun
from tests.invoice_harness import InvoiceHarness, open_invoice_harness
from tests.portal_harness import PortalHarness
from tests.sampling import crossed
from tests.sync.invoice_builders import assert_at_rest, pushed, with_items


def delete_in_books(harness: InvoiceHarness) -> None:
    path = f"quickbooks/{harness.portal.realm}/records/Invoice/{harness.in_books()['Id']}"
    harness.portal.simulator.control(path, None, "DELETE")


def missed(harness: InvoiceHarness, invoice: dict[str, Any]) -> None:
    delete_in_books(harness)
    harness.edit(invoice, description="Roof")
    harness.work()
    assert harness.held().cause == "quickbooks_invoice_missing"


@pytest.mark.parametrize(("memory", "fault"), crossed([86400, 0], ["lost_answer", "late_error_500"]))
def test_one_created_again_without_an_answer_is_not_created_a_third_time(
    portal: PortalHarness, memory: int, fault: str
) -> None:
    harness = with_items(portal)
    missed(harness, pushed(harness))
    portal.simulator.switch(requestid_memory_seconds=memory)
    portal.simulator.fault(fault, method="POST", path="/invoice", times=1)
    harness.decide("create")
    assert harness.in_books()["Id"] == harness.link().quickbooks_id
    assert not SyncRun.objects.held().exists()
    assert_at_rest(harness)


def test_one_created_again_is_repaired_not_created_a_third_time(portal: PortalHarness) -> None:
    """Its lines have no item, and QuickBooks drops their amounts."""
    harness = open_invoice_harness(portal, itemless_lines="kept")
    harness.configure(fallback_item=harness.book_item("Sales")["Id"])
    invoice = pushed(harness, ("Unheard of", 1, 100))
    portal.simulator.switch(itemless_lines="ignored")
    missed(harness, invoice)
    harness.decide("create")
    assert harness.in_books()["TotalAmt"] == 100
    assert_at_rest(harness)
