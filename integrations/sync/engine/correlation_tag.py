"""The correlation tag in the note of a QuickBooks document: which Coperniq record the document was created for. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from integrations.quickbooks.documents import VOIDED

_QUICKBOOKS_TAG = re.compile(
    r"\[Coperniq (?:(?:invoice|payment) (?P<id>[\w-]+)(?: of invoice (?P<parent>[\w-]+))? ref (?P<sum>[0-9a-f]{8})"
    r"|(?P<short_id>[\w-]+)(?:/(?P<short_parent>[\w-]+))?-(?P<short_sum>[0-9a-f]{8}))\]"
)
"""The second alternative is what is written; documents of earlier versions have the first."""
_VOIDED_PREFIX = re.compile(rf"{VOIDED}\b[\s:;,.-]*")


class CoperniqIds(NamedTuple):
    """Ids in Coperniq. The parent of a payment is its invoice, which an unapplied QuickBooks payment does not name."""

    coperniq_id: str
    parent_id: str


def coperniq_tag(realm_id: str, kind: str, coperniq_id: str, parent_id: str = "") -> str:
    """The last line of a note: `[Coperniq 5001-2ec72d8a]`, of a payment `[Coperniq 12/5001-2ec72d8a]`.

    It is short because QuickBooks prints the note on statements. A typed tag, or one of another QuickBooks company or
    kind, has a wrong checksum and is ignored.
    """
    return f"[Coperniq {_ids_and_checksum(realm_id, kind, coperniq_id, parent_id)}]"


def _ids_and_checksum(realm_id: str, kind: str, record_id: str, parent_id: str) -> str:
    ids = f"{record_id}/{parent_id}" if parent_id else record_id
    return f"{ids}-{_checksum(realm_id, kind, record_id, parent_id)}"


def _checksum(realm_id: str, kind: str, coperniq_id: str, parent_id: str) -> str:
    """Not keyed: a tag must still be recognized after every encryption key was replaced."""
    parent = f":{parent_id}" if parent_id else ""
    return hashlib.sha256(f"mark:{realm_id}:{kind}:{coperniq_id}{parent}".encode()).hexdigest()[:8]


def read_coperniq_tag(realm_id: str, kind: str, note: str) -> CoperniqIds:
    """The record the document was created for; empty ids if it has no valid tag."""
    for ids in _tagged_ids(_QUICKBOOKS_TAG, realm_id, kind, note):
        return CoperniqIds(*ids)
    return CoperniqIds("", "")


def _tagged_ids(pattern: re.Pattern[str], realm_id: str, kind: str, text: str) -> Iterator[tuple[str, str]]:
    """Record and parent of each tag with a valid checksum, in their order."""
    for found in pattern.finditer(text):
        record_id, parent_id, checksum = (
            found[name] or found[f"short_{name}"] or "" for name in ("id", "parent", "sum")
        )
        if checksum == _checksum(realm_id, kind, record_id, parent_id):
            yield record_id, parent_id


def tagged_coperniq_id(realm_id: str, kind: str, note: str) -> str:
    """The Coperniq id of the record the document was created for, "" if it has no valid tag."""
    return read_coperniq_tag(realm_id, kind, note).coperniq_id


def with_tag(text: str, tag: str) -> str:
    return "\n".join(filter(None, (text, tag)))


def without_tag(note: str) -> str:
    """The text of people alone, without the tag and the prefix QuickBooks adds to the note of a voided document."""
    return _VOIDED_PREFIX.sub(
        "", _QUICKBOOKS_TAG.sub("", note), count=1 if note.startswith(VOIDED) else 0
    ).strip()
