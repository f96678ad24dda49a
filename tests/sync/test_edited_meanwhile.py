"""What people changed in QuickBooks before a lost answer was made up for is no part of what the portal wrote."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from integrations.models import SyncLogEntry, SyncRun
from tests.portal_harness import PortalHarness
from tests.sampling import thinned
from tests.sync.invoice_builders import assert_at_rest
from tests.sync.pull_builders import assert_nothing_left_to_do, hear_while_pausing, payments, unanswered
from tests.sync.two_way import TwoWayHarness, coperniq_state, open_two_way


@pytest.fixture
def books(office: PortalHarness) -> TwoWayHarness:
    return open_two_way(office)


EDITS: list[dict[str, Any]] = [
    {"due": "2027-05-06"},
    {"note": "Roof"},
    {"lines": [{"item": "Permit", "quantity": 2, "price": 70}]},
]


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("due", ["", "2027-01-01T00:00:00.000Z"])
def test_an_edit_before_the_create_is_found_again_comes_over(
    books: TwoWayHarness, edit: dict[str, Any], due: str
) -> None:
    made = unanswered(books, **({"dueDate": due} if due else {}))
    mark = made["PrivateNote"]
    books.change(made, **{**edit, **({"note": f"{edit['note']}\n{mark}"} if "note" in edit else {})})
    books.money.work()
    books.heard()
    (invoice,) = coperniq_state(books.money, "invoices")
    document = books.money.in_books()
    assert invoice["amount"] == document["TotalAmt"]
    assert ("Roof" in (invoice["description"] or "")) == ("note" in edit)
    if due or "due" in edit:
        assert invoice["dueDate"][:10] == document["DueDate"]
    assert not SyncRun.objects.held().exists()
    books.heard()
    assert_at_rest(books.money)


def test_a_payment_before_the_create_is_found_again_is_no_edit_of_it(books: TwoWayHarness) -> None:
    """It makes a version of the invoice; the due date that QuickBooks gives by itself stays there."""
    made = unanswered(books)
    books.payment({"id": made["Id"], "amount": 40})
    books.money.work()
    books.heard()
    (invoice,) = coperniq_state(books.money, "invoices")
    assert invoice["amountPaid"] == 40
    assert not invoice["dueDate"]
    assert made["DueDate"]
    books.heard()
    assert_at_rest(books.money)


def test_a_payment_heard_of_before_the_create_is_found_again_comes_over(books: TwoWayHarness) -> None:
    """Who heard of it had no linked invoice to put it on."""
    made = unanswered(books)
    books.payment({"id": made["Id"], "amount": 40})
    hear_while_pausing(books)
    books.money.work()
    assert [row["amount"] for row in payments(books)] == [40]
    assert_nothing_left_to_do(books)


def test_an_invoice_renumbered_before_its_create_is_found_again_is_there_once(books: TwoWayHarness) -> None:
    books.money.office.simulator.switch(requestid_memory_seconds=0)
    made = unanswered(books)
    books.money.edit_books("Invoice", made["Id"], DocNumber="A-77", DueDate="2027-05-06")
    hear_while_pausing(books)
    books.money.office.simulator.control("clock", {"shift_seconds": 5})
    books.money.work()
    document = books.money.in_books()
    assert (document["Id"], document["DocNumber"]) == (made["Id"], "A-77")
    (invoice,) = coperniq_state(books.money, "invoices")
    assert invoice["dueDate"][:10] == "2027-05-06"
    assert_nothing_left_to_do(books)


def test_of_several_versions_nobody_knows_whether_one_was_of_the_due_date(books: TwoWayHarness) -> None:
    made = unanswered(books)
    payment = books.payment({"id": made["Id"], "amount": 40})
    books.change(made, due="2027-05-06")
    books.void(payment, "payments")
    books.money.work()
    books.heard()
    (invoice,) = coperniq_state(books.money, "invoices")
    assert invoice["dueDate"][:10] == "2027-05-06"
    (told,) = SyncLogEntry.objects.filter(sentence__contains="answer was lost")
    assert "Whether that changed the due date is unknown" in told.sentence
    assert told.outcome == "done_with_warning"
    books.heard()
    assert_at_rest(books.money)


PAYMENT_EDITS: list[dict[str, Any]] = [
    {"amount": 30, "on it": 30},
    {"date": "2026-11-03"},
    {"amount": 40, "on it": 30},
    {"voided": True},
]


@pytest.mark.parametrize(
    ("edit", "memory", "heard"), thinned(product(PAYMENT_EDITS, [86400, 0], [True, False]), 3)
)
def test_a_payment_changed_before_its_create_is_found_again_is_asked_about(
    books: TwoWayHarness, edit: dict[str, Any], memory: int, heard: bool
) -> None:
    money = books.money
    money.office.simulator.switch(requestid_memory_seconds=memory)
    invoice = money.invoice()
    money.work()
    money.pay(invoice, 40, paymentDate="2026-11-10T00:00:00.000Z")
    money.work_until_payment()
    money.office.simulator.fault("lost_answer", method="POST", path="/payment", times=1)
    money.office.work_once()
    change_by_hand(books, dict(edit))
    if heard:
        hear_while_pausing(books)
    money.office.simulator.control("clock", {"shift_seconds": 5})
    money.work()
    books.heard()
    assert money.held().cause == "quickbooks_payment_changed"
    assert "it was $40.00 on 2026-11-10" in money.held().sentence
    assert len(money.books("Payment")) == 1
    assert "did not apply" not in " ".join(money.told())
    assert_nothing_left_to_do(books)


@pytest.mark.parametrize("memory", [86400, 0])
def test_a_part_taken_off_before_a_correction_is_found_again_is_asked_about(
    books: TwoWayHarness, memory: int
) -> None:
    money = books.money
    money.office.simulator.switch(requestid_memory_seconds=memory)
    invoice = money.invoice()
    money.work()
    ours = money.pay(invoice, 40)
    money.work()
    money.change_payment(invoice, ours, amount=30)
    money.work_until_payment()
    money.office.simulator.fault("lost_answer", method="POST", path="/payment", times=1)
    money.office.work_once()
    change_by_hand(books, {"amount": 30, "on it": 10})
    hear_while_pausing(books)
    money.office.simulator.control("clock", {"shift_seconds": 5})
    money.work()
    books.heard()
    assert "it was $30.00 on" in money.held().sentence
    assert "and is now $10.00 on" in money.held().sentence
    assert "did not apply" not in " ".join(money.told())
    assert_nothing_left_to_do(books)


def change_by_hand(books: TwoWayHarness, edit: dict[str, Any]) -> None:
    payment = books.money.in_books("Payment")
    if edit.pop("voided", False):
        books.void(payment, "payments")
        return
    on_it = edit.pop("on it", None)
    paid = {"invoices": [{"id": books.money.in_books()["Id"], "amount": on_it}]} if on_it else {}
    books.change_payment(payment, **edit, **paid)


@pytest.mark.parametrize(
    "edit",
    [{"dueDate": "2027-05-06T00:00:00.000Z"}, {"description": "Roof"}, {"lineItems": [{"quantity": 3}]}],
)
def test_an_edit_in_coperniq_before_the_create_there_is_found_again_goes_to_quickbooks(
    books: TwoWayHarness, edit: dict[str, Any]
) -> None:
    """The mark stays where people edit the text, as it would in a form."""
    money = books.money
    books.invoice(due="2027-01-01", note="Hall")
    money.look_at_changes()
    money.office.simulator.fault("lost_answer", vendor="coperniq", method="POST", path="/invoices", times=1)
    money.office.work_once()
    (made,) = coperniq_state(money, "invoices")
    if "description" in edit:
        edit = {"description": made["description"].replace("Hall", "Roof")}
    if "lineItems" in edit:
        kept = ("id", "catalogItemId", "unitCost", "unitPrice", "description")
        edit = {"lineItems": [{**{name: made["lineItems"][0][name] for name in kept}, "quantity": 3}]}
    money.edit(made, **edit)
    money.work()
    books.heard()
    (invoice,) = coperniq_state(money, "invoices")
    document = money.in_books()
    assert invoice["amount"] == document["TotalAmt"] == (300 if "lineItems" in edit else 100)
    assert document["DueDate"] == invoice["dueDate"][:10]
    assert ("Roof" in document["PrivateNote"]) == ("description" in edit)
    assert len(money.books("Invoice")) == 1


@pytest.mark.parametrize("edit", [{"amount": 30}, {"paymentDate": "2026-11-03T00:00:00.000Z"}])
def test_a_payment_edited_in_coperniq_before_its_create_there_is_found_again_goes_to_quickbooks(
    books: TwoWayHarness, edit: dict[str, Any]
) -> None:
    money = books.money
    made = books.invoice()
    books.heard()
    books.payment({"id": made["Id"], "amount": 40})
    money.look_at_changes()
    money.office.simulator.fault("lost_answer", vendor="coperniq", method="POST", path="/payments", times=1)
    money.office.work_once()
    money.office.work_once()
    (invoice,), (ours,) = coperniq_state(money, "invoices"), payments(books)
    money.change_payment(invoice, ours, **edit)
    money.work()
    books.heard()
    (ours,), theirs = payments(books), money.in_books("Payment")
    assert (ours["amount"], ours["paymentDate"][:10]) == (theirs["TotalAmt"], theirs["TxnDate"])
    assert theirs["TotalAmt"] == edit.get("amount", 40)
    assert not [entry for entry in money.told() if "correct it in Coperniq" in entry]
    assert_nothing_left_to_do(books)
