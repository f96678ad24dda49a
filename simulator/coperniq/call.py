"""One request as the rules see it, after the door has checked its key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.coperniq import fields
from simulator.coperniq.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.coperniq.company import Company
    from simulator.coperniq.records import User

Answer = tuple[int, Any]


@dataclass(frozen=True)
class Call:
    """`ids` are the numbers in the path, in order. An answer whose body is None is empty."""

    company: Company
    user: User
    query: Mapping[str, str]
    raw: bytes
    ids: tuple[int, ...] = ()

    @property
    def id(self) -> int:
        return self.ids[-1]

    def body(self) -> dict[str, Any]:
        return fields.parse(self.raw)

    @property
    def switches(self) -> dict[str, Any]:
        return self.company.switches

    def flag(self, name: str) -> bool:
        found = self.query.get(name, "false").lower()
        if found not in {"true", "false"}:
            raise invalid(name, f"{name} must be true or false")
        return found == "true"
