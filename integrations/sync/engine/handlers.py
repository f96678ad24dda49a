"""The interfaces that record packages implement, and where the engine finds their handlers.

The engine imports no record package: `integrations.sync.registry` installs the handlers when Django starts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from integrations.models import Action, RemoteWrite, SyncRun
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan, Prerequisite, RunResult
from integrations.sync.engine.responses import WriteResponse


class RecordHandler(Protocol):
    """Keeps one kind of record in step in one direction: plan first, with reads only; then apply the plan."""

    def plan(self, ctx: SyncContext, run: SyncRun) -> Plan: ...
    def apply(self, ctx: SyncContext, run: SyncRun, planned: Plan) -> RunResult: ...


class ResponseHandler(Protocol):
    """Turns a vendor's response to a write into the result of the run."""

    def on_response(self, ctx: SyncContext, write: RemoteWrite, sent: WriteResponse, body: str) -> RunResult:
        """`body` is what was sent; the row does not keep it once it is closed."""

    def find_lost_write(self, ctx: SyncContext, write: RemoteWrite, body: str) -> WriteResponse | None:
        """The record that a write with a lost response created or changed, None if there is none."""


class SharedRecordHandler(Protocol):
    """Knows the entries of one list that many records share."""

    def exists(self, ctx: SyncContext, prerequisite: Prerequisite) -> bool:
        """Whether the entry is there by now as the prerequisite wants it. The caller holds the lock of the list."""


@dataclass(frozen=True)
class Registry:
    """`readers` read a record as QuickBooks answered it, by entity; Coperniq's client reads its own.

    `relink_documents` links documents again that a restored database has forgotten, from the given moment on.
    `comparisons_due` are runs that compare both sides after the result of a run, which is stored in the same transaction.
    """

    records: Mapping[Action, RecordHandler]
    detectors: Mapping[Action, Callable[[SyncContext, SyncRun], RunResult]]
    responses: Mapping[str, ResponseHandler]
    shared_records: Mapping[str, SharedRecordHandler]
    readers: Mapping[str, Callable[[Mapping[str, object]], object]]
    relink_documents: Callable[[SyncContext, datetime], None]
    comparisons_due: Callable[[SyncRun, RunResult], Sequence[SyncRun]]


_installed: list[Registry] = []


def install(registry: Registry) -> None:
    _installed[:] = [registry]


def installed() -> Registry:
    (registry,) = _installed
    return registry


def response_handler(entity: str) -> ResponseHandler:
    return installed().responses[entity]
