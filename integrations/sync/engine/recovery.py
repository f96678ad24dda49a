"""Writes whose response was lost: repeat them with the same request id, or search for the record they created."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from integrations.errors import Refused
from integrations.models import Direction, Kind, RecordLink, RemoteWrite, RunState, SyncRun, Vendor
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.handlers import response_handler
from integrations.sync.engine.outbox import record_refusal, resend_write
from integrations.sync.engine.plan import RunResult
from integrations.sync.engine.responses import WriteResponse
from integrations.sync.engine.write_history import count_writes, own_writes

logger = logging.getLogger(__name__)

# How long Intuit replays a request id is not documented; after this time the record is searched for first.
_REPLAY_TRUSTED = timedelta(hours=1)
_MATCHED_BY_NAME = (Kind.CUSTOMER, Kind.JOB)
_DOCUMENT_ENTITIES = ("Invoice", "Payment")
"""QuickBooks would create them twice if it has forgotten the request id; names of customers are unique."""


def find_open_writes(ctx: SyncContext, run: SyncRun) -> Iterator[RemoteWrite]:
    """The open writes of this record and, of records that are matched by name, the open creates of others.

    A record that such a create has left behind must not be taken for a match. Writes that another thread of this lease
    is executing are left out.
    """
    rows = RemoteWrite.objects.open().filter(connection=ctx.connection, kind=run.kind, shared_entry_name="")
    if count_writes(run).open:
        yield from rows.filter(own_writes(run))
    if run.kind not in _MATCHED_BY_NAME:
        return
    if RecordLink.objects.pushed(ctx.connection, run.kind, run.coperniq_id) is None:
        creates = rows.filter(operation="create").exclude(coperniq_id=run.coperniq_id)
        yield from creates.exclude(run__state=RunState.RUNNING, run__fence=ctx.lease.fence)


def refresh_linked_ids(ctx: SyncContext, run: SyncRun) -> None:
    """Set the Coperniq ids of a pull, which may have been linked since the run was requested."""
    if run.direction == Direction.PULL:
        link = RecordLink.objects.pulled(
            ctx.connection, run.kind, run.quickbooks_id, run.allocation_invoice_id
        )
        run.coperniq_id = link.coperniq_id if link else ""
        run.coperniq_account_id = link.coperniq_account_id if link else run.coperniq_account_id


def resolve_open_write(ctx: SyncContext, write: RemoteWrite) -> RunResult | None:
    """The result of an open write, None if it was not executed. Raises VendorError; then the write stays open."""
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
    """Close a write that was not executed; the record is planned again."""
    with transaction.atomic():
        ctx.lease.assert_owned()
        write.close(RemoteWrite.State.ABANDONED)


def _needs_search(write: RemoteWrite) -> bool:
    """True if a repetition might be executed twice. Coperniq recognizes none (docs/vendors/coperniq-api.md, 2.6)."""
    if write.vendor == Vendor.COPERNIQ:
        return True
    if write.operation == "create" and write.entity in _DOCUMENT_ENTITIES:
        return True
    return write.sent_at is not None and timezone.now() - write.sent_at > _REPLAY_TRUSTED


def _resend(ctx: SyncContext, write: RemoteWrite, body: str) -> WriteResponse | None:
    """Send the stored body with the same request id: QuickBooks replays its response, or executes the write now.

    The first try may be the reason for a refusal of the repetition, so the record is searched for before the refusal is
    recorded; the write stays open until that has succeeded.
    """
    try:
        return resend_write(ctx, write)
    except Refused as error:
        found = _find_lost_write(ctx, write, body)
        if found is None:
            record_refusal(ctx, write, error)
        return found


def _find_lost_write(ctx: SyncContext, write: RemoteWrite, body: str) -> WriteResponse | None:
    return response_handler(write.entity).find_lost_write(ctx, write, body)
