"""What an earlier attempt left open: asked for again under the same id, or looked for, before anything else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from integrations.errors import Refused
from integrations.models import Kind, RecordLink, RemoteWrite, RunState, SyncRun
from integrations.sync import answers
from integrations.sync.answers import Sent
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending
from integrations.sync.writing import refuse, transmit

logger = logging.getLogger(__name__)

# How long Intuit replays a request id is not documented; past this we look before we repeat.
REPLAY_TRUSTED = timedelta(hours=1)
MATCHED_BY_NAME = (Kind.CUSTOMER, Kind.JOB)
# Nothing but the request id keeps QuickBooks from taking these twice: names are unique, and updates have versions.
TAKEN_TWICE = ("Invoice", "Payment")


def open_writes(desk: Desk, run: SyncRun) -> Iterator[RemoteWrite]:
    """This record's own; and of records matched by name the creates of others: what they left behind must not be
    taken for a match. What another thread of this lane has in flight is its own affair."""
    rows = RemoteWrite.objects.open().filter(connection=desk.connection, kind=run.kind)
    yield from rows.filter(coperniq_id=run.coperniq_id)
    if run.kind not in MATCHED_BY_NAME:
        return
    if RecordLink.objects.pushed(desk.connection, run.kind, run.coperniq_id) is None:
        in_flight = rows.filter(run__state=RunState.RUNNING, run__fence=desk.lane.fence)
        others = rows.filter(operation="create").exclude(coperniq_id=run.coperniq_id)
        yield from others.exclude(pk__in=in_flight.values("pk"))


def settle_open(desk: Desk, write: RemoteWrite) -> Ending | None:
    """How it ended, or None when it came to nothing. What keeps us from finding out is raised, the row stays open."""
    if write.state == RemoteWrite.State.PREPARED:
        with transaction.atomic():
            desk.lane.hold_fast()
            write.close(RemoteWrite.State.ABANDONED)
        return None
    body = write.body
    found = None if is_replayed(write) else look_for(desk, write, body)
    if found is None:
        found = send_again(desk, write, body)
    return answers.OF[write.entity].ending_of(desk, write, found, body) if found else None


def is_replayed(write: RemoteWrite) -> bool:
    """Nothing bad can come of repeating it at once."""
    if write.operation == "create" and write.entity in TAKEN_TWICE:
        return False
    return write.sent_at is None or timezone.now() - write.sent_at <= REPLAY_TRUSTED


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
