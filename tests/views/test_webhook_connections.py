"""Whose events they are is asked with every insert: nothing that is remembered about a connection outlives its change."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.test import Client
from pytest_django import Settings

from accounts.models import Company
from integrations import queue
from integrations.models import CoperniqConnection, EventCount, InboundEvent, QuickBooksConnection
from integrations.sync.ingest import events as ingest_events
from integrations.sync.ingest.events import AT_ONCE_FOR_REALMS, DeferredUpdates, write_in_turn
from tests.factories import OTHER_REALM, coperniq_connection, quickbooks_connection
from tests.views.test_webhooks import (
    QUICKBOOKS,
    VERIFIER,
    address,
    cloud_event,
    knock,
    phase_started,
    ring,
    sign,
)

pytestmark = pytest.mark.django_db

PATIENCE_SECONDS = 20
State = QuickBooksConnection.State


@pytest.fixture(autouse=True)
def verifier(settings: Settings) -> None:
    settings.INTUIT_WEBHOOK_VERIFIER_TOKENS = [VERIFIER]


def kept(answer: Any) -> int:
    assert answer.status_code == 200, answer.content
    return int(answer.json()["kept"])


def owners() -> list[str]:
    return list(InboundEvent.objects.order_by("id").values_list("company__slug", flat=True))


def counts() -> dict[str, int]:
    return dict(EventCount.objects.values_list("reason", "count"))


def test_a_disconnection_counts_from_the_next_event_on(client: Client, acme: Company) -> None:
    quickbooks = quickbooks_connection(acme)
    assert kept(ring(client, [cloud_event("1")])) == 1
    QuickBooksConnection.objects.update(state=State.DISCONNECTED)
    assert kept(ring(client, [cloud_event("2")])) == 0
    quickbooks.state = State.NEEDS_AUTHORIZATION
    quickbooks.save()
    assert kept(ring(client, [cloud_event("3")])) == 1
    assert list(InboundEvent.objects.order_by("id").values_list("key", flat=True)) == ["1", "3"]
    assert counts() == {"received": 3, "unknown company": 1}


def test_events_follow_a_quickbooks_company_to_another_company(
    client: Client, acme: Company, bolt: Company
) -> None:
    quickbooks_connection(acme)
    ring(client, [cloud_event("1")])
    QuickBooksConnection.objects.update(state=State.ARCHIVED)
    quickbooks_connection(bolt)
    ring(client, [cloud_event("2")])
    assert owners() == ["acme", "bolt"]


def test_one_delivery_for_several_companies_is_sorted(client: Client, acme: Company, bolt: Company) -> None:
    quickbooks_connection(acme)
    quickbooks_connection(bolt, OTHER_REALM)
    events = [cloud_event("1"), cloud_event("2", OTHER_REALM), cloud_event("3", "999")]
    events[0]["time"] = None
    assert kept(ring(client, events)) == 2
    assert kept(ring(client, events)) == 2, "a repetition is kept already"
    assert owners() == ["acme", "bolt"]
    assert counts() == {"received": 6, "unknown company": 2}


def test_a_delivery_of_more_than_a_statement_holds_is_stored(client: Client, acme: Company) -> None:
    quickbooks_connection(acme)
    events = [cloud_event(f"event-{number}") for number in range(AT_ONCE_FOR_REALMS + 1)]
    assert kept(ring(client, events)) == len(events)
    assert InboundEvent.objects.count() == len(events)


def test_tokens_of_two_companies_are_kept_apart(client: Client, acme: Company, bolt: Company) -> None:
    first, second = coperniq_connection(acme), coperniq_connection(bolt)
    for number in range(2):
        for each in (first, second):
            assert kept(knock(client, each, phase_started(f"c-{number}"))) == 1
    assert owners() == ["acme", "bolt", "acme", "bolt"]


def test_another_token_replaces_the_old_one_at_once(client: Client, acme: Company) -> None:
    connection = coperniq_connection(acme)
    old = address(connection)
    assert kept(knock(client, connection, phase_started("1"))) == 1
    connection.issue_webhook_token()
    connection.save()
    answer = client.post(old, phase_started("2"), content_type="application/json")
    assert answer.status_code == 404
    assert kept(knock(client, connection, phase_started("3"))) == 1
    assert list(InboundEvent.objects.order_by("id").values_list("key", flat=True)) == ["1", "3"]


def test_a_deleted_connection_has_no_address(client: Client, acme: Company) -> None:
    connection = coperniq_connection(acme)
    assert kept(knock(client, connection, phase_started("1"))) == 1
    CoperniqConnection.objects.all().delete()
    for _ in range(2):
        assert knock(client, connection, phase_started("2")).status_code == 404


def test_a_disconnected_company_is_answered_whatever_it_sends(client: Client, acme: Company) -> None:
    connection = coperniq_connection(acme)
    assert kept(knock(client, connection, phase_started("1"))) == 1
    CoperniqConnection.objects.update(state=CoperniqConnection.State.DISCONNECTED, last_event_at=None)
    for body in (phase_started("2"), b"no json at all"):
        assert kept(knock(client, connection, body)) == 0
    assert InboundEvent.objects.count() == 1
    assert CoperniqConnection.objects.get().last_event_at is None
    CoperniqConnection.objects.update(state=CoperniqConnection.State.CONNECTED)
    assert kept(knock(client, connection, phase_started("3"))) == 1


@pytest.mark.django_db(transaction=True)
def test_what_was_not_due_is_counted_later(
    client: Client, acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_events, "_deferred", DeferredUpdates(spacing_seconds=0.2))
    quickbooks_connection(acme)
    for number in range(3):
        ring(client, [cloud_event(str(number))])
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while counts() != {"received": 3}:
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def test_what_could_not_be_counted_is_counted_the_next_time(
    client: Client, acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise DatabaseError

    quickbooks_connection(acme)
    with monkeypatch.context() as patch:
        patch.setattr(EventCount, "add", away)
        patch.setattr(queue, "wake", away)
        assert kept(ring(client, [cloud_event("1")])) == 1, "the event itself is stored"
    ring(client, [cloud_event("2")])
    assert counts() == {"received": 2}


def test_a_locked_database_is_asked_again(acme: Company) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite has one writer")
    errors = [OperationalError("database is locked"), OperationalError("disk I/O error")]

    def write() -> int:
        if errors:
            raise errors.pop(0)
        return 1

    with pytest.raises(OperationalError, match="disk"):
        write_in_turn(write)
    assert write_in_turn(write) == 1


def test_webhooks_skip_what_is_for_people_but_not_what_protects(client: Client, acme: Company) -> None:
    quickbooks_connection(acme)
    answer = ring(client, [cloud_event()])
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Length"] == str(len(answer.content))
    body = b"[]"
    elsewhere = client.post(
        QUICKBOOKS,
        body,
        content_type="application/json",
        headers={"intuit-signature": sign(body), "host": "elsewhere.example"},
    )
    assert elsewhere.status_code == 400
    assert client.post("/webhooks/nobody/", body, content_type="application/json").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_database_connection_that_broke_while_idle_costs_no_event(client: Client, acme: Company) -> None:
    """It is not asked before each event whether it still works."""
    if connection.vendor == "sqlite":
        pytest.skip("has no server")
    quickbooks_connection(acme)
    assert kept(ring(client, [cloud_event("1")])) == 1
    connection.connection.close()
    assert kept(ring(client, [cloud_event("1"), cloud_event("2")])) == 2
    assert InboundEvent.objects.count() == 2
