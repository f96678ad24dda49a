"""The admin of the integrations, one file per file of the models; `settings` those of `rules`.

Facts are read, rules are edited, verbs are actions. What is sealed is never among the fields.
"""

from integrations.admin import (
    connections,
    events,
    lanes,
    links,
    log,
    noticing,
    queue,
    runs,
    settings,
    writes,
)

__all__ = [
    "connections",
    "events",
    "lanes",
    "links",
    "log",
    "noticing",
    "queue",
    "runs",
    "settings",
    "writes",
]
