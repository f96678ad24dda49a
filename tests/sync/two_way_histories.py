"""Random histories of edits on both sides, played step by step at the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, TypeVar
from unittest import mock

from django.utils import timezone

from integrations.coperniq.client import CoperniqClient
from integrations.forms import configure
from integrations.models import (
    CompanyLease,
    CoperniqConnection,
    RecordLink,
    SyncLogEntry,
    SyncRun,
)
from integrations.models.leases import LONG_AGO
from integrations.sync.engine.context import _shared_cache
from integrations.sync.engine.continuity import _known
from integrations.sync.engine.lookups import _lookup_cache
from integrations.sync.ingest import coperniq_invoices as ingest_coperniq_invoices
from integrations.sync.ingest.events import receive_quickbooks
from simulator.webhooks import intuit_events
from tests.invoice_harness import InvoiceHarness, link_customer_and_job, open_invoice_harness
from tests.portal_harness import PortalHarness
from tests.sync.histories import PLACES, Crash, Crasher, Step
from tests.sync.in_process import InProcess, Refusal, Time
from tests.sync.two_way_people import AtCoperniq, InQuickBooks
from tests.sync.two_way_view import Row

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

History = TypeVar("History", bound="TwoWays")


@dataclass
class TwoWays(AtCoperniq, InQuickBooks):
    """`decided` are the records a person decided about: kind, both ids and the choice."""

    time: Time = field(default_factory=Time)
    crasher: Crasher = field(default_factory=lambda: Crasher(places=[*PLACES, *COPERNIQ_WRITES]))
    decided: list[tuple[str, str, str, str]] = field(default_factory=list)
    refused: int = 0
    played: list[tuple[Any, str]] = field(default_factory=list)

    @property
    def inside(self) -> InProcess:
        assert isinstance(self.simulator, InProcess)
        return self.simulator

    def play(self, step: Step) -> None:
        """What a vendor does not let people do has not happened."""
        verb, *rest = step
        self.played.append((self.time.moment, f"{len(self.played):3} {verb}{tuple(rest)}"))
        try:
            logged = getattr(self, verb)(*rest)
        except Refusal as error:
            self.refused += 1
            logged = f"refused: {error}"
        self.played[-1] = (self.played[-1][0], f"{self.played[-1][1]} {logged or ''}"[:400])
        self.time.go_on(timedelta(milliseconds=700))

    def chronicle(self) -> str:
        """What people did, what the portal told, and what the vendors were asked, in their order."""
        logged = [
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
        rows = sorted([*self.played, *logged, *seen], key=lambda row: row[0])
        return "\n".join(f"{at:%H:%M:%S.%f} {text}" for at, text in rows)

    def fault(self, name: str, times: int, skip: int) -> None:
        self.simulator.fault(name, times=times, skip=skip)

    def coperniq_fault(self, name: str, times: int, skip: int) -> None:
        self.simulator.fault(name, "coperniq", times=times, skip=skip)

    def wait(self, seconds: int) -> None:
        self.time.go_on(timedelta(seconds=seconds))

    def lose_news(self) -> str:
        lost = len(self.inside.news)
        self.inside.news.clear()
        return f"{lost} lost"

    def deliver(self, luck: list[int], shuffled: bool, form: str) -> str:
        """The portal's inbox takes what QuickBooks posts: in part, twice, out of order, or later."""
        events = list(self.inside.news)
        times = {event.event_id: luck[n % len(luck)] for n, event in enumerate(events)}
        self.inside.news[:] = [event for event in events if times[event.event_id] == 3]
        posted = [event for event in events for _ in range(times[event.event_id] % 3)]
        if shuffled:
            Random(len(events)).shuffle(posted)
        if posted:
            receive_quickbooks(intuit_events.body(posted, form, self.inside.world.switches))
        self.turn()
        return f"{len(posted)} of {len(events)}"

    def poll(self) -> None:
        CoperniqConnection.objects.update(next_poll_at=timezone.now())
        self.turn(polls=True)

    def look(self) -> None:
        self.harness.look_at_changes()
        self.turn()

    def crash(self, after: int) -> str:
        """The worker dies at the next such place; another takes the lease over."""
        self.crasher.left = after
        self.poll()
        self.look()
        self.crasher.left = None
        return ""

    def turn(self, *, polls: bool = False) -> None:
        for _ in range(20):
            try:
                with self.crasher.installed():
                    self.portal.work(polls=polls)
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
        other = chosen.partition(":")[2]
        ids = run.coperniq_id or other, run.quickbooks_id or other
        self.decided.append((run.kind, *ids, chosen))
        took = run.decide(chosen)
        self.turn()
        return (
            f"run {run.pk} ({run.cause}) of {run.kind} {run.coperniq_id}/{run.quickbooks_id}: {chosen} {took}"
        )

    def point(self, direction: str) -> None:
        """A person chooses the direction, and what follows from that is done."""
        configure(self.portal.company, None, {"direction": direction})
        self.turn()

    def switch(self, on: bool, direction: str) -> None:
        self.harness.switch(on)
        self.point(direction)

    def add_project(self) -> None:
        """One of the first client that has not entered its trigger phase yet: its invoices wait for its job."""
        project = self.portal.project(self.harness.account, "Late roof")
        self.harnesses.append(InvoiceHarness(self.portal, self.harness.account, project, self.harness.items))

    def reenter(self) -> str:
        """The added project comes into its trigger phase, again under another title."""
        project = self.harnesses[-1].project
        title = f"Late roof {self.time.moment:%H%M%S}"
        self.simulator.change("projects", project["id"], title=title)
        self.portal.enter(project, "Billing")
        self.wait(60)
        self.portal.enter(project)
        self.turn()
        return title

    def invoice_ids(self) -> set[tuple[str, str]]:
        """Those of both sides."""
        ours = {("coperniq", str(row["id"])) for row in self.in_coperniq()}
        return ours | {("quickbooks", row["Id"]) for row in self.books("Invoice")}

    def bring_over(self) -> int:
        """A person brings over all that stayed in QuickBooks; how many records that were."""
        kept = [run for run in SyncRun.objects.offering().filter(is_kept=True) if run.state != "done"]
        offering = [run for run in kept if "bring_over" in {choice["key"] for choice in run.choices}]
        taken = sum(run.decide("bring_over") for run in offering)
        self.turn()
        return taken

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
    for memory in (_known, _shared_cache, _lookup_cache):
        memory.clear()
    CompanyLease.objects.update(leased_until=LONG_AGO)


