"""What a person does with sales inside QuickBooks, through the control room; and what the world shows of it."""

from __future__ import annotations

import pytest

from simulator.app import build_app
from tests.simulator.clients import Events, Json, Sales, document, line, pays, problem

BRIGHTFIELD = "9341450000000001"


def test_a_person_writes_and_edits_an_invoice(sales: Sales, ann: Json) -> None:
    made = sales.person("POST", "records/Invoice", sales.body(ann, line(80)))
    assert (made["DocNumber"], made["TotalAmt"], made["Id"]) == ("1001", 80, "1")
    kept = {**made["Line"][0], "Amount": 90}
    edited = sales.person("PATCH", f"records/Invoice/{made['Id']}", {"Line": [kept]})
    assert (edited["TotalAmt"], edited["Line"][0]["Id"], edited["SyncToken"]) == (90, "1", "1")
    assert sales.books.read(ann)["Balance"] == 90


def test_a_person_is_held_to_the_rules_of_the_books(sales: Sales, ann: Json) -> None:
    assert problem(sales.room("POST", "records/Invoice", sales.body(ann, line(1, "99"))))["code"] == "610"
    invoice = sales.invoice(ann, TxnDate="2024-01-01")
    sales.payment(ann, 5, pays(5, invoice))
    assert problem(sales.room("POST", f"invoices/{invoice['Id']}/void"))["code"] == "6000"
    assert problem(sales.room("DELETE", f"records/Invoice/{invoice['Id']}"))["code"] == "6000"
    sales.settings(book_close_date="2024-01-01")
    assert (
        problem(sales.room("PATCH", f"records/Invoice/{invoice['Id']}", {"PrivateNote": "x"}))["code"]
        == "6200"
    )
    assert problem(sales.room("POST", "invoices/99/void"))["code"] == "610"


def test_a_person_receives_money(sales: Sales, ann: Json, events: Events) -> None:
    invoice = sales.invoice(ann)
    events.clear()
    wanted = {
        "amount": 30,
        "method": "Check",
        "reference": "4711",
        "account": "Checking",
        "date": "2024-03-01",
        "note": "Thanks",
    }
    payment = sales.person("POST", f"invoices/{invoice['Id']}/payments", wanted)
    assert (payment["TotalAmt"], payment["UnappliedAmt"], payment["TxnDate"]) == (30, 0, "2024-03-01")
    assert (payment["PaymentMethodRef"]["name"], payment["DepositToAccountRef"]["name"]) == (
        "Check",
        "Checking",
    )
    assert (payment["PaymentRefNum"], payment["PrivateNote"]) == ("4711", "Thanks")
    assert events == [
        ("Payment", payment["Id"], "Create"),
        ("Invoice", invoice["Id"], "Update"),
        ("Customer", ann["Id"], "Update"),
    ]
    rest = sales.person("POST", f"invoices/{invoice['Id']}/payments")
    assert (rest["TotalAmt"], sales.read("Invoice", invoice)["Balance"]) == (70, 0)
    more = sales.room("POST", f"invoices/{invoice['Id']}/payments", {"method": "Barter"})
    assert (more.status_code, document(more)["error"]) == (400, "no PaymentMethod 'Barter'")
    assert sales.room("POST", f"invoices/{invoice['Id']}/payments", {"sum": 5}).status_code == 400


def test_more_money_than_is_open_stays_with_the_customer(sales: Sales, ann: Json) -> None:
    invoice = sales.invoice(ann)
    payment = sales.person("POST", f"invoices/{invoice['Id']}/payments", {"amount": "120.50"})
    assert str(payment["UnappliedAmt"]) == "20.50"
    assert str(sales.books.read(ann)["Balance"]) == "-20.50"


def test_a_parent_pays_by_hand(sales: Sales, ann: Json) -> None:
    job = sales.books.job("Roof", ann, BillWithParent=True)
    invoice = sales.invoice(job)
    payment = sales.person("POST", f"invoices/{invoice['Id']}/payments", {"customer": ann["Id"]})
    assert payment["CustomerRef"]["value"] == ann["Id"]
    assert sales.read("Invoice", invoice)["Balance"] == 0


