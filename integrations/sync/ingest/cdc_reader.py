"""Read QuickBooks' change data, and compare all linked records where one answer cannot hold the changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from integrations.errors import Refused
from integrations.messages.ingest import IngestMessage
from integrations.models import Kind, QuickBooksConnection
from integrations.quickbooks.changes import ChangedRecord
from integrations.quickbooks.client import QuickBooksClient
from integrations.quickbooks.narrowing import is_about_content

# A day less than QuickBooks promises (docs/vendors/quickbooks-online.md, 8.3).
_LONGEST_PERIOD = timedelta(days=29)
_CLOCK_TOLERANCE = timedelta(minutes=5)
_KINDS: dict[str, tuple[Kind, ...]] = {
    "Customer": (Kind.CUSTOMER, Kind.JOB),
    "Invoice": (Kind.INVOICE,),
    "Payment": (Kind.PAYMENT,),
}
_ENTITY_NAMES = {"Customer": "customers", "Invoice": "invoices", "Item": "items", "Payment": "payments"}


@dataclass(frozen=True)
class CapturedChanges:
    """`compared_because` says why linked records had to be compared; usually "".

    `refused`: QuickBooks refused some entity altogether, so that the same time has to be read again.
    """

    changes: list[ChangedRecord] = field(default_factory=list)
    compared_because: str = ""
    refused: Refused | None = None


def read_captured_changes(
    connection: QuickBooksConnection,
    client: QuickBooksClient,
    entities: Sequence[str],
    since: datetime,
    now: datetime,
) -> CapturedChanges:
    """`since` is by the portal's clock. Usually one call."""
    if now - since > _LONGEST_PERIOD:
        compared = [row for entity in entities for row in _compare(connection, client, entity, since)]
        return CapturedChanges(
            compared,
            IngestMessage.CHANGES_TOO_OLD(since=since).text,
        )
    try:
        found = client.read_changes(entities, since)
        if client.clock_offset < -_CLOCK_TOLERANCE:
            found = client.read_changes(entities, since + client.clock_offset)
        if not found.is_full:
            return CapturedChanges(list(found.found))
    except Refused as error:
        if not is_about_content(error):
            raise
    return _read_each_entity(connection, client, entities, since)


def _read_each_entity(
    connection: QuickBooksConnection, client: QuickBooksClient, entities: Sequence[str], since: datetime
) -> CapturedChanges:
    """A full answer has no next page, and a refused one nothing at all: read each entity by itself.

    One that is still full or refused is compared. Its queries can be narrowed, which change data capture cannot.
    """
    changes: list[ChangedRecord] = []
    compared: dict[str, str] = {}
    refused: Refused | None = None
    for entity in entities:
        try:
            found = client.read_changes([entity], since + client.clock_offset)
        except Refused as error:
            if not is_about_content(error):
                raise
            found = None
        if found is not None and not found.is_full:
            changes += found.found
            continue
        reason = IngestMessage.CHANGES_REFUSED if found is None else IngestMessage.TOO_MANY_CHANGES
        compared[_ENTITY_NAMES[entity]] = reason(names=_ENTITY_NAMES[entity]).text
        # No query returns deleted records, so keep those of the answer.
        changes += [row for row in found.found if row.is_deleted] if found is not None else []
        try:
            changes += _compare(connection, client, entity, since)
        except Refused as error:
            refused = error
    return CapturedChanges(changes, " ".join(compared.values()), refused)


def _compare(
    connection: QuickBooksConnection, client: QuickBooksClient, entity: str, since: datetime
) -> list[ChangedRecord]:
    """Everything that changed, and for unchanged linked records whether they still exist."""
    changed = client.list_changed(entity, since + client.clock_offset)
    rest = sorted(_linked_ids(connection, entity) - {row.id for row in changed})
    existing = client.find_those(entity, rest)
    gone = sorted(set(rest) - {row.id for row in existing})
    return [*changed, *existing, *(ChangedRecord(entity, each, True, "", None, {}) for each in gone)]


def _linked_ids(connection: QuickBooksConnection, entity: str) -> set[str]:
    links = connection.links.filter(kind__in=_KINDS.get(entity, ()))
    return set(links.values_list("quickbooks_id", flat=True))
