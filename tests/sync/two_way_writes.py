"""What a history may cost: per edit at most one write on the other side, for each record, and none on its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from integrations.causes import Cause
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import Action, Kind, RecordLink, RemoteWrite, SyncLogEntry, SyncRun, Vendor
from tests.sync.histories import Step
from tests.sync.two_way_checks import check
from tests.sync.two_way_histories import TwoWays
from tests.sync.two_way_view import Row

NO_ROOM = "waits unapplied with the customer"


def check_writes(history: TwoWays, log: list[Row]) -> None:
    """A decision may write to either side of its record."""
    check_owed(log, Owed(history.edits, history.decided, other_reasons()))


def check_edit(history: TwoWays, step: Step) -> None:
    """One edit alone, and all that follows from it: both sides agree after one write for each record it changed."""
    history.simulator.forget_log()
    before, reasons, refused = history.edits.copy(), other_reasons(), refused_edits()
    history.play(step)
    edited = history.edits - before + refused
    history.deliver([1], shuffled=False, form="cloudevents")
    history.look_everywhere()
    check_owed(history.simulator.log(write=True), Owed(edited, [], other_reasons() - reasons))
    check(history)


def refused_edits() -> Counter[tuple[str, str, str]]:
    """Edits that wait because QuickBooks refuses a total below what is paid: they go over once that has changed."""
    held = SyncRun.objects.held().filter(kind=Kind.INVOICE, cause=Cause.INVOICE_BELOW_PAYMENTS)
    return Counter(
        (Vendor.COPERNIQ, run.kind, run.coperniq_id)
        if run.action == Action.PUSH_INVOICE
        else (Vendor.QUICKBOOKS, run.kind, run.quickbooks_id)
        for run in held
    )


@dataclass
class Owed:
    """Record by record, what there was to write about: people's edits, their decisions, other reasons."""

    edits: Counter[tuple[str, str, str]]
    decided: list[tuple[str, str, str, str]]
    others: Counter[tuple[str, str, str]]

    def writes_to(self, vendor: str, kind: str, id_: str) -> int:
        is_theirs = vendor == Vendor.QUICKBOOKS
        decisions = sum(row[0] == kind and row[2 if is_theirs else 1] == id_ for row in self.decided)
        edited = partners(vendor, kind, id_)
        side = Vendor.COPERNIQ if is_theirs else Vendor.QUICKBOOKS
        edits = sum(self.edits[side, kind, other] for other in edited)
        return (
            decisions
            + edits
            + sum(self.others[vendor, kind, id_] for id_ in ({id_} if is_theirs else edited))
        )


def check_owed(log: list[Row], owed: Owed) -> None:
    """Each edit is written to the other side once at most, and never to its own."""
    made = Counter(record for entry in log if entry["applied"] if (record := record_of(entry)))
    for record, writes in made.items():
        allowed = owed.writes_to(*record)
        rows = [entry for entry in log if record_of(entry) == record]
        assert writes <= allowed, f"{writes} writes to {record} instead of {allowed}: {rows} {owed}"


def partners(vendor: str, kind: str, id_: str) -> set[str]:
    """Whatever it was ever linked with: one that was made again has had another id."""
    here, there = ("quickbooks_id", "coperniq_id")[:: 1 if vendor == Vendor.QUICKBOOKS else -1]
    tables: tuple[Any, ...] = (RecordLink, RemoteWrite)
    found = (table.objects.filter(kind=kind, **{here: id_}).values_list(there, flat=True) for table in tables)
    return {other for ids in found for other in ids if other}


def other_reasons() -> Counter[tuple[str, str, str]]:
    """Writes that follow from no edit, by side, kind and the record in QuickBooks.

    What QuickBooks dropped is written once more, and so is a payment once its invoice has room for all of it. A due
    date goes over once where people may have changed it before the answer to its create was there.
    """
    to_quickbooks = Q(sentence__startswith="Repaired") | Q(sentence__contains=NO_ROOM)
    rules = {
        Vendor.QUICKBOOKS: to_quickbooks,
        Vendor.COPERNIQ: Q(sentence__contains=InvoicePushMessage.DUE_DATE_UNCERTAIN().text),
    }
    found: Counter[tuple[str, str, str]] = Counter()
    for vendor, rule in rules.items():
        logged = SyncLogEntry.objects.filter(rule).values_list("kind", "quickbooks_id")
        found.update((vendor.value, kind, id_) for kind, id_ in logged)
    return found


def record_of(entry: Row) -> tuple[str, str, str] | None:
    """Documents and money: lists and accounts are made once, whoever needs them first."""
    if entry["vendor"] == Vendor.QUICKBOOKS and entry["entity"] in ("Invoice", "Payment"):
        return Vendor.QUICKBOOKS, entry["entity"].lower(), entry["record"]
    if entry["vendor"] == Vendor.COPERNIQ and entry["entity"] == "invoices":
        return Vendor.COPERNIQ, "payment" if "/payments" in entry["path"] else "invoice", entry["record"]
    return None
