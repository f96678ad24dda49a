"""Invoices people make in QuickBooks appear in Coperniq, to the cent."""

from __future__ import annotations

import pytest

from tests.sync.office import Office
from tests.sync.pull_scenes import assert_calm, invoice, ring_again
from tests.sync.two_way import Books, open_both


@pytest.fixture
def books(office: Office) -> Books:
    return open_both(office)


def test_a_new_invoice_comes_over_with_its_total(books: Books) -> None:
    made = books.invoice(
        {"item": "Permit", "quantity": "2.5", "price": 40, "description": "Hours"},
        {"item": "Labour", "quantity": 2, "price": 100},
        {"item": "Labour", "quantity": 1, "price": 30, "description": "Travel"},
        tax="12.34",
        discount={"percent": 10},
        due="2027-01-31",
        memo="Thanks",
        note="Roof",
    )
    books.heard()
    assert invoice(books)["amount"] == made["TotalAmt"]
    assert_calm(books)


@pytest.mark.parametrize("rings", [False, True])
def test_a_change_in_the_very_second_of_the_version_before_comes_over_too(books: Books, rings: bool) -> None:
    made = books.invoice(memo="", note="First")
    books.heard()
    books.change(made, note="Second")
    if rings:
        ring_again(books)
    books.heard()
    assert invoice(books)["description"].startswith("QBO #1001: Second\n")
    assert_calm(books)
