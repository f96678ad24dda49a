"""Plans write nothing: while one is made, the database and both vendors refuse everything but reads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections

from integrations.connections import tokens
from integrations.http import Reply, VendorSession
from integrations.models import LookupList, QuickBooksConnection, SyncRun
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan
from integrations.sync.registry import REGISTRY

READS = ("SELECT", "(SELECT", "SAVEPOINT", "RELEASE SAVEPOINT")


class WroteWhilePlanning(BaseException):
    """Not an Exception, so that no run takes it for a failure of its own."""


class PlanningGuard:
    """Refuses writes in the threads that are making a plan."""

    def __init__(self) -> None:
        self._state = threading.local()

    @property
    def is_planning(self) -> bool:
        return bool(getattr(self._state, "is_planning", False))

    @contextmanager
    def _set(self, *, planning: bool) -> Iterator[None]:
        before, self._state.is_planning = self.is_planning, planning
        try:
            yield
        finally:
            self._state.is_planning = before

    def _execute(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if self.is_planning and not sql.lstrip().upper().startswith(READS):
            raise WroteWhilePlanning(sql)
        return execute(sql, *rest)

    def guarded(self, plan: Callable[[SyncContext, SyncRun], Plan]) -> Callable[[SyncContext, SyncRun], Plan]:
        def guarded_plan(ctx: SyncContext, run: SyncRun) -> Plan:
            with self._set(planning=True), connections["default"].execute_wrapper(self._execute):
                return plan(ctx, run)

        return guarded_plan

    def reading(self, send: Callable[..., Reply]) -> Callable[..., Reply]:
        """Requests that write are refused. What a read does beside (rate limit, the simulator) is no part of the plan."""

        def reading_send(*args: Any, write: bool = False, **kwargs: Any) -> Reply:
            if self.is_planning and write:
                raise WroteWhilePlanning(args)
            with self._set(planning=False):
                return send(*args, write=write, **kwargs)

        return reading_send

    def keeping(self, keep: Callable[..., Any]) -> Callable[..., Any]:
        """A read keeps what it read for the next one."""

        def keep_read(*args: Any, **kwargs: Any) -> Any:
            with self._set(planning=False):
                return keep(*args, **kwargs)

        return keep_read


def guard_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guard the plan of every record and direction, also where it is made again."""
    guard = PlanningGuard()
    for handler in set(REGISTRY.records.values()):
        monkeypatch.setattr(handler, "plan", guard.guarded(handler.plan))
    monkeypatch.setattr(VendorSession, "send", guard.reading(VendorSession.send))
    monkeypatch.setattr(tokens, "access_token", guard.keeping(tokens.access_token))
    for model, name in ((LookupList, "keep"), (QuickBooksConnection, "keep_preferences")):
        monkeypatch.setattr(model, name, guard.keeping(getattr(model, name)))
