"""The correlation tag in the note of a QuickBooks document: which Coperniq record the document was created for. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from integrations.quickbooks.documents import VOIDED

_QUICKBOOKS_TAG = re.compile(
    r"\[Coperniq (invoice|payment) ([\w-]+)(?: of invoice ([\w-]+))? ref ([0-9a-f]{8})\]"
)
_VOIDED_PREFIX = re.compile(rf"{VOIDED}\b[\s:;,.-]*")


class CoperniqIds(NamedTuple):
    """Ids in Coperniq. The parent of a payment is its invoice, which an unapplied QuickBooks payment does not name."""

    coperniq_id: str
    parent_id: str


def coperniq_tag(realm_id: str, kind: str, coperniq_id: str, parent_id: str = "") -> str:
    """The last line of a note. A typed tag, or one of another QuickBooks company, has a wrong checksum and is ignored."""
    of_invoice = f" of invoice {parent_id}" if parent_id else ""
    checksum = _checksum(realm_id, kind, coperniq_id, parent_id)
    return f"[Coperniq {kind} {coperniq_id}{of_invoice} ref {checksum}]"


def _checksum(realm_id: str, kind: str, coperniq_id: str, parent_id: str) -> str:
    """Not keyed: a tag must still be recognized after every encryption key was replaced."""
    parent = f":{parent_id}" if parent_id else ""
    return hashlib.sha256(f"mark:{realm_id}:{kind}:{coperniq_id}{parent}".encode()).hexdigest()[:8]


def read_coperniq_tag(realm_id: str, kind: str, note: str) -> CoperniqIds:
    """The record the document was created for; empty ids if it has no valid tag."""
    for named, coperniq_id, parent_id, checksum in _QUICKBOOKS_TAG.findall(note):
        if named == kind and checksum == _checksum(realm_id, kind, coperniq_id, parent_id):
            return CoperniqIds(coperniq_id, parent_id)
    return CoperniqIds("", "")


def tagged_coperniq_id(realm_id: str, kind: str, note: str) -> str:
    """The Coperniq id of the record the document was created for, "" if it has no valid tag."""
    return read_coperniq_tag(realm_id, kind, note).coperniq_id


def with_tag(text: str, tag: str) -> str:
    return f"{text}\n{tag}" if text else tag


def without_tag(note: str) -> str:
    """The text of people alone, without the tag and the prefix QuickBooks adds to the note of a voided document."""
    return _VOIDED_PREFIX.sub(
        "", _QUICKBOOKS_TAG.sub("", note), count=1 if note.startswith(VOIDED) else 0
    ).strip()
