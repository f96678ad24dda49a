"""Which rules answer which path. A resource of its own brings a module with `ROUTES` and is named here."""

from __future__ import annotations

import re
from collections.abc import Callable

from simulator.coperniq import (
    accounts,
    catalog,
    contacts,
    projects,
    properties,
    sites,
    workflows,
)
from simulator.coperniq.billing import invoices, payments
from simulator.coperniq.call import Answer, Call
from simulator.coperniq.errors import Refused, not_found

Handler = Callable[[Call], Answer]

ALIASES = {"clients": "accounts"}
NOT_SIMULATED = [
    "opportunities",
    "requests",
    "bills",
    "quotes",
    "vendors",
    "work-orders",
    "taxes",
    "users",
    "roles",
    "teams",
    "notes",
    "forms",
    "form-templates",
    "calls",
    "assets",
    "labels",
    "ahjs",
    "reminders",
    "appointments",
]
NESTED_NOT_SIMULATED = [
    "bills",
    "quotes",
    "line-items",
    "work-orders",
    "notes",
    "comments",
    "files",
    "vendors",
    "reminders",
    "appointments",
]


def _compiled() -> list[tuple[str, re.Pattern[str], Handler]]:
    modules = (accounts, catalog, contacts, invoices, payments, projects, properties, sites, workflows)
    routes = [route for module in modules for route in module.ROUTES]
    return [
        (method, re.compile(path.replace("<id>", r"([0-9]{1,15})")), handler)
        for method, path, handler in routes
    ]


_ROUTES = _compiled()


def find(method: str, path: str) -> tuple[Handler, tuple[int, ...]]:
    first, slash, rest = path.partition("/")
    real = ALIASES.get(first, first) + slash + rest
    matches = [
        (known, found, handler) for known, pattern, handler in _ROUTES if (found := pattern.fullmatch(real))
    ]
    for known, found, handler in matches:
        if known == method:
            return handler, tuple(int(one) for one in found.groups())
    if matches:
        raise Refused(405, "METHOD_NOT_ALLOWED", f"{method} is not allowed here")
    if _documented(real.split("/")):
        raise Refused(
            501, "NOT_SIMULATED", f"{method} /{path} is documented, but this simulator does not have it"
        )
    raise not_found("Route")


def _documented(parts: list[str]) -> bool:
    return parts[0] in NOT_SIMULATED or (len(parts) > 2 and parts[2] in NESTED_NOT_SIMULATED)
