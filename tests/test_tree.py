"""What must not be committed: addresses of package registries; and a lock without hashes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Put together here, so that this file does not find itself.
FORBIDDEN = {
    "the address of a package registry": r"https?://\S+/(sim" + r"ple|pack" + r"ages)/",
    "an option that names a registry": r"--(extra-)?ind" + r"ex-url|--find" + r"-links",
}


def tracked(pattern: str = "*") -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\n") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_tree_does_not_tell(what: str) -> None:
    recorded = ROOT / "tests" / "recorded"
    texts = [path for path in tracked() if not path.is_relative_to(recorded)]
    found = [path for path in texts if re.search(FORBIDDEN[what], path.read_text(errors="ignore"))]
    assert found == []


def test_every_dependency_is_locked_with_its_hashes() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pinned = [line for line in lines if re.match(r"[a-z0-9-]+(\[.*\])?==", line)]
    assert len(pinned) > 40
    assert all(line.endswith("\\") for line in pinned), "a hash follows on the next line"
