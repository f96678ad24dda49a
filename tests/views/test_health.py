"""Alive, and ready: what a monitor asks, without signing in and without learning anything."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from integrations.models import Heartbeat


def test_alive_does_not_need_a_database(client: Client) -> None:
    """No database is allowed in this test at all."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"alive": True})


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["worker_loop", "queue", "supervisor"])
def test_ready_while_the_worker_beats(client: Client, name: str) -> None:
    Heartbeat.record(name)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "database": True, "queue": True, "worker": True}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_not_ready_without_a_worker(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "database": True, "queue": True, "worker": False}


@pytest.mark.django_db
def test_an_old_heartbeat_is_none(client: Client) -> None:
    Heartbeat.objects.create(name="queue", beat_at=timezone.now() - timedelta(seconds=31))
    assert client.get("/readyz").status_code == 503


@pytest.mark.django_db
def test_another_part_s_heartbeat_does_not_count(client: Client) -> None:
    Heartbeat.record("something else")
    assert client.get("/readyz").status_code == 503


@pytest.mark.django_db
def test_a_database_that_is_down_is_not_an_error_page(client: Client) -> None:
    def down(*_: object) -> None:
        raise OperationalError("secret details of the server")

    with connection.execute_wrapper(down):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "database": False, "queue": False, "worker": False}


@pytest.mark.parametrize("page", ["/healthz", "/readyz"])
def test_health_is_only_asked_for(client: Client, page: str) -> None:
    assert client.post(page).status_code == 405
