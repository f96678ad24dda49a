"""Real traffic about invoices, items and accounts, replayed as in the other recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.conftest import Books, document, problem
from tests.simulator.sales import Sales, line
from tests.simulator.test_quickbooks_recorded import adopt, cassette, fixture, shape

if TYPE_CHECKING:
    from simulator.world import World

LATER = {"FreeFormAddress", "ShipFromAddr", "ItemAccountRef", "CustomExtensions", "LastModifiedByRef"}
THEIR_OWN = {"CustomField"}  # the recorded companies have fields of their own


def outline(value: object) -> object:
    """The shape, without what came to the wire after the recordings."""
    if isinstance(value, dict):
        return {key: outline(inner) for key, inner in value.items() if key not in LATER | THEIR_OWN}
    return [outline(one) for one in value] if isinstance(value, list) else value


def same(ours: Any, theirs: Any) -> None:
    assert outline(shape(ours)) == outline(shape(theirs))


@pytest.fixture
def sales(books: Books) -> Sales:
    return Sales(books)


@pytest.fixture
def amy(books: Books) -> dict[str, Any]:
    street = {
        "Line1": "4581 Finch St.",
        "City": "Bayshore",
        "CountrySubDivisionCode": "CA",
        "PostalCode": "94326",
    }
    return books.customer("Amy's Bird Sanctuary", BillAddr=street)


def placed(sales: Sales, world: World, customer: dict[str, Any], recorded: dict[str, Any]) -> None:
    """An invoice under its recorded number."""
    company = world.quickbooks.companies[sales.books.realm]
    company.number_from("Invoice", int(recorded["Id"]))
    sales.invoice(customer, line(100), TxnDate=recorded["TxnDate"], DocNumber=recorded["DocNumber"])


@pytest.mark.usefixtures("amy")
def test_create_invoice(sales: Sales) -> None:
    (exchange,) = cassette("create/invoice")
    answer = exchange.send(sales.books)
    assert answer.status_code == exchange.status
    same(document(answer), exchange.answer)
    ours, theirs = document(answer)["Invoice"], exchange.answer["Invoice"]
    for name in (
        "TotalAmt",
        "Balance",
        "PrintStatus",
        "EmailStatus",
        "SyncToken",
        "LinkedTxn",
        "CurrencyRef",
        "TxnTaxDetail",
    ):
        assert ours[name] == theirs[name]
    assert [one["Amount"] for one in ours["Line"]] == [one["Amount"] for one in theirs["Line"]]
    assert ours["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"] == {"value": "NON"}


def test_void_invoice(sales: Sales, amy: dict[str, Any], world: World) -> None:
    read, void = cassette("void/invoice")
    placed(sales, world, amy, read.answer["Invoice"])
    for exchange in (read, void):
        answer = exchange.send(sales.books)
        assert answer.status_code == exchange.status
        same(document(answer), exchange.answer)
        ours, theirs = document(answer)["Invoice"], exchange.answer["Invoice"]
        for name in ("Id", "SyncToken", "DocNumber", "TxnDate", "DueDate", "TotalAmt", "Balance"):
            assert ours[name] == theirs[name]
        assert ours.get("PrivateNote") == theirs.get("PrivateNote")


def test_delete_invoice(sales: Sales, amy: dict[str, Any], world: World) -> None:
    read, delete = cassette("delete/invoice")
    placed(sales, world, amy, read.answer["Invoice"])
    same(document(read.send(sales.books)), read.answer)
    assert document(delete.send(sales.books))["Invoice"] == delete.answer["Invoice"]


def test_unknown_property_of_an_invoice_where_it_was_recorded(sales: Sales) -> None:
    (exchange,) = cassette("error/400_json")
    answer = exchange.send(sales.books)
    ours, theirs = problem(answer), exchange.answer["Fault"]["Error"][0]
    assert (answer.status_code, ours["code"], ours["Message"]) == (
        exchange.status,
        theirs["code"],
        theirs["Message"],
    )
    assert ours["Detail"].split(" (83")[0].split("not marked")[0] == theirs["Detail"].split("not marked")[0]


def test_every_property_the_server_named_is_known(sales: Sales, amy: dict[str, Any]) -> None:
    """Sixty of eighty-three: none of them may be called unknown, whatever becomes of it."""
    (exchange,) = cassette("error/400_json")
    detail = exchange.answer["Fault"]["Error"][0]["Detail"]
    named = [
        one.strip(' "') for one in detail.split("known properties: ")[1].split(" [truncated]")[0].split(",")
    ]
    assert len(named) > 50
    for name in named:
        answer = sales.books.post("invoice", {name: None, **sales.body(amy, line(1))})
        assert answer.status_code == 200, (name, answer.text)


def test_missing_detail_type(sales: Sales, amy: dict[str, Any]) -> None:
    answer = sales.refused(amy, {"Amount": 1, "SalesItemLineDetail": {}})
    assert document(answer)["Fault"] == fixture("sales_receipt/create_sales_receipt_error.json")["Fault"]


def test_a_voided_line_as_on_a_voided_receipt(sales: Sales, amy: dict[str, Any]) -> None:
    before = fixture("sales_receipt/create_sales_receipt.json")["SalesReceipt"]["Line"]
    after = fixture("sales_receipt/void_sales_receipt.json")["SalesReceipt"]["Line"]
    first = sales.invoice(amy, line(0, Qty=1, UnitPrice=0))
    same(first["Line"], before)
    voided = document(sales.void(first))["Invoice"]
    same(voided["Line"], after)
    assert voided["Line"][0]["SalesItemLineDetail"]["Qty"] == after[0]["SalesItemLineDetail"]["Qty"] == 0


def test_deactivating_an_inactive_account_is_no_change(sales: Sales, world: World) -> None:
    read, update = cassette("deactivate/account")
    derived = {
        "Classification",
        "CurrentBalance",
        "CurrentBalanceWithSubAccounts",
        "SubAccount",
        "CurrencyRef",
    }
    row = {name: value for name, value in read.answer["Account"].items() if name not in derived}
    adopt(world, sales.books, "Account", [row])
    for exchange in (read, update):
        answer = document(exchange.send(sales.books))
        same(answer, exchange.answer)
        for name in ("Name", "Active", "SyncToken", "Classification", "AccountSubType"):
            assert answer["Account"][name] == exchange.answer["Account"][name]


@pytest.mark.parametrize("name", ["create_item", "read_item", "update_item"])
def test_items_in_stock(sales: Sales, name: str) -> None:
    theirs = fixture(f"item/{name}.json")
    accounts = {
        "IncomeAccountRef": sales.account("Sales of Product Income"),
        "ExpenseAccountRef": sales.write("account", {"Name": "COGS", "AccountType": "Cost of Goods Sold"})[
            "Id"
        ],
        "AssetAccountRef": sales.write("account", {"Name": "Inventory Asset", "AccountSubType": "Inventory"})[
            "Id"
        ],
    }
    known = {one: {"value": number} for one, number in accounts.items()}
    body = {**theirs["Item"], **known, "Id": None, "MetaData": None}
    ours = document(sales.books.post("item", body))
    assert ours["Item"].pop("DeferredRevenue") is False  # came with deferred revenue, after 2017
    same(ours, theirs)
    for one in ("Name", "Type", "UnitPrice", "PurchaseCost", "QtyOnHand", "InvStartDate", "Taxable"):
        assert ours["Item"][one] == theirs["Item"][one]


def test_a_batch_of_good_and_bad(sales: Sales, world: World) -> None:
    """As recorded, save for the sales receipts, which these books do not hold."""
    (exchange,) = cassette("batch/basic")
    answer = document(exchange.send(sales.books))
    ours, theirs = answer["BatchItemResponse"], exchange.answer["BatchItemResponse"]
    assert [one["bId"] for one in ours] == [one["bId"] for one in theirs]
    same(ours[0], theirs[0])
    assert ours[1]["Fault"] == theirs[1]["Fault"]
    assert ours[2]["Fault"]["Error"][0]["code"] == "5030"
    assert ours[3]["QueryResponse"] == {}
