"""What an earlier attempt left open: asked for again under the same id, or looked for, before anything else."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations.errors import RecordMissing, Refused
from integrations.models import RecordLink, RemoteWrite, RunState, SyncRun
from integrations.quickbooks.records import Customer
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending
from integrations.sync.mapping import TAX_PATH
from integrations.sync.writing import Sent, answered_ending, flatten, refuse, transmit

logger = logging.getLogger(__name__)

# How long Intuit replays a request id is not documented; past this we look before we repeat.
REPLAY_TRUSTED = timedelta(hours=1)
CLOCK_TOLERANCE = timedelta(minutes=10)


def open_writes(desk: Desk, run: SyncRun) -> Iterator[RemoteWrite]:
    """This record's own, and the creates of others of its kind: what they left behind must not be taken for a match."""
    rows = RemoteWrite.objects.open().filter(connection=desk.connection, kind=run.kind)
    own = rows.filter(coperniq_id=run.coperniq_id)
    yield from own
    if RecordLink.objects.pushed(desk.connection, run.kind, run.coperniq_id) is None:
        creates = rows.filter(operation="create").exclude(coperniq_id=run.coperniq_id)
        # What another thread of this lane is about to be answered is not ours to ask for.
        yield from creates.exclude(run__state=RunState.RUNNING, run__fence=desk.lane.fence)


def settle_open(desk: Desk, write: RemoteWrite) -> Ending | None:
    """How it ended, or None when it came to nothing. What keeps us from finding out is raised, the row stays open."""
    if write.state == RemoteWrite.State.PREPARED:
        with transaction.atomic():
            desk.lane.hold_fast()
            write.close(RemoteWrite.State.ABANDONED)
        return None
    body = write.body
    found = look_for(desk, write, body) if is_old(write) else None
    if found is None:
        found = send_again(desk, write, body)
    return answered_ending(desk, write, found, body) if found else None


def is_old(write: RemoteWrite) -> bool:
    return write.sent_at is not None and timezone.now() - write.sent_at > REPLAY_TRUSTED


def send_again(desk: Desk, write: RemoteWrite, body: str) -> Sent | None:
    """The stored bytes under the same id: applied before, it is replayed; not applied, it is applied now.

    A refusal of the repetition can be our own first try's doing, so the record is looked for before it counts,
    and the row stays open until the looking has succeeded.
    """
    try:
        return transmit(desk, write)
    except Refused as error:
        found = look_for(desk, write, body)
        if found is None:
            refuse(desk, write, error)
        return found


def look_for(desk: Desk, write: RemoteWrite, body: str) -> Sent | None:
    """The record our lost write left behind, recognised by what we sent."""
    wanted = flatten(json.loads(body))
    if write.operation == "update":
        return look_at(desk, write.quickbooks_id, wanted)
    named = desk.quickbooks.find_customers_named([wanted["DisplayName"]])
    ours = [customer for customer in named if is_ours(customer, write, wanted)]
    linked = RecordLink.objects.filter(connection=desk.connection, quickbooks_id__in=[c.id for c in ours])
    if len(ours) != 1 or linked.exists():
        return None
    write.rule = RecordLink.Rule.ADOPTED
    return Sent(ours[0], "")


def look_at(desk: Desk, quickbooks_id: str, wanted: Mapping[str, Any]) -> Sent | None:
    try:
        current = desk.quickbooks.read_customer(quickbooks_id)
    except RecordMissing:
        return None
    return Sent(current, "") if holds(current, wanted) else None


def is_ours(customer: Customer, write: RemoteWrite, wanted: Mapping[str, Any]) -> bool:
    """Names are unique in QuickBooks: the same name, parent and time of making can only be our lost write."""
    made_at, sent_at = customer.created_at, write.sent_at or write.created_at
    young = made_at is not None and made_at > sent_at - CLOCK_TOLERANCE
    return young and customer.parent_id == wanted.get("ParentRef.value", "")


def holds(current: Customer, wanted: Mapping[str, Any]) -> bool:
    text = {path: value for path, value in wanted.items() if path in current.values and path != TAX_PATH}
    same_text = all(current.values[path] == value for path, value in text.items())
    return same_text and wanted.get("Active", current.is_active) == current.is_active
