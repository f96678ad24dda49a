"""The catalog, to be read; everything comes in one answer, whatever the query asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.simulator.coperniq import rendering

if TYPE_CHECKING:
    from integrations.simulator.coperniq.call import Answer, Call


def list_(call: Call) -> Answer:
    found = [one for one in call.company.catalog.values() if not one.is_archived]
    return 200, [rendering.catalog_item(call.company, one) for one in found]


def get(call: Call) -> Answer:
    found = call.company.catalog.get(call.id)
    if found is None or found.is_archived:
        raise call.company.absent("catalog", call.id)
    return 200, rendering.catalog_item(call.company, found)


ROUTES = [("GET", "catalog-items", list_), ("GET", "catalog-items/<id>", get)]
