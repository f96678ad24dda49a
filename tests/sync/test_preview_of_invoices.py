"""Invoices and payments under preview, both ways: shown first, then written as shown, prerequisites with them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.roles import Role
from integrations.models import LookupList, RecordLink, RemoteWrite, SyncRun
from tests.factories import person
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import prefer
from tests.sync.pull_builders import (
    assert_nothing_left_to_do,
    catalog,
    invoice,
    invoices,
    lines,
    payments,
    writes,
)
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    sides = open_two_way(portal, issue_date_returned=True)
    sides.harness.configure(invoice_preview=True)
    return sides


def held(cause: str = "preview") -> SyncRun:
    run = SyncRun.objects.held().get()
    assert run.cause == cause, run.sentence
    return run


def planned(run: SyncRun) -> list[tuple[str, str]]:
    return [(write["operation"], write["entity"]) for write in run.planned]


def shown(run: SyncRun) -> dict[str, str]:
    return {change["field"]: change["after"] for change in run.planned[-1]["changes"]}


def forget(sides: TwoWayHarness) -> None:
    sides.harness.portal.simulator.forget_log()


def release(sides: TwoWayHarness) -> None:
    sides.harness.decide("release", held())


def test_a_pushed_invoice_is_shown_and_then_written_as_shown(sides: TwoWayHarness) -> None:
    sides.harness.invoice(("Permit", 2, 100))
    forget(sides)
    sides.harness.work()
    run = held()
    assert planned(run) == [("create", "Invoice")]
    assert [choice["label"] for choice in run.choices] == ["Write this to QuickBooks", "Leave it"]
    assert not writes(sides)
    assert not sides.harness.books("Invoice")
    release(sides)
    written = sides.harness.in_books()
    assert (written["DocNumber"], written["TotalAmt"]) == (shown(run)["DocNumber"], 200)
    assert not RecordLink.objects.get(kind="invoice").invoice_state.was_chosen
    assert_nothing_left_to_do(sides)


def test_an_invoice_edited_before_its_release_is_shown_again(sides: TwoWayHarness) -> None:
    made = sides.harness.invoice(("Permit", 2, 100))
    sides.harness.work()
    first = held()
    sides.harness.edit(made, lineItems=[sides.harness.line("Permit", 3, 100)])
    sides.harness.decide("release", first)
    again = held("preview_changed")
    assert not sides.harness.books("Invoice")
    assert "300" in shown(again)["Line 1"]
    sides.harness.decide("release", again)
    assert sides.harness.in_books()["TotalAmt"] == 300
    assert_nothing_left_to_do(sides)


def test_what_a_payment_needs_is_shown_with_it_and_made_on_its_release(sides: TwoWayHarness) -> None:
    made = sides.harness.invoice(("Permit", 1, 100))
    sides.harness.work()
    release(sides)
    sides.harness.pay(made, 40, paymentMethod="ACH")
    forget(sides)
    sides.harness.work()
    run = held()
    assert planned(run) == [("create", "Account"), ("create", "PaymentMethod"), ("create", "Payment")]
    assert not writes(sides)
    assert not RemoteWrite.objects.open().exists()
    release(sides)
    assert not SyncRun.objects.held().exists(), "the plan is the same with what it needed"
    assert sides.harness.in_books("Payment")["TotalAmt"] == 40
    assert shown(run)["Deposited to"] == "Coperniq Payments"
    assert_nothing_left_to_do(sides)


def test_an_invoice_brought_over_is_shown_with_the_items_it_needs(sides: TwoWayHarness) -> None:
    made = sides.invoice(
        {"item": "Permit", "quantity": 1, "price": 100}, {"item": "Labour", "quantity": 2, "price": 50}
    )
    forget(sides)
    sides.sync()
    run = held()
    assert planned(run) == [
        ("create", "catalog_item"),
        ("create", "catalog_item"),
        ("create", "coperniq_invoice"),
    ]
    assert [choice["label"] for choice in run.choices] == ["Write this to Coperniq", "Leave it"]
    assert not writes(sides)
    assert not invoices(sides)
    assert not catalog(sides)
    release(sides)
    assert not SyncRun.objects.held().exists(), "the plan is the same with the items it needed"
    assert invoice(sides)["amount"] == made["TotalAmt"]
    assert [line[0] for line in lines(invoice(sides))] == ["Permit", "Labour"]
    assert_nothing_left_to_do(sides)


def test_the_page_says_what_would_be_written_where(sides: TwoWayHarness, client: Client) -> None:
    sides.invoice({"item": "Permit", "quantity": 1, "price": 100})
    sides.sync()
    client.force_login(person("alice", (sides.harness.portal.company, Role.ADMIN)))
    page = client.get("/integrations/runs/").content.decode()
    assert "Create catalog item in Coperniq" in page
    assert "Create invoice in Coperniq" in page
    assert "Write this to Coperniq" in page


def test_a_payment_brought_over_is_shown_first(sides: TwoWayHarness) -> None:
    sides.harness.invoice(("Permit", 1, 100))
    sides.harness.work()
    release(sides)
    sides.harness.receive(sides.harness.in_books()["Id"], 30)
    forget(sides)
    sides.sync()
    run = held()
    assert planned(run) == [("create", "coperniq_payment")]
    assert not writes(sides)
    release(sides)
    assert [payment["amount"] for payment in payments(sides)] == [30]
    assert_nothing_left_to_do(sides)


def test_edits_of_both_sides_are_shown_once_and_one_after_the_other(sides: TwoWayHarness) -> None:
    made = sides.harness.invoice(("Permit", 1, 100), description="Before", dueDate="2027-01-10T00:00:00.000Z")
    sides.harness.work()
    release(sides)
    sides.harness.edit(made, description="By Coperniq")
    sides.change(sides.harness.in_books(), due="2027-02-20")
    forget(sides)
    sides.sync()
    sides.sync()
    assert planned(held()) == [("update", "Invoice")]
    assert not writes(sides)
    release(sides)
    assert planned(held()) == [("update", "coperniq_invoice")]
    release(sides)
    assert "By Coperniq" in sides.harness.in_books()["PrivateNote"]
    assert invoice(sides)["dueDate"].startswith("2027-02-20")
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(sides)


def test_a_declined_invoice_is_voided_once_that_is_released(sides: TwoWayHarness) -> None:
    made = sides.harness.invoice(("Permit", 1, 100))
    sides.harness.work()
    release(sides)
    sides.harness.act(made, "decline")
    sides.harness.work()
    assert planned(held()) == [("void", "Invoice")]
    assert sides.harness.in_books()["TotalAmt"] == 100
    release(sides)
    assert sides.harness.in_books()["TotalAmt"] == 0


def test_a_preview_discarded_writes_nothing(sides: TwoWayHarness) -> None:
    sides.harness.invoice(("Permit", 1, 100))
    sides.harness.work()
    sides.harness.decide("discard")
    assert not sides.harness.books("Invoice")
    assert_nothing_left_to_do(sides)


def test_switched_off_it_holds_nothing_any_more(sides: TwoWayHarness) -> None:
    sides.harness.invoice(("Permit", 1, 100))
    sides.harness.work()
    sides.harness.configure(invoice_preview=False)
    sides.harness.decide("release", held())
    sides.harness.invoice(("Permit", 1, 70))
    sides.harness.work()
    assert len(sides.harness.books("Invoice")) == 2
    assert_nothing_left_to_do(sides)


def test_closed_books_are_known_beforehand(sides: TwoWayHarness) -> None:
    """Closed after the portal last read the preferences: without a preview, QuickBooks' refusal would tell."""
    sides.harness.invoice(("Permit", 1, 100))
    sides.harness.work()
    release(sides)
    path = f"quickbooks/{sides.harness.portal.realm}"
    sides.harness.portal.simulator.control(path, {"book_close_date": "2026-01-31"}, "PATCH")
    sides.harness.invoice(status="SENT", issueDate="2026-01-15T00:00:00.000Z")
    sides.harness.work()
    run = held("books_closed")
    assert [choice["key"] for choice in run.choices] == ["first_open_day", "retry", "discard"]
    sides.harness.decide("first_open_day", run)
    assert shown(held())["TxnDate"] == "2026-02-01"
    release(sides)
    assert sides.harness.books("Invoice")[-1]["TxnDate"] == "2026-02-01"


