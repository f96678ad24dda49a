"""The forms of the configuration page: all of a form or nothing of it."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditLogEntry, Company, User
from integrations.forms import configuration_of
from integrations.models import CoperniqConnection, PhaseTrigger, QuickBooksConnection, RunState, SyncSettings
from tests.factories import (
    JSON,
    MockedVendors,
    SignIn,
    coperniq_connection,
    held_run,
    quickbooks_connection,
    sync_run,
)
from tests.views.lists import catalog_item, item, keep

TRIGGERS = reverse("integrations:triggers")
STRATEGY = reverse("integrations:matching_strategy")
SETTINGS = reverse("integrations:settings")
REFRESH = reverse("integrations:refresh_workflows")
CONFIGURATION = reverse("integrations:configuration")


@pytest.fixture
def browser(alice: User, sign_in: SignIn) -> Client:
    return sign_in(alice)


@pytest.fixture
def connection(acme: Company, vendors: MockedVendors) -> QuickBooksConnection:
    coperniq_connection(acme, next_poll_at=timezone.now() + timedelta(minutes=10))
    return quickbooks_connection(acme)


@pytest.fixture
def trigger(connection: QuickBooksConnection) -> PhaseTrigger:
    saved_at = timezone.now() - timedelta(days=3)
    return connection.triggers.create(
        workflow_id="11",
        workflow_name="Residential",
        phase_template_id="101",
        phase_name="Sold",
        saved_at=saved_at,
    )


def errors(browser: Client, page: str, **fields: str) -> dict[str, list[str]]:
    answer = browser.post(page, fields, headers=JSON)
    assert answer.status_code == 400
    refusals: dict[str, list[str]] = answer.json()["errors"]
    return refusals


def test_a_phase_becomes_the_trigger(browser: Client, connection: QuickBooksConnection) -> None:
    asked_at = timezone.now()
    answer = browser.post(TRIGGERS, {"phase-11": "102", "reentry-11": "once", "preview-11": "on"})
    trigger = connection.triggers.get()
    assert (answer.status_code, answer["Location"]) == (302, CONFIGURATION)
    assert (trigger.workflow_id, trigger.phase_template_id) == ("11", "102")
    assert (trigger.workflow_name, trigger.phase_name) == ("Residential", "Installed")
    assert (trigger.reentry, trigger.preview) == ("once", True)
    assert trigger.saved_at >= asked_at


def test_programs_get_ok(browser: Client, connection: QuickBooksConnection) -> None:
    answer = browser.post(TRIGGERS, {"phase-11": "102"}, headers=JSON)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


def test_a_form_without_trigger_sends_its_other_fields_all_the_same(
    browser: Client, connection: QuickBooksConnection
) -> None:
    fields = {"phase-11": "101", "phase-12": "", "reentry-12": "update", "preview-12": "off"}
    assert browser.post(TRIGGERS, fields).status_code == 302
    assert connection.triggers.get().workflow_id == "11"


def test_saving_makes_the_poll_due(browser: Client, connection: QuickBooksConnection) -> None:
    browser.post(TRIGGERS, {"phase-11": "102"})
    assert CoperniqConnection.objects.get().next_poll_at <= timezone.now()


def test_the_time_of_saving_moves_with_the_phase_only(browser: Client, trigger: PhaseTrigger) -> None:
    saved_at = trigger.saved_at
    browser.post(TRIGGERS, {"phase-11": "101", "reentry-11": "ask", "preview-11": "on"})
    trigger.refresh_from_db()
    assert (trigger.saved_at, trigger.reentry) == (saved_at, "ask")
    browser.post(TRIGGERS, {"phase-11": "102"})
    trigger.refresh_from_db()
    assert trigger.saved_at > saved_at
    assert trigger.reentry == "ask"


def test_a_removed_trigger_is_gone(browser: Client, trigger: PhaseTrigger) -> None:
    browser.post(TRIGGERS, {"phase-11": ""})
    assert not PhaseTrigger.objects.exists()
    assert AuditLogEntry.objects.filter(
        verb="configure", target="trigger.11", before="101", after=""
    ).exists()


def test_what_a_person_changed_is_recorded(browser: Client, alice: User, trigger: PhaseTrigger) -> None:
    browser.post(TRIGGERS, {"phase-11": "101", "reentry-11": "ask"})
    act = AuditLogEntry.objects.get()
    assert (act.user, act.target, act.before, act.after) == (alice, "reentry.11", "update", "ask")


def test_a_phase_of_another_workflow_is_refused(
    browser: Client, connection: QuickBooksConnection, vendors: MockedVendors
) -> None:
    vendors.has_workflows()
    refusals = errors(browser, TRIGGERS, **{"phase-11": "201"})
    assert refusals == {"phase-11": ["The workflow “Residential” has no phase 201."]}


def test_an_unknown_workflow_is_asked_for_before_it_is_refused(
    browser: Client, connection: QuickBooksConnection, vendors: MockedVendors
) -> None:
    vendors.has_workflows([{"id": 99, "name": "New", "phases": [{"id": 900, "name": "Begun"}]}])
    assert browser.post(TRIGGERS, {"phase-99": "900"}).status_code == 302
    assert connection.triggers.get().workflow_name == "New"
    assert "phase-98" in errors(browser, TRIGGERS, **{"phase-98": "900"})


def test_coperniq_out_of_reach_is_no_reason_to_guess(
    browser: Client, connection: QuickBooksConnection, vendors: MockedVendors
) -> None:
    vendors.has_workflows(status=503)
    refusals = errors(browser, TRIGGERS, **{"phase-99": "900"})
    assert "cannot be reached" in refusals["phase-99"][0]


def test_without_coperniq_there_are_no_phases(browser: Client, acme: Company, vendors: MockedVendors) -> None:
    quickbooks_connection(acme)
    assert "Coperniq is not connected" in errors(browser, TRIGGERS, **{"phase-11": "101"})["phase-11"][0]


def test_a_broken_trigger_stays_until_it_is_changed(
    browser: Client, trigger: PhaseTrigger, vendors: MockedVendors
) -> None:
    PhaseTrigger.objects.update(phase_template_id="666")
    assert browser.post(TRIGGERS, {"phase-11": "666", "reentry-11": "ask"}).status_code == 302
    trigger.refresh_from_db()
    assert (trigger.phase_template_id, trigger.reentry) == ("666", "ask")
    assert not vendors.stage.calls


def test_one_wrong_field_saves_none(browser: Client, trigger: PhaseTrigger) -> None:
    refusals = errors(
        browser, TRIGGERS, **{"phase-11": "102", "reentry-11": "sometimes", "preview-11": "maybe"}
    )
    trigger.refresh_from_db()
    assert set(refusals) == {"reentry-11", "preview-11"}
    assert trigger.phase_template_id == "101"
    assert not AuditLogEntry.objects.exists()


def test_rules_need_a_trigger(browser: Client, connection: QuickBooksConnection) -> None:
    assert "first" in errors(browser, TRIGGERS, **{"reentry-11": "ask"})["reentry-11"][0]


def test_preview_switched_off_releases_nothing(browser: Client, trigger: PhaseTrigger) -> None:
    trigger.preview = True
    trigger.save()
    held = sync_run(trigger.connection, RunState.HELD, cause="preview", preview=True)
    browser.post(TRIGGERS, {"phase-11": "101", "preview-11": "off"})
    trigger.refresh_from_db()
    held.refresh_from_db()
    assert (trigger.preview, held.state, held.preview) == (False, RunState.HELD, True)


def test_companies_in_other_currencies_cannot_be_switched_on(
    browser: Client, connection: QuickBooksConnection
) -> None:
    QuickBooksConnection.objects.update(home_currency="CAD")
    refusals = errors(browser, TRIGGERS, **{"phase-11": "101"})["phase-11"][0]
    assert "CAD" in refusals
    assert "US dollars" in refusals
    assert not PhaseTrigger.objects.exists()


def test_companies_in_other_currencies_can_be_switched_off(browser: Client, trigger: PhaseTrigger) -> None:
    QuickBooksConnection.objects.update(home_currency="CAD")
    assert browser.post(TRIGGERS, {"phase-11": ""}).status_code == 302
    assert not PhaseTrigger.objects.exists()


@pytest.mark.parametrize("field", ["phase-", "phase", "nonsense-11", "phase-" + "9" * 500])
def test_unknown_fields_of_the_trigger_form_are_refused(
    browser: Client, connection: QuickBooksConnection, vendors: MockedVendors, field: str
) -> None:
    vendors.has_workflows()
    assert field in errors(browser, TRIGGERS, **{field: "101"})


@pytest.mark.parametrize("strategy", ["enrich", "replace", "skip"])
def test_the_strategy_is_saved_when_picked(
    browser: Client, connection: QuickBooksConnection, strategy: str
) -> None:
    assert browser.post(STRATEGY, {"strategy": strategy}).status_code == 302
    assert SyncSettings.objects.get().matching_strategy == strategy


@pytest.mark.parametrize("strategy", ["", "ENRICH", "merge"])
def test_other_strategies_are_refused(
    browser: Client, connection: QuickBooksConnection, strategy: str
) -> None:
    assert "enrich, replace, skip" in errors(browser, STRATEGY, strategy=strategy)["strategy"][0]


def test_mappings_take_fields_and_custom_properties(
    browser: Client, connection: QuickBooksConnection
) -> None:
    fields = {
        "mapping.BillAddr.City": "",
        "mapping.CompanyName": " custom: Firma ",
        "mapping.DisplayName": "title",
    }
    assert browser.post(SETTINGS, fields).status_code == 302
    sources = dict(connection.mappings.values_list("quickbooks_field", "source"))
    assert (sources["BillAddr.City"], sources["CompanyName"]) == ("", "custom:Firma")
    assert sources["DisplayName"] == "title"
    assert sources["BillAddr.PostalCode"] == "zip_code"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mapping.DisplayName", ""),
        ("mapping.DisplayName", "favourite_colour"),
        ("mapping.CompanyName", "custom: "),
        ("mapping.CompanyName", "custom:" + "x" * 120),
        ("mapping.Balance", "name"),
        ("mapping", "name"),
        ("link_same_named_job", "perhaps"),
        ("link_same_named_job.x", "on"),
        ("matching_strategy.", "merge"),
        ("invoice_sync", "yes"),
        ("invoice_sync.x", "on"),
        ("push_from", "approved"),
        ("", "on"),
    ],
)
def test_what_is_no_setting_is_refused(
    browser: Client, connection: QuickBooksConnection, key: str, value: str
) -> None:
    refusals = errors(browser, SETTINGS, **{key: value, "matching_strategy": "skip"})
    assert list(refusals) == [key]
    assert SyncSettings.objects.get().matching_strategy == "enrich"


def test_settings_take_every_key_of_the_table(
    browser: Client, acme: Company, connection: QuickBooksConnection
) -> None:
    fields = {
        "link_same_named_job": "on",
        "matching_strategy": "replace",
        "reentry.12": "ask",
        "trigger.12": "201",
        "preview.12": "on",
    }
    assert browser.post(SETTINGS, fields).status_code == 302
    stored = configuration_of(acme)
    assert {key: stored[key] for key in fields} == fields
    assert stored["trigger.11"] == ""
    assert stored["mapping.DisplayName"] == "name"


def test_every_printed_setting_can_be_set(browser: Client, acme: Company, trigger: PhaseTrigger) -> None:
    before = configuration_of(acme)
    assert browser.post(SETTINGS, before).status_code == 302
    assert configuration_of(acme) == before
    assert not AuditLogEntry.objects.exists()


def test_an_empty_form_saves_nothing(browser: Client, connection: QuickBooksConnection) -> None:
    assert "__all__" in errors(browser, SETTINGS)


def test_settings_belong_to_connected_books(browser: Client, vendors: MockedVendors) -> None:
    assert "Connect QuickBooks first" in errors(browser, STRATEGY, strategy="skip")["__all__"][0]


def test_a_refusal_is_a_page_for_people(browser: Client, connection: QuickBooksConnection) -> None:
    answer = browser.post(STRATEGY, {"strategy": "<script>alert(1)</script>"})
    assert answer.status_code == 400
    assert b"Nothing was saved" in answer.content
    assert b"<script>alert(1)" not in answer.content
    assert CONFIGURATION.encode() in answer.content


def test_workflows_are_read_again_on_request(
    browser: Client, connection: QuickBooksConnection, vendors: MockedVendors
) -> None:
    vendors.has_workflows([{"id": 5, "name": "Only one", "phases": []}])
    assert browser.post(REFRESH).status_code == 302
    assert [row["name"] for row in CoperniqConnection.objects.get().workflows] == ["Only one"]


def test_workflows_that_cannot_be_read_stay(
    browser: Client, connection: QuickBooksConnection, vendors: MockedVendors
) -> None:
    vendors.has_workflows(status=503)
    assert "coperniq" in errors(browser, REFRESH)
    assert len(CoperniqConnection.objects.get().workflows) == 2


PAGES = [TRIGGERS, STRATEGY, SETTINGS, REFRESH]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("who", ["sam", "frank"])
def test_only_admins_configure(
    sam: User, frank: User, connection: QuickBooksConnection, sign_in: SignIn, page: str, who: str
) -> None:
    person = {"sam": sam, "frank": frank}[who]
    answer = sign_in(person).post(page, {"strategy": "skip", "phase-11": "101", "matching_strategy": "skip"})
    assert answer.status_code == 403
    assert SyncSettings.objects.get().matching_strategy == "enrich"
    assert not PhaseTrigger.objects.exists()


@pytest.mark.parametrize("page", PAGES)
def test_another_company_s_settings_do_not_exist(
    bob: User, connection: QuickBooksConnection, sign_in: SignIn, page: str
) -> None:
    fields = {"strategy": "skip", "matching_strategy": "skip"}
    assert sign_in(bob).post(page, fields, query_params={"company": "acme"}).status_code == 404
    sign_in(bob).post(page, fields)
    assert SyncSettings.objects.get().matching_strategy == "enrich"


@pytest.mark.parametrize("page", PAGES)
def test_settings_are_posted(browser: Client, page: str) -> None:
    assert browser.get(page).status_code == 405


class Forms(HTMLParser):
    """The forms of a page: their attributes, and the types of the fields that people edit."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str | None], set[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "form":
            self.found.append((named, set()))
        elif tag in {"input", "select", "textarea"} and self.found:
            self.found[-1][1].add(named.get("type") or tag)


