"""Everything that takes long, within SOAK_MINUTES: `python -m tests.soak`.

First all tests on SQLite, measured, for two thirds of the time at most; then random histories for a third; then all tests
on PostgreSQL, and histories there for as long as is left. A part whose time is up ends with what it has begun and skips
the rest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

PYTEST = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadscope"]
POSTGRES = [sys.executable, "-m", "tests.postgres"]
COVERAGE = [sys.executable, "-m", "coverage"]
ALL, HISTORIES = ["-m", "not history or not soak"], ["-m", "history and soak"]
MINUTES = float(os.environ.get("SOAK_MINUTES", "25"))
GRACE_SECONDS = 300
"""What a test that was begun in time may still take."""

RULES = (
    "integrations/sync/*,integrations/models/*,integrations/coperniq/*,integrations/quickbooks/*,integrations/http.py,"
    "integrations/json_reader.py,integrations/errors/*"
)
RULES_PERCENT, ALL_PERCENT = 98, 95


def run(command: list[str], until: float, **more: str) -> bool:
    """True when everything was tried in time. Ends the soak where a check fails."""
    began = time.time()
    name = " ".join(command[2:])
    if began >= until:
        print(f"soak: no time was left for {name}")
        return False
    environment = {**os.environ, **more, "TESTS_UNTIL": str(until)}
    if command[:3] != POSTGRES:
        environment.pop("DATABASE_URL", None)
    print(f"soak: {name}", flush=True)
    patience = until - began + GRACE_SECONDS
    code = subprocess.run(command, env=environment, check=False, timeout=patience).returncode
    print(f"soak: {(time.time() - began) / 60:.1f} minutes", flush=True)
    if code:
        sys.exit(code)
    return time.time() < until


def check_coverage() -> None:
    for arguments in (
        ["combine", "--quiet", "--keep", *map(str, Path().glob(".coverage.soak*"))],
        ["report", f"--fail-under={RULES_PERCENT}", f"--include={RULES}"],
        ["report", f"--fail-under={ALL_PERCENT}"],
    ):
        subprocess.run([*COVERAGE, *arguments], check=True)


def main() -> None:
    begin = time.time()
    end, third = begin + MINUTES * 60, MINUTES * 20
    for left in Path().glob(".coverage*"):
        left.unlink()
    if run([*PYTEST, *ALL, "--cov", "--cov-report="], begin + 2 * third, COVERAGE_FILE=".coverage.soak"):
        check_coverage()
    else:
        print("soak: no time was left to measure everything, so that coverage is not judged")
    many = {"HISTORIES": "1000", "KILLED_HISTORIES": str(1 + int(MINUTES / 8))}
    run([*PYTEST, *HISTORIES], min(end, time.time() + third), **many)
    if run([*POSTGRES, *PYTEST, *ALL], end):
        run([*POSTGRES, *PYTEST, *HISTORIES], end, **many)


if __name__ == "__main__":
    main()
