"""Recorded traffic of real QuickBooks companies, replayed against the simulator."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from werkzeug.test import TestResponse

from simulator.quickbooks.writing import enter, move_balance
from simulator.world import World
from tests.simulator.clients import Books, Json, Sales, document, line, problem

RECORDED = Path(__file__).parents[1] / "recorded"
CASSETTES = RECORDED / "minimul__qbo_api/spec/vcr"
FIXTURES = RECORDED / "Boulevard__ExQuickBooks/test/fixtures"
SINCE_2020 = {"IsProject", "V4IDPseudonym", "ClientEntityId"}
PLACES = {"Lat", "Long"}
DERIVED = {
    "Id",
    "SyncToken",
    "MetaData",
    "domain",
    "sparse",
    "BalanceWithJobs",
    "FullyQualifiedName",
    "Level",
    "Balance",
}


class Exchange:
    def __init__(self, raw: Json) -> None:
        self.method = str(raw["request"]["method"]).upper()
        address = urlsplit(raw["request"]["uri"])
        self.path = address.path.removeprefix("/v3/").removeprefix("company/-COMPANY_ID-/")
        self.query = address.query
        self.body = raw["request"]["body"]["string"]
        self.status = raw["response"]["status"]["code"]
        self.answer = json.loads(raw["response"]["body"]["string"], parse_float=Decimal)

    def send(self, books: Books) -> TestResponse:
        more = {"data": self.body, "content_type": "application/json;charset=UTF-8"} if self.body else {}
        return books.call(self.method, f"{self.path}?{self.query}", **more)


def cassette(name: str) -> list[Exchange]:
    found = yaml.safe_load((CASSETTES / f"{name}.yml").read_text())
    return [Exchange(one) for one in found["http_interactions"]]


def fixture(name: str) -> Json:
    found: Json = json.loads((FIXTURES / name).read_text())
    return found


def shape(value: object) -> object:
    """Keys and types; what was added to the wire after 2020, and the places a geocoder finds, left out."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items() if key not in SINCE_2020 | PLACES}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return (
        "number" if isinstance(value, int | Decimal) and not isinstance(value, bool) else type(value).__name__
    )


def adopt(world: World, books: Books, entity: str, rows: Iterable[Json]) -> None:
    """Records as recorded, under their recorded numbers."""
    company = world.quickbooks.companies[books.realm]
    company.number_from(entity, 10_000 + len(company.records[entity]))
    for row in sorted(rows, key=lambda one: int(one.get("Level", 0))):
        record = enter(company, entity, {name: value for name, value in row.items() if name not in DERIVED})
        company.records[entity][row["Id"]] = company.records[entity].pop(record.id)
        record.id, record.sync_token = row["Id"], int(row["SyncToken"])
        if row.get("Balance"):
            move_balance(company, record, int(row["Balance"] * 100))


def rows_of(exchanges: list[Exchange], entity: str) -> list[Json]:
    return [row for one in exchanges for row in one.answer["QueryResponse"].get(entity, [])]


def same_pages(books: Books, exchanges: list[Exchange], entity: str) -> None:
    for exchange in exchanges:
        answer = exchange.send(books)
        assert answer.status_code == exchange.status
        assert shape(document(answer)) == shape(exchange.answer)
        ours = document(answer)["QueryResponse"].get(entity, [])
        theirs = exchange.answer["QueryResponse"].get(entity, [])
        assert [row["Id"] for row in ours] == [row["Id"] for row in theirs]
        for mine, real in zip(ours, theirs, strict=True):
            for name in (
                "FullyQualifiedName",
                "DisplayName",
                "Level",
                "Balance",
                "BalanceWithJobs",
                "SyncToken",
                "Active",
            ):
                assert mine.get(name) == real.get(name)


def test_create_customer(books: Books) -> None:
    (exchange,) = cassette("create/customer")
    answer = exchange.send(books)
    assert answer.status_code == exchange.status
    assert shape(document(answer)) == shape(exchange.answer)
    assert document(answer)["Customer"]["PrintOnCheckName"] == "Doe5, Jane"


def test_update_customer_in_full(world: World, books: Books) -> None:
    read, update = cassette("update/customer")
    adopt(world, books, "Customer", [read.answer["Customer"]])
    assert shape(document(read.send(books))) == shape(read.answer)
    answer = document(update.send(books))
    assert shape(answer) == shape(update.answer)
    for name in (
        "SyncToken",
        "DisplayName",
        "FullyQualifiedName",
        "PrintOnCheckName",
        "Taxable",
        "PrimaryPhone",
    ):
        assert answer["Customer"][name] == update.answer["Customer"][name]


