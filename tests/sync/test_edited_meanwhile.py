"""What people changed in QuickBooks before a lost answer was made up for is no part of what the portal wrote."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from integrations.models import SyncLogEntry, SyncRun
from tests.portal_harness import PortalHarness
from tests.sampling import crossed, thinned
from tests.sync.invoice_builders import assert_at_rest
from tests.sync.pull_builders import assert_nothing_left_to_do, hear_while_pausing, payments, unanswered
from tests.sync.two_way import TwoWayHarness, coperniq_state, open_two_way


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


EDITS: list[dict[str, Any]] = [
    {"due": "2027-05-06"},
    {"note": "Roof"},
    {"lines": [{"item": "Permit", "quantity": 2, "price": 70}]},
]


@pytest.mark.parametrize(("edit", "due"), crossed(EDITS, ["", "2027-01-01T00:00:00.000Z"]))
def test_an_edit_before_the_create_is_found_again_comes_over(
    sides: TwoWayHarness, edit: dict[str, Any], due: str
) -> None:
    made = unanswered(sides, **({"dueDate": due} if due else {}))
    mark = made["PrivateNote"]
    sides.change(made, **{**edit, **({"note": f"{edit['note']}\n{mark}"} if "note" in edit else {})})
    sides.harness.work()
    sides.sync()
    (invoice,) = coperniq_state(sides.harness, "invoices")
    document = sides.harness.in_books()
    assert invoice["amount"] == document["TotalAmt"]
    assert ("Roof" in (invoice["description"] or "")) == ("note" in edit)
    if due or "due" in edit:
        assert invoice["dueDate"][:10] == document["DueDate"]
    assert not SyncRun.objects.held().exists()
    sides.sync()
    assert_at_rest(sides.harness)


def test_a_payment_before_the_create_is_found_again_is_no_edit_of_it(sides: TwoWayHarness) -> None:
    """It makes a version of the invoice; the due date that QuickBooks gives by itself stays there."""
    made = unanswered(sides)
    sides.payment({"id": made["Id"], "amount": 40})
    sides.harness.work()
    sides.sync()
    (invoice,) = coperniq_state(sides.harness, "invoices")
    assert invoice["amountPaid"] == 40
    assert not invoice["dueDate"]
    assert made["DueDate"]
    sides.sync()
    assert_at_rest(sides.harness)


def test_a_payment_heard_of_before_the_create_is_found_again_comes_over(sides: TwoWayHarness) -> None:
    """Who heard of it had no linked invoice to put it on."""
    made = unanswered(sides)
    sides.payment({"id": made["Id"], "amount": 40})
    hear_while_pausing(sides)
    sides.harness.work()
    assert [row["amount"] for row in payments(sides)] == [40]
    assert_nothing_left_to_do(sides)


def test_an_invoice_renumbered_before_its_create_is_found_again_is_there_once(sides: TwoWayHarness) -> None:
    sides.harness.portal.simulator.switch(requestid_memory_seconds=0)
    made = unanswered(sides)
    sides.harness.edit_books("Invoice", made["Id"], DocNumber="A-77", DueDate="2027-05-06")
    hear_while_pausing(sides)
    sides.harness.portal.simulator.control("clock", {"shift_seconds": 5})
    sides.harness.work()
    document = sides.harness.in_books()
    assert (document["Id"], document["DocNumber"]) == (made["Id"], "A-77")
    (invoice,) = coperniq_state(sides.harness, "invoices")
    assert invoice["dueDate"][:10] == "2027-05-06"
    assert_nothing_left_to_do(sides)


def test_of_several_versions_nobody_knows_whether_one_was_of_the_due_date(sides: TwoWayHarness) -> None:
    made = unanswered(sides)
    payment = sides.payment({"id": made["Id"], "amount": 40})
    sides.change(made, due="2027-05-06")
    sides.void(payment, "payments")
    sides.harness.work()
    sides.sync()
    (invoice,) = coperniq_state(sides.harness, "invoices")
    assert invoice["dueDate"][:10] == "2027-05-06"
    (logged,) = SyncLogEntry.objects.filter(sentence__contains="answer was lost")
    assert "Whether that changed the due date is unknown" in logged.sentence
    assert logged.outcome == "done_with_warning"
    sides.sync()
    assert_at_rest(sides.harness)


PAYMENT_EDITS: list[dict[str, Any]] = [
    {"amount": 30, "on it": 30},
    {"date": "2026-11-03"},
    {"amount": 40, "on it": 30},
    {"voided": True},
]


@pytest.mark.parametrize(
    ("edit", "memory", "noticed"), thinned(product(PAYMENT_EDITS, [86400, 0], [True, False]), 3)
)
def test_a_payment_changed_before_its_create_is_found_again_is_asked_about(
    sides: TwoWayHarness, edit: dict[str, Any], memory: int, noticed: bool
) -> None:
    harness = sides.harness
    harness.portal.simulator.switch(requestid_memory_seconds=memory)
    invoice = harness.invoice()
    harness.work()
    harness.pay(invoice, 40, paymentDate="2026-11-10T00:00:00.000Z")
    harness.work_until_payment()
    harness.portal.simulator.fault("lost_answer", method="POST", path="/payment", times=1)
    harness.portal.work_once()
    change_by_hand(sides, dict(edit))
    if noticed:
        hear_while_pausing(sides)
    harness.portal.simulator.control("clock", {"shift_seconds": 5})
    harness.work()
    sides.sync()
    assert harness.held().cause == "quickbooks_payment_changed"
    assert "it was $40.00 on November 10, 2026" in harness.held().sentence
    assert len(harness.books("Payment")) == 1
    assert "did not apply" not in " ".join(harness.logged())
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("memory", [86400, 0])
def test_a_part_taken_off_before_a_correction_is_found_again_is_asked_about(
    sides: TwoWayHarness, memory: int
) -> None:
    harness = sides.harness
    harness.portal.simulator.switch(requestid_memory_seconds=memory)
    invoice = harness.invoice()
    harness.work()
    ours = harness.pay(invoice, 40)
    harness.work()
    harness.change_payment(invoice, ours, amount=30)
    harness.work_until_payment()
    harness.portal.simulator.fault("lost_answer", method="POST", path="/payment", times=1)
    harness.portal.work_once()
    change_by_hand(sides, {"amount": 30, "on it": 10})
    hear_while_pausing(sides)
    harness.portal.simulator.control("clock", {"shift_seconds": 5})
    harness.work()
    sides.sync()
    assert "it was $30.00 on" in harness.held().sentence
    assert "and is now $10.00 on" in harness.held().sentence
    assert "did not apply" not in " ".join(harness.logged())
    assert_nothing_left_to_do(sides)


def change_by_hand(sides: TwoWayHarness, edit: dict[str, Any]) -> None:
    payment = sides.harness.in_books("Payment")
    if edit.pop("voided", False):
        sides.void(payment, "payments")
        return
    on_it = edit.pop("on it", None)
    paid = {"invoices": [{"id": sides.harness.in_books()["Id"], "amount": on_it}]} if on_it else {}
    sides.change_payment(payment, **edit, **paid)


@pytest.mark.parametrize(
    "edit",
    [{"dueDate": "2027-05-06T00:00:00.000Z"}, {"description": "Roof"}, {"lineItems": [{"quantity": 3}]}],
)
def test_an_edit_in_coperniq_before_the_create_there_is_found_again_goes_to_quickbooks(
    sides: TwoWayHarness, edit: dict[str, Any]
) -> None:
    """The mark stays where people edit the text, as it would in a form."""
    harness = sides.harness
    sides.invoice(due="2027-01-01", note="Hall")
    harness.look_at_changes()
    harness.portal.simulator.fault("lost_answer", vendor="coperniq", method="POST", path="/invoices", times=1)
    harness.portal.work_once()
    (made,) = coperniq_state(harness, "invoices")
    if "description" in edit:
        edit = {"description": made["description"].replace("Hall", "Roof")}
    if "lineItems" in edit:
        kept = ("id", "catalogItemId", "unitCost", "unitPrice", "description")
        edit = {"lineItems": [{**{name: made["lineItems"][0][name] for name in kept}, "quantity": 3}]}
    harness.edit(made, **edit)
    harness.work()
    sides.sync()
    (invoice,) = coperniq_state(harness, "invoices")
    document = harness.in_books()
    assert invoice["amount"] == document["TotalAmt"] == (300 if "lineItems" in edit else 100)
    assert document["DueDate"] == invoice["dueDate"][:10]
    assert ("Roof" in document["PrivateNote"]) == ("description" in edit)
    assert len(harness.books("Invoice")) == 1


@pytest.mark.parametrize("edit", [{"amount": 30}, {"paymentDate": "2026-11-03T00:00:00.000Z"}])
def test_a_payment_edited_in_coperniq_before_its_create_there_is_found_again_changes_no_total(
    sides: TwoWayHarness, edit: dict[str, Any]
) -> None:
    harness = sides.harness
    made = sides.invoice()
    sides.sync()
    before = sides.payment({"id": made["Id"], "amount": 40})
    harness.look_at_changes()
    harness.portal.simulator.fault("lost_answer", vendor="coperniq", method="POST", path="/payments", times=1)
    while not payments(sides):  # the invoice's own run comes first
        harness.portal.work_once()
    (invoice,), (ours,) = coperniq_state(harness, "invoices"), payments(sides)
    harness.change_payment(invoice, ours, **edit)
    harness.work()
    sides.sync()
    (ours,), theirs = payments(sides), harness.in_books("Payment")
    assert ours["amount"] == theirs["TotalAmt"] - theirs["UnappliedAmt"] == edit.get("amount", 40)
    assert (theirs["TotalAmt"], theirs["TxnDate"]) == (40, before["TxnDate"])
    assert not [entry for entry in harness.logged() if "correct it in Coperniq" in entry]
    assert_nothing_left_to_do(sides)