def test_no_button_of_the_page_throws_away_what_another_form_has_not_saved(
    browser: Client, trigger: PhaseTrigger
) -> None:
    """The script keeps the edits of forms that are marked, and saves others at once without loading the page again."""
    assert trigger.pk
    forms = Forms(browser.get(CONFIGURATION).content.decode()).found
    edited = [marks for marks, fields in forms if fields - {"hidden", "submit"}]
    assert len(edited) >= 5
    assert all("data-keep-edits" in marks or "data-save-at-once" in marks for marks in edited)
    names = [marks["data-keep-edits"] for marks in edited if "data-keep-edits" in marks]
    assert len(names) == len(set(names)), "each keeps its own"


def test_what_is_typed_for_one_record_survives_the_answer_about_another(
    browser: Client, connection: QuickBooksConnection
) -> None:
    another_name = {"key": "another_name", "label": "Use this name", "question": "", "input": "Another name"}
    for number in ("1", "2"):
        held_run(connection, number, cause="name_taken", choices=[another_name])
    forms = Forms(browser.get("/integrations/runs/").content.decode()).found
    boxes = [marks["data-keep-edits"] for marks, fields in forms if "text" in fields and "action" in marks]
    assert len(set(boxes)) == 2, "each keeps its own"


def test_an_item_that_is_chosen_survives_reading_the_lists_again(
    browser: Client, connection: QuickBooksConnection
) -> None:
    keep(connection, catalog=[catalog_item("c1", "Permit")], items=[item("7", "Permit")])
    forms = Forms(browser.get("/integrations/items/", {"choose": "c1"}).content.decode()).found
    choosing = [marks for marks, fields in forms if "select" in fields and marks.get("method") == "post"]
    assert [marks["data-keep-edits"] for marks in choosing] == ["item for c1"]
