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
def money(office: PortalHarness) -> InvoiceHarness:
    return with_items(office)


def test_what_quickbooks_has_already_is_not_written(money: InvoiceHarness) -> None:
    """Somebody has typed the same edit on both sides."""
    invoice = pushed(money, ("Permit", 1, 100), ("Panel", 2, 50), description="Old", dueDate="2027-01-31")
    made = money.in_books()
    first, second, _ = made["Line"]
    note = made["PrivateNote"].replace("Old", "New")
    twice = {**first, "Amount": 200, DETAIL: {**first[DETAIL], "Qty": 2}}
    put(money, made["Id"], PrivateNote=note, DueDate="2027-02-28", Line=[twice, second])
    lines = lines_of(invoice)
    lines[0]["quantity"] = 2
    money.edit(invoice, description="New", dueDate="2027-02-28", lineItems=lines)
    money.office.simulator.forget_log()
    money.work()
    assert money.told()[-1] == IN_STEP
    assert money.calls(write=True) == []
    assert_at_rest(money)


@pytest.mark.parametrize("change", ["payment", "send", "balance", "email"])
def test_a_status_a_payment_and_an_e_mail_are_nothing_to_do(money: InvoiceHarness, change: str) -> None:
    invoice = pushed(money)
    id_ = money.in_books()["Id"]
    base = f"quickbooks/{money.office.realm}"
    acts: dict[str, Callable[[], Any]] = {
        "payment": lambda: money.receive(id_, 40),
        "send": lambda: money.act(invoice, "send"),
        "balance": lambda: money.office.simulator.control(f"{base}/records/Invoice/{id_}/touch"),
        "email": lambda: money.office.simulator.control(f"{base}/invoices/{id_}/send", {}),
    }
    acts[change]()
    money.office.simulator.forget_log()
    money.work()
    assert money.calls(write=True) == [] == money.calls(write=False)
    assert set(money.told()[1:]) <= {NOTHING_NEW}
    assert_at_rest(money)


def test_an_emptied_due_date_is_nothing_to_do(money: InvoiceHarness) -> None:
    """QuickBooks always has one: it keeps its own, and is not asked."""
    invoice = pushed(money, dueDate="2027-01-31")
    money.office.simulator.forget_log()
    money.edit(invoice, dueDate=None)
    money.work()
    assert money.told()[-1] == NOTHING_NEW
    assert money.calls() == []
    assert money.in_books()["DueDate"] == "2027-01-31"
    assert_at_rest(money)


def test_an_edit_after_a_payment_in_quickbooks_goes_through(money: InvoiceHarness) -> None:
    """The balance stamp has made another version of it, and no field of ours is another."""
    invoice = pushed(money)
    money.receive(money.in_books()["Id"], 40)
    money.edit(invoice, description="Part paid")
    money.work()
    assert money.told()[-1] == UPDATED
    assert money.in_books()["Balance"] == 60
    assert_at_rest(money)


def test_somebody_faster_is_read_again(money: InvoiceHarness) -> None:
    invoice = pushed(money)
    money.edit(invoice, description="Ours")
    money.office.simulator.fault("stale", path="/invoice", times=2)
    money.work()
    assert money.told()[-1] == UPDATED
    assert money.in_books()["PrivateNote"].startswith("Ours")
    assert_at_rest(money)


def test_somebody_faster_again_and_again_is_tried_later(money: InvoiceHarness) -> None:
    invoice = pushed(money)
    money.edit(invoice, description="Ours")
    money.office.simulator.fault("stale", path="/invoice", times=3)
    money.work()
    assert money.told()[-2:] == [
        "retrying: Somebody changed this record in QuickBooks at the same moment. The portal reads it again by itself.",
        UPDATED,
    ]
    assert_at_rest(money)


def test_a_moved_invoice_is_held_until_a_person_has_seen_to_it(money: InvoiceHarness) -> None:
    invoice = pushed(money)
    other = money.office.project(money.account, "Garage")
    money.edit(invoice, recordId=other["id"], description="And a memo")
    money.work()
    assert money.told()[-1] == (
        "held: Invoice 1001 was moved to another project or account in Coperniq. The portal does not move it in "
        "QuickBooks: move it there by hand if it should follow, then go on with it where it is in QuickBooks."
    )
    assert_at_rest(money)
    money.decide("go_on")
    assert money.in_books()["PrivateNote"].startswith("And a memo")
    money.edit(invoice, description="Another memo")
    money.work()
    assert money.in_books()["PrivateNote"].startswith("Another memo")
    assert_at_rest(money)


def test_an_invoice_whose_project_was_deleted_is_not_moved(money: InvoiceHarness) -> None:
    invoice = pushed(money)
    path = f"coperniq/key-of-the-first-company/projects/{money.project['id']}"
    money.office.simulator.control(path, None, "DELETE")
    money.edit(invoice, description="Still ours")
    money.work()
    assert money.told()[-1] == UPDATED
    assert money.link().coperniq_snapshot["record_id"] == str(money.project["id"])
    assert_at_rest(money)


def test_an_inactive_item_stays_on_a_line_that_has_it_already(money: InvoiceHarness) -> None:
    invoice = pushed(money, ("Permit", 1, 100))
    money.edit_books("Item", money.link("item").quickbooks_id, Active=False)
    money.edit(invoice, lineItems=[{**lines_of(invoice)[0], "quantity": 2}])
    money.work()
    assert money.in_books()["TotalAmt"] == 200
    assert_at_rest(money)


def test_an_inactive_item_that_quickbooks_minds_is_for_a_person_to_mend(money: InvoiceHarness) -> None:
    money.office.simulator.switch(inactive_on_known_line="refuse")
    invoice = pushed(money, ("Permit", 1, 100))
    item = money.link("item").quickbooks_id
    money.edit_books("Item", item, Active=False)
    money.edit(invoice, lineItems=[{**lines_of(invoice)[0], "quantity": 2}])
    money.work()
    assert "something this record needs is inactive or deleted. Please activate it there." in money.told()[-1]
    money.edit_books("Item", item, Active=True)
    money.decide("retry")
    assert money.in_books()["TotalAmt"] == 200
    assert_at_rest(money)


def test_one_deleted_in_quickbooks_is_not_brought_back_by_itself(money: InvoiceHarness) -> None:
    invoice = pushed(money)
    delete_in_books(money, money.in_books()["Id"])
    money.work()
    assert not money.books("Invoice")
    money.edit(invoice, description="An edit")
    money.work()
    assert money.told()[-1] == (
        "held: Invoice 1001 was deleted in QuickBooks. Create it again, or leave it deleted."
    )
    assert not money.books("Invoice")
    assert_at_rest(money)
