"""Connect, Intuit's callback and disconnect, over HTTP, with Intuit's answers stubbed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, models
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditLogEntry, Company, User
from integrations.causes import Cause
from integrations.connections import oauth_flow, oauth_grant
from integrations.connections.disconnection import NotConnected
from integrations.http import VendorSession
from integrations.models import (
    CompanyLease,
    CoperniqConnection,
    PendingAuthorization,
    PhaseTrigger,
    QuickBooksConnection,
    RunState,
)
from tests.factories import (
    ACCESS,
    JSON,
    OTHER_REALM,
    REALM,
    REFRESH,
    MockedVendors,
    SignIn,
    coperniq_connection,
    press_connect,
    quickbooks_connection,
    return_from_intuit,
    sync_run,
)

State = QuickBooksConnection.State
CONNECT = reverse("integrations:connect_quickbooks")
CALLBACK = reverse("integrations:callback")
DISCONNECT = reverse("integrations:disconnect")


@pytest.fixture
def browser(alice: User, sign_in: SignIn) -> Client:
    return sign_in(alice)


def message_of(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def refused(answer: Any, *words: str) -> None:
    page = answer.content.decode()
    assert answer.status_code == 400
    for word in words:
        assert word in page
    assert not QuickBooksConnection.objects.exists()


def test_connect_leads_to_intuit_in_the_same_tab(browser: Client, vendors: MockedVendors) -> None:
    answer = browser.post(CONNECT)
    address = urlsplit(answer["Location"])
    asked = parse_qs(address.query)
    assert answer.status_code == 302
    assert address.netloc == "appcenter.intuit.com"
    assert asked["redirect_uri"] == ["https://portal.example.com/integrations/quickbooks/callback/"]
    assert asked["scope"] == ["com.intuit.quickbooks.accounting"]
    assert len(asked["state"][0]) >= 32


def test_a_program_is_reported_where_to_go(browser: Client, vendors: MockedVendors) -> None:
    answer = browser.post(CONNECT, headers=JSON)
    assert answer.json()["ok"] is True
    assert answer.json()["location"].startswith("https://appcenter.intuit.com/")


def test_connect_without_a_registration_says_so(browser: Client, settings: Settings) -> None:
    settings.INTUIT_CLIENT_ID = ""
    refused(browser.post(CONNECT), "INTUIT_CLIENT_ID")


@pytest.mark.every_database
def test_consent_stores_the_connection(browser: Client, acme: Company, vendors: MockedVendors) -> None:
    vendors.grants()
    vendors.has_books()
    answer = return_from_intuit(browser, press_connect(browser))
    assert (answer.status_code, answer["Location"]) == (302, reverse("integrations:configuration"))
    assert "Acme Books" in message_of(answer)
    stored = QuickBooksConnection.objects.get()
    assert (stored.company, stored.realm_id, stored.state) == (acme, REALM, State.CONNECTED)
    assert (stored.access_token, stored.refresh_token) == (ACCESS, REFRESH)
    assert (stored.home_currency, stored.country, stored.custom_txn_numbers) == ("USD", "US", True)
    assert str(stored.book_close_on) == "2025-12-31"
    assert stored.refresh_expires_at is not None
    assert stored.refresh_expires_at > timezone.now() + timedelta(days=99)


def test_consent_seeds_settings_and_mappings(browser: Client, vendors: MockedVendors) -> None:
    vendors.grants()
    vendors.has_books()
    return_from_intuit(browser, press_connect(browser))
    stored = QuickBooksConnection.objects.get()
    assert stored.settings.matching_strategy == "enrich"
    assert stored.mappings.get(quickbooks_field="PrimaryTaxIdentifier").source == "custom:tax_number"


def test_consent_is_recorded_with_who_and_what(browser: Client, alice: User, vendors: MockedVendors) -> None:
    vendors.grants()
    vendors.has_books()
    return_from_intuit(browser, press_connect(browser))
    act = AuditLogEntry.objects.get(verb="connect")
    assert (act.user, act.before, act.after) == (alice, "", "Connected")
    assert REALM in act.target


def test_tokens_are_nowhere_but_encrypted(
    browser: Client, vendors: MockedVendors, caplog: pytest.LogCaptureFixture
) -> None:
    vendors.grants()
    vendors.has_books()
    caplog.set_level("DEBUG")
    answer = return_from_intuit(browser, press_connect(browser))
    columns = QuickBooksConnection.objects.values().get()
    sessions = [session.get_decoded() for session in Session.objects.all()]
    acts = list(AuditLogEntry.objects.values())
    shown = f"{columns}{sessions}{acts}{caplog.text}{dict(answer.headers)}{message_of(answer)}"
    assert ACCESS not in shown
    assert REFRESH not in shown


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_vendor_is_asked(
    alice: User, acme: Company, sign_in: SignIn, vendors: MockedVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_while_asking: list[bool] = []
    send = VendorSession.send

    def watched(session: VendorSession, *args: Any, **kwargs: Any) -> Any:
        open_while_asking.append(connection.in_atomic_block)
        return send(session, *args, **kwargs)

    monkeypatch.setattr(VendorSession, "send", watched)
    browser = sign_in(alice)
    vendors.grants()
    vendors.has_books()
    vendors.has_books(OTHER_REALM)
    vendors.revokes()
    vendors.has_workflows()
    browser.post(reverse("integrations:connect_coperniq"), {"api_key": "demo-key"})
    for choice in ("keep", "move"):
        return_from_intuit(browser, press_connect(browser))
        return_from_intuit(browser, press_connect(browser), OTHER_REALM)
        browser.post(reverse("integrations:quickbooks_guard"), {"choice": choice})
    browser.post(DISCONNECT, {"confirm": "yes"})
    assert len(open_while_asking) > 12
    assert not any(open_while_asking)


@pytest.mark.every_database
@pytest.mark.parametrize("state", ["forged", "", "forged-ünï"])
def test_a_forged_or_absent_state_is_refused(browser: Client, vendors: MockedVendors, state: str) -> None:
    press_connect(browser)
    refused(return_from_intuit(browser, state), "does not belong to a connection you started")
    assert not vendors.stage.calls


def test_a_callback_nobody_asked_for_is_refused(browser: Client, vendors: MockedVendors) -> None:
    refused(browser.get(CALLBACK), "does not belong to a connection you started")


def test_a_state_is_good_once(browser: Client, vendors: MockedVendors) -> None:
    vendors.grants()
    vendors.has_books()
    state = press_connect(browser)
    return_from_intuit(browser, state)
    replayed = return_from_intuit(browser, state)
    assert replayed.status_code == 400
    assert len(vendors.asked("https://oauth.platform.intuit.com/")) == 1


def test_a_state_is_spent_even_if_the_exchange_fails(browser: Client, vendors: MockedVendors) -> None:
    vendors.grants_nothing("invalid_grant")
    state = press_connect(browser)
    return_from_intuit(browser, state)
    vendors.grants()
    vendors.has_books()
    refused(return_from_intuit(browser, state), "does not belong")


def test_a_state_of_another_session_is_refused(
    browser: Client, alice: User, sign_in: SignIn, vendors: MockedVendors
) -> None:
    state = press_connect(browser)
    refused(return_from_intuit(sign_in(alice), state), "does not belong")
    assert not vendors.stage.calls


def test_a_state_of_another_company_is_refused(nora: User, sign_in: SignIn, vendors: MockedVendors) -> None:
    browser = sign_in(nora)
    state = press_connect(browser, company="acme")
    refused(return_from_intuit(browser, state, company="bolt"), "another company")
    assert not vendors.stage.calls


def test_a_state_of_another_person_is_refused(
    browser: Client, acme: Company, frank: User, vendors: MockedVendors
) -> None:
    """As if the session had outlived a change of person, which signing in prevents by itself."""
    state = press_connect(browser)
    PendingAuthorization.objects.update(user=frank)
    refused(return_from_intuit(browser, state), "another company")


@pytest.mark.every_database
def test_an_expired_state_is_refused(browser: Client, vendors: MockedVendors) -> None:
    state = press_connect(browser)
    PendingAuthorization.objects.update(
        started_at=timezone.now() - oauth_flow.LIFETIME - timedelta(seconds=1)
    )
    refused(return_from_intuit(browser, state), "too late")


@pytest.mark.every_database
def test_of_several_callbacks_at_once_one_exchanges_the_code(browser: Client, vendors: MockedVendors) -> None:
    """Each request has loaded the session before the first one stores anything."""
    state = press_connect(browser)
    company, user = Company.objects.get(), User.objects.get()
    sessions = [browser.session for _ in range(4)]
    for session in sessions:
        session.setdefault("another page", session.session_key)
    oauth_flow.claim_state(sessions[0], company, user, state)
    for session in sessions[1:]:
        session.save()
        with pytest.raises(NotConnected, match="does not belong"):
            oauth_flow.claim_state(session, company, user, state)


def test_another_browser_cannot_use_a_state(browser: Client, alice: User, vendors: MockedVendors) -> None:
    state = press_connect(browser)
    other = Client()
    other.force_login(alice)
    refused(return_from_intuit(other, state), "does not belong")


@pytest.mark.every_database
def test_what_was_never_used_is_deleted_in_time(browser: Client, vendors: MockedVendors) -> None:
    press_connect(browser)
    PendingAuthorization.objects.update(started_at=timezone.now() - oauth_flow.KEPT - timedelta(seconds=1))
    press_connect(browser)
    assert PendingAuthorization.objects.count() == 1


def test_a_session_that_ended_meanwhile_is_refused(browser: Client, vendors: MockedVendors) -> None:
    state = press_connect(browser)
    session = browser.session
    session.get("loaded before the sign-out")
    Session.objects.all().delete()
    with pytest.raises(NotConnected, match="signed out"):
        oauth_flow.claim_state(session, Company.objects.get(), User.objects.get(), state)


@pytest.mark.parametrize("answer", [{"code": "a-secret", "realmId": REALM}, {"error": "access_denied"}])
def test_whoever_was_signed_out_meanwhile_starts_again(
    browser: Client, vendors: MockedVendors, answer: dict[str, str]
) -> None:
    """What Intuit's answer holds is in no other address: those are kept by the browser and logged by proxies."""
    state = press_connect(browser)
    Session.objects.all().delete()
    page = browser.get(CALLBACK, {"state": state, **answer}, follow=True)
    assert [address for address, _ in page.redirect_chain] == [
        reverse("integrations:overview"),
        f"{reverse('accounts:login')}?next={reverse('integrations:overview')}",
    ]
    text = page.content.decode()
    assert ("signed out while QuickBooks was asking" in text, state in text, "a-secret" in text) == (
        True,
        False,
        False,
    )
    assert browser.get(CALLBACK, {"state": state, **answer}, headers=JSON).status_code == 401
    assert not vendors.stage.calls
    assert not QuickBooksConnection.objects.exists()


