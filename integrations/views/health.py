"""Is the process alive, and can the portal do its work? For load balancers and monitors; nothing secret."""

from __future__ import annotations

from django.db import DatabaseError, InterfaceError, connection
from django.db.backends.utils import CursorWrapper
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_q.models import OrmQ

from integrations.models import CoperniqConnection
from integrations.status import worker_is_alive

LOCK_WAIT_MS = 2000


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"alive": True})


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    checks = {"database": database_answers(), "queue": queue_answers(), "worker": worker_beats()}
    ready = all(checks.values())
    return JsonResponse({"ready": ready, **checks}, status=200 if ready else 503)


def database_answers() -> bool:
    """It can be read, and written to: SQLite waits a moment for whoever holds its lock."""
    try:
        CoperniqConnection.objects.exists()
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite" and not connection.in_atomic_block:
                try_sqlite_lock(cursor)
    except (DatabaseError, InterfaceError):
        return False
    return True


def try_sqlite_lock(cursor: CursorWrapper) -> None:
    """Raises OperationalError if the lock for writing is not free within a moment."""
    cursor.execute("PRAGMA busy_timeout")
    usual = cursor.fetchone()[0]
    cursor.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_MS}")
    try:
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("ROLLBACK")
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {usual}")


def queue_answers() -> bool:
    try:
        OrmQ.objects.exists()
    except (DatabaseError, InterfaceError):
        return False
    return True


def worker_beats() -> bool:
    try:
        return worker_is_alive()
    except (DatabaseError, InterfaceError):
        return False
