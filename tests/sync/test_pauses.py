"""How long a run waits after a failure, who waits with it, and what makes it start afresh."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from integrations.models import CompanyLease, CoperniqConnection, QuickBooksConnection, RunState, SyncRun
from integrations.models.leases import LONG_AGO
from integrations.sync.engine.worker import find_due_leases
from integrations.sync.ingest.router import route_pending_events
from tests.portal_harness import PortalHarness, open_portal
from tests.simulation import Simulation
from tests.sync.customer_builders import entered


def pause_of(run: SyncRun) -> timedelta:
    assert run.not_before is not None
    return run.not_before - timezone.now()


def test_each_pause_is_the_next_of_the_list(portal: PortalHarness, settings: Settings) -> None:
    settings.RETRY_PAUSES = [100, 2000]
    entered(portal)
    portal.simulator.fault("error_500", vendor="coperniq", times=0)
    for least, most in ((50, 100), (1900, 2000)):
        portal.work_once()
        assert timedelta(seconds=least) < pause_of(SyncRun.objects.get()) <= timedelta(seconds=most)


def test_an_outage_pauses_its_own_run_alone(portal: PortalHarness) -> None:
    entered(portal)
    portal.simulator.fault("error_500", vendor="coperniq", times=1)
    portal.work_once()
    assert CompanyLease.objects.get().paused_until == LONG_AGO


def test_a_throttled_call_waits_as_long_as_the_vendor_advises(
    portal: PortalHarness, settings: Settings
) -> None:
    settings.RETRY_PAUSES = [1, 600]
    entered(portal)
    portal.simulator.fault("throttle", vendor="coperniq", times=1)
    portal.work_once()
    assert pause_of(SyncRun.objects.get()) > timedelta(seconds=50)


def test_an_advice_beyond_the_longest_pause_is_cut_to_it(portal: PortalHarness, settings: Settings) -> None:
    settings.RETRY_PAUSES = [1, 20]
    entered(portal)
    portal.simulator.fault("throttle", vendor="coperniq", times=1)
    portal.work_once()
    assert pause_of(SyncRun.objects.get()) <= timedelta(seconds=20)


@pytest.mark.django_db
def test_a_throttled_company_pauses_no_other(simulator: Simulation) -> None:
    portal, other = open_portal(simulator), open_portal(simulator, "northgate", "another-key")
    entered(portal)
    simulator.fault("throttle", vendor="coperniq", times=1)
    portal.work_once()
    assert CompanyLease.objects.get(company=portal.company).paused_until > timezone.now()
    assert CompanyLease.objects.get(company=other.company).paused_until == LONG_AGO
    other.ring({"id": 1})
    route_pending_events()
    assert [lease.company for lease in find_due_leases()] == [other.company]


@pytest.mark.parametrize("how", ["retry all", "decide", "ask"])
def test_a_run_released_by_a_person_starts_its_pauses_afresh(
    portal: PortalHarness, settings: Settings, how: str
) -> None:
    settings.RETRY_PAUSES = [1]
    project = entered(portal)
    portal.simulator.fault("error_500", vendor="coperniq", times=0)
    portal.work()
    run = portal.held()
    assert run.attempts == 2
    if how == "retry all":
        assert SyncRun.objects.held().requeue() == 1
    elif how == "decide":
        assert run.decide("retry")
    else:
        portal.ring(project)
    portal.work_once()
    run.refresh_from_db()
    assert (run.state, run.attempts) == (RunState.QUEUED, 1)


def test_asking_again_does_not_shorten_a_pause(portal: PortalHarness) -> None:
    project = entered(portal)
    portal.simulator.fault("error_500", vendor="coperniq", times=0)
    portal.work_once()
    before = SyncRun.objects.get().not_before
    portal.ring(project)
    route_pending_events()
    assert SyncRun.objects.get().not_before == before


def test_connecting_again_leaves_alone_what_is_held_for_another_reason(portal: PortalHarness) -> None:
    portal.simulator.in_books(portal.realm, "Vendor", DisplayName="John Smith")
    entered(portal)
    portal.work()
    assert SyncRun.objects.release_after_reconnect() == 0
    assert portal.held().cause == "name_taken"


@pytest.mark.parametrize("lost", ["quickbooks", "coperniq", "currency"])
def test_nothing_is_asked_of_any_vendor_for_a_company_that_cannot_sync(
    portal: PortalHarness, lost: str
) -> None:
    entered(portal)
    portal.work_once()
    if lost == "quickbooks":
        QuickBooksConnection.objects.update(state=QuickBooksConnection.State.NEEDS_AUTHORIZATION)
    elif lost == "coperniq":
        CoperniqConnection.objects.update(state=CoperniqConnection.State.REFUSED)
    else:
        QuickBooksConnection.objects.update(home_currency="CAD")
    portal.simulator.forget_log()
    portal.work()
    assert portal.simulator.log() == []


@pytest.mark.parametrize("vendor", ["quickbooks", "coperniq"])
def test_lost_access_holds_the_runs_that_had_not_come_up(portal: PortalHarness, vendor: str) -> None:
    entered(portal)
    portal.work_once()
    if vendor == "quickbooks":
        portal.simulator.control("intuit/disconnect", {"realm_id": portal.realm})
    else:
        portal.simulator.fault("forbidden", vendor="coperniq", times=0)
    portal.work_once()
    assert set(SyncRun.objects.held().values_list("action", "cause")) == {
        ("push_customer", "reconnect"),
        ("push_job", "reconnect"),
    }


def test_what_is_held_as_before_is_logged_once(portal: PortalHarness) -> None:
    portal.simulator.in_books(portal.realm, "Vendor", DisplayName="John Smith")
    entered(portal)
    portal.work()
    before = portal.log()
    portal.decide("retry")
    assert portal.held().cause == "name_taken"
    assert portal.log() == before
