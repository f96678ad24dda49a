"""Invoices and payments while the worker is killed with SIGKILL again and again: to the cent, once, nothing lost.

People work on both sides; QuickBooks tells of it by webhooks that get lost, come twice and come late.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.processes.process_stack import VERIFIER, ProcessStack, Tenant
from tests.processes.worker import eventually

pytestmark = pytest.mark.processes

KILLS = 10
CLIENTS = ("Ada Stone", "Bob Hill", "Cid Brook")
MADE_IN_COPERNIQ = re.compile(r"\[Coperniq (\w+)-")
MADE_IN_QUICKBOOKS = re.compile(r"\AQBO #([\w-]+)")
PUT_OFF = "2040"

Totals = dict[str, tuple[int, int, int, str]]


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
        self.written = self.received = 0

    def live(self) -> None:
        """One new invoice, one edit, one payment on each side: whichever comes first at the portal."""
        self.invoices.append(self.make())
        self.edit(self.chance.choice(self.invoices))
        self.pay(self.chance.choice(self.invoices))
        self.write()
        self.put_off()
        self.receive()

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
        """Never as much as anybody receives in QuickBooks: it would be the same cheque."""
        path = f"coperniq/{self.mine.api_key}/invoices/{invoice['id']}/payments"
        self.simulator.control(path, {"amount": self.coins(1), "paymentMethod": "CHECK"})

    def coins(self, dollars: int) -> Decimal:
        """So little that all of it together pays no invoice."""
        return Decimal(dollars * 100 + self.chance.randint(0, 99)) / 100

    def person(self, path: str, body: dict[str, Any], method: str = "POST") -> None:
        self.simulator.control(f"quickbooks/{self.mine.realm}/{path}", body, method)

    def write(self) -> None:
        jobs = self.mine.jobs()
        if jobs and self.chance.random() < 0.4:
            line = {"item": "Services", "quantity": 1, "price": self.price()}
            self.person("invoices", {"customer": self.chance.choice(jobs)["Id"], "lines": [line]})
            self.written += 1

    def put_off(self) -> None:
        documents = self.in_quickbooks("Invoice")
        if documents:
            due = f"{PUT_OFF}-{self.chance.randint(1, 12):02d}-{self.chance.randint(1, 28):02d}"
            self.person(f"invoices/{self.chance.choice(documents)['Id']}", {"due": due}, "PATCH")

    def receive(self) -> None:
        documents = self.in_quickbooks("Invoice")
        if documents:
            path = f"invoices/{self.chance.choice(documents)['Id']}/payments"
            self.person(path, {"amount": self.coins(2)})
            self.received += 1

    def now(self, invoice: dict[str, Any]) -> dict[str, Any]:
        return next(row for row in self.at_coperniq() if row["id"] == invoice["id"])

    def at_coperniq(self) -> list[dict[str, Any]]:
        return list(self.simulator.state()["coperniq"][self.mine.api_key]["invoices"])

    def in_quickbooks(self, entity: str) -> list[dict[str, Any]]:
        return list(self.simulator.state()["quickbooks"][self.mine.realm].get(entity, []))

    def writes(self) -> int:
        """To either vendor."""
        calls = self.simulator.log("coperniq", write=True)
        return self.mine.writes() + len([call for call in calls if call["method"] != "GET"])

    def totals(self) -> Totals:
        """By the one that was there first: total and paid in cents, how many payments, and until when it was put off."""
        return {
            name_of(str(row["id"]), "C", "Q", self.made_from(row)): (
                cents(row["amount"]),
                cents(row["amountPaid"]),
                len(row["payments"]),
                put_off_until(str(row.get("dueDate") or "")),
            )
            for row in self.at_coperniq()
        }

    def made_from(self, invoice: dict[str, Any]) -> str:
        """The id of the QuickBooks invoice that it was brought over from, "" of Coperniq's own."""
        found = MADE_IN_QUICKBOOKS.search(invoice["description"] or "")
        own = [row for row in self.in_quickbooks("Invoice") if not made_for(row)]
        return next((row["Id"] for row in own if found and row["DocNumber"] == found[1]), "")

    def totals_in_books(self) -> Totals:
        return {
            name_of(row["Id"], "Q", "C", made_for(row)): (
                cents(row["TotalAmt"]),
                cents(row["TotalAmt"]) - cents(row["Balance"]),
                len(row["LinkedTxn"]),
                put_off_until(row["DueDate"]),
            )
            for row in self.in_quickbooks("Invoice")
        }


def made_for(document: dict[str, Any]) -> str:
    """The id of the Coperniq invoice that it was created for, "" of QuickBooks' own."""
    found = MADE_IN_COPERNIQ.search(document.get("PrivateNote", ""))
    return found[1] if found else ""


def name_of(id_: str, here: str, there: str, origin: str) -> str:
    return f"{there}{origin}" if origin else f"{here}{id_}"


def put_off_until(due: str) -> str:
    return due[:10] if due.startswith(PUT_OFF) else ""


def cents(amount: object) -> int:
    return round(Decimal(str(amount)) * 100)


def switched_on(mine: Tenant) -> None:
    mine.house.manage("configure", "--company", mine.slug, "invoice_sync=on", "fallback_item=1")


@pytest.fixture
def telling(house: ProcessStack) -> Iterator[ProcessStack]:
    """QuickBooks' webhooks, as unreliable as may be."""
    target = {
        "url": f"{house.portal}/webhooks/quickbooks/",
        "verifier_token": VERIFIER,
        "form": "cloudevents",
    }
    house.simulator.control("webhooks/quickbooks", target, "PUT")
    chances = dict.fromkeys(
        ("lost", "duplicate", "late", "event_lost", "event_duplicate", "event_shuffle"), 0.2
    )
    chaos = {"vendor": "quickbooks", "fault": "chaos", "seconds": 2, "seed": 7}
    house.simulator.control("webhooks/faults", chaos | chances)
    yield house
    house.simulator.control("webhooks/quickbooks", {"url": ""}, "PUT")


def strike(house: ProcessStack, mine: Tenant, number: int, chance: Random) -> None:
    """Every other time while an applied write waits for its answer, else at any moment."""
    if number % 2:
        path = chance.choice(["invoice", "payment"])
        fault = {"vendor": "quickbooks", "fault": "hang", "method": "POST", "path": f"{mine.realm}/{path}"}
        house.simulator.control("faults", fault | {"times": 1, "seconds": 20, "skip": chance.randint(0, 1)})
    before = len(house.simulator.log("quickbooks", write=True))
    eventually(lambda: len(house.simulator.log("quickbooks", write=True)) > before, "the worker writes")
    time.sleep(chance.random() / 4)
    house.worker.kill()
    house.simulator.control("faults", method="DELETE")
    house.worker.start()


@pytest.mark.soak
def test_ten_kills_change_nothing(telling: ProcessStack, tenant: Callable[..., Tenant]) -> None:
    mine = tenant()
    switched_on(mine)
    books, chance = Books(mine, 7), Random(7)
    for number in range(KILLS):
        books.live()
        strike(telling, mine, number, chance)
    assert mine.sync(120) == 0
    assert books.totals_in_books() == books.totals()
    assert len(books.in_quickbooks("Invoice")) == KILLS + books.written
    assert len(books.in_quickbooks("Payment")) == KILLS + books.received
    writes = books.writes()
    assert mine.sync() == 0
    assert books.writes() == writes