def test_an_item_made_inactive_is_known_beforehand(sides: TwoWayHarness) -> None:
    sides.harness.invoice(("Permit", 1, 100))
    sides.harness.work()
    release(sides)
    RecordLink.objects.filter(kind="item").update(match_method="chosen")
    item = next(row for row in sides.harness.books("Item") if row["Name"] == "Permit")
    sides.harness.edit_books("Item", item["Id"], Active=False)
    LookupList.objects.update(read_at=timezone.now() - timedelta(minutes=2))
    sides.harness.invoice(("Permit", 1, 100))
    sides.harness.work()
    held("item_inactive")


def test_a_number_in_use_is_known_beforehand(sides: TwoWayHarness) -> None:
    """Where the company numbers by itself, QuickBooks' refusal would tell."""
    prefer(sides.harness.portal, custom_txn_numbers=True)
    customer = RecordLink.objects.get(kind="customer").quickbooks_id
    sides.invoice(customer=customer, number="1001")
    sides.harness.invoice(("Permit", 1, 70))
    sides.harness.work()
    assert shown(held())["DocNumber"] == "1001-2"
    release(sides)
    assert [row["DocNumber"] for row in sides.harness.books("Invoice")] == ["1001", "1001-2"]


def edit_item(sides: TwoWayHarness, **fields: object) -> None:
    """Somebody edits the item Permit in QuickBooks, and the list that the portal has read grows old enough."""
    found = next(row for row in sides.harness.books("Item") if row["Name"] == "Permit")
    sides.harness.edit_books("Item", found["Id"], **fields)
    LookupList.objects.update(read_at=timezone.now() - timedelta(minutes=2))


