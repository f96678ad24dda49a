"""Writes whose answer was lost: repeat them under the same request id, or search for what they left behind."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from integrations.errors import Refused
from integrations.models import Direction, Kind, RecordLink, RemoteWrite, RunState, SyncRun, Vendor
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.handlers import response_handler
from integrations.sync.engine.outbox import record_refusal, transmit_write
from integrations.sync.engine.plan import RunResult
from integrations.sync.engine.responses import WriteResponse

logger = logging.getLogger(__name__)

# How long Intuit replays a request id is not documented; past this we look before we repeat.
REPLAY_TRUSTED = timedelta(hours=1)
MATCHED_BY_NAME = (Kind.CUSTOMER, Kind.JOB)
_DOCUMENT_ENTITIES = ("Invoice", "Payment")
"""Nothing in QuickBooks keeps two of the same from being made, should it have forgotten the request id."""


def find_open_writes(ctx: SyncContext, run: SyncRun) -> Iterator[RemoteWrite]:
    """This record's own; and of records matched by name the creates of others: what they left behind must not be
    taken for a match. What another thread of this lease has in flight is its own affair."""
    rows = RemoteWrite.objects.open().filter(connection=ctx.connection, kind=run.kind)
    yield from rows.filter(own_writes(run))
    if run.kind not in MATCHED_BY_NAME:
        return
    if RecordLink.objects.pushed(ctx.connection, run.kind, run.coperniq_id) is None:
        creates = rows.filter(operation="create").exclude(coperniq_id=run.coperniq_id)
        yield from creates.exclude(run__state=RunState.RUNNING, run__fence=ctx.lease.fence)


def refresh_linked_ids(ctx: SyncContext, run: SyncRun) -> None:
    """What comes from QuickBooks is perhaps linked since it was asked for."""
    if run.direction == Direction.PULL:
        link = RecordLink.objects.pulled(ctx.connection, run.kind, run.quickbooks_id, run.quickbooks_part)
        run.coperniq_id = link.coperniq_id if link else ""
        run.coperniq_account_id = link.coperniq_account_id if link else run.coperniq_account_id


def own_writes(run: SyncRun) -> Q:
    """The writes of this record, whichever way they go."""
    theirs = Q(vendor=Vendor.COPERNIQ, quickbooks_id=run.quickbooks_id, quickbooks_part=run.quickbooks_part)
    if run.direction == Direction.PUSH:
        return Q(coperniq_id=run.coperniq_id)
    return theirs | Q(coperniq_id=run.coperniq_id) if run.coperniq_id else theirs


def resolve_open_write(ctx: SyncContext, write: RemoteWrite) -> RunResult | None:
    """How it ended, or None when it came to nothing. What keeps us from finding out is raised, the row stays open."""
    if write.state == RemoteWrite.State.PREPARED:
        _abandon(ctx, write)
        return None
    body = write.body
    found = _find_lost_write(ctx, write, body) if _needs_search(write) else None
    if found is None and write.vendor == Vendor.COPERNIQ:
        _abandon(ctx, write)
        return None
    if found is None:
        found = _resend(ctx, write, body)
    return response_handler(write.entity).on_response(ctx, write, found, body) if found else None


def _abandon(ctx: SyncContext, write: RemoteWrite) -> None:
    """It came to nothing: what is to be done is planned anew."""
    with transaction.atomic():
        ctx.lease.assert_owned()
        write.close(RemoteWrite.State.ABANDONED)


def _needs_search(write: RemoteWrite) -> bool:
    """Repeating it may do it twice. Coperniq never knows a repetition (docs/vendors/coperniq-api.md, 2.6)."""
    if write.vendor == Vendor.COPERNIQ:
        return True
    if write.operation == "create" and write.entity in _DOCUMENT_ENTITIES:
        return True
    return write.sent_at is not None and timezone.now() - write.sent_at > REPLAY_TRUSTED


def _resend(ctx: SyncContext, write: RemoteWrite, body: str) -> WriteResponse | None:
    """The stored bytes under the same id: applied before, it is replayed; not applied, it is applied now.

    A refusal of the repetition can be our own first try's doing, so the record is looked for before it counts,
    and the row stays open until the looking has succeeded.
    """
    try:
        return transmit_write(ctx, write)
    except Refused as error:
        found = _find_lost_write(ctx, write, body)
        if found is None:
            record_refusal(ctx, write, error)
        return found


def _find_lost_write(ctx: SyncContext, write: RemoteWrite, body: str) -> WriteResponse | None:
    return response_handler(write.entity).find_lost_write(ctx, write, body)
