"""One QuickBooks company and one Coperniq account belong to one company, and what was given up is free again."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from requests import PreparedRequest

from accounts.models import AuditLogEntry, Company, User
from integrations.connections.disconnection import disconnect
from integrations.connections.tokens import mark_access_lost
from integrations.errors import AccessLost
from integrations.models import (
    CoperniqConnection,
    Kind,
    PendingAuthorization,
    QuickBooksConnection,
    RecordLink,
)
from tests.factories import (
    JSON,
    OTHER_REALM,
    REALM,
    STORED_WORKFLOWS,
    MockedVendors,
    SignIn,
    coperniq_connection,
    press_connect,
    quickbooks_connection,
    record_link,
    return_from_intuit,
)
from tests.portal_harness import PortalHarness
from tests.simulation import API_KEY

State = QuickBooksConnection.State
COPERNIQ = reverse("integrations:connect_coperniq")
GUARD = reverse("integrations:quickbooks_guard")


@pytest.fixture
def browser(alice: User, sign_in: SignIn) -> Client:
    return sign_in(alice)


def lost(company: Company, realm: str = REALM) -> QuickBooksConnection:
    connection = quickbooks_connection(company, realm)
    record_link(connection, Kind.CUSTOMER, "1")
    mark_access_lost(connection, AccessLost(vendor="quickbooks", detail="revoked"))
    return connection


@pytest.mark.every_database
def test_what_quickbooks_has_ended_can_be_connected_elsewhere(
    browser: Client, acme: Company, bolt: Company, vendors: MockedVendors
) -> None:
    other = lost(bolt)
    vendors.grants()
    vendors.has_books()
    answer = return_from_intuit(browser, press_connect(browser))
    assert answer.status_code == 302
    assert QuickBooksConnection.objects.get(company=acme).state == State.CONNECTED
    other.refresh_from_db()
    assert (other.state, other.refresh_token_encrypted, other.links.count()) == (State.DISCONNECTED, "", 1)
    assert "connected this QuickBooks company elsewhere" in other.state_reason
    assert "acme" not in other.state_reason.lower()
    act = AuditLogEntry.objects.get(company=bolt)
    assert (act.verb, act.user, "acme" in f"{act.target}{act.before}{act.after}".lower()) == (
        "disconnect",
        None,
        False,
    )
    assert not vendors.revoked(), "it would end the access that was just granted"


@pytest.mark.parametrize("tokens", ["revoked", "deleted"])
def test_one_that_waits_for_a_decision_without_access_gives_way(
    browser: Client, bolt: Company, vendors: MockedVendors, tokens: str
) -> None:
    other = lost(bolt)
    QuickBooksConnection.objects.update(state=State.AWAITING_DECISION)
    if tokens == "deleted":
        QuickBooksConnection.objects.update(state_reason="", refresh_token_encrypted="")
    vendors.grants()
    vendors.has_books()
    assert return_from_intuit(browser, press_connect(browser)).status_code == 302
    other.refresh_from_db()
    assert other.state == State.DISCONNECTED


def test_one_that_waits_for_a_decision_with_access_does_not(
    browser: Client, bolt: Company, vendors: MockedVendors
) -> None:
    quickbooks_connection(bolt, state=State.AWAITING_DECISION)
    vendors.grants()
    vendors.has_books()
    answer = return_from_intuit(browser, press_connect(browser))
    assert (answer.status_code, b"already in use" in answer.content) == (400, True)


@pytest.mark.parametrize(
    ("choice", "after"), [("move", State.DISCONNECTED), ("keep", State.NEEDS_AUTHORIZATION)]
)
def test_a_proposal_ends_nothing_before_it_is_chosen(
    browser: Client, acme: Company, bolt: Company, vendors: MockedVendors, choice: str, after: str
) -> None:
    quickbooks_connection(acme, OTHER_REALM)
    other = lost(bolt)
    vendors.grants()
    vendors.has_books()
    vendors.has_books(OTHER_REALM)
    vendors.revokes()
    return_from_intuit(browser, press_connect(browser))
    other.refresh_from_db()
    assert other.state == State.NEEDS_AUTHORIZATION
    assert browser.post(GUARD, {"choice": choice}).status_code == 302
    other.refresh_from_db()
    assert other.state == after


def test_the_return_from_intuit_is_about_the_company_it_was_begun_for(
    nora: User, acme: Company, sign_in: SignIn, vendors: MockedVendors
) -> None:
    browser = sign_in(nora)
    vendors.grants()
    vendors.has_books()
    state = press_connect(browser, company="acme")
    browser.get(reverse("integrations:overview"), {"company": "bolt"})
    assert return_from_intuit(browser, state).status_code == 302
    assert QuickBooksConnection.objects.get().company == acme
    assert not PendingAuthorization.objects.exists()
    assert browser.get(reverse("integrations:status")).json()["company"]["slug"] == "acme"


def test_the_return_of_whoever_left_the_company_meanwhile_connects_nothing(
    nora: User, bolt: Company, sign_in: SignIn, vendors: MockedVendors
) -> None:
    browser = sign_in(nora)
    state = press_connect(browser, company="acme")
    nora.memberships.exclude(company=bolt).delete()
    assert return_from_intuit(browser, state).status_code in (400, 403, 404)
    assert not QuickBooksConnection.objects.exists()


def test_a_form_with_a_former_address_says_what_to_do(nora: User, acme: Company, sign_in: SignIn) -> None:
    browser = sign_in(nora)
    Company.objects.filter(pk=acme.pk).update(slug="acme-roofing")
    form = {"api_key": "demo-key", "company": "acme"}
    answer = browser.post(COPERNIQ, form)
    assert (answer.status_code, "Nothing was changed" in answer.content.decode()) == (404, True)
    assert reverse("accounts:choose_company") in answer.content.decode()
    unknown = browser.post(COPERNIQ, {**form, "company": "someone-else-s"}, headers=JSON)
    assert unknown.status_code == 404
    assert unknown.json()["errors"] == browser.post(COPERNIQ, form, headers=JSON).json()["errors"]
    assert not CoperniqConnection.objects.exists()


@pytest.mark.every_database
def test_one_key_serves_one_company(browser: Client, bolt: Company, vendors: MockedVendors) -> None:
    vendors.has_workflows([])
    coperniq_connection(bolt, "demo-key", workflows=[])
    answer = browser.post(COPERNIQ, {"api_key": "demo-key"}, headers=JSON)
    assert answer.status_code == 400
    assert "already in use in this portal" in answer.json()["errors"]["api_key"][0]
    assert "bolt" not in answer.content.decode().lower()
    assert CoperniqConnection.objects.count() == 1
    assert browser.post(COPERNIQ, {"api_key": "another-key"}).status_code == 302


@pytest.mark.parametrize("renamed", ["nothing", "workflow", "phase", "phase added", "workflow added"])
def test_another_key_of_the_same_account_is_recognized_by_ids(
    browser: Client, bolt: Company, vendors: MockedVendors, renamed: str
) -> None:
    vendors.has_workflows()
    stored = deepcopy(STORED_WORKFLOWS)[:1]
    phases: Any = stored[0]["phases"]
    if renamed == "workflow":
        stored[0]["name"] = "Roofing"
    elif renamed == "phase":
        phases[0]["name"] = "Signed"
    elif renamed == "phase added":
        phases.pop()
    elif renamed == "workflow added":
        stored.append({**stored[0], "id": "9"})
    other = coperniq_connection(bolt, "another-key", workflows=stored)
    assert browser.post(COPERNIQ, {"api_key": "demo-key"}).status_code == 400
    record_link(quickbooks_connection(bolt), Kind.CUSTOMER, "7")
    vendors.has_record("accounts/7", status=404)  # with the own key as well: it was deleted
    assert browser.post(COPERNIQ, {"api_key": "demo-key"}).status_code == 400
    phases[:] = [{"id": "900", "name": "Sold"}]
    other.workflows = stored[:1]
    other.save()
    assert browser.post(COPERNIQ, {"api_key": "demo-key"}).status_code == 302, "no id is shared"


GONE = None


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("name", "with_new_key", "with_own_key", "status"),
    [
        ("Ann", "Ann", "Ann", 400),
        ("", "Ann", "Ann", 400),
        ("Ann before", "Ann", "Ann", 400),  # renamed since
        ("Ann", GONE, "Ann", 200),
        ("Ann", "Bob", "Ann", 200),
        ("Ann", "Bob", GONE, 200),
        ("Ann", GONE, GONE, 400),
        ("Ann", "Bob", 500, 200),
        ("Ann", GONE, 401, 400),
    ],
)
def test_linked_records_tell_accounts_apart_that_share_ids(
    browser: Client,
    bolt: Company,
    vendors: MockedVendors,
    name: str,
    with_new_key: str | None,
    with_own_key: str | int | None,
    status: int,
) -> None:
    vendors.has_workflows()
    coperniq_connection(bolt, "another-key", workflows=STORED_WORKFLOWS)
    link = record_link(quickbooks_connection(bolt), Kind.CUSTOMER, "7")
    RecordLink.objects.filter(pk=link.pk).update(coperniq_name=name)

    def read(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        title = with_new_key if "demo-key" in str(request.headers["x-api-key"]) else with_own_key
        if isinstance(title, str):
            return 200, {}, json.dumps({"id": 7, "title": title})
        return title or 404, {}, "{}"

    vendors.stage.add_callback("GET", f"{settings.COPERNIQ_API_URL}/accounts/7", read)
    answer = browser.post(COPERNIQ, {"api_key": "demo-key"}, headers=JSON)
    assert answer.status_code == status, answer.content
    assert CoperniqConnection.objects.filter(company=bolt, state=CoperniqConnection.State.CONNECTED).exists()


def test_a_refused_key_holds_no_account(browser: Client, bolt: Company, vendors: MockedVendors) -> None:
    vendors.has_workflows()
    coperniq_connection(bolt, "demo-key", state=CoperniqConnection.State.REFUSED)
    assert browser.post(COPERNIQ, {"api_key": "demo-key"}).status_code == 302


@pytest.mark.every_database
def test_the_database_keeps_one_key_from_two_companies(acme: Company, bolt: Company) -> None:
    coperniq_connection(acme, api_key_digest="same")
    with pytest.raises(IntegrityError):
        coperniq_connection(bolt, api_key_digest="same")


@pytest.mark.parametrize("linked", [True, False])
def test_a_second_key_of_a_simulated_account_is_recognized(
    portal: PortalHarness, nora: User, sign_in: SignIn, linked: bool
) -> None:
    if linked:
        portal.enter(portal.project(portal.account("Ann")))
    portal.work(polls=True)
    account = portal.simulator.control(f"coperniq/{API_KEY}", method="GET")
    owner = (f"owner{account['id']}@coperniq.example", "demo-password")
    keys = f"{settings.COPERNIQ_API_URL}/api-keys"
    key = portal.simulator.session.post(keys, auth=owner, timeout=20).json()["token"]
    form = {"api_key": key, "company": "bolt"}
    answer = sign_in(nora).post(COPERNIQ, form, headers=JSON)
    assert (answer.status_code, "already in use" in str(answer.json())) == (400, True)
    assert not CoperniqConnection.objects.filter(company__slug="bolt").exists()


def test_disconnecting_frees_a_company_too(
    browser: Client, alice: User, bolt: Company, vendors: MockedVendors
) -> None:
    quickbooks_connection(bolt)
    vendors.revokes()
    disconnect(bolt, alice)
    vendors.grants()
    vendors.has_books()
    assert return_from_intuit(browser, press_connect(browser)).status_code == 302