def test_whoever_has_several_companies_is_not_asked_which_with_the_code_in_the_address(
    nora: User, sign_in: SignIn, vendors: MockedVendors
) -> None:
    """Signed in anew, in another session than the one that asked."""
    state = press_connect(sign_in(nora), company="acme")
    answer = {"state": state, "code": "a-secret", "realmId": REALM}
    returned = sign_in(nora).get(CALLBACK, answer)
    assert (returned.status_code, returned["Location"]) == (302, reverse("integrations:overview"))
    assert "does not belong" in message_of(returned)
    assert not vendors.stage.calls


def test_cancelling_says_what_happened(browser: Client, vendors: MockedVendors) -> None:
    state = press_connect(browser)
    answer = browser.get(CALLBACK, {"error": "access_denied", "state": state})
    refused(answer, "You cancelled in QuickBooks", "support@coperniq.io")


def test_another_error_of_intuit_is_named_and_never_executed(browser: Client, vendors: MockedVendors) -> None:
    refused(browser.get(CALLBACK, {"error": "invalid_scope"}), "(invalid_scope)")
    hostile = browser.get(CALLBACK, {"error": "<script>alert(1)</script>"})
    refused(hostile, "could not ask you")
    assert b"alert(1)" not in hostile.content


@pytest.mark.parametrize(
    "missing", [{"code": ""}, {"realmId": ""}, {"realmId": "../1"}, {"realmId": "9" * 41}]
)
def test_an_incomplete_answer_is_refused(
    browser: Client, vendors: MockedVendors, missing: dict[str, str]
) -> None:
    state = press_connect(browser)
    refused(
        browser.get(CALLBACK, {"state": state, "code": "demo", "realmId": REALM, **missing}), "incomplete"
    )
    assert not vendors.stage.calls


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        ("invalid_grant", 400, "has expired or was used already"),
        ("invalid_client", 401, "credentials"),
        ("", 503, "cannot be reached"),
    ],
)
def test_a_failed_exchange_stores_nothing(
    browser: Client, vendors: MockedVendors, error: str, status: int, words: str
) -> None:
    vendors.grants_nothing(error, status)
    refused(return_from_intuit(browser, press_connect(browser)), words)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "3100", "does not let the portal into this company"),
        (401, "120", "You are not an administrator"),
        (400, "6190", "subscription or trial"),
    ],
)
def test_a_company_without_access_stores_nothing(
    browser: Client, vendors: MockedVendors, status: int, code: str, words: str
) -> None:
    vendors.grants()
    vendors.refuses_books({"fault": {"error": [{"message": "no", "detail": "no", "code": code}]}}, status)
    refused(return_from_intuit(browser, press_connect(browser)), words)


