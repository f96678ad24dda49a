"""DocNumber: who gives it, and when one that is taken is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator.quickbooks.sale_rules import next_number
from tests.simulator.conftest import Books, problem
from tests.simulator.sales import Sales, line

if TYPE_CHECKING:
    from simulator.world import World


@pytest.fixture
def sales(books: Books) -> Sales:
    return Sales(books)


@pytest.fixture
def ann(books: Books) -> dict[str, Any]:
    return books.customer("Ann Lee")


@pytest.fixture
def own_numbers(sales: Sales) -> None:
    sales.settings(custom_txn_numbers=True)


def test_quickbooks_counts_on_from_the_last_number(sales: Sales, ann: dict[str, Any]) -> None:
    sent = [None, None, "7000", None, "J-0099", None, "none", None]
    numbers = [sales.invoice(ann, DocNumber=one)["DocNumber"] for one in sent]
    assert numbers == ["1001", "1002", "7000", "7001", "J-0099", "J-0100", "none", "none1"]


@pytest.mark.parametrize(("way", "last"), [("always", "J-2"), ("numeric", "7001"), ("never", "1002")])
def test_a_sent_number_may_move_the_counter(
    sales: Sales, ann: dict[str, Any], world: World, way: str, last: str
) -> None:
    world.switches["sent_number_moves_counter"] = way
    for number in (None, "7000", "J-1"):
        sales.invoice(ann, DocNumber=number)
    assert sales.invoice(ann)["DocNumber"] == last


def test_refused_invoices_use_up_no_number(sales: Sales, ann: dict[str, Any]) -> None:
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
    sales: Sales, ann: dict[str, Any], world: World, way: str, code: str | None
) -> None:
    world.switches["duplicates_when_counting"] = way
    sales.invoice(ann, DocNumber="5")
    answer = sales.refused(ann, DocNumber="5")
    assert (problem(answer)["code"] if answer.status_code == 400 else None) == code


@pytest.mark.usefixtures("own_numbers")
def test_own_numbers_are_kept_and_none_is_none(sales: Sales, ann: dict[str, Any]) -> None:
    assert sales.invoice(ann, DocNumber="CPQ-17")["DocNumber"] == "CPQ-17"
    assert "DocNumber" not in sales.invoice(ann)


@pytest.mark.usefixtures("own_numbers")
@pytest.mark.parametrize("tail", ["present", "absent"])
def test_a_taken_number_is_6140_and_perhaps_says_where(
    sales: Sales, ann: dict[str, Any], world: World, tail: str
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
def test_a_taken_number_can_be_allowed(sales: Sales, ann: dict[str, Any]) -> None:
    sales.invoice(ann, DocNumber="17")
    second = sales.write("invoice?include=allowduplicatedocnum", sales.body(ann, DocNumber="17"))
    assert second["DocNumber"] == "17"
    assert problem(sales.books.post("invoice?include=everything", sales.body(ann)))["code"] == "500"


@pytest.mark.usefixtures("own_numbers")
def test_a_number_moves_with_updates_and_goes_with_deletion(sales: Sales, ann: dict[str, Any]) -> None:
    first, second = sales.invoice(ann, DocNumber="1"), sales.invoice(ann, DocNumber="2")
    assert problem(sales.change("Invoice", second, DocNumber="1"))["code"] == "6140"
    assert sales.changed("Invoice", second, DocNumber="2", PrivateNote="x")["DocNumber"] == "2"
    sales.changed("Invoice", first, DocNumber="3")
    assert sales.invoice(ann, DocNumber="1")["DocNumber"] == "1"
    sales.delete("Invoice", sales.read("Invoice", first))
    assert sales.invoice(ann, DocNumber="3")["DocNumber"] == "3"


@pytest.mark.usefixtures("own_numbers")
def test_a_voided_invoice_keeps_its_number(sales: Sales, ann: dict[str, Any]) -> None:
    sales.void(sales.invoice(ann, DocNumber="1"))
    assert problem(sales.refused(ann, DocNumber="1"))["code"] == "6140"


@pytest.mark.parametrize(("way", "number"), [("clear", None), ("keep", "1001"), ("renumber", "1002")])
def test_a_full_update_without_number(
    sales: Sales, ann: dict[str, Any], world: World, way: str, number: str | None
) -> None:
    world.switches["full_update_without_number"] = way
    first = sales.invoice(ann)
    body = {"Id": first["Id"], "SyncToken": "0", **sales.body(ann, line(5))}
    assert sales.write("invoice", body).get("DocNumber") == number
