"""Intuit's notifications of what stands in the books, signed and posted as they come in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from django.test import Client, override_settings
from django.urls import reverse

VERIFIER = "00faeec4-08d0-4996-bb37-698ae19f0149"


def cloud_event(realm: str, kind: str, id_: str, at: str, **data: str) -> dict[str, Any]:
    """`kind` is entity and operation, such as `invoice.updated`."""
    return {
        "specversion": "1.0",
        "id": secrets.token_hex(8),
        "source": "intuit.test",
        "type": f"qbo.{kind}.v1",
        "time": at,
        "intuitentityid": id_,
        "intuitaccountid": realm,
        "data": data,
    }


def legacy_event(name: str, operation: str, id_: str, at: str, **more: str) -> dict[str, Any]:
    return {"name": name, "operation": operation, "id": id_, "lastUpdated": at, **more}


def legacy_post(**events: list[dict[str, Any]]) -> dict[str, Any]:
    """Events by realm, each with an R before it."""
    return {
        "eventNotifications": [
            {"realmId": realm.removeprefix("R"), "dataChangeEvent": {"entities": rows}}
            for realm, rows in events.items()
        ]
    }


def post(payload: Any) -> int:
    """How many were kept."""
    body = json.dumps(payload).encode()
    signature = base64.b64encode(hmac.new(VERIFIER.encode(), body, hashlib.sha256).digest()).decode()
    with override_settings(INTUIT_WEBHOOK_VERIFIER_TOKENS=[VERIFIER]):
        answer = Client().post(
            reverse("integrations:webhook_quickbooks"),
            body,
            content_type="application/json",
            headers={"intuit-signature": signature},
        )
    assert answer.status_code == 200, answer.content
    return int(answer.json()["kept"])
