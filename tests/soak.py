"""Everything that takes long, within SOAK_MINUTES: `python -m tests.soak`.

First all tests on SQLite, measured; then random histories for a third of the time; then all tests on PostgreSQL, and
histories there for as long as is left. A part whose time is up ends with what it has begun and skips the rest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

PYTEST = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadscope"]
POSTGRES = [sys.executable, "-m", "tests.postgres"]
COVERAGE = [sys.executable, "-m", "coverage"]
ALL, HISTORIES = ["-m", "not history or not soak"], ["-m", "history and soak"]
MINUTES = float(os.environ.get("SOAK_MINUTES", "25"))
GRACE_SECONDS = 300
"""What a test that was begun in time may still take."""

RULES = (
    "integrations/sync/*,integrations/models/*,integrations/coperniq/*,integrations/quickbooks/*,integrations/http.py,"
    "integrations/parsing.py,integrations/errors/*"
)
RULES_PERCENT, ALL_PERCENT = 99, 95


def run(command: list[str], until: float, **more: str) -> bool:
    """True when everything was tried in time. Ends the soak where a check fails."""
    environment = {**os.environ, **more, "TESTS_UNTIL": str(until)}
    if command[0:3] != POSTGRES:
        environment.pop("DATABASE_URL", None)
    print(f"soak: {' '.join(command[1:])}", flush=True)
    began = time.time()
    code = subprocess.run(
        command, env=environment, check=False, timeout=until - began + GRACE_SECONDS
    ).returncode
    print(f"soak: {(time.time() - began) / 60:.1f} minutes", flush=True)
    if code:
        sys.exit(code)
    return time.time() < until


def check_coverage() -> None:
    for arguments in (
        ["combine", "--quiet", "--keep"],
        ["report", f"--fail-under={RULES_PERCENT}", f"--include={RULES}"],
        ["report", f"--fail-under={ALL_PERCENT}"],
    ):
        subprocess.run([*COVERAGE, *arguments], check=True)


def main() -> None:
    end = time.time() + MINUTES * 60
    subprocess.run([*COVERAGE, "erase"], check=True)
    if run([*PYTEST, *ALL, "--cov", "--cov-report="], end):
        check_coverage()
    else:
        print("soak: no time was left to measure everything, so that coverage is not judged")
    many = {"HISTORIES": "1000", "KILLED_HISTORIES": str(1 + int(MINUTES / 8))}
    run([*PYTEST, *HISTORIES], min(end, time.time() + MINUTES * 20), **many)
    if run([*POSTGRES, *PYTEST, *ALL], end):
        run([*POSTGRES, *PYTEST, *HISTORIES], end, **many)


if __name__ == "__main__":
    main()
