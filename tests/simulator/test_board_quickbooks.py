"""QuickBooks' pages on the board, by forms alone: what a person makes there is in the books."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from simulator.world import World
from tests.simulator.clients import Books, Events, Json, Sales, document, line, num, pays

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def sales(books: Books) -> Sales:
    sales = Sales(books)
    sales.settings(using_sales_tax=False)
    return sales


def send(sales: Sales, path: str, **form: Any) -> TestResponse:
    data = {name.replace("_", "-"): str(value) for name, value in form.items()}
    return sales.books.client.post(f"/board/{path}", data=data)


def page(sales: Sales, path: str) -> str:
    answer = sales.books.client.get(f"/board/{path}")
    assert answer.status_code == 200, answer.text
    return answer.text


def created(sales: Sales, customer: Json, **form: Any) -> Json:
    answer = send(sales, f"customers/{customer['Id']}/invoices", **{"line_0": "", **form})
    assert answer.status_code == 303, answer.text
    found = re.match(r"/board/books/invoices/(\d+)\?", answer.location)
    assert found
    return sales.read("Invoice", {"Id": found[1]})


def shown_form(sales: Sales, invoice: Json) -> dict[str, str]:
    """The form of an invoice as a browser would send it back untouched."""
    text = page(sales, f"books/invoices/{invoice['Id']}").partition("</form>")[0]
    form = dict(re.findall(r'<input[^>]*? name="([^"]+)" value="([^"]*)"', text))
    for name in re.findall(r'type="checkbox" name="([^"]+)" value="1">', text):
        form.pop(name, None)
    for name, options in re.findall(r'<select name="([^"]+)">(.*?)</select>', text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        form[name] = chosen[1] if chosen else ""
    return form


def saved(sales: Sales, invoice: Json, **changes: Any) -> Json:
    form = {
        **shown_form(sales, invoice),
        **{name.replace("_", "-"): str(value) for name, value in changes.items()},
    }
    answer = sales.books.client.post(f"/board/books/invoices/{invoice['Id']}", data=form)
    assert answer.status_code == 303, answer.text
    return sales.read("Invoice", invoice)


def test_the_board_leads_to_the_pages(sales: Sales, ann: Json) -> None:
    invoice = sales.invoice(ann)
    payment = sales.payment(ann, 5)
    text = page(sales, "live")
    for path in (
        f"customers/{ann['Id']}",
        f"books/invoices/{invoice['Id']}",
        f"books/payments/{payment['Id']}",
    ):
        assert f'href="/board/{path}?realm=' in text
        page(sales, path)


def test_an_invoice_of_several_lines_for_a_job(sales: Sales, ann: Json) -> None:
    job = sales.books.job("Roof", ann)
    rows = {"item_0": 2, "quantity_0": "1.75", "price_0": "$80", "description_0": "On the roof"}
    more = {"line_1": "", "item_1": 1, "amount_1": "1,000.50", "line_2": "", "description_2": "Thank you"}
    head = {"date": "2030-01-05", "due": "2030-02-01", "memo": "Paid by check?", "percent": "10"}
    found = created(sales, job, **rows, **more, **head)
    assert found["CustomerRef"]["name"] == "Ann Lee:Roof"
    first, second, third = found["Line"][:3]
    assert (first["Amount"], first["SalesItemLineDetail"]["Qty"], first["Description"]) == (
        140,
        num("1.75"),
        "On the roof",
    )
    assert (second["Amount"], "Qty" in second["SalesItemLineDetail"]) == (num("1000.50"), False)
    assert (third["DetailType"], third["Description"]) == ("DescriptionOnly", "Thank you")
    assert (found["DueDate"], found["CustomerMemo"]["value"]) == ("2030-02-01", "Paid by check?")
    assert found["TotalAmt"] == num("1026.45")


def test_tax_nobody_typed_on_a_new_invoice_comes_from_the_rate(sales: Sales, ann: Json) -> None:
    sales.settings(using_sales_tax=True)
    assert "8 % of the taxed lines" in page(sales, f"customers/{ann['Id']}/invoices/new")
    assert (
        created(sales, ann, item_0=1, amount_0=100, taxed_0=1, line_1="", item_1=1, amount_1=50)["TotalAmt"]
        == 158
    )
    assert created(sales, ann, item_0=1, amount_0=100)["TotalAmt"] == 100


def test_tax_is_typed_where_there_is_tax(sales: Sales, ann: Json) -> None:
    assert 'name="tax"' not in page(sales, f"customers/{ann['Id']}/invoices/new")
    sales.settings(using_sales_tax=True)
    assert 'name="tax"' in page(sales, f"customers/{ann['Id']}/invoices/new")
    found = created(sales, ann, item_0=1, amount_0=100, taxed_0=1, tax="8.25")
    assert (found["TxnTaxDetail"]["TotalTax"], found["TotalAmt"]) == (num("8.25"), num("108.25"))
    assert found["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"]["value"] == "TAX"
    assert saved(sales, found, tax="")["TotalAmt"] == 100


def test_saving_what_is_shown_changes_nothing(sales: Sales, ann: Json) -> None:
    parts = [{"ItemRef": {"value": "1"}, "Qty": 2}]
    kit = {"Name": "Kit", "Type": "Group", "ItemGroupDetail": {"ItemGroupLine": parts}}
    sales.person("POST", "records/Item", kit)
    lines = [
        {"item": "Hours", "quantity": "0.3", "price": "9.99", "service_date": "2030-01-01"},
        {"amount": 7},
    ]
    lines += [{"text": "Words"}, {"bundle": "Kit", "quantity": 2}]
    wanted = {
        "customer": ann["Id"],
        "lines": lines,
        "shipping": 5,
        "discount": {"amount": 1},
        "memo": "Thanks",
    }
    made = sales.read("Invoice", sales.person("POST", "invoices", wanted))
    assert saved(sales, made) == made


def test_lines_due_date_and_memo_are_edited(sales: Sales, ann: Json) -> None:
    made = sales.invoice(ann, line(100), line(50))
    found = saved(sales, made, due="2031-01-01", memo="New", remove_0="1", amount_1="60", discount="5")
    assert [one.get("Id") for one in found["Line"]] == ["2", None, None]
    assert (found["DueDate"], found["CustomerMemo"]["value"], found["TotalAmt"]) == ("2031-01-01", "New", 55)
    assert saved(sales, found, discount="")["TotalAmt"] == 60


def test_what_was_typed_wrong_is_shown_again(sales: Sales, ann: Json) -> None:
    path = f"customers/{ann['Id']}/invoices"
    for form, word in (
        ({}, "at least one line"),
        ({"item_0": 1, "price_0": "many"}, "Row 1: the price must be a number"),
        ({"amount_0": 5}, "Row 1: choose an item"),
        ({"item_0": 1, "amount_0": 5, "percent": 5, "discount": 5}, "a percentage or an amount"),
        ({"item_0": 1, "amount_0": 5, "due": "soon"}, "yyyy-MM-dd"),
        ({"item_0": 99, "amount_0": 5}, "no Item"),
    ):
        answer = send(sales, path, **{"line_0": "", "memo": HOSTILE, **form})
        assert (answer.status_code, word in answer.text) == (400, True), answer.text
        assert HOSTILE not in answer.text
        assert "&lt;script&gt;" in answer.text
    assert sales.rows("SELECT * FROM Invoice") == []


def test_voiding_sending_and_deleting(sales: Sales, ann: Json) -> None:
    invoice = sales.invoice(ann)
    path = f"books/invoices/{invoice['Id']}"
    assert send(sales, f"{path}/send").status_code == 303
    assert sales.read("Invoice", invoice)["EmailStatus"] == "EmailSent"
    assert send(sales, f"{path}/void").status_code == 303
    assert sales.read("Invoice", invoice)["TotalAmt"] == 0
    gone = send(sales, f"{path}/delete")
    assert (gone.status_code, gone.location.partition("?")[0]) == (303, "/")
    assert sales.books.client.get(f"/board/{path}").status_code == 404


def test_money_is_received(sales: Sales, ann: Json) -> None:
    invoice = sales.invoice(ann)
    path = f"books/invoices/{invoice['Id']}"
    form = {"amount": "30.50", "day": "2030-02-02", "method": "Check", "reference": "4711"}
    assert send(sales, f"{path}/payments", **form).status_code == 303
    (payment,) = sales.rows("SELECT * FROM Payment")
    assert (payment["TotalAmt"], payment["TxnDate"], payment["PaymentRefNum"]) == (
        num("30.50"),
        "2030-02-02",
        "4711",
    )
    assert payment["PaymentMethodRef"]["name"] == "Check"
    assert 'value="69.5"' in page(sales, path)
    assert send(sales, f"{path}/payments", amount="none").status_code == 400
    refused = send(sales, f"{path}/void")
    assert (refused.status_code, "linked to others" in refused.text) == (400, True)
    assert send(sales, f"books/payments/{payment['Id']}/void").status_code == 303
    assert sales.read("Invoice", invoice)["Balance"] == 100
    assert send(sales, f"books/payments/{payment['Id']}/delete").status_code == 303
    assert sales.rows("SELECT * FROM Payment") == []


def test_a_customer_is_renamed_closed_and_opened(sales: Sales, ann: Json) -> None:
    path = f"customers/{ann['Id']}"
    assert send(sales, f"{path}/name", name="Ann Li").status_code == 303
    assert sales.books.read(ann)["DisplayName"] == "Ann Li"
    sales.books.customer("Ben")
    taken = send(sales, f"{path}/name", name="Ben")
    assert (taken.status_code, "already exists" in taken.text) == (400, True)
    assert send(sales, f"{path}/name", name="").status_code == 400
    send(sales, f"{path}/deactivate")
    assert sales.books.read(ann)["DisplayName"] == "Ann Li (deleted)"
    assert "New invoice" not in page(sales, path)
    send(sales, f"{path}/reactivate")
    found = sales.books.read(ann)
    assert (found["Active"], found["DisplayName"]) == (True, "Ann Li")


def test_two_customers_become_one(
    sales: Sales, ann: Json, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin = sales.books.customer("Anne Lee")
    invoice = sales.invoice(twin)
    told: Events = []
    monkeypatch.setattr(world.webhooks, "quickbooks_changed", lambda _, *change: told.append(change))
    path = f"customers/{twin['Id']}/merge"
    assert send(sales, path).status_code == 400
    answer = send(sales, path, into=ann["Id"])
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, f"/board/customers/{ann['Id']}")
    assert sales.read("Invoice", invoice)["CustomerRef"]["value"] == ann["Id"]
    assert told == [("Customer", ann["Id"], "Merge", twin["Id"])]


def test_the_page_of_a_customer(sales: Sales, ann: Json) -> None:
    job = sales.books.job("Roof", ann, BillWithParent=True)
    sales.payment(ann, 40, pays(40, sales.invoice(job)))
    text = page(sales, f"customers/{ann['Id']}")
    assert "$60.00 with jobs" in text
    assert ">Roof</a>" in text
    assert "partial" in page(sales, f"customers/{job['Id']}")


def test_what_is_not_there(sales: Sales, client: FlaskClient) -> None:
    for path in ("customers/99", "customers/x", "books/invoices/99", "books/payments/99"):
        assert sales.books.client.get(f"/board/{path}").status_code == 404
    assert send(sales, "customers/99/name", name="Nobody").status_code == 404
    client.post("/_control/reset", json={"seed": "empty"})
    assert client.get("/board/customers/1").status_code == 404
    assert document(client.get("/_control/state"))["quickbooks"] == {}
