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
def books(office: PortalHarness) -> TwoWayHarness:
    books = open_two_way(office, issue_date_returned=True)
    books.money.configure(invoice_preview=True)
    return books


def held(cause: str = "preview") -> SyncRun:
    run = SyncRun.objects.held().get()
    assert run.cause == cause, run.sentence
    return run


def planned(run: SyncRun) -> list[tuple[str, str]]:
    return [(write["operation"], write["entity"]) for write in run.planned]


def shown(run: SyncRun) -> dict[str, str]:
    return {change["field"]: change["after"] for change in run.planned[-1]["changes"]}


def forget(books: TwoWayHarness) -> None:
    books.money.office.simulator.forget_log()


def release(books: TwoWayHarness) -> None:
    books.money.decide("release", held())


def test_a_pushed_invoice_is_shown_and_then_written_as_shown(books: TwoWayHarness) -> None:
    books.money.invoice(("Permit", 2, 100))
    forget(books)
    books.money.work()
    run = held()
    assert planned(run) == [("create", "Invoice")]
    assert [choice["label"] for choice in run.choices] == ["Write this to QuickBooks", "Leave it"]
    assert not writes(books)
    assert not books.money.books("Invoice")
    release(books)
    written = books.money.in_books()
    assert (written["DocNumber"], written["TotalAmt"]) == (shown(run)["DocNumber"], 200)
    assert not RecordLink.objects.get(kind="invoice").invoice_state.was_chosen
    assert_nothing_left_to_do(books)


def test_an_invoice_edited_before_its_release_is_shown_again(books: TwoWayHarness) -> None:
    made = books.money.invoice(("Permit", 2, 100))
    books.money.work()
    first = held()
    books.money.edit(made, lineItems=[books.money.line("Permit", 3, 100)])
    books.money.decide("release", first)
    again = held("preview_changed")
    assert not books.money.books("Invoice")
    assert "300" in shown(again)["Line 1"]
    books.money.decide("release", again)
    assert books.money.in_books()["TotalAmt"] == 300
    assert_nothing_left_to_do(books)


def test_what_a_payment_needs_is_shown_with_it_and_made_on_its_release(books: TwoWayHarness) -> None:
    made = books.money.invoice(("Permit", 1, 100))
    books.money.work()
    release(books)
    books.money.pay(made, 40, paymentMethod="ACH")
    forget(books)
    books.money.work()
    run = held()
    assert planned(run) == [("create", "Account"), ("create", "PaymentMethod"), ("create", "Payment")]
    assert not writes(books)
    assert not RemoteWrite.objects.open().exists()
    release(books)
    assert not SyncRun.objects.held().exists(), "the plan is the same with what it needed"
    assert books.money.in_books("Payment")["TotalAmt"] == 40
    assert shown(run)["Deposited to"] == "Coperniq Payments"
    assert_nothing_left_to_do(books)


def test_an_invoice_brought_over_is_shown_with_the_items_it_needs(books: TwoWayHarness) -> None:
    made = books.invoice(
        {"item": "Permit", "quantity": 1, "price": 100}, {"item": "Labour", "quantity": 2, "price": 50}
    )
    forget(books)
    books.heard()
    run = held()
    assert planned(run) == [
        ("create", "catalog_item"),
        ("create", "catalog_item"),
        ("create", "coperniq_invoice"),
    ]
    assert [choice["label"] for choice in run.choices] == ["Write this to Coperniq", "Leave it"]
    assert not writes(books)
    assert not invoices(books)
    assert not catalog(books)
    release(books)
    assert not SyncRun.objects.held().exists(), "the plan is the same with the items it needed"
    assert invoice(books)["amount"] == made["TotalAmt"]
    assert [line[0] for line in lines(invoice(books))] == ["Permit", "Labour"]
    assert_nothing_left_to_do(books)


def test_the_page_says_what_would_be_written_where(books: TwoWayHarness, client: Client) -> None:
    books.invoice({"item": "Permit", "quantity": 1, "price": 100})
    books.heard()
    client.force_login(person("alice", (books.money.office.company, Role.ADMIN)))
    page = client.get("/integrations/runs/").content.decode()
    assert "Create catalog item in Coperniq" in page
    assert "Create invoice in Coperniq" in page
    assert "Write this to Coperniq" in page


