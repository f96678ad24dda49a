"""One refresh at a time, the rotated token stored before it is used, and nothing undone by a late answer."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import Company
from integrations.connections import tokens
from integrations.connections.clients import CallMeter, quickbooks_client
from integrations.connections.tokens import access_token
from integrations.errors import AccessLost, AppMisconfigured, AuthorizationRevoked, Unavailable
from integrations.models import CoperniqConnection, QuickBooksConnection, RunState, SyncRun
from integrations.models.encryption import encrypt
from tests.portal_harness import PortalHarness, connect_quickbooks
from tests.simulation import Simulation

pytestmark = pytest.mark.every_database

State = QuickBooksConnection.State


@pytest.fixture
def row(simulator: Simulation) -> QuickBooksConnection:
    simulator.switch(rotate_every_refresh=True)
    company = Company.objects.create(name="Brightfield", slug="brightfield", time_zone="America/Denver")
    return connect_quickbooks(simulator, company, simulator.books())


def stale(row: QuickBooksConnection) -> QuickBooksConnection:
    QuickBooksConnection.objects.filter(pk=row.pk).update(access_expires_at=timezone.now())
    row.refresh_from_db()
    return row


def refreshes(simulator: Simulation) -> int:
    return len([call for call in simulator.log("intuit") if "tokens/bearer" in call["path"]])


@pytest.mark.django_db
def test_a_valid_token_is_used_as_it_is(row: QuickBooksConnection, simulator: Simulation) -> None:
    simulator.forget_log()
    assert access_token(row.pk) == row.access_token
    assert refreshes(simulator) == 0


@pytest.mark.django_db
def test_an_expired_token_is_renewed_and_both_new_tokens_are_stored(
    row: QuickBooksConnection, simulator: Simulation
) -> None:
    before = stale(row).refresh_token
    given = access_token(row.pk)
    row.refresh_from_db()
    assert row.access_token == given
    assert row.refresh_token != before
    assert row.access_expires_at is not None
    assert row.access_expires_at > timezone.now() + timedelta(minutes=50)
    assert quickbooks_client(row, CallMeter(row.company_id)).read_company_info().name


@pytest.mark.django_db
def test_a_token_quickbooks_rejects_is_renewed_once_and_the_read_repeated(
    row: QuickBooksConnection, simulator: Simulation
) -> None:
    simulator.forget_log()
    simulator.fault("expired_token", times=1)
    assert quickbooks_client(row, CallMeter(row.company_id)).read_preferences().home_currency == "USD"
    assert refreshes(simulator) == 1


@pytest.mark.django_db(transaction=True)
def test_threads_that_need_a_token_together_refresh_once(
    row: QuickBooksConnection, simulator: Simulation
) -> None:
    stale(row)
    simulator.forget_log()
    given: list[str] = []

    def ask() -> None:
        given.append(tokens.TokenSource(row.pk)(""))
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refreshes(simulator) == 1
    assert len(given) == 6
    assert len(set(given)) == 1


@pytest.mark.django_db
def test_a_claim_of_another_process_is_waited_for(
    row: QuickBooksConnection, simulator: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale(row).claim_refresh(timezone.now(), timedelta(seconds=60))

    def other_finishes(_: float) -> None:
        QuickBooksConnection.objects.filter(pk=row.pk).update(
            access_token_encrypted=encrypt("from the other"),
            access_expires_at=timezone.now() + timedelta(hours=1),
        )

    monkeypatch.setattr(time, "sleep", other_finishes)
    simulator.forget_log()
    assert access_token(row.pk) == "from the other"
    assert refreshes(simulator) == 0


@pytest.mark.django_db
def test_a_claim_whose_owner_died_is_taken_over(row: QuickBooksConnection) -> None:
    stale(row).claim_refresh(timezone.now() - timedelta(minutes=5), timedelta(seconds=45))
    assert access_token(row.pk)


@pytest.mark.django_db
def test_who_waits_too_long_is_told_to_try_again(
    row: QuickBooksConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale(row).claim_refresh(timezone.now(), timedelta(seconds=600))
    monkeypatch.setattr(tokens, "CLAIM", timedelta(seconds=-5))
    with pytest.raises(Unavailable):
        access_token(row.pk)


@pytest.mark.django_db
def test_a_dead_grant_stops_the_connection_and_holds_its_runs(
    row: QuickBooksConnection, simulator: Simulation
) -> None:
    QuickBooksConnection.objects.filter(pk=row.pk).update(refresh_token_encrypted=encrypt("revoked"))
    run = SyncRun.objects.create(
        company=row.company, connection=row, kind="job", action="push_job", coperniq_id="1"
    )
    with pytest.raises(AuthorizationRevoked):
        access_token(stale(row).pk)
    row.refresh_from_db()
    run.refresh_from_db()
    assert row.state == State.NEEDS_AUTHORIZATION
    assert (run.state, run.cause) == (RunState.HELD, "reconnect")
    with pytest.raises(AccessLost):
        access_token(row.pk)


@pytest.mark.django_db
def test_an_answer_for_a_token_that_is_history_changes_nothing(row: QuickBooksConnection) -> None:
    old = QuickBooksConnection.objects.get(pk=row.pk)
    QuickBooksConnection.objects.filter(pk=row.pk).update(token_version=old.token_version + 1)
    tokens.mark_authorization_revoked(old, AuthorizationRevoked(vendor="quickbooks"))
    row.refresh_from_db()
    assert row.state == State.CONNECTED


@pytest.mark.django_db
def test_an_intuit_that_cannot_be_asked_leaves_the_claim_to_the_next(
    row: QuickBooksConnection, simulator: Simulation
) -> None:
    stale(row)
    simulator.fault("error_500", vendor="intuit", times=0)
    with pytest.raises(Unavailable):
        access_token(row.pk)
    simulator.control("faults", method="DELETE")
    assert access_token(row.pk)


@pytest.mark.django_db
def test_a_wrong_registration_of_the_portal_is_no_lost_grant(
    row: QuickBooksConnection, settings: pytest.MonkeyPatch
) -> None:
    settings.INTUIT_CLIENT_SECRET = "not-the-secret"  # type: ignore[attr-defined]  # pytest-django's settings
    with pytest.raises(AppMisconfigured):
        access_token(stale(row).pk)
    row.refresh_from_db()
    assert row.state == State.CONNECTED


@pytest.mark.django_db
def test_a_refusal_of_the_old_credential_does_not_stop_the_new_one(row: QuickBooksConnection) -> None:
    before = QuickBooksConnection.objects.get(pk=row.pk)
    QuickBooksConnection.objects.filter(pk=row.pk).update(connected_at=timezone.now() + timedelta(seconds=1))
    tokens.mark_access_lost(before, AccessLost(vendor="quickbooks"))
    row.refresh_from_db()
    assert row.state == State.CONNECTED
    tokens.mark_access_lost(row, AccessLost(vendor="quickbooks"))
    row.refresh_from_db()
    assert row.state == State.NEEDS_AUTHORIZATION


@pytest.mark.django_db
def test_a_refusal_of_the_old_key_does_not_stop_the_new_one(portal: PortalHarness) -> None:
    before = CoperniqConnection.objects.get()
    CoperniqConnection.objects.update(connected_at=timezone.now() + timedelta(seconds=1))
    tokens.mark_key_refused(before, AccessLost(vendor="coperniq"))
    assert CoperniqConnection.objects.get().state == CoperniqConnection.State.CONNECTED


def test_a_run_held_while_somebody_connected_again_is_released(portal: PortalHarness) -> None:
    portal.enter(portal.project(portal.account()))
    portal.work_once()
    SyncRun.objects.filter(state=RunState.QUEUED).hold_for_reconnect("late")
    assert SyncRun.objects.release_reconnected() == 2
    portal.work()
    assert len(portal.customers()) == 2
