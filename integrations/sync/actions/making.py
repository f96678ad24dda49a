"""Accounts, payment methods and catalog items, made once for all: a row before the request, like every write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from integrations.models import Kind, RemoteWrite, SyncRun
from integrations.quickbooks.bodies import dump
from integrations.sync import answers, reference
from integrations.sync.desk import Desk
from integrations.sync.reference import Name
from integrations.sync.resuming import settle_open
from integrations.sync.storing import store
from integrations.sync.writing import send, store_prepared

LISTS = {"Account": Name.ACCOUNTS, "PaymentMethod": Name.METHODS, answers.CATALOG_ITEM: Name.CATALOG}
LOCKS = {"Account": "account", "PaymentMethod": "methods", answers.CATALOG_ITEM: "catalog item"}
"""Whoever looks for one, makes one, or finds out about one holds this."""


def settle_beside(desk: Desk, run: SyncRun) -> None:
    """What an earlier attempt of this run made without an answer: perhaps nobody needs it any more, and it is there."""
    for write in RemoteWrite.objects.open().filter(run=run, entity__in=LOCKS):
        with desk.locked(LOCKS[write.entity]):
            if settle(desk, run, RemoteWrite.objects.open().filter(pk=write.pk)):
                reference.refreshed(desk, LISTS[write.entity])


def settle_left(desk: Desk, run: SyncRun, entity: str, name: str) -> None:
    """What an earlier attempt left open is found out first. The caller holds the lock of this kind."""
    open_writes = RemoteWrite.objects.open().filter(connection=desk.connection)
    settle(desk, run, open_writes.filter(coperniq_id=known_as(entity, name)))


def settle(desk: Desk, run: SyncRun, left: Iterable[RemoteWrite]) -> bool:
    """Whether any of it came to something."""
    found = False
    for write in left:
        ending = settle_open(desk, write)
        if ending is not None:
            store(desk, run, ending)
            found = True
    return found


def make(desk: Desk, run: SyncRun, entity: str, values: Mapping[str, str]) -> str:
    """The id in QuickBooks. The caller holds the lock, has settled what was left, and has looked for the name."""
    write = RemoteWrite(
        connection=desk.connection,
        run=run,
        kind=Kind.PAYMENT,
        coperniq_id=known_as(entity, values["Name"]),
        entity=entity,
        operation="create",
        rule="created",
        changes=[{"field": name, "before": "", "after": value} for name, value in values.items()],
    )
    store_prepared(desk, write, dump(values))
    body = write.body
    ending = answers.OF[entity].ending_of(desk, write, send(desk, write), body)
    store(desk, run, ending)
    reference.refreshed(desk, LISTS[entity])
    return write.quickbooks_id


def known_as(entity: str, name: str) -> str:
    return f"{entity}: {name}"
