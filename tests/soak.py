"""Everything that takes long, within SOAK_MINUTES: `python -m tests.soak`.

On SQLite: the quick tests again, with coverage, which is judged; then the long tests and the processes; then random
histories. On PostgreSQL: what `make test` has left out there, then histories. Each part has a share of the time; what
a part does not need is left to those after it, and a part whose time is up ends with what it has begun. In the default
25 minutes PostgreSQL comes to a part of its tests; SOAK_MINUTES=90 comes to all of them.
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
QUICK = ["-m", "not soak and not processes"]
LONG = ["-m", "soak and not history or processes"]
HISTORIES = ["-m", "history and soak"]
LEFT_OUT_ON_POSTGRES = ["-m", "(soak or not every_database) and not history"]
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

    def by(share: float) -> float:
        return begin + share * MINUTES * 60

    for left in Path().glob(".coverage*"):
        left.unlink()
    if run([*PYTEST, *QUICK, "--cov", "--cov-report="], by(0.6), COVERAGE_FILE=".coverage.soak"):
        check_coverage()
    else:
        print("soak: no time was left to measure everything, so that coverage is not judged")
    many = {"HISTORIES": "1000", "KILLED_HISTORIES": str(1 + int(MINUTES / 8))}
    run([*PYTEST, *LONG], by(0.75))
    run([*PYTEST, *HISTORIES], by(0.87), **many)
    if run([*POSTGRES, *PYTEST, *LEFT_OUT_ON_POSTGRES], by(1)):
        run([*POSTGRES, *PYTEST, *HISTORIES], by(1), **many)


if __name__ == "__main__":
    main()
