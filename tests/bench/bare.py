"""The yardstick of `make bench-ingest`: a WSGI application that does one durable INSERT a request, and nothing else."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import psycopg

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")  # which the web server reads
DATABASE_URL = os.environ["DATABASE_URL"]
CREATE = "CREATE TABLE IF NOT EXISTS bare (id {} PRIMARY KEY, key text UNIQUE, body text)"
_local = threading.local()


def prepare() -> None:
    """Make the table, once, before the web server starts."""
    if DATABASE_URL.startswith("postgres"):
        connect().execute(CREATE.format("bigserial"))
    else:
        connect().execute(CREATE.format("integer"))


def connect() -> Any:
    """In autocommit mode; on SQLite with the portal's own settings of durability, on a file of its own."""
    if DATABASE_URL.startswith("postgres"):
        return psycopg.connect(DATABASE_URL, autocommit=True)
    connection = sqlite3.connect(f"{urlsplit(DATABASE_URL).path}.bare", timeout=20, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
    if not hasattr(_local, "connection"):
        _local.connection = connect()
    mark = "%s" if DATABASE_URL.startswith("postgres") else "?"
    _local.connection.execute(
        f"INSERT INTO bare (key, body) VALUES ({mark}, {mark}) ON CONFLICT DO NOTHING",
        (environ["HTTP_X_KEY"], body),
    )
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "11")])
    return [b'{"kept": 1}']
