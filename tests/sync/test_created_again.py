"""An invoice that somebody deleted in QuickBooks, and a person wants there again: once."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import SyncRun
from tests.invoice_harness import InvoiceHarness, open_invoice_harness
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import assert_at_rest, pushed, with_items


def delete_in_books(money: InvoiceHarness) -> None:
    path = f"quickbooks/{money.office.realm}/records/Invoice/{money.in_books()['Id']}"
    money.office.simulator.control(path, None, "DELETE")


def missed(money: InvoiceHarness, invoice: dict[str, Any]) -> None:
    delete_in_books(money)
    money.edit(invoice, description="Roof")
    money.work()
    assert money.held().cause == "quickbooks_invoice_missing"


@pytest.mark.parametrize("memory", [86400, 0])
@pytest.mark.parametrize("fault", ["lost_answer", "late_error_500"])
def test_one_created_again_without_an_answer_is_not_created_a_third_time(
    office: PortalHarness, memory: int, fault: str
) -> None:
    money = with_items(office)
    missed(money, pushed(money))
    office.simulator.switch(requestid_memory_seconds=memory)
    office.simulator.fault(fault, method="POST", path="/invoice", times=1)
    money.decide("create")
    assert money.in_books()["Id"] == money.link().quickbooks_id
    assert not SyncRun.objects.held().exists()
    assert_at_rest(money)


def test_one_created_again_is_repaired_not_created_a_third_time(office: PortalHarness) -> None:
    """Its lines have no item, and QuickBooks drops their amounts."""
    money = open_invoice_harness(office, itemless_lines="kept")
    money.configure(fallback_item=money.book_item("Sales")["Id"])
    invoice = pushed(money, ("Unheard of", 1, 100))
    office.simulator.switch(itemless_lines="ignored")
    missed(money, invoice)
    money.decide("create")
    assert money.in_books()["TotalAmt"] == 100
    assert_at_rest(money)
