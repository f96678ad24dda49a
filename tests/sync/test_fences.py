"""A worker that lost its lease sends nothing, stores nothing and settles nothing, wherever it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from integrations.errors import LeaseLost
from integrations.models import CompanyLease, RecordLink, RemoteWrite, RunState, SyncRun
from integrations.quickbooks.client import QuickBooksClient
from integrations.sync.engine import outbox as engine_outbox
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.executor import run_once
from integrations.sync.engine.plan import RunResult
from integrations.sync.engine.recovery import resolve_open_write
from integrations.sync.engine.scheduler import next_runs
from integrations.sync.engine.worker import find_due_leases
from tests.portal_harness import PortalHarness, open_portal
from tests.simulation import Simulation
from tests.sync.customer_builders import LEASE, about_to_push, create_never_arrived, entered, take_over

pytestmark = pytest.mark.every_database


def test_a_lease_lost_while_planning_stores_no_write(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease, run = about_to_push(portal)
    monkeypatch.setattr(engine_outbox, "preview_result", take_over)
    run_once(SyncContext(lease, run.connection), run)
    assert not RemoteWrite.objects.exists()


def test_a_refusal_heard_after_the_lease_was_lost_is_left_to_the_next(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.simulator.in_books(portal.realm, "Vendor", DisplayName="John Smith")
    lease, run = about_to_push(portal)
    write = QuickBooksClient.write

    def lost_meanwhile(self: QuickBooksClient, *values: str) -> Any:
        take_over()
        return write(self, *values)

    monkeypatch.setattr(QuickBooksClient, "write", lost_meanwhile)
    run_once(SyncContext(lease, run.connection), run)
    assert RemoteWrite.objects.get().state == RemoteWrite.State.SENT


def test_what_was_found_after_a_lost_answer_is_not_stored_once_the_lease_is_lost(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_never_arrived(portal)
    SyncRun.objects.ignore_pauses()
    lease = CompanyLease.objects.get()
    assert lease.take(timezone.now(), LEASE)
    run = SyncRun.objects.get(action="push_customer")

    def settled_and_lost(ctx: SyncContext, write: RemoteWrite) -> RunResult | None:
        ending = resolve_open_write(ctx, write)
        take_over()
        return ending

    monkeypatch.setattr("integrations.sync.engine.executor.resolve_open_write", settled_and_lost)
    run_once(SyncContext(lease, run.connection), run)
    assert not RecordLink.objects.exists()
    assert RemoteWrite.objects.open().exists(), "for the next owner to settle"


def test_a_request_leaves_after_its_row_is_stored_and_with_a_lease_that_outlives_it(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease, run = about_to_push(portal)
    seen = []
    write = QuickBooksClient.write

    def looked_at(self: QuickBooksClient, *values: str) -> Any:
        ends_at = timezone.now() + timedelta(seconds=self.timeout_seconds)
        row = RemoteWrite.objects.get()
        seen.append((CompanyLease.objects.get().leased_until > ends_at, row.state, row.sends))
        return write(self, *values)

    monkeypatch.setattr(QuickBooksClient, "write", looked_at)
    run_once(SyncContext(lease, run.connection), run)
    assert seen == [(True, RemoteWrite.State.SENT, 1)]


def test_a_lease_held_fast_by_its_driver_never_loses_lease(portal: PortalHarness) -> None:
    lease = CompanyLease.objects.get()
    assert lease.take(timezone.now(), LEASE)
    before = CompanyLease.objects.get().leased_until
    lease.assert_owned()
    assert CompanyLease.objects.get().leased_until == before
    take_over()
    with pytest.raises(LeaseLost):
        lease.assert_owned()


def test_a_run_claimed_by_the_next_owner_is_not_settled_by_the_last(portal: PortalHarness) -> None:
    lease, run = about_to_push(portal)
    assert run.claim(lease.fence)
    SyncRun.objects.update(fence=F("fence") + 1)
    assert not run.settle(RunState.DONE, {})
    assert SyncRun.objects.get(pk=run.pk).state == RunState.RUNNING


def test_only_what_an_earlier_owner_of_this_company_left_is_recovered(portal: PortalHarness) -> None:
    lease, run = about_to_push(portal)
    assert run.claim(lease.fence)
    assert SyncRun.objects.recover(portal.company.pk, lease.fence) == 0
    assert SyncRun.objects.recover(portal.company.pk + 1, lease.fence + 1) == 0
    assert SyncRun.objects.recover(portal.company.pk, lease.fence + 1) == 1


def test_a_recovered_run_has_used_an_attempt(portal: PortalHarness) -> None:
    lease, run = about_to_push(portal)
    assert run.claim(lease.fence)
    SyncRun.objects.recover(portal.company.pk, lease.fence + 1)
    recovered = SyncRun.objects.get(pk=run.pk)
    assert (recovered.state, recovered.attempts) == (RunState.QUEUED, 1)


def test_a_run_that_is_all_a_dead_owner_left_is_taken_up(portal: PortalHarness) -> None:
    lease, run = about_to_push(portal)
    SyncRun.objects.exclude(pk=run.pk).delete()
    assert run.claim(lease.fence)
    lease.release()
    assert list(find_due_leases()) == [lease]
    portal.work()
    assert len(portal.customers()) == 1


@pytest.mark.django_db
def test_a_lease_has_the_runs_of_its_company_alone(simulator: Simulation) -> None:
    portal, other = open_portal(simulator), open_portal(simulator, "northgate", "another-key")
    entered(portal)
    portal.work_once()
    assert next_runs(CompanyLease.objects.get(company=portal.company))
    assert not next_runs(CompanyLease.objects.get(company=other.company))
