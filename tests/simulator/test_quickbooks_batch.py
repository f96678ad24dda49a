"""Several requests in one, each for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.conftest import Books, document, problem
from tests.simulator.sales import Sales, line, pays

if TYPE_CHECKING:
    from simulator.world import World


@pytest.fixture
def sales(books: Books) -> Sales:
    return Sales(books)


@pytest.fixture
def ann(books: Books) -> dict[str, Any]:
    return books.customer("Ann Lee")


def send(sales: Sales, *items: dict[str, Any], path: str = "batch") -> list[dict[str, Any]]:
    numbered = [{"bId": f"b{n}", **item} for n, item in enumerate(items, 1)]
    answer = sales.books.post(path, {"BatchItemRequest": numbered})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = document(answer)["BatchItemResponse"]
    assert [one["bId"] for one in found] == [one["bId"] for one in numbered]
    return found


def code(item: dict[str, Any]) -> str:
    assert item["Fault"]["type"] == "ValidationFault"
    return str(item["Fault"]["Error"][0]["code"])


def test_good_and_bad_items_stand_side_by_side(sales: Sales, ann: dict[str, Any]) -> None:
    invoice = sales.invoice(ann)
    version = {"Id": invoice["Id"], "SyncToken": "0"}
    made, gone, stale, found = send(
        sales,
        {"operation": "create", "Invoice": sales.body(ann, line(5))},
        {"operation": "delete", "Invoice": {"Id": "99", "SyncToken": "0"}},
        {"operation": "update", "Invoice": {**version, "SyncToken": "9", "sparse": True, "PrivateNote": "x"}},
        {"Query": "select * from Invoice where TotalAmt > '50'"},
    )
    assert made["Invoice"]["TotalAmt"] == 5
    assert (code(gone), code(stale)) == ("610", "5010")
    assert [row["Id"] for row in found["QueryResponse"]["Invoice"]] == [invoice["Id"]]


def test_voids_and_deletions_in_a_batch(sales: Sales, ann: dict[str, Any]) -> None:
    first, second = sales.invoice(ann), sales.invoice(ann)
    payment = sales.payment(ann, 5)
    items = [
        {"operation": "update", "optionsData": "void", entity: {"Id": one["Id"], "SyncToken": "0"}}
        for entity, one in (("Invoice", first), ("Payment", payment))
    ]
    deleted = {"operation": "delete", "Invoice": {"Id": second["Id"], "SyncToken": "0"}}
    a, b, c = send(sales, *items, deleted)
    assert (a["Invoice"]["PrivateNote"], b["Payment"]["PrivateNote"]) == ("Voided", "Voided")
    assert c["Invoice"]["status"] == "Deleted"


def test_an_item_sees_what_the_one_before_it_did(sales: Sales, ann: dict[str, Any]) -> None:
    invoice = sales.invoice(ann)
    body = {"CustomerRef": {"value": ann["Id"]}, "TotalAmt": 60, "Line": [pays(60, invoice)]}
    once = {"operation": "create", "Payment": body}
    a, b = send(sales, once, once)
    assert (a["Payment"]["UnappliedAmt"], code(b)) == (0, "6000")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"operation": "create", "Nonsense": {}}, "2010"),
        ({"operation": "create", "Invoice": {}, "Payment": {}}, "2010"),
        ({"operation": "create"}, "2010"),
        ({"operation": "create", "Estimate": {}}, "5030"),
        ({"operation": "create", "CreditMemo": {}}, "5030"),
        ({"operation": "create", "Customer": {"Id": "1"}}, "2010"),
        ({"operation": "update", "Customer": {"DisplayName": "x"}}, "2020"),
        ({"operation": "send", "Invoice": {}}, "500"),
        ({"Invoice": {}}, "500"),
        ({"operation": "delete", "Customer": {"Id": "1", "SyncToken": "0"}}, "500"),
        ({"operation": "create", "Customer": {"Colour": "red"}}, "2010"),
        ({"Query": "select * from Nowhere"}, "4001"),
    ],
)
def test_items_that_are_refused(
    sales: Sales, ann: dict[str, Any], item: dict[str, Any], expected: str
) -> None:
    (found,) = send(sales, item)
    assert code(found) == expected


@pytest.mark.parametrize("body", [{}, {"BatchItemRequest": []}, {"BatchItemRequest": ["x"]}])
def test_an_empty_batch_is_none(sales: Sales, body: dict[str, Any]) -> None:
    assert problem(sales.books.post("batch", body))["code"] == "2020"


def test_an_item_has_a_name(sales: Sales) -> None:
    answer = sales.books.post("batch", {"BatchItemRequest": [{"Query": "select * from Customer"}]})
    assert code(document(answer)["BatchItemResponse"][0]) == "2020"
    assert problem(sales.books.post("batch", {"Items": []}))["code"] == "2010"


def test_thirty_are_the_most(sales: Sales) -> None:
    query = {"Query": "select count(*) from Customer"}
    assert len(send(sales, *[query] * 30)) == 30
    items = [{"bId": str(n), **query} for n in range(31)]
    answer = sales.books.post("batch", {"BatchItemRequest": items})
    assert (answer.status_code, problem(answer)["code"]) == (400, "1040")


def test_a_repeated_batch_gets_the_first_answer(sales: Sales, ann: dict[str, Any]) -> None:
    item = {"operation": "create", "Invoice": sales.body(ann)}
    first = send(sales, item, path="batch?requestid=r1")
    assert send(sales, item, path="batch?requestid=r1") == first
    assert len(sales.rows("SELECT * FROM Invoice")) == 1


def test_with_a_requestid_names_are_short(sales: Sales, world: World) -> None:
    items = {"BatchItemRequest": [{"bId": "b" * 11, "Query": "select count(*) from Customer"}]}
    assert sales.books.post("batch", items).status_code == 200
    assert problem(sales.books.post("batch?requestid=r1", items))["code"] == "2050"
    assert problem(sales.books.post(f"batch?requestid={'r' * 37}", items))["code"] == "2050"
    world.switches["batch_id_limits"] = False
    assert sales.books.post("batch?requestid=r1", items).status_code == 200
