"""The same check on both sides: somebody had recorded it in QuickBooks before the portal heard of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integrations.causes import Cause
from integrations.models import ExternalPayment, RecordLink, SyncRun
from integrations.sync.ingest.events import receive_quickbooks
from tests.invoice_harness import InvoiceHarness
from tests.sampling import crossed

DAY = "2026-11-10"


@pytest.fixture
def part_paid(harness: InvoiceHarness) -> tuple[InvoiceHarness, dict[str, Any], str]:
    """An invoice of $100 on both sides."""
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    harness.portal.simulator.forget_log()
    return harness, invoice, harness.in_books()["Id"]


Billed = tuple[InvoiceHarness, dict[str, Any], str]


def told_by_webhook(harness: InvoiceHarness, payment_id: str, operation: str = "created") -> None:
    event = {
        "specversion": "1.0",
        "id": f"event-{payment_id}-{operation}",
        "source": "intuit.test",
        "type": f"qbo.payment.{operation}.v1",
        "time": "2026-11-10T12:00:00Z",
        "intuitentityid": payment_id,
        "intuitaccountid": harness.portal.realm,
        "data": {},
    }
    assert receive_quickbooks(json.dumps([event]).encode()) == 1


def pay(
    harness: InvoiceHarness, invoice: dict[str, Any], amount: object = 100, day: str = DAY, **more: Any
) -> None:
    harness.pay(invoice, amount, paymentDate=f"{day}T00:00:00Z", **more)
    harness.work()


def test_one_heard_of_while_the_push_was_waiting_is_read_once_and_linked(part_paid: Billed) -> None:
    """Nothing of it is stored yet, and QuickBooks is asked before it is written to."""
    harness, invoice, invoice_id = part_paid
    harness.pay(invoice, 60, paymentDate=f"{DAY}T00:00:00Z")
    harness.pay(invoice, 40, paymentDate=f"{DAY}T00:00:00Z")
    harness.work_until_payment()
    theirs = [harness.receive(invoice_id, amount, date=DAY)["Id"] for amount in (60, 40)]
    for payment_id in theirs:
        told_by_webhook(harness, payment_id)
    harness.portal.simulator.forget_log()
    harness.portal.work_once()
    assert not harness.calls(write=True)
    assert len([call for call in harness.calls() if call.endswith("/query")]) == 1, harness.calls()
    assert ExternalPayment.objects.filter(quickbooks_id__in=theirs).count() == 2
    assert harness.link("payment").quickbooks_id == theirs[0]
    harness.work()
    links = RecordLink.objects.filter(kind="payment").order_by("pk")
    assert [(link.quickbooks_id, link.match_method) for link in links] == [
        (id_, "same_money") for id_ in theirs
    ]
    assert not harness.calls(write=True)


@pytest.mark.parametrize(("source", "payer"), crossed(["look", "webhook", "refusal"], ["job", "parent"]))
def test_one_that_leaves_no_room_for_another_is_linked(part_paid: Billed, source: str, payer: str) -> None:
    harness, invoice, invoice_id = part_paid
    parent = RecordLink.objects.get(kind="customer").quickbooks_id
    by = {"customer": parent} if payer == "parent" else {}
    theirs = harness.receive(invoice_id, 100, date=DAY, **by)
    if source == "look":
        harness.look_at_changes()
    if source == "webhook":
        told_by_webhook(harness, theirs["Id"])
    pay(harness, invoice)
    link = harness.link("payment")
    assert (link.quickbooks_id, link.match_method) == (theirs["Id"], "same_money")
    assert harness.in_books("Payment")["SyncToken"] == "0"
    noticed_in = "QuickBooks" if source == "refusal" else "Coperniq"
    assert (
        harness.logged()[-1]
        == f"done: Linked to the payment of $100.00 that {noticed_in} already had on this invoice."
    )
    harness.sweep()
    harness.look_at_changes()
    harness.sweep()
    assert len(harness.books("Payment")) == 1
    assert not SyncRun.objects.held().exists()


@pytest.mark.parametrize("source", ["look", "webhook"])
def test_one_beside_which_there_is_room_is_held_and_may_be_linked(part_paid: Billed, source: str) -> None:
    harness, invoice, invoice_id = part_paid
    theirs = harness.receive(invoice_id, 40, date=DAY, reference="4711")
    if source == "look":
        harness.look_at_changes()
    else:
        told_by_webhook(harness, theirs["Id"])
    pay(harness, invoice, 40)
    run = harness.held()
    assert (run.cause, run.sentence) == (
        Cause.PROBABLY_SAME_PAYMENT,
        "QuickBooks already has a payment of $40.00 on this invoice, dated November 10, 2026. It is probably the same "
        "payment: link to it, or record both.",
    )
    assert [{"key": each["key"], "label": each["label"]} for each in run.choices] == [
        {"key": f"link:{theirs['Id']}", "label": "Link to the payment of November 10, 2026, reference 4711"},
        {"key": "record_both", "label": "Record both"},
        {"key": "discard", "label": "Leave it"},
    ]
    harness.decide(f"link:{theirs['Id']}")
    assert harness.link("payment").match_method == "chosen"
    assert len(harness.books("Payment")) == 1


def test_both_may_be_meant(part_paid: Billed) -> None:
    harness, invoice, invoice_id = part_paid
    harness.receive(invoice_id, 40, date=DAY)
    harness.look_at_changes()
    pay(harness, invoice, 40)
    harness.decide("record_both")
    assert [row["TotalAmt"] for row in harness.books("Payment")] == [40, 40]
    assert harness.in_books()["Balance"] == 20


def test_the_answer_that_both_are_meant_outlives_the_question_of_closed_books(part_paid: Billed) -> None:
    harness, invoice, invoice_id = part_paid
    harness.receive(invoice_id, 40, date=DAY)
    harness.look_at_changes()
    harness.portal.simulator.control(
        f"quickbooks/{harness.portal.realm}", {"book_close_date": "2026-11-15"}, "PATCH"
    )
    harness.portal.quickbooks.__class__.objects.update(preferences_read_at=None)
    pay(harness, invoice, 40)
    harness.decide("record_both")
    assert harness.held().cause == "books_closed"
    harness.decide("first_open_day")
    assert {row["TxnDate"] for row in harness.books("Payment")} == {DAY, "2026-11-16"}


@pytest.mark.parametrize(
    ("day", "near"),
    [("2026-11-03", True), ("2026-11-17", True), ("2026-11-02", False), ("2026-11-18", False)],
)
def test_within_a_week_it_may_be_the_same(part_paid: Billed, day: str, near: bool) -> None:
    harness, invoice, invoice_id = part_paid
    harness.receive(invoice_id, 40, date=day)
    harness.look_at_changes()
    pay(harness, invoice, 40)
    assert SyncRun.objects.held().exists() is near
    assert len(harness.books("Payment")) == (1 if near else 2)


def test_another_amount_is_another_payment(part_paid: Billed) -> None:
    harness, invoice, invoice_id = part_paid
    harness.receive(invoice_id, "40.01", date=DAY)
    harness.look_at_changes()
    pay(harness, invoice, 40)
    assert len(harness.books("Payment")) == 2


def test_of_several_a_person_chooses(part_paid: Billed) -> None:
    harness, invoice, invoice_id = part_paid
    first, second = (harness.receive(invoice_id, 50, date=day)["Id"] for day in (DAY, "2026-11-11"))
    harness.look_at_changes()
    pay(harness, invoice, 50)
    run = harness.held()
    assert "(and 1 more like it)" in run.sentence
    assert [choice["key"] for choice in run.choices] == [
        f"link:{first}",
        f"link:{second}",
        "record_both",
        "discard",
    ]
    harness.decide(f"link:{second}")
    chosen = RecordLink.objects.get(kind="payment", match_method="chosen")
    assert chosen.quickbooks_id == second
    assert set(RecordLink.objects.filter(kind="payment").values_list("quickbooks_id", flat=True)) == {
        first,
        second,
    }


@pytest.mark.parametrize("how", ["void", "delete"])
def test_a_chosen_one_that_is_gone_brings_the_other_choices(part_paid: Billed, how: str) -> None:
    harness, invoice, invoice_id = part_paid
    first, second = (harness.receive(invoice_id, 30, date=DAY)["Id"] for _ in range(2))
    harness.look_at_changes()
    pay(harness, invoice, 30)
    end(harness, first, how)
    harness.decide(f"link:{first}")
    run = harness.held()
    assert run.cause == "choice_gone"
    assert [choice["key"] for choice in run.choices] == [f"link:{second}", "record_both", "discard"]
    harness.decide("record_both")
    assert len(RecordLink.objects.filter(kind="payment", match_method="created")) == 1


def end(harness: InvoiceHarness, payment_id: str, how: str) -> None:
    realm = harness.portal.realm
    if how == "delete":
        harness.portal.simulator.control(f"quickbooks/{realm}/records/Payment/{payment_id}", None, "DELETE")
    else:
        harness.portal.simulator.control(f"quickbooks/{realm}/payments/{payment_id}/void")


@pytest.mark.parametrize("how", ["void", "delete"])
def test_one_that_was_taken_back_is_no_candidate_any_more(part_paid: Billed, how: str) -> None:
    harness, invoice, invoice_id = part_paid
    theirs = harness.receive(invoice_id, 40, date=DAY)["Id"]
    harness.look_at_changes()
    assert ExternalPayment.objects.count() == 1
    end(harness, theirs, how)
    pay(harness, invoice, 40)
    assert harness.link("payment").match_method == "created"
    assert harness.in_books()["Balance"] == 60


def test_one_check_for_two_invoices_is_linked_to_both(harness: InvoiceHarness) -> None:
    first, second = (harness.invoice(("Permit", 1, 100)) for _ in range(2))
    harness.work()
    ids = sorted(row["Id"] for row in harness.books("Invoice"))
    check = harness.receive(ids[0], 100, date=DAY)
    lines = [{"Amount": 100, "LinkedTxn": [{"TxnId": each, "TxnType": "Invoice"}]} for each in ids]
    harness.edit_books("Payment", check["Id"], TotalAmt=200, Line=lines)
    harness.look_at_changes()
    payment = harness.pay(first, 100, paymentDate=f"{DAY}T00:00:00Z")
    pay(harness, second)
    links = RecordLink.objects.filter(kind="payment")
    assert {(link.quickbooks_id, link.allocation_invoice_id) for link in links} == {
        (check["Id"], each) for each in ids
    }
    harness.change_payment(first, payment, amount=90)
    harness.work()
    after = harness.in_books("Payment")
    assert (after["TotalAmt"], sorted(line["Amount"] for line in after["Line"])) == (200, [90, 100])


def test_a_credit_put_on_an_invoice_is_no_money(part_paid: Billed) -> None:
    harness, invoice, invoice_id = part_paid
    customer = harness.in_books()["CustomerRef"]
    item = harness.books("Item")[0]["Id"]
    line = {
        "Amount": 40,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": item}},
    }
    memo = harness.portal.simulator.in_books(
        harness.portal.realm, "CreditMemo", CustomerRef=customer, Line=[line]
    )
    path = f"quickbooks/{harness.portal.realm}/creditmemos/{memo['Id']}/apply"
    harness.portal.simulator.control(path, {"invoice": invoice_id, "amount": 40})
    harness.look_at_changes()
    assert not ExternalPayment.objects.exists()
    pay(harness, invoice, 40, "2026-11-26")
    assert harness.link("payment").match_method == "created"
    assert harness.in_books()["Balance"] == 20


def test_a_strangers_payment_elsewhere_costs_one_read_and_only_once(part_paid: Billed) -> None:
    harness, invoice, _ = part_paid
    pay(harness, invoice, 10)
    other = harness.portal.simulator.in_books(harness.portal.realm, DisplayName="Walk-in")
    theirs = harness.portal.simulator.in_books(
        harness.portal.realm, "Payment", CustomerRef={"value": other["Id"]}, TotalAmt=40
    )
    told_by_webhook(harness, theirs["Id"])
    harness.portal.simulator.forget_log()
    for day in ("2026-11-11", "2026-11-12"):
        pay(harness, invoice, 40, day)
    assert len(harness.calls(write=False)) == 1
    assert len(harness.calls(write=True)) == 2
