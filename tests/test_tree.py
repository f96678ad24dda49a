"""What must not be committed: where packages came from, where the code once lay, and large rooms."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Put together here, so that this file does not find itself.
FORBIDDEN = {
    "the address of a package registry": r"https?://\S+/(sim" + r"ple|pack" + r"ages)/",
    "an option that names a registry": r"--(extra-)?ind" + r"ex-url|--find" + r"-links",
}
LONGEST_FUNCTION, LONGEST_MODULE, MEDIAN_FUNCTION = 40, 250, 10


def tracked(pattern: str = "*") -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\n") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def code() -> list[Path]:
    """Without tests, which may be long, and migrations, which nobody reads for pleasure."""
    return [
        path for path in tracked("*.py") if not {"tests", "migrations"} & set(path.relative_to(ROOT).parts)
    ]


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


def test_rooms_stay_small_enough_to_live_in(code: list[Path]) -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in code}
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_functions_do_one_thing(code: list[Path]) -> None:
    lengths = {
        f"{path.relative_to(ROOT)}:{node.lineno}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in code
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}
    assert statistics.median(lengths.values()) < MEDIAN_FUNCTION
