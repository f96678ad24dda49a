"""Invoices and payments as a person types them into QuickBooks's own pages, and what every such change leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.simulator.clients import Books, Events, Json, Sales, document, line, num, problem


def typed(sales: Sales, customer: Json, *lines: Json, **more: Any) -> Json:
    found: Json = sales.person("POST", "invoices", {"customer": customer["Id"], "lines": list(lines), **more})
    return found


def retyped(sales: Sales, invoice: Json, **changes: Any) -> Json:
    found: Json = sales.person("PATCH", f"invoices/{invoice['Id']}", changes)
    return found


def captured(sales: Sales, *entities: str) -> dict[str, set[str]]:
    day = (datetime.now(UTC) - timedelta(days=2)).date()
    found = document(sales.books.get(f"cdc?entities={','.join(entities)}&changedSince={day}"))
    answers = found["CDCResponse"][0]["QueryResponse"]
    return {
        name: {row["Id"] for row in answer.get(name, [])}
        for name, answer in zip(entities, answers, strict=True)
    }


def test_every_kind_of_line(sales: Sales, ann: Json) -> None:
    parts = [{"ItemRef": {"value": "1"}, "Qty": 2}, {"ItemRef": {"value": "2"}, "Qty": 1}]
    sales.person(
        "POST", "records/Item", {"Name": "Kit", "Type": "Group", "ItemGroupDetail": {"ItemGroupLine": parts}}
    )
    sales.person("PATCH", "records/Item/1", {"UnitPrice": "12.50"})
    found = typed(
        sales,
        ann,
        {"item": "Hours", "description": "On the roof", "quantity": "1.75", "price": "80", "taxed": True},
        {"amount": "33.33"},
        {"subtotal": True},
        {"text": "Thank you"},
        {"bundle": "Kit", "quantity": 2},
        shipping="9.99",
        discount={"percent": 10},
    )
    kinds = [one["DetailType"] for one in found["Line"]]
    assert kinds == [
        *["SalesItemLineDetail"] * 2,
        *["DescriptionOnly"] * 2,
        "GroupLineDetail",
        "SalesItemLineDetail",
        "SubTotalLineDetail",
        "DiscountLineDetail",
    ]
    hours, plain, subtotal, text, bundle, shipping, total, discount = found["Line"]
    assert (hours["Amount"], hours["SalesItemLineDetail"]["Qty"]) == (140, num("1.75"))
    assert "Qty" not in plain["SalesItemLineDetail"]
    assert (subtotal["Amount"], "Amount" in text, bundle["Amount"]) == (num("173.33"), False, 50)
    assert shipping["SalesItemLineDetail"]["ItemRef"]["value"] == "SHIPPING_ITEM_ID"
    assert (total["Amount"], discount["Amount"]) == (num("233.32"), num("23.33"))
    assert found["TotalAmt"] == num("209.99")


def test_an_inline_subtotal_may_be_mere_words(sales: Sales, ann: Json) -> None:
    sales.books.client.post("/_control/switches", json={"inline_subtotal_amount": False})
    assert "Amount" not in typed(sales, ann, {"amount": 5}, {"subtotal": True})["Line"][1]


def test_the_head_of_an_invoice(sales: Sales, ann: Json) -> None:
    sales.settings(allow_deposit=True)
    head = {"date": "2024-01-05", "due": "2024-02-01", "number": "A-7", "memo": "Thanks", "note": "Inside"}
    found = typed(
        sales, ann, {"amount": 100}, **head, email="a@b.co", terms="Net 15", tax="8.25", deposit="20"
    )
    assert [found[name] for name in ("TxnDate", "DueDate", "DocNumber", "PrivateNote")] == [
        "2024-01-05",
        "2024-02-01",
        "A-7",
        "Inside",
    ]
    assert (found["CustomerMemo"], found["BillEmail"]) == ({"value": "Thanks"}, {"Address": "a@b.co"})
    assert (found["TxnTaxDetail"]["TotalTax"], found["TotalAmt"]) == (num("8.25"), num("108.25"))
    assert (found["Deposit"], found["Balance"], found["SalesTermRef"]["name"]) == (20, num("88.25"), "Net 15")


def test_one_thing_is_changed_and_the_rest_stays(sales: Sales, ann: Json) -> None:
    made = typed(sales, ann, {"amount": 100}, {"amount": 50}, memo="Thanks", discount={"amount": 10})
    later = retyped(sales, made, due="2030-01-01", memo="")
    assert (later["DueDate"], "CustomerMemo" in later, later["TotalAmt"]) == ("2030-01-01", False, 140)
    assert [one.get("Id") for one in later["Line"]] == [one.get("Id") for one in made["Line"]]
    without = retyped(sales, made, discount=None)
    assert without["TotalAmt"] == 150
    kept = {"id": made["Line"][1]["Id"], "amount": 70}
    shorter = retyped(sales, made, lines=[kept, {"item": "Hours", "quantity": "0.5", "price": 9}])
    assert [one.get("Id") for one in shorter["Line"]] == ["2", "3", None]
    assert (shorter["TotalAmt"], shorter["SyncToken"]) == (num("74.5"), "3")


def test_a_person_is_not_bound_by_what_a_sparse_update_can(sales: Sales, ann: Json) -> None:
    sales.books.client.post(
        "/_control/switches",
        json={"sparse_lines": "merge", "clear_by_sparse": "none", "enforce_limits": True},
    )
    made = typed(sales, ann, {"amount": 100}, {"amount": 50}, note="Inside")
    for _ in range(15):
        later = retyped(sales, made, lines=[{"id": made["Line"][0]["Id"], "amount": 100}], note="")
    assert (later["TotalAmt"], "PrivateNote" in later) == (100, False)


def test_one_payment_for_several_invoices_and_a_credit(sales: Sales, ann: Json, events: Events) -> None:
    job = sales.books.job("Roof", ann, BillWithParent=True)
    first, second = sales.invoice(job), sales.invoice(ann, line(50))
    credit = sales.person("POST", "records/CreditMemo", sales.body(ann, line(30)))
    events.clear()
    wanted = {
        "customer": ann["Id"],
        "amount": 140,
        "invoices": [first["Id"], {"id": second["Id"], "amount": 45}],
        "credits": [credit["Id"]],
        "method": "Check",
        "reference": "4711",
        "date": "2024-03-03",
        "note": "Two at once",
    }
    payment = sales.person("POST", "payments", wanted)
    assert (payment["TotalAmt"], payment["UnappliedAmt"], payment["PaymentRefNum"]) == (140, 25, "4711")
    kinds = [one["LinkedTxn"][0]["TxnType"] for one in payment["Line"]]
    assert kinds == ["Invoice", "Invoice", "CreditMemo"]
    assert [sales.read("Invoice", one)["Balance"] for one in (first, second)] == [0, 5]
    assert {("Payment", payment["Id"], "Create"), ("Invoice", first["Id"], "Update")} <= set(events)
    assert ("CreditMemo", credit["Id"], "Update") in events
    rest = sales.person("PATCH", f"payments/{payment['Id']}", {"invoices": [second["Id"]], "amount": 50})
    assert (rest["UnappliedAmt"], rest["SyncToken"], rest["PaymentMethodRef"]["name"]) == (0, "1", "Check")
    assert [sales.read("Invoice", one)["Balance"] for one in (first, second)] == [100, 0]


def test_a_payment_is_as_large_as_its_invoices_need(sales: Sales, ann: Json) -> None:
    invoices = [sales.invoice(ann)["Id"], sales.invoice(ann, line("0.55"))["Id"]]
    assert sales.person("POST", "payments", {"customer": ann["Id"], "invoices": invoices})["TotalAmt"] == num(
        "100.55"
    )
    loose = sales.person("POST", "payments", {"customer": ann["Id"], "amount": 7})
    assert (loose["Line"], loose["UnappliedAmt"]) == ([], 7)


def test_a_method_nobody_had_before(sales: Sales, ann: Json) -> None:
    sales.person("POST", "records/PaymentMethod", {"Name": "Barter", "Type": "NON_CREDIT_CARD"})
    payment = sales.person("POST", "payments", {"customer": ann["Id"], "amount": 7, "method": "Barter"})
    assert payment["PaymentMethodRef"]["name"] == "Barter"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("invoices", {"lines": [{"amount": 1, "colour": "red"}]}),
        ("invoices", {"lines": [{"item": "Nothing like it"}]}),
        ("invoices", {"lines": [{"amount": 1}], "sum": 3}),
        ("invoices", {"lines": [{"amount": 1}], "discount": {"rate": 3}}),
        ("invoices", {"lines": []}),
        ("payments", {"invoices": ["99"]}),
        ("payments", {"amount": 5, "invoice": "1"}),
    ],
)
def test_a_careless_hand_is_told(sales: Sales, ann: Json, path: str, body: Json) -> None:
    assert sales.room("POST", path, {"customer": ann["Id"], **body}).status_code == 400


def test_a_person_voids_a_credit_memo(sales: Sales, ann: Json, events: Events) -> None:
    memo = sales.person("POST", "records/CreditMemo", sales.body(ann, line(30)))
    events.clear()
    found = sales.person("POST", f"creditmemos/{memo['Id']}/void")
    assert (found["TotalAmt"], found["PrivateNote"]) == (0, "Voided")
    assert events[0] == ("CreditMemo", memo["Id"], "Void")
    assert sales.books.read(ann)["Balance"] == 0


def test_a_person_deactivates_a_customer_who_owes(sales: Sales, ann: Json, events: Events) -> None:
    invoice = sales.invoice(ann)
    events.clear()
    path = f"records/Customer/{ann['Id']}"
    gone = sales.person("PATCH", path, {"Active": False})
    assert (gone["Active"], gone["Balance"], gone["DisplayName"]) == (False, 0, "Ann Lee (deleted)")
    memo = sales.rows("SELECT * FROM CreditMemo")[0]
    assert (memo["TotalAmt"], memo["RemainingCredit"]) == (100, 100)
    assert sales.read("Invoice", invoice)["Balance"] == 100
    assert events[0] == ("CreditMemo", memo["Id"], "Create")
    back = sales.person("PATCH", path, {"Active": True, "DisplayName": "Ann Lee"})
    assert (back["Active"], back["DisplayName"]) == (True, "Ann Lee")


def test_what_jobs_owe_still_refuses(sales: Sales, ann: Json) -> None:
    sales.invoice(sales.books.job("Roof", ann))
    path = f"records/Customer/{ann['Id']}"
    assert problem(sales.room("PATCH", path, {"Active": False}))["code"] == "6220"
    sales.books.client.post("/_control/switches", json={"person_deactivates_debtor": "refuse"})
    ben = sales.books.customer("Ben")
    sales.invoice(ben)
    assert problem(sales.room("PATCH", f"records/Customer/{ben['Id']}", {"Active": False}))["code"] == "6220"


def test_every_change_by_hand_is_captured(sales: Sales, ann: Json) -> None:
    invoice = typed(sales, ann, {"amount": 100})
    payment = sales.person("POST", "payments", {"customer": ann["Id"], "invoices": [invoice["Id"]]})
    sales.person("POST", f"payments/{payment['Id']}/void")
    sales.person("DELETE", f"records/Invoice/{invoice['Id']}")
    sales.person("PATCH", "records/Item/2", {"Active": False})
    found = captured(sales, "Invoice", "Payment", "Customer", "Item")
    assert (found["Invoice"], found["Payment"], found["Customer"]) == (
        {invoice["Id"]},
        {payment["Id"]},
        {ann["Id"]},
    )
    assert "2" in found["Item"]


def test_tax_inside_the_prices_exists_outside_the_united_states(books: Books) -> None:
    client = books.client
    settings = {
        "company_name": "Leeds Roofs",
        "country": "GB",
        "home_currency": "GBP",
        "using_sales_tax": True,
    }
    realm = document(client.post("/_control/quickbooks/companies", json=settings))["realm_id"]
    room = f"/_control/quickbooks/{realm}"
    customer = document(client.post(f"{room}/records/Customer", json={"DisplayName": "Ann"}))
    wanted = {
        "customer": customer["Id"],
        "lines": [{"amount": 100}],
        "tax": 20,
        "tax_calculation": "TaxInclusive",
    }
    found = document(client.post(f"{room}/invoices", json=wanted))
    assert (found["GlobalTaxCalculation"], found["TotalAmt"]) == ("TaxInclusive", 120)
    excluded = document(client.post(f"{room}/invoices", json={**wanted, "tax_calculation": "TaxExcluded"}))
    assert excluded["GlobalTaxCalculation"] == "TaxExcluded"


def test_an_invoice_at_home_has_no_such_choice(sales: Sales, ann: Json) -> None:
    assert "GlobalTaxCalculation" not in sales.invoice(ann, GlobalTaxCalculation="TaxInclusive")


def test_records_are_edited_whole_too(sales: Sales, ann: Json) -> None:
    switches = {"clear_by_sparse": "none", "sparse_nested": "merge", "full_update_without_number": "clear"}
    sales.books.client.post("/_control/switches", json=switches)
    path = f"records/Customer/{ann['Id']}"
    sales.person("PATCH", path, {"Notes": "Old", "BillAddr": {"Line1": "1 Road", "City": "Fresno"}})
    found = sales.person("PATCH", path, {"Notes": "", "BillAddr": {"Line1": "2 Road"}})
    assert ("Notes" in found, set(found["BillAddr"]), found["DisplayName"]) == (
        False,
        {"Id", "Line1"},
        "Ann Lee",
    )
    invoice = sales.invoice(ann)
    edited = sales.person("PATCH", f"records/Invoice/{invoice['Id']}", {"PrivateNote": "x"})
    assert (edited["DocNumber"], len(edited["Line"])) == (invoice["DocNumber"], len(invoice["Line"]))
    assert sales.person("PATCH", f"records/Invoice/{invoice['Id']}", {"PrivateNote": ""})["SyncToken"] == "2"
