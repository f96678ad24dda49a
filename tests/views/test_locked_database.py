"""Another process holds SQLite's lock: whoever wants to write waits for a bounded time and is told so."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.db import OperationalError, ProgrammingError, connection, connections
from django.test import Client
from django.urls import reverse

from accounts.models import Company, User
from integrations.models import InboundEvent
from integrations.sync.ingest import events
from integrations.views import health, webhooks
from tests.factories import JSON, SignIn, coperniq_connection
from tests.views.test_webhooks import phase_started

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no such lock")
    monkeypatch.setattr(events, "_PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(events, "_LOCKED_PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(health, "LOCK_WAIT_MS", 50)
    events._locked.clear()
    webhooks._known_tokens.clear()
    name = str(connection.settings_dict["NAME"])
    with closing(sqlite3.connect(name, isolation_level=None, check_same_thread=False)) as other:
        yield other


def test_webhooks_and_readiness_are_refused_and_recover(acme: Company, lock: sqlite3.Connection) -> None:
    address = reverse("integrations:webhook_coperniq", args=[coperniq_connection(acme).webhook_token])

    def knock(number: int) -> int:
        try:
            return (
                Client()
                .post(address, phase_started(f"c-{number}"), content_type="application/json")
                .status_code
            )
        finally:
            connections.close_all()

    lock.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(knock, range(30)))
    assert answers == [503] * 30
    assert Client().get("/healthz").status_code == 200
    ready = Client().get("/readyz")
    assert (ready.status_code, ready.json()["database"]) == (503, False)
    lock.execute("ROLLBACK")
    assert Client().get("/readyz").json()["database"] is True
    assert knock(31) == 200
    assert InboundEvent.objects.count() == 1
    assert not events._locked.is_set()


def test_pages_are_unavailable_for_a_moment_and_recover(
    acme: Company, bolt: Company, nora: User, sign_in: SignIn, lock: sqlite3.Connection
) -> None:
    login, form = reverse("accounts:login"), {"username": nora.email, "password": "wrong-demo-word"}
    overview = reverse("integrations:overview")
    visitor, browser = Client(raise_request_exception=False), sign_in(nora)
    browser.raise_request_exception = False
    assert browser.get(overview, {"company": "acme"}).status_code == 200
    connection.cursor().execute("PRAGMA busy_timeout = 50")
    lock.execute("BEGIN IMMEDIATE")
    answer = visitor.post(login, form)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "try again in a moment" in answer.content.decode()
    assert "was not finished" in visitor.post(login, form, headers=JSON).json()["errors"][0]
    # A page that writes nothing but the session, which keeps the company read last.
    assert browser.get(overview, {"company": "bolt"}).status_code == 503
    assert browser.get(overview, {"company": "acme"}).status_code == 200
    lock.execute("ROLLBACK")
    assert browser.get(overview, {"company": "bolt"}).status_code == 200
    assert visitor.post(login, form).status_code == 400


@pytest.mark.parametrize("error", [OperationalError("no such table: users"), ProgrammingError("syntax")])
def test_an_error_of_the_portal_stays_one(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object) -> None:
        raise error

    client.raise_request_exception = False
    monkeypatch.setattr("accounts.views.claim_try", fails)
    answer = client.post(reverse("accounts:login"), {"username": "x", "password": "y"})
    assert (answer.status_code, "Something went wrong" in answer.content.decode()) == (500, True)
