"""Money on an invoice besides a plain payment: deposits, credit memos, journal entries, and payments that move."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.world import World
from tests.simulator.clients import Events, Json, Sales, document, line, num, pays, problem


def balance(sales: Sales, *invoices: Json) -> list[Any]:
    return [sales.read("Invoice", one)["Balance"] for one in invoices]


def journal(sales: Sales, customer: Json, amount: Any, **more: Any) -> Json:
    wanted = {"customer": customer["Id"], "amount": amount, **more}
    found: Json = sales.person("POST", "journalentries", wanted)
    return found


def credit_memo(sales: Sales, customer: Json, amount: Any) -> Json:
    found: Json = sales.person("POST", "records/CreditMemo", sales.body(customer, line(amount)))
    return found


def received(sales: Sales, customer: Json, **more: Any) -> Json:
    found: Json = sales.person("POST", "payments", {"customer": customer["Id"], **more})
    return found


def moved(sales: Sales, payment: Json, **more: Any) -> Json:
    found: Json = sales.person("PATCH", f"payments/{payment['Id']}", more)
    return found


def test_a_deposit_lowers_the_balance_and_is_no_payment(sales: Sales, ann: Json, events: Events) -> None:
    made = sales.invoice(ann, line("285.10"))
    path = f"invoices/{made['Id']}"
    assert problem(sales.room("PATCH", path, {"deposit": "100"}))["code"] == "6000"
    sales.settings(allow_deposit=True)
    events.clear()
    found = sales.person("PATCH", path, {"deposit": "100.05"})
    shown = [found[name] for name in ("TotalAmt", "Deposit", "Balance", "SyncToken", "LinkedTxn")]
    assert shown == [num("285.10"), num("100.05"), num("185.05"), "1", []]
    assert set(events) == {("Invoice", made["Id"], "Update"), ("Customer", ann["Id"], "Update")}
    assert sales.books.read(ann)["Balance"] == num("185.05")
    assert sales.rows("SELECT * FROM Invoice WHERE Balance = '185.05'")[0]["Deposit"] == num("100.05")
    assert sales.rows("SELECT * FROM Payment") == []
    assert problem(sales.pay(ann, 200, pays(200, made)))["code"] == "6000"
    sales.payment(ann, "185.05", pays("185.05", made))
    paid = sales.read("Invoice", made)
    assert paid["Balance"] == 0
    assert problem(sales.change("Invoice", paid, Deposit="100.06"))["code"] == "6000"
    assert sales.person("PATCH", path, {"deposit": ""})["Balance"] == num("100.05")


def test_a_journal_entry_as_it_is_shown(sales: Sales, ann: Json, events: Events) -> None:
    events.clear()
    made = journal(sales, ann, "60.25", number="JE-1", note="Write-off", date="2024-03-01")
    debit, credit = made["Line"]
    assert [one["JournalEntryLineDetail"]["PostingType"] for one in (debit, credit)] == ["Debit", "Credit"]
    assert credit["JournalEntryLineDetail"]["Entity"] == {
        "Type": "Customer",
        "EntityRef": {"value": ann["Id"], "name": "Ann Lee"},
    }
    assert credit["JournalEntryLineDetail"]["AccountRef"]["name"] == "Accounts Receivable (A/R)"
    assert (credit["Amount"], credit["Id"], made["DocNumber"], made["SyncToken"]) == (
        num("60.25"),
        "1",
        "JE-1",
        "0",
    )
    assert events == [("JournalEntry", made["Id"], "Create"), ("Customer", ann["Id"], "Update")]
    assert sales.books.read(ann)["Balance"] == num("-60.25")
    assert sales.read("JournalEntry", made) == made
    answer = document(sales.books.query("SELECT * FROM JournalEntry"))["QueryResponse"]
    assert (answer["JournalEntry"], answer["totalCount"]) == ([made], 1)
    sales.books.client.post("/_control/switches", json={"cdc_before_30_days": "answer"})
    told = document(sales.books.get("cdc?entities=JournalEntry&changedSince=2026-01-01"))
    assert told["CDCResponse"][0]["QueryResponse"][0]["JournalEntry"] == [made]
    body = {"Line": made["Line"]}
    assert problem(sales.books.post("journalentry", body))["code"] == "5030"


def test_a_journal_entry_beside_a_check(sales: Sales, ann: Json, events: Events) -> None:
    invoice, entry = sales.invoice(ann, line(285)), journal(sales, ann, 60)
    events.clear()
    payment = received(
        sales, ann, invoices=[invoice["Id"]], journal_entries=[entry["Id"]], method="Check", reference="1042"
    )
    assert (payment["TotalAmt"], payment["UnappliedAmt"], balance(sales, invoice)) == (225, 0, [0])
    assert [(one["Amount"], one["LinkedTxn"][0]["TxnType"]) for one in payment["Line"]] == [
        (285, "Invoice"),
        (60, "JournalEntry"),
    ]
    assert sales.read("Invoice", invoice)["LinkedTxn"] == [{"TxnId": payment["Id"], "TxnType": "Payment"}]
    assert ("JournalEntry", entry["Id"], "Update") in events
    assert sales.books.read(ann)["Balance"] == 0
    assert problem(sales.room("DELETE", f"records/JournalEntry/{entry['Id']}"))["code"] == "6000"
    assert sales.delete("Payment", sales.read("Payment", payment)).status_code == 200
    assert (balance(sales, invoice), sales.books.read(ann)["Balance"]) == ([285], 225)
    sales.person("DELETE", f"records/JournalEntry/{entry['Id']}")
    assert problem(sales.books.get(f"journalentry/{entry['Id']}"))["code"] == "610"
    assert sales.books.read(ann)["Balance"] == 285


def test_the_api_applies_credits_too_and_no_more_than_there_are(sales: Sales, ann: Json) -> None:
    invoice, memo, entry = (
        sales.invoice(ann, line(100)),
        credit_memo(sales, ann, "30.10"),
        journal(sales, ann, 20),
    )
    lines = [pays("50.10", invoice), pays("30.10", memo, "CreditMemo"), pays(20, entry, "JournalEntry")]
    payment = sales.payment(ann, 0, *lines)
    assert (payment["TotalAmt"], payment["UnappliedAmt"], balance(sales, invoice)) == (0, 0, [num("49.90")])
    assert sales.read("CreditMemo", memo)["RemainingCredit"] == 0
    again = sales.pay(ann, 0, pays(1, invoice), pays(1, entry, "JournalEntry"))
    assert problem(again)["code"] == "6000"
    bob = sales.books.customer("Bob")
    theirs = sales.pay(bob, 0, pays(1, sales.invoice(bob)), pays(1, journal(sales, ann, 5), "JournalEntry"))
    assert problem(theirs)["code"] == "620"


def test_a_payment_moves_and_is_split(sales: Sales, ann: Json, events: Events) -> None:
    job = sales.books.job("Roof", ann)
    first, second = sales.invoice(job, line(100)), sales.invoice(job, line(100))
    payment = received(sales, job, invoices=[first["Id"]], reference="1042")
    assert balance(sales, first, second) == [0, 100]
    events.clear()
    there = moved(sales, payment, invoices=[second["Id"]])
    assert (balance(sales, first, second), there["SyncToken"], there["TotalAmt"]) == ([100, 0], "1", 100)
    assert {("Payment", payment["Id"], "Update"), ("Invoice", first["Id"], "Update")} <= set(events)
    assert ("Invoice", second["Id"], "Update") in events
    halves = [{"id": first["Id"], "amount": "33.34"}, {"id": second["Id"], "amount": "66.66"}]
    assert len(moved(sales, payment, invoices=halves)["Line"]) == 2
    assert balance(sales, first, second) == [num("66.66"), num("33.34")]
    loose = moved(sales, payment, invoices=[{"id": first["Id"], "amount": 10}])
    assert (loose["UnappliedAmt"], balance(sales, first, second)) == (90, [90, 100])
    assert moved(sales, payment, invoices=[])["UnappliedAmt"] == 100


def test_a_payment_moves_to_the_invoice_of_another(sales: Sales, ann: Json, events: Events) -> None:
    bob = sales.books.customer("Bob")
    first, second = sales.invoice(ann), sales.invoice(bob, line(60))
    payment = received(sales, ann, invoices=[first["Id"]])
    assert (
        problem(sales.room("PATCH", f"payments/{payment['Id']}", {"invoices": [second["Id"]]}))["code"]
        == "620"
    )
    events.clear()
    found = moved(sales, payment, customer=bob["Id"], invoices=[second["Id"]])
    assert (found["CustomerRef"]["name"], found["UnappliedAmt"], balance(sales, first, second)) == (
        "Bob",
        40,
        [100, 0],
    )
    assert (sales.books.read(ann)["Balance"], sales.books.read(bob)["Balance"]) == (100, -40)
    assert {("Customer", ann["Id"], "Update"), ("Customer", bob["Id"], "Update")} <= set(events)


@pytest.mark.parametrize("way", ["refuse", "unapply"])
def test_a_smaller_invoice_with_a_deposit(sales: Sales, ann: Json, world: World, way: str) -> None:
    world.switches["invoice_below_payments"] = way
    sales.settings(allow_deposit=True)
    invoice = sales.invoice(ann, line(100), Deposit="50.50")
    payment = sales.payment(ann, "49.50", pays("49.50", invoice))
    paid = sales.read("Invoice", invoice)
    assert problem(sales.change("Invoice", paid, Line=[line("50.49")]))["code"] == "2290"
    answer = sales.change("Invoice", paid, Line=[line(80)])
    assert (answer.status_code == 200) == (way == "unapply")
    free = num("20.00") if way == "unapply" else 0
    assert sales.read("Payment", payment)["UnappliedAmt"] == free
    assert (balance(sales, invoice), sales.books.read(ann)["Balance"]) == ([0], -free)


@pytest.mark.parametrize("payer", ["job", "customer"])
def test_an_advance_is_applied_later(sales: Sales, ann: Json, payer: str) -> None:
    job = sales.books.job("Roof", ann, BillWithParent=True)
    by = {"job": job, "customer": ann}[payer]
    advance = received(sales, by, amount=100, reference="1042", method="Check")
    assert (advance["UnappliedAmt"], advance["PaymentRefNum"], advance["Line"]) == (100, "1042", [])
    invoice = sales.invoice(job, line(285))
    applied = moved(sales, advance, invoices=[{"id": invoice["Id"], "amount": 100}])
    assert (applied["UnappliedAmt"], applied["SyncToken"], balance(sales, invoice)) == (0, "1", [185])
    found = sales.rows("SELECT * FROM Payment WHERE PaymentRefNum = '1042'")
    assert [one["Id"] for one in found] == [advance["Id"]]


@pytest.mark.parametrize(("way", "left"), [("refuse", None), ("unapply", "40.03")])
def test_an_invoice_below_its_payments(
    sales: Sales, ann: Json, world: World, way: str, left: str | None
) -> None:
    world.switches["invoice_below_payments"] = way
    invoice = sales.invoice(ann, line("285.10"))
    payment = sales.payment(ann, "290.00", pays("285.10", invoice))
    answer = sales.change("Invoice", sales.read("Invoice", invoice), Line=[line("249.97")])
    if left is None:
        assert problem(answer)["code"] == "6000"
        assert sales.read("Payment", payment)["SyncToken"] == "0"
        return
    freed = sales.read("Payment", payment)
    assert (freed["UnappliedAmt"], freed["TotalAmt"], freed["Line"][0]["Amount"]) == (
        num(left),
        290,
        num("249.97"),
    )
    assert (balance(sales, invoice), sales.books.read(ann)["Balance"]) == ([0], num("-40.03"))
    assert freed["SyncToken"] == "1"


def test_a_credit_gets_back_what_a_smaller_invoice_does_not_need(
    sales: Sales, ann: Json, world: World
) -> None:
    world.switches["invoice_below_payments"] = "unapply"
    invoice, memo, entry = sales.invoice(ann, line(100)), credit_memo(sales, ann, 30), journal(sales, ann, 20)
    payment = received(
        sales, ann, amount=50, invoices=[invoice["Id"]], credits=[memo["Id"]], journal_entries=[entry["Id"]]
    )
    assert (payment["UnappliedAmt"], balance(sales, invoice)) == (0, [0])
    sales.changed("Invoice", sales.read("Invoice", invoice), Line=[line("25.50")])
    freed = sales.read("Payment", payment)
    assert (freed["TotalAmt"], freed["UnappliedAmt"]) == (50, 50)
    assert sales.read("CreditMemo", memo)["RemainingCredit"] == num("4.50")
    assert [(one["Amount"], one["LinkedTxn"][0]["TxnType"]) for one in freed["Line"]] == [
        (num("25.50"), "Invoice"),
        (num("25.50"), "CreditMemo"),
    ]
    assert sales.books.read(ann)["Balance"] == num("-74.50")
    assert sales.delete("Payment", freed).status_code == 200
    assert balance(sales, invoice) == [num("25.50")]


def test_a_merge_takes_journal_entries_along(sales: Sales, ann: Json) -> None:
    bob = sales.books.customer("Bob")
    entry = journal(sales, ann, 20)
    sales.person("POST", "merge/Customer", {"from": ann["Id"], "into": bob["Id"]})
    found = sales.read("JournalEntry", entry)["Line"][1]["JournalEntryLineDetail"]["Entity"]["EntityRef"]
    assert found == {"value": bob["Id"], "name": "Bob"}
    assert (
        received(sales, bob, invoices=[sales.invoice(bob)["Id"]], journal_entries=[entry["Id"]])["TotalAmt"]
        == 80
    )


def test_a_careless_bookkeeper_is_told(sales: Sales, ann: Json) -> None:
    entry = journal(sales, ann, 20)
    detail = {"PostingType": "Debit", "AccountRef": {"value": sales.account("Services")}}
    debit = {"Amount": 5, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}
    credit = entry["Line"][1]
    for lines in (
        [],
        [debit],
        [{**debit, "Amount": 20}, {**credit, "Amount": 5}],
        [{**debit, "Amount": -20}, {**credit, "Amount": -20}],
        [debit, {**debit, "JournalEntryLineDetail": {**detail, "PostingType": "Credit"}}],
        [{**debit, "JournalEntryLineDetail": {"PostingType": "Debit"}}],
        [{"DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}],
        [
            {
                **debit,
                "JournalEntryLineDetail": {**detail, "Entity": credit["JournalEntryLineDetail"]["Entity"]},
            }
        ],
    ):
        assert sales.room("POST", "records/JournalEntry", {"Line": lines}).status_code == 400
    invoice = sales.invoice(ann)
    received(sales, ann, invoices=[invoice["Id"]], journal_entries=[{"id": entry["Id"], "amount": 15}])
    less = [{**one, "Amount": 14} for one in entry["Line"]]
    assert (
        problem(sales.room("PATCH", f"records/JournalEntry/{entry['Id']}", {"Line": less}))["code"] == "6000"
    )
    assert sales.room("POST", "journalentries", {"customer": "99", "amount": 5}).status_code == 400
    assert (
        sales.room("POST", "journalentries", {"customer": ann["Id"], "amount": 5, "for": "x"}).status_code
        == 400
    )
