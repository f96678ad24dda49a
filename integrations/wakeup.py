"""Tells a worker loop that there is something to do; it also looks by itself now and then.

On PostgreSQL a waiting loop is notified. On SQLite, whose processes share a machine, it sees within milliseconds that
somebody has committed: asking for that takes microseconds.
"""

from __future__ import annotations

import time

from django.db import connection

from integrations.models import CompanyLease, InboundEvent

CHANNEL = "worker_loop"
_POLL_SECONDS = 0.005


def notify_loop() -> None:
    """Only PostgreSQL needs that."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")


class Wakeup:
    """Used by one thread, with its connection to the database."""

    def __init__(self) -> None:
        self._version = self._requests = 0
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")

    def wait(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as there may be something to do."""
        connection.ensure_connection()
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors:
                list(connection.connection.notifies(timeout=seconds, stop_after=1))
                list(connection.connection.notifies(timeout=0))  # one look does for all
            return
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at and not self._is_anything_new():
            time.sleep(_POLL_SECONDS)

    def _is_anything_new(self) -> bool:
        """True while there are events to route, and once after runs were requested, of any company.

        Requests are counted over all leases: the count of the free ones would fall when one is taken.
        """
        with connection.wrap_database_errors:
            (version,) = connection.connection.execute("PRAGMA data_version").fetchone()
        if version == self._version:
            return False
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT EXISTS (SELECT 1 FROM {InboundEvent._meta.db_table} WHERE planned_at IS NULL), "  # noqa: S608 - names of our tables
                f"(SELECT COALESCE(SUM(notify_count + 1), 0) FROM {CompanyLease._meta.db_table})"
            )
            has_events, requests = cursor.fetchone()
        is_new = bool(has_events) or requests != self._requests
        self._version = 0 if has_events else version
        self._requests = requests
        return is_new
