"""Addresses that no write would take: QuickBooks has some all the same, and whatever lists their record fails."""

from __future__ import annotations

import pytest

from simulator.world import World
from tests.simulator.clients import Books, Json, Sales, document, line, problem

BAD = "harbor@coffee@example"


def spoilt(sales: Sales, entity: str, record: Json, address: str = BAD, **more: str) -> Json:
    path = f"records/{entity}/{record['Id']}/email"
    found: Json = sales.person("POST", path, {"address": address, **more})
    return found


def cdc(books: Books, entities: str) -> Json:
    since = "2026-01-01"
    found: Json = document(books.get(f"cdc?entities={entities}&changedSince={since}"))
    return found


@pytest.fixture(autouse=True)
def _any_age(world: World) -> None:
    world.switches["cdc_before_30_days"] = "answer"


def test_one_invoice_spoils_what_lists_it_and_nothing_else(sales: Sales, ann: Json, world: World) -> None:
    mine, strange = sales.invoice(ann, DocNumber="1"), sales.invoice(ann, DocNumber="2")
    shown = spoilt(sales, "Invoice", strange)
    assert (shown["BillEmail"], shown["SyncToken"]) == ({"Address": BAD}, "1")
    for statement in (
        "SELECT * FROM Invoice",
        "SELECT Id FROM Invoice WHERE DocNumber IN ('1', '2')",
        "SELECT * FROM Invoice WHERE DocNumber = '2'",
    ):
        answer = sales.books.query(statement)
        assert answer.status_code == 400
        assert document(answer)["Fault"]["type"] == "ValidationFault"
        assert problem(answer) == {
            "Message": "Error processing query",
            "Detail": "QueryProcessingError: To email address entered is invalid",
            "code": "4002",
        }
    assert [one["Id"] for one in sales.rows("SELECT * FROM Invoice WHERE DocNumber = '1'")] == [mine["Id"]]
    assert sales.rows("SELECT * FROM Invoice ORDERBY Id MAXRESULTS 1")[0]["Id"] == mine["Id"]
    counted = document(sales.books.query("SELECT COUNT(*) FROM Invoice"))
    assert counted["QueryResponse"] == {"totalCount": 2}
    assert cdc(sales.books, "Customer,Invoice")["Fault"]["Error"][0]["code"] == "4002"
    assert cdc(sales.books, "Customer,Payment")["CDCResponse"]
    items = [
        {"bId": "a", "Query": "SELECT * FROM Invoice"},
        {"bId": "b", "Query": "SELECT * FROM Customer"},
    ]
    answers = document(sales.books.post("batch", {"BatchItemRequest": items}))["BatchItemResponse"]
    assert answers[0]["Fault"]["Error"][0]["code"] == "4002"
    assert answers[1]["QueryResponse"]["Customer"]


def test_such_a_record_is_read_and_put_right(sales: Sales, ann: Json, world: World) -> None:
    strange = sales.invoice(ann)
    spoilt(sales, "Invoice", strange)
    assert sales.read("Invoice", strange)["BillEmail"] == {"Address": BAD}
    world.switches["malformed_email_read"] = "refuse"
    assert problem(sales.books.get(f"invoice/{strange['Id']}"))["code"] == "4002"
    assert sales.read("Invoice", sales.invoice(ann))["Balance"] == 100
    payment = sales.payment(
        ann, 100, {"Amount": 100, "LinkedTxn": [{"TxnId": strange["Id"], "TxnType": "Invoice"}]}
    )
    assert payment["UnappliedAmt"] == 0
    sales.person("PATCH", f"invoices/{strange['Id']}", {"email": "harbor@coffee.example"})
    assert len(sales.rows("SELECT * FROM Invoice")) == 2
    assert cdc(sales.books, "Invoice")["CDCResponse"]
    assert sales.read("Invoice", strange)["BillEmail"] == {"Address": "harbor@coffee.example"}


def test_several_addresses_and_their_separators(sales: Sales, ann: Json) -> None:
    found = sales.invoice(ann, BillEmail={"Address": "a@harbor.example, b@harbor.example"})
    assert sales.rows("SELECT * FROM Invoice")[0]["BillEmail"] == found["BillEmail"]
    spoilt(sales, "Invoice", found, "a@harbor.example; b@harbor.example", field="BillEmailCc")
    assert problem(sales.books.query("SELECT * FROM Invoice"))["code"] == "4002"


@pytest.mark.parametrize("entity", ["Customer", "Vendor", "CreditMemo"])
def test_other_kinds_have_addresses_too(sales: Sales, ann: Json, entity: str) -> None:
    made = ann
    if entity == "Vendor":
        made = document(sales.books.person("Vendor", DisplayName="Roof Supply"))
    elif entity == "CreditMemo":
        made = sales.person("POST", "records/CreditMemo", sales.body(ann, line(30)))
    invoice = sales.invoice(ann)
    spoilt(sales, entity, made)
    assert problem(sales.books.query(f"SELECT * FROM {entity}"))["code"] == "4002"
    assert sales.read("Invoice", invoice)["Balance"] == 100
    assert len(sales.rows("SELECT * FROM Invoice")) == 1
    spoilt(sales, entity, made, "ann@harbor.example")
    assert len(sales.rows(f"SELECT * FROM {entity}")) == 1


def test_the_form_of_the_refusal_is_a_switch(sales: Sales, ann: Json, world: World) -> None:
    spoilt(sales, "Invoice", sales.invoice(ann))
    world.switches["malformed_email_status"] = 500
    answer = sales.books.query("SELECT * FROM Invoice")
    assert (answer.status_code, document(answer)["Fault"]["type"]) == (500, "Service")
    world.switches["malformed_email_code"] = "2210"
    answer = sales.books.query("SELECT * FROM Invoice")
    assert (answer.status_code, problem(answer)["code"]) == (400, "2210")


def test_a_careless_import_is_told(sales: Sales, ann: Json) -> None:
    assert sales.room("POST", "records/Item/1/email", {"address": BAD}).status_code == 400
    path = f"records/Customer/{ann['Id']}/email"
    assert sales.room("POST", path, {"address": BAD, "field": "BillEmail"}).status_code == 400
    assert sales.room("POST", path, {}).status_code == 400
