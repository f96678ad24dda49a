"""The timeline of one record: events, attempts, writes, and what people did."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import AuditLogEntry, Company
from accounts.scoping import rows_of
from integrations.messages.cause_titles import title_of
from integrations.models import InboundEvent, Kind, PhaseEntry, RemoteWrite, SyncLogEntry, Vendor
from integrations.run_decisions import record_prefix

# Of each kind only the newest rows are shown.
AT_MOST = 200
ENTITIES = {"coperniq_invoice": "Invoice", "coperniq_payment": "Payment", "catalog_item": "Catalog item"}


@dataclass(frozen=True)
class Moment:
    """`facts` are labelled values for support; `outcome` sets the color; `entry_id` is set for log entries."""

    at: datetime
    what: str
    title: str
    sentence: str = ""
    outcome: str = ""
    changes: list[dict[str, str]] = field(default_factory=list)
    facts: tuple[tuple[str, str], ...] = ()
    entry_id: int | None = None

    @property
    def has_facts(self) -> bool:
        return any(value for _, value in self.facts)

    def shape(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "what": self.what,
            "title": self.title,
            "sentence": self.sentence,
            "outcome": self.outcome,
            "changes": self.changes,
            "facts": {label: value for label, value in self.facts if value},
        }


def timeline_of(company: Company, entry: SyncLogEntry) -> list[Moment]:
    """The timeline of the entry's record, oldest first."""
    entries = newest(rows_of(company, SyncLogEntry.objects.filter(same_record(entry))))
    runs = {row.run_id for row in entries if row.run_id}
    events = newest(rows_of(company, InboundEvent.objects.filter(runs__in=runs).distinct()))
    return list(
        merge(
            sorted(map(moment_of_event, events), key=when),
            sorted(map(moment_of_phase_entry, phase_entries(company, entry)), key=when),
            sorted(map(moment_of_log, entries), key=when),
            sorted(map(moment_of_write, writes(company, entry, runs)), key=when),
            sorted(map(moment_of_act, acts(company, entry)), key=when),
            key=when,
        )
    )


def clock(at: datetime | None) -> str:
    """In the company's time zone, which the view has activated."""
    return f"{timezone.localtime(at):%b %d, %Y, %H:%M:%S}" if at else ""


def when(moment: Moment) -> datetime:
    return moment.at


def newest(rows: QuerySet[Any]) -> list[Any]:
    return list(rows.order_by("-pk")[:AT_MOST])


def same_record(entry: SyncLogEntry) -> Q:
    """A record from QuickBooks has no Coperniq id until it is linked, and entries before that count too."""
    found = Q(pk=entry.pk)
    if entry.coperniq_id:
        found |= Q(kind=entry.kind, coperniq_id=entry.coperniq_id)
    if entry.quickbooks_id:
        same_quickbooks = Q(
            kind=entry.kind, quickbooks_id=entry.quickbooks_id, connection=entry.connection_id
        )
        found |= same_quickbooks & Q(coperniq_id="") if entry.coperniq_id else same_quickbooks
    return found


def phase_entries(company: Company, entry: SyncLogEntry) -> list[PhaseEntry]:
    if entry.kind != Kind.JOB or not entry.coperniq_id:
        return []
    found = PhaseEntry.objects.filter(project_id=entry.coperniq_id).select_related("trigger")
    return newest(rows_of(company, found))


def writes(company: Company, entry: SyncLogEntry, runs: set[int]) -> list[RemoteWrite]:
    """A write that creates a record in Coperniq has only the QuickBooks id."""
    same = Q(run__in=runs, vendor=Vendor.COPERNIQ, coperniq_id="", quickbooks_id=entry.quickbooks_id)
    if entry.coperniq_id:
        same |= Q(coperniq_id=entry.coperniq_id)
    found = RemoteWrite.objects.filter(same, kind=entry.kind)
    return newest(rows_of(company, found.defer("body_encrypted", "coperniq_snapshot")))


def acts(company: Company, entry: SyncLogEntry) -> list[AuditLogEntry]:
    known = [("", entry.quickbooks_id)] if entry.quickbooks_id else []
    known += [(entry.coperniq_id, "")] if entry.coperniq_id else []
    same = Q(pk__in=())
    for ids in known:
        same |= Q(target__startswith=record_prefix(entry.kind, *ids))
    return newest(rows_of(company, AuditLogEntry.objects.filter(same))) if known else []


def moment_of_event(event: InboundEvent) -> Moment:
    source = event.get_source_display()
    facts = (
        ("Record", f"{event.record_type} {event.record_id}".strip()),
        ("Decided", ": ".join(filter(None, [event.get_outcome_display(), event.reason]))),
        ("Happened at", clock(event.occurred_at)),
    )
    return Moment(event.received_at, "event", f"{source}: {plain(event.name)}", facts=facts)


def plain(name: str) -> str:
    return name.replace("_", " ").lower() or "event"


def moment_of_phase_entry(entry: PhaseEntry) -> Moment:
    phase = entry.trigger.phase_name if entry.trigger else f"phase {entry.phase_template_id}"
    title = f"The project started “{phase or entry.phase_template_id}”"
    facts = (("Phase instance", entry.phase_instance_id), ("Noticed at", clock(entry.noticed_at)))
    return Moment(entry.started_at, "phase", title, facts=facts)


def moment_of_log(entry: SyncLogEntry) -> Moment:
    facts = (
        ("Cause", title_of(entry.cause)),
        ("Attempt", str(entry.attempt) if entry.attempt else ""),
        ("intuit_tid", entry.intuit_tid),
        ("Run", str(entry.run_id or "")),
    )
    return Moment(
        entry.at,
        "log",
        f"{entry.get_outcome_display()}, {entry.get_direction_display()}",
        entry.sentence,
        entry.outcome,
        entry.changes,
        facts,
        entry.pk,
    )


def moment_of_write(write: RemoteWrite) -> Moment:
    side, noun = write.get_vendor_display(), ENTITIES.get(write.entity, write.entity)
    title = f"{write.operation.capitalize()} {noun} in {side}: {write.get_state_display().lower()}"
    facts = (
        ("Coperniq id", write.coperniq_id if write.vendor == Vendor.COPERNIQ else ""),
        ("QuickBooks id", write.quickbooks_id),
        ("Sent", f"{write.sends} times" if write.sends > 1 else ""),
        ("Answered at", clock(write.answered_at)),
        ("Request id", write.request_id),
        ("intuit_tid", write.intuit_tid),
        ("Error", " ".join(filter(None, [write.error_code, write.error_text]))),
    )
    return Moment(write.sent_at or write.created_at, "write", title, changes=write.changes, facts=facts)


def moment_of_act(act: AuditLogEntry) -> Moment:
    sentence = " → ".join(filter(None, [act.before, act.after]))
    return Moment(act.at, "act", f"{act.actor}: {act.verb}", sentence)
