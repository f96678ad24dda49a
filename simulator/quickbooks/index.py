"""Who is whose child, and which form has which number and customer: found without walking through all the books."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.quickbooks.state import Record

Key = tuple[str, str, str]  # entity, property, value
PARENT = "ParentRef"


class Index:
    """`put` a record again whenever its fields changed. It is blind to case, as queries are."""

    def __init__(self) -> None:
        self._found: dict[Key, dict[str, Record]] = defaultdict(dict)
        self._keys: dict[str, list[Key]] = {}

    def put(self, record: Record) -> None:
        self.drop(record)
        keys = self._keys[record.pseudonym] = _keys(record)
        for key in keys:
            self._found[key][record.pseudonym] = record

    def drop(self, record: Record) -> None:
        for key in self._keys.pop(record.pseudonym, []):
            self._found[key].pop(record.pseudonym, None)

    def by(self, entity: str, name: str, value: str) -> list[Record]:
        """In the order of their numbers."""
        return sorted(self._found.get((entity, name, value.lower()), {}).values(), key=lambda one: one.number)

    def children(self, record: Record) -> list[Record]:
        return self.by(record.entity, PARENT, record.id)


def _keys(record: Record) -> list[Key]:
    values = {
        "DocNumber": record.fields.get("DocNumber", ""),
        "CustomerRef": record.fields.get("CustomerRef", {}).get("value", ""),
        PARENT: record.parent_id,
    }
    return [(record.entity, name, str(value).lower()) for name, value in values.items() if value]
