"""The admin of the integrations, one file per file of the models; `settings` those of `rules`.

Facts are read, rules are edited, verbs are actions. What is encrypted is never among the fields.
"""

from integrations.admin import (
    connections,
    events,
    leases,
    links,
    log,
    polled_state,
    queue,
    runs,
    settings,
    writes,
)

__all__ = [
    "connections",
    "events",
    "leases",
    "links",
    "log",
    "polled_state",
    "queue",
    "runs",
    "settings",
    "writes",
]
