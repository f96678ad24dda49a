"""What an earlier attempt left open: asked for again under the same id, or looked for, before anything else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from integrations.errors import Refused
from integrations.models import Direction, Kind, RecordLink, RemoteWrite, RunState, SyncRun, Vendor
from integrations.sync import answers
from integrations.sync.answers import Sent
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending
from integrations.sync.writing import refuse, transmit

logger = logging.getLogger(__name__)

# How long Intuit replays a request id is not documented; past this we look before we repeat.
REPLAY_TRUSTED = timedelta(hours=1)
MATCHED_BY_NAME = (Kind.CUSTOMER, Kind.JOB)
DOCUMENTS = ("Invoice", "Payment")
"""Nothing in QuickBooks keeps two of the same from being made, should it have forgotten the request id."""


def open_writes(desk: Desk, run: SyncRun) -> Iterator[RemoteWrite]:
    """This record's own; and of records matched by name the creates of others: what they left behind must not be
    taken for a match. What another thread of this lane has in flight is its own affair."""
    rows = RemoteWrite.objects.open().filter(connection=desk.connection, kind=run.kind)
    yield from rows.filter(own_of(run))
    if run.kind not in MATCHED_BY_NAME:
        return
    if RecordLink.objects.pushed(desk.connection, run.kind, run.coperniq_id) is None:
        creates = rows.filter(operation="create").exclude(coperniq_id=run.coperniq_id)
        yield from creates.exclude(run__state=RunState.RUNNING, run__fence=desk.lane.fence)


def recognise(desk: Desk, run: SyncRun) -> None:
    """What comes from QuickBooks is perhaps linked since it was asked for."""
    if run.direction == Direction.PULL:
        link = RecordLink.objects.pulled(desk.connection, run.kind, run.quickbooks_id, run.quickbooks_part)
        run.coperniq_id = link.coperniq_id if link else ""
        run.coperniq_account_id = link.coperniq_account_id if link else run.coperniq_account_id


def own_of(run: SyncRun) -> Q:
    """The writes of this record, whichever way they go."""
    theirs = Q(vendor=Vendor.COPERNIQ, quickbooks_id=run.quickbooks_id, quickbooks_part=run.quickbooks_part)
    if run.direction == Direction.PUSH:
        return Q(coperniq_id=run.coperniq_id)
    return theirs | Q(coperniq_id=run.coperniq_id) if run.coperniq_id else theirs


def settle_open(desk: Desk, write: RemoteWrite) -> Ending | None:
    """How it ended, or None when it came to nothing. What keeps us from finding out is raised, the row stays open."""
    if write.state == RemoteWrite.State.PREPARED:
        give_up(desk, write)
        return None
    body = write.body
    found = look_for(desk, write, body) if is_doubtful(write) else None
    if found is None and write.vendor == Vendor.COPERNIQ:
        give_up(desk, write)
        return None
    if found is None:
        found = send_again(desk, write, body)
    return answers.OF[write.entity].ending_of(desk, write, found, body) if found else None


def give_up(desk: Desk, write: RemoteWrite) -> None:
    """It came to nothing: what is to be done is planned anew."""
    with transaction.atomic():
        desk.lane.hold_fast()
        write.close(RemoteWrite.State.ABANDONED)


def is_doubtful(write: RemoteWrite) -> bool:
    """Repeating it may do it twice. Coperniq never knows a repetition (docs/vendors/coperniq-api.md, 2.6)."""
    if write.vendor == Vendor.COPERNIQ:
        return True
    if write.operation == "create" and write.entity in DOCUMENTS:
        return True
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
    return answers.OF[write.entity].look_for(desk, write, body)
