"""Create list entries that many records share, such as accounts and payment methods, exactly once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from integrations.models import Kind, RemoteWrite, SyncRun
from integrations.quickbooks.bodies import dump
from integrations.sync.engine import responses as engine_responses
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.handlers import response_handler
from integrations.sync.engine.lookups import LookupName, refresh_lookup
from integrations.sync.engine.outbox import send_write, store_prepared_write
from integrations.sync.engine.persistence import store_result
from integrations.sync.engine.recovery import resolve_open_write
from integrations.sync.engine.write_history import count_writes

LOOKUPS = {
    "Account": LookupName.ACCOUNTS,
    "PaymentMethod": LookupName.METHODS,
    engine_responses.CATALOG_ITEM: LookupName.CATALOG,
}
LOCKS = {"Account": "account", "PaymentMethod": "methods", engine_responses.CATALOG_ITEM: "catalog item"}
"""The lock to hold while an entry is searched for, created, or its lost response resolved."""


def resolve_shared_writes_of_run(ctx: SyncContext, run: SyncRun) -> None:
    """Resolve the open creates of earlier attempts of this run, even if their entries are not needed any more."""
    if not count_writes(run).of_run:
        return
    for write in RemoteWrite.objects.open().filter(run=run, entity__in=LOCKS):
        with ctx.locked(LOCKS[write.entity]):
            if resolve_writes(ctx, run, RemoteWrite.objects.open().filter(pk=write.pk)):
                refresh_lookup(ctx, LOOKUPS[write.entity])


def resolve_pending_writes(ctx: SyncContext, run: SyncRun, entity: str, name: str) -> None:
    """Resolve the open creates of an entry of this name. The caller holds the lock of the entity."""
    open_writes = RemoteWrite.objects.open().filter(connection=ctx.connection)
    resolve_writes(ctx, run, open_writes.filter(entity=entity, shared_entry_name=name))


def resolve_writes(ctx: SyncContext, run: SyncRun, writes: Iterable[RemoteWrite]) -> bool:
    """Resolve and store open writes; True if one of them had been executed."""
    found = False
    for write in writes:
        result = resolve_open_write(ctx, write)
        if result is not None:
            store_result(ctx, run, result)
            found = True
    return found


def create_shared_record(ctx: SyncContext, run: SyncRun, entity: str, values: Mapping[str, str]) -> str:
    """Create an entry; returns its QuickBooks id.

    The caller holds the lock, has resolved the pending writes, and has searched for the name.
    """
    write = RemoteWrite(
        connection=ctx.connection,
        run=run,
        kind=Kind.PAYMENT,
        entity=entity,
        shared_entry_name=values["Name"],
        operation="create",
        match_method="created",
        changes=[{"field": name, "before": "", "after": value} for name, value in values.items()],
    )
    store_prepared_write(ctx, write, dump(values))
    body = write.body
    result = response_handler(entity).on_response(ctx, write, send_write(ctx, write), body)
    store_result(ctx, run, result)
    refresh_lookup(ctx, LOOKUPS[entity])
    return write.quickbooks_id
