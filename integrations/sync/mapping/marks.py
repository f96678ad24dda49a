"""The portal's mark in a document's note: whose it is, should everything else be lost. Pure."""

from __future__ import annotations

import re

from integrations.models.secrets import keyed_digest
from integrations.quickbooks.documents import VOIDED

PATTERN = re.compile(r"\[Coperniq (invoice|payment) ([\w-]+) ref ([0-9a-f]{8})\]")
VOIDED_PREFIX = re.compile(rf"{VOIDED}\b[\s:;,.-]*")


def mark_of(realm_id: str, kind: str, coperniq_id: str) -> str:
    """The last line of a note. The reference keeps a mark somebody typed, or another portal's, from counting."""
    return f"[Coperniq {kind} {coperniq_id} ref {reference(realm_id, kind, coperniq_id)}]"


def reference(realm_id: str, kind: str, coperniq_id: str) -> str:
    return keyed_digest(f"mark:{realm_id}:{kind}:{coperniq_id}")[:8]


def marked_id(realm_id: str, kind: str, note: str) -> str:
    """The Coperniq id of the record this document was made for, "" where it bears no mark of ours."""
    for named, coperniq_id, told in PATTERN.findall(note):
        if named == kind and told == reference(realm_id, kind, coperniq_id):
            return str(coperniq_id)
    return ""


def with_mark(text: str, mark: str) -> str:
    return f"{text}\n{mark}" if text else mark


def without_mark(note: str) -> str:
    """What people wrote: neither our mark nor what QuickBooks puts before the note of a voided document."""
    return VOIDED_PREFIX.sub("", PATTERN.sub("", note), count=1 if note.startswith(VOIDED) else 0).strip()