@pytest.mark.parametrize("edit", [{"UnitPrice": 777}, {"Name": "Something else"}])
def test_an_item_edited_before_the_release_is_shown_again(
    sides: TwoWayHarness, edit: dict[str, object]
) -> None:
    sides.invoice({"item": "Permit", "quantity": 1, "price": 100})
    forget(sides)
    sides.sync()
    first = held()
    edit_item(sides, **edit)
    sides.harness.decide("release", first)
    again = held("preview_changed")
    assert not writes(sides)
    assert str(next(iter(edit.values()))) in str(again.planned[0])
    sides.harness.decide("release", again)
    created = catalog(sides)[str(edit.get("Name", "Permit"))]
    assert created["price"] == edit.get("UnitPrice", 100)
    assert_nothing_left_to_do(sides)


def test_an_item_edited_later_is_shown_with_the_invoice_that_names_it(sides: TwoWayHarness) -> None:
    sides.invoice({"item": "Permit", "quantity": 1, "price": 100})
    sides.sync()
    release(sides)
    edit_item(sides, UnitPrice=777)
    forget(sides)
    sides.invoice({"item": "Permit", "quantity": 1, "price": 777})
    sides.sync()
    run = held()
    assert planned(run) == [("update", "catalog_item"), ("create", "coperniq_invoice")]
    assert not writes(sides)
    assert catalog(sides)["Permit"]["price"] == 100
    release(sides)
    assert not SyncRun.objects.held().exists(), "the plan is the same with the item updated"
    assert catalog(sides)["Permit"]["price"] == 777
    assert_nothing_left_to_do(sides)


def test_an_item_is_not_updated_if_nothing_is_shown(sides: TwoWayHarness) -> None:
    """Both sides change the line alike, so that no write is left that could be shown with the update of its item."""
    made = sides.invoice({"item": "Permit", "quantity": 1, "price": 100})
    sides.sync()
    release(sides)
    edit_item(sides, UnitPrice=777)
    sides.change(made, lines=[{"item": "Permit", "quantity": 2, "price": 100}])
    current = invoice(sides)
    old = current["lineItems"][0]
    line = {"id": old["id"], "catalogItemId": old["catalogItem"]["id"], "description": old["description"]}
    sides.harness.edit(current, lineItems=[{**line, "quantity": 2, "unitPrice": 100}])
    forget(sides)
    sides.sync()
    assert not SyncRun.objects.held().exists()
    assert not writes(sides)


def test_another_deposit_account_of_the_same_name_is_shown_again(sides: TwoWayHarness) -> None:
    bank = {"AccountType": "Bank"}
    simulator, realm = sides.harness.portal.simulator, sides.harness.portal.realm
    till, safe = (simulator.in_books(realm, "Account", Name=name, **bank)["Id"] for name in ("Till", "Safe"))
    LookupList.objects.all().delete()
    sides.harness.configure(deposit_accounts={"ACH": till})
    made = sides.harness.invoice(("Permit", 1, 100))
    sides.harness.work()
    release(sides)
    sides.harness.pay(made, 40, paymentMethod="ACH")
    sides.harness.work()
    first = held()
    sides.harness.edit_books("Account", till, Name="Old till")
    sides.harness.edit_books("Account", safe, Name="Till")
    LookupList.objects.all().delete()
    sides.harness.configure(deposit_accounts={"ACH": safe})
    sides.harness.decide("release", first)
    again = held("preview_changed")
    assert not sides.harness.books("Payment")
    sides.harness.decide("release", again)
    assert sides.harness.in_books("Payment")["DepositToAccountRef"]["value"] == safe
