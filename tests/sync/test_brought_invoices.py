"""Invoices people make in QuickBooks appear in Coperniq, to the cent."""

from __future__ import annotations

import pytest

from tests.sync.invoice_scenes import assert_at_rest
from tests.sync.office import Office
from tests.sync.two_way import Books, coperniq_state, open_both


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
    (invoice,) = coperniq_state(books.money, "invoices")
    assert invoice["amount"] == made["TotalAmt"]
    assert_at_rest(books.money)
