"""Verifies and reads Intuit's webhooks (docs/vendors/quickbooks-online.md, 10).

https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from integrations.errors import UnexpectedShape, UnreadableJson, UnreadableWebhook
from integrations.json_reader import JsonReader, load_json

LONGEST_EVENT_ID = 100
MOST_CONTAINERS = 40_000
"""Of a delivery: what two mebibytes of real events have."""

ENTITIES = {
    name.lower(): name
    for name in (
        *("Account", "BillPayment", "Class", "CreditMemo", "Customer", "Department", "Deposit", "Employee"),
        *("Estimate", "Invoice", "Item", "JournalEntry", "Payment", "PaymentMethod", "Preferences"),
        *("RefundReceipt", "SalesReceipt", "Term", "Vendor"),
    )
}
OPERATIONS = {
    "create": "created",
    "created": "created",
    "update": "updated",
    "updated": "updated",
    "delete": "deleted",
    "deleted": "deleted",
    "merge": "merged",
    "merged": "merged",
    "void": "voided",
    "voided": "voided",
    "emailed": "emailed",
}


@dataclass(frozen=True)
class Notification:
    """One event of a delivery.

    `operation` is created, updated, deleted, merged, voided, emailed or unknown. For a merge `record_id` is the
    surviving record and `deleted_id` the one merged into it.
    """

    event_id: str
    realm_id: str
    entity: str
    record_id: str
    operation: str
    occurred_at: datetime | None
    deleted_id: str


@dataclass(frozen=True)
class Delivery:
    notifications: tuple[Notification, ...]
    unreadable: int


def is_authentic(body: bytes, signature: str, tokens: Sequence[str]) -> bool:
    """True if one of the verifier tokens signed this body (docs/vendors/quickbooks-online.md, 10.5).

    There are several while a token is rotated. Empty tokens are ignored, since anybody could sign with one.
    """
    given = signature.strip().encode("utf-8", "replace")
    return any(hmac.compare_digest(given, _signature(body, token)) for token in tokens if token)


def _signature(body: bytes, token: str) -> bytes:
    return base64.b64encode(hmac.new(token.encode(), body, hashlib.sha256).digest())


def parse_notifications(body: bytes) -> Delivery:
    """The events of a request body, in either of Intuit's formats (docs/vendors/quickbooks-online.md, 10.2 and 10.3).

    An unreadable event is counted and the others are returned, since Intuit repeats a refused request as a whole
    (docs/vendors/quickbooks-online.md, 10.6). Raises UnreadableWebhook unless the body is JSON in one of the two
    formats.
    """
    try:
        document = JsonReader(load_json(body, MOST_CONTAINERS))
    except UnreadableJson as error:
        raise UnreadableWebhook("The notification is not readable JSON.") from error
    found: list[Notification] = []
    unreadable = 0
    for event, realm_id in _events(document):
        try:
            found.append(_cloud_event(event) if realm_id is None else _legacy_event(event, realm_id))
        except UnexpectedShape:
            unreadable += 1
    return Delivery(tuple(found), unreadable)


def _events(document: JsonReader) -> Iterator[tuple[JsonReader, str | None]]:
    """Each event, with its realm id if the format keeps it outside the event, else None."""
    if isinstance(document.value, list):
        yield from ((event, None) for event in document.rows())
    elif isinstance(document.child("eventNotifications").value, list):
        for group in document.children("eventNotifications"):
            entities = group.child("dataChangeEvent").children("entities") or [JsonReader(None)]
            yield from ((event, group.identifier("realmId", "")) for event in entities)
    else:
        raise UnreadableWebhook("The notification has neither of Intuit's two forms.")


def _cloud_event(event: JsonReader) -> Notification:
    _, entity, operation, *_ = [*event.identifier("type").split("."), "", "", ""]
    return _notification(
        event_id=event.text("id", ""),
        realm_id=event.identifier("intuitaccountid"),
        entity=entity,
        record_id=event.identifier("intuitentityid"),
        operation=operation,
        occurred_at=event.moment("time", None),
        deleted_id=event.child("data").identifier("deletedid", ""),
    )


def _legacy_event(event: JsonReader, realm_id: str) -> Notification:
    if not realm_id:
        raise UnexpectedShape("eventNotifications.realmId", "id")
    return _notification(
        event_id="",
        realm_id=realm_id,
        entity=event.identifier("name"),
        record_id=event.identifier("id"),
        operation=event.identifier("operation", ""),
        occurred_at=event.moment("lastUpdated", None),
        deleted_id=event.identifier("deletedId", ""),
    )


def _notification(
    *,
    event_id: str,
    realm_id: str,
    entity: str,
    record_id: str,
    operation: str,
    occurred_at: datetime | None,
    deleted_id: str,
) -> Notification:
    facts = (realm_id, entity.lower(), record_id, operation.lower(), str(occurred_at), deleted_id)
    return Notification(
        event_id=event_id if 0 < len(event_id) <= LONGEST_EVENT_ID else _stable_id(event_id, *facts),
        realm_id=realm_id,
        entity=ENTITIES.get(entity.lower(), entity),
        record_id=record_id,
        operation=OPERATIONS.get(operation.lower(), "unknown"),
        occurred_at=occurred_at,
        deleted_id=deleted_id,
    )


def _stable_id(*facts: str) -> str:
    """An id that is the same for every delivery of the same event; events of the legacy format have no id."""
    return "made-" + hashlib.sha256("\x1f".join(facts).encode()).hexdigest()[:40]
