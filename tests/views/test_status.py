"""The status report, the same for page, command and JSON, and the warnings of a company."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Company, User
from integrations.models import (
    CallCount,
    CoperniqConnection,
    CustomersOn,
    InboundEvent,
    InvoiceSyncPeriod,
    Kind,
    PhaseEntry,
    PhaseTrigger,
    QuickBooksConnection,
    RunState,
    SyncSettings,
)
from integrations.models.encryption import encrypt
from integrations.status import Notice, changes_of, is_idle, status_of, warnings
from tests.factories import (
    API_KEY,
    OTHER_REALM,
    REALM,
    REFRESH,
    SignIn,
    coperniq_connection,
    quickbooks_connection,
    record_link,
    sync_run,
)

State = QuickBooksConnection.State
STATUS = reverse("integrations:status")


@pytest.fixture(autouse=True)
def verifier(settings: Settings) -> None:
    settings.INTUIT_WEBHOOK_VERIFIER_TOKENS = ["demo-verifier"]
    settings.PORTAL_URL = "https://portal.example.com"


@pytest.fixture
def connection(acme: Company) -> QuickBooksConnection:
    coperniq_connection(acme, last_event_at=timezone.now())
    made = quickbooks_connection(acme)
    SyncSettings.objects.update(invoice_sync=True)
    return made


@pytest.fixture
def trigger(connection: QuickBooksConnection) -> PhaseTrigger:
    saved_at = timezone.now() - timedelta(days=1)
    return connection.triggers.create(
        workflow_id="11",
        workflow_name="Residential",
        phase_template_id="101",
        phase_name="Sold",
        saved_at=saved_at,
    )


def enter(trigger: PhaseTrigger, days_ago: float = 0) -> PhaseEntry:
    return PhaseEntry.objects.create(
        connection=trigger.connection,
        trigger=trigger,
        project_id="7",
        phase_instance_id="70",
        phase_template_id="101",
        started_at=timezone.now() - timedelta(days=days_ago),
    )


def keys(company: Company) -> set[str]:
    return {reported.key for reported in warnings(company)}


def test_nothing_connected_is_said_plainly(sam: User, acme: Company, sign_in: SignIn) -> None:
    answer = sign_in(sam).get(STATUS).json()
    assert answer["quickbooks"] == {"state": "not_connected"}
    assert answer["coperniq"] == {"state": "not_connected"}
    assert (answer["idle"], answer["cdc"], answer["workflows"], answer["poll"]) == (True, None, [], None)
    assert [reported["key"] for reported in answer["warnings"]] == [
        "quickbooks_not_connected",
        "coperniq_not_connected",
    ]


def test_status_says_what_is_connected(
    frank: User, sign_in: SignIn, connection: QuickBooksConnection
) -> None:
    record_link(connection, Kind.CUSTOMER, "1")
    answer = sign_in(frank).get(STATUS).json()
    assert answer["company"]["slug"] == "acme"
    assert answer["quickbooks"]["state"] == "connected"
    assert (answer["quickbooks"]["realm_id"], answer["quickbooks"]["links"]) == (REALM, 1)
    assert answer["quickbooks"]["company_name"] == "Acme Solar Books"
    address = answer["coperniq"]["webhook_address"]
    assert address.startswith("https://portal.example.com/webhooks/coperniq/")
    assert CoperniqConnection.objects.with_webhook_token(address.split("/")[-2])


def test_status_holds_no_credential(sam: User, sign_in: SignIn, connection: QuickBooksConnection) -> None:
    text = sign_in(sam).get(STATUS).content.decode()
    for secret in (API_KEY, REFRESH, "sealed"):
        assert secret not in text


def test_workflows_come_with_their_trigger(acme: Company, trigger: Any) -> None:
    residential, commercial = status_of(acme)["workflows"]
    assert [phase["id"] for phase in residential["phases"]] == ["101", "102"]
    assert residential["trigger"]["phase_id"] == "101"
    assert residential["trigger"]["broken"] is False
    assert commercial["trigger"] is None


def test_a_broken_trigger_is_shown_as_broken(acme: Company, trigger: Any) -> None:
    CoperniqConnection.objects.update(workflows=[{"id": "11", "name": "Residential", "phases": []}])
    assert status_of(acme)["workflows"][0]["trigger"]["broken"] is True
    assert "broken_trigger" in keys(acme)


def test_a_trigger_whose_workflow_is_gone_is_shown_too(acme: Company, trigger: Any) -> None:
    CoperniqConnection.objects.update(workflows=[])
    (gone,) = status_of(acme)["workflows"]
    assert (gone["name"], gone["phases"], gone["trigger"]["broken"]) == ("Residential", [], True)


def test_runs_are_counted_by_state(acme: Company, connection: QuickBooksConnection) -> None:
    for number, state in enumerate([RunState.QUEUED, RunState.HELD, RunState.HELD]):
        sync_run(connection, state, str(number))
    counts = status_of(acme)["runs"]
    assert (counts["queued"], counts["held"], counts["running"], counts["done"]) == (1, 2, 0, 0)


@pytest.mark.parametrize(
    ("state", "idle"),
    [
        (RunState.QUEUED, False),
        (RunState.RUNNING, False),
        (RunState.WAITING, True),
        (RunState.HELD, True),
        (RunState.DONE, True),
    ],
)
def test_idle_means_that_nothing_is_the_portal_s_turn(
    acme: Company, connection: QuickBooksConnection, state: RunState, idle: bool
) -> None:
    sync_run(connection, state)
    assert is_idle(acme) is idle


def test_an_unplanned_event_is_work(acme: Company, connection: QuickBooksConnection) -> None:
    event = InboundEvent.objects.create(company=acme, source="person", key="1")
    assert not is_idle(acme)
    InboundEvent.objects.filter(pk=event.pk).settle("ignored")
    assert is_idle(acme)


def test_other_companies_do_not_matter(
    acme: Company, bolt: Company, connection: QuickBooksConnection
) -> None:
    sync_run(quickbooks_connection(bolt, OTHER_REALM), RunState.QUEUED)
    InboundEvent.objects.create(company=bolt, source="person", key="1")
    CallCount.add(bolt.pk, "quickbooks", reads=5, writes=5)
    answer = status_of(acme)
    assert answer["idle"] is True
    assert answer["runs"]["queued"] == 0
    assert answer["calls"]["quickbooks"]["month"] == {"reads": 0, "writes": 0}


def test_runs_of_archived_connections_do_not_count(acme: Company, connection: QuickBooksConnection) -> None:
    sync_run(connection, RunState.RUNNING)
    QuickBooksConnection.objects.update(state=State.ARCHIVED)
    assert is_idle(acme)


def test_calls_are_summed_by_day_and_month(acme: Company, connection: QuickBooksConnection) -> None:
    today = timezone.now().date()
    CallCount.objects.create(company=acme, vendor="quickbooks", on=today, reads=3, writes=2)
    CallCount.objects.create(
        company=acme, vendor="quickbooks", on=today - timedelta(days=40), reads=9, writes=9
    )
    if today.day > 1:
        CallCount.objects.create(
            company=acme, vendor="quickbooks", on=today.replace(day=1), reads=10, writes=0
        )
    calls = status_of(acme)["calls"]
    assert calls["quickbooks"]["today"] == {"reads": 3, "writes": 2}
    assert calls["quickbooks"]["month"] == {"reads": 13 if today.day > 1 else 3, "writes": 2}
    assert calls["coperniq"]["today"] == {"reads": 0, "writes": 0}


def test_invoice_syncing_is_reported_with_its_cut_off(
    acme: Company, connection: QuickBooksConnection
) -> None:
    SyncSettings.objects.update(invoice_sync=False)
    assert status_of(acme)["invoice_sync"] == {"enabled": False, "since": None, "cut_off": None}
    now = timezone.now()
    periods = InvoiceSyncPeriod.objects
    periods.create(connection=connection, on_at=now - timedelta(days=3), off_at=now - timedelta(days=2))
    latest = periods.create(connection=connection, on_at=now - timedelta(days=1), off_at=now)
    assert status_of(acme)["invoice_sync"] == {"enabled": False, "since": None, "cut_off": latest.on_at}
    SyncSettings.objects.update(invoice_sync=True)
    periods.filter(pk=latest.pk).update(off_at=None)
    reported = status_of(acme)["invoice_sync"]
    assert reported == {"enabled": True, "since": latest.on_at, "cut_off": latest.on_at}


def test_invoice_syncing_that_is_off_is_warned_of(acme: Company, trigger: Any) -> None:
    enter(trigger)
    SyncSettings.objects.update(invoice_sync=False)
    (reported,) = warnings(acme)
    assert (reported.key, reported.remedy_url_name) == ("invoice_sync_off", "integrations:configuration")
    assert reported.sentence.startswith("Invoice syncing is off")
    QuickBooksConnection.objects.update(home_currency="CAD")
    assert keys(acme) == {"not_in_dollars"}


def at(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime.fromisoformat(moment))


def day(company: Company) -> dict[str, int]:
    reported: dict[str, int] = status_of(company)["budget"]["coperniq_today"]
    return reported


def test_the_days_calls_are_forecast_from_the_polls_still_to_come(
    acme: Company, trigger: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.COPERNIQ_POLL_SECONDS = 60
    at(monkeypatch, "2026-03-10T12:00:00+00:00")
    CallCount.add(acme.pk, "coperniq", reads=1200, writes=34)
    polls = 12 * 60 * 2 + 12 * 6  # projects and invoices every minute, workflows every ten
    assert day(acme) == {"used": 1234, "allowed": 5000, "forecast": 1234 + polls}
    SyncSettings.objects.update(invoice_sync=False)
    assert day(acme)["forecast"] == 1234 + 12 * 60 + 12 * 6


def test_the_forecast_knows_that_polling_slows_down(
    acme: Company, trigger: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.COPERNIQ_POLL_SECONDS = 60
    at(monkeypatch, "2026-03-10T12:00:00+00:00")
    CallCount.add(acme.pk, "coperniq", reads=3900, writes=0)
    assert 4000 < day(acme)["forecast"] < 4120
    CallCount.add(acme.pk, "coperniq", reads=200, writes=0)
    assert day(acme) == {"used": 4100, "allowed": 5000, "forecast": 4100 + 2 * 4 * 12}


@pytest.mark.parametrize("off", ["books", "coperniq", "everything"])
def test_nothing_is_forecast_where_nothing_is_polled(acme: Company, trigger: Any, off: str) -> None:
    if off == "books":
        QuickBooksConnection.objects.update(state=State.DISCONNECTED)
    elif off == "coperniq":
        CoperniqConnection.objects.update(state="disconnected")
    else:
        SyncSettings.objects.all().delete()
        trigger.delete()
    CallCount.add(acme.pk, "coperniq", reads=5, writes=0)
    assert day(acme)["forecast"] == 5


def test_quickbooks_reads_are_forecast_by_the_month(
    acme: Company, connection: QuickBooksConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, "2026-03-10T12:00:00+00:00")
    CallCount.add(acme.pk, "quickbooks", reads=950, writes=7)
    reported = status_of(acme)["budget"]["quickbooks_month"]
    assert reported == {"reads": 950, "forecast_reads": round(950 / 9.5 * 31)}
    at(monkeypatch, "2026-03-01T00:30:00+00:00")
    CallCount.objects.update(on="2026-03-01")
    assert status_of(acme)["budget"]["quickbooks_month"]["forecast_reads"] == 950 * 31


def test_the_last_poll_has_an_age(acme: Company, connection: QuickBooksConnection) -> None:
    assert status_of(acme)["poll"]["age_seconds"] is None
    CoperniqConnection.objects.update(last_poll_ended_at=timezone.now() - timedelta(minutes=2))
    assert 119 <= status_of(acme)["poll"]["age_seconds"] <= 180


def test_the_read_of_change_data_has_an_age(acme: Company, connection: QuickBooksConnection) -> None:
    assert status_of(acme)["cdc"] is None
    read_at = timezone.now() - timedelta(minutes=2)
    QuickBooksConnection.objects.update(captured_at=read_at)
    reported = status_of(acme)["cdc"]
    assert reported["last_read_at"] == read_at
    assert 119 <= reported["age_seconds"] <= 180
    assert reported["next_at"] is not None
    assert (reported["by_notification_30_days"], reported["by_look_30_days"]) == (0, 0)
    assert (reported["oldest_lag_seconds_7_days"], reported["oldest_lag_7_days"]) == (None, "")
    assert (reported["compared_fully_at"], reported["compared_fully_because"]) == (None, "")


def add_event(acme: Company, key: str, source: str, ago: timedelta, lag: timedelta, **fields: Any) -> None:
    at = timezone.now() - ago
    values = {"outcome": "planned", "planned_at": at, "occurred_at": at - lag, "received_at": at, **fields}
    InboundEvent.objects.create(company=acme, source=source, key=key, record_type="invoice", **values)


def test_how_changes_are_found_is_counted(acme: Company, connection: QuickBooksConnection) -> None:
    QuickBooksConnection.objects.update(captured_at=timezone.now())
    day, minute = timedelta(days=1), timedelta(minutes=1)
    for n in range(3):
        add_event(acme, f"reported-{n}", "quickbooks_webhook", n * day, 90 * minute)
    add_event(acme, "ignored", "quickbooks_webhook", day, minute, outcome="ignored")
    add_event(acme, "long ago", "quickbooks_webhook", 31 * day, minute)
    add_event(acme, "found", "quickbooks_cdc", day, 65 * minute)
    add_event(acme, "found soon", "quickbooks_cdc", day, 4 * minute)
    add_event(acme, "found late, but long ago", "quickbooks_cdc", 8 * day, 5 * day)
    add_event(acme, "when is not known", "quickbooks_cdc", day, minute, occurred_at=None)
    add_event(acme, "Coperniq", "coperniq_poll", day, 9 * day)
    with CaptureQueriesContext(database) as queries:
        reported = changes_of(QuickBooksConnection.objects.get())
    assert len(queries) == 2
    assert reported is not None
    assert (reported["by_notification_30_days"], reported["by_look_30_days"]) == (3, 4)
    assert reported["oldest_lag_seconds_7_days"] == 65 * 60
    assert reported["oldest_lag_7_days"] == "1 hour, 5 minutes"


def test_a_short_lag_has_words_too(acme: Company, connection: QuickBooksConnection) -> None:
    QuickBooksConnection.objects.update(captured_at=timezone.now())
    add_event(acme, "found", "quickbooks_cdc", timedelta(hours=1), timedelta(seconds=20))
    reported = status_of(acme)["cdc"]
    assert (reported["oldest_lag_seconds_7_days"], reported["oldest_lag_7_days"]) == (
        20,
        "less than a minute",
    )


def test_the_page_tells_how_changes_are_found(
    acme: Company, connection: QuickBooksConnection, alice: User, sign_in: SignIn
) -> None:
    page = reverse("integrations:configuration")
    text = sign_in(alice).get(page).content.decode()
    assert "Not checked yet" in text
    because = "QuickBooks reports changes of 30 days only, and the last read was on October 3, 2026."
    QuickBooksConnection.objects.update(
        captured_at=timezone.now(), compared_fully_at=timezone.now(), compared_fully_because=because
    )
    add_event(acme, "reported", "quickbooks_webhook", timedelta(0), timedelta(0))
    add_event(acme, "found", "quickbooks_cdc", timedelta(0), timedelta(minutes=4))
    text = sign_in(alice).get(page).content.decode()
    assert "1 in the last 30 days" in text
    assert "4 minutes after it happened" in text
    assert because in text


def test_the_warning_gives_the_reason_of_coperniqs_refusal(acme: Company, trigger: Any) -> None:
    enter(trigger)
    reason = "Coperniq does not show 3 invoices any more that are linked to QuickBooks."
    CoperniqConnection.objects.update(state="refused", state_reason=reason)
    assert warnings(acme) == [Notice("coperniq_refused", reason, "integrations:overview")]


def test_a_credential_that_cannot_be_opened_does_not_take_the_page(acme: Company, connection: Any) -> None:
    CoperniqConnection.objects.update(webhook_token_encrypted="encrypted-with-a-lost-key")
    assert status_of(acme)["coperniq"]["webhook_address"] == ""


def test_all_well_needs_no_words(acme: Company, trigger: Any) -> None:
    enter(trigger)
    assert keys(acme) == set()


def test_a_missing_trigger_is_a_warning(acme: Company, connection: QuickBooksConnection) -> None:
    assert keys(acme) == {"no_trigger"}


def test_a_trigger_without_entries_since_it_was_saved_is_a_warning(acme: Company, trigger: Any) -> None:
    assert keys(acme) == {"no_entry"}
    enter(trigger, days_ago=5)
    assert keys(acme) == {"no_entry"}


def test_held_runs_are_a_warning(acme: Company, trigger: Any) -> None:
    enter(trigger)
    sync_run(trigger.connection, RunState.HELD)
    assert warnings(acme) == [
        Notice("held_runs", "1 record needs your attention: a decision or a correction.", "integrations:runs")
    ]
    sync_run(trigger.connection, RunState.HELD, "2")
    assert warnings(acme)[0].sentence.startswith("2 records need")


@pytest.mark.parametrize("hours_ago", [None, 25])
def test_a_day_without_events_is_a_warning(acme: Company, trigger: Any, hours_ago: int | None) -> None:
    enter(trigger)
    at = timezone.now() - timedelta(hours=hours_ago) if hours_ago else None
    CoperniqConnection.objects.update(last_event_at=at, connected_at=timezone.now() - timedelta(days=2))
    assert keys(acme) == {"no_event"}


def test_a_fresh_connection_is_given_a_day(acme: Company, trigger: Any) -> None:
    enter(trigger)
    CoperniqConnection.objects.update(last_event_at=None, connected_at=timezone.now())
    assert keys(acme) == set()


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"state": State.NEEDS_AUTHORIZATION}, "needs_authorization"),
        ({"state": State.DISCONNECTED}, "quickbooks_not_connected"),
        ({"home_currency": "CAD"}, "not_in_dollars"),
        ({"home_currency": ""}, "not_in_dollars"),
        ({"refresh_expires_at": timezone.now() + timedelta(days=5)}, "authorization_ends"),
        ({"refresh_hard_expires_at": timezone.now() + timedelta(days=5)}, "authorization_ends"),
    ],
)
def test_trouble_with_quickbooks_is_a_warning(
    acme: Company, trigger: Any, values: dict[str, Any], key: str
) -> None:
    enter(trigger)
    QuickBooksConnection.objects.update(**values)
    assert keys(acme) == {key}


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"state": "refused"}, "coperniq_refused"),
        ({"state": "disconnected"}, "coperniq_not_connected"),
        ({"proposed_api_key_encrypted": encrypt("demo-key")}, "coperniq_guard"),
    ],
)
def test_trouble_with_coperniq_is_a_warning(
    acme: Company, trigger: Any, values: dict[str, Any], key: str
) -> None:
    enter(trigger)
    CoperniqConnection.objects.update(**values)
    assert keys(acme) == {key}


@pytest.mark.parametrize(("used", "reported"), [(3999, set()), (4000, {"coperniq_calls"})])
def test_few_calls_left_for_polling_is_a_warning(
    acme: Company, trigger: Any, used: int, reported: set[str]
) -> None:
    enter(trigger)
    CallCount.add(acme.pk, "coperniq", reads=used - 1, writes=1)
    assert keys(acme) == reported


@pytest.mark.parametrize(
    ("pause", "values", "reported"),
    [
        (15, {}, {"coperniq_calls"}),
        (1, {}, set()),
        (15, {"poll_failures": 4}, {"coperniq_polls_fail"}),
        (15, {"last_poll_ended_at": None}, set()),
        (15, {"last_poll_ended_at": timezone.now() - timedelta(hours=1)}, set()),
    ],
    ids=["slowed", "as usual", "in trouble", "never ended", "under way"],
)
def test_polling_slowed_by_coperniqs_answer_is_a_warning(
    acme: Company, trigger: Any, settings: Settings, pause: int, values: dict[str, Any], reported: set[str]
) -> None:
    enter(trigger)
    settings.COPERNIQ_POLL_SECONDS = 60
    now = timezone.now()
    moments = {"last_poll_started_at": now, "last_poll_ended_at": now}
    rows = CoperniqConnection.objects.all()
    rows.update(**moments | {"next_poll_at": now + timedelta(minutes=pause)} | values)
    assert keys(acme) == reported


def test_a_company_mismatch_is_a_warning_with_both_names(acme: Company, trigger: Any) -> None:
    enter(trigger)
    QuickBooksConnection.objects.update(state=State.AWAITING_DECISION)
    QuickBooksConnection.objects.create(
        company=acme, realm_id=OTHER_REALM, state=State.PROPOSED, company_name="Other Books"
    )
    (reported,) = warnings(acme)
    assert reported.key == "quickbooks_guard"
    assert "Other Books" in reported.sentence
    assert "Acme Solar Books" in reported.sentence
    assert status_of(acme)["quickbooks"]["proposed"] == {
        "realm_id": OTHER_REALM,
        "company_name": "Other Books",
    }


@pytest.mark.parametrize("tokens", [[], [""]])
def test_a_missing_verifier_is_the_operator_s(
    acme: Company, trigger: Any, settings: Settings, tokens: Any
) -> None:
    enter(trigger)
    settings.INTUIT_WEBHOOK_VERIFIER_TOKENS = tokens
    assert warnings(acme)[0].key == "webhooks_unverified"
    assert status_of(acme)["warnings"][0]["remedy"] == ""


def test_every_remedy_is_a_page(acme: Company) -> None:
    for reported in warnings(acme):
        assert reverse(reported.remedy_url_name)


def test_the_report_costs_the_same_for_many_runs(acme: Company, trigger: Any) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            database,
        ) as queries:
            status_of(acme)
        return len(queries)

    before = cost()
    for number in range(20):
        sync_run(trigger.connection, RunState.DONE, str(number))
    assert cost() == before < 53


def test_staff_may_read_it_and_others_may_not(
    sam: User, bob: User, connection: QuickBooksConnection, sign_in: SignIn, client: Client
) -> None:
    assert sign_in(sam).get(STATUS, {"format": "json"}).status_code == 200
    assert sign_in(bob).get(STATUS, {"company": "acme"}).status_code == 404
    assert sign_in(bob).get(STATUS).json()["company"]["slug"] == "bolt"
    assert client.get(STATUS, {"format": "json"}).status_code == 401
    assert sign_in(sam).post(STATUS).status_code == 405


def test_a_project_that_was_sent_by_a_person_shows_that_the_trigger_works(trigger: PhaseTrigger) -> None:
    connection = trigger.connection
    link = record_link(connection, Kind.JOB, "501")
    assert "no_entry" not in keys(connection.company)
    link.linked_at = trigger.saved_at - timedelta(seconds=1)
    link.save()
    assert "no_entry" in keys(connection.company)


def test_customers_that_come_with_invoices_need_no_phase_entry(trigger: PhaseTrigger) -> None:
    assert "no_entry" in keys(trigger.connection.company)
    SyncSettings.objects.update(customers_on=CustomersOn.INVOICE)
    assert "no_entry" not in keys(trigger.connection.company)
