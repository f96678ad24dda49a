"""The correlation tag in the note of a QuickBooks document: which Coperniq record the document was created for. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from integrations.quickbooks.documents import VOIDED

_QUICKBOOKS_TAG = re.compile(
    r"\[Coperniq (invoice|payment) ([\w-]+)(?: of invoice ([\w-]+))? ref ([0-9a-f]{8})\]"
)
VOIDED_PREFIX = re.compile(rf"{VOIDED}\b[\s:;,.-]*")


class CoperniqIds(NamedTuple):
    """Ids in Coperniq. A payment's parent is its invoice, which the payment itself may not name (unapplied money)."""

    coperniq_id: str
    parent_id: str


def coperniq_tag(realm_id: str, kind: str, coperniq_id: str, parent_id: str = "") -> str:
    """The last line of a note. The reference keeps a mark that was typed, or made for other books, from counting."""
    of_invoice = f" of invoice {parent_id}" if parent_id else ""
    told = _checksum(realm_id, kind, coperniq_id, parent_id)
    return f"[Coperniq {kind} {coperniq_id}{of_invoice} ref {told}]"


def _checksum(realm_id: str, kind: str, coperniq_id: str, parent_id: str) -> str:
    """Without a key of ours: a mark has to be known again after every key has been changed."""
    parent = f":{parent_id}" if parent_id else ""
    return hashlib.sha256(f"mark:{realm_id}:{kind}:{coperniq_id}{parent}".encode()).hexdigest()[:8]


def read_coperniq_tag(realm_id: str, kind: str, note: str) -> CoperniqIds:
    """Whose the document is; empty where it bears no mark of ours."""
    for named, coperniq_id, parent_id, told in _QUICKBOOKS_TAG.findall(note):
        if named == kind and told == _checksum(realm_id, kind, coperniq_id, parent_id):
            return CoperniqIds(coperniq_id, parent_id)
    return CoperniqIds("", "")


def tagged_coperniq_id(realm_id: str, kind: str, note: str) -> str:
    """The Coperniq id of the record this document was made for, "" where it bears no mark of ours."""
    return read_coperniq_tag(realm_id, kind, note).coperniq_id


def with_tag(text: str, mark: str) -> str:
    return f"{text}\n{mark}" if text else mark


def without_tag(note: str) -> str:
    """What people wrote: neither our mark nor what QuickBooks puts before the note of a voided document."""
    return VOIDED_PREFIX.sub(
        "", _QUICKBOOKS_TAG.sub("", note), count=1 if note.startswith(VOIDED) else 0
    ).strip()
