"""A vendor's response to a write, and what all response handlers share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.json_reader import load_json
from integrations.models import RecordLink, RemoteWrite
from integrations.sync.engine.context import SyncContext

_PAST_TENSE = {
    "create": "Created",
    "update": "Updated",
    "void": "Voided",
    "delete": "Deleted",
    "adopted": "After a lost answer, found again",
}
COPERNIQ_INVOICE, COPERNIQ_PAYMENT, CATALOG_ITEM = "coperniq_invoice", "coperniq_payment", "catalog_item"
"""Entities of Coperniq. Those of QuickBooks are called as in its API."""


@dataclass(frozen=True)
class WriteResponse:
    """The record as the vendor has it after a write, and Intuit's id of the call.

    `looked_for`: the response was lost and the record was found by a search; people may have changed it since.
    """

    record: object
    intuit_tid: str
    looked_for: bool = False


@dataclass(frozen=True)
class QuickBooksRead:
    """A record as it was read from QuickBooks, stored with a write to Coperniq: its response sets the link to it."""

    name: str
    version: str
    snapshot: Mapping[str, object]
    at: datetime | None = None

    def apply_to(self, link: RecordLink) -> None:
        link.quickbooks_name, link.quickbooks_version = self.name, self.version
        link.quickbooks_snapshot = dict(self.snapshot)
        link.quickbooks_at = self.at or link.quickbooks_at


def flatten(payload: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in payload.items():
        path = f"{prefix}{key}"
        flat |= flatten(value, f"{path}.") if isinstance(value, dict) else {path: value}
    return flat


def past_tense_of(write: RemoteWrite) -> str:
    return _PAST_TENSE.get(write.match_method, _PAST_TENSE[write.operation])


def link_for_write(ctx: SyncContext, write: RemoteWrite) -> RecordLink:
    """The record's link, or a new one, with the values that the plan stored with the write."""
    link = RecordLink.objects.pushed(ctx.connection, write.kind, write.coperniq_id)
    if link is None:
        link = RecordLink(
            connection=ctx.connection,
            kind=write.kind,
            coperniq_id=write.coperniq_id,
            match_method=write.match_method,
        )
    link.coperniq_snapshot = write.coperniq_snapshot
    apply_plan(link, write)
    return link


def apply_plan(link: RecordLink, write: RemoteWrite) -> None:
    """Set what the plan stored with the write for its link."""
    write.link_values.apply_to(link)
    if write.sync_state is not None:
        link.sync_state = write.sync_state


def load_body(body: str) -> dict[str, Any]:
    found = load_json(body)
    assert isinstance(found, dict)  # what the portal itself dumped
    return found
