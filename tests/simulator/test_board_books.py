"""The board's view of the books: invoices and payments in the QuickBooks column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from simulator.board.quickbooks_pages import dollars
from tests.simulator.conftest import Books
from tests.simulator.sales import Sales, line, pays

if TYPE_CHECKING:
    from simulator.world import World

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def sales(books: Books) -> Sales:
    return Sales(books)


@pytest.fixture
def ann(books: Books) -> dict[str, Any]:
    return books.customer("Ann Lee")


def rows(sales: Sales, part: str) -> list[str]:
    """The items of one list, their tags stripped."""
    text = sales.books.client.get("/board/live", query_string={"realm": sales.books.realm}).text
    found = re.search(rf'data-part="{part}".*?</ul>', text, re.DOTALL)
    assert found
    items = re.findall(r"<li.*?</li>", found[0], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in items]


def test_empty_books_say_so(sales: Sales) -> None:
    assert rows(sales, "invoices") == ["No invoices yet"]
    assert rows(sales, "payments") == ["No payments yet"]


def test_every_state_of_an_invoice(sales: Sales, ann: dict[str, Any]) -> None:
    job = sales.books.job("Roof", ann)
    numbered = {"TxnDate": "2024-01-01", "DueDate": "2024-01-31"}
    opened = sales.invoice(job, line("1234.50"), DocNumber="1", **numbered)
    partial, paid, voided = (sales.invoice(ann, DocNumber=one, **numbered) for one in "234")
    sales.payment(ann, 30, pays(30, partial))
    sales.payment(ann, 100, pays(100, paid))
    sales.void(voided)
    sales.person("POST", f"invoices/{opened['Id']}/send")
    found = {one[:2]: one for one in rows(sales, "invoices")}
    assert found["#1"] == "#1 Ann Lee: Roof $1,234.50 open e-mailed due 2024-01-31 $1,234.50 open"
    assert found["#2"] == "#2 Ann Lee $100.00 partial not sent due 2024-01-31 $70.00 open"
    assert found["#3"] == "#3 Ann Lee $100.00 paid not sent due 2024-01-31"
    assert found["#4"] == "#4 Ann Lee $0.00 voided not sent due 2024-01-31"


def test_a_payment_says_where_it_came_from_and_went(sales: Sales, ann: dict[str, Any]) -> None:
    invoice = sales.invoice(ann, DocNumber="1001")
    sales.payment(
        ann,
        120,
        pays(100, invoice),
        TxnDate="2024-02-01",
        PaymentMethodRef={"value": "2"},
        PaymentRefNum="4711",
    )
    loose = sales.payment(ann, 5, TxnDate="2024-02-02")
    sales.person("POST", "deposits", {"payments": [loose["Id"]]})
    found = rows(sales, "payments")
    assert sorted(found, reverse=True)[0].startswith(
        "Ann Lee $5.00 2024-02-02 No method Undeposited Funds deposited"
    )
    assert (
        "Ann Lee $120.00 2024-02-01 Check 4711 Undeposited Funds $100.00 to invoice 1001 , $20.00 left over".replace(
            " ,", ","
        )
        in found
    )


def test_a_credit_and_a_void_among_payments(sales: Sales, ann: dict[str, Any]) -> None:
    memo = sales.person("POST", "records/CreditMemo", sales.body(ann, line(30), DocNumber="CM-1"))
    invoice = sales.invoice(ann, DocNumber="1001")
    sales.payment(ann, 0, pays(30, invoice), pays(30, memo, "CreditMemo"))
    sales.void_payment(sales.payment(ann, 5))
    text = " | ".join(rows(sales, "payments"))
    assert "$30.00 to invoice 1001, $30.00 from credit CM-1" in text
    assert "$0.00" in text
    assert "voided" in text


def test_the_lists_are_cut_and_the_counts_are_not(sales: Sales, ann: dict[str, Any]) -> None:
    for _ in range(45):
        sales.invoice(ann, line(1))
    assert len(rows(sales, "invoices")) == 40
    text = sales.books.client.get("/", query_string={"realm": sales.books.realm}).text
    assert 'data-part="invoice-count">45<' in text


def test_nobodys_text_is_trusted(sales: Sales, world: World) -> None:
    sales.invoice(sales.books.customer(HOSTILE), DocNumber="<b>1</b>")
    text = sales.books.client.get("/").text
    assert HOSTILE not in text
    assert "<b>1</b>" not in text


@pytest.mark.parametrize(("cents", "shown"), [(0, "$0.00"), (123456789, "$1,234,567.89"), (-5, "-$0.05")])
def test_money_is_written_plainly(cents: int, shown: str) -> None:
    assert dollars(cents) == shown