def test_a_person_edits_voids_and_deletes_payments(sales: Sales, ann: Json) -> None:
    invoice = sales.invoice(ann)
    payment = sales.payment(ann, 50, pays(50, invoice))
    path = f"records/Payment/{payment['Id']}"
    less = sales.person("PATCH", path, {"TotalAmt": 20, "Line": [pays(20, invoice)]})
    assert (less["SyncToken"], sales.read("Invoice", invoice)["Balance"]) == ("1", 80)
    assert sales.person("POST", f"payments/{payment['Id']}/void")["PrivateNote"] == "Voided"
    assert sales.person("DELETE", path) == {}
    assert sales.rows("SELECT * FROM Payment") == []


def test_sending_changes_the_time_and_not_the_version(sales: Sales, ann: Json, events: Events) -> None:
    invoice = sales.invoice(ann)
    events.clear()
    found = sales.person("POST", f"invoices/{invoice['Id']}/send", {"email": "ann@example.com"})
    assert (found["EmailStatus"], found["SyncToken"]) == ("EmailSent", "0")
    assert found["DeliveryInfo"]["DeliveryType"] == "Email"
    assert found["BillEmail"] == {"Address": "ann@example.com"}
    assert events == [("Invoice", invoice["Id"], "Emailed")]


def test_what_happens_is_told(sales: Sales, ann: Json, events: Events) -> None:
    invoice = sales.invoice(ann)
    sales.void(invoice)
    sales.delete("Invoice", sales.read("Invoice", invoice))
    sales.write("account", {"Name": "Till", "AccountType": "Bank"})
    sales.settings(custom_txn_numbers=True)
    assert events == [
        ("Invoice", "1", "Create"),
        ("Customer", ann["Id"], "Update"),
        ("Invoice", "1", "Void"),
        ("Customer", ann["Id"], "Update"),
        ("Invoice", "1", "Delete"),
        ("Account", events[5][1], "Create"),
        ("Preferences", "1", "Update"),
    ]


def test_the_state_shows_everything(sales: Sales, ann: Json) -> None:
    invoice = sales.invoice(ann)
    payment = sales.payment(ann, 5, pays(5, invoice))
    sales.person("POST", "records/CreditMemo", sales.body(ann, line(5)))
    sales.person("POST", "deposits", {"payments": [payment["Id"]], "account": "Checking"})
    state = document(sales.books.client.get("/_control/state"))["quickbooks"][sales.books.realm]
    for entity in ("Invoice", "Payment", "CreditMemo", "Deposit", "Item", "Account", "PaymentMethod", "Term"):
        assert state[entity], entity
        assert state[entity][0]["SyncToken"]
    assert state["Invoice"][0]["Balance"] == 95
    assert document(sales.room("GET", "records/Payment"))[0]["LinkedTxn"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("deposits", {}),
        ("deposits", {"payments": ["99"]}),
        ("deposits", {"payments": []}),
        ("creditmemos/1/apply", {"invoice": "1"}),
        ("records/Estimate/1/touch", {}),
    ],
)
def test_a_careless_hand_is_told(sales: Sales, path: str, body: Json) -> None:
    assert sales.room("POST", path, body).status_code in {400, 404}


def test_a_bank_deposit_takes_only_what_waits(sales: Sales, ann: Json) -> None:
    banked = sales.payment(ann, 5, DepositToAccountRef={"value": sales.account("Checking")})
    assert problem(sales.room("POST", "deposits", {"payments": [banked["Id"]]}))["code"] == "6000"
    waiting = sales.payment(ann, 7)
    deposit = sales.person("POST", "deposits", {"payments": [waiting["Id"]], "date": "2024-05-05"})
    assert (deposit["TotalAmt"], deposit["TxnDate"]) == (7, "2024-05-05")
    changed = sales.room("PATCH", f"records/Deposit/{deposit['Id']}", {"PrivateNote": "x"})
    assert problem(changed)["code"] == "6000"


def test_the_demo_sells_by_sku_and_lacks_some_methods() -> None:
    state = document(build_app("demo").test_client().get("/_control/state"))["quickbooks"][BRIGHTFIELD]
    skus = {one.get("Sku"): one["Name"] for one in state["Item"] if one["Active"]}
    assert skus["PV-400"] == "Solar Panel 400 W"
    assert {"Services", "Permit and Inspection"} <= {one["Name"] for one in state["Item"]}
    assert [one["Name"] for one in state["Item"] if not one["Active"]] == ["Solar Panel 360 W (deleted)"]
    assert [one["Name"] for one in state["PaymentMethod"]] == ["Cash", "Check", "Visa"]
    assert {"Checking", "Undeposited Funds", "Services"} <= {one["Name"] for one in state["Account"]}
    assert {"Net 30", "Due on receipt"} <= {one["Name"] for one in state["Term"]}
