"""Whatever happens to invoices and payments, and to the portal meanwhile: both sides agree to the cent, once."""

from __future__ import annotations

import pytest

from tests.invoice_harness import open_invoice_harness
from tests.portal_harness import PortalHarness, open_portal
from tests.sampling import seeds
from tests.simulation import Simulation
from tests.sync.histories import MATCHED, Chance, History, check, second_pass

SWITCHES: dict[str, list[object]] = {
    "itemless_lines": ["kept", "replaced", "ignored"],
    "line_ids": ["kept", "renewed"],
    "payment_moves_updated_at": [True, False],
    "invoice_list_shape": ["wrapped", "array"],
    "requestid_memory_seconds": [86400, 0],
    "void_note": ["replaced", "kept_behind"],
    "duplicate_number_tail": [True, False],
}


@pytest.mark.parametrize("seed", seeds(40))
def test_both_sides_agree_to_the_cent(db: None, simulator: Simulation, seed: int) -> None:
    chance = Chance(seed)
    chosen = {name: chance.choice(values) for name, values in SWITCHES.items()}
    portal = open_portal(simulator, custom_txn_numbers=chance.random() < 0.5)
    harness = open_invoice_harness(portal, **chosen)
    for name in MATCHED:
        harness.book_item(name)
    harness.configure(fallback_item=harness.book_item("Sales")["Id"])
    history = History(harness)
    for step in chance.history():
        history.play(step)
    history.settle_down()
    check(history)
    second_pass(history)


@pytest.mark.parametrize("price", ["0.01", "0.10", "1.15", "19.99", "333.33", "1234567.89"])
def test_odd_prices_arrive_to_the_cent(portal: PortalHarness, price: str) -> None:
    harness = open_invoice_harness(portal)
    harness.book_item("Permit")
    harness.invoice(("Permit", 7, price))
    harness.work()
    assert round(harness.in_books()["TotalAmt"] * 100) == round(float(price) * 700)
