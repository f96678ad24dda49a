"""What one entity of the v3 API is to the rules: its known properties and what a query may ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.simulator.quickbooks.schema import EVERYWHERE, Property

MOMENTS = frozenset({"MetaData.CreateTime", "MetaData.LastUpdatedTime"})


@dataclass(frozen=True)
class Entity:
    """`order` is what lists come sorted by when nobody asks; `api_writes` False: only people change it, for now."""

    name: str
    properties: Mapping[str, Property]
    filterable: frozenset[str]
    order: str
    api_writes: bool = False


def with_common(**own: Property) -> dict[str, Property]:
    return {**EVERYWHERE, **own}
