"""One record, one renewal, one outage: none of them may stop the others."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError
from django.utils import timezone

from integrations.models import CompanyLease, RecordLink, SyncRun
from integrations.models.leases import CompanyLeaseQuerySet
from integrations.sync.engine import executor as engine_executor
from integrations.sync.engine import persistence as engine_persistence
from integrations.sync.engine.persistence import store_link
from integrations.sync.engine.scheduler import run_company
from integrations.sync.engine.worker import WorkerLoop
from integrations.sync.ingest.router import route_pending_events
from tests.portal_harness import PortalHarness


def test_a_title_of_600_characters_is_pushed(portal: PortalHarness) -> None:
    portal.enter(portal.project(portal.account("John Smith"), "R" * 600))
    portal.work()
    assert len(portal.customers()) == 2


def test_a_lease_given_back_is_not_leased_again_by_a_late_renewal(portal: PortalHarness) -> None:
    lease = CompanyLease.objects.get()
    assert lease.take(timezone.now(), timedelta(seconds=15))
    lease.refresh()
    assert lease.release_if_idle()
    CompanyLease.objects.renew([(lease.pk, lease.fence)], timezone.now() + timedelta(seconds=15))
    assert CompanyLease.objects.free(timezone.now()).exists()


def test_many_entries_during_an_outage_do_not_use_up_the_attempts(portal: PortalHarness) -> None:
    account = portal.account("Big Client")
    portal.simulator.fault("error_502_html", times=0)
    for n in range(13):
        portal.enter(portal.project(account, f"Roof {n}"))
        portal.work(pauses=True)
    run = SyncRun.objects.get(action="push_customer")
    assert run.state == "queued", (run.attempts, run.sentence)


def test_a_pause_of_the_company_holds_for_new_entries_too(portal: PortalHarness) -> None:
    portal.enter(portal.project(portal.account("Ann")))
    portal.simulator.fault("throttle", times=0)
    portal.work(pauses=True)
    before = len(portal.quickbooks_calls())
    portal.enter(portal.project(portal.account("Ben")))
    portal.work(pauses=True)
    assert len(portal.quickbooks_calls()) == before


def test_an_entry_while_an_answer_is_outstanding_is_not_swallowed(portal: PortalHarness) -> None:
    account = portal.account("John Smith", primaryPhone="555-1")
    project = portal.project(account)
    portal.enter(project)
    portal.work_once()
    portal.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    portal.work_once()
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.simulator.change("accounts", account["id"], primaryPhone="555-2")
    portal.simulator.start_phase(project["id"], portal.phases["Billing"])
    portal.enter(project)
    portal.work()
    assert portal.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "555-2"


@pytest.mark.parametrize("error", [DataError, IntegrityError])
def test_an_error_while_storing_blocks_only_its_own_record(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    real = store_link

    def failing(link: RecordLink) -> None:
        if link.coperniq_name == "Ann":
            raise error("cannot be stored")
        real(link)

    monkeypatch.setattr(engine_persistence, "store_link", failing)
    portal.enter(portal.project(portal.account("Ann"), "Ann's roof"))
    portal.enter(portal.project(portal.account("Ben"), "Ben's roof"))
    portal.work()
    assert RecordLink.objects.filter(coperniq_name="Ben").exists()
    assert SyncRun.objects.held().get().cause == "internal"
    monkeypatch.undo()
    portal.decide("retry")
    assert len(portal.customers()) == 4


def test_one_failing_renewal_does_not_end_all_renewals(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.LEASE_SECONDS = 0.03
    stopped = threading.Event()
    calls: list[bool] = []

    def renew(*_: object) -> None:
        calls.append(True)
        if len(calls) == 1:
            raise OperationalError("database is locked")
        stopped.set()

    monkeypatch.setattr(CompanyLeaseQuerySet, "renew", renew)
    WorkerLoop().renew_until(stopped)
    assert len(calls) == 2


def test_a_run_that_takes_its_worker_down_again_and_again_is_stopped(
    portal: PortalHarness, settings: Any
) -> None:
    settings.RETRY_PAUSES = [1, 1]
    portal.enter(portal.project(portal.account("Ann")))
    route_pending_events()
    SyncRun.objects.update(attempts=3)
    portal.work()
    assert portal.held().cause == "internal"
    assert portal.simulator.log("coperniq") == []


def test_a_run_that_ended_while_its_company_moved_to_other_books_is_cancelled(portal: PortalHarness) -> None:
    portal.enter(portal.project(portal.account("Ann")))
    route_pending_events()
    portal.quickbooks.state = "archived"
    portal.quickbooks.save()
    assert SyncRun.objects.cancel_archived() == 1
    assert not SyncRun.objects.open().exists()


def test_a_drive_ends_at_its_deadline(portal: PortalHarness) -> None:
    lease = CompanyLease.objects.get()
    assert lease.take(timezone.now(), timedelta(seconds=15))
    assert run_company(lease, time.monotonic() - 1) == 0


def test_a_database_that_is_away_for_a_moment_is_nobodys_to_decide(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.enter(portal.project(portal.account("Ann")))
    route_pending_events()

    def away(*_: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(engine_executor, "store_owned", away)
    with pytest.raises(OperationalError):
        portal.work_once()
    monkeypatch.undo()
    CompanyLease.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    portal.work()
    assert len(portal.customers()) == 2
    assert not SyncRun.objects.held().exists()
