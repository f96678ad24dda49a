"""What a run works with: its company's lease, the connection, both API clients, settings and short-lived caches."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from weakref import WeakValueDictionary

from django.conf import settings
from django.utils import timezone

from integrations.connections.clients import CallMeter, call_limiter_for, coperniq_client, quickbooks_client
from integrations.connections.tokens import TokenSource
from integrations.connections.unlistable import record_unlistable
from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.records import Project
from integrations.errors import Refused
from integrations.models import CompanyLease, QuickBooksConnection, SyncSettings
from integrations.quickbooks.client import QuickBooksClient
from integrations.sync.engine.follow_ups import FollowUp
from integrations.sync.engine.plan import Prerequisite

_LEASE_MARGIN = timedelta(seconds=2)
MAX_CACHE_ENTRIES = 1000

_shared_cache: dict[tuple[int, str, str], tuple[float, object]] = {}

_locks: WeakValueDictionary[tuple[int, str], Lock] = WeakValueDictionary()


class Lock:
    """A reentrant lock that can be referenced weakly: it is deleted when no thread holds it or waits for it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


_locks_guard = threading.Lock()


def lock_for(connection_id: int, name: str) -> Lock:
    with _locks_guard:
        return _locks.setdefault((connection_id, name), Lock())


class ProjectCache:
    """Projects that were just read, for the push of their job that follows within seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: dict[str, tuple[float, Project]] = {}

    def set(self, project: Project, seconds: float) -> None:
        """Keep a project for some seconds; expired ones are deleted."""
        now = time.monotonic()
        with self._lock:
            self._read = {id_: entry for id_, entry in self._read.items() if entry[0] > now}
            self._read[project.id] = (now + seconds, project)

    def pop(self, project_id: str) -> Project | None:
        with self._lock:
            until, project = self._read.pop(project_id, (float("-inf"), None))
        return project if until > time.monotonic() else None


class SyncContext:
    """The context of one run. Used by one thread at a time; its clients keep their HTTP connections from run to run."""

    RECENT_SECONDS = 15.0

    def __init__(
        self, lease: CompanyLease, connection: QuickBooksConnection, pool: ContextPool | None = None
    ) -> None:
        self.lease = lease
        self.connection = connection
        self.meter = pool.meter if pool else CallMeter(lease.company_id)
        self._tokens = pool.tokens if pool else TokenSource(connection.pk)
        self._projects = pool.projects if pool else ProjectCache()
        self.follow_ups: list[FollowUp] = []
        self.prerequisites: dict[str, Prerequisite] = {}
        self.refusals: dict[str, Refused] = {}
        self.preview_since: datetime | None = None
        self.list_valid_seconds = 0.0
        """How old a list of customers may be. Not zero where many are looked up and nothing is written."""
        self.list_stamps: dict[str, tuple[float, datetime | None]] = {}
        """When a list was read from its vendor, beside the moment when the database said so."""

    @cached_property
    def coperniq(self) -> CoperniqClient:
        return coperniq_client(self.connection.company.coperniq, self.meter)

    @cached_property
    def quickbooks(self) -> QuickBooksClient:
        return quickbooks_client(self.connection, self.meter, self._tokens)

    @cached_property
    def settings(self) -> SyncSettings:
        """The settings as they were when this run began, see `reset`."""
        return SyncSettings.objects.get(connection=self.connection)

    def store_unlistable(self) -> None:
        """Keep what QuickBooks has refused to list meanwhile, for the pages."""
        if "quickbooks" in self.__dict__:
            record_unlistable(self.connection, self.quickbooks)

    @property
    def mappings(self) -> dict[str, str]:
        return dict(self.connection.mappings.values_list("quickbooks_field", "source"))

    def reset(self) -> None:
        """Prepare for another run, which reads the settings again."""
        self.__dict__.pop("settings", None)
        self.follow_ups, self.refusals, self.preview_since = [], {}, None
        if "coperniq" in self.__dict__:
            self.coperniq.use_listed({})
        self.list_stamps.clear()

    @property
    def is_preview(self) -> bool:
        """Whether the plan being made is shown to a person first, and should say what would be refused."""
        return self.preview_since is not None

    def require(self, prerequisite: Prerequisite) -> str:
        """The id to plan with: a stand-in until the engine has carried out the prerequisite.

        Raises Refused if the vendor has refused it to this run.
        """
        refusal = self.refusals.get(prerequisite.stand_in)
        if refusal is not None:
            raise refusal
        self.prerequisites[prerequisite.stand_in] = prerequisite
        return prerequisite.write.coperniq_id or prerequisite.stand_in

    def take_follow_ups(self) -> tuple[FollowUp, ...]:
        """What planning has asked for since this was called last."""
        taken, self.follow_ups = tuple(self.follow_ups), []
        return taken

    def locked(self, name: str) -> AbstractContextManager[None]:
        """Lock what all runs of a connection share and only one thread may create.

        One process at a time works for a company, so a lock of this process is enough. A thread that holds one of
        these locks may take another only further down this list; otherwise two threads could wait for each other:

        1. "write <id>": find out how a write with a lost answer ended
        2. "learning": learn whether QuickBooks keeps the amount of lines without an item
        3. "catching up": link documents again after a restore
        4. "external payments": read the payments that people have recorded
        5. "account", "methods" and "catalog item": create a list entry that many records share
        6. "list of <name>" and "preferences": read them again
        """
        self.list_stamps.clear()  # whoever has the lock before may read a list again
        return lock_for(self.connection.pk, name)

    def read_project(self, project_id: str) -> Project:
        """Read a project and keep it for `recent_project`."""
        project = self.coperniq.read_project(project_id)
        self._projects.set(project, self.RECENT_SECONDS)
        return project

    def recent_project(self, project_id: str) -> Project:
        """The project as `read_project` returned it in the last seconds, else read now."""
        return self._projects.pop(project_id) or self.read_project(project_id)

    def cache_set(self, key: tuple[str, str], value: object) -> None:
        """Keep a value for the runs of this connection in the next seconds, in all threads."""
        if len(_shared_cache) > MAX_CACHE_ENTRIES:
            _shared_cache.clear()
        _shared_cache[self.connection.pk, *key] = (time.monotonic(), value)

    def cache_get(self, key: tuple[str, str]) -> object:
        read_at, value = _shared_cache.get((self.connection.pk, *key), (float("-inf"), None))
        return value if time.monotonic() - read_at < self.RECENT_SECONDS else None

    def ensure_lease_outlives_call(self) -> None:
        """Extend the lease beyond the timeout of a call, so that nobody takes it while a response may still arrive."""
        longest = max(self.quickbooks.timeout_seconds, self.coperniq.timeout_seconds)
        call = timedelta(seconds=longest) + _LEASE_MARGIN
        self.lease.assert_owned(timezone.now() + max(call, timedelta(seconds=settings.LEASE_SECONDS)))


class ContextPool:
    """The contexts of one connection while its lease is owned, and what they share."""

    def __init__(self, lease: CompanyLease, connection: QuickBooksConnection) -> None:
        self.lease = lease
        self.connection = connection
        self.meter = CallMeter(lease.company_id, every=1.0)
        self.tokens = TokenSource(connection.pk, keep_seconds=1.0)
        self.projects = ProjectCache()
        self.limiter = call_limiter_for(connection.realm_id)
        self.limiter.keep_slots()
        self._free: list[SyncContext] = []

    @contextmanager
    def context(self) -> Iterator[SyncContext]:
        """A context that no other thread uses, with its HTTP connections still open."""
        try:
            ctx = self._free.pop()
        except IndexError:
            ctx = SyncContext(self.lease, self.connection, self)
        ctx.reset()
        try:
            yield ctx
        finally:
            self._free.append(ctx)

    def close(self) -> None:
        self.limiter.release_slots()
        self.meter.flush(now=True)
