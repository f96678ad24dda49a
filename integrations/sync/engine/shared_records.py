"""Carry out prerequisites: write list entries that many records share, such as accounts and items, exactly once."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from integrations.errors import NameTaken, Refused
from integrations.models import Kind, RecordLink, RemoteWrite, SyncRun, Vendor
from integrations.sync.engine import responses as engine_responses
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.handlers import installed, response_handler
from integrations.sync.engine.lookups import LookupName, refresh_lookup
from integrations.sync.engine.outbox import body_of, send_write, store_as_sent
from integrations.sync.engine.persistence import store_result
from integrations.sync.engine.plan import Prerequisite
from integrations.sync.engine.recovery import resolve_open_write
from integrations.sync.engine.write_history import count_writes

_LOOKUPS = {
    "Account": LookupName.ACCOUNTS,
    "PaymentMethod": LookupName.METHODS,
    engine_responses.CATALOG_ITEM: LookupName.CATALOG,
}
_LOCKS = {"Account": "account", "PaymentMethod": "methods", engine_responses.CATALOG_ITEM: "catalog item"}
"""The lock to hold while an entry is searched for, created, or its lost response resolved."""


def resolve_shared_writes_of_run(ctx: SyncContext, run: SyncRun) -> None:
    """Resolve the open creates of earlier attempts of this run, even if their entries are not needed any more."""
    if not count_writes(run).of_run:
        return
    for write in RemoteWrite.objects.open().filter(run=run, entity__in=_LOCKS):
        with ctx.locked(_LOCKS[write.entity]):
            if _resolve_writes(ctx, run, RemoteWrite.objects.open().filter(pk=write.pk)):
                refresh_lookup(ctx, _LOOKUPS[write.entity])


def carry_out(ctx: SyncContext, run: SyncRun, prerequisite: Prerequisite) -> None:
    """Write the entry, unless it is there by now. A refusal is kept in `ctx`: the next plan takes it into account.

    If writes of the entry are open, they are resolved instead, and the next plan finds the entry or asks again.
    """
    entity = prerequisite.write.entity
    with ctx.locked(_LOCKS[entity]):
        pending = list(_open_writes(ctx, prerequisite))
        if pending:
            if _resolve_writes(ctx, run, pending):
                refresh_lookup(ctx, _LOOKUPS[entity])
            return
        if not installed().shared_records[entity].exists(ctx, prerequisite):
            _send(ctx, run, prerequisite)


def _send(ctx: SyncContext, run: SyncRun, prerequisite: Prerequisite) -> None:
    entity = prerequisite.write.entity
    write = _build_write(ctx, run, prerequisite)
    store_as_sent(ctx, write, body_of(prerequisite.write))
    body = write.body
    try:
        sent = send_write(ctx, write)
    except Refused as error:
        ctx.refusals[prerequisite.stand_in] = error
        if not isinstance(error, NameTaken):
            return
    else:
        store_result(ctx, run, response_handler(entity).on_response(ctx, write, sent, body))
    refresh_lookup(ctx, _LOOKUPS[entity])


def is_pending(ctx: SyncContext, prerequisite: Prerequisite) -> bool:
    """Whether it is not known what became of an earlier write of this entry."""
    return _open_writes(ctx, prerequisite).exists()


def _open_writes(ctx: SyncContext, prerequisite: Prerequisite) -> QuerySet[RemoteWrite]:
    writes = RemoteWrite.objects.open().filter(connection=ctx.connection, vendor=prerequisite.write.vendor)
    if prerequisite.write.vendor == Vendor.COPERNIQ:
        return writes.filter(kind=Kind.ITEM, quickbooks_id=prerequisite.key)
    return writes.filter(entity=prerequisite.write.entity, shared_entry_name=prerequisite.key)


def _build_write(ctx: SyncContext, run: SyncRun, prerequisite: Prerequisite) -> RemoteWrite:
    planned, data, Method = prerequisite.write, prerequisite.response_data, RecordLink.MatchMethod
    to_coperniq = planned.vendor == Vendor.COPERNIQ
    return RemoteWrite(
        connection=ctx.connection,
        run=run,
        vendor=planned.vendor,
        kind=Kind.ITEM if to_coperniq else Kind.PAYMENT,
        coperniq_id=planned.coperniq_id,
        quickbooks_id=prerequisite.key if to_coperniq else "",
        shared_entry_name="" if to_coperniq else prerequisite.key,
        entity=planned.entity,
        operation=planned.operation,
        match_method=Method.PULLED if to_coperniq else Method.CREATED,
        response_data=data.as_json() if data is not None else {},
        changes=[change.as_dict() for change in planned.changes],
    )


def _resolve_writes(ctx: SyncContext, run: SyncRun, writes: Iterable[RemoteWrite]) -> bool:
    """Resolve and store open writes; True if one of them had been executed."""
    found = False
    for write in writes:
        result = resolve_open_write(ctx, write)
        if result is not None:
            store_result(ctx, run, result)
            found = True
    return found
