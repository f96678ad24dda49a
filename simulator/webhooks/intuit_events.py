"""What Intuit posts, CloudEvents or the legacy envelope, and its signature.

docs/vendors/quickbooks-online.md, 10.2 to 10.5.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

MAX_EVENTS = 100
SOURCE = "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU="
_WORDS = {
    "Create": "created",
    "Update": "updated",
    "Delete": "deleted",
    "Merge": "merged",
    "Void": "void",
    "Emailed": "emailed",
}
_WRITTEN = frozenset({"Create", "Update", "Delete"})
_LISTED = frozenset({"Create", "Update"})
_OPERATIONS: dict[frozenset[str], tuple[str, ...]] = {
    _WRITTEN: ("Bill", "Class", "Deposit", "JournalEntry", "TimeActivity", "VendorCredit"),
    _WRITTEN | {"Emailed"}: ("Estimate", "PurchaseOrder"),
    _WRITTEN | {"Merge"}: ("Account", "Customer", "Employee", "Item", "Vendor"),
    _WRITTEN | {"Void"}: ("BillPayment", "Purchase", "Transfer", "RefundReceipt"),
    _WRITTEN | {"Void", "Emailed"}: ("CreditMemo", "Invoice", "Payment", "SalesReceipt"),
    _LISTED: ("Budget", "Currency", "JournalCode", "TaxAgency", "Term"),
    _LISTED | {"Merge"}: ("Department", "PaymentMethod"),
    frozenset({"Update"}): ("Preferences",),
}
SUPPORTED = {entity: operations for operations, entities in _OPERATIONS.items() for entity in entities}


@dataclass(frozen=True)
class Event:
    realm: str
    entity: str
    id: str
    operation: str
    at: datetime
    deleted_id: str = ""
    event_id: str = field(default_factory=lambda: str(uuid.uuid4()))


def is_sent(entity: str, operation: str) -> bool:
    """Intuit sends no events of some entities, and none of some operations on others."""
    return operation in SUPPORTED.get(entity, frozenset())


def body(events: list[Event], form: str, switches: Mapping[str, Any]) -> bytes:
    found = _legacy(events, switches) if form == "legacy" else [_cloud(one, switches) for one in events]
    return json.dumps(found, separators=(",", ":")).encode()


def signature(verifier_token: str, raw: bytes) -> str:
    return base64.b64encode(hmac.new(verifier_token.encode(), raw, hashlib.sha256).digest()).decode()


def _cloud(event: Event, switches: Mapping[str, Any]) -> dict[str, Any]:
    word = _WORDS.get(event.operation, event.operation.lower())
    if event.operation == "Void":
        word = switches["webhook_void_word"]
    kind = {"datacontenttype": "application/json"} if switches["webhook_datacontenttype"] else {}
    return {
        "specversion": "1.0",
        "id": event.event_id,
        "source": SOURCE,
        "type": f"qbo.{event.entity.lower()}.{word}.v1",
        **kind,
        "time": event.at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "517Z",
        "intuitentityid": event.id,
        "intuitaccountid": event.realm,
        "data": _data(event, switches),
    }


def _data(event: Event, switches: Mapping[str, Any]) -> dict[str, Any]:
    if event.deleted_id:
        return {"deletedid": event.deleted_id}
    if switches["webhook_alternative_ids"]:
        name = uuid.uuid5(uuid.NAMESPACE_OID, f"{event.realm}/{event.entity}/{event.id}")
        return {"alternative_ids": [{"id": str(name), "namespace": "Intuit.sbseg.v4"}]}
    return {}


def _legacy(events: list[Event], switches: Mapping[str, Any]) -> dict[str, Any]:
    realms = dict.fromkeys(one.realm for one in events)
    return {"eventNotifications": [_notification(realm, events, switches) for realm in realms]}


def _notification(realm: str, events: list[Event], switches: Mapping[str, Any]) -> dict[str, Any]:
    mine = [_entity(one, switches) for one in events if one.realm == realm]
    return {"realmId": realm, "dataChangeEvent": {"entities": mine}}


def _entity(event: Event, switches: Mapping[str, Any]) -> dict[str, Any]:
    found = {"name": event.entity, "id": event.id, "operation": event.operation}
    deleted = {"deletedId": event.deleted_id} if event.deleted_id else {}
    return found | {"lastUpdated": _last_updated(event.at, switches["webhook_last_updated"])} | deleted


def _last_updated(at: datetime, form: str) -> str:
    if form == "offset":
        return at.strftime("%Y-%m-%dT%H:%M:%S%z")
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
