"""Texts that customers read have no correlation tag; what was brought over is told by its number or reference.

A number may have been typed by a person: then nothing is lost, doubled or overwritten, and in doubt a person is asked.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import RecordLink, SyncRun
from integrations.sync.engine.coperniq_texts import quickbooks_tag
from tests.portal_harness import PortalHarness
from tests.sampling import crossed
from tests.sync.invoice_builders import prefer
from tests.sync.pull_builders import (
    assert_nothing_left_to_do,
    hear_while_pausing,
    invoice,
    invoices,
    logged_in_order,
    payments,
    writes,
)
from tests.sync.test_catching_up import Backup
from tests.sync.test_lost_pulls import brought_without_answer
from tests.sync.test_marks_and_echoes import linked
from tests.sync.two_way import TwoWayHarness, open_two_way

TAG = re.compile(r"\[(?:QBO|QuickBooks|Coperniq)\b")


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


def typed(sides: TwoWayHarness, description: str, price: object = 100, **fields: Any) -> dict[str, Any]:
    return sides.harness.invoice(("Permit", 1, price), description=description, **fields)


def totals(sides: TwoWayHarness) -> tuple[list[float], list[float]]:
    """Of the invoices in Coperniq and in QuickBooks."""
    return (
        sorted(float(row["amount"]) for row in invoices(sides)),
        sorted(float(row["TotalAmt"]) for row in sides.harness.books("Invoice")),
    )


def restored(sides: TwoWayHarness, backup: Backup, road: str) -> None:
    backup.restore()
    if road == "poll first":
        sides.harness.sweep()
    sides.sync()
    sides.harness.sweep()
    sides.sync()


@pytest.mark.parametrize("memo_field", ["private_note", "customer_memo"])
@pytest.mark.parametrize("on", [False, True])
def test_only_the_private_note_has_a_tag_unless_people_want_one_in_coperniq(
    sides: TwoWayHarness, memo_field: str, on: bool
) -> None:
    harness = sides.harness
    harness.configure(memo_field=memo_field, coperniq_tag=on)
    made = sides.invoice(number="A-77", note="Thanks", memo="Thanks")
    sides.payment({"id": made["Id"], "amount": 40}, reference="1042", note="by post")
    sides.sync()
    ours = harness.invoice(("Labour", 1, 70), description="Roof")
    harness.pay(ours, 30, notes="by hand")
    harness.work()
    brought, own = invoices(sides)
    tag = "\n" + quickbooks_tag(harness.portal.realm, "invoice", made["Id"]) if on else ""
    assert brought["description"] == f"QBO #A-77: Thanks{tag}"
    (payment,) = brought["payments"]
    assert payment["paymentReference"] == f"1042 (QBO {harness.books('Payment')[0]['Id']})"
    assert bool(TAG.search(payment["notes"])) is on
    assert payment["notes"].split("\n")[0] == "by post"
    assert own["description"] == "Roof"
    document, receipt = harness.books("Invoice")[-1], harness.books("Payment")[-1]
    assert re.search(rf"\[Coperniq {own['id']}-[0-9a-f]{{8}}\]\Z", document["PrivateNote"])
    assert re.fullmatch(rf"by hand\n\[Coperniq \d+/{own['id']}-[0-9a-f]{{8}}\]", receipt["PrivateNote"])
    shown = {key: value for key, value in document.items() if key != "PrivateNote"}
    assert not TAG.search(str(shown))
    assert not TAG.search(str(harness.books("Invoice")[0]))
    assert_nothing_left_to_do(sides)


def test_a_former_tag_goes_with_the_next_text_that_is_written_and_costs_no_write(
    sides: TwoWayHarness,
) -> None:
    made = sides.invoice(number="A-77", note="First")
    sides.sync()
    tag = quickbooks_tag(sides.harness.portal.realm, "invoice", made["Id"])
    former = f"[QuickBooks invoice {made['Id']} ref {tag[-9:]}"
    sides.harness.edit(invoice(sides), description=f"QBO #A-77: First\n{former}")
    sides.harness.portal.simulator.forget_log()
    sides.harness.work()
    sides.sync()
    assert writes(sides) == []
    sides.change(made, due="2027-01-05")
    sides.sync()
    assert invoice(sides)["description"].endswith(former)
    sides.change(made, note="Second")
    sides.sync()
    assert invoice(sides)["description"] == "QBO #A-77: Second"
    assert_nothing_left_to_do(sides)


def test_an_ordinary_invoice_may_begin_like_one_from_quickbooks(sides: TwoWayHarness) -> None:
    harness = sides.harness
    pushed = typed(sides, "QBO #old 7: see there")
    harness.work()
    assert harness.in_books()["PrivateNote"].startswith("QBO #old 7: see there\n[Coperniq ")
    assert_nothing_left_to_do(sides)
    harness.edit(pushed, description="QBO #old 8: see there")
    harness.work()
    document = harness.in_books()
    assert document["PrivateNote"].startswith("QBO #old 8: see there\n")
    sides.change(document, note=document["PrivateNote"].replace("see there", "looked up"))
    sides.sync()
    assert invoice(sides)["description"] == "QBO #old 8: looked up"
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("road", ["poll first", "change data first"])
def test_one_that_quickbooks_gave_no_number_keeps_a_short_tag(sides: TwoWayHarness, road: str) -> None:
    prefer(sides.harness.portal, custom_txn_numbers=True)
    backup = Backup(sides.harness)
    made = sides.invoice(number="", note="Roof")
    sides.sync()
    tag = quickbooks_tag(sides.harness.portal.realm, "invoice", made["Id"])
    assert invoice(sides)["description"] == f"Roof\n{tag}"
    before = linked("invoice")
    restored(sides, backup, road)
    assert linked("invoice") == before
    sides.change(made, number="A-5")
    sides.sync()
    assert invoice(sides)["description"] == "QBO #A-5: Roof"
    assert_nothing_left_to_do(sides)


def test_a_copy_of_a_brought_invoice_is_sent_if_people_say_so(sides: TwoWayHarness) -> None:
    sides.invoice(number="A-7", note="Roof")
    sides.sync()
    sides.harness.items["Permit"] = invoice(sides)["lineItems"][0]["catalogItemId"]
    typed(sides, "QBO #A-7: Roof")
    sides.harness.work()
    assert len(sides.harness.books("Invoice")) == 1
    (skipped,) = SyncRun.objects.filter(cause="copy_of_linked")
    assert_nothing_left_to_do(sides)
    sides.harness.decide("send_anyway", skipped)
    assert len(sides.harness.books("Invoice")) == 2
    assert sides.harness.books("Invoice")[-1]["PrivateNote"].startswith("QBO #A-7: Roof\n[Coperniq ")
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize(
    ("answer", "road"), crossed(["link", "new_number"], ["poll first", "change data first"])
)
def test_one_of_another_total_is_asked_about_after_a_restore(
    sides: TwoWayHarness, road: str, answer: str
) -> None:
    """It may be the invoice, whose lines have changed since, or another one whose text a person typed."""
    backup = Backup(sides.harness)
    made = sides.invoice(number="A-7", note="Roof")
    sides.sync()
    backup.restore()
    sides.change(made, lines=[{"item": "Permit", "quantity": 3, "price": 100}])
    if road == "poll first":
        sides.harness.sweep()
    sides.sync()
    sides.harness.sweep()
    assert (len(invoices(sides)), len(sides.harness.books("Invoice"))) == (1, 1), logged_in_order(sides)
    question = sides.harness.held()
    assert question.cause == "probably_same_invoice"
    assert [total in question.sentence for total in ("$100.00", "$300.00")] == [True, True]
    sides.harness.decide(f"link:{made['Id']}" if answer == "link" else answer, question)
    sides.sync()
    if answer == "link":
        assert totals(sides) == ([300], [300])
        assert RecordLink.objects.get(kind="invoice").match_method == RecordLink.MatchMethod.PULLED
        assert invoice(sides)["description"] == "QBO #A-7: Roof"
    else:
        assert totals(sides) == ([100, 300], [100, 300])
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("road", ["poll first", "change data first"])
def test_a_copy_beside_the_lost_one_is_not_taken_for_it(sides: TwoWayHarness, road: str) -> None:
    backup = Backup(sides.harness)
    made = sides.invoice(number="A-7", note="Roof")
    sides.payment({"id": made["Id"], "amount": 40})
    sides.sync()
    first = invoice(sides)
    sides.harness.items["Permit"] = first["lineItems"][0]["catalogItemId"]
    before = linked("invoice"), linked("payment")
    typed(sides, "QBO #A-7: Roof")
    restored(sides, backup, road)
    assert (linked("invoice"), linked("payment")) == before
    assert len(sides.harness.books("Invoice")) == 1
    assert SyncRun.objects.filter(cause="copy_of_linked").count() == 1
    assert_nothing_left_to_do(sides)


def test_two_of_one_number_whose_creates_got_no_answer_are_told_apart(sides: TwoWayHarness) -> None:
    for note, price in (("Roof", 100), ("Carport", 100), ("Gutter", 55)):
        sides.invoice({"item": "Permit", "quantity": 1, "price": price}, number="A-7", note=note)
    sides.harness.look_at_changes()
    sides.harness.portal.simulator.fault("lost_answer", "coperniq", method="POST", path="/invoices", times=3)
    hear_while_pausing(sides)
    SyncRun.objects.update(not_before=timezone.now() - timedelta(minutes=1))
    sides.harness.work()
    sides.sync()
    notes = {row["Id"]: row["PrivateNote"] for row in sides.harness.books("Invoice")}
    texts = {str(row["id"]): row["description"] for row in invoices(sides)}
    assert len(texts) == 3
    assert {(texts[ours], notes[theirs]) for ours, theirs, _ in linked("invoice")} == {
        (f"QBO #A-7: {note}", note) for note in notes.values()
    }
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("edit", ["lines", "memo"])
def test_one_edited_before_it_is_found_is_there_once(sides: TwoWayHarness, edit: str) -> None:
    sides.invoice(number="A-7", note="Roof")
    brought_without_answer(sides)
    made = invoice(sides)
    sides.harness.items["Permit"] = made["lineItems"][0]["catalogItemId"]
    if edit == "memo":
        sides.harness.edit(made, description="QBO #A-7: Carport")
    else:
        sides.harness.edit(made, lineItems=[sides.harness.line("Permit", 2, 100)])
    sides.harness.work()
    sides.sync()
    assert (len(invoices(sides)), len(sides.harness.books("Invoice"))) == (1, 1)
    document = sides.harness.in_books()
    assert (document["PrivateNote"], document["TotalAmt"]) == (
        ("Carport", 100) if edit == "memo" else ("Roof", 200)
    )
    assert_nothing_left_to_do(sides)


def test_a_number_typed_while_its_invoice_is_brought_over_waits_for_nothing(sides: TwoWayHarness) -> None:
    """The office types it for another project of the account; the create of the real one has got no answer yet."""
    harness = sides.harness
    sides.invoice(number="A-7")
    brought_without_answer(sides)
    garage = harness.portal.project(harness.account, "Garage", workflowId=harness.project["workflowId"])
    harness.items["Permit"] = invoice(sides)["lineItems"][0]["catalogItemId"]
    typed(sides, "QBO #A-7: part of it", 30, on=garage)
    hear_while_pausing(sides)
    harness.work()
    sides.sync()
    assert not SyncRun.objects.filter(cause="waits_for_link", state="waiting").exists()
    assert SyncRun.objects.filter(cause="copy_of_linked").count() == 1
    assert len(invoices(sides)) == 2
    assert_nothing_left_to_do(sides)


def paid(sides: TwoWayHarness, amount: float = 40) -> dict[str, Any]:
    made = sides.invoice(number="A-7")
    sides.sync()
    received = sides.payment({"id": made["Id"], "amount": amount}, reference="1042")
    sides.sync()
    return received


def test_a_reference_typed_once_more_is_a_copy_and_sent_if_people_say_so(sides: TwoWayHarness) -> None:
    received = paid(sides)
    sides.harness.pay(invoice(sides), 25, paymentReference=f"1042 (QBO {received['Id']})")
    sides.harness.work()
    assert len(sides.harness.books("Payment")) == 1
    (skipped,) = SyncRun.objects.filter(cause="copy_of_linked")
    assert_nothing_left_to_do(sides)
    sides.harness.decide("send_anyway", skipped)
    assert [row["TotalAmt"] for row in sides.harness.books("Payment")] == [40, 25]
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("reference", ["QBO 987654", "QBO {invoice}", "see QBO {payment}"])
def test_a_reference_that_names_no_payment_of_the_invoice_hinders_nothing(
    sides: TwoWayHarness, reference: str
) -> None:
    received = paid(sides)
    names = {"invoice": sides.harness.in_books()["Id"], "payment": received["Id"]}
    sides.harness.pay(invoice(sides), 25, paymentReference=reference.format(**names))
    sides.harness.work()
    assert [row["TotalAmt"] for row in sides.harness.books("Payment")] == [40, 25]
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("answer", ["link", "record_both"])
def test_a_payment_of_another_amount_is_asked_about_after_a_restore(
    sides: TwoWayHarness, answer: str
) -> None:
    backup = Backup(sides.harness)
    received = paid(sides)
    (recorded,) = payments(sides)
    backup.restore()
    sides.harness.change_payment(invoice(sides), recorded, amount=35)
    sides.sync()
    sides.harness.sweep()
    question = sides.harness.held()
    assert question.cause == "probably_same_payment"
    assert (len(payments(sides)), len(sides.harness.books("Payment"))) == (1, 1)
    links = [choice["key"] for choice in question.choices if choice["key"].startswith("link:")]
    sides.harness.decide(links[0] if answer == "link" else answer, question)
    sides.sync()
    assert not SyncRun.objects.open().exists(), logged_in_order(sides)
    amounts = sorted(row["TotalAmt"] for row in sides.harness.books("Payment"))
    assert amounts == ([40] if answer == "link" else [35, 40])
    assert RecordLink.objects.filter(kind="payment", quickbooks_id=received["Id"]).count() == 1
    assert_nothing_left_to_do(sides)


def test_two_payments_of_one_amount_are_told_apart_after_a_restore(sides: TwoWayHarness) -> None:
    backup = Backup(sides.harness)
    made = sides.invoice(number="A-7")
    sides.sync()
    for _ in range(2):
        sides.payment({"id": made["Id"], "amount": 50})
        sides.sync()
    before = linked("payment")
    restored(sides, backup, "change data first")
    assert linked("payment") == before
    assert len(payments(sides)) == 2
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("road", ["poll first", "change data first"])
def test_one_created_again_in_quickbooks_has_no_number_in_its_note(sides: TwoWayHarness, road: str) -> None:
    """Its note has the portal's tag from then on, by which a restored database finds it."""
    backup = Backup(sides.harness)
    made = sides.invoice(number="A-7", note="Roof")
    sides.sync()
    sides.delete(made)
    sides.sync()
    sides.harness.decide("create")
    sides.sync()
    document = sides.harness.in_books()
    assert document["DocNumber"] == "A-7"
    assert re.fullmatch(r"Roof\n\[Coperniq \d+-[0-9a-f]{8}\]", document["PrivateNote"])
    sides.harness.edit(invoice(sides), description="QBO #A-7: Carport")
    sides.harness.work()
    assert re.fullmatch(r"Carport\n\[Coperniq \d+-[0-9a-f]{8}\]", sides.harness.in_books()["PrivateNote"])
    before = linked("invoice")
    restored(sides, backup, road)
    assert linked("invoice") == before
    assert sides.harness.in_books()["PrivateNote"].startswith("Carport\n[")
    assert invoice(sides)["description"] == "QBO #A-7: Carport"
    assert not SyncRun.objects.open().exists(), logged_in_order(sides)
    assert_nothing_left_to_do(sides)


def test_switching_tags_on_and_off_writes_nothing_by_itself(sides: TwoWayHarness) -> None:
    made = sides.invoice(number="A-7", note="Roof")
    sides.sync()
    sides.harness.portal.simulator.forget_log()
    for on, note in ((True, "Carport"), (False, "Gutter")):
        sides.harness.configure(coperniq_tag=on)
        sides.sync()
        sides.harness.sweep()
        assert not [write for write in writes(sides) if write.startswith("quickbooks")]
        assert len(writes(sides)) == (0 if on else 1)
        sides.change(made, note=note)
        sides.sync()
        tag = "\n" + quickbooks_tag(sides.harness.portal.realm, "invoice", made["Id"]) if on else ""
        assert invoice(sides)["description"] == f"QBO #A-7: {note}{tag}"
    assert_nothing_left_to_do(sides)
