from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Company, MembershipOffer, User
from integrations.models import CallCount, CoperniqConnection, Kind, PhaseTrigger, QuickBooksConnection
from integrations.models.encryption import encrypt
from tests.factories import (
    ACCESS,
    API_KEY,
    JSON,
    OTHER_REALM,
    REFRESH,
    SignIn,
    company,
    coperniq_connection,
    held_run,
    log_entry,
    quickbooks_connection,
    record_link,
)

OVERVIEW = "/integrations/"
CONFIGURATION = "/integrations/quickbooks/"
WARNING = "Existing synced data will remain in both systems, but no new data will sync"
State = QuickBooksConnection.State


@pytest.fixture
def client_of_alice(alice: User, sign_in: SignIn) -> Client:
    return sign_in(alice)


def test_fresh_company_is_offered_to_connect_both_sides(client_of_alice: Client) -> None:
    page = client_of_alice.get(OVERVIEW)
    assert page.text.count("Company settings") == page.text.count("Configure") == 1
    assert "Accounting" in page.text
    assert 'action="/integrations/quickbooks/connect/"' in page.text
    assert ">Connect</button>" in page.text
    assert 'name="api_key"' in page.text
    assert page["Cache-Control"].startswith("max-age=0, no-cache, no-store")


def test_a_connected_company_shows_badge_name_and_menu(acme: Company, client_of_alice: Client) -> None:
    quickbooks_connection(acme)
    page = client_of_alice.get(OVERVIEW)
    assert '<span class="badge good">Connected</span>' in page.text
    assert "Acme Solar Books" in page.text
    assert "Re-authorize" in page.text
    assert "?ask=disconnect#disconnect" in page.text


def test_disconnecting_is_asked_for_in_the_guides_words(acme: Company, client_of_alice: Client) -> None:
    quickbooks_connection(acme)
    assert WARNING not in client_of_alice.get(OVERVIEW).text
    asked = client_of_alice.get(OVERVIEW, {"ask": "disconnect"})
    assert WARNING in asked.text
    assert 'name="confirm" value="yes"' in asked.text


@pytest.mark.parametrize(
    ("state", "badge", "button"),
    [
        (State.NEEDS_AUTHORIZATION, "Needs re-authorization", "Re-authorize</button>"),
        (State.DISCONNECTED, "Disconnected", "Connect</button>"),
    ],
)
def test_each_state_shows_its_badge_and_its_way_out(
    acme: Company, client_of_alice: Client, state: str, badge: str, button: str
) -> None:
    quickbooks_connection(acme, state=state)
    page = client_of_alice.get(OVERVIEW)
    assert badge in page.text
    assert button in page.text


def test_a_company_mismatch_shows_both_companies_and_what_is_at_risk(
    acme: Company, client_of_alice: Client
) -> None:
    old = quickbooks_connection(acme, state=State.AWAITING_DECISION, company_name="Brightfield Books")
    quickbooks_connection(acme, OTHER_REALM, state=State.PROPOSED, company_name="Northgate Roofing")
    for number in range(3):
        record_link(old, Kind.CUSTOMER, str(number))
    page = client_of_alice.get(OVERVIEW)
    assert "Keep “Brightfield Books”" in page.text
    assert "Switch to “Northgate Roofing”" in page.text
    assert "The 3 links are archived" in page.text
    assert '<span class="badge good">Connected</span>' not in page.text


def test_a_refused_key_says_why(acme: Company, client_of_alice: Client) -> None:
    coperniq_connection(acme, state=CoperniqConnection.State.REFUSED)
    assert "does not accept the stored API key any more" in client_of_alice.get(OVERVIEW).text
    CoperniqConnection.objects.update(state_reason="Coperniq does not show 3 invoices any more.")
    assert "<p>Coperniq does not show 3 invoices any more. Nothing" in client_of_alice.get(OVERVIEW).text


def test_guarded_key_shows_what_is_at_risk(acme: Company, client_of_alice: Client) -> None:
    record_link(quickbooks_connection(acme), Kind.CUSTOMER, "1")
    coperniq_connection(acme, proposed_api_key_encrypted=encrypt("demo-other-key"))
    page = client_of_alice.get(OVERVIEW)
    assert 'action="/integrations/coperniq/guard/"' in page.text
    assert "The 1 link is archived" in page.text


