"""How long a process waits for its database.

The web server waits for seconds: whoever waits there has one of its threads, and answers 503 for a page that can be asked
for again. The worker waits for a minute: its runs are recovered and tried again. Other commands, such as migrations, wait
as long as it takes.
"""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.utils import DEFAULT_DB_ALIAS

SQLITE = "django.db.backends.sqlite3"
WEB_SECONDS = 3
_WEB_STATEMENT_SECONDS = 20
_WORKER_SECONDS = 60

_OPTIONS: dict[str, dict[str, Any]] = {
    SQLITE: {
        # A transaction takes the write lock at its start, so that none fails when it first writes.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: an acknowledged event survives a power failure.
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA cache_size=-20000;"
        "PRAGMA temp_store=MEMORY;PRAGMA journal_size_limit=67108864;",
    },
    # A server that has vanished, or takes connections and says nothing, is noticed.
    "django.db.backends.postgresql": {
        "connect_timeout": 5,
        "keepalives": 1,
        "keepalives_idle": 30,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    },
}


def with_options(database: dict[str, Any]) -> dict[str, Any]:
    """The setting with options of its engine; PostgreSQL's give way to those of the address."""
    engine, given = database["ENGINE"], database.get("OPTIONS", {})
    options = {**given, **_OPTIONS[engine]} if engine == SQLITE else {**_OPTIONS.get(engine, {}), **given}
    return {**database, "OPTIONS": options}


def limit_waits_of_web() -> None:
    """For the web server, before it connects."""
    database = connections.settings[DEFAULT_DB_ALIAS]
    if database["ENGINE"] == SQLITE:
        database["OPTIONS"]["timeout"] = WEB_SECONDS
    else:
        database["OPTIONS"]["connect_timeout"] = WEB_SECONDS
    _limit_waits(lock=WEB_SECONDS, statement=_WEB_STATEMENT_SECONDS)


def limit_waits_of_worker() -> None:
    """For the worker's processes, before they connect."""
    _limit_waits(lock=_WORKER_SECONDS, statement=_WORKER_SECONDS)


def _limit_waits(*, lock: int, statement: int) -> None:
    """By a statement: a pooler in front of PostgreSQL may refuse these as options of the connection."""

    def limit(connection: BaseDatabaseWrapper, **_kwargs: object) -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = '{lock}s'; SET statement_timeout = '{statement}s'")

    connection_created.connect(limit, weak=False)
