"""Invoices and payments while the worker is killed with SIGKILL again and again: to the cent, once, nothing lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.processes.house import House, Tenant, eventually

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]

KILLS = 10
CLIENTS = ("Ada Stone", "Bob Hill", "Cid Brook")


class Books:
    """What a company's people do with invoices, and what both vendors have in the end."""

    def __init__(self, mine: Tenant, seed: int) -> None:
        self.mine, self.simulator = mine, mine.house.simulator
        self.chance = Random(seed)
        self.item = self.simulator.make("catalog-items", mine.api_key, name="Hours")["id"]
        self.projects = [mine.project(name, n) for n, name in enumerate(CLIENTS, 1)]
        for project in self.projects:
            mine.enter(project)
        self.invoices: list[dict[str, Any]] = []

    def live(self) -> None:
        """One new invoice, one edit, one payment: whichever comes first at the portal."""
        self.invoices.append(self.make())
        self.edit(self.chance.choice(self.invoices))
        self.pay(self.chance.choice(self.invoices))

    def lines(self) -> list[dict[str, Any]]:
        return [
            {"catalogItemId": self.item, "quantity": self.chance.randint(1, 9), "unitPrice": self.price()}
            for _ in range(self.chance.randint(1, 4))
        ]

    def price(self) -> Decimal:
        return Decimal(self.chance.randint(10_000, 99_999)) / 100

    def make(self) -> dict[str, Any]:
        project = self.chance.choice(self.projects)
        return self.simulator.make(
            "invoices", self.mine.api_key, recordId=project["id"], lineItems=self.lines()
        )

    def edit(self, invoice: dict[str, Any]) -> None:
        more = [*self.now(invoice)["lineItems"], *self.lines()]
        names = ("id", "catalogItemId", "quantity", "unitPrice", "description")
        rows = [{name: row[name] for name in names if row.get(name) is not None} for row in more]
        self.simulator.change("invoices", invoice["id"], self.mine.api_key, lineItems=rows)

    def pay(self, invoice: dict[str, Any]) -> None:
        path = f"coperniq/{self.mine.api_key}/invoices/{invoice['id']}/payments"
        self.simulator.control(path, {"amount": self.price(), "paymentMethod": "CHECK"})

    def now(self, invoice: dict[str, Any]) -> dict[str, Any]:
        return next(row for row in self.at_coperniq() if row["id"] == invoice["id"])

    def at_coperniq(self) -> list[dict[str, Any]]:
        return list(self.simulator.state()["coperniq"][self.mine.api_key]["invoices"])

    def in_quickbooks(self, entity: str) -> list[dict[str, Any]]:
        return list(self.simulator.state()["quickbooks"][self.mine.realm].get(entity, []))

    def totals(self) -> dict[str, tuple[int, int, int]]:
        """By number: total and paid in cents, and how many payments, as Coperniq has them."""
        return {
            str(row["uid"]): (cents(row["amount"]), cents(row["amountPaid"]), len(row["payments"]))
            for row in self.at_coperniq()
        }

    def totals_in_books(self) -> dict[str, tuple[int, int, int]]:
        return {
            row["DocNumber"]: (
                cents(row["TotalAmt"]),
                cents(row["TotalAmt"]) - cents(row["Balance"]),
                len(row["LinkedTxn"]),
            )
            for row in self.in_quickbooks("Invoice")
        }


def cents(amount: object) -> int:
    return round(Decimal(str(amount)) * 100)


def switched_on(mine: Tenant) -> None:
    mine.house.manage("configure", "--company", mine.slug, "invoice_sync=on", "fallback_item=1")


def strike(house: House, mine: Tenant, number: int, chance: Random) -> None:
    """Every other time while an applied write waits for its answer, else at any moment."""
    if number % 2:
        path = chance.choice(["invoice", "payment"])
        fault = {"vendor": "quickbooks", "fault": "hang", "method": "POST", "path": f"{mine.realm}/{path}"}
        house.simulator.control("faults", fault | {"times": 1, "seconds": 20, "skip": chance.randint(0, 1)})
    before = len(house.simulator.log("quickbooks", write=True))
    eventually(lambda: len(house.simulator.log("quickbooks", write=True)) > before, "the worker writes")
    time.sleep(chance.random() / 4)
    house.kill_worker()
    house.simulator.control("faults", method="DELETE")
    house.start_worker()


def test_ten_kills_change_nothing(house: House, tenant: Callable[..., Tenant]) -> None:
    mine = tenant()
    switched_on(mine)
    books, chance = Books(mine, 7), Random(7)
    for number in range(KILLS):
        books.live()
        strike(house, mine, number, chance)
    assert mine.sync(120) == 0
    assert books.totals_in_books() == books.totals()
    assert len(books.in_quickbooks("Invoice")) == KILLS
    assert len(books.in_quickbooks("Payment")) == KILLS
    writes = mine.writes()
    assert mine.sync() == 0
    assert mine.writes() == writes
