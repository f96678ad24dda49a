"""What one entity of the v3 API is to the rules: its known properties and what a query may ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.quickbooks.schema import EVERYWHERE, Property

MOMENTS = frozenset({"MetaData.CreateTime", "MetaData.LastUpdatedTime"})


@dataclass(frozen=True)
class Entity:
    """`order` is what lists come sorted by when nobody asks, from the last backwards after a minus.

    `api_writes` False: only people change it, for now. `operations`: what may be asked of it besides create and
    update. `counted`: its query answers carry a totalCount.
    """

    name: str
    properties: Mapping[str, Property]
    filterable: frozenset[str]
    order: str
    api_writes: bool = False
    operations: frozenset[str] = frozenset()
    counted: bool = False


def with_common(**own: Property) -> dict[str, Property]:
    return {**EVERYWHERE, **own}
