"""What an action works with: one company's lane, connection and clients."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property

from django.conf import settings
from django.utils import timezone

from integrations.connections.clients import CallMeter, coperniq_client, quickbooks_client
from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.records import Project
from integrations.models import Lane, QuickBooksConnection, SyncSettings
from integrations.quickbooks.client import QuickBooksClient

LEASE_MARGIN = timedelta(seconds=2)
MOST_REMEMBERED = 1000

_locks: defaultdict[tuple[int, str], threading.RLock] = defaultdict(threading.RLock)
_recent: dict[tuple[int, str, str], tuple[float, object]] = {}


class Desk:
    """Clients keep their connections alive for as long as the lane is driven."""

    RECENT_SECONDS = 15.0

    def __init__(self, lane: Lane, connection: QuickBooksConnection) -> None:
        self.lane = lane
        self.connection = connection
        self.meter = CallMeter(lane.company_id)
        self._projects: dict[str, tuple[float, Project]] = {}

    @cached_property
    def coperniq(self) -> CoperniqClient:
        return coperniq_client(self.connection.company.coperniq, self.meter)

    @cached_property
    def quickbooks(self) -> QuickBooksClient:
        return quickbooks_client(self.connection, self.meter)

    @property
    def settings(self) -> SyncSettings:
        return SyncSettings.objects.get(connection=self.connection)

    @property
    def mappings(self) -> dict[str, str]:
        return dict(self.connection.mappings.values_list("quickbooks_field", "source"))

    def read_project(self, project_id: str) -> Project:
        """As it is now; kept for the job that is pushed in the same breath."""
        project = self.coperniq.read_project(project_id)
        self._projects[project_id] = (time.monotonic(), project)
        return project

    def recent_project(self, project_id: str) -> Project:
        """The project as its phase entry was noticed a moment ago, else as it is now."""
        read_at, project = self._projects.pop(project_id, (float("-inf"), None))
        if project is not None and time.monotonic() - read_at < self.RECENT_SECONDS:
            return project
        return self.read_project(project_id)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """What all records of a connection share is made by one thread at a time."""
        with _locks[self.connection.pk, name]:
            yield

    def remember(self, key: tuple[str, str], value: object) -> None:
        """For the runs that follow in the same breath, in whichever thread."""
        if len(_recent) > MOST_REMEMBERED:
            _recent.clear()
        _recent[self.connection.pk, *key] = (time.monotonic(), value)

    def recall(self, key: tuple[str, str]) -> object:
        read_at, value = _recent.get((self.connection.pk, *key), (float("-inf"), None))
        return value if time.monotonic() - read_at < self.RECENT_SECONDS else None

    def outlast_call(self) -> None:
        """The lease has to outlive the call: nobody takes the lane while an answer may still come."""
        call = timedelta(seconds=self.quickbooks.timeout_seconds) + LEASE_MARGIN
        self.lane.hold_fast(timezone.now() + max(call, timedelta(seconds=settings.LEASE_SECONDS)))
