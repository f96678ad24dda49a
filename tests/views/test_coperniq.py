"""Coperniq by API key: tested first, stored encrypted, its webhook address kept for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditLogEntry, Company, User
from integrations.causes import Cause
from integrations.models import CallCount, CoperniqConnection, Kind, RunState
from tests.factories import (
    JSON,
    STORED_WORKFLOWS,
    MockedVendors,
    SignIn,
    coperniq_connection,
    quickbooks_connection,
    record_link,
    sync_run,
)

State = CoperniqConnection.State
CONNECT = reverse("integrations:connect_coperniq")


@pytest.fixture
def browser(alice: User, sign_in: SignIn) -> Client:
    return sign_in(alice)


def test_a_good_key_is_stored_encrypted(browser: Client, acme: Company, vendors: MockedVendors) -> None:
    vendors.has_workflows()
    answer = browser.post(CONNECT, {"api_key": "  demo-key \n"})
    row = CoperniqConnection.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, reverse("integrations:overview"))
    assert (row.company, row.state, row.api_key) == (acme, State.CONNECTED, "demo-key")
    assert "demo-key" not in str(CoperniqConnection.objects.values().get())
    assert row.workflows == STORED_WORKFLOWS
    assert len(row.webhook_token) >= 32
    assert AuditLogEntry.objects.get(verb="connect").after == "Connected"


def test_the_trial_is_counted(browser: Client, acme: Company, vendors: MockedVendors) -> None:
    vendors.has_workflows()
    browser.post(CONNECT, {"api_key": "demo-key"})
    assert CallCount.objects.get(company=acme, vendor="coperniq").reads == 1


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_a_key_that_does_not_work_is_not_stored(browser: Client, vendors: MockedVendors, status: int) -> None:
    vendors.has_workflows(status=status)
    answer = browser.post(CONNECT, {"api_key": "demo-key"}, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["errors"]["api_key"]
    assert not CoperniqConnection.objects.exists()
    assert "demo-key" not in answer.content.decode()


def test_a_refused_key_says_what_to_do(browser: Client, vendors: MockedVendors) -> None:
    vendors.has_workflows(status=401)
    assert b"Coperniq refused this API key" in browser.post(CONNECT, {"api_key": "demo-key"}).content


@pytest.mark.parametrize("api_key", ["", "   ", "x" * 501])
def test_no_key_is_not_even_tried(browser: Client, vendors: MockedVendors, api_key: str) -> None:
    assert browser.post(CONNECT, {"api_key": api_key}).status_code == 400
    assert not vendors.stage.calls


def test_a_new_key_keeps_the_webhook_address(browser: Client, acme: Company, vendors: MockedVendors) -> None:
    old = coperniq_connection(acme, state=State.REFUSED, poll_failures=7)
    held = sync_run(quickbooks_connection(acme), RunState.HELD, cause=Cause.RECONNECT)
    vendors.has_workflows()
    browser.post(CONNECT, {"api_key": "demo-new-key"})
    row = CoperniqConnection.objects.get()
    held.refresh_from_db()
    assert (row.api_key, row.state, row.poll_failures) == ("demo-new-key", State.CONNECTED, 0)
    assert row.webhook_token == old.webhook_token
    assert held.state == RunState.QUEUED


def test_a_new_key_makes_the_poll_due(browser: Client, acme: Company, vendors: MockedVendors) -> None:
    coperniq_connection(acme, next_poll_at=timezone.now() + timedelta(minutes=10))
    vendors.has_workflows()
    browser.post(CONNECT, {"api_key": "demo-new-key"})
    assert CoperniqConnection.objects.get().next_poll_at <= timezone.now()


def test_a_refused_new_key_leaves_the_old_one(browser: Client, acme: Company, vendors: MockedVendors) -> None:
    coperniq_connection(acme)
    vendors.has_workflows(status=401)
    browser.post(CONNECT, {"api_key": "demo-new-key"})
    row = CoperniqConnection.objects.get()
    assert (row.api_key, row.state) == ("demo-coperniq-key", State.CONNECTED)


def test_the_same_key_is_the_same_company(browser: Client, acme: Company, vendors: MockedVendors) -> None:
    """Its linked records may have been deleted; that is no reason to stop."""
    coperniq_connection(acme)
    record_link(quickbooks_connection(acme), Kind.CUSTOMER, "1")
    vendors.has_workflows()
    browser.post(CONNECT, {"api_key": "demo-coperniq-key"})
    assert not CoperniqConnection.objects.get().awaits_decision
    assert len(vendors.stage.calls) == 1


def test_an_outage_during_the_trial_proves_nothing(
    browser: Client, acme: Company, vendors: MockedVendors
) -> None:
    coperniq_connection(acme)
    record_link(quickbooks_connection(acme), Kind.CUSTOMER, "1")
    vendors.has_workflows()
    vendors.has_record("accounts/1", 503)
    assert browser.post(CONNECT, {"api_key": "demo-new-key"}).status_code == 400
    row = CoperniqConnection.objects.get()
    assert (row.api_key, row.awaits_decision) == ("demo-coperniq-key", False)


def test_pasting_the_key_anew_mends_one_that_cannot_be_opened(
    browser: Client, acme: Company, vendors: MockedVendors
) -> None:
    coperniq_connection(acme)
    CoperniqConnection.objects.update(api_key_encrypted="encrypted-with-a-lost-key")
    vendors.has_workflows()
    browser.post(CONNECT, {"api_key": "demo-key"})
    assert CoperniqConnection.objects.get().api_key == "demo-key"


def test_another_company_s_connection_is_out_of_reach(
    browser: Client, acme: Company, bolt: Company, vendors: MockedVendors
) -> None:
    theirs = coperniq_connection(bolt, workflows=[])
    vendors.has_workflows()
    assert browser.post(CONNECT, {"api_key": "x"}, query_params={"company": "bolt"}).status_code == 404
    browser.post(CONNECT, {"api_key": "demo-key"})
    theirs.refresh_from_db()
    assert theirs.api_key == "demo-coperniq-key"
    assert CoperniqConnection.objects.get(company=acme).webhook_token != theirs.webhook_token


@pytest.mark.django_db(transaction=True)
def test_a_company_has_one_connection(acme: Company) -> None:
    coperniq_connection(acme)
    with pytest.raises(IntegrityError):
        coperniq_connection(acme)
