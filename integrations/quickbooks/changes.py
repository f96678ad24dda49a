"""Reads change data capture: changes of several entities since a time, deletions included.

See docs/vendors/quickbooks-online.md, 8.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.errors import UnexpectedShape
from integrations.json_reader import JsonReader

MOST_OBJECTS = 1000
"""The limit of one answer over all entities. There is no next page, so a full answer may be incomplete."""


@dataclass(frozen=True)
class ChangedRecord:
    """A changed record.

    `record` is the whole object as QuickBooks returned it; for a deleted one it has only the id and the time.
    """

    entity: str
    id: str
    is_deleted: bool
    sync_token: str
    updated_at: datetime | None
    record: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Changes:
    found: tuple[ChangedRecord, ...]
    is_full: bool


def read_changes_document(document: JsonReader, entities: Sequence[str]) -> Changes:
    """Read an answer. An unchanged entity may be an empty object or absent, and there may be several responses.

    Raises UnexpectedShape if the answer has no CDCResponse list.
    """
    if not isinstance(document.child("CDCResponse").value, list):
        raise UnexpectedShape("CDCResponse", "list")
    answers = [
        answer
        for response in document.children("CDCResponse")
        for answer in (response.children("QueryResponse") or [response.child("QueryResponse")])
    ]
    rows = [(entity, row) for answer in answers for entity in entities for row in answer.children(entity)]
    found = tuple(read_change(entity, row) for entity, row in rows if row.identifier("Id", ""))
    return Changes(found, len(rows) >= MOST_OBJECTS)


def read_change(entity: str, row: JsonReader) -> ChangedRecord:
    return ChangedRecord(
        entity=entity,
        id=row.identifier("Id"),
        is_deleted=row.text("status", "") == "Deleted",
        sync_token=row.identifier("SyncToken", ""),
        updated_at=row.child("MetaData").moment("LastUpdatedTime", None),
        record=row.value if isinstance(row.value, Mapping) else {},
    )
