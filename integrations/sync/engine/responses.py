"""What a vendor answered to a write, and what every response handler does with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.json_reader import load_json
from integrations.models import RecordLink, RemoteWrite
from integrations.sync.engine.context import SyncContext

PAST_TENSE = {
    "create": "Created",
    "update": "Updated",
    "void": "Voided",
    "delete": "Deleted",
    "adopted": "After a lost answer, found again",
}
COPERNIQ_INVOICE, COPERNIQ_PAYMENT, CATALOG_ITEM = "coperniq_invoice", "coperniq_payment", "catalog_item"
"""Entities of Coperniq; those of QuickBooks have its own names."""


@dataclass(frozen=True)
class WriteResponse:
    """A write that was answered: the record as QuickBooks has it now, and Intuit's id of the call.

    `looked_for`: nobody answered it, and the record was found; people may have changed it since.
    """

    record: object
    intuit_tid: str
    looked_for: bool = False


def flatten(payload: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in payload.items():
        path = f"{prefix}{key}"
        flat |= flatten(value, f"{path}.") if isinstance(value, dict) else {path: value}
    return flat


def past_tense_of(write: RemoteWrite) -> str:
    return PAST_TENSE.get(write.match_method, PAST_TENSE[write.operation])


def link_for_write(ctx: SyncContext, write: RemoteWrite) -> RecordLink:
    """The record's link, or a new one, with what the plan knew about it."""
    link = RecordLink.objects.pushed(ctx.connection, write.kind, write.coperniq_id)
    if link is None:
        link = RecordLink(
            connection=ctx.connection,
            kind=write.kind,
            coperniq_id=write.coperniq_id,
            match_method=write.match_method,
        )
    link.coperniq_snapshot = write.coperniq_snapshot
    apply_plan_metadata(link, write.about)
    return link


def apply_plan_metadata(link: RecordLink, about: Mapping[str, Any]) -> None:
    """What the plan knew of the link."""
    for name, value in about.items():
        if name != "about":
            setattr(link, name, dict(value) if isinstance(value, dict) else value)


def kept_snapshot(write: RemoteWrite) -> dict[str, Any]:
    """Values of the answering side's image that stand until they are settled: another write is to follow for them."""
    return dict(write.about.get("about", {}).get("kept", {}))


def load_body(body: str) -> dict[str, Any]:
    found = load_json(body)
    assert isinstance(found, dict)  # what the portal itself dumped
    return found