def test_read_customer(world: World, books: Books) -> None:
    (exchange,) = cassette("get/id")
    adopt(world, books, "Customer", [exchange.answer["Customer"]])
    assert shape(document(exchange.send(books))) == shape(exchange.answer)


def test_all_customers_of_the_sample_company_in_their_order_with_jobs_and_balances(
    world: World, books: Books
) -> None:
    """It holds a job and a customer of one name, against the documentation: hence the switch."""
    world.switches["job_names_unique"] = "within_parent"
    count, everything = cassette("all/customers")
    adopt(world, books, "Customer", rows_of([everything], "Customer"))
    assert document(count.send(books))["QueryResponse"] == count.answer["QueryResponse"]
    same_pages(books, [everything], "Customer")


def test_customers_by_ids_in_pages(world: World, books: Books) -> None:
    count, *pages = cassette("all/alt_select")
    adopt(world, books, "Customer", rows_of(pages, "Customer"))
    adopt(world, books, "Customer", missing_ids(pages))
    assert document(count.send(books))["QueryResponse"] == count.answer["QueryResponse"]
    same_pages(books, pages, "Customer")


def missing_ids(pages: list[Exchange]) -> list[Json]:
    """A stranger outside the asked ids, who must not be found."""
    return [{"Id": "99", "SyncToken": "0", "DisplayName": f"Stranger to {len(pages)} pages"}]


def test_vendors_in_pages_of_five(world: World, books: Books) -> None:
    count, *pages = cassette("all/vendors_by_5")
    adopt(world, books, "Vendor", rows_of(pages, "Vendor"))
    assert document(count.send(books))["QueryResponse"] == count.answer["QueryResponse"]
    same_pages(books, pages, "Vendor")


@pytest.mark.parametrize(
    ("name", "entity"),
    [
        ("get/display_name", "Customer"),
        ("get/inactive_vendors", "Vendor"),
        ("misc/ampersand", "Vendor"),
        ("all/employees_including_active", "Employee"),
    ],
)
def test_queries(world: World, books: Books, name: str, entity: str) -> None:
    exchanges = cassette(name)
    adopt(world, books, entity, rows_of(exchanges, entity))
    same_pages(books, exchanges, entity)


def test_deactivating_the_inactive_is_no_change(world: World, books: Books) -> None:
    read, update = cassette("deactivate/employee")
    adopt(world, books, "Employee", [read.answer["Employee"]])
    for exchange in (read, update):
        answer = document(exchange.send(books))
        assert shape(answer) == shape(exchange.answer)
        assert answer["Employee"]["SyncToken"] == exchange.answer["Employee"]["SyncToken"]
        assert answer["Employee"]["DisplayName"] == exchange.answer["Employee"]["DisplayName"]


def test_expired_token(books: Books) -> None:
    (exchange,) = cassette("error/401")
    answer = exchange.send(Books(books.client, books.realm, "AB01-old"))
    assert answer.status_code == exchange.status
    assert shape(document(answer)) == shape(exchange.answer)
    ours, theirs = document(answer)["fault"]["error"][0], exchange.answer["fault"]["error"][0]
    assert (ours["code"], ours["message"]) == (theirs["code"], theirs["message"])


def test_duplicate_name(books: Books, world: World) -> None:
    (exchange,) = cassette("error/validation")
    world.switches["duplicate_name_tail"] = "null"
    books.customer("Weiskopf Consulting")
    answer = exchange.send(books)
    assert answer.status_code == exchange.status
    assert document(answer)["Fault"] == exchange.answer["Fault"]


def test_unknown_property(books: Books) -> None:
    (exchange,) = cassette("error/400_json")
    exchange.path = "customer"
    answer = exchange.send(books)
    assert (answer.status_code, shape(document(answer))) == (exchange.status, shape(exchange.answer))
    ours, theirs = problem(answer), exchange.answer["Fault"]["Error"][0]
    assert (ours["code"], ours["Message"]) == (theirs["code"], theirs["Message"])
    assert ours["Detail"].split("(83 known")[0].split(" (class")[0] == theirs["Detail"].split(" (class")[0]
    assert ours["Detail"].rsplit("\n", 1)[1] == theirs["Detail"].rsplit("\n", 1)[1]