def test_a_company_of_an_unknown_shape_stores_nothing(browser: Client, vendors: MockedVendors) -> None:
    vendors.grants()
    vendors.refuses_books({"CompanyInfo": {"Id": "1"}}, 200)
    refused(return_from_intuit(browser, press_connect(browser)), "in an unknown way")


def test_the_refusal_does_not_name_who_uses_the_company(
    browser: Client, bolt: Company, vendors: MockedVendors
) -> None:
    quickbooks_connection(bolt)
    vendors.grants()
    vendors.has_books()
    answer = return_from_intuit(browser, press_connect(browser))
    assert answer.status_code == 400
    assert b"already in use in this portal" in answer.content
    assert b"bolt" not in answer.content.lower()
    assert QuickBooksConnection.objects.count() == 1
    assert not vendors.revoked(), "revoking might end the grant of the other company"


def test_whether_a_company_is_in_use_is_shown_to_its_owners_only(
    browser: Client, bolt: Company, vendors: MockedVendors
) -> None:
    quickbooks_connection(bolt)
    vendors.grants_nothing("invalid_grant")
    answer = return_from_intuit(browser, press_connect(browser))
    assert b"already in use" not in answer.content


@pytest.mark.every_database
def test_losing_the_race_for_a_realm_is_friendly(
    browser: Client, vendors: MockedVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other company's row appears between the query and the insert: only the constraint catches it."""

    def too_late(*_: object) -> None:
        raise IntegrityError

    monkeypatch.setattr(oauth_grant, "_place_grant", too_late)
    vendors.grants()
    vendors.has_books()
    refused(return_from_intuit(browser, press_connect(browser)), "already in use in this portal")
    assert not AuditLogEntry.objects.filter(verb="connect").exists()


@pytest.mark.every_database
def test_two_tabs_that_come_back_make_one_connection(browser: Client, vendors: MockedVendors) -> None:
    vendors.grants()
    vendors.has_books()
    first, second = press_connect(browser), press_connect(browser)
    assert return_from_intuit(browser, second).status_code == 302
    vendors.grants(access="demo-access-later", refresh="demo-refresh-later")
    assert return_from_intuit(browser, first).status_code == 302
    stored = QuickBooksConnection.objects.get()
    assert (stored.access_token, stored.token_version) == ("demo-access-later", 2)


def test_other_currencies_are_connected_with_a_warning(browser: Client, vendors: MockedVendors) -> None:
    vendors.grants()
    vendors.has_books(currency="CAD")
    answer = return_from_intuit(browser, press_connect(browser))
    assert "CAD" in message_of(answer)
    assert QuickBooksConnection.objects.get().is_connected


@pytest.mark.parametrize("state", [State.NEEDS_AUTHORIZATION, State.CONNECTED, State.DISCONNECTED])
def test_the_same_company_continues_where_it_stopped(
    browser: Client, acme: Company, vendors: MockedVendors, state: str
) -> None:
    old = quickbooks_connection(
        acme, state=state, state_reason="ended", token_version=4, access_token_encrypted=""
    )
    held = sync_run(old, RunState.HELD, cause=Cause.RECONNECT)
    asked = sync_run(old, RunState.HELD, "2", cause="several_candidates")
    coperniq = coperniq_connection(acme, next_poll_at=timezone.now() + timedelta(minutes=10))
    vendors.grants()
    vendors.has_books()
    return_from_intuit(browser, press_connect(browser))
    old.refresh_from_db()
    assert (old.state, old.state_reason, old.token_version, old.access_token) == (
        State.CONNECTED,
        "",
        5,
        ACCESS,
    )
    for one in (held, asked):
        one.refresh_from_db()
    assert (held.state, asked.state) == (RunState.QUEUED, RunState.HELD)
    assert CompanyLease.objects.filter(company=acme).exists()
    coperniq.refresh_from_db()
    assert coperniq.next_poll_at <= timezone.now()


def test_reconnecting_counts_as_connected_anew(
    browser: Client, acme: Company, vendors: MockedVendors
) -> None:
    long_ago = timezone.now() - timedelta(days=90)
    quickbooks_connection(acme, state=State.DISCONNECTED, connected_at=long_ago, disconnected_at=long_ago)
    vendors.grants()
    vendors.has_books()
    return_from_intuit(browser, press_connect(browser))
    stored = QuickBooksConnection.objects.get()
    assert stored.disconnected_at is None
    assert stored.connected_at > long_ago


def test_finance_may_connect(frank: User, sign_in: SignIn, vendors: MockedVendors) -> None:
    vendors.grants()
    vendors.has_books()
    browser = sign_in(frank)
    assert return_from_intuit(browser, press_connect(browser)).status_code == 302


@pytest.mark.parametrize("page", [CONNECT, DISCONNECT, reverse("integrations:connect_coperniq")])
def test_staff_may_not(sam: User, sign_in: SignIn, vendors: MockedVendors, page: str) -> None:
    assert sign_in(sam).post(page, {"confirm": "yes", "api_key": "x"}).status_code == 403
    assert sign_in(sam).get(CALLBACK, {"code": "x"}).status_code == 403


def test_finance_may_not_disconnect(
    frank: User, acme: Company, sign_in: SignIn, vendors: MockedVendors
) -> None:
    quickbooks_connection(acme)
    assert sign_in(frank).post(DISCONNECT, {"confirm": "yes"}).status_code == 403
    assert QuickBooksConnection.objects.get().is_connected


@pytest.mark.parametrize("page", [CONNECT, CALLBACK, DISCONNECT])
def test_another_company_does_not_exist(
    browser: Client, bolt: Company, vendors: MockedVendors, page: str
) -> None:
    call = browser.get if page == CALLBACK else browser.post
    assert call(page, query_params={"company": "bolt"}).status_code == 404


def test_nobody_in_particular_is_asked_to_sign_in(client: Client, vendors: MockedVendors) -> None:
    assert client.post(CONNECT)["Location"].startswith("/accounts/login/")
    assert client.post(CONNECT, headers=JSON).status_code == 401


@pytest.mark.parametrize("page", [CONNECT, DISCONNECT, reverse("integrations:quickbooks_guard")])
def test_what_changes_something_is_posted(browser: Client, page: str) -> None:
    assert browser.get(page).status_code == 405


def test_posting_needs_the_form_s_own_token(alice: User, vendors: MockedVendors) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert browser.post(CONNECT).status_code == 403


def test_disconnect_asks_in_the_words_of_the_guide(
    browser: Client, acme: Company, vendors: MockedVendors
) -> None:
    quickbooks_connection(acme)
    answer = browser.post(DISCONNECT)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "Existing synced data will remain in both systems, but no new data will sync." in page
    assert 'name="confirm" value="yes"' in page
    assert QuickBooksConnection.objects.get().is_connected
    assert "confirm" in browser.post(DISCONNECT, headers=JSON).json()["errors"]


def test_disconnect_keeps_everything_but_the_access(
    browser: Client, alice: User, acme: Company, vendors: MockedVendors
) -> None:
    row = quickbooks_connection(acme)
    queued = sync_run(row, RunState.QUEUED)
    vendors.revokes()
    answer = browser.post(DISCONNECT, {"confirm": "yes"})
    assert answer.status_code == 302
    row.refresh_from_db()
    queued.refresh_from_db()
    assert (row.state, row.access_token_encrypted, row.refresh_token_encrypted) == (
        State.DISCONNECTED,
        "",
        "",
    )
    assert row.disconnected_at is not None
    assert queued.state == RunState.QUEUED
    assert row.settings.pk
    assert json.loads(vendors.revoked()[0].removeprefix("b'").removesuffix("'")) == {"token": REFRESH}
    act = AuditLogEntry.objects.get(verb="disconnect")
    assert (act.user, act.before, act.after) == (alice, "Connected", "Disconnected")


@pytest.mark.parametrize("failure", [503, requests.ConnectionError()])
def test_disconnect_does_not_depend_on_intuit(
    browser: Client, acme: Company, vendors: MockedVendors, failure: int | Exception
) -> None:
    quickbooks_connection(acme)
    if isinstance(failure, int):
        vendors.revokes(failure)
    answer = browser.post(DISCONNECT, {"confirm": "yes"})
    assert "could not be notified" in message_of(answer)
    assert QuickBooksConnection.objects.get().state == State.DISCONNECTED


def test_disconnect_does_not_depend_on_readable_tokens(
    browser: Client, acme: Company, vendors: MockedVendors
) -> None:
    quickbooks_connection(acme, refresh_token_encrypted="sealed-with-a-lost-key")
    assert "could not be notified" in message_of(browser.post(DISCONNECT, {"confirm": "yes"}))
    assert QuickBooksConnection.objects.get().state == State.DISCONNECTED


def test_nothing_can_be_disconnected_twice(browser: Client, acme: Company, vendors: MockedVendors) -> None:
    quickbooks_connection(acme, state=State.DISCONNECTED)
    answer = browser.post(DISCONNECT, {"confirm": "yes"}, headers=JSON)
    assert answer.status_code == 400
    assert "not connected" in answer.json()["errors"]["quickbooks"][0]


@pytest.mark.every_database
def test_a_renewal_under_way_brings_no_tokens_back(
    browser: Client, acme: Company, vendors: MockedVendors
) -> None:
    row = quickbooks_connection(acme)
    vendors.revokes()
    browser.post(DISCONNECT, {"confirm": "yes"})
    late = QuickBooksConnection.objects.filter(pk=row.pk, token_version=row.token_version)
    assert late.update(token_version=models.F("token_version") + 1) == 0


def test_coperniq_s_poll_stops_with_the_books(browser: Client, acme: Company, vendors: MockedVendors) -> None:
    quickbooks_connection(acme)
    coperniq_connection(acme)
    vendors.revokes()
    assert CoperniqConnection.objects.due_for_poll(timezone.now()).exists()
    browser.post(DISCONNECT, {"confirm": "yes"})
    assert not CoperniqConnection.objects.due_for_poll(timezone.now()).exists()


def test_another_quickbooks_company_belongs_to_another_company(
    bob: User, sign_in: SignIn, acme: Company, vendors: MockedVendors
) -> None:
    mine = quickbooks_connection(acme)
    vendors.grants()
    vendors.has_books(OTHER_REALM, "Bolt Books")
    browser = sign_in(bob)
    return_from_intuit(browser, press_connect(browser), OTHER_REALM)
    mine.refresh_from_db()
    assert mine.is_connected
    assert QuickBooksConnection.objects.get(realm_id=OTHER_REALM).company.slug == "bolt"


def test_the_next_three_steps_are_shown_once_after_the_first_connection(
    browser: Client, acme: Company, vendors: MockedVendors
) -> None:
    """As a message that needs no script: its button closes it. A company with a trigger is past these steps."""
    vendors.grants()
    vendors.has_books()
    page = reverse("integrations:configuration")
    return_from_intuit(browser, press_connect(browser))
    first = browser.get(page).content.decode()
    assert "<dialog" in first
    assert "Connected to “Acme Books”" in first
    assert first.count("<li>", first.index("<dialog"), first.index("</dialog>")) == 3
    assert "<dialog" not in browser.get(page).content.decode()
    PhaseTrigger.objects.create(
        connection=QuickBooksConnection.objects.get(), workflow_id="1", phase_template_id="2"
    )
    return_from_intuit(browser, press_connect(browser))
    assert "<dialog" not in browser.get(page).content.decode()