def test_coperniq_card_says_what_to_set_up_there(
    acme: Company, client_of_alice: Client, settings: Settings
) -> None:
    settings.PORTAL_URL = "https://portal.example.com"
    row = coperniq_connection(acme)
    page = client_of_alice.get(OVERVIEW)
    assert f"https://portal.example.com/webhooks/coperniq/{row.webhook_token}/" in page.text
    assert "Project phase started" in page.text
    assert "Call webhook" in page.text
    assert "none has arrived yet" in page.text


def test_people_without_the_right_see_the_card_and_whom_to_ask(
    acme: Company, alice: User, sam: User, sign_in: SignIn
) -> None:
    quickbooks_connection(acme)
    row = coperniq_connection(acme)
    page = sign_in(sam).get(OVERVIEW)
    assert "Acme Solar Books" in page.text
    assert "mailto:alice@example.com" in page.text
    for hidden in ("Re-authorize", "?ask=disconnect", 'name="api_key"', row.webhook_token):
        assert hidden not in page.text
    assert WARNING not in sign_in(sam).get(OVERVIEW, {"ask": "disconnect"}).text


def test_finance_may_reauthorize_but_not_disconnect(acme: Company, frank: User, sign_in: SignIn) -> None:
    quickbooks_connection(acme)
    page = sign_in(frank).get(OVERVIEW)
    assert "Re-authorize" in page.text
    assert "?ask=disconnect" not in page.text


def test_no_page_shows_a_credential(acme: Company, client_of_alice: Client) -> None:
    connection, row = quickbooks_connection(acme), coperniq_connection(acme)
    secrets = [ACCESS, REFRESH, API_KEY, connection.access_token_encrypted, row.api_key_encrypted]
    for address in (OVERVIEW, CONFIGURATION, "/integrations/log/", "/integrations/runs/"):
        text = client_of_alice.get(address).text
        assert not [secret for secret in secrets if secret in text]


def test_unreadable_webhook_token_does_not_take_the_page_away(acme: Company, client_of_alice: Client) -> None:
    coperniq_connection(acme)
    CoperniqConnection.objects.update(webhook_token_encrypted="not-encrypted-by-us")
    page = client_of_alice.get(OVERVIEW)
    assert page.status_code == 200
    assert "cannot be read at the moment" in page.text


def test_warnings_name_their_remedy(acme: Company, client_of_alice: Client) -> None:
    record_link(quickbooks_connection(acme), Kind.JOB, "501")
    coperniq_connection(acme)
    page = client_of_alice.get(CONFIGURATION)
    assert "No phase starts the sync yet" in page.text
    assert '<a href="/integrations/quickbooks/#trigger">Go there</a>' in page.text


def test_advice_about_coperniq_leads_to_its_card(acme: Company, client_of_alice: Client) -> None:
    quickbooks_connection(acme)
    coperniq_connection(acme, state=CoperniqConnection.State.REFUSED)
    advice = client_of_alice.get(CONFIGURATION).context["advice"]
    (remedy,) = [remedy for sentence, remedy in advice if "refuses the stored API key" in sentence]
    assert remedy == "/integrations/#coperniq"


def test_configuration_before_connecting_leads_back(client_of_alice: Client) -> None:
    page = client_of_alice.get(CONFIGURATION)
    assert page.status_code == 200
    assert "Connect QuickBooks first" in page.text


def test_configuration_offers_each_workflow_with_its_phases(acme: Company, client_of_alice: Client) -> None:
    connection = quickbooks_connection(acme)
    coperniq_connection(acme)
    PhaseTrigger.objects.create(
        connection=connection, workflow_id="11", phase_template_id="102", reentry="ask", preview=True
    )
    text = client_of_alice.get(CONFIGURATION).text
    assert '<option value="102" selected>Installed</option>' in text
    assert '<option value="101">Sold</option>' in text
    assert '<select name="phase-12"' in text
    assert '<option value="ask" selected>' in text
    assert '<input type="hidden" name="preview-11" value="off">' in text
    assert re.search('name="preview-11" value="on"[^>]* checked', text)
    assert "— no trigger —" in text
    assert " required" not in text


