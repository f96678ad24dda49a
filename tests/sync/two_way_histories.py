"""Random histories of edits on both sides, played step by step at the simulator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from functools import partial
from random import Random
from typing import Any
from unittest import mock

from django.utils import timezone

from integrations.coperniq.client import CoperniqClient
from integrations.models import (
    CoperniqConnection,
    Lane,
    RecordLink,
    SyncLogEntry,
    SyncRun,
)
from integrations.models.lanes import LONG_AGO
from integrations.simulator.webhooks import intuit_events
from integrations.sync import desk, noticing, reference
from integrations.sync.actions import catching_up
from integrations.sync.inbox import receive_quickbooks
from integrations.sync.mapping.coperniq_texts import with_memo
from tests.simulation import API_KEY
from tests.sync.desk_of_money import Money, open_desk, put_in_books
from tests.sync.histories import PLACES, Crash, Crasher, Step, cents
from tests.sync.in_process import InProcess, Refusal, Time
from tests.sync.office import Office

COPERNIQ_WRITES = [
    (CoperniqClient, name)
    for name in (
        "create_invoice",
        "update_invoice",
        "create_payment",
        "create_catalog_item",
        "update_catalog_item",
    )
]
MOST_INVOICES = 7
Row = dict[str, Any]


@dataclass
class TwoWays:
    """`edits` counts what people did, by side and record; `decided` are the records a person decided about."""

    office: Office
    time: Time
    desks: list[Money]
    crasher: Crasher = field(default_factory=lambda: Crasher(places=[*PLACES, *COPERNIQ_WRITES]))
    edits: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    decided: list[tuple[str, str, str, str]] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)
    refused: int = 0
    played: list[tuple[Any, str]] = field(default_factory=list)

    @property
    def simulator(self) -> InProcess:
        found = self.office.simulator
        assert isinstance(found, InProcess)
        return found

    @property
    def money(self) -> Money:
        return self.desks[0]

    def play(self, step: Step) -> None:
        """What a vendor does not let people do has not happened."""
        verb, *rest = step
        self.played.append((self.time.moment, f"{len(self.played):3} {verb}{tuple(rest)}"))
        try:
            told = getattr(self, verb)(*rest)
        except Refusal as error:
            self.refused += 1
            told = f"refused: {error}"
        self.played[-1] = (self.played[-1][0], f"{self.played[-1][1]} {told or ''}"[:400])
        self.time.go_on(timedelta(milliseconds=700))

    def chronicle(self) -> str:
        """What people did, what the portal told, and what the vendors were asked, in their order."""
        told = [
            (
                entry.at,
                f"    {entry.kind} {entry.coperniq_id}/{entry.quickbooks_id} {entry.direction} "
                f"{entry.outcome}: {entry.sentence}"[:300],
            )
            for entry in SyncLogEntry.objects.order_by("id")
        ]
        seen = [
            (
                datetime.fromisoformat(call["at"]),
                f"      {call['vendor']} {call['method']} {call['path'][-40:]} "
                f"{call['status']} {call['fault']}",
            )
            for call in self.simulator.log()
        ]
        rows = sorted([*self.played, *told, *seen], key=lambda row: row[0])
        return "\n".join(f"{at:%H:%M:%S.%f} {text}" for at, text in rows)

    # what there is

    def in_coperniq(self) -> list[Row]:
        return list(self.simulator.state()["coperniq"][API_KEY]["invoices"])

    def books(self, entity: str) -> list[Row]:
        return list(self.simulator.control(f"quickbooks/{self.office.realm}/records/{entity}", method="GET"))

    def some_invoice(self, which: int) -> Row | None:
        rows = [row for row in self.in_coperniq() if row["storedStatus"] != "DECLINED"]
        return rows[which % len(rows)] if rows else None

    def some_document(self, which: int) -> Row | None:
        rows = [row for row in self.books("Invoice") if not is_voided(row)]
        return rows[which % len(rows)] if rows else None

    def some_payment(self, which: int) -> tuple[Row, Row] | None:
        rows = [(invoice, payment) for invoice in self.in_coperniq() for payment in invoice["payments"]]
        return rows[which % len(rows)] if rows else None

    def some_receipt(self, which: int) -> Row | None:
        rows = [row for row in self.books("Payment") if row["TotalAmt"]]
        return rows[which % len(rows)] if rows else None

    def edited(self, side: str, kind: str, id_: object) -> str:
        self.edits[side, kind, str(id_)] += 1
        return f"{side} {kind} {id_}"

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        return self.simulator.control(f"quickbooks/{self.office.realm}/{path}", body, method)

    # people at Coperniq

    def make(self, where: int, rows: list[Any], due: str, memo: str) -> str:
        if len(self.in_coperniq()) >= MOST_INVOICES:
            return "enough"
        fields: Row = {"description": memo, **({"dueDate": due} if due else {})}
        made = self.desks[where].invoice(*rows, **fields)
        return self.edited("coperniq", "invoice", made["id"])

    def edit(self, invoice: Row | None, **fields: Any) -> str:
        if invoice is None:
            return "none"
        self.money.edit(invoice, **fields)
        return self.edited("coperniq", "invoice", invoice["id"])

    def relist(self, which: int, rows: list[Any]) -> str:
        return self.edit(self.some_invoice(which), lineItems=[self.money.line(*row) for row in rows])

    def reprice(self, which: int, quantity: int, price: Decimal) -> str:
        invoice = self.some_invoice(which)
        if invoice is None or not invoice["lineItems"]:
            return "none"
        names = ("id", "catalogItemId", "quantity", "unitPrice", "description")
        first, *others = [{name: row[name] for name in names} for row in invoice["lineItems"]]
        return self.edit(invoice, lineItems=[{**first, "quantity": quantity, "unitPrice": price}, *others])

    def redate(self, which: int, due: str) -> str:
        return self.edit(self.some_invoice(which), dueDate=due)

    def rename(self, which: int, memo: str) -> str:
        """A person leaves the portal's own number and mark where they stand."""
        invoice = self.some_invoice(which)
        return (
            self.edit(invoice, description=with_memo(invoice["description"] or "", memo))
            if invoice
            else "none"
        )

    def decline(self, which: int) -> str:
        invoice = self.some_invoice(which)
        if invoice is None:
            return "none"
        self.money.act(invoice, "decline")
        return self.edited("coperniq", "invoice", invoice["id"])

    def pay(self, which: int, share: Decimal) -> str:
        invoice = self.some_invoice(which)
        amount = share_of(cents(invoice["amount"]) - cents(invoice["amountPaid"]), share) if invoice else 0
        if invoice is None or amount <= 0:
            return "nothing open"
        made = self.money.pay(invoice, amount)
        return self.edited("coperniq", "payment", made["id"]) + f" of {amount} on {invoice['id']}"

    def correct_payment(self, which: int, share: Decimal) -> str:
        found = self.some_payment(which)
        amount = share_of(cents(found[1]["amount"]), share) if found else 0
        if found is None or amount <= 0:
            return "none"
        self.money.change_payment(*found, amount=amount)
        return self.edited("coperniq", "payment", found[1]["id"])

    def remove_payment(self, which: int) -> str:
        found = self.some_payment(which)
        if found is None:
            return "none"
        self.money.remove_payment(*found)
        return self.edited("coperniq", "payment", found[1]["id"])

    # people in QuickBooks

    def write(self, where: int, fields: Row) -> str:
        if len(self.books("Invoice")) >= MOST_INVOICES:
            return "enough"
        made = self.control("invoices", {"customer": self.customers[where], **fields})
        return self.edited("quickbooks", "invoice", made["Id"])

    def change(self, document: Row | None, **fields: Any) -> str:
        if document is None:
            return "none"
        self.control(f"invoices/{document['Id']}", fields, "PATCH")
        return self.edited("quickbooks", "invoice", document["Id"])

    def rewrite(self, which: int, lines: list[Row]) -> str:
        return self.change(self.some_document(which), lines=lines)

    def requote(self, which: int, quantity: Decimal, price: Decimal) -> str:
        """The first line gets another quantity and price, and stays the same line."""
        document = self.some_document(which)
        lines = [row for row in document["Line"] if "Id" in row] if document else []
        sold = [row for row in lines if row["DetailType"] == "SalesItemLineDetail"]
        if not sold:
            return "none"
        named = sold[0]["SalesItemLineDetail"].get("ItemRef", {}).get("value", "Permit")
        first = {"id": sold[0]["Id"], "item": named, "quantity": quantity, "price": price}
        rest = [{"id": row["Id"], "keep": True} for row in lines if row is not sold[0] and is_kept(row)]
        return self.change(document, lines=[first, *rest])

    def discount(self, which: int, off: Row | None) -> str:
        return self.change(self.some_document(which), discount=off)

    def put_off(self, which: int, due: str) -> str:
        return self.change(self.some_document(which), due=due)

    def note(self, which: int, text: str) -> str:
        """A person leaves the portal's own line where it stands."""
        document = self.some_document(which)
        if document is None:
            return "none"
        own = [line for line in document.get("PrivateNote", "").split("\n") if line.startswith("[Coperniq")]
        return self.change(document, note="\n".join([text, *own]))

    def renumber(self, which: int, number: str) -> str:
        return self.change(self.some_document(which), number=number)

    def void(self, which: int) -> str:
        document = self.some_document(which)
        if document is None:
            return "none"
        self.control(f"invoices/{document['Id']}/void")
        return self.edited("quickbooks", "invoice", document["Id"])

    def delete(self, which: int) -> str:
        document = self.some_document(which)
        if document is None:
            return "none"
        self.control(f"records/Invoice/{document['Id']}", None, "DELETE")
        return self.edited("quickbooks", "invoice", document["Id"])

    def receive(self, which: int, count: int, share: Decimal) -> str:
        """One payment for several invoices of one customer."""
        rows = [row for row in self.books("Invoice") if cents(row["Balance"]) > 0]
        if not rows:
            return "nothing open"
        first = rows[which % len(rows)]
        same = [row for row in rows if row["CustomerRef"]["value"] == first["CustomerRef"]["value"]]
        paid = [first, *(row for row in same if row is not first)][:count]
        shares = {row["Id"]: share_of(cents(row["Balance"]), share) for row in paid}
        invoices = [{"id": id_, "amount": amount} for id_, amount in shares.items() if amount > 0]
        if not invoices:
            return "nothing to pay"
        made = self.control("payments", {"customer": first["CustomerRef"]["value"], "invoices": invoices})
        told = self.edited("quickbooks", "payment", made["Id"])
        self.edits["quickbooks", "payment", made["Id"]] = len(invoices)
        return f"{told} of {shares}"

    def correct_receipt(self, which: int, share: Decimal) -> str:
        receipt = self.some_receipt(which)
        if receipt is None:
            return "none"
        rows = [row for row in receipt["Line"] if row.get("LinkedTxn")]
        shares = {row["LinkedTxn"][0]["TxnId"]: share_of(cents(row["Amount"]), share) for row in rows}
        invoices = [{"id": id_, "amount": amount} for id_, amount in shares.items() if amount > 0]
        if not invoices:
            return "none"
        total = sum(row["amount"] for row in invoices)
        self.control(f"payments/{receipt['Id']}", {"invoices": invoices, "amount": total}, "PATCH")
        return self.edited("quickbooks", "payment", receipt["Id"])

    def void_receipt(self, which: int) -> str:
        receipt = self.some_receipt(which)
        if receipt is None:
            return "none"
        self.control(f"payments/{receipt['Id']}/void")
        return self.edited("quickbooks", "payment", receipt["Id"])

    def delete_receipt(self, which: int) -> str:
        receipt = self.some_receipt(which)
        if receipt is None:
            return "none"
        self.control(f"records/Payment/{receipt['Id']}", None, "DELETE")
        return self.edited("quickbooks", "payment", receipt["Id"])

    def call_otherwise(self, which: int, name: str) -> str:
        self.control(f"records/Customer/{self.customers[which]}", {"DisplayName": name}, "PATCH")
        return f"customer {self.customers[which]}"

    def merge(self, which: int, into: int) -> str:
        """A stranger goes into one of ours, or one of ours into a stranger or another of ours."""
        away, survivor = self.customers[which], self.customers[into]
        self.control("merge/Customer", {"from": away, "into": survivor})
        return f"customer {away} into {survivor}"

    # between the two

    def fault(self, name: str, times: int, skip: int) -> None:
        self.simulator.fault(name, times=times, skip=skip)

    def coperniq_fault(self, name: str, times: int, skip: int) -> None:
        self.simulator.fault(name, "coperniq", times=times, skip=skip)

    def wait(self, seconds: int) -> None:
        self.time.go_on(timedelta(seconds=seconds))

    def lose_news(self) -> str:
        lost = len(self.simulator.news)
        self.simulator.news.clear()
        return f"{lost} lost"

    def deliver(self, luck: list[int], shuffled: bool, form: str) -> str:
        """The portal's inbox takes what QuickBooks posts: in part, twice, out of order, or later."""
        events = list(self.simulator.news)
        times = {event.event_id: luck[n % len(luck)] for n, event in enumerate(events)}
        self.simulator.news[:] = [event for event in events if times[event.event_id] == 3]
        posted = [event for event in events for _ in range(times[event.event_id] % 3)]
        if shuffled:
            Random(len(events)).shuffle(posted)
        if posted:
            receive_quickbooks(intuit_events.body(posted, form, self.simulator.world.switches))
        self.turn()
        return f"{len(posted)} of {len(events)}"

    def poll(self) -> None:
        CoperniqConnection.objects.update(next_poll_at=timezone.now())
        self.turn(polls=True)

    def look(self) -> None:
        self.money.look_at_changes()
        self.turn()

    def crash(self, after: int) -> None:
        """The worker dies at the next such place; another takes the lane over."""
        self.crasher.left = after
        self.poll()
        self.look()
        self.crasher.left = None

    def turn(self, *, polls: bool = False) -> None:
        for _ in range(20):
            try:
                with self.crasher.installed():
                    self.office.work(polls=polls)
                return
            except Crash:
                die()
        raise AssertionError("the engine does not come to rest")

    def decide(self, which: int, choice: int) -> str:
        runs = [run for run in SyncRun.objects.offering().order_by("id") if run.choices]
        if not runs:
            return "nothing asked"
        run = runs[which % len(runs)]
        chosen = run.choices[choice % len(run.choices)]["key"]
        self.decided.append((run.kind, run.coperniq_id, run.quickbooks_id, chosen))
        took = run.decide(chosen)
        self.turn()
        return (
            f"run {run.pk} ({run.cause}) of {run.kind} {run.coperniq_id}/{run.quickbooks_id}: {chosen} {took}"
        )

    def settle_down(self) -> None:
        """All trouble is over, and everybody has had their turn, twice."""
        self.crasher.left = None
        self.simulator.control("faults", method="DELETE")
        for _ in range(2):
            self.look_everywhere()

    def look_everywhere(self) -> None:
        self.time.go_on(timedelta(minutes=20))
        CoperniqConnection.objects.update(next_invoice_sweep_at=timezone.now())
        self.poll()
        self.look()