def test_wrong_path_and_wrong_id(books: Books) -> None:
    path, id_ = cassette("error/500")
    answer = path.send(books)
    assert (answer.status_code, shape(document(answer))) == (path.status, shape(path.answer))
    assert problem(answer)["code"] == path.answer["Fault"]["Error"][0]["code"]
    answer = id_.send(books)
    assert (answer.status_code, document(answer)) == (id_.status, id_.answer)


def test_unknown_entity_in_a_query(books: Books) -> None:
    exchange = cassette("error/400")[1]
    answer = exchange.send(books)
    assert answer.status_code == exchange.status
    assert document(answer)["Fault"] == exchange.answer["Fault"]


def test_unparsable_query(books: Books) -> None:
    recorded = fixture("api/query_error.json")
    assert document(books.query("SELECT * FROM NULL"))["Fault"] == recorded["Fault"]


@pytest.mark.parametrize(
    "name", ["item/update_item_error.json", "sales_receipt/void_sales_receipt_error.json"]
)
def test_stale_object(books: Books, name: str) -> None:
    recorded = fixture(name)
    ann = books.customer("Ann")
    books.changed(ann, Notes="x")
    answer = document(books.change(ann, Notes="y"))
    theirs = recorded["Fault"]["Error"][0]
    assert shape(answer) == shape(recorded)
    assert answer["Fault"]["Error"][0]["code"] == theirs["code"]
    user = theirs["Detail"].split(" : You and ")[1].split(" were working")[0]
    assert answer["Fault"]["Error"][0]["Detail"].replace("Dana Whitfield", user) == theirs["Detail"]


def test_stale_object_inside_the_recorded_batch_has_the_same_entry(books: Books) -> None:
    (exchange,) = cassette("batch/basic")
    entries = [one["Fault"] for one in exchange.answer["BatchItemResponse"] if "Fault" in one]
    ann = books.customer("Ann")
    ours = [
        document(books.get("customer/404"))["Fault"],
        document(books.change({**ann, "SyncToken": "9"}))["Fault"],
    ]
    assert shape(ours) == shape(entries)
    assert [one["Error"][0]["code"] for one in ours] == [one["Error"][0]["code"] for one in entries]


def test_what_is_not_there(books: Books) -> None:
    assert document(books.get("item/999"))["Fault"] == fixture("item/read_item_error.json")["Fault"]


def test_missing_parameter(books: Books) -> None:
    answer = books.person("Item", Type="Service")
    assert document(answer)["Fault"] == fixture("item/create_item_error.json")["Fault"]


def test_preferences_keep_the_recorded_places(books: Books) -> None:
    ours, theirs = document(books.get("preferences")), fixture("preferences/read_preferences.json")
    assert set(ours["Preferences"]) == set(theirs["Preferences"])
    assert_places(ours["Preferences"], theirs["Preferences"], {"AutoApplyCredit"})


def assert_places(ours: Json, theirs: Json, later: set[str]) -> None:
    for name, value in ours.items():
        assert name in theirs or name in later, name
        if isinstance(value, dict):
            assert_places(value, theirs[name], later)
        elif name not in later:
            assert type(value) is type(theirs[name]), name


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
def amy(books: Books) -> Json:
    street = {
        "Line1": "4581 Finch St.",
        "City": "Bayshore",
        "CountrySubDivisionCode": "CA",
        "PostalCode": "94326",
    }
    return books.customer("Amy's Bird Sanctuary", BillAddr=street)


def placed(sales: Sales, world: World, customer: Json, recorded: Json) -> None:
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


def test_void_invoice(sales: Sales, amy: Json, world: World) -> None:
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


def test_delete_invoice(sales: Sales, amy: Json, world: World) -> None:
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


def test_every_property_the_server_named_is_known(sales: Sales, amy: Json) -> None:
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


def test_missing_detail_type(sales: Sales, amy: Json) -> None:
    answer = sales.refused(amy, {"Amount": 1, "SalesItemLineDetail": {}})
    assert document(answer)["Fault"] == fixture("sales_receipt/create_sales_receipt_error.json")["Fault"]


def test_a_voided_line_as_on_a_voided_receipt(sales: Sales, amy: Json) -> None:
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
