"""PostgreSQL: whoever waits for a lock, or asks for too much, gets an error after a bounded time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Company, User
from integrations.models import CoperniqConnection, Heartbeat, InboundEvent
from integrations.views import webhooks
from tests.factories import SignIn, coperniq_connection
from tests.views.test_webhooks import phase_started

pytestmark = pytest.mark.django_db(transaction=True)

Locked = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Locked]:
    """Locks a table against everybody. This process waits for locks for 0.1 s, and for statements for 1 s."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite waits for one lock only, see test_locked_database.py")
    parameters = connection.get_connection_params()
    names = {name: parameters[name] for name in ("host", "user", "password", "dbname") if name in parameters}

    @contextmanager
    def lock(table: str) -> Iterator[None]:
        with psycopg.connect(**names) as other:
            other.execute(f"LOCK TABLE {table}")
            yield
            other.rollback()

    limits = "-c lock_timeout=100ms -c statement_timeout=1s"
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "options", limits)
    connection.close()
    yield lock
    connection.close()


def test_webhooks_pages_and_readiness_are_refused_and_recover(
    acme: Company, alice: User, sign_in: SignIn, locked: Locked
) -> None:
    Heartbeat.record("queue")
    webhooks._known_tokens.clear()
    address = reverse("integrations:webhook_coperniq", args=[coperniq_connection(acme).webhook_token])
    browser, asked = sign_in(alice), []
    browser.raise_request_exception = False

    def ask() -> list[int]:
        asked.append(1)
        event = phase_started(f"c-{len(asked)}")
        answers = (
            Client().post(address, event, content_type="application/json"),
            browser.get(reverse("integrations:overview")),
            Client().get("/readyz"),
        )
        return [answer.status_code for answer in answers]

    assert ask() == [200, 200, 200]
    used = connection.connection
    with locked(InboundEvent._meta.db_table):
        assert ask()[0] == 503
    assert connection.connection is used, "it did not wait again on another connection"
    with locked(CoperniqConnection._meta.db_table):
        assert ask()[1:] == [503, 503]
    assert ask() == [200, 200, 200]


def test_a_statement_that_takes_too_long_is_ended(
    alice: User, sign_in: SignIn, locked: Locked, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = sign_in(alice)
    browser.raise_request_exception = False

    def ask(*_: object) -> None:
        connection.cursor().execute("SELECT pg_sleep(60)")

    monkeypatch.setattr("accounts.views.claim_try", ask)
    form = {"username": alice.email, "password": "wrong-demo-word"}
    assert browser.post(reverse("accounts:login"), form).status_code == 503