def test_trigger_of_a_lost_phase_is_shown_as_broken_and_kept_by_saving(
    acme: Company, client_of_alice: Client
) -> None:
    connection = quickbooks_connection(acme)
    coperniq_connection(acme)
    PhaseTrigger.objects.create(
        connection=connection, workflow_id="12", phase_template_id="299", phase_name="Handover"
    )
    text = client_of_alice.get(CONFIGURATION).text
    assert "Handover (no longer in Coperniq)" in text
    assert "Broken" in text
    form = {"phase-11": "", "reentry-11": "update", "preview-11": "off"}
    form |= {"phase-12": "299", "reentry-12": "once", "preview-12": "off"}
    answer = client_of_alice.post("/integrations/quickbooks/triggers/", form)
    assert answer.status_code == 302
    kept = PhaseTrigger.objects.get()
    assert (kept.phase_template_id, kept.reentry) == ("299", "once")


class FormReader(HTMLParser):
    """The POST forms of a page as a browser would send them: action and fields."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given.get("action", ""), {}))
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select:
            if "selected" in given or self._select not in self.forms[-1][1]:
                self.forms[-1][1][self._select] = given["value"]
        elif tag == "input" and "name" in given and self.is_sent(given):
            self.forms[-1][1][given["name"]] = given.get("value", "on")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""

    def is_sent(self, given: dict[str, str]) -> bool:
        return bool(self.forms) and (given.get("type") not in ("checkbox", "radio") or "checked" in given)


@pytest.mark.parametrize("form", ["triggers", "settings", "matching-strategy"])
def test_what_a_form_shows_can_be_saved_as_it_stands(
    acme: Company, client_of_alice: Client, form: str
) -> None:
    connection = quickbooks_connection(acme)
    coperniq_connection(acme)
    connection.triggers.create(workflow_id="11", phase_template_id="111", phase_name="Installation")
    address = f"/integrations/quickbooks/{form}/"
    forms = [
        fields
        for action, fields in FormReader(client_of_alice.get(CONFIGURATION).text).forms
        if action == address
    ]
    assert forms
    for fields in forms:
        assert fields["company"] == "acme"
        answer = client_of_alice.post(address, fields, follow=True)
        assert "nothing was different" in answer.text, (fields, answer.text)


def test_matching_strategy_is_reported_in_the_guides_words(acme: Company, client_of_alice: Client) -> None:
    quickbooks_connection(acme)
    text = client_of_alice.get(CONFIGURATION).text
    for words in (
        "Update existing records with new information from Coperniq",
        "Replace existing records with Coperniq data",
        "Leave existing records unchanged",
    ):
        assert words in text
    assert 'value="enrich" checked' in text


def test_configuration_shows_both_expiry_dates_and_the_calls(acme: Company, client_of_alice: Client) -> None:
    soon, late = timezone.now() + timedelta(days=98), timezone.now() + timedelta(days=1800)
    quickbooks_connection(acme, refresh_expires_at=soon, refresh_hard_expires_at=late)
    CallCount.add(acme.pk, "quickbooks", reads=341, writes=212)
    text = client_of_alice.get(CONFIGURATION).text
    for at in (soon, late):
        assert f"{at.astimezone(acme.zone):%b %-d, %Y}" in text
    assert "today 341 reads, 212 writes; this month 341 reads, 212 writes" in text


def test_configuration_ends_with_the_ten_newest_entries(acme: Company, client_of_alice: Client) -> None:
    connection = quickbooks_connection(acme)
    for number in range(12):
        log_entry(connection, str(number))
    shown = client_of_alice.get(CONFIGURATION).context["log"]
    assert [row["entry"].coperniq_id for row in shown] == [str(number) for number in range(11, 1, -1)]


def test_staff_read_the_configuration_but_cannot_change_it(acme: Company, sam: User, sign_in: SignIn) -> None:
    quickbooks_connection(acme)
    coperniq_connection(acme)
    text = sign_in(sam).get(CONFIGURATION).text
    assert "<fieldset disabled>" in text
    assert ">Save</button>" not in text


def test_pages_keep_to_a_bounded_number_of_queries(
    acme: Company, client_of_alice: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    connection = quickbooks_connection(acme)
    coperniq_connection(acme)
    for number in range(30):
        log_entry(connection, str(number))
    with django_assert_max_num_queries(56):
        client_of_alice.get(CONFIGURATION)


def test_person_of_several_companies_can_change_between_them(
    acme: Company, bolt: Company, nora: User, sign_in: SignIn
) -> None:
    text = sign_in(nora).get(OVERVIEW, {"company": "acme"}).text
    assert '<a href="/integrations/?company=bolt">Bolt Solar</a>' in text


def test_person_of_one_company_is_not_offered_others(bolt: Company, client_of_alice: Client) -> None:
    text = client_of_alice.get(OVERVIEW).text
    assert "Acme Solar" in text
    assert "Bolt Solar" not in text


def test_operators_menu_stays_short_however_many_companies_there_are(olga: User, sign_in: SignIn) -> None:
    for number in range(12):
        company(f"firm{number:02}")
    text = sign_in(olga).get(OVERVIEW, {"company": "firm00"}).text
    assert text.count("/integrations/?company=") == 8
    assert "All companies" in text


def test_every_page_names_the_support_address(client_of_alice: Client, settings: Settings) -> None:
    settings.SUPPORT_EMAIL = "help@example.com"
    for address in (
        OVERVIEW,
        CONFIGURATION,
        "/integrations/runs/",
        "/integrations/nowhere/",
        "/accounts/login/",
    ):
        assert "mailto:help@example.com" in client_of_alice.get(address).text


def test_signing_out_is_a_form_on_every_page(client_of_alice: Client) -> None:
    assert '<form method="post" action="/accounts/logout/">' in client_of_alice.get(OVERVIEW).text


def test_a_crash_is_reported_without_database_or_person(
    client_of_alice: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SUPPORT_EMAIL = "help@example.com"
    client_of_alice.raise_request_exception = False
    monkeypatch.setattr("integrations.views.pages.quickbooks_card", None)
    page = client_of_alice.get(OVERVIEW)
    assert page.status_code == 500
    assert "Something went wrong" in page.text
    assert "help@example.com" in page.text


def test_form_without_its_token_is_reported_kindly(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    refused = client.post("/integrations/runs/retry/", {"run": 1})
    assert refused.status_code == 403
    assert "Please try that again" in refused.text


def test_hostile_company_name_is_text(acme: Company, client_of_alice: Client) -> None:
    quickbooks_connection(acme, company_name="<script>alert(1)</script>")
    for address in (OVERVIEW, CONFIGURATION):
        text = client_of_alice.get(address).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


def test_the_page_says_what_to_set_up_at_intuit(
    acme: Company, alice: User, frank: User, sign_in: SignIn
) -> None:
    quickbooks_connection(acme)
    text = sign_in(alice).get("/integrations/quickbooks/").text
    assert 'readonly value="http://127.0.0.1:8000/webhooks/quickbooks/"' in text
    for word in ("Customer", "Invoice", "Payment", "Item", "Preferences"):
        assert f"<strong>{word}</strong>" in text
    assert "create, update, delete, void, merge, emailed" in text
    assert "INTUIT_WEBHOOK_VERIFIER_TOKENS" in text
    assert "developer.intuit.com" not in sign_in(frank).get("/integrations/quickbooks/").text


def test_each_form_names_its_company(acme: Company, client_of_alice: Client) -> None:
    """A person of several companies may have opened another one in another tab."""
    coperniq_connection(acme)
    held_run(quickbooks_connection(acme))
    pages = [
        client_of_alice.get(f"/integrations/{path}").text
        for path in ("", "quickbooks/", "runs/", "items/", "log/")
    ]
    forms = [
        form for page in pages for form in re.findall(r"<form[^>]*method=.post.*?</form>", page, re.DOTALL)
    ]
    about_company = [form for form in forms if "/accounts/logout/" not in form]
    assert len(about_company) > 10
    assert all('name="company" value="acme"' in form for form in about_company)


def test_whoever_is_offered_a_membership_finds_it_on_every_page_after_signing_in(
    sam: User, bolt: Company, client: Client
) -> None:
    MembershipOffer.objects.create(email=sam.email, company=bolt, role="staff")
    sam.set_password("demo-only-word")
    sam.save()
    client.post("/accounts/login/", {"username": sam.email, "password": "demo-only-word"})
    assert b"Membership offered" in client.get(OVERVIEW).content
    offer = client.get("/accounts/offers/", headers=JSON).json()["offers"][0]["offer"]
    client.post("/accounts/offers/", {"offer": offer, "answer": "accept"})
    assert b"Membership offered" not in client.get(f"{OVERVIEW}?company=bolt").content


def test_the_answer_to_a_form_is_a_list_inside_the_live_region(
    acme: Company, client_of_alice: Client
) -> None:
    """A list that is itself the region is no list any more to a screen reader."""
    quickbooks_connection(acme)
    fields = {"company": "acme", "confirm": "yes"}
    text = client_of_alice.post("/integrations/quickbooks/disconnect/", fields, follow=True).text
    assert re.search(r'<div role="status">\s*<ul class="messages">\s*<li class="note', text)
