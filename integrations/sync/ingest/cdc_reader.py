"""Read QuickBooks' change data and narrow what it could not return in one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from integrations.models import Kind, QuickBooksConnection
from integrations.quickbooks.changes import ChangedRecord
from integrations.quickbooks.client import QuickBooksClient

REACH = timedelta(days=29)  # a day less than QuickBooks promises (docs/vendors/quickbooks-online.md, 8.3)
SLOW_CLOCK = timedelta(minutes=5)
_KINDS: dict[str, tuple[Kind, ...]] = {
    "Customer": (Kind.CUSTOMER, Kind.JOB),
    "Invoice": (Kind.INVOICE,),
    "Payment": (Kind.PAYMENT,),
}
_ENTITY_NAMES = {"Customer": "customers", "Invoice": "invoices", "Item": "items", "Payment": "payments"}


@dataclass(frozen=True)
class CapturedChanges:
    """`compared_because` says why some of it had to be compared with all that is linked, "" as a rule."""

    changes: list[ChangedRecord] = field(default_factory=list)
    compared_because: str = ""


def read_captured_changes(
    connection: QuickBooksConnection,
    client: QuickBooksClient,
    entities: Sequence[str],
    since: datetime,
    now: datetime,
) -> CapturedChanges:
    """`since` is by our clock. One call, as a rule."""
    if now - since > REACH:
        compared = [row for entity in entities for row in _compare(connection, client, entity, since)]
        return CapturedChanges(
            compared,
            f"QuickBooks tells the changes of 30 days, and nobody had looked since {since:%B %-d, %Y}.",
        )
    found = client.read_changes(entities, since)
    if client.clock_offset < -SLOW_CLOCK:
        found = client.read_changes(entities, since + client.clock_offset)
    if not found.is_full:
        return CapturedChanges(list(found.found))
    return narrow(connection, client, entities, since)


def narrow(
    connection: QuickBooksConnection, client: QuickBooksClient, entities: Sequence[str], since: datetime
) -> CapturedChanges:
    """No page follows a full answer: each kind is asked for by itself, and one that is still full is compared."""
    changes: list[ChangedRecord] = []
    overfull: list[str] = []
    for entity in entities:
        found = client.read_changes([entity], since + client.clock_offset)
        if found.is_full:
            overfull.append(_ENTITY_NAMES[entity])
            # What the answer says of deleted ones no query can tell.
            changes += [row for row in found.found if row.is_deleted]
            changes += _compare(connection, client, entity, since)
        else:
            changes += found.found
    told = f"QuickBooks tells 1,000 changes at once, and more had changed: {', '.join(overfull)}."
    return CapturedChanges(changes, told if overfull else "")


def _compare(
    connection: QuickBooksConnection, client: QuickBooksClient, entity: str, since: datetime
) -> list[ChangedRecord]:
    """All that changed, linked or not, and of what is linked and has not changed whether it is still there."""
    changed = client.list_changed(entity, since + client.clock_offset)
    rest = sorted(_linked_ids(connection, entity) - {row.id for row in changed})
    there = client.find_those(entity, rest)
    gone = sorted(set(rest) - {row.id for row in there})
    return [*changed, *there, *(ChangedRecord(entity, each, True, "", None, {}) for each in gone)]


def _linked_ids(connection: QuickBooksConnection, entity: str) -> set[str]:
    links = connection.links.filter(kind__in=_KINDS.get(entity, ()))
    return set(links.values_list("quickbooks_id", flat=True))
