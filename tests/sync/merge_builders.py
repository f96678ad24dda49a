"""What people do to customers in QuickBooks, and how the portal hears of it."""

from __future__ import annotations

import json
import time
from typing import Any

from integrations.models import Action, Direction, InboundEvent, RecordLink, SyncLogEntry, SyncRun
from integrations.sync.ingest.events import receive_quickbooks
from integrations.sync.ingest.router import route_pending_events
from tests.portal_harness import PortalHarness


def merge(portal: PortalHarness, away_id: str, into_id: str) -> None:
    path = f"quickbooks/{portal.realm}/merge/Customer"
    portal.simulator.control(path, {"from": away_id, "into": into_id})


def receive_merge_event(
    portal: PortalHarness, away_id: str, into_id: str, event_id: str = ""
) -> InboundEvent:
    """QuickBooks' webhook names both."""
    event = {
        "id": event_id or f"merge-{time.monotonic_ns()}",
        "type": "qbo.customer.merged.v1",
        "time": "2026-05-05T10:00:00Z",
        "intuitentityid": into_id,
        "intuitaccountid": portal.realm,
        "data": {"deletedid": away_id},
    }
    receive_quickbooks(json.dumps([event]).encode())
    route_pending_events()
    return InboundEvent.objects.filter(detail__deleted_id=away_id).latest("id")


def ask_about(
    portal: PortalHarness, quickbooks_id: str, kind: str = "customer", event: InboundEvent | None = None
) -> SyncRun:
    """As planning does for what webhooks and change data tell."""
    return SyncRun.objects.request(
        SyncRun(
            company=portal.company,
            connection=portal.quickbooks,
            direction=Direction.PULL,
            kind=kind,
            action=Action.NOTICE_CUSTOMER,
            quickbooks_id=quickbooks_id,
            event=event,
        )
    )


def notice(
    portal: PortalHarness, quickbooks_id: str, kind: str = "customer", event: InboundEvent | None = None
) -> None:
    ask_about(portal, quickbooks_id, kind, event)
    portal.work()


def logged_sentences(kind: str = "customer") -> list[str]:
    rows = SyncLogEntry.objects.filter(kind=kind, direction=Direction.PULL).order_by("id")
    return [f"{row.outcome}: {row.sentence}" for row in rows]


def rows_of_links() -> list[Any]:
    """Everything a second look must leave as it is."""
    return list(RecordLink.objects.order_by("id").values())