def open_two_ways(
    portal: PortalHarness, time: Time, seconds_ahead: int, kind: type[History], **switches: Any
) -> History:
    """Two projects of two clients in the books; QuickBooks' clock goes its own way."""
    assert isinstance(portal.simulator, InProcess)
    portal.simulator.control("clocks", {"quickbooks_seconds": seconds_ahead}, "PUT")
    first = open_invoice_harness(portal, **switches)
    account = portal.account("Mary Major")
    visits = portal.simulator.make("workflows", name="Visits", phases=[{"name": "Visit", "type": "PHASE"}])
    project = portal.project(account, "Mary Major", workflowId=visits["id"])
    second = InvoiceHarness(portal, account, project, first.items)
    link_customer_and_job(second)
    for name in ("Permit", "Labour", "Panel", "Gravel"):
        first.book_item(name, UnitPrice=100)
    first.configure(fallback_item=first.book_item("Sales")["Id"])
    links = {(link.kind, link.coperniq_id): link.quickbooks_id for link in RecordLink.objects.all()}
    ours = [links[kind, str(row["id"])] for each in (first, second) for kind, row in kinds_of(each)]
    strangers = [portal.simulator.in_books(portal.realm, DisplayName=name)["Id"] for name in ("Ann", "Bob")]
    portal.simulator.forget_log()
    portal.simulator.news.clear()
    return kind(portal, [first, second], [*ours, *strangers], time=time)


def kinds_of(harness: InvoiceHarness) -> list[tuple[str, Row]]:
    return [("customer", harness.account), ("job", harness.project)]


@contextmanager
def same_luck(seed: int) -> Iterator[None]:
    """The portal's own dice, too, fall alike each time."""
    with mock.patch.object(ingest_coperniq_invoices, "SystemRandom", partial(Random, seed)):
        yield