def test_a_payment_brought_over_is_shown_first(books: TwoWayHarness) -> None:
    books.money.invoice(("Permit", 1, 100))
    books.money.work()
    release(books)
    books.money.receive(books.money.in_books()["Id"], 30)
    forget(books)
    books.heard()
    run = held()
    assert planned(run) == [("create", "coperniq_payment")]
    assert not writes(books)
    release(books)
    assert [payment["amount"] for payment in payments(books)] == [30]
    assert_nothing_left_to_do(books)


def test_edits_of_both_sides_are_shown_once_and_one_after_the_other(books: TwoWayHarness) -> None:
    made = books.money.invoice(("Permit", 1, 100), description="Before", dueDate="2027-01-10T00:00:00.000Z")
    books.money.work()
    release(books)
    books.money.edit(made, description="By Coperniq")
    books.change(books.money.in_books(), due="2027-02-20")
    forget(books)
    books.heard()
    books.heard()
    assert planned(held()) == [("update", "Invoice")]
    assert not writes(books)
    release(books)
    assert planned(held()) == [("update", "coperniq_invoice")]
    release(books)
    assert "By Coperniq" in books.money.in_books()["PrivateNote"]
    assert invoice(books)["dueDate"].startswith("2027-02-20")
    assert not SyncRun.objects.held().exists()
    assert_nothing_left_to_do(books)


def test_a_declined_invoice_is_voided_once_that_is_released(books: TwoWayHarness) -> None:
    made = books.money.invoice(("Permit", 1, 100))
    books.money.work()
    release(books)
    books.money.act(made, "decline")
    books.money.work()
    assert planned(held()) == [("void", "Invoice")]
    assert books.money.in_books()["TotalAmt"] == 100
    release(books)
    assert books.money.in_books()["TotalAmt"] == 0


def test_a_preview_discarded_writes_nothing(books: TwoWayHarness) -> None:
    books.money.invoice(("Permit", 1, 100))
    books.money.work()
    books.money.decide("discard")
    assert not books.money.books("Invoice")
    assert_nothing_left_to_do(books)


def test_switched_off_it_holds_nothing_any_more(books: TwoWayHarness) -> None:
    books.money.invoice(("Permit", 1, 100))
    books.money.work()
    books.money.configure(invoice_preview=False)
    books.money.decide("release", held())
    books.money.invoice(("Permit", 1, 70))
    books.money.work()
    assert len(books.money.books("Invoice")) == 2
    assert_nothing_left_to_do(books)


def test_closed_books_are_known_beforehand(books: TwoWayHarness) -> None:
    """Closed after the portal last read the preferences: without a preview, QuickBooks' refusal would tell."""
    books.money.invoice(("Permit", 1, 100))
    books.money.work()
    release(books)
    path = f"quickbooks/{books.money.office.realm}"
    books.money.office.simulator.control(path, {"book_close_date": "2026-01-31"}, "PATCH")
    books.money.invoice(status="SENT", issueDate="2026-01-15T00:00:00.000Z")
    books.money.work()
    run = held("books_closed")
    assert [choice["key"] for choice in run.choices] == ["first_open_day", "retry", "discard"]
    books.money.decide("first_open_day", run)
    assert shown(held())["TxnDate"] == "2026-02-01"
    release(books)
    assert books.money.books("Invoice")[-1]["TxnDate"] == "2026-02-01"


def test_an_item_made_inactive_is_known_beforehand(books: TwoWayHarness) -> None:
    books.money.invoice(("Permit", 1, 100))
    books.money.work()
    release(books)
    RecordLink.objects.filter(kind="item").update(match_method="chosen")
    item = next(row for row in books.money.books("Item") if row["Name"] == "Permit")
    books.money.edit_books("Item", item["Id"], Active=False)
    LookupList.objects.update(read_at=timezone.now() - timedelta(minutes=2))
    books.money.invoice(("Permit", 1, 100))
    books.money.work()
    held("item_inactive")


