"""What the tree must not contain, and references from code and documents that must lead somewhere."""

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


# "docs/vendors/coperniq-api.md, 3.7 and A11": a section by its number, an assumption by its own.
SECTION = r"A?\d+(?:\.\d+)?"
REFERENCE = re.compile(rf"docs/vendors/([\w-]+\.md),\s+({SECTION}(?:(?:, | and | to ){SECTION})*)")
HEADING = re.compile(rf"^#+ ({SECTION})\.?(?: |$)", re.MULTILINE)
LINK = re.compile(r"\]\(([\w./-]*)(?:#([\w-]+))?\)")


def code() -> list[Path]:
    return [path for path in tracked("*.py") if path != Path(__file__).resolve()]


def test_code_names_vendor_sections_that_exist() -> None:
    known = {path.name: set(HEADING.findall(path.read_text())) for path in tracked("docs/vendors/*.md")}
    assert all(known.values())
    missing = [
        f"{path.relative_to(ROOT)}: {document}, {section}"
        for path in code()
        for document, sections in REFERENCE.findall(path.read_text())
        for section in re.findall(SECTION, sections)
        if section not in known.get(document, ())
    ]
    assert missing == []


def test_code_names_a_vendor_section_with_its_document() -> None:
    bare = re.compile(rf"\xa7|(?:{'|'.join(path.name for path in tracked('docs/vendors/*.md'))})")
    texts = {path: REFERENCE.sub("", path.read_text()) for path in code()}
    assert [path for path, text in texts.items() if bare.search(text)] == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for path in tracked("*.md"):
        for target, anchor in LINK.findall(path.read_text()):
            found = (path.parent / target).resolve() if target else path
            if not found.exists() or (anchor and anchor not in anchors(found)):
                broken.append(f"{path.relative_to(ROOT)}: {target}#{anchor}")
    assert broken == []


# "sync/invoices/merge.py:plan_merge", or only the file; a path may leave out its first folders.
NAMED = re.compile(r"([\w/-]+\.(?:py|toml))(?::(?:\w+\.)?(\w+))?")


@pytest.mark.parametrize("document", ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"])
def test_documents_name_files_and_functions_that_exist(document: str) -> None:
    files = [path for path in tracked() if path.suffix in (".py", ".toml")]
    missing = []
    for named, name in NAMED.findall((ROOT / document).read_text()):
        texts = [path.read_text() for path in files if path.as_posix().endswith(named.lstrip("/"))]
        defined = re.compile(rf"^(?:\s*(?:def|class) )?{name}\b" if name else "", re.MULTILINE)
        if not any(defined.search(text) for text in texts):
            missing.append(f"{named}:{name}")
    assert missing == []


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
