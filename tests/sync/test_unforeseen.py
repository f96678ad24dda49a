"""What nobody has foreseen in a read delays work: it is tried again, counted, said, and holds no claim."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError
from django.db.models import QuerySet
from django.utils import timezone

from integrations.connections import tokens
from integrations.coperniq.client import CoperniqClient
from integrations.http import VendorSession
from integrations.management.supervisor import Supervisor
from integrations.models import CoperniqConnection, Heartbeat, QuickBooksConnection, SyncRun
from integrations.quickbooks import oauth
from integrations.status import status_of
from integrations.sync.customers import push
from integrations.sync.engine import outbox
from integrations.sync.engine.worker import find_due_leases
from integrations.sync.ingest import coperniq_projects, quickbooks_cdc
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from integrations.sync.ingest.quickbooks_cdc import due_cdc_reads
from tests.management.test_supervisor import FakeCluster
from tests.portal_harness import PortalHarness
from tests.sync.customer_builders import entered

Jobs = Callable[[], Any]


def breaking(monkeypatch: pytest.MonkeyPatch, where: object, name: str, error: Exception) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(where, name, fail)


def make_due() -> None:
    now = timezone.now()
    CoperniqConnection.objects.update(next_poll_at=now, poll_claimed_until=now)
    QuickBooksConnection.objects.update(next_changes_at=now, changes_claimed_until=now)


def warned(portal: PortalHarness) -> set[str]:
    keys = {warning["key"] for warning in status_of(portal.company)["warnings"]}
    return keys & {"coperniq_polls_fail", "quickbooks_changes_fail"}


def failures(portal: PortalHarness) -> tuple[int, int]:
    status = status_of(portal.company)
    return status["poll"]["failures"], status["cdc"]["failures"]


def is_claimed() -> bool:
    now = timezone.now()
    return (
        CoperniqConnection.objects.filter(poll_claimed_until__gt=now).exists()
        or QuickBooksConnection.objects.filter(changes_claimed_until__gt=now).exists()
    )


@pytest.mark.parametrize("place", ["wire", "reading", "storing"])
def test_a_poll_or_read_that_fails_unforeseen_is_counted_said_and_tried_again(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    make_due()
    for job in (*due_coperniq_polls(), *due_cdc_reads()):
        job()
    assert (failures(portal), warned(portal)) == ((0, 0), set())
    with monkeypatch.context() as broken:
        if place == "wire":
            breaking(broken, VendorSession, "_exchange", ValueError("a timeout of zero"))
        elif place == "reading":
            breaking(broken, CoperniqClient, "list_projects", RecursionError("deep"))
            breaking(broken, quickbooks_cdc, "read_captured_changes", RecursionError("deep"))
        else:
            breaking(broken, coperniq_projects, "record_projects_seen", OperationalError("disk is full"))
            breaking(broken, quickbooks_cdc, "filter_relevant_changes", OperationalError("disk is full"))
        make_due()
        for job in (*due_coperniq_polls(), *due_cdc_reads()):
            if place == "wire":
                job()
            else:
                with pytest.raises((RecursionError, OperationalError)):
                    job()
    assert not is_claimed()
    assert failures(portal) == (1, 1)
    assert warned(portal) == {"coperniq_polls_fail", "quickbooks_changes_fail"}
    make_due()
    for job in (*due_coperniq_polls(), *due_cdc_reads()):
        job()
    assert (failures(portal), warned(portal)) == ((0, 0), set())


def test_a_claim_that_the_database_could_not_take_back_is_given_back_once_it_can(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_due()
    jobs = [*due_coperniq_polls(), *due_cdc_reads()]
    with monkeypatch.context() as broken:
        breaking(broken, QuerySet, "update", OperationalError("disk is full"))
        for job in jobs:
            with suppress(OperationalError):
                job()
    assert is_claimed()
    assert due_coperniq_polls() == []
    assert due_cdc_reads() == []
    assert not is_claimed()


def test_a_run_whose_read_fails_unforeseen_goes_on_by_itself(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, calls = push.plan, []

    def flaky(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) <= 2:
            raise ZeroDivisionError("no portal's error")
        return plan(*arguments)

    monkeypatch.setattr(push, "plan", flaky)
    entered(portal)
    portal.work()
    assert len(calls) > 2
    assert len(portal.customers()) == 2
    assert not SyncRun.objects.held().exists()
    portal.simulator.forget_log()
    portal.work(polls=True)
    assert portal.quickbooks_calls(write=True) == []


def test_the_tries_end(portal: PortalHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    breaking(monkeypatch, push, "plan", ZeroDivisionError("no portal's error"))
    entered(portal)
    portal.work()
    assert [(run.cause, run.attempts) for run in SyncRun.objects.held()] == [("internal", 6)]


def test_what_is_unforeseen_after_a_write_left_asks_a_person(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered(portal)
    with monkeypatch.context() as broken:
        breaking(broken, outbox, "_transmit", ZeroDivisionError("no portal's error"))
        portal.work()
    assert [(run.cause, run.attempts) for run in SyncRun.objects.held()] == [("internal", 1)]
    portal.decide("retry")
    assert len(portal.customers()) == 2


def test_a_refresh_that_fails_unforeseen_gives_its_claim_back(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    QuickBooksConnection.objects.update(access_expires_at=timezone.now())
    with monkeypatch.context() as broken:
        breaking(broken, oauth, "refresh", RecursionError("deep"))
        with pytest.raises(RecursionError):
            tokens.access_token(portal.quickbooks.pk)
    assert QuickBooksConnection.objects.get().refresh_claimed_until <= timezone.now()
    assert tokens.access_token(portal.quickbooks.pk)


@pytest.mark.parametrize("running", [True, False], ids=["while it runs", "while it is stopped"])
def test_nothing_stands_after_the_clock_was_put_back(portal: PortalHarness, running: bool) -> None:
    supervisor = Supervisor(FakeCluster())
    real = timezone.now()
    with time_machine.travel(real + timedelta(days=1)):
        make_due()
        for job in (*due_coperniq_polls(), *due_cdc_reads()):
            job()
        entered(portal)
        portal.work(polls=True)
        supervisor.tick()
        later = timezone.now() + timedelta(hours=1)
        CoperniqConnection.objects.update(poll_claimed_until=later)
        QuickBooksConnection.objects.update(changes_claimed_until=later)
    portal.enter(portal.project(portal.account("Ben"), "Ben's roof"))
    assert due_coperniq_polls() == []
    portal.company.lease.__class__.objects.update(leased_until=later, paused_until=later)
    assert not find_due_leases().exists()
    if not running:
        supervisor = Supervisor(FakeCluster())
    supervisor.last_housekeeping = float("-inf")
    supervisor.tick()
    assert Heartbeat.latest(Heartbeat.SUPERVISOR) <= timezone.now()  # type: ignore[operator]  # it has just beaten
    assert len(due_coperniq_polls()) == 1
    (read,) = due_cdc_reads()
    read()
    assert QuickBooksConnection.objects.get().captured_at <= timezone.now()  # type: ignore[operator]  # it was read
    portal.work()
    assert len(portal.customers()) == 4


def test_a_clock_that_goes_on_makes_nothing_due(portal: PortalHarness) -> None:
    supervisor = Supervisor(FakeCluster())
    later = timezone.now() + timedelta(minutes=1)
    CoperniqConnection.objects.update(next_poll_at=later)
    for _ in range(2):
        supervisor.last_housekeeping = float("-inf")
        supervisor.tick()
    with time_machine.travel(timezone.now() + timedelta(seconds=30)):
        supervisor.last_housekeeping = float("-inf")
        supervisor.tick()
    assert CoperniqConnection.objects.get().next_poll_at == later