def die() -> None:
    """What was in the memory of the process goes with it."""
    for memory in (catching_up._seen, desk._recent, reference._remembered):
        memory.clear()
    Lane.objects.update(leased_until=LONG_AGO)


def share_of(whole: int, share: Decimal) -> Decimal:
    return (Decimal(whole) * share / 100).quantize(Decimal("0.01"), ROUND_DOWN)


def is_voided(document: Row) -> bool:
    return document["TotalAmt"] == 0 and "Voided" in document.get("PrivateNote", "")


def is_kept(line: Row) -> bool:
    return line["DetailType"] not in ("SubTotalLineDetail", "DiscountLineDetail")


def open_two_ways(office: Office, time: Time, seconds_ahead: int, **switches: Any) -> TwoWays:
    """Two projects of two clients in the books; QuickBooks' clock goes its own way."""
    assert isinstance(office.simulator, InProcess)
    office.simulator.control("clocks", {"quickbooks_seconds": seconds_ahead}, "PUT")
    first = open_desk(office, **switches)
    account = office.account("Mary Major")
    visits = office.simulator.make("workflows", name="Visits", phases=[{"name": "Visit", "type": "PHASE"}])
    project = office.project(account, "Mary Major", workflowId=visits["id"])
    second = Money(office, account, project, first.items)
    put_in_books(second)
    for name in ("Permit", "Labour", "Panel", "Gravel"):
        first.book_item(name, UnitPrice=100)
    first.configure(fallback_item=first.book_item("Sales")["Id"])
    links = {(link.kind, link.coperniq_id): link.quickbooks_id for link in RecordLink.objects.all()}
    ours = [links[kind, str(row["id"])] for each in (first, second) for kind, row in kinds_of(each)]
    strangers = [office.simulator.in_books(office.realm, DisplayName=name)["Id"] for name in ("Ann", "Bob")]
    office.simulator.forget_log()
    office.simulator.news.clear()
    return TwoWays(office, time, [first, second], customers=[*ours, *strangers])


def kinds_of(money: Money) -> list[tuple[str, Row]]:
    return [("customer", money.account), ("job", money.project)]


@contextmanager
def same_luck(seed: int) -> Iterator[None]:
    """The portal's own dice, too, fall alike each time."""
    with mock.patch.object(noticing, "SystemRandom", partial(Random, seed)):
        yield
