"""Updating, voiding and deleting invoices, and the day up to which nothing changes any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simulator.world import World
from tests.simulator.clients import Books, Json, Sales, document, line, num, pays, problem


@pytest.fixture
def ann(books: Books) -> Json:
    return books.customer("Ann Lee", BillAddr={"Line1": "1 Road", "City": "Fresno", "PostalCode": "93721"})


def test_sparse_without_lines_leaves_them(sales: Sales, ann: Json, world: World) -> None:
    first = sales.invoice(ann, line(60), line(40), CustomerMemo={"value": "Thanks"}, TxnDate="2024-01-15")
    world.clock.shift(timedelta(seconds=5))
    found = sales.changed("Invoice", first, PrivateNote="Note")
    assert (found["SyncToken"], found["Line"], found["sparse"]) == ("1", first["Line"], False)
    assert (found["CustomerMemo"], found["TxnDate"]) == ({"value": "Thanks"}, "2024-01-15")
    assert found["MetaData"]["LastUpdatedTime"] > first["MetaData"]["LastUpdatedTime"]


def test_lines_that_are_sent_are_all_there_are(sales: Sales, ann: Json) -> None:
    first = sales.invoice(ann, line(60), line(40))
    kept = {**first["Line"][1], "Amount": 45}
    strangers = [{**line(1), "Id": "77"}, {**line(2), "Id": "-1"}, {**line(3), "Id": "2"}]
    found = sales.changed("Invoice", first, Line=[line(5), kept, *strangers, first["Line"][2]])
    sold = [one for one in found["Line"] if "Id" in one]
    assert [(one["Id"], one["LineNum"], one["Amount"]) for one in sold] == [
        *(("3", 1, 5), ("2", 2, 45), ("4", 3, 1), ("5", 4, 2), ("6", 5, 3)),
    ]
    assert found["TotalAmt"] == 56
    again = sales.changed("Invoice", found, Line=[line(9)])
    assert (again["Line"][0]["Id"], again["TotalAmt"]) == ("7", 9)
    assert problem(sales.change("Invoice", again, Line=[]))["code"] == "2250"


def test_lines_that_are_not_sent_may_stay(sales: Sales, ann: Json, world: World) -> None:
    world.switches["sparse_lines"] = "merge"
    first = sales.invoice(ann, line(60), line(40))
    found = sales.changed("Invoice", first, Line=[{**first["Line"][1], "Amount": 45}, line(5)])
    sold = [(one["Id"], one["Amount"]) for one in found["Line"] if "Id" in one]
    assert (sold, found["TotalAmt"]) == ([("1", 60), ("2", 45), ("3", 5)], 110)


def test_tiny_quantities_are_numbers(sales: Sales, ann: Json) -> None:
    found = sales.invoice(ann, line(0, Qty="0.0000001"))
    assert found["Line"][0]["SalesItemLineDetail"]["Qty"] == num("0.0000001")


def test_a_full_update_clears_what_it_leaves_out(sales: Sales, ann: Json, world: World) -> None:
    first = sales.invoice(ann, TxnDate="2024-01-15", PrivateNote="n", SalesTermRef={"value": "1"})
    body = {"Id": first["Id"], "SyncToken": "0", **sales.body(ann, line(5))}
    found = sales.write("invoice", body)
    assert not {"PrivateNote", "SalesTermRef", "DocNumber"} & set(found)
    assert found["TxnDate"] == sales.invoice(ann)["TxnDate"] != "2024-01-15"
    assert (found["TotalAmt"], found["Line"][0]["Id"]) == (5, "2")
    assert problem(sales.books.post("invoice", {"Id": first["Id"], "SyncToken": "1"}))["code"] == "2020"


@pytest.mark.parametrize(("switched", "token"), [(False, "0"), (True, "1")])
def test_an_update_without_news(sales: Sales, ann: Json, world: World, switched: bool, token: str) -> None:
    world.switches["sale_noop_bumps"] = switched
    first = sales.invoice(ann)
    assert sales.write("invoice", sales.read("Invoice", first))["SyncToken"] == token


def test_versions_and_numbers_of_updates(sales: Sales, ann: Json) -> None:
    first = sales.invoice(ann)
    assert problem(sales.change("Invoice", {**first, "SyncToken": "4"}))["code"] == "5010"
    assert problem(sales.change("Invoice", {"Id": "99", "SyncToken": "0"}))["code"] == "610"
    assert problem(sales.change("Invoice", {"Id": "1.5", "SyncToken": "0"}))["code"] == "2030"
    assert problem(sales.books.post("invoice", {"Id": first["Id"], "sparse": True}))["code"] == "2020"


def test_after_an_update_addresses_are_text(sales: Sales, ann: Json, world: World) -> None:
    found = sales.changed("Invoice", sales.invoice(ann), PrivateNote="x")
    assert {name: found["BillAddr"][name] for name in ("Line1", "Line2", "Line3")} == {
        "Line1": "Ann Lee",
        "Line2": "1 Road",
        "Line3": "Fresno  93721",
    }
    assert "City" not in found["BillAddr"]
    world.switches["invoice_address_becomes_text"] = False
    assert sales.read("Invoice", found)["BillAddr"]["City"] == "Fresno"


def test_void_keeps_the_form_and_takes_the_money(sales: Sales, ann: Json) -> None:
    first = sales.invoice(ann, line(100, Qty=4, UnitPrice=25), TxnDate="2024-01-15", DocNumber="9")
    answer = sales.void(first)
    found = document(answer)["Invoice"]
    assert (found["SyncToken"], found["PrivateNote"], found["DocNumber"]) == ("1", "Voided", "9")
    assert (found["TotalAmt"], found["Balance"]) == (0, 0)
    assert [one["Amount"] for one in found["Line"]] == [0, 0]
    detail = found["Line"][0]["SalesItemLineDetail"]
    assert (detail["Qty"], detail["UnitPrice"]) == (0, 25)
    assert sales.books.read(ann)["Balance"] == 0
    assert document(sales.void(found))["Invoice"]["SyncToken"] == "1"


@pytest.mark.parametrize(("way", "note"), [("replaced", "Voided"), ("kept_behind", "Voided - By phone")])
def test_a_note_of_before_the_void(sales: Sales, ann: Json, world: World, way: str, note: str) -> None:
    world.switches["void_note"] = way
    assert document(sales.void(sales.invoice(ann, PrivateNote="By phone")))["Invoice"]["PrivateNote"] == note


@pytest.mark.parametrize(
    "path",
    [
        "invoice?operation=update&include=void",
        "invoice?include=void",
        "invoice?operation=void&include=void",
        "invoice?operation=cancel",
    ],
)
def test_the_other_address_voids_nothing(sales: Sales, ann: Json, path: str) -> None:
    first = sales.invoice(ann)
    answer = sales.void(first, path)
    assert (answer.status_code, problem(answer)["code"]) == (400, "500")
    assert sales.read("Invoice", first)["Balance"] == 100


def test_delete_leaves_nothing(sales: Sales, ann: Json) -> None:
    first = sales.invoice(ann)
    answer = sales.delete("Invoice", first)
    assert document(answer)["Invoice"] == {"domain": "QBO", "status": "Deleted", "Id": first["Id"]}
    assert problem(sales.books.get(f"invoice/{first['Id']}"))["code"] == "610"
    assert problem(sales.delete("Invoice", first))["code"] == "610"
    assert sales.rows("SELECT * FROM Invoice") == []
    assert sales.books.read(ann)["Balance"] == 0


def test_stale_voids_and_deletions(sales: Sales, ann: Json) -> None:
    first = {**sales.invoice(ann), "SyncToken": "7"}
    assert problem(sales.void(first))["code"] == problem(sales.delete("Invoice", first))["code"] == "5010"
    assert problem(sales.books.post("invoice?operation=void", {"Id": first["Id"]}))["code"] == "2020"
    assert problem(sales.books.post("invoice?operation=void", {"SyncToken": "0"}))["code"] == "2020"


@pytest.mark.parametrize("code", ["6000", "6540"])
def test_a_paid_invoice_stays(sales: Sales, ann: Json, world: World, code: str) -> None:
    world.switches["linked_refusal_code"] = code
    first = sales.invoice(ann)
    payment = sales.payment(ann, 30, pays(30, first))
    paid = sales.read("Invoice", first)
    assert problem(sales.void(paid))["code"] == problem(sales.delete("Invoice", paid))["code"] == code
    assert problem(sales.change("Invoice", paid, Line=[line(29)]))["code"] == "6000"
    bob = sales.books.customer("Bob")
    assert problem(sales.change("Invoice", paid, CustomerRef={"value": bob["Id"]}))["code"] == "620"
    assert sales.changed("Invoice", paid, Line=[line("30.01")])["Balance"] == num("0.01")
    assert sales.delete("Payment", payment).status_code == 200
    assert sales.void(sales.read("Invoice", first)).status_code == 200


@pytest.mark.parametrize("code", ["6200", "6210"])
def test_closed_books_neither_take_nor_give(sales: Sales, ann: Json, world: World, code: str) -> None:
    world.switches["closed_books_code"] = code
    old = sales.invoice(ann, TxnDate="2024-01-31")
    new = sales.invoice(ann, TxnDate="2024-02-01")
    sales.settings(book_close_date="2024-01-31")
    refusals = [
        sales.refused(ann, TxnDate="2024-01-31"),
        sales.change("Invoice", old, PrivateNote="x"),
        sales.change("Invoice", old, TxnDate="2024-02-02"),
        sales.change("Invoice", new, TxnDate="2024-01-01"),
        sales.void(old),
        sales.delete("Invoice", old),
        sales.pay(ann, 5, TxnDate="2023-12-31"),
    ]
    assert [problem(one)["code"] for one in refusals] == [code] * len(refusals)
    assert sales.changed("Invoice", new, PrivateNote="x")["SyncToken"] == "1"
    assert sales.payment(ann, 100, pays(100, old), TxnDate="2024-02-01")["UnappliedAmt"] == 0
    prefs = document(sales.books.get("preferences"))["Preferences"]
    assert (prefs["AccountingInfoPrefs"]["BookCloseDate"], prefs["SyncToken"]) == ("2024-01-31", "1")
