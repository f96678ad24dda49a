"""Edits of a linked invoice: only what changed is written, and what people added in QuickBooks stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integrations.messages.invoices_push import InvoicePushMessage
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import assert_at_rest, delete_in_books, lines_of, pushed, put, with_items

UPDATED = "done: Updated invoice 1001 in QuickBooks: memo."
NOTHING_NEW = f"nothing_to_do: {InvoicePushMessage.IN_STEP(number=1001)}"
IN_STEP = "nothing_to_do: Invoice 1001 is in step on both sides already."
DETAIL = "SalesItemLineDetail"


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    return with_items(portal)


def test_what_quickbooks_has_already_is_not_written(harness: InvoiceHarness) -> None:
    """Somebody has typed the same edit on both sides."""
    invoice = pushed(harness, ("Permit", 1, 100), ("Panel", 2, 50), description="Old", dueDate="2027-01-31")
    made = harness.in_books()
    first, second, _ = made["Line"]
    note = made["PrivateNote"].replace("Old", "New")
    twice = {**first, "Amount": 200, DETAIL: {**first[DETAIL], "Qty": 2}}
    put(harness, made["Id"], PrivateNote=note, DueDate="2027-02-28", Line=[twice, second])
    lines = lines_of(invoice)
    lines[0]["quantity"] = 2
    harness.edit(invoice, description="New", dueDate="2027-02-28", lineItems=lines)
    harness.portal.simulator.forget_log()
    harness.work()
    assert harness.logged()[-1] == IN_STEP
    assert harness.calls(write=True) == []
    assert_at_rest(harness)


@pytest.mark.parametrize("change", ["payment", "send", "balance", "email"])
def test_a_status_a_payment_and_an_e_mail_are_nothing_to_do(harness: InvoiceHarness, change: str) -> None:
    invoice = pushed(harness)
    id_ = harness.in_books()["Id"]
    base = f"quickbooks/{harness.portal.realm}"
    acts: dict[str, Callable[[], Any]] = {
        "payment": lambda: harness.receive(id_, 40),
        "send": lambda: harness.act(invoice, "send"),
        "balance": lambda: harness.portal.simulator.control(f"{base}/records/Invoice/{id_}/touch"),
        "email": lambda: harness.portal.simulator.control(f"{base}/invoices/{id_}/send", {}),
    }
    acts[change]()
    harness.portal.simulator.forget_log()
    harness.work()
    assert harness.calls(write=True) == [] == harness.calls(write=False)
    assert set(harness.logged()[1:]) <= {NOTHING_NEW}
    assert_at_rest(harness)


def test_an_emptied_due_date_is_nothing_to_do(harness: InvoiceHarness) -> None:
    """QuickBooks always has one: it keeps its own, and is not asked."""
    invoice = pushed(harness, dueDate="2027-01-31")
    harness.portal.simulator.forget_log()
    harness.edit(invoice, dueDate=None)
    harness.work()
    assert harness.logged()[-1] == NOTHING_NEW
    assert harness.calls() == []
    assert harness.in_books()["DueDate"] == "2027-01-31"
    assert_at_rest(harness)


def test_an_edit_after_a_payment_in_quickbooks_goes_through(harness: InvoiceHarness) -> None:
    """The balance stamp has made another version of it, and no field of ours is another."""
    invoice = pushed(harness)
    harness.receive(harness.in_books()["Id"], 40)
    harness.edit(invoice, description="Part paid")
    harness.work()
    assert UPDATED in harness.logged()
    assert harness.logged()[-1] == "done: Recorded the payment of $40.00 for invoice 1001 in Coperniq."
    assert harness.in_books()["Balance"] == 60
    harness.work()
    assert_at_rest(harness)


def test_somebody_faster_is_read_again(harness: InvoiceHarness) -> None:
    invoice = pushed(harness)
    harness.edit(invoice, description="Ours")
    harness.portal.simulator.fault("stale", path="/invoice", times=2)
    harness.work()
    assert harness.logged()[-1] == UPDATED
    assert harness.in_books()["PrivateNote"].startswith("Ours")
    assert_at_rest(harness)


def test_somebody_faster_again_and_again_is_tried_later(harness: InvoiceHarness) -> None:
    invoice = pushed(harness)
    harness.edit(invoice, description="Ours")
    harness.portal.simulator.fault("stale", path="/invoice", times=3)
    harness.work()
    assert harness.logged()[-2:] == [
        "retrying: Somebody changed this record in QuickBooks at the same moment. The portal reads it again by itself.",
        UPDATED,
    ]
    assert_at_rest(harness)


def test_a_moved_invoice_is_held_until_a_person_has_seen_to_it(harness: InvoiceHarness) -> None:
    invoice = pushed(harness)
    other = harness.portal.project(harness.account, "Garage")
    harness.edit(invoice, recordId=other["id"], description="And a memo")
    harness.work()
    assert harness.logged()[-1] == (
        "held: Invoice 1001 was moved to another project or account in Coperniq. The portal does not move it in "
        "QuickBooks: move it there by hand if it should follow, then go on with it where it is in QuickBooks."
    )
    assert_at_rest(harness)
    harness.decide("go_on")
    assert harness.in_books()["PrivateNote"].startswith("And a memo")
    harness.edit(invoice, description="Another memo")
    harness.work()
    assert harness.in_books()["PrivateNote"].startswith("Another memo")
    assert_at_rest(harness)


def test_an_invoice_whose_project_was_deleted_is_not_moved(harness: InvoiceHarness) -> None:
    invoice = pushed(harness)
    path = f"coperniq/key-of-the-first-company/projects/{harness.project['id']}"
    harness.portal.simulator.control(path, None, "DELETE")
    harness.edit(invoice, description="Still ours")
    harness.work()
    assert harness.logged()[-1] == UPDATED
    assert harness.link().coperniq_snapshot["record_id"] == str(harness.project["id"])
    assert_at_rest(harness)


def test_an_inactive_item_stays_on_a_line_that_has_it_already(harness: InvoiceHarness) -> None:
    invoice = pushed(harness, ("Permit", 1, 100))
    harness.edit_books("Item", harness.link("item").quickbooks_id, Active=False)
    harness.edit(invoice, lineItems=[{**lines_of(invoice)[0], "quantity": 2}])
    harness.work()
    assert harness.in_books()["TotalAmt"] == 200
    assert_at_rest(harness)


def test_an_inactive_item_that_quickbooks_minds_is_for_a_person_to_mend(harness: InvoiceHarness) -> None:
    harness.portal.simulator.switch(inactive_on_known_line="refuse")
    invoice = pushed(harness, ("Permit", 1, 100))
    item = harness.link("item").quickbooks_id
    harness.edit_books("Item", item, Active=False)
    harness.edit(invoice, lineItems=[{**lines_of(invoice)[0], "quantity": 2}])
    harness.work()
    assert (
        "something this record needs is inactive or deleted. Please activate it there."
        in harness.logged()[-1]
    )
    harness.edit_books("Item", item, Active=True)
    harness.decide("retry")
    assert harness.in_books()["TotalAmt"] == 200
    assert_at_rest(harness)


def test_one_deleted_in_quickbooks_is_not_brought_back_by_itself(harness: InvoiceHarness) -> None:
    invoice = pushed(harness)
    delete_in_books(harness, harness.in_books()["Id"])
    harness.work()
    assert not harness.books("Invoice")
    harness.edit(invoice, description="An edit")
    harness.work()
    assert harness.logged()[-1] == (
        "held: Invoice 1001 was deleted in QuickBooks. Create it again, or leave it deleted."
    )
    assert not harness.books("Invoice")
    assert_at_rest(harness)
