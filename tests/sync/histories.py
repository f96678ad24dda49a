"""Random histories of invoices and payments, played at the simulator; and what has to hold when the dust has settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from unittest import mock

from django.utils import timezone

from integrations.models import CompanyLease, RecordLink, RemoteWrite, SyncRun
from integrations.models.leases import LONG_AGO
from integrations.quickbooks.client import QuickBooksClient
from integrations.sync.engine import executor as engine_executor
from integrations.sync.engine import outbox as engine_outbox
from integrations.sync.engine import persistence as engine_persistence
from tests.invoice_harness import InvoiceHarness
from tests.simulation import API_KEY

NAMES = ("Permit", "Panel", "Inverter", "Roof", "Discount", "Unheard of")
MATCHED = {"Permit", "Panel", "Inverter"}
FAULTS = ("lost_answer", "error_500", "throttle", "stale", "refuse_connection_before", "error_502_html")

ODD_CENTS = (1, 5, 10, 33, 99, 101, 1001, 19999, 12345678)

Step = tuple[Any, ...]


class Chance(Random):
    """One history for each seed."""

    def price(self) -> Decimal:
        return Decimal(self.choice([self.choice(ODD_CENTS), self.randint(1, 2_000_000)])) / 100

    def lines(self) -> list[tuple[str, int, Decimal]]:
        """A discount never takes more than the rest has."""
        rows = [
            (self.choice(NAMES[:4] + NAMES[5:]), self.randint(1, 40), self.price())
            for _ in range(self.choice([1, 1, 2, 3, 5, 12]))
        ]
        total = sum((quantity * price for _, quantity, price in rows), Decimal(0))
        discount = [("Discount", 1, -min(self.price(), total))] if self.random() < 0.3 else []
        return [*rows, *discount]

    def step(self) -> Step:
        which = self.randint(0, 5)
        return self.choice(
            [
                ("create", self.lines()),
                ("percentage", self.choice([Decimal("30"), Decimal("33.33"), Decimal("0.5"), Decimal(100)])),
                ("edit_lines", which, self.lines()),
                ("edit_line", which, self.randint(1, 30), self.price()),
                ("edit_memo", which, "".join(self.choices("abc é'\"\\:&#", k=self.randint(0, 20)))),
                ("edit_due", which, date(2027, 1, 1) + timedelta(days=self.randint(0, 900))),
                *[("pay", which, Decimal(self.choice(["0.01", "0.25", "0.5", "1"])))] * 3,
                ("decline", which) if self.random() < 0.4 else ("work",),
            ]
        )

    def trouble(self) -> Step:
        return self.choice(
            [
                ("fault", self.choice(FAULTS), self.randint(1, 3), self.randint(0, 4)),
                (
                    "coperniq_fault",
                    self.choice(["error_500", "throttle"]),
                    self.randint(1, 2),
                    self.randint(0, 3),
                ),
                ("crash", self.randint(0, 14)),
            ]
        )

    def history(self) -> list[Step]:
        steps: list[Step] = [("create", self.lines()), ("create", self.lines()), ("work",)]
        for _ in range(self.randint(6, 14)):
            steps.append(self.step())
            steps += [self.trouble()] if self.random() < 0.5 else []
            steps += [("work",)] if self.random() < 0.4 else []
        return steps


class Crash(BaseException):
    """The process ends here: nothing after this line happens, and nothing catches it."""


PLACES: list[tuple[Any, str]] = [
    (QuickBooksClient, "write"),
    (engine_outbox, "store_as_sent"),
    (RemoteWrite, "close"),
    (engine_persistence, "store_link"),
    (engine_executor, "settle_run"),
]


@dataclass
class Crasher:
    """Ends the process at the n-th of the places where it hurts: around each row, request and answer."""

    left: int | None = None
    places: list[tuple[Any, str]] = field(default_factory=lambda: PLACES)

    def hit(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            raise Crash

    def around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def crashing(*args: Any, **kwargs: Any) -> Any:
            self.hit()
            found = real(*args, **kwargs)
            self.hit()
            return found

        return crashing

    @contextmanager
    def installed(self) -> Iterator[None]:
        if self.left is None:
            yield
            return
        patches = [
            mock.patch.object(owner, name, self.around(getattr(owner, name))) for owner, name in self.places
        ]
        for patch in patches:
            patch.start()
        try:
            yield
        finally:
            for patch in patches:
                patch.stop()


@dataclass
class History:
    harness: InvoiceHarness
    crasher: Crasher = field(default_factory=Crasher)
    invoices: list[dict[str, Any]] = field(default_factory=list)

    def play(self, step: Step) -> None:
        verb, *rest = step
        if rest and verb.startswith(("edit", "pay", "decline")):
            if not self.invoices:
                return
            invoice = self.invoices[rest[0] % len(self.invoices)]
            getattr(self, verb)(self.now(invoice), *rest[1:])
        else:
            getattr(self, verb)(*rest)

    # at Coperniq

    def now(self, invoice: dict[str, Any]) -> dict[str, Any]:
        return next(row for row in self.coperniq("invoices") if row["id"] == invoice["id"])

    def coperniq(self, noun: str) -> list[dict[str, Any]]:
        return list(self.harness.portal.simulator.state()["coperniq"][API_KEY][noun])

    def create(self, rows: list[tuple[str, int, Decimal]]) -> None:
        self.invoices.append(self.harness.invoice(*rows))

    def percentage(self, share: Decimal) -> None:
        values = {
            "recordId": self.harness.project["id"],
            "calculationMethod": "PERCENTAGE",
            "percentage": share,
        }
        self.invoices.append(self.harness.portal.simulator.make("invoices", **values))

    def edit_lines(self, invoice: dict[str, Any], rows: list[tuple[str, int, Decimal]]) -> None:
        if invoice["calculationMethod"] == "LINE_ITEMS":
            self.harness.edit(invoice, lineItems=[self.harness.line(*row) for row in rows])

    def edit_line(self, invoice: dict[str, Any], quantity: int, price: Decimal) -> None:
        """The first line gets another quantity and price, and stays the same line."""
        if invoice["calculationMethod"] == "LINE_ITEMS":
            first, *others = [
                {name: row[name] for name in ("id", "catalogItemId", "quantity", "unitPrice", "description")}
                for row in invoice["lineItems"]
            ]
            self.harness.edit(
                invoice, lineItems=[{**first, "quantity": quantity, "unitPrice": price}, *others]
            )

    def edit_memo(self, invoice: dict[str, Any], text: str) -> None:
        self.harness.edit(invoice, description=text)

    def edit_due(self, invoice: dict[str, Any], day: Any) -> None:
        self.harness.edit(invoice, dueDate=day.isoformat())

    def pay(self, invoice: dict[str, Any], share: Decimal) -> None:
        open_cents = cents(invoice["amount"]) - cents(invoice["amountPaid"])
        amount = int(open_cents * share)
        if amount > 0 and invoice["storedStatus"] != "DECLINED":
            self.harness.pay(invoice, Decimal(amount) / 100)

    def decline(self, invoice: dict[str, Any]) -> None:
        self.harness.act(invoice, "decline")

    # in between

    def fault(self, name: str, times: int, skip: int) -> None:
        self.harness.portal.simulator.fault(name, times=times, skip=skip)

    def coperniq_fault(self, name: str, times: int, skip: int) -> None:
        self.harness.portal.simulator.fault(name, "coperniq", times=times, skip=skip)

    def crash(self, after: int) -> None:
        """The worker dies at the next such place; another takes the lease over."""
        self.crasher.left = after
        self.work()
        self.crasher.left = None

    def work(self) -> None:
        for _ in range(20):
            try:
                with self.crasher.installed():
                    self.harness.work()
                return
            except Crash:
                CompanyLease.objects.update(leased_until=LONG_AGO)
        raise AssertionError("the engine does not come to rest")

    def settle_down(self) -> None:
        """All trouble is over, and everybody has had their turn."""
        self.harness.portal.simulator.control("faults", method="DELETE")
        CompanyLease.objects.update(paused_until=LONG_AGO)
        for _ in range(3):
            self.work()
        self.harness.sweep()


def cents(amount: object) -> int:
    return int(Decimal(str(amount)) * 100)


def check(history: History) -> None:
    """To the cent, once, and nothing lost: or a person is asked, with a sentence."""
    asked = dict(SyncRun.objects.held().values_list("coperniq_id", "cause"))
    sides = by_link(history.harness.books("Invoice"), "invoice")
    payments = by_link(history.harness.books("Payment"), "payment")
    for invoice in history.coperniq("invoices"):
        if str(invoice["id"]) not in asked:
            check_invoice(invoice, sides.get(str(invoice["id"])), payments, asked)
    unfinished = SyncRun.objects.filter(state__in=("queued", "running"))
    assert not unfinished.exists(), list(unfinished.values())
    assert not RemoteWrite.objects.open().exists()


def by_link(rows: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    """Coperniq's id → its document. Every document the portal can have made is somebody's."""
    links = dict(RecordLink.objects.filter(kind=kind).values_list("quickbooks_id", "coperniq_id"))
    strangers = [row["Id"] for row in rows if row["Id"] not in links]
    assert not strangers, f"{kind}s {strangers} exist twice"
    return {links[row["Id"]]: row for row in rows}


def check_invoice(
    invoice: dict[str, Any],
    document: dict[str, Any] | None,
    payments: dict[str, dict[str, Any]],
    asked: dict[str, str],
) -> None:
    if invoice["storedStatus"] == "DECLINED":
        assert document is None or (document["TotalAmt"] == 0 and "Voided" in document["PrivateNote"])
        return
    assert document is not None, f"invoice {invoice['id']} is lost"
    assert cents(document["TotalAmt"]) == cents(invoice["amount"])
    sales = [row for row in document["Line"] if row["DetailType"] == "SalesItemLineDetail"]
    amounts = [cents(row["Amount"]) for row in sales]
    if invoice["calculationMethod"] == "LINE_ITEMS":
        wanted = [cents(Decimal(str(row["unitPrice"])) * row["quantity"]) for row in invoice["lineItems"]]
        assert amounts == wanted
    assert document["DueDate"] == str(invoice["dueDate"])[:10] or not invoice["dueDate"]
    assert document["PrivateNote"].split("[Coperniq")[0].strip() == (invoice["description"] or "").strip()
    check_payments(invoice, document, payments, asked)


def check_payments(
    invoice: dict[str, Any],
    document: dict[str, Any],
    payments: dict[str, dict[str, Any]],
    asked: dict[str, str],
) -> None:
    rows = [payment for payment in invoice["payments"] if str(payment["id"]) not in asked]
    for payment in rows:
        assert str(payment["id"]) in payments, f"payment {payment['id']} is lost"
        found = payments[str(payment["id"])]
        assert cents(found["TotalAmt"]) == cents(payment["amount"])
        assert found["DepositToAccountRef"]["name"] == "Coperniq Payments"
    if len(rows) == len(invoice["payments"]):
        applied = sum(cents(payment["amount"]) for payment in rows)
        assert cents(document["Balance"]) == max(cents(invoice["amount"]) - applied, 0)


def second_pass(history: History) -> None:
    """Looking at everything once more writes nothing."""
    simulator = history.harness.portal.simulator
    simulator.forget_log()
    before = simulator.state()["quickbooks"]
    history.harness.sweep()
    SyncRun.objects.filter(state="done").update(updated_at=timezone.now())
    assert simulator.log("quickbooks", write=True) == []
    assert simulator.state()["quickbooks"] == before
