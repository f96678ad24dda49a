"""The switch of invoices and payments, and what is set for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditLogEntry, Company, User
from integrations.forms import configuration_of
from integrations.forms.draft import Draft
from integrations.models import (
    CompanyLease,
    CoperniqConnection,
    InvoiceSyncPeriod,
    LookupList,
    QuickBooksConnection,
    RunState,
    SyncRun,
    SyncSettings,
)
from tests.factories import (
    JSON,
    OTHER_REALM,
    MockedVendors,
    SignIn,
    coperniq_connection,
    quickbooks_connection,
    sync_run,
)
from tests.views.lists import ACCOUNTS, ITEMS, Refreshing, item, keep

SWITCH = "/integrations/quickbooks/invoice-sync/"
SETTINGS = reverse("integrations:settings")
CONFIGURATION = "/integrations/quickbooks/"


@pytest.fixture
def browser(alice: User, sign_in: SignIn) -> Client:
    return sign_in(alice)


@pytest.fixture
def connection(acme: Company, vendors: MockedVendors) -> QuickBooksConnection:
    later = timezone.now() + timedelta(minutes=10)
    coperniq_connection(acme, next_poll_at=later, next_invoice_sweep_at=later)
    return quickbooks_connection(acme)


@pytest.fixture
def refreshing(monkeypatch: pytest.MonkeyPatch) -> Refreshing:
    return Refreshing(monkeypatch)


def switch(browser: Client, enabled: str) -> Any:
    return browser.post(SWITCH, {"enabled": enabled})


def is_on() -> bool:
    return SyncSettings.objects.get().invoice_sync


def errors(browser: Client, page: str = SETTINGS, **fields: str) -> dict[str, list[str]]:
    answer = browser.post(page, fields, headers=JSON)
    assert answer.status_code == 400
    refusals: dict[str, list[str]] = answer.json()["errors"]
    return refusals


def test_switching_on_begins_a_period_and_scans_at_once(
    browser: Client, alice: User, connection: QuickBooksConnection
) -> None:
    asked_at = timezone.now()
    answer = switch(browser, "on")
    period = InvoiceSyncPeriod.objects.get()
    keyed = CoperniqConnection.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, CONFIGURATION)
    assert is_on()
    assert (period.connection, period.off_at) == (connection, None)
    assert asked_at <= period.on_at <= timezone.now()
    assert keyed.next_poll_at <= timezone.now()
    assert keyed.next_invoice_sweep_at <= timezone.now()
    act = AuditLogEntry.objects.get()
    assert (act.user, act.target, act.before, act.after) == (alice, "invoice_sync", "off", "on")


def test_switching_off_closes_the_period(browser: Client, connection: QuickBooksConnection) -> None:
    switch(browser, "on")
    switch(browser, "off")
    period = InvoiceSyncPeriod.objects.get()
    assert period.off_at is not None
    assert period.on_at <= period.off_at
    assert not is_on()


def test_each_switch_on_is_a_cut_off_of_its_own(browser: Client, connection: QuickBooksConnection) -> None:
    for enabled in ("on", "off", "on"):
        switch(browser, enabled)
    first, second = InvoiceSyncPeriod.objects.order_by("id")
    assert (first.off_at is None, second.off_at) == (False, None)
    assert second.on_at >= first.on_at


@pytest.mark.parametrize("enabled", ["on", "off"])
def test_switching_to_what_it_is_changes_nothing(
    browser: Client, connection: QuickBooksConnection, enabled: str
) -> None:
    switch(browser, enabled)
    before = list(InvoiceSyncPeriod.objects.values())
    assert "nothing was different" in browser.post(SWITCH, {"enabled": enabled}, follow=True).text
    assert list(InvoiceSyncPeriod.objects.values()) == before
    assert AuditLogEntry.objects.count() == (enabled == "on")


def test_the_switch_says_what_it_did(browser: Client, connection: QuickBooksConnection) -> None:
    assert "syncing is on" in browser.post(SWITCH, {"enabled": "on"}, follow=True).text
    assert "syncing is off" in browser.post(SWITCH, {"enabled": "off"}, follow=True).text
    assert browser.post(SWITCH, {"enabled": "on"}, headers=JSON).json() == {"ok": True}


def test_the_page_names_what_a_switch_off_would_stop(
    browser: Client, connection: QuickBooksConnection
) -> None:
    """Only of this connection, and only what is not done yet."""
    switch(browser, "on")
    for number, state in ((1011, RunState.WAITING), (1012, RunState.HELD), (1013, RunState.DONE)):
        values = {"kind": "invoice", "action": "push_invoice", "record_name": f"Invoice {number}"}
        sync_run(connection, state, str(number), **values)
    sentence = "not synced until you switch it on again: Invoice 1011, Invoice 1012. What is created"
    assert sentence in browser.get(CONFIGURATION).text
    waiting = SyncRun.objects.get(state=RunState.WAITING)
    SyncRun.objects.filter(pk=waiting.pk).update(cause="invoice_sync_off")
    switch(browser, "off")
    assert "Invoice 1011" not in browser.get(CONFIGURATION).text.partition("Integration Log")[0]
    switch(browser, "on")
    waiting.refresh_from_db()
    assert waiting.state == RunState.QUEUED


@pytest.mark.parametrize("enabled", ["", "yes", "ON"])
def test_the_switch_has_two_positions(
    browser: Client, connection: QuickBooksConnection, enabled: str
) -> None:
    assert "on, off" in errors(browser, SWITCH, enabled=enabled)["enabled"][0]
    assert not InvoiceSyncPeriod.objects.exists()


@pytest.mark.parametrize("currency", ["CAD", ""])
def test_companies_in_other_currencies_are_not_switched_on(
    browser: Client, connection: QuickBooksConnection, currency: str
) -> None:
    QuickBooksConnection.objects.update(home_currency=currency)
    refusals = errors(browser, SWITCH, enabled="on")["enabled"][0]
    assert (currency or "an unknown currency") in refusals
    assert "US dollars" in refusals
    assert not is_on()
    page = browser.get(CONFIGURATION).text
    assert "Only companies in US dollars can be switched on" in page


def test_companies_in_other_currencies_can_be_switched_off(
    browser: Client, connection: QuickBooksConnection
) -> None:
    switch(browser, "on")
    QuickBooksConnection.objects.update(home_currency="CAD")
    assert switch(browser, "on").status_code == 302
    assert switch(browser, "off").status_code == 302
    assert not is_on()


def test_the_switch_is_the_admins(connection: QuickBooksConnection, frank: User, sign_in: SignIn) -> None:
    assert switch(sign_in(frank), "on").status_code == 403
    text = sign_in(frank).get(CONFIGURATION).text
    assert switch_is(text, "false", "disabled")
    assert not is_on()


def test_the_switch_of_another_company_does_not_exist(
    bob: User, connection: QuickBooksConnection, sign_in: SignIn
) -> None:
    client = sign_in(bob)
    assert client.post(SWITCH, {"enabled": "on"}, query_params={"company": "acme"}).status_code == 404
    client.post(SWITCH, {"enabled": "on"})
    assert not is_on()
    assert client.get(SWITCH).status_code == 405


def switch_is(text: str, checked: str, *more: str) -> bool:
    button = text[text.index('role="switch"') :].partition(">")[0]
    return f'aria-checked="{checked}"' in button and all(word in button for word in more)


def test_the_card_says_what_flows_and_since_when(browser: Client, connection: QuickBooksConnection) -> None:
    text = browser.get(CONFIGURATION).text
    assert switch_is(text, "false", 'value="on"')
    assert "Enable invoice and payment syncing" in text
    assert "Coperniq Payments" in text
    assert "QuickBooks has no drafts" in text
    assert "sent together" in text
    assert "Earlier periods" not in text
    for enabled in ("on", "off", "on"):
        switch(browser, enabled)
    text = browser.get(CONFIGURATION).text
    period = InvoiceSyncPeriod.objects.latest("id")
    assert switch_is(text, "true", 'value="off"')
    assert f"On since <strong>{period.on_at.astimezone(connection.company.zone):%b %-d, %Y, %H:%M}" in text
    assert "Earlier periods" in text


def test_the_words_are_stored_and_recorded(
    browser: Client, acme: Company, connection: QuickBooksConnection
) -> None:
    fields = {
        "push_from": "sent",
        "on_declined": "leave",
        "on_archived": "delete",
        "on_quickbooks_void": "hold",
        "unknown_method": "ACH",
        "closed_books": "first_open_day",
        "memo_field": "customer_memo",
        "owner.due_date": "coperniq",
        "owner.memo": "ask",
        "owner.lines": "quickbooks",
    }
    assert browser.post(SETTINGS, fields).status_code == 302
    stored = configuration_of(acme)
    assert {key: stored[key] for key in fields} == fields
    assert set(AuditLogEntry.objects.values_list("target", flat=True)) == set(fields)
    settings = SyncSettings.objects.get()
    assert (settings.push_from, settings.owners["memo"]) == ("sent", "ask")


def test_the_page_says_what_a_void_and_an_unknown_method_lead_to(
    browser: Client, connection: QuickBooksConnection
) -> None:
    text = browser.get(CONFIGURATION).text
    assert '<option value="decline" selected>Decline it</option>' in text
    assert '<option value="CHECK" selected>Check</option>' in text
    assert "If something is paid on it there, you are asked." in text


def test_the_default_owner_is_not_stored(browser: Client, connection: QuickBooksConnection) -> None:
    browser.post(SETTINGS, {"owner.memo": "ask"})
    browser.post(SETTINGS, {"owner.memo": "later"})
    assert SyncSettings.objects.get().owners == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("on_declined", "burn"),
        ("on_archived", ""),
        ("on_quickbooks_void", "void"),
        ("unknown_method", "BITCOIN"),
        ("unknown_method", ""),
        ("closed_books", "open"),
        ("memo_field", "note"),
        ("owner.memo", "nobody"),
        ("owner.total", "ask"),
        ("owner", "ask"),
        ("deposit_account.BITCOIN", "35"),
        ("deposit_account", "35"),
        ("fallback_item.x", "58"),
    ],
)
def test_other_words_are_refused(
    browser: Client, connection: QuickBooksConnection, refreshing: Refreshing, key: str, value: str
) -> None:
    keep(connection, items=ITEMS, accounts=ACCOUNTS)
    assert list(errors(browser, **{key: value})) == [key]


def test_items_and_accounts_are_taken_from_the_stored_lists(
    browser: Client, acme: Company, connection: QuickBooksConnection, refreshing: Refreshing
) -> None:
    keep(connection, items=ITEMS, accounts=ACCOUNTS)
    fields = {
        "fallback_item": "59",
        "difference_item": "58",
        "deposit_account.CASH": "4",
        "deposit_account.CHECK": "35",
    }
    assert browser.post(SETTINGS, fields).status_code == 302
    stored = configuration_of(acme)
    assert {key: stored[key] for key in fields} == fields
    assert stored["deposit_account.ACH"] == ""
    assert SyncSettings.objects.get().deposit_accounts == {"CASH": "4", "CHECK": "35"}
    assert refreshing.count == 0
    browser.post(SETTINGS, {"fallback_item": "", "deposit_account.CASH": ""})
    assert SyncSettings.objects.get().deposit_accounts == {"CHECK": "35"}
    assert configuration_of(acme)["fallback_item"] == ""


def test_quickbooks_is_asked_once_before_an_id_is_refused(
    browser: Client, connection: QuickBooksConnection, refreshing: Refreshing
) -> None:
    refreshing.brings = {"items": ITEMS, "accounts": ACCOUNTS}
    assert browser.post(SETTINGS, {"fallback_item": "59", "deposit_account.ACH": "35"}).status_code == 302
    assert refreshing.count == 1
    refusals = errors(browser, fallback_item="999", difference_item="998")
    assert refreshing.count == 2
    assert "no active item with the id 999" in refusals["fallback_item"][0]
    assert set(refusals) == {"fallback_item", "difference_item"}


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("fallback_item", "60", "no active item"),
        ("difference_item", "61", "no active item"),
        ("deposit_account.CASH", "79", "Bank or Other Current Asset"),
        ("deposit_account.CASH", "36", "no active account"),
    ],
)
def test_what_cannot_be_used_is_refused_plainly(
    browser: Client,
    connection: QuickBooksConnection,
    refreshing: Refreshing,
    key: str,
    value: str,
    words: str,
) -> None:
    keep(connection, items=ITEMS, accounts=ACCOUNTS)
    assert words in errors(browser, **{key: value})[key][0]


def test_quickbooks_out_of_reach_is_said_for_a_person_at_a_form(
    browser: Client, connection: QuickBooksConnection, refreshing: Refreshing
) -> None:
    refreshing.fails = True
    refusals = errors(browser, fallback_item="59")["fallback_item"][0]
    assert refusals == "QuickBooks cannot be reached at the moment. Please try again in a few minutes."
    refreshing.brings = {"items": ITEMS}
    assert browser.post(SETTINGS, {"fallback_item": "59"}).status_code == 302


def test_without_coperniq_the_lists_are_not_read(
    browser: Client, acme: Company, vendors: MockedVendors, refreshing: Refreshing
) -> None:
    quickbooks_connection(acme)
    assert "Coperniq is not connected" in errors(browser, fallback_item="59")["fallback_item"][0]
    assert refreshing.count == 0


def test_what_is_chosen_stays_though_quickbooks_lost_it(
    browser: Client, connection: QuickBooksConnection, refreshing: Refreshing
) -> None:
    SyncSettings.objects.update(fallback_item="7", deposit_accounts={"ACH": "8"})
    fields = {"fallback_item": "7", "deposit_account.ACH": "8", "push_from": "sent"}
    assert browser.post(SETTINGS, fields).status_code == 302
    assert refreshing.count == 0
    assert SyncSettings.objects.get().push_from == "sent"
    assert "7 (QuickBooks does not offer it any more)" in browser.get(CONFIGURATION).text


@pytest.mark.parametrize(
    ("key", "value", "cause", "freed"),
    [
        ("fallback_item", "59", "no_fallback_item", True),
        ("difference_item", "59", "total_mismatch", True),
        ("deposit_account.CASH", "35", "deposit_account_unusable", True),
        ("closed_books", "first_open_day", "books_closed", True),
        ("push_from", "sent", "books_closed", False),
        ("fallback_item", "59", "several_matches", False),
        ("closed_books", "hold", "books_closed", False),
    ],
)
def test_runs_held_for_want_of_a_setting_start_afresh(
    browser: Client, connection: QuickBooksConnection, key: str, value: str, cause: str, freed: bool
) -> None:
    keep(connection, items=ITEMS, accounts=ACCOUNTS)
    held = sync_run(connection, RunState.HELD, cause=cause, attempts=3)
    browser.post(SETTINGS, {key: value})
    held.refresh_from_db()
    assert (held.state, held.attempts) == ((RunState.QUEUED, 0) if freed else (RunState.HELD, 3))
    if freed:
        assert CompanyLease.objects.filter(company=connection.company).exists()


def test_taking_a_setting_away_frees_nothing(browser: Client, connection: QuickBooksConnection) -> None:
    SyncSettings.objects.update(fallback_item="59", closed_books="first_open_day")
    causes = ("no_fallback_item", "books_closed")
    rows = [sync_run(connection, RunState.HELD, cause, cause=cause) for cause in causes]
    browser.post(SETTINGS, {"fallback_item": "", "closed_books": "hold"})
    for row in rows:
        row.refresh_from_db()
        assert row.state == RunState.HELD


def test_runs_of_other_companies_stay_held(
    browser: Client, connection: QuickBooksConnection, bolt: Company
) -> None:
    keep(connection, items=ITEMS)
    theirs = sync_run(quickbooks_connection(bolt, OTHER_REALM), RunState.HELD, cause="no_fallback_item")
    browser.post(SETTINGS, {"fallback_item": "59"})
    theirs.refresh_from_db()
    assert theirs.state == RunState.HELD


def test_what_the_engine_notes_beside_the_settings_is_not_taken_back(
    connection: QuickBooksConnection,
) -> None:
    draft = Draft(connection, {"push_from": "sent"})
    SyncSettings.objects.update(payment_statuses={"PENDING": "send"})
    draft.store()
    stored = SyncSettings.objects.get()
    assert (stored.push_from, stored.payment_statuses) == ("sent", {"PENDING": "send"})


def test_the_page_offers_what_can_be_chosen(browser: Client, connection: QuickBooksConnection) -> None:
    keep(connection, items=[*ITEMS, item("62", "<b>Bold</b>")], accounts=ACCOUNTS)
    SyncSettings.objects.update(fallback_item="59", deposit_accounts={"CASH": "35"}, owners={"memo": "ask"})
    text = browser.get(CONFIGURATION).text
    assert '<option value="59" selected>Labor</option>' in text
    assert '<option value="58">Panel 400 W (PAN-400)</option>' in text
    assert '<option value="35" selected>Checking (Bank)</option>' in text
    assert "&lt;b&gt;Bold" in text
    assert '<option value="ask" selected>' in text
    for hidden in ("Retired", "Kit", "Old bank", "Sales (Income)"):
        assert hidden not in text
    assert "have not been read from QuickBooks yet" not in text


def test_lists_that_were_never_read_are_said(browser: Client, connection: QuickBooksConnection) -> None:
    assert not LookupList.objects.exists()
    assert "have not been read from QuickBooks yet" in browser.get(CONFIGURATION).text


def test_one_way_is_told_on_the_card_with_what_stays_in_quickbooks(
    browser: Client, connection: QuickBooksConnection
) -> None:
    keep(connection, items=[item("7", "Services")])
    browser.post(SETTINGS, {"direction": "to_quickbooks", "numbers": "quickbooks", "customers_on": "invoice"})
    stays: dict[str, Any] = {"action": "pull_invoice", "kind": "invoice", "direction": "pull"}
    sync_run(connection, RunState.WAITING, quickbooks_id="5", is_kept=True, cause="one_way", **stays)
    page = browser.get(CONFIGURATION).content.decode()
    assert "To QuickBooks only." in page
    assert "No phase starts the sync yet" not in page, "customers come with their invoices"
    assert "1 invoice and 0 payments in QuickBooks" in page
    assert "Custom transaction numbers" in page
    assert browser.get("/integrations/status/?format=json").json()["kept_in_quickbooks"] == {
        "invoices": 1,
        "payments": 0,
    }
    browser.post(SETTINGS, {"direction": "both"})
    assert SyncRun.objects.get().state == "queued"
    stored = SyncSettings.objects.get()
    assert stored.one_way_since is not None
    assert stored.one_way_until is not None


def test_the_item_for_all_lines_may_be_named_as_quickbooks_names_it(
    browser: Client, connection: QuickBooksConnection, refreshing: Refreshing
) -> None:
    keep(connection, items=[item("6", "Labour")])
    refused = errors(browser, line_item="sales_or_services")
    assert "Sales or Services" in refused["line_item"][0]
    assert refreshing.count == 1
    refreshing.brings = {"items": [item("6", "Labour"), item("7", "services"), item("8", "Sales ")]}
    assert browser.post(SETTINGS, {"line_item": "sales_or_services"}).status_code == 302
    assert configuration_of(connection.company)["line_item"] == "8"
    assert browser.post(SETTINGS, {"line_item": ""}).status_code == 302


def test_a_preset_shows_what_it_changes_before_it_does(
    browser: Client, connection: QuickBooksConnection, refreshing: Refreshing
) -> None:
    page = browser.get(CONFIGURATION, {"preset": "one_way"}).content.decode()
    for shown in (
        "To QuickBooks only",
        "E-mail alone",
        "Sales or Services",
        "QuickBooks&#x27; own",
        "Delete it",
    ):
        assert f">{shown}" in page, shown
    assert SyncSettings.objects.filter(direction="to_quickbooks").count() == 0
    refreshing.brings = {"items": [item("7", "Services")]}
    assert browser.post(SETTINGS, {"preset": "one_way"}).status_code == 302
    after = configuration_of(connection.company)
    assert (after["direction"], after["line_item"], after["match_by"]) == ("to_quickbooks", "7", "email")
    assert "as they are now" in browser.get(CONFIGURATION, {"preset": "one_way"}).content.decode()
    assert list(errors(browser, preset="two_way")) == ["preset"]
    assert browser.post(SETTINGS, {"preset": "native", "numbers": "quickbooks"}).status_code == 302
    after = configuration_of(connection.company)
    assert (after["direction"], after["numbers"], after["line_item"]) == ("both", "quickbooks", "")
    assert browser.get(CONFIGURATION, {"preset": "nothing"}).status_code == 200
