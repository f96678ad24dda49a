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


def test_a_title_of_600_characters_is_pushed(office: PortalHarness) -> None:
    office.enter(office.project(office.account("John Smith"), "R" * 600))
    office.work()
    assert len(office.customers()) == 2


def test_a_lane_given_back_is_not_leased_again_by_a_late_renewal(office: PortalHarness) -> None:
    lease = CompanyLease.objects.get()
    assert lease.take(timezone.now(), timedelta(seconds=15))
    lease.refresh()
    assert lease.release_if_idle()
    CompanyLease.objects.renew([(lease.pk, lease.fence)], timezone.now() + timedelta(seconds=15))
    assert CompanyLease.objects.free(timezone.now()).exists()


def test_many_entries_during_an_outage_do_not_use_up_the_attempts(office: PortalHarness) -> None:
    account = office.account("Big Client")
    office.simulator.fault("error_502_html", times=0)
    for n in range(13):
        office.enter(office.project(account, f"Roof {n}"))
        office.work(pauses=True)
    run = SyncRun.objects.get(action="push_customer")
    assert run.state == "queued", (run.attempts, run.sentence)


def test_a_pause_of_the_company_holds_for_new_entries_too(office: PortalHarness) -> None:
    office.enter(office.project(office.account("Ann")))
    office.simulator.fault("throttle", times=0)
    office.work(pauses=True)
    before = len(office.quickbooks_calls())
    office.enter(office.project(office.account("Ben")))
    office.work(pauses=True)
    assert len(office.quickbooks_calls()) == before


def test_an_entry_while_an_answer_is_outstanding_is_not_swallowed(office: PortalHarness) -> None:
    account = office.account("John Smith", primaryPhone="555-1")
    project = office.project(account)
    office.enter(project)
    office.work_once()
    office.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    office.work_once()
    office.simulator.control("clock", {"shift_seconds": 60})
    office.simulator.change("accounts", account["id"], primaryPhone="555-2")
    office.simulator.start_phase(project["id"], office.phases["Billing"])
    office.enter(project)
    office.work()
    assert office.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "555-2"


@pytest.mark.parametrize("error", [DataError, IntegrityError])
def test_an_error_while_storing_blocks_only_its_own_record(
    office: PortalHarness, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    real = store_link

    def failing(link: RecordLink) -> None:
        if link.coperniq_name == "Ann":
            raise error("cannot be stored")
        real(link)

    monkeypatch.setattr(engine_persistence, "store_link", failing)
    office.enter(office.project(office.account("Ann"), "Ann's roof"))
    office.enter(office.project(office.account("Ben"), "Ben's roof"))
    office.work()
    assert RecordLink.objects.filter(coperniq_name="Ben").exists()
    assert SyncRun.objects.held().get().cause == "internal"
    monkeypatch.undo()
    office.decide("retry")
    assert len(office.customers()) == 4


def test_one_failing_renewal_does_not_end_all_renewals(
    office: PortalHarness, monkeypatch: pytest.MonkeyPatch, settings: Any
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
    office: PortalHarness, settings: Any
) -> None:
    settings.RETRY_PAUSES = [1, 1]
    office.enter(office.project(office.account("Ann")))
    route_pending_events()
    SyncRun.objects.update(attempts=3)
    office.work()
    assert office.held().cause == "internal"
    assert office.simulator.log("coperniq") == []


def test_a_run_that_ended_while_its_company_moved_to_other_books_is_cancelled(office: PortalHarness) -> None:
    office.enter(office.project(office.account("Ann")))
    route_pending_events()
    office.quickbooks.state = "archived"
    office.quickbooks.save()
    assert SyncRun.objects.cancel_archived() == 1
    assert not SyncRun.objects.open().exists()


def test_a_drive_ends_at_its_deadline(office: PortalHarness) -> None:
    lease = CompanyLease.objects.get()
    assert lease.take(timezone.now(), timedelta(seconds=15))
    assert run_company(lease, time.monotonic() - 1) == 0


def test_a_database_that_is_away_for_a_moment_is_nobodys_to_decide(
    office: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.enter(office.project(office.account("Ann")))
    route_pending_events()

    def away(*_: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(engine_executor, "store_owned", away)
    with pytest.raises(OperationalError):
        office.work_once()
    monkeypatch.undo()
    CompanyLease.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    office.work()
    assert len(office.customers()) == 2
    assert not SyncRun.objects.held().exists()
