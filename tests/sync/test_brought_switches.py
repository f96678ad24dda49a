"""What Coperniq's documentation leaves open about the invoices and payments it is given: right under either answer."""

from __future__ import annotations

import pytest

from tests.sync.invoice_scenes import lines_of
from tests.sync.office import Office
from tests.sync.pull_scenes import assert_calm, invoice
from tests.sync.two_way import Books, open_both


@pytest.fixture
def books(office: Office) -> Books:
    return open_both(office)


@pytest.mark.parametrize("switch", [{"line_update": "merge"}, {"line_ids": "renewed"}])
def test_a_line_taken_off_in_quickbooks_goes_whatever_coperniq_does_with_lines(
    books: Books, switch: dict[str, str]
) -> None:
    books.money.office.simulator.switch(**switch)
    made = books.invoice(
        {"item": "Permit", "quantity": 2, "price": 100}, {"item": "Labour", "quantity": 1, "price": 50}
    )
    books.heard()
    books.change(made, lines=[{"item": "Permit", "quantity": 2, "price": 90}])
    books.heard()
    assert invoice(books)["amount"] == 180
    assert_calm(books)
    line = next(one for one in lines_of(invoice(books)) if one["unitPrice"] == 90)
    rest = [one for one in lines_of(invoice(books)) if one["unitPrice"] != 90]
    books.money.edit(invoice(books), lineItems=[{**line, "quantity": 1}, *rest])
    books.money.work()
    assert books.money.in_books()["TotalAmt"] == 90
    assert_calm(books)


def test_lines_of_a_paid_invoice_that_coperniq_refuses_to_change_are_held(books: Books) -> None:
    made = books.invoice({"item": "Permit", "quantity": 2, "price": 100})
    books.heard()
    books.payment({"id": made["Id"], "amount": 50})
    books.heard()
    books.money.office.simulator.switch(edit_paid_invoice="refuse")
    books.change(made, lines=[{"item": "Permit", "quantity": 3, "price": 100}], note="More")
    books.heard()
    run = books.money.held()
    assert run.sentence
    assert_calm(books)
    books.money.office.simulator.switch(edit_paid_invoice="allow")
    books.money.decide("retry")
    assert invoice(books)["amount"] == 300
    assert_calm(books)