def test_a_number_in_use_is_known_beforehand(books: TwoWayHarness) -> None:
    """Where the company numbers by itself, QuickBooks' refusal would tell."""
    prefer(books.money.office, custom_txn_numbers=True)
    customer = RecordLink.objects.get(kind="customer").quickbooks_id
    books.invoice(customer=customer, number="1001")
    books.money.invoice(("Permit", 1, 70))
    books.money.work()
    assert shown(held())["DocNumber"] == "1001-2"
    release(books)
    assert [row["DocNumber"] for row in books.money.books("Invoice")] == ["1001", "1001-2"]


def edit_item(books: TwoWayHarness, **fields: object) -> None:
    """Somebody edits the item Permit in QuickBooks, and the list that the portal has read grows old enough."""
    found = next(row for row in books.money.books("Item") if row["Name"] == "Permit")
    books.money.edit_books("Item", found["Id"], **fields)
    LookupList.objects.update(read_at=timezone.now() - timedelta(minutes=2))


@pytest.mark.parametrize("edit", [{"UnitPrice": 777}, {"Name": "Something else"}])
def test_an_item_edited_before_the_release_is_shown_again(
    books: TwoWayHarness, edit: dict[str, object]
) -> None:
    books.invoice({"item": "Permit", "quantity": 1, "price": 100})
    forget(books)
    books.heard()
    first = held()
    edit_item(books, **edit)
    books.money.decide("release", first)
    again = held("preview_changed")
    assert not writes(books)
    assert str(next(iter(edit.values()))) in str(again.planned[0])
    books.money.decide("release", again)
    created = catalog(books)[str(edit.get("Name", "Permit"))]
    assert created["price"] == edit.get("UnitPrice", 100)
    assert_nothing_left_to_do(books)


def test_an_item_edited_later_is_shown_with_the_invoice_that_names_it(books: TwoWayHarness) -> None:
    books.invoice({"item": "Permit", "quantity": 1, "price": 100})
    books.heard()
    release(books)
    edit_item(books, UnitPrice=777)
    forget(books)
    books.invoice({"item": "Permit", "quantity": 1, "price": 777})
    books.heard()
    run = held()
    assert planned(run) == [("update", "catalog_item"), ("create", "coperniq_invoice")]
    assert not writes(books)
    assert catalog(books)["Permit"]["price"] == 100
    release(books)
    assert not SyncRun.objects.held().exists(), "the plan is the same with the item updated"
    assert catalog(books)["Permit"]["price"] == 777
    assert_nothing_left_to_do(books)


def test_an_item_is_not_updated_if_nothing_is_shown(books: TwoWayHarness) -> None:
    """Both sides change the line alike, so that no write is left that could be shown with the update of its item."""
    made = books.invoice({"item": "Permit", "quantity": 1, "price": 100})
    books.heard()
    release(books)
    edit_item(books, UnitPrice=777)
    books.change(made, lines=[{"item": "Permit", "quantity": 2, "price": 100}])
    current = invoice(books)
    old = current["lineItems"][0]
    line = {"id": old["id"], "catalogItemId": old["catalogItem"]["id"], "description": old["description"]}
    books.money.edit(current, lineItems=[{**line, "quantity": 2, "unitPrice": 100}])
    forget(books)
    books.heard()
    assert not SyncRun.objects.held().exists()
    assert not writes(books)


def test_another_deposit_account_of_the_same_name_is_shown_again(books: TwoWayHarness) -> None:
    bank = {"AccountType": "Bank"}
    simulator, realm = books.money.office.simulator, books.money.office.realm
    till, safe = (simulator.in_books(realm, "Account", Name=name, **bank)["Id"] for name in ("Till", "Safe"))
    LookupList.objects.all().delete()
    books.money.configure(deposit_accounts={"ACH": till})
    made = books.money.invoice(("Permit", 1, 100))
    books.money.work()
    release(books)
    books.money.pay(made, 40, paymentMethod="ACH")
    books.money.work()
    first = held()
    books.money.edit_books("Account", till, Name="Old till")
    books.money.edit_books("Account", safe, Name="Till")
    LookupList.objects.all().delete()
    books.money.configure(deposit_accounts={"ACH": safe})
    books.money.decide("release", first)
    again = held("preview_changed")
    assert not books.money.books("Payment")
    books.money.decide("release", again)
    assert books.money.in_books("Payment")["DepositToAccountRef"]["value"] == safe
