"""Statements about invoices and payments: what may be asked, in which order it comes, and how long it takes."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from simulator.quickbooks.writing import enter
from tests.simulator.conftest import Books, document, problem
from tests.simulator.sales import Sales, line, pays

if TYPE_CHECKING:
    from simulator.world import World


@pytest.fixture
def sales(books: Books) -> Sales:
    return Sales(books)


@pytest.fixture
def forms(sales: Sales, world: World) -> dict[str, dict[str, Any]]:
    """Three invoices and two payments, a second apart."""
    ann, bob = sales.books.customer("Ann"), sales.books.customer("Bob")
    found = {"ann": ann, "bob": bob}
    for name, customer, total, day in (
        ("a", ann, 100, "2024-01-10"),
        ("b", bob, 50, "2024-01-05"),
        ("c", ann, 75, "2024-02-01"),
    ):
        world.clock.shift(timedelta(seconds=2))
        found[name] = sales.invoice(customer, line(total), TxnDate=day, DocNumber=f"CPQ-{name.upper()}")
    world.clock.shift(timedelta(seconds=2))
    found["p"] = sales.payment(ann, 30, pays(30, found["a"]), PaymentRefNum="4711", TxnDate="2024-03-01")
    world.clock.shift(timedelta(seconds=2))
    found["q"] = sales.payment(bob, 20, PaymentMethodRef={"value": "1"}, TxnDate="2024-03-02")
    return found


def names(forms: dict[str, dict[str, Any]], rows: list[dict[str, Any]], among: str) -> str:
    return "".join(next(name for name in among if forms[name]["Id"] == row["Id"]) for row in rows)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", "acb"),
        ("WHERE DocNumber = 'CPQ-B'", "b"),
        ("WHERE DocNumber = 'cpq-b'", "b"),
        ("WHERE DocNumber IN ('CPQ-A', 'CPQ-C', 'x')", "ac"),
        ("WHERE DocNumber LIKE 'CPQ%'", "acb"),
        ("WHERE CustomerRef = '1'", "ac"),
        ("WHERE CustomerRef = '1' AND TxnDate >= '2024-02-01'", "c"),
        ("WHERE CustomerRef IN ('1', '2') ORDERBY TotalAmt", "bca"),
        ("WHERE TxnDate < '2024-01-10'", "b"),
        ("WHERE DueDate > '2024-02-05' ORDERBY TxnDate ASC", "ac"),
        ("WHERE Balance > '60' ORDERBY Id", "ac"),
        ("WHERE Balance = '70.00'", "a"),
        ("WHERE TotalAmt <= '75' ORDERBY TotalAmt DESC", "cb"),
        ("WHERE Id IN ('1', '3', '99')", "ac"),
        ("WHERE Id = '2' AND DocNumber = 'CPQ-A'", ""),
        ("ORDERBY MetaData.LastUpdatedTime", "bca"),
        ("ORDERBY Id STARTPOSITION 2 MAXRESULTS 1", "b"),
    ],
)
def test_invoices_are_found(sales: Sales, forms: dict[str, Any], where: str, expected: str) -> None:
    rows = sales.rows(f"SELECT * FROM Invoice {where}")
    assert names(forms, rows, "abc") == expected


def test_invoices_since_a_moment(sales: Sales, forms: dict[str, Any]) -> None:
    since = forms["c"]["MetaData"]["LastUpdatedTime"]
    rows = sales.rows(f"SELECT * FROM Invoice WHERE MetaData.LastUpdatedTime >= '{since}'")
    assert names(forms, rows, "abc") == "ac"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", "qp"),
        ("WHERE PaymentRefNum = '4711'", "p"),
        ("WHERE PaymentMethodRef = '1'", "q"),
        ("WHERE CustomerRef = '2'", "q"),
        ("WHERE TotalAmt > '25' AND TxnDate = '2024-03-01'", "p"),
    ],
)
def test_payments_are_found(sales: Sales, forms: dict[str, Any], where: str, expected: str) -> None:
    assert names(forms, sales.rows(f"SELECT * FROM Payment {where}"), "pq") == expected


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELECT * FROM Invoice WHERE PrivateNote = 'x'", "property 'PrivateNote' is not queryable"),
        ("SELECT * FROM Invoice WHERE EmailStatus = 'NotSet'", "property 'EmailStatus' is not queryable"),
        (
            "SELECT * FROM Invoice WHERE CustomerRef.value = '1'",
            "property 'CustomerRef.value' is not queryable",
        ),
        ("SELECT * FROM Invoice WHERE Line.Amount > '1'", "property 'Line.Amount' is not queryable"),
        ("SELECT * FROM Invoice WHERE Nonsense = '1'", "Property Nonsense not found for Entity Invoice"),
        ("SELECT * FROM Payment WHERE UnappliedAmt > '0'", "property 'UnappliedAmt' is not queryable"),
        ("SELECT * FROM Payment WHERE DocNumber = '1'", "Property DocNumber not found for Entity Payment"),
        ("SELECT * FROM Invoice WHERE TxnDate = 'today'", "invalid value today for property TxnDate"),
        ("SELECT * FROM Invoice WHERE CustomerRef = 1", "invalid value 1 for property CustomerRef"),
    ],
)
def test_what_cannot_be_asked(sales: Sales, statement: str, said: str) -> None:
    found = problem(sales.books.query(statement))
    assert (found["code"], found["Detail"]) == ("4001", f"QueryValidationError: {said}")


@pytest.mark.parametrize("name", ["PaymentRefNum", "PaymentMethodRef"])
def test_the_doubtful_filters_can_be_off(sales: Sales, world: World, name: str) -> None:
    world.switches["payment_reference_queryable"] = False
    found = problem(sales.books.query(f"SELECT * FROM Payment WHERE {name} = '1'"))
    assert found["Detail"] == f"QueryValidationError: property '{name}' is not queryable"


@pytest.mark.parametrize(
    ("entity", "counted"),
    [("Invoice", True), ("Deposit", True), ("Payment", False), ("CreditMemo", False), ("Item", False)],
)
def test_total_count_where_it_was_recorded(
    sales: Sales, forms: dict[str, Any], entity: str, counted: bool
) -> None:
    sales.person("POST", "deposits", {"payments": [forms["q"]["Id"]]})
    sales.person("POST", "records/CreditMemo", sales.body(forms["ann"], line(5)))
    found = document(sales.books.query(f"SELECT * FROM {entity}"))["QueryResponse"]
    assert ("totalCount" in found) is counted
    assert document(sales.books.query(f"SELECT COUNT(*) FROM {entity}"))["QueryResponse"]["totalCount"] > 0


def test_a_line_of_a_payment_is_whole_in_a_list(sales: Sales, forms: dict[str, Any]) -> None:
    row = sales.rows("SELECT * FROM Payment WHERE PaymentRefNum = '4711'")[0]
    assert row["Line"][0]["LineEx"]["any"]
    assert row["DepositToAccountRef"]["name"] == "Undeposited Funds"


def test_thousands_of_invoices_are_no_burden(sales: Sales, world: World) -> None:
    """Four thousand written and forty questions asked, each far below the tenth of a second it may take."""
    ann = sales.books.customer("Ann")
    company = world.quickbooks.companies[sales.books.realm]
    sales.settings(custom_txn_numbers=True)
    for number in range(4000):
        enter(company, "Invoice", sales.body(ann, line(100), DocNumber=f"N-{number}"))
    begun = time.perf_counter()
    for number in range(20):
        assert len(sales.rows(f"SELECT * FROM Invoice WHERE DocNumber = 'N-{number}'")) == 1
        assert sales.refused(ann, DocNumber=f"N-{number}").status_code == 400
    by_number = time.perf_counter() - begun
    begun = time.perf_counter()
    assert len(sales.rows("SELECT * FROM Invoice WHERE Balance > '99' ORDERBY Id MAXRESULTS 10")) == 10
    assert by_number < 2
    assert time.perf_counter() - begun < 2
