"""How long the web server and the worker wait for a lock or a statement, and for a database server that says nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.database import WEB_SECONDS, with_options

ROOT = Path(__file__).parent.parent
ASK = """
import django
{first}
django.setup()
{then}
from django.db import connection
asked = ["PRAGMA busy_timeout"] if connection.vendor == "sqlite" else ["SHOW lock_timeout", "SHOW statement_timeout"]
with connection.cursor() as cursor:
    print(connection.vendor, *(cursor.execute(each).fetchone()[0] for each in asked))
"""
WORKER = "from config.database import limit_waits_of_worker; limit_waits_of_worker()"
WAITS = {
    ("import config.wsgi", ""): {f"sqlite {WEB_SECONDS * 1000}", f"postgresql {WEB_SECONDS}s 20s"},
    ("", WORKER): {"sqlite 20000", "postgresql 1min 1min"},
    ("", ""): {"sqlite 20000", "postgresql 0 0"},
}


@pytest.mark.parametrize(("first", "then"), list(WAITS))
def test_the_web_server_waits_for_a_moment_and_the_worker_for_a_minute(first: str, then: str) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    asked = subprocess.run(
        [sys.executable, "-c", ASK.format(first=first, then=then)],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert asked.stdout.strip() in WAITS[first, then]


def test_what_the_address_says_about_postgresql_goes_before() -> None:
    engine = {"ENGINE": "django.db.backends.postgresql"}
    options = with_options({**engine, "OPTIONS": {"connect_timeout": 30, "sslmode": "require"}})["OPTIONS"]
    assert (options["connect_timeout"], options["sslmode"], options["keepalives"]) == (30, "require", 1)
    assert with_options(engine)["OPTIONS"]["tcp_user_timeout"]
