"""Commits that need not wait for the disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_NORMAL = 1


@contextmanager
def recoverable() -> Iterator[None]:
    """Commit what may be lost with the machine's power, since it is then done again: progress, not facts.

    On SQLite such commits do not wait for the disk. They survive the end of the process, and the next commit that waits,
    such as that of a write before its request leaves, takes them to the disk with it. PostgreSQL's server may end
    while its clients go on, so there they wait like all others. Without effect inside a transaction.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    sqlite = connection.connection
    (as_configured,) = sqlite.execute("PRAGMA synchronous").fetchone()
    if as_configured > _NORMAL:
        sqlite.execute(f"PRAGMA synchronous = {_NORMAL}")
    try:
        yield
    finally:
        sqlite.execute(f"PRAGMA synchronous = {as_configured}")
