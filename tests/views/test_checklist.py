"""The set-up checklist: on the pages and in the status until the first sync has worked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Company, User
from integrations.models import (
    CoperniqConnection,
    CustomerListRead,
    CustomerMatch,
    CustomersOn,
    Kind,
    QuickBooksConnection,
    SyncSettings,
)
from integrations.models.encryption import encrypt
from tests.factories import SignIn, coperniq_connection, quickbooks_connection, record_link

PAGES = [reverse(f"integrations:{name}") for name in ("overview", "configuration", "home")]
ARRIVED = datetime(2026, 3, 4, 17, 5, tzinfo=UTC)


@pytest.fixture
def browser(alice: User, sign_in: SignIn) -> Client:
    return sign_in(alice)


def setup(browser: Client) -> dict[str, Any]:
    shape: dict[str, Any] = browser.get(reverse("integrations:status")).json()["setup"]
    return shape


def is_done(browser: Client) -> dict[str, bool]:
    return {step["key"]: step["is_done"] for step in setup(browser)["steps"]}


def test_a_new_company_has_all_steps_to_do_each_with_its_page(browser: Client, acme: Company) -> None:
    assert not any(is_done(browser).values())
    assert list(is_done(browser)) == [
        "coperniq_key", "quickbooks", "webhook", "trigger", "mapping", "first_sync",
    ]  # fmt: skip
    text = browser.get(PAGES[0]).text
    for step in setup(browser)["steps"]:
        assert f'<a href="{step["page"]}">{step["title"]}</a>' in text
        assert step["to_do"].replace("'", "&#x27;") in text
    assert "0 of 6 done" in text


def test_each_page_that_a_step_names_is_there(browser: Client, acme: Company) -> None:
    coperniq_connection(acme)
    quickbooks_connection(acme)
    for step in setup(browser)["steps"]:
        address, _, section = step["page"].partition("#")
        page = browser.get(address)
        assert page.status_code == 200
        assert not section or f'id="{section}"' in page.text


def test_connections_are_done_as_long_as_they_can_be_used(browser: Client, acme: Company) -> None:
    coperniq_connection(acme)
    quickbooks = quickbooks_connection(acme)
    done = is_done(browser)
    assert (done["coperniq_key"], done["quickbooks"]) == (True, True)
    CoperniqConnection.objects.update(proposed_api_key_encrypted=encrypt("another"))
    quickbooks.state = QuickBooksConnection.State.NEEDS_AUTHORIZATION
    quickbooks.save()
    done = is_done(browser)
    assert (done["coperniq_key"], done["quickbooks"]) == (False, False)


def test_the_page_shows_when_the_test_event_arrived(browser: Client, acme: Company) -> None:
    coperniq_connection(acme)
    assert not is_done(browser)["webhook"]
    CoperniqConnection.objects.update(last_event_at=ARRIVED)
    step = next(each for each in setup(browser)["steps"] if each["key"] == "webhook")
    assert (step["is_done"], step["done_at"]) == (True, "2026-03-04T17:05:00Z")
    local = ARRIVED.astimezone(acme.zone)
    assert f"{local:%b} {local.day}, 2026, {local:%H:%M}" in browser.get(PAGES[0]).text


def test_a_way_of_working_without_phases_needs_no_trigger(browser: Client, acme: Company) -> None:
    quickbooks = quickbooks_connection(acme)
    assert not is_done(browser)["trigger"]
    SyncSettings.objects.filter(connection=quickbooks).update(customers_on=CustomersOn.INVOICE)
    assert is_done(browser)["trigger"]
    SyncSettings.objects.filter(connection=quickbooks).update(customers_on=CustomersOn.PHASE)
    quickbooks.triggers.create(workflow_id="11", workflow_name="Residential", phase_template_id="101")
    assert is_done(browser)["trigger"]


@pytest.mark.parametrize(
    ("stage", "states", "expected"),
    [
        ("comparing", [], False),
        ("done", [], True),
        ("done", ["none"], True),
        ("done", ["suggested"], False),
        ("done", ["suggested", "rejected"], True),
        ("comparing", ["create", "suggested"], True),
    ],
)
def test_the_mapping_is_looked_at_once_somebody_decided_or_nothing_is_left_to_decide(
    browser: Client, acme: Company, stage: str, states: list[str], expected: bool
) -> None:
    quickbooks = quickbooks_connection(acme)
    CustomerListRead.objects.update_or_create(connection=quickbooks, defaults={"stage": stage})
    for number, state in enumerate(states):
        CustomerMatch.objects.create(
            connection=quickbooks, coperniq_id=f"1{number}", quickbooks_id=f"{number}", state=state
        )
    assert is_done(browser)["mapping"] is expected


@pytest.mark.parametrize("kind", [Kind.JOB, Kind.INVOICE])
def test_the_checklist_ends_with_the_first_sync(browser: Client, acme: Company, kind: Kind) -> None:
    quickbooks = quickbooks_connection(acme)
    record_link(quickbooks, Kind.CUSTOMER, "1001")
    assert not setup(browser)["done"]
    assert all('id="checklist"' in browser.get(page).text for page in PAGES)
    record_link(quickbooks, kind, "501")
    assert setup(browser)["done"]
    assert not any('id="checklist"' in browser.get(page).text for page in PAGES)


def test_what_a_step_says_is_not_a_warning_as_well(browser: Client, acme: Company) -> None:
    coperniq_connection(acme)
    quickbooks = quickbooks_connection(acme)
    quickbooks.triggers.all().delete()
    sentence = "No phase starts the sync yet"
    assert sentence not in browser.get(PAGES[1]).text
    record_link(quickbooks, Kind.JOB, "501")
    assert sentence in browser.get(PAGES[1]).text
