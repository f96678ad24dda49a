"""Another QuickBooks or Coperniq company is connected than before: syncing stops until a person decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditLogEntry, Company, User
from integrations.causes import Cause
from integrations.connections import company_mismatch, coperniq_api_key
from integrations.connections.disconnection import clear_tokens
from integrations.models import CoperniqConnection, Kind, PhaseTrigger, QuickBooksConnection, RunState
from integrations.models.encryption import encrypt
from tests.factories import (
    JSON,
    OTHER_REALM,
    REALM,
    REFRESH,
    MockedVendors,
    SignIn,
    coperniq_connection,
    press_connect,
    quickbooks_connection,
    record_link,
    return_from_intuit,
    sync_run,
)

State = QuickBooksConnection.State
GUARD = reverse("integrations:quickbooks_guard")
COPERNIQ = reverse("integrations:connect_coperniq")
COPERNIQ_GUARD = reverse("integrations:coperniq_guard")
NEW_REFRESH = "demo-refresh-token-of-other-books"


@pytest.fixture
def browser(alice: User, sign_in: SignIn) -> Client:
    return sign_in(alice)


@pytest.fixture
def old(acme: Company) -> QuickBooksConnection:
    coperniq_connection(acme)
    connection = quickbooks_connection(acme)
    long_ago = timezone.now() - timedelta(days=30)
    PhaseTrigger.objects.create(
        connection=connection, workflow_id="11", phase_template_id="101", reentry="ask", saved_at=long_ago
    )
    connection.settings.matching_strategy = "skip"
    connection.settings.save()
    connection.mappings.filter(quickbooks_field="DisplayName").update(source="title")
    record_link(connection, Kind.CUSTOMER, "1")
    return connection


def consent_to_other_books(browser: Client, vendors: MockedVendors, realm: str = OTHER_REALM) -> Any:
    vendors.grants(access="demo-access-other", refresh=NEW_REFRESH)
    vendors.has_books(realm, "Other Books")
    vendors.revokes()
    return return_from_intuit(browser, press_connect(browser), realm)


def proposal() -> QuickBooksConnection | None:
    return QuickBooksConnection.objects.filter(state=State.PROPOSED).first()


def test_another_quickbooks_company_stops_everything(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    answer = consent_to_other_books(browser, vendors)
    assert answer["Location"] == reverse("integrations:overview")
    assert "until you decide" in str(next(iter(get_messages(answer.wsgi_request))))
    old.refresh_from_db()
    proposed = proposal()
    assert old.state == State.AWAITING_DECISION
    assert proposed is not None
    assert (proposed.realm_id, proposed.refresh_token) == (OTHER_REALM, NEW_REFRESH)
    assert not QuickBooksConnection.objects.syncing().exists()


def test_the_guard_says_what_is_at_stake(
    browser: Client, old: QuickBooksConnection, acme: Company, vendors: MockedVendors
) -> None:
    assert company_mismatch.find_company_mismatch(acme) is None
    consent_to_other_books(browser, vendors)
    found = company_mismatch.find_company_mismatch(acme)
    assert found is not None
    assert (found.old, found.proposed.company_name, found.links_at_risk) == (old, "Other Books", 1)


def test_a_disconnected_company_is_protected_too(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    clear_tokens(old, State.DISCONNECTED)
    consent_to_other_books(browser, vendors)
    old.refresh_from_db()
    assert old.state == State.AWAITING_DECISION
    assert proposal() is not None


def test_switching_archives_the_old_connection_with_its_links(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    consent_to_other_books(browser, vendors)
    answer = browser.post(GUARD, {"choice": "move"})
    assert answer.status_code == 302
    old.refresh_from_db()
    new = QuickBooksConnection.objects.get(realm_id=OTHER_REALM)
    assert (old.state, old.refresh_token_encrypted, old.links.count()) == (State.ARCHIVED, "", 1)
    assert (new.state, new.links.count()) == (State.CONNECTED, 0)
    assert REFRESH in vendors.revoked()[0]
    assert company_mismatch.find_company_mismatch(old.company) is None


def test_move_takes_the_rules_along_from_now_on(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    consent_to_other_books(browser, vendors)
    asked_at = timezone.now()
    browser.post(GUARD, {"choice": "move"})
    new = QuickBooksConnection.objects.get(realm_id=OTHER_REALM)
    trigger = new.triggers.get()
    assert new.settings.matching_strategy == "skip"
    assert new.mappings.get(quickbooks_field="DisplayName").source == "title"
    assert new.mappings.count() == old.mappings.count()
    assert (trigger.phase_template_id, trigger.reentry) == ("101", "ask")
    assert trigger.saved_at >= asked_at
    assert old.triggers.get().saved_at < asked_at


def test_move_cancels_what_was_meant_for_the_old_books(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    meant = [
        sync_run(old, RunState.QUEUED),
        sync_run(old, RunState.HELD, "2"),
        sync_run(old, RunState.WAITING, "3"),
    ]
    over = sync_run(old, RunState.DONE, "4")
    consent_to_other_books(browser, vendors)
    browser.post(GUARD, {"choice": "move"})
    for one in [*meant, over]:
        one.refresh_from_db()
    assert {one.state for one in meant} == {RunState.CANCELLED}
    assert over.state == RunState.DONE


def test_move_is_recorded(
    browser: Client, alice: User, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    consent_to_other_books(browser, vendors)
    browser.post(GUARD, {"choice": "move"})
    act = AuditLogEntry.objects.get(verb="move to other books")
    assert act.user == alice
    assert REALM in act.before
    assert OTHER_REALM in act.after
    assert "1 links" in act.target


def test_switching_to_a_company_taken_meanwhile_is_refused(
    browser: Client, old: QuickBooksConnection, bolt: Company, vendors: MockedVendors
) -> None:
    consent_to_other_books(browser, vendors)
    quickbooks_connection(bolt, OTHER_REALM)
    answer = browser.post(GUARD, {"choice": "move"})
    assert answer.status_code == 400
    assert b"bolt" not in answer.content.lower()
    old.refresh_from_db()
    assert old.state == State.AWAITING_DECISION


def test_keep_goes_back_to_what_was(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    held = sync_run(old, RunState.HELD, cause=Cause.RECONNECT)
    consent_to_other_books(browser, vendors)
    vendors.has_books(REALM)
    browser.post(GUARD, {"choice": "keep"})
    old.refresh_from_db()
    held.refresh_from_db()
    assert (old.state, old.refresh_token) == (State.CONNECTED, REFRESH)
    assert proposal() is None
    assert held.state == RunState.QUEUED
    assert NEW_REFRESH in vendors.revoked()[0]
    assert AuditLogEntry.objects.filter(verb="keep the books").exists()


def test_keep_finds_out_that_the_authorization_is_gone(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    QuickBooksConnection.objects.update(access_expires_at=None)
    consent_to_other_books(browser, vendors)
    vendors.grants_nothing("invalid_grant")
    browser.post(GUARD, {"choice": "keep"})
    old.refresh_from_db()
    assert old.state == State.NEEDS_AUTHORIZATION


def test_keep_takes_an_outage_for_an_outage(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    consent_to_other_books(browser, vendors)
    vendors.refuses_books({}, 503)
    browser.post(GUARD, {"choice": "keep"})
    old.refresh_from_db()
    assert old.state == State.CONNECTED


def test_keep_learns_that_access_was_taken_away(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    consent_to_other_books(browser, vendors)
    vendors.refuses_books({"fault": {"error": [{"code": "3100", "message": "no"}]}}, 403)
    browser.post(GUARD, {"choice": "keep"})
    old.refresh_from_db()
    assert old.state == State.NEEDS_AUTHORIZATION


def test_keeping_leaves_a_disconnected_company_disconnected(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    clear_tokens(old, State.DISCONNECTED)
    consent_to_other_books(browser, vendors)
    browser.post(GUARD, {"choice": "keep"})
    old.refresh_from_db()
    assert old.state == State.DISCONNECTED


def test_authorizing_the_old_company_again_keeps_it(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    consent_to_other_books(browser, vendors)
    vendors.grants()
    vendors.has_books(REALM)
    return_from_intuit(browser, press_connect(browser))
    old.refresh_from_db()
    assert old.state == State.CONNECTED
    assert proposal() is None
    assert NEW_REFRESH in vendors.revoked()[0]


def test_a_second_proposal_takes_the_place_of_the_first(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    consent_to_other_books(browser, vendors)
    consent_to_other_books(browser, vendors, realm="9341450000000003")
    proposed = proposal()
    assert proposed is not None
    assert proposed.realm_id == "9341450000000003"
    assert len(vendors.revoked()) == 1


def test_a_renewed_proposal_is_not_revoked(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    consent_to_other_books(browser, vendors)
    consent_to_other_books(browser, vendors)
    assert QuickBooksConnection.objects.filter(state=State.PROPOSED).count() == 1
    assert not vendors.revoked()


def test_disconnecting_ends_the_proposal_too(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    consent_to_other_books(browser, vendors)
    browser.post(reverse("integrations:disconnect"), {"confirm": "yes"})
    old.refresh_from_db()
    assert old.state == State.DISCONNECTED
    assert proposal() is None
    assert len(vendors.revoked()) == 2


def test_an_old_company_in_use_elsewhere_is_left_as_it_is(
    browser: Client, old: QuickBooksConnection, bolt: Company, vendors: MockedVendors
) -> None:
    clear_tokens(old, State.DISCONNECTED)
    taken = quickbooks_connection(bolt, REALM)
    assert consent_to_other_books(browser, vendors).status_code == 302
    browser.post(GUARD, {"choice": "keep"})
    old.refresh_from_db()
    taken.refresh_from_db()
    assert (old.state, taken.state) == (State.DISCONNECTED, State.CONNECTED)


def test_a_proposal_in_use_elsewhere_by_now_is_not_revoked(
    browser: Client, old: QuickBooksConnection, bolt: Company, vendors: MockedVendors
) -> None:
    consent_to_other_books(browser, vendors)
    quickbooks_connection(bolt, OTHER_REALM)
    vendors.has_books(REALM)
    browser.post(GUARD, {"choice": "keep"})
    assert proposal() is None
    assert not vendors.revoked()


@pytest.mark.parametrize("page", [GUARD, COPERNIQ_GUARD])
@pytest.mark.parametrize("choice", ["move", "keep", "", "burn"])
def test_nothing_is_decided_where_nothing_is_asked(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors, page: str, choice: str
) -> None:
    answer = browser.post(page, {"choice": choice}, headers=JSON)
    assert answer.status_code == 400
    assert "choice" in answer.json()["errors"]
    old.refresh_from_db()
    assert old.is_connected


@pytest.mark.parametrize("page", [GUARD, COPERNIQ_GUARD])
def test_moving_house_is_for_admins(
    frank: User, old: QuickBooksConnection, sign_in: SignIn, vendors: MockedVendors, page: str
) -> None:
    assert sign_in(frank).post(page, {"choice": "move"}).status_code == 403


def test_losing_the_race_for_the_new_company_is_an_answer(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(*_: object) -> None:
        raise IntegrityError

    consent_to_other_books(browser, vendors)
    monkeypatch.setattr(company_mismatch, "copy_settings", too_late)
    assert browser.post(GUARD, {"choice": "move"}).status_code == 400
    old.refresh_from_db()
    assert old.state == State.AWAITING_DECISION


def strange_key(browser: Client, vendors: MockedVendors) -> Any:
    """The key of a Coperniq company that has none of the linked records."""
    vendors.has_workflows([{"id": 11, "name": "Residential", "phases": [{"id": 101, "name": "Sold"}]}])
    vendors.has_record("accounts/1", 404)
    return browser.post(COPERNIQ, {"api_key": "demo-strange-key"})


def test_a_key_that_finds_nothing_linked_waits_aside(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    assert strange_key(browser, vendors).status_code == 302
    row = CoperniqConnection.objects.get()
    assert (row.api_key, row.awaits_decision) == ("demo-coperniq-key", True)
    assert "demo-strange-key" not in row.proposed_api_key_encrypted
    assert not QuickBooksConnection.objects.syncing().exists()


def test_one_found_record_is_enough(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    record_link(old, Kind.JOB, "7")
    vendors.has_record("projects/7")
    strange_key(browser, vendors)
    assert not CoperniqConnection.objects.get().awaits_decision


def test_at_most_three_linked_records_are_tried(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    for number in ("5", "6", "7", "8"):
        record_link(old, Kind.CUSTOMER, number)
        vendors.has_record(f"accounts/{number}", 403)
    strange_key(browser, vendors)
    assert CoperniqConnection.objects.get().awaits_decision
    assert len(vendors.asked("https://api.coperniq.io/v1/accounts/")) == 3


def test_keeping_the_former_key_goes_on_with_it(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    held = sync_run(old, RunState.HELD, cause=Cause.RECONNECT)
    strange_key(browser, vendors)
    assert browser.post(COPERNIQ_GUARD, {"choice": "keep"}).status_code == 302
    row = CoperniqConnection.objects.get()
    held.refresh_from_db()
    assert (row.api_key, row.awaits_decision) == ("demo-coperniq-key", False)
    assert held.state == RunState.QUEUED
    assert QuickBooksConnection.objects.syncing().exists()


def test_moving_to_another_coperniq_company_begins_new_links_in_the_same_books(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    old.triggers.create(workflow_id="12", phase_template_id="201")
    cursor = timezone.now() - timedelta(hours=1)
    CoperniqConnection.objects.update(projects_cursor_at=cursor)
    strange_key(browser, vendors)
    assert browser.post(COPERNIQ_GUARD, {"choice": "move"}).status_code == 302
    row = CoperniqConnection.objects.get()
    old.refresh_from_db()
    new = QuickBooksConnection.objects.get(state=State.CONNECTED)
    assert (row.api_key, row.awaits_decision, row.projects_cursor_at) == ("demo-strange-key", False, None)
    assert (old.state, old.refresh_token_encrypted, old.links.count()) == (State.ARCHIVED, "", 1)
    assert (new.realm_id, new.refresh_token, new.links.count()) == (REALM, REFRESH, 0)
    assert [trigger.workflow_id for trigger in new.triggers.all()] == ["11"]
    assert not vendors.revoked()


def test_a_key_that_stopped_working_meanwhile_moves_nothing(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors
) -> None:
    strange_key(browser, vendors)
    vendors.has_workflows(status=401)
    assert browser.post(COPERNIQ_GUARD, {"choice": "move"}).status_code == 400
    old.refresh_from_db()
    assert old.is_connected
    assert CoperniqConnection.objects.get().awaits_decision


def test_a_key_entered_while_another_is_tried_is_not_lost(
    browser: Client, old: QuickBooksConnection, vendors: MockedVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange_key(browser, vendors)
    check_api_key = coperniq_api_key.check_api_key

    def overtaken(company: Company, api_key: str) -> Any:
        CoperniqConnection.objects.update(proposed_api_key_encrypted=encrypt("demo-third-key"))
        return check_api_key(company, api_key)

    monkeypatch.setattr(coperniq_api_key, "check_api_key", overtaken)
    answer = browser.post(COPERNIQ_GUARD, {"choice": "move"})
    assert answer.status_code == 400
    assert b"Another API key was entered" in answer.content
    assert CoperniqConnection.objects.get().api_key == "demo-coperniq-key"


def test_switching_without_quickbooks_only_changes_the_key(
    browser: Client, acme: Company, vendors: MockedVendors
) -> None:
    coperniq_connection(acme, proposed_api_key_encrypted=encrypt("demo-strange-key"))
    vendors.has_workflows()
    assert browser.post(COPERNIQ_GUARD, {"choice": "move"}).status_code == 302
    assert CoperniqConnection.objects.get().api_key == "demo-strange-key"
