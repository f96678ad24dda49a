"""Stored once, routed to its company, planned without a call; nothing of an unknown company is kept."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import queue
from integrations.errors import UnreadableWebhook
from integrations.models import EventCount, InboundEvent, PhaseEntry, QuickBooksConnection, SyncRun
from integrations.sync.ingest.events import DeferredUpdates, follow_up, receive_coperniq, receive_quickbooks
from integrations.sync.ingest.router import route_event, route_pending_events
from tests.portal_harness import PortalHarness, open_portal
from tests.simulation import Simulation

pytestmark = pytest.mark.every_database


def cloud_event(realm: str, number: int, kind: str = "customer.updated") -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"event-{number}",
        "type": f"qbo.{kind}.v1",
        "time": "2026-05-05T02:05:12.193000000Z",
        "intuitaccountid": realm,
        "intuitentityid": str(number),
        "data": {},
    }


def post(*events: dict[str, Any]) -> int:
    kept = receive_quickbooks(json.dumps(events).encode())
    follow_up()
    return kept


def reasons() -> dict[str, int]:
    return {tally.reason: tally.count for tally in EventCount.objects.all()}


def test_events_of_quickbooks_are_kept_for_their_company(portal: PortalHarness) -> None:
    assert post(cloud_event(portal.realm, 1), cloud_event("999", 2)) == 1
    route_pending_events()
    event = InboundEvent.objects.get()
    assert (event.company, event.record_type, event.record_id) == (portal.company, "customer", "1")
    assert event.outcome == InboundEvent.Outcome.IGNORED
    assert reasons() == {"received": 2, "unknown company": 1}


def test_a_replayed_delivery_keeps_nothing_new(portal: PortalHarness) -> None:
    for _ in range(2):
        post(cloud_event(portal.realm, 1))
    assert InboundEvent.objects.count() == 1


def test_an_unknown_type_is_kept_and_counted(portal: PortalHarness) -> None:
    post(cloud_event(portal.realm, 1, "customer.levitated"))
    route_pending_events()
    assert InboundEvent.objects.get().outcome == InboundEvent.Outcome.KEPT
    assert reasons()["unknown type"] == 1


def test_a_hundred_events_are_one_insert(portal: PortalHarness) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        post(*(cloud_event(portal.realm, number) for number in range(100)))
    inserts = [query for query in queries if 'INSERT INTO "integrations_inboundevent"' in query["sql"]]
    assert len(inserts) <= 2
    assert InboundEvent.objects.count() == 100


def test_a_merge_names_the_record_that_is_gone(portal: PortalHarness) -> None:
    post(cloud_event(portal.realm, 1, "customer.merged") | {"data": {"deletedid": "27"}})
    assert InboundEvent.objects.get().detail == {"deleted_id": "27"}


def test_a_disconnected_company_is_unknown(portal: PortalHarness) -> None:
    QuickBooksConnection.objects.update(state=QuickBooksConnection.State.DISCONNECTED)
    assert post(cloud_event(portal.realm, 1)) == 0


@pytest.mark.parametrize(
    ("body", "outcome", "reason"),
    [
        ({"triggerKey": "PROJECT_CREATED", "recordId": 1}, "ignored", "not about a project entering a phase"),
        ({"triggerKey": "PROJECT_PHASE_STARTED"}, "ignored", "not about a project entering a phase"),
        (
            {"triggerKey": "PROJECT_PHASE_STARTED", "recordId": 1, "phaseTemplateId": 4},
            "ignored",
            "no trigger for this phase",
        ),
        ({"triggerKey": "PROJECT_PHASE_STARTED", "recordId": 1}, "planned", ""),
    ],
)
def test_only_entering_a_trigger_phase_is_work(
    portal: PortalHarness, body: dict[str, Any], outcome: str, reason: str
) -> None:
    receive_coperniq(portal.coperniq, json.dumps({"event": {"eventId": 1, **body}}).encode())
    route_pending_events()
    event = InboundEvent.objects.get()
    assert (event.outcome, event.reason) == (outcome, reason)
    assert SyncRun.objects.exists() == (outcome == "planned")


def test_without_an_id_the_body_is_the_key(portal: PortalHarness) -> None:
    body = b'{"event": {"triggerKey": "PROJECT_PHASE_STARTED", "recordId": 1}}'
    assert receive_coperniq(portal.coperniq, body)
    assert not receive_coperniq(portal.coperniq, body)


def test_what_cannot_be_read_stores_nothing(portal: PortalHarness) -> None:
    for body in (b"", b"[]", b"\xff", b"{"):
        with pytest.raises(UnreadableWebhook):
            receive_coperniq(portal.coperniq, body)
    assert not InboundEvent.objects.exists()


def test_any_authentic_event_makes_the_poll_due(portal: PortalHarness) -> None:
    portal.ring(portal.project(portal.account()), "Billing")
    before = portal.coperniq.last_event_at
    portal.coperniq.refresh_from_db()
    assert portal.coperniq.last_event_at != before


def test_events_of_a_company_without_a_live_connection_are_ignored(portal: PortalHarness) -> None:
    project = portal.project(portal.account())
    QuickBooksConnection.objects.update(state=QuickBooksConnection.State.DISCONNECTED)
    portal.enter(project)
    portal.work()
    assert InboundEvent.objects.get().reason == "QuickBooks is not connected"


@pytest.mark.django_db
def test_a_company_in_another_currency_is_not_written(simulator: Simulation) -> None:
    portal = open_portal(simulator)
    QuickBooksConnection.objects.update(home_currency="CAD")
    portal.enter(portal.project(portal.account()))
    portal.work()
    assert "US dollars" in InboundEvent.objects.get().reason
    assert not PhaseEntry.objects.exists()


def test_an_event_is_planned_by_one_of_two_workers(portal: PortalHarness) -> None:
    portal.enter(portal.project(portal.account()))
    event = InboundEvent.objects.get()
    assert route_event(event)
    assert not route_event(event)
    assert SyncRun.objects.get().requested_count == 1


def test_a_wake_up_is_enough_for_many_events(db: None) -> None:
    from django_q.models import OrmQ

    for _ in range(5):
        queue.wake()
    assert OrmQ.objects.count() == 1


def test_wake_ups_during_another_are_made_once_by_whoever_makes_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is lost: what the first announced may have been looked at before the others were committed."""
    deferred, wakes = DeferredUpdates(), []

    def announce() -> None:
        deferred.wake_worker()
        deferred.write_soon()

    def wake() -> None:
        wakes.append(1)
        if len(wakes) == 1:
            with ThreadPoolExecutor(3) as others:
                list(others.map(lambda _: announce(), range(3)))

    monkeypatch.setattr(queue, "wake", wake)
    announce()
    assert len(wakes) == 2
    announce()
    assert len(wakes) == 3


def test_nothing_is_queued_onto_a_queue_that_stands(db: None, settings: Any) -> None:
    from django_q.models import OrmQ

    settings.QUEUE_WORKERS = 1
    for _ in range(10):
        queue.enqueue_loop()
    assert OrmQ.objects.count() == 4
