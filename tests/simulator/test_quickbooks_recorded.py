"""Real traffic of QuickBooks Online, replayed: the simulator's answers have the same keys, types, codes and order."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import yaml

from simulator.quickbooks.writing import enter, move_balance
from tests.simulator.conftest import Books, document, problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from werkzeug.test import TestResponse

    from simulator.world import World

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
    def __init__(self, raw: dict[str, Any]) -> None:
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


def fixture(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / name).read_text())
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


def adopt(world: World, books: Books, entity: str, rows: Iterable[dict[str, Any]]) -> None:
    """Records as recorded, under their recorded numbers."""
    company = world.quickbooks.companies[books.realm]
    company.number_from(entity, 10_000 + len(company.records[entity]))
    for row in sorted(rows, key=lambda one: int(one.get("Level", 0))):
        record = enter(company, entity, {name: value for name, value in row.items() if name not in DERIVED})
        company.records[entity][row["Id"]] = company.records[entity].pop(record.id)
        record.id, record.sync_token = row["Id"], int(row["SyncToken"])
        if row.get("Balance"):
            move_balance(company, record, int(row["Balance"] * 100))


def rows_of(exchanges: list[Exchange], entity: str) -> list[dict[str, Any]]:
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


def missing_ids(pages: list[Exchange]) -> list[dict[str, Any]]:
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


def assert_places(ours: dict[str, Any], theirs: dict[str, Any], later: set[str]) -> None:
    for name, value in ours.items():
        assert name in theirs or name in later, name
        if isinstance(value, dict):
            assert_places(value, theirs[name], later)
        elif name not in later:
            assert type(value) is type(theirs[name]), name
