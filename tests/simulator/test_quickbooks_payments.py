"""Payments: what they demand, what they do to invoices and credits, and how they go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simulator.world import World
from tests.simulator.clients import Json, Sales, document, line, num, pays, problem


def test_an_unapplied_payment_as_recorded(sales: Sales, ann: Json) -> None:
    found = sales.write("payment", {"CustomerRef": {"value": ann["Id"]}, "TotalAmt": 100})
    assert (found["UnappliedAmt"], found["Line"], found["ProcessPayment"]) == (100, [], False)
    assert found["DepositToAccountRef"] == {"value": sales.account("Undeposited Funds")}
    assert (found["SyncToken"], found["LinkedTxn"]) == ("0", [])
    assert found["CurrencyRef"]["value"] == "USD"
    assert sales.read("Payment", found)["DepositToAccountRef"]["name"] == "Undeposited Funds"
    assert sales.books.read(ann)["Balance"] == -100


def test_a_payment_moves_its_invoice(sales: Sales, ann: Json, world: World) -> None:
    invoice = sales.invoice(ann, line(387), DocNumber="1012")
    world.clock.shift(timedelta(minutes=1))
    payment = sales.payment(
        ann, 400, pays("86.50", invoice), PaymentRefNum="4711", PaymentMethodRef={"value": "2"}
    )
    found = sales.read("Invoice", invoice)
    assert (found["Balance"], found["TotalAmt"], found["SyncToken"]) == (num("300.50"), 387, "1")
    assert found["LinkedTxn"] == [{"TxnId": payment["Id"], "TxnType": "Payment"}]
    assert found["MetaData"]["LastUpdatedTime"] == payment["MetaData"]["LastUpdatedTime"]
    assert payment["UnappliedAmt"] == num("313.50")
    assert payment["PaymentMethodRef"] == {"value": "2", "name": "Check"}
    assert sales.books.read(ann)["Balance"] == num("-13.00")
    assert sales.books.read(ann)["SyncToken"] == "0"
    assert problem(sales.change("Invoice", invoice, PrivateNote="late"))["code"] == "5010"


def test_a_line_read_back_says_more_and_does_not_want_it_back(sales: Sales, ann: Json, world: World) -> None:
    invoice = sales.invoice(ann, DocNumber="1012")
    payment = sales.read("Payment", sales.payment(ann, 60, pays(60, invoice)))
    (found,) = payment["Line"]
    values = {one["value"]["Name"]: one["value"]["Value"] for one in found["LineEx"]["any"]}
    assert values == {"txnId": invoice["Id"], "txnOpenBalance": "100.00", "txnReferenceNumber": "1012"}
    assert "Id" not in found
    assert problem(sales.change("Payment", payment, Line=[found]))["code"] == "2010"
    world.switches["line_ex_sent_back"] = "ignore"
    assert sales.changed("Payment", payment, Line=[found], PrivateNote="x")["SyncToken"] == "1"


@pytest.mark.parametrize(
    ("fields", "code", "element"),
    [
        ({"CustomerRef": None}, "2020", "CustomerRef"),
        ({"TotalAmt": None}, "2020", "TotalAmt"),
        ({"TotalAmt": 0}, "6000", ""),
        ({"TotalAmt": -1}, "2290", "TotalAmt"),
        ({"TotalAmt": "much"}, "2140", "TotalAmt"),
        ({"Line": [{"LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]}]}, "2020", "Line.Amount"),
        ({"Line": [{"Amount": 1}]}, "2020", "Line.LinkedTxn"),
        ({"Line": [{"Amount": 1, "LinkedTxn": [{"TxnId": "1"}]}]}, "2020", "Line.LinkedTxn.TxnType"),
        ({"Line": [pays(1, {"Id": "99"})]}, "610", ""),
        ({"Line": [pays(1, {"Id": "x"})]}, "2030", "Id"),
        ({"Line": [pays(1, {"Id": "1"}, "JournalEntry")]}, "610", ""),
        ({"Line": [pays(1, {"Id": "1"}, "Bill")]}, "2170", "Line.LinkedTxn.TxnType"),
        ({"Line": [pays("100.01", {"Id": "1"})], "TotalAmt": 200}, "6000", ""),
        ({"Line": [pays(60, {"Id": "1"}), pays(60, {"Id": "1"})], "TotalAmt": 200}, "6000", ""),
        ({"Line": [pays(60, {"Id": "1"})], "TotalAmt": 59}, "6000", ""),
        ({"Line": [pays(-5, {"Id": "1"})]}, "2290", "Line.Amount"),
        ({"PaymentRefNum": "1" * 22}, "2050", "PaymentRefNum"),
        ({"PrivateNote": "n" * 4001}, "2050", "PrivateNote"),
        ({"PaymentMethodRef": {"value": "99"}}, "610", ""),
        ({"DepositToAccountRef": {"value": "99"}}, "610", ""),
        ({"DepositToAccountRef": {"value": "1150040001"}}, "6430", ""),
        ({"ARAccountRef": {"value": "1150040001"}}, "6430", ""),
        ({"CustomerRef": {"value": "99"}}, "610", ""),
        ({"Amount": 5}, "2010", ""),
        ({"CurrencyRef": {"value": "EUR"}}, "2220", "CurrencyRef"),
    ],
)
def test_what_is_refused(sales: Sales, ann: Json, fields: Json, code: str, element: str) -> None:
    invoice = sales.invoice(ann)
    body = {"CustomerRef": {"value": ann["Id"]}, "TotalAmt": 100, **fields}
    answer = sales.books.post("payment", body)
    assert (answer.status_code, problem(answer)["code"]) == (400, code)
    assert problem(answer).get("element", "") == element
    assert sales.read("Invoice", invoice)["Balance"] == 100
    assert sales.rows("SELECT * FROM Payment") == []


def test_too_much_has_its_code(sales: Sales, ann: Json, world: World) -> None:
    world.switches["overapplied_code"] = "6230"
    invoice = sales.invoice(ann)
    for total in (100, 200):
        assert problem(sales.pay(ann, total, pays("100.01", invoice)))["code"] == "6230"


def test_the_text_recorded_for_a_payment_of_nothing(sales: Sales, ann: Json) -> None:
    found = problem(sales.pay(ann, 0))
    assert found["Detail"] == "Business Validation Error: You must set a transaction amount."


def test_a_reference_is_as_long_as_switched(sales: Sales, ann: Json, world: World) -> None:
    world.switches["payment_reference_limit"] = 30
    assert sales.payment(ann, 5, PaymentRefNum="1" * 30)["PaymentRefNum"] == "1" * 30


@pytest.mark.parametrize("account", ["Checking", "Undeposited Funds"])
def test_money_goes_to_a_bank_or_waits(sales: Sales, ann: Json, account: str) -> None:
    number = sales.account(account)
    found = sales.payment(ann, 5, DepositToAccountRef={"value": number})
    assert sales.read("Payment", found)["DepositToAccountRef"] == {"value": number, "name": account}


@pytest.mark.parametrize(
    ("way", "billed", "paid"),
    [
        ("bill_with_parent", True, True),
        ("bill_with_parent", False, False),
        ("any_job", False, True),
        ("never", True, False),
    ],
)
def test_a_parent_pays_for_its_jobs_where_they_are_billed_with_it(
    sales: Sales, ann: Json, world: World, way: str, billed: bool, paid: bool
) -> None:
    world.switches["parent_pays_jobs"] = way
    job = sales.books.job("Roof", ann, BillWithParent=billed)
    answer = sales.pay(ann, 40, pays(40, sales.invoice(job)))
    assert (answer.status_code, problem(answer)["code"] if not paid else "") == (
        (200, "") if paid else (400, "620")
    )
    assert sales.books.read(job)["Balance"] == (60 if paid else 100)
    assert sales.books.read(ann)["BalanceWithJobs"] == (60 if paid else 100)


def test_nobody_pays_for_a_neighbour_a_parent_or_a_sibling(sales: Sales, ann: Json, world: World) -> None:
    roof = sales.books.job("Roof", ann, BillWithParent=True)
    yard = sales.books.job("Yard", ann, BillWithParent=True)
    bob = sales.books.customer("Bob")
    of_ann, of_roof = sales.invoice(ann), sales.invoice(roof)
    for payer, invoice in ((bob, of_ann), (roof, of_ann), (yard, of_roof)):
        assert problem(sales.pay(payer, 10, pays(10, invoice)))["code"] == "620"
    world.switches["foreign_invoice"] = "ignore"
    found = sales.payment(bob, 10, pays(10, of_ann))
    assert (found["Line"], found["UnappliedAmt"]) == ([], 10)
    assert sales.read("Invoice", of_ann)["SyncToken"] == "0"


def test_an_update_moves_what_it_changes_and_nothing_else(sales: Sales, ann: Json) -> None:
    first, second = sales.invoice(ann), sales.invoice(ann)
    payment = sales.payment(ann, 100, pays(60, first), pays(40, second))
    noted = sales.changed("Payment", payment, PrivateNote="x")
    assert (sales.read("Invoice", first)["SyncToken"], len(noted["Line"])) == ("1", 2)
    moved = sales.changed("Payment", noted, Line=[pays(70, second)])
    assert moved["UnappliedAmt"] == 30
    assert (sales.read("Invoice", first)["Balance"], sales.read("Invoice", second)["Balance"]) == (100, 30)
    assert sales.read("Invoice", first)["LinkedTxn"] == []
    assert sales.books.read(ann)["Balance"] == 100
    assert problem(sales.change("Payment", moved, TotalAmt=69))["code"] == "6000"
    assert sales.changed("Payment", moved, TotalAmt=70)["UnappliedAmt"] == 0
    assert sales.books.read(ann)["Balance"] == 130


def test_what_was_paid_too_much_may_stay_with_the_customer(sales: Sales, ann: Json, world: World) -> None:
    world.switches["invoice_below_payments"] = "unapply"
    invoice = sales.invoice(ann)
    first, second = sales.payment(ann, 60, pays(60, invoice)), sales.payment(ann, 40, pays(40, invoice))
    found = sales.changed("Invoice", sales.read("Invoice", invoice), Line=[line(50)])
    assert (found["Balance"], [one["TxnId"] for one in found["LinkedTxn"]]) == (0, [first["Id"]])
    payments = [sales.read("Payment", one) for one in (first, second)]
    assert [one["UnappliedAmt"] for one in payments] == [10, 40]
    assert [[part["Amount"] for part in one["Line"]] for one in payments] == [[50], []]
    assert [one["SyncToken"] for one in payments] == ["1", "1"]
    assert sales.books.read(ann)["Balance"] == -50


@pytest.mark.parametrize(("way", "balance"), [("clears", 100), ("keeps", 40)])
def test_a_full_update_without_lines(sales: Sales, ann: Json, world: World, way: str, balance: int) -> None:
    world.switches["payment_full_without_line"] = way
    invoice = sales.invoice(ann)
    payment = sales.payment(ann, 60, pays(60, invoice))
    body = {"Id": payment["Id"], "SyncToken": "0", "CustomerRef": {"value": ann["Id"]}, "TotalAmt": 60}
    sales.write("payment", {**body, "PrivateNote": "x"})
    assert sales.read("Invoice", invoice)["Balance"] == balance


def test_void_gives_everything_back(sales: Sales, ann: Json) -> None:
    invoice = sales.invoice(ann)
    payment = sales.payment(ann, 150, pays(100, invoice))
    found = document(sales.void_payment(payment))["Payment"]
    assert (found["TotalAmt"], found["UnappliedAmt"], found["Line"]) == (0, 0, [])
    assert (found["PrivateNote"], found["SyncToken"]) == ("Voided", "1")
    again = sales.read("Invoice", invoice)
    assert (again["Balance"], again["LinkedTxn"], again["SyncToken"]) == (100, [], "2")
    assert sales.books.read(ann)["Balance"] == 100


def test_a_voided_payment_keeps_its_note(sales: Sales, ann: Json) -> None:
    voided = document(sales.void_payment(sales.payment(ann, 5, PrivateNote="By phone")))["Payment"]
    assert voided["PrivateNote"] == "Voided - By phone"


@pytest.mark.parametrize("path", ["payment?include=void", "payment?operation=update&include=void"])
def test_older_clients_void_shorter(sales: Sales, ann: Json, path: str) -> None:
    assert sales.void(sales.payment(ann, 5), path).status_code == 200


@pytest.mark.parametrize("path", ["payment?operation=void", "payment?operation=delete&include=void"])
def test_the_other_address_voids_nothing(sales: Sales, ann: Json, path: str) -> None:
    payment = sales.payment(ann, 5)
    answer = sales.void(payment, path)
    assert (answer.status_code, problem(answer)["code"]) == (400, "500")
    assert sales.read("Payment", payment)["TotalAmt"] == 5


def test_delete_gives_everything_back(sales: Sales, ann: Json) -> None:
    invoice = sales.invoice(ann)
    payment = sales.payment(ann, 100, pays(100, invoice))
    answer = document(sales.delete("Payment", payment))["Payment"]
    assert answer == {"domain": "QBO", "status": "Deleted", "Id": payment["Id"]}
    assert sales.read("Invoice", invoice)["Balance"] == 100
    assert problem(sales.books.get(f"payment/{payment['Id']}"))["code"] == "610"


def test_a_voided_invoice_takes_no_payment(sales: Sales, ann: Json) -> None:
    voided = document(sales.void(sales.invoice(ann)))["Invoice"]
    assert problem(sales.pay(ann, 5, pays(5, voided)))["code"] == "6000"


def test_a_deposited_payment_is_left_alone(sales: Sales, ann: Json) -> None:
    payment = sales.payment(ann, 5)
    deposit = sales.person("POST", "deposits", {"payments": [payment["Id"]]})
    found = sales.read("Payment", payment)
    assert (found["LinkedTxn"], found["SyncToken"]) == ([{"TxnId": deposit["Id"], "TxnType": "Deposit"}], "1")
    answers = [
        sales.change("Payment", found, PrivateNote="x"),
        sales.void_payment(found),
        sales.delete("Payment", found),
        sales.room("POST", f"payments/{payment['Id']}/void"),
    ]
    assert [problem(one)["code"] for one in answers] == ["6540"] * 4
    assert sales.read("Deposit", deposit)["TotalAmt"] == 5
    assert problem(sales.room("POST", "deposits", {"payments": [payment["Id"]]}))["code"] == "6000"
    sales.person("DELETE", f"records/Deposit/{deposit['Id']}")
    assert sales.delete("Payment", sales.read("Payment", payment)).status_code == 200


def test_credit_meets_an_invoice_in_a_payment_of_nothing(sales: Sales, ann: Json) -> None:
    memo = sales.person("POST", "records/CreditMemo", sales.body(ann, line(30)))
    assert (memo["RemainingCredit"], memo["Balance"], sales.books.read(ann)["Balance"]) == (30, 30, -30)
    invoice = sales.invoice(ann)
    assert problem(sales.pay(ann, 0, pays(31, invoice), pays(31, memo, "CreditMemo")))["code"] == "6000"
    payment = sales.payment(ann, 0, pays(20, invoice), pays(20, memo, "CreditMemo"))
    assert (payment["TotalAmt"], payment["UnappliedAmt"]) == (0, 0)
    assert sales.read("Invoice", invoice)["Balance"] == 80
    shown = sales.read("CreditMemo", memo)
    assert (shown["RemainingCredit"], shown["LinkedTxn"]) == (10, [])
    assert sales.books.read(ann)["Balance"] == 70
    path = f"creditmemos/{memo['Id']}/apply"
    assert sales.person("POST", path, {"invoice": invoice["Id"]})["Line"][0]["Amount"] == 10
    assert sales.read("Invoice", invoice)["Balance"] == 70
    assert document(sales.void_payment(payment))["Payment"]["TotalAmt"] == 0
    assert sales.read("CreditMemo", memo)["RemainingCredit"] == 20


def test_credit_may_be_applied_by_itself(sales: Sales, ann: Json) -> None:
    sales.person("POST", "records/CreditMemo", sales.body(ann, line(30)))
    sales.settings(auto_apply_credit=True)
    invoice = sales.invoice(ann)
    assert (invoice["Balance"], len(invoice["LinkedTxn"])) == (70, 1)
    (payment,) = sales.rows("SELECT * FROM Payment")
    assert (payment["TotalAmt"], payment["PrivateNote"]) == (
        *(0, "Created by QB Online to link credits to charges."),
    )


def test_sales_share_one_row_of_numbers(sales: Sales, ann: Json) -> None:
    invoice, payment = sales.invoice(ann), sales.payment(ann, 5)
    assert int(payment["Id"]) == int(invoice["Id"]) + 1
