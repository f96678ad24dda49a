"""What Coperniq's documentation leaves open about the invoices and payments it is given: right under either answer."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import SyncRun
from tests.portal_harness import PortalHarness
from tests.sampling import thinned
from tests.sync.invoice_builders import later, lines_of
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice, payments
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


@pytest.mark.parametrize("switch", [{"line_update": "merge"}, {"line_ids": "renewed"}])
def test_a_line_taken_off_in_quickbooks_goes_whatever_coperniq_does_with_lines(
    sides: TwoWayHarness, switch: dict[str, str]
) -> None:
    sides.harness.portal.simulator.switch(**switch)
    made = sides.invoice(
        {"item": "Permit", "quantity": 2, "price": 100}, {"item": "Labour", "quantity": 1, "price": 50}
    )
    sides.sync()
    sides.change(made, lines=[{"item": "Permit", "quantity": 2, "price": 90}])
    sides.sync()
    assert invoice(sides)["amount"] == 180
    assert_nothing_left_to_do(sides)
    line = next(one for one in lines_of(invoice(sides)) if one["unitPrice"] == 90)
    rest = [one for one in lines_of(invoice(sides)) if one["unitPrice"] != 90]
    sides.harness.edit(invoice(sides), lineItems=[{**line, "quantity": 1}, *rest])
    sides.harness.work()
    assert sides.harness.in_books()["TotalAmt"] == 90
    assert_nothing_left_to_do(sides)


def test_lines_of_a_paid_invoice_that_coperniq_refuses_to_change_are_held(sides: TwoWayHarness) -> None:
    made = sides.invoice({"item": "Permit", "quantity": 2, "price": 100})
    sides.sync()
    sides.payment({"id": made["Id"], "amount": 50})
    sides.sync()
    sides.harness.portal.simulator.switch(edit_paid_invoice="refuse")
    sides.change(made, lines=[{"item": "Permit", "quantity": 3, "price": 100}], note="More")
    sides.sync()
    run = sides.harness.held()
    assert run.sentence
    assert_nothing_left_to_do(sides)
    sides.harness.portal.simulator.switch(edit_paid_invoice="allow")
    sides.harness.decide("retry")
    assert invoice(sides)["amount"] == 300
    assert_nothing_left_to_do(sides)


SWITCHES = [
    {"due_date_absent": "null"},
    {"bare_dates": "accept"},
    {"sent_time_of_day": "midnight_utc"},
    {"line_ids": "renewed", "line_update": "merge"},
    {"invoice_list_shape": "array"},
    {"has_more": "full_page"},
    {"account_invoices": "own"},
    {"deleted_catalog_item": "shown"},
    {"payment_moves_updated_at": False},
    {"payment_moves_amount_paid": False, "payment_moves_status": False},
    {"payment_status": "COMPLETED"},
    {"overpayment": "accept"},
    {"legacy_shape": True},
    {"timestamp_form": "seconds"},
    {"patch_always_touches": False},
    {"duplicate_item_code": "refuse"},
    {"payment_reference_length": 10},
    {"lines_move_status": False},
    {"overdue": "never"},
]


@pytest.mark.parametrize("switches", thinned(SWITCHES, 4), ids=lambda one: "-".join(one))
def test_a_year_of_an_invoice_under_every_answer(sides: TwoWayHarness, switches: dict[str, Any]) -> None:
    """Brought over, changed on both sides, paid in parts, and copied by nobody."""
    sides.harness.portal.simulator.switch(**switches)
    made = sides.invoice(
        {"item": "Permit", "quantity": "2.5", "price": 40, "description": "Hours"},
        {"item": "Labour", "quantity": 2, "price": 50},
        note="First",
        due="2027-01-31",
    )
    sides.sync()
    assert_nothing_left_to_do(sides)
    sides.change(
        made, note="Second", due="2027-02-28", lines=[{"item": "Labour", "quantity": 3, "price": 50}]
    )
    sides.sync()
    assert_nothing_left_to_do(sides)
    later(sides.harness.portal, 3)
    ours = invoice(sides)
    sides.harness.edit(ours, description=ours["description"].replace("Second", "Third"), dueDate="2027-03-31")
    sides.harness.work()
    document = sides.harness.in_books()
    assert (document["PrivateNote"].split("\n")[0], document["DueDate"]) == ("Third", "2027-03-31")
    assert_nothing_left_to_do(sides)
    for amount in (50, 100):
        sides.payment({"id": made["Id"], "amount": amount}, reference="A long reference")
        sides.sync()
    assert [row["amount"] for row in payments(sides)] == [50, 100]
    assert len(sides.harness.books("Payment")) == 2
    assert_nothing_left_to_do(sides)
    assert invoice(sides)["amount"] == sides.harness.in_books()["TotalAmt"] == 150
    assert not SyncRun.objects.held().exists()
