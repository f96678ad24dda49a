"""The planned write as data: preview, the log's field changes and the tests of the rules read the same plan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Change:
    """One field: before and after as people read them, never a secret."""

    field: str
    before: str
    after: str

    def as_dict(self) -> dict[str, str]:
        return {"field": self.field, "before": self.before, "after": self.after}


@dataclass(frozen=True)
class PlannedWrite:
    """`values` are payload fields by dotted path; `version` is the SyncToken the update is based on."""

    operation: str
    entity: str
    values: Mapping[str, Any]
    changes: tuple[Change, ...]
    quickbooks_id: str = ""
    version: str = ""


@dataclass(frozen=True)
class Plan:
    """What an action would do: at most one write, and the link that results.

    `stands_for` names parts that exist only once another record is linked (path → "customer:12"), so that
    a plan shown before that still equals the plan carried out after it.
    """

    record_name: str
    rule: str
    write: PlannedWrite | None = None
    quickbooks_id: str = ""
    quickbooks_name: str = ""
    quickbooks_version: str = ""
    quickbooks_image: Mapping[str, str] = field(default_factory=dict)
    coperniq_image: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    stands_for: Mapping[str, str] = field(default_factory=dict)

    def shown(self) -> list[dict[str, Any]]:
        if self.write is None:
            return []
        write = self.write
        return [
            {
                "operation": write.operation,
                "entity": write.entity,
                "quickbooks_id": write.quickbooks_id,
                "changes": [change.as_dict() for change in write.changes],
            }
        ]

    def fingerprint(self) -> str:
        """Equal for plans that would do the same. The version is left out: a stamp alone changes nothing."""
        write = self.write
        content: dict[str, Any] = {"link": self.quickbooks_id}
        if write is not None:
            values = {**write.values, **self.stands_for}
            content |= {"operation": write.operation, "entity": write.entity, "values": values}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
