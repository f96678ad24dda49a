"""The admin of the integrations, one module per module of the models; `settings` for `rules`.

Records are read-only, settings can be edited, operations are actions. Encrypted columns are never shown.
"""

from integrations.admin import (
    batches,
    connections,
    customer_matches,
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
    "batches",
    "connections",
    "customer_matches",
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
