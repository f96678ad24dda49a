"""The admin of the integrations, one file per file of the models.

Facts are read, rules are edited, verbs are actions. What is sealed is never among the fields.
"""

from integrations.admin import connections, events, lanes, links, log, queue, rules, runs, writes

__all__ = ["connections", "events", "lanes", "links", "log", "queue", "rules", "runs", "writes"]
