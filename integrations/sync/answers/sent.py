from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.models import RecordLink, RemoteWrite
from integrations.sync.desk import Desk

VERBS = {
    "create": "Created",
    "update": "Updated",
    "void": "Voided",
    "delete": "Deleted",
    "adopted": "After a lost answer, found again",
}


@dataclass(frozen=True)
class Sent:
    """A write that was answered: the record as QuickBooks has it now, and Intuit's id of the call."""

    record: object
    intuit_tid: str


def flatten(payload: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in payload.items():
        path = f"{prefix}{key}"
        flat |= flatten(value, f"{path}.") if isinstance(value, dict) else {path: value}
    return flat


def verb_of(write: RemoteWrite) -> str:
    return VERBS.get(write.rule, VERBS[write.operation])


def link_of(desk: Desk, write: RemoteWrite) -> RecordLink:
    """The record's link, or a new one, with what the plan knew about it."""
    link = RecordLink.objects.pushed(desk.connection, write.kind, write.coperniq_id)
    if link is None:
        link = RecordLink(
            connection=desk.connection, kind=write.kind, coperniq_id=write.coperniq_id, rule=write.rule
        )
    link.coperniq_image = write.coperniq_image
    for name, value in write.about.items():
        setattr(link, name, dict(value) if isinstance(value, dict) else value)
    return link
