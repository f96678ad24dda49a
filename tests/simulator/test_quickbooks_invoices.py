"""Invoices: what may be written, how they come out, how they are numbered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from simulator.quickbooks.sale_rules import next_number
from simulator.world import World
from tests.simulator.clients import HOURS, Books, Json, Sales, document, line, num, problem


@pytest.fixture
def ann(books: Books) -> Json:
    return books.customer(
        "Ann Lee", GivenName="Ann", FamilyName="Lee", BillAddr={"Line1": "1 Road", "City": "Fresno"}
    )


def test_a_created_invoice_has_all_the_recorded_parts(sales: Sales, ann: Json) -> None:
    found = sales.invoice(ann, line(100, Qty=1, UnitPrice=100), TxnDate="2024-01-15")
    sold, subtotal = found["Line"]
    assert sold == {
        "Id": "1",
        "LineNum": 1,
        "Amount": num("100.00"),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {
            "ItemRef": {"value": "1", "name": "Services"},
            "Qty": 1,
            "UnitPrice": 100,
            "TaxCodeRef": {"value": "NON"},
            "ItemAccountRef": sold["SalesItemLineDetail"]["ItemAccountRef"],
        },
        "CustomExtensions": [],
    }
    assert sold["SalesItemLineDetail"]["ItemAccountRef"]["name"] == "Services"
    assert subtotal == {"Amount": num(100), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    assert (found["SyncToken"], found["DocNumber"], found["TxnDate"]) == ("0", "1001", "2024-01-15")
    assert (found["DueDate"], "SalesTermRef" in found) == ("2024-02-14", False)
    assert (found["TotalAmt"], found["Balance"]) == (100, 100)
    assert found["CustomerRef"] == {"value": ann["Id"], "name": "Ann Lee"}
    assert (found["PrintStatus"], found["EmailStatus"]) == ("NeedToPrint", "NotSet")
    assert (found["LinkedTxn"], found["CustomField"]) == ([], [])
    assert found["TxnTaxDetail"] == {"TotalTax": 0}
    assert found["CurrencyRef"] == {"value": "USD", "name": "United States Dollar"}
    assert found["BillAddr"]["Line1"] == found["ShipAddr"]["Line1"] == "1 Road"
    assert found["MetaData"]["LastModifiedByRef"]["value"]


def test_only_an_amount_brings_back_neither_quantity_nor_price(sales: Sales, ann: Json) -> None:
    detail = sales.invoice(ann, line("99.95"))["Line"][0]["SalesItemLineDetail"]
    assert not {"Qty", "UnitPrice"} & set(detail)


@pytest.mark.parametrize(
    ("body", "code", "element"),
    [
        ({"Line": [line(1)]}, "2020", "CustomerRef"),
        ({"CustomerRef": {"value": "1"}}, "2250", "Line"),
        ({"CustomerRef": {"value": "1"}, "Line": []}, "2250", "Line"),
        ({"CustomerRef": {"value": "1"}, "Line": [{"Amount": 1}]}, "2020", "Line.DetailType"),
        (
            {"CustomerRef": {"value": "1"}, "Line": [{"Amount": 1, "DetailType": "SalesItemLineDetail"}]},
            "2020",
            "Line.SalesItemLineDetail",
        ),
        ({"CustomerRef": {"value": "1"}, "Line": [line(None)]}, "2020", "Line.Amount"),
        ({"CustomerRef": {"value": "99"}, "Line": [line(1)]}, "610", ""),
        ({"CustomerRef": {"value": "1"}, "Line": [line(1, "99")]}, "610", ""),
        ({"CustomerRef": {"value": "1"}, "Line": [line(1)], "SalesTermRef": {"value": "99"}}, "610", ""),
    ],
)
def test_what_must_be_there(sales: Sales, ann: Json, body: Json, code: str, element: str) -> None:
    answer = sales.books.post("invoice", body)
    assert (answer.status_code, problem(answer)["code"]) == (400, code)
    assert problem(answer).get("element", "") == element


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"Nonsense": 1}, "Nonsense"),
        ({"CustomerMemo": {"text": "x"}}, "text"),
        ({"Line": [{**line(1), "Price": 1}]}, "Price"),
        ({"Line": [line(1, Rate=1)]}, "Rate"),
        ({"TxnTaxDetail": {"TaxLine": [{"TaxLineDetail": {"Rate": 1}}]}}, "Rate"),
    ],
)
def test_unknown_properties_are_2010_however_deep(sales: Sales, ann: Json, fields: Json, name: str) -> None:
    found = problem(sales.refused(ann, **fields))
    assert (found["code"], f'Unrecognized field "{name}"' in found["Detail"]) == ("2010", True)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"DocNumber": "1" * 22}, "2050"),
        ({"PrivateNote": "n" * 4001}, "2050"),
        ({"CustomerMemo": {"value": "n" * 1001}}, "2050"),
        ({"Line": [{**line(1), "Description": "d" * 4001}]}, "2050"),
        ({"TxnDate": "15.01.2024"}, "2060"),
        ({"DueDate": "2024-02-30"}, "2070"),
        ({"Line": [line("ten")]}, "2140"),
        ({"Line": [line("12345678901.00")]}, "2140"),
        ({"Line": [line("0.000001")]}, "2140"),
        ({"Line": [line("0.1", Qty=1, UnitPrice="0.1000001")]}, "2140"),
        ({"Line": [line(1, Qty="one")]}, "2160"),
        ({"EmailStatus": "Soon"}, "2170"),
        ({"Line": [{"DetailType": "Nonsense", "Amount": 1}]}, "2170"),
        ({"BillEmail": {"Address": "nobody"}}, "2210"),
        ({"CurrencyRef": {"value": "EUR"}}, "2220"),
        ({"EmailStatus": "NeedToSend"}, "6420"),
        ({"Line": [line(100, Qty=3, UnitPrice="33.33")]}, "6070"),
        ({"Line": [line(1, TaxCodeRef={"value": "CA"})]}, "6100"),
        ({"Line": [line(-5)]}, "2290"),
        ({"LinkedTxn": [{"TxnId": "1", "TxnType": "Estimate"}]}, "610"),
        ({"Deposit": 5}, "6000"),
    ],
)
def test_what_is_refused(sales: Sales, ann: Json, fields: Json, code: str) -> None:
    answer = sales.refused(ann, **fields)
    assert (answer.status_code, problem(answer)["code"]) == (400, code)
    assert sales.rows("SELECT * FROM Invoice") == []


@pytest.mark.parametrize(
    ("way", "qty", "price", "amount", "code"),
    [
        ("half_up", "0.5", "0.25", "0.13", None),
        ("half_up", "0.5", "0.25", "0.12", "6070"),
        ("half_even", "0.5", "0.25", "0.12", None),
        ("half_even", "0.5", "0.25", "0.13", "6070"),
        ("either", "0.5", "0.25", "0.12", None),
        ("half_up", "1.5", "33.33333", "50.00", None),
        ("half_up", "-2", "5", "-10", "2290"),
    ],
)
def test_the_product_is_rounded_to_cents(
    sales: Sales,
    ann: Json,
    world: World,
    way: str,
    qty: str,
    price: str,
    amount: str,
    code: str | None,
) -> None:
    world.switches["line_rounding"] = way
    answer = sales.refused(ann, line(amount, Qty=qty, UnitPrice=price))
    assert (problem(answer)["code"] if answer.status_code == 400 else None) == code


def test_a_negative_line_is_no_negative_invoice(sales: Sales, ann: Json) -> None:
    assert sales.invoice(ann, line(100), line("-30.50"))["TotalAmt"] == num("69.50")


@pytest.mark.parametrize(("way", "code"), [("2290", "2290"), ("6000", "6000")])
def test_below_zero_has_its_code(sales: Sales, ann: Json, world: World, way: str, code: str) -> None:
    world.switches["negative_total_code"] = way
    assert problem(sales.refused(ann, line(-1)))["code"] == code


def test_an_inactive_customer_or_item_cannot_be_used_anew(sales: Sales, ann: Json, world: World) -> None:
    gone = sales.books.changed(sales.books.customer("Gone"), Active=False)
    assert problem(sales.refused(gone))["code"] == "610"
    world.switches["inactive_customer_code"] = "2500"
    assert problem(sales.refused(gone))["code"] == "2500"
    kept = sales.invoice(ann, line(5, HOURS))
    sales.person("PATCH", f"records/Item/{HOURS}", {"Active": False})
    assert problem(sales.refused(ann, line(5, HOURS)))["code"] == "610"
    again = [{**kept["Line"][0], "Amount": 6}]
    assert sales.changed("Invoice", kept, Line=again)["TotalAmt"] == 6
    world.switches["inactive_on_known_line"] = "refuse"
    answer = sales.change("Invoice", {**kept, "SyncToken": "1"}, Line=again)
    assert problem(answer)["code"] == "610"


@pytest.mark.parametrize(
    ("way", "total", "kind", "item"),
    [
        ("ignored", 100, "DescriptionOnly", None),
        ("kept", 150, "SalesItemLineDetail", None),
        ("replaced", 150, "SalesItemLineDetail", "1"),
    ],
)
def test_a_line_without_an_item_is_a_switch(
    sales: Sales, ann: Json, world: World, way: str, total: int, kind: str, item: str | None
) -> None:
    world.switches["itemless_lines"] = way
    found = sales.invoice(ann, line(100), {**line(50, None), "Description": "Extra"})
    assert (found["TotalAmt"], found["Line"][1]["DetailType"]) == (total, kind)
    assert found["Line"][1]["Description"] == "Extra"
    reference = found["Line"][1].get("SalesItemLineDetail", {}).get("ItemRef", {}).get("value")
    assert reference == item


def test_a_line_without_an_item_may_be_refused(sales: Sales, ann: Json, world: World) -> None:
    made = sales.invoice(ann)
    world.switches["itemless_lines"] = "refused"
    answers = [
        sales.refused(ann, line(100), line(50, None)),
        sales.change("Invoice", made, Line=[line(50, None)]),
    ]
    for answer in answers:
        found = problem(answer)
        assert (answer.status_code, found["code"]) == (400, "2020")
        assert found["element"] == "Line.SalesItemLineDetail.ItemRef"
    note = {"DetailType": "DescriptionOnly", "Description": "Thank you"}
    assert sales.invoice(ann, line(100), note)["TotalAmt"] == 100


def test_a_note_is_a_line_without_money(sales: Sales, ann: Json) -> None:
    note = {"DetailType": "DescriptionOnly", "Description": "Thank you", "Amount": 5}
    found = sales.invoice(ann, line(100), note)
    assert (found["TotalAmt"], found["Line"][1]["Description"]) == (100, "Thank you")
    assert "Amount" not in found["Line"][1]


def discount(amount: Any = None, **detail: Any) -> Json:
    shown = {} if amount is None else {"Amount": amount}
    return {
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": {"PercentBased": False, **detail},
        **shown,
    }


def test_discounts_come_last_and_without_a_number(sales: Sales, ann: Json) -> None:
    found = sales.invoice(ann, discount(10), line(60), line("40.05"))
    kinds = [one["DetailType"] for one in found["Line"]]
    assert kinds == ["SalesItemLineDetail"] * 2 + ["SubTotalLineDetail", "DiscountLineDetail"]
    assert [one.get("Id") for one in found["Line"]] == ["1", "2", None, None]
    assert (found["Line"][2]["Amount"], found["TotalAmt"]) == (num("100.05"), num("90.05"))
    share = sales.invoice(ann, line("100.05"), discount(1, PercentBased=True, DiscountPercent=10))
    assert (share["Line"][2]["Amount"], share["TotalAmt"]) == (num("10.01"), num("90.04"))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (discount(), "6090"),
        (discount(PercentBased=True), "6090"),
        (discount(-1), "2290"),
        (discount(PercentBased=True, DiscountPercent=101), "2140"),
        (discount(101), "2290"),
        (discount(1, DiscountAccountRef={"value": "9"}), "610"),
    ],
)
def test_discounts_that_are_refused(sales: Sales, ann: Json, wrong: Json, code: str) -> None:
    assert problem(sales.refused(ann, line(100), wrong))["code"] == code


def test_discounts_can_be_off(sales: Sales, ann: Json) -> None:
    sales.settings(allow_discount=False)
    assert problem(sales.refused(ann, line(100), discount(1)))["code"] == "6000"


def test_tax_by_code_by_amount_or_not_at_all(sales: Sales, ann: Json) -> None:
    taxed = line(100, TaxCodeRef={"value": "TAX"})
    by_code = sales.invoice(ann, taxed, line(50), TxnTaxDetail={"TxnTaxCodeRef": {"value": "2"}})
    assert (by_code["TotalAmt"], by_code["TxnTaxDetail"]["TotalTax"]) == (158, 8)
    detail = by_code["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]
    assert (detail["TaxPercent"], detail["NetAmountTaxable"]) == (8, 100)
    assert sales.invoice(ann, taxed, TxnTaxDetail={"TotalTax": "7.77"})["TotalAmt"] == num("107.77")
    reduced = sales.invoice(
        ann, taxed, discount(50), ApplyTaxAfterDiscount=True, TxnTaxDetail={"TxnTaxCodeRef": {"value": "2"}}
    )
    assert reduced["TotalAmt"] == 54
    sales.settings(using_sales_tax=False)
    off = sales.invoice(ann, taxed, TxnTaxDetail={"TotalTax": 5})
    assert (off["TotalAmt"], off["TxnTaxDetail"]) == (100, {"TotalTax": 0})


def test_automatic_sales_tax_does_as_it_likes(sales: Sales, ann: Json) -> None:
    sales.settings(automated_sales_tax=True)
    found = sales.invoice(ann, line(100, TaxCodeRef={"value": "TAX"}), TxnTaxDetail={"TotalTax": 1})
    assert found["TxnTaxDetail"]["TotalTax"] == 8
    assert document(sales.books.get("preferences"))["Preferences"]["TaxPrefs"]["PartnerTaxEnabled"] is True


def test_terms_make_due_dates(sales: Sales, ann: Json, world: World) -> None:
    named = sales.invoice(ann, TxnDate="2024-01-31", SalesTermRef={"value": "5"})
    assert (named["DueDate"], named["SalesTermRef"]) == ("2024-02-10", {"value": "5", "name": "Net 10"})
    assert sales.invoice(ann, TxnDate="2024-01-31", DueDate="2024-03-01")["DueDate"] == "2024-03-01"
    moved = sales.changed("Invoice", named, SalesTermRef={"value": "2"})
    assert moved["DueDate"] == "2024-02-15"
    sales.settings(default_terms="")
    assert sales.invoice(ann, TxnDate="2024-01-31")["DueDate"] == "2024-01-31"
    patient = sales.books.customer("Patient", SalesTermRef={"value": "4"})
    assert sales.invoice(patient, TxnDate="2024-01-01")["DueDate"] == "2024-01-01"
    world.switches["customer_term_applies"] = True
    assert sales.invoice(patient, TxnDate="2024-01-01")["DueDate"] == "2024-03-01"


def test_a_term_of_a_day_in_the_month(sales: Sales, ann: Json) -> None:
    term = sales.write("term", {"Name": "The 25th", "DayOfMonthDue": 25, "DueNextMonthDays": 10})
    assert term["Type"] == "DATE_DRIVEN"
    for day, due in (("2024-01-10", "2024-01-25"), ("2024-01-20", "2024-02-25")):
        assert sales.invoice(ann, TxnDate=day, SalesTermRef={"value": term["Id"]})["DueDate"] == due


def test_a_bundle_adds_up_its_parts(sales: Sales, ann: Json) -> None:
    parts = [{"Qty": 2, "ItemRef": {"value": HOURS}}]
    priced = sales.person("PATCH", f"records/Item/{HOURS}", {"UnitPrice": 12.5})
    bundle = sales.person(
        "POST",
        "records/Item",
        {"Name": "Kit", "Type": "Group", "ItemGroupDetail": {"ItemGroupLine": parts}},
    )
    group = {"GroupItemRef": {"value": bundle["Id"]}, "Quantity": 2}
    found = sales.invoice(ann, {"DetailType": "GroupLineDetail", "GroupLineDetail": group}, line(1))
    shown = found["Line"][0]
    assert (found["TotalAmt"], shown["Amount"], priced["UnitPrice"]) == (51, 50, num("12.5"))
    assert shown["GroupLineDetail"]["Line"][0]["SalesItemLineDetail"]["Qty"] == 4
    assert shown["GroupLineDetail"]["GroupItemRef"]["name"] == "Kit"
    assert len({shown["Id"], shown["GroupLineDetail"]["Line"][0]["Id"], found["Line"][1]["Id"]}) == 3


def test_a_deposit_asked_for_lowers_the_balance(sales: Sales, ann: Json) -> None:
    sales.settings(allow_deposit=True)
    found = sales.invoice(ann, Deposit=30)
    assert (found["TotalAmt"], found["Balance"], found["Deposit"]) == (100, 70, 30)
    assert problem(sales.refused(ann, Deposit=101))["code"] == "2290"


def test_a_form_has_so_many_lines(sales: Sales, ann: Json) -> None:
    taxed = line(1, TaxCodeRef={"value": "TAX"})
    assert sales.invoice(ann, *[taxed] * 750)["TotalAmt"] == 750
    assert problem(sales.refused(ann, *[taxed] * 751))["code"] == "6000"
    assert sales.invoice(ann, *[line(1)] * 751)["TotalAmt"] == 751


def test_online_payment_is_the_companys_affair(sales: Sales, ann: Json) -> None:
    old = sales.invoice(ann)
    assert old["AllowOnlineCreditCardPayment"] is False
    sales.settings(online_payments=True)
    found = sales.changed("Invoice", old, PrivateNote="x")
    assert (found["AllowOnlineCreditCardPayment"], found["AllowOnlineACHPayment"]) == (True, True)
    assert found["InvoiceLink"].startswith("https://")
    assert "InvoiceLink" not in sales.rows("SELECT * FROM Invoice")[0]
    asked = {"query": "SELECT * FROM Invoice", "include": "invoiceLink"}
    rows = document(sales.books.call("GET", "query", query_string=asked))["QueryResponse"]["Invoice"]
    assert rows[0]["InvoiceLink"] == found["InvoiceLink"]


def test_the_names_on_a_form_are_those_of_today(sales: Sales, ann: Json) -> None:
    found = sales.invoice(sales.books.job("Roof", ann))
    assert found["CustomerRef"]["name"] == "Ann Lee:Roof"
    sales.books.changed(sales.books.read(ann), DisplayName="Anna Lee")
    sales.person("PATCH", "records/Item/1", {"Name": "Work"})
    again = sales.read("Invoice", found)
    assert again["CustomerRef"]["name"] == "Anna Lee:Roof"
    assert again["Line"][0]["SalesItemLineDetail"]["ItemRef"]["name"] == "Work"
    assert (again["SyncToken"], again["MetaData"]) == (found["SyncToken"], found["MetaData"])


def test_a_balance_moves_the_customer_and_its_parent_but_not_their_versions(
    sales: Sales, ann: Json, world: World
) -> None:
    job = sales.books.job("Roof", ann)
    world.clock.shift(timedelta(minutes=1))
    sales.invoice(job, line("562.50"))
    parent, child = sales.books.read(ann), sales.books.read(job)
    assert (child["Balance"], parent["Balance"], parent["BalanceWithJobs"]) == (
        num("562.50"),
        0,
        num("562.50"),
    )
    assert (child["SyncToken"], parent["SyncToken"]) == ("0", "0")
    assert parent["MetaData"]["LastUpdatedTime"] > ann["MetaData"]["LastUpdatedTime"]
    assert problem(sales.books.change(job, Active=False))["code"] == "6220"
    assert problem(sales.books.change(ann, Active=False))["code"] == "6220"


@pytest.fixture
def own_numbers(sales: Sales) -> None:
    sales.settings(custom_txn_numbers=True)


def test_quickbooks_counts_on_from_the_last_number(sales: Sales, ann: Json) -> None:
    sent = [None, None, "7000", None, "J-0099", None, "none", None]
    numbers = [sales.invoice(ann, DocNumber=one)["DocNumber"] for one in sent]
    assert numbers == ["1001", "1002", "7000", "7001", "J-0099", "J-0100", "none", "none1"]


@pytest.mark.parametrize(("way", "last"), [("always", "J-2"), ("numeric", "7001"), ("never", "1002")])
def test_a_sent_number_may_move_the_counter(
    sales: Sales, ann: Json, world: World, way: str, last: str
) -> None:
    world.switches["sent_number_moves_counter"] = way
    for number in (None, "7000", "J-1"):
        sales.invoice(ann, DocNumber=number)
    assert sales.invoice(ann)["DocNumber"] == last


@pytest.mark.parametrize(
    ("sent", "appended", "inner"),
    [
        ("5003-2", "5003-3", "5003-3"),
        ("5003-A", "5003-A1", "5004-A"),
        ("5003 (2)", "5003 (2)1", "5003 (3)"),
        ("5003 copy", "5003 copy1", "5004 copy"),
        ("5003/09", "5003/10", "5003/10"),
    ],
)
def test_a_suffix_leads_the_counter_astray(
    sales: Sales, ann: Json, world: World, sent: str, appended: str, inner: str
) -> None:
    sales.invoice(ann, DocNumber="5003")
    assert sales.invoice(ann, DocNumber=sent)["DocNumber"] == sent
    assert (
        sales.person("POST", "invoices", {"customer": ann["Id"], "lines": [{"amount": 1}]})["DocNumber"]
        == appended
    )
    world.switches["number_after_text"] = "inner"
    sales.invoice(ann, DocNumber=sent)
    assert sales.invoice(ann)["DocNumber"] == inner
    world.switches["sent_number_moves_counter"] = "numeric"
    sales.invoice(ann, DocNumber="6000")
    sales.invoice(ann, DocNumber=sent)
    assert sales.invoice(ann)["DocNumber"] == "6001"


@pytest.mark.parametrize(
    ("sent", "following"),
    [("5003-A", "5004"), ("5003 copy", "5004"), ("5003-2", "5003-3"), ("6000", "6001"), ("5003-", "5004")],
)
def test_a_number_that_ends_in_text_may_be_passed_over(
    sales: Sales, ann: Json, world: World, sent: str, following: str
) -> None:
    world.switches["number_after_text"] = "passed_over"
    for number in ("5003", sent):
        sales.invoice(ann, DocNumber=number)
    assert sales.invoice(ann)["DocNumber"] == following


def test_a_renumbered_invoice_moves_no_counter(sales: Sales, ann: Json) -> None:
    made = sales.invoice(ann)
    sales.changed("Invoice", made, DocNumber="5003-2")
    assert sales.invoice(ann)["DocNumber"] == "1002"


@pytest.mark.parametrize("custom", [True, False])
def test_a_deleted_invoice_frees_its_number(sales: Sales, ann: Json, world: World, custom: bool) -> None:
    world.switches["duplicates_when_counting"] = "refuse"
    sales.settings(custom_txn_numbers=custom)
    first = sales.invoice(ann, DocNumber="1002")
    assert problem(sales.refused(ann, DocNumber="1002"))["code"] == "6140"
    voided = document(sales.void(first))["Invoice"]
    assert problem(sales.refused(ann, DocNumber="1002"))["code"] == "6140"
    assert sales.delete("Invoice", voided).status_code == 200
    again = sales.invoice(ann, DocNumber="1002")
    assert (again["DocNumber"], again["Id"] != first["Id"]) == ("1002", True)
    assert problem(sales.refused(ann, DocNumber="1002"))["code"] == "6140"


def test_refused_invoices_use_up_no_number(sales: Sales, ann: Json) -> None:
    sales.refused(ann, line(1, "99"))
    assert sales.invoice(ann)["DocNumber"] == "1001"


@pytest.mark.parametrize(
    ("number", "after"),
    [("1", "2"), ("999", "1000"), ("A-009", "A-010"), ("x", "x1"), ("a" * 21, "a" * 20 + "1")],
)
def test_what_follows(number: str, after: str) -> None:
    assert next_number(number) == after


@pytest.mark.parametrize(("way", "code"), [("allow", None), ("refuse", "6140")])
def test_a_sent_number_may_be_taken_while_quickbooks_counts(
    sales: Sales, ann: Json, world: World, way: str, code: str | None
) -> None:
    world.switches["duplicates_when_counting"] = way
    sales.invoice(ann, DocNumber="5")
    answer = sales.refused(ann, DocNumber="5")
    assert (problem(answer)["code"] if answer.status_code == 400 else None) == code


@pytest.mark.usefixtures("own_numbers")
def test_own_numbers_are_kept_and_none_is_none(sales: Sales, ann: Json) -> None:
    assert sales.invoice(ann, DocNumber="CPQ-17")["DocNumber"] == "CPQ-17"
    assert "DocNumber" not in sales.invoice(ann)


@pytest.mark.usefixtures("own_numbers")
@pytest.mark.parametrize("tail", ["present", "absent"])
def test_a_taken_number_is_6140_and_perhaps_says_where(
    sales: Sales, ann: Json, world: World, tail: str
) -> None:
    world.switches["duplicate_number_tail"] = tail
    first = sales.invoice(ann, DocNumber="17")
    answer = sales.refused(ann, DocNumber="17")
    found = problem(answer)
    assert (answer.status_code, found["code"]) == (400, "6140")
    assert found["Message"] == "Duplicate Document Number Error"
    said = "Duplicate Document Number Error : You must specify a different number. This number has already been used."
    where = f" DocNumber=17 is assigned to TxnType=Invoice with TxnId={first['Id']}"
    assert found["Detail"] == said + (where if tail == "present" else "")


@pytest.mark.usefixtures("own_numbers")
def test_a_taken_number_can_be_allowed(sales: Sales, ann: Json) -> None:
    sales.invoice(ann, DocNumber="17")
    second = sales.write("invoice?include=allowduplicatedocnum", sales.body(ann, DocNumber="17"))
    assert second["DocNumber"] == "17"
    assert problem(sales.books.post("invoice?include=everything", sales.body(ann)))["code"] == "500"


@pytest.mark.usefixtures("own_numbers")
def test_a_number_moves_with_updates_and_goes_with_deletion(sales: Sales, ann: Json) -> None:
    first, second = sales.invoice(ann, DocNumber="1"), sales.invoice(ann, DocNumber="2")
    assert problem(sales.change("Invoice", second, DocNumber="1"))["code"] == "6140"
    assert sales.changed("Invoice", second, DocNumber="2", PrivateNote="x")["DocNumber"] == "2"
    sales.changed("Invoice", first, DocNumber="3")
    assert sales.invoice(ann, DocNumber="1")["DocNumber"] == "1"
    sales.delete("Invoice", sales.read("Invoice", first))
    assert sales.invoice(ann, DocNumber="3")["DocNumber"] == "3"


@pytest.mark.usefixtures("own_numbers")
def test_a_voided_invoice_keeps_its_number(sales: Sales, ann: Json) -> None:
    sales.void(sales.invoice(ann, DocNumber="1"))
    assert problem(sales.refused(ann, DocNumber="1"))["code"] == "6140"


@pytest.mark.parametrize(("way", "number"), [("clear", None), ("keep", "1001"), ("renumber", "1002")])
def test_a_full_update_without_number(
    sales: Sales, ann: Json, world: World, way: str, number: str | None
) -> None:
    world.switches["full_update_without_number"] = way
    first = sales.invoice(ann)
    body = {"Id": first["Id"], "SyncToken": "0", **sales.body(ann, line(5))}
    assert sales.write("invoice", body).get("DocNumber") == number
