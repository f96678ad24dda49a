"""How often changes are synced: what waits for the next sync, what never waits, and that nothing is lost by it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.roles import Role
from integrations.forms import configure
from integrations.models import (
    CoperniqConnection,
    Frequency,
    QuickBooksConnection,
    RunState,
    SyncRun,
    SyncSettings,
)
from integrations.models.frequency import next_sync
from integrations.status import is_idle, status_of
from integrations.sync_schedule import due_syncs, sync_all
from tests.factories import person, sync_run
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness

DENVER = ZoneInfo("America/Denver")


def set_to(portal: PortalHarness, **wanted: str) -> None:
    configure(portal.company, None, wanted)


def let_pass(portal: PortalHarness, hours: int) -> None:
    """As if the last sync had been so long ago."""
    SyncSettings.objects.update(synced_at=timezone.now() - timedelta(hours=hours))


def sync(harness: InvoiceHarness) -> None:
    sync_all(harness.portal.company, None)
    harness.work()
    harness.look_at_changes()
    harness.work()


@pytest.mark.parametrize("frequency", ["hourly", "daily", "manual"])
def test_a_change_waits_for_the_sync_and_then_everything_of_it_goes_through(
    portal: PortalHarness, frequency: str
) -> None:
    set_to(portal, frequency=frequency)
    portal.enter(portal.project(portal.account()))
    portal.work()
    assert portal.customers() == []
    schedule = status_of(portal.company)["schedule"]
    assert (schedule["frequency"], schedule["waiting"]) == (frequency, 1)
    assert is_idle(portal.company)
    let_pass(portal, 30)
    portal.work()
    assert len(portal.customers()) == (0 if frequency == "manual" else 2)
    sync_all(portal.company, None)
    portal.work()
    assert len(portal.customers()) == 2
    assert not SyncRun.objects.open().exists()


def test_with_real_time_chosen_again_everything_is_due(portal: PortalHarness) -> None:
    set_to(portal, frequency="manual")
    portal.enter(portal.project(portal.account()))
    portal.work()
    set_to(portal, frequency="hourly")
    portal.work()
    assert portal.customers() == []
    set_to(portal, frequency="realtime")
    portal.work()
    assert len(portal.customers()) == 2


def test_a_run_stored_with_the_former_setting_is_released(portal: PortalHarness) -> None:
    set_to(portal, frequency="manual")
    portal.enter(portal.project(portal.account()))
    portal.work()
    SyncSettings.objects.update(frequency="realtime")
    portal.work()
    assert len(portal.customers()) == 2


def test_a_sync_ends_when_both_sides_are_read(harness: InvoiceHarness) -> None:
    set_to(harness.portal, frequency="manual")
    sync_all(harness.portal.company, None)
    harness.invoice()
    harness.work()
    assert len(harness.books("Invoice")) == 1
    assert status_of(harness.portal.company)["schedule"]["sentence"] == "Being synced now."
    QuickBooksConnection.objects.update(next_changes_at=timezone.now() + timedelta(seconds=60))
    due_syncs()
    harness.look_at_changes()
    harness.work()
    assert status_of(harness.portal.company)["schedule"]["syncing_since"] is None
    harness.invoice()
    harness.work()
    assert len(harness.books("Invoice")) == 1


def test_a_question_stays_until_the_sync_or_the_answer(harness: InvoiceHarness) -> None:
    portal = harness.portal
    harness.configure(invoice_preview=True)
    invoice = harness.invoice()
    harness.work()
    set_to(portal, frequency="manual")
    harness.edit(invoice, title="Another")
    harness.work()
    held = portal.held()
    assert held.is_scheduled
    portal.decide("release", held)
    assert not SyncRun.objects.filter(is_scheduled=True).exists()
    assert held.executed_count < SyncRun.objects.get(pk=held.pk).executed_count


def test_a_held_run_is_planned_again_at_the_sync(harness: InvoiceHarness) -> None:
    harness.configure(invoice_preview=True)
    invoice = harness.invoice()
    harness.work()
    before = harness.portal.held().executed_count
    set_to(harness.portal, frequency="manual")
    harness.edit(invoice, title="Another")
    harness.work()
    assert harness.portal.held().executed_count == before
    sync(harness)
    assert harness.portal.held().executed_count > before


@pytest.mark.parametrize("frequency", ["manual", "realtime"])
def test_what_waits_goes_on_waiting_after_a_reconnect(portal: PortalHarness, frequency: str) -> None:
    set_to(portal, frequency="manual")
    portal.enter(portal.project(portal.account()))
    portal.work()
    SyncRun.objects.hold_for_reconnect("Connect again.")
    set_to(portal, frequency=frequency)
    assert SyncRun.objects.get().state == RunState.HELD
    SyncRun.objects.release_after_reconnect()
    portal.work()
    assert len(portal.customers()) == (0 if frequency == "manual" else 2)


@pytest.mark.parametrize("path", ["sync-now", "retry"])
def test_some_are_synced_on_the_page(portal: PortalHarness, path: str) -> None:
    set_to(portal, frequency="daily", daily_at="17:00")
    for name in ("Ada Hill", "Bo Dale"):
        portal.enter(portal.project(portal.account(name), name))
    portal.work()
    client = Client()
    client.force_login(person("ada", (portal.company, Role.ADMIN)))
    for page in ("runs/", "log/", "quickbooks/"):
        assert "Waits for the next sync at 5:00 PM" in client.get(f"/integrations/{page}").content.decode()
    chosen, other = client.get("/integrations/runs/?format=json").json()["runs"]
    assert chosen["scheduled"]
    assert chosen["sentence"].startswith("Waits for the next sync at 5:00 PM")
    client.post(f"/integrations/runs/{path}/", {"run": chosen["id"]})
    portal.work()
    assert len(portal.customers()) == 2
    call_command("sync_now", "--company", portal.company.slug, "--run", str(other["id"]))
    portal.work()
    assert len(portal.customers()) == 4


def test_everything_is_synced_on_the_page(portal: PortalHarness) -> None:
    set_to(portal, frequency="manual")
    portal.enter(portal.project(portal.account()))
    portal.work()
    client = Client()
    client.force_login(person("ada", (portal.company, Role.ADMIN)))
    assert "Waits until somebody presses Sync now" in client.get("/integrations/runs/").content.decode()
    answer = client.post("/integrations/runs/sync-now/", headers={"accept": "application/json"})
    assert answer.json() == {"ok": True, "count": 1}
    portal.work()
    assert len(portal.customers()) == 2
    QuickBooksConnection.objects.update(state="disconnected")
    assert client.post("/integrations/runs/sync-now/").status_code == 400


def test_without_a_connection_there_is_no_schedule(portal: PortalHarness) -> None:
    QuickBooksConnection.objects.all().delete()
    assert status_of(portal.company)["schedule"] is None


@pytest.mark.parametrize("seed", range(4))
def test_any_frequencies_end_as_real_time_does(harness: InvoiceHarness, seed: int) -> None:
    random = Random(seed)
    made: list[dict[str, Any]] = []
    amounts: list[int] = []
    for _ in range(6):
        set_to(harness.portal, frequency=random.choice(Frequency.values))
        amounts.append(random.randint(10, 90))
        made.append(harness.invoice(("Permit", 1, amounts[-1])))
        if random.random() < 0.5:
            harness.edit(random.choice(made), title=f"Title {random.random()}")
        harness.work()
        if random.random() < 0.3:
            let_pass(harness.portal, random.choice([1, 30]))
            harness.work()
    sync(harness)
    totals = sorted(int(row["TotalAmt"]) for row in harness.books("Invoice"))
    assert totals == sorted(amounts)
    writes = len(harness.portal.quickbooks_calls(write=True))
    set_to(harness.portal, frequency="realtime")
    sync(harness)
    assert len(harness.portal.quickbooks_calls(write=True)) == writes
    assert not SyncRun.objects.open().exists()


@given(st.integers(0, 366 * 24 * 60), st.times())
def test_a_daily_sync_comes_once_on_each_day_of_the_zone(minutes: int, daily_at: time) -> None:
    after, days = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes), []
    for _ in range(5):
        found = next_sync(Frequency.DAILY, daily_at, DENVER, after)
        assert found is not None
        assert found > after
        days.append(found.astimezone(DENVER).date())
        after = found
    assert all(later - day == timedelta(days=1) for day, later in pairwise(days))


def test_the_hours_are_those_of_the_zone() -> None:
    after = datetime(2026, 3, 2, 12, 10, tzinfo=UTC)
    kathmandu = ZoneInfo("Asia/Kathmandu")
    assert next_sync(Frequency.HOURLY, time(17), kathmandu, after) == datetime(2026, 3, 2, 12, 15, tzinfo=UTC)
    assert next_sync(Frequency.MANUAL, time(17), kathmandu, after) is None


def office(portal: PortalHarness) -> Client:
    browser = Client(headers={"Accept": "application/json"})
    browser.force_login(person("office", (portal.company, Role.ADMIN)))
    return browser


@pytest.mark.parametrize("body", [{"only": "chosen"}, {"run": "abc"}, {"only": "chosen", "run": ""}])
def test_the_chosen_are_never_everything(portal: PortalHarness, body: dict[str, str]) -> None:
    set_to(portal, frequency="manual")
    portal.enter(portal.project(portal.account()))
    portal.work()
    answer = office(portal).post("/integrations/runs/sync-now/", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["run"])
    portal.work()
    assert portal.customers() == []
    assert 'name="only" value="chosen"' in office_page(portal)


def office_page(portal: PortalHarness) -> str:
    browser = Client()
    browser.force_login(person("page", (portal.company, Role.ADMIN)))
    return browser.get("/integrations/runs/").content.decode()


@pytest.mark.parametrize("state", [RunState.WAITING, RunState.HELD])
def test_a_change_of_a_record_that_waits_or_asks_is_counted_and_told(
    portal: PortalHarness, state: RunState
) -> None:
    set_to(portal, frequency="manual")
    run = sync_run(portal.quickbooks, state, "77", is_scheduled=True, sentence="It waits.")
    schedule = status_of(portal.company)["schedule"]
    assert schedule["waiting"] == 1
    assert "It waits. It has changed since; the next sync looks at that." in office_page(portal)
    answer = office(portal).post("/integrations/runs/sync-now/", {"run": run.pk})
    assert answer.json()["count"] == 1
    run.refresh_from_db()
    assert (run.state, run.is_scheduled) == (RunState.QUEUED, False)


@pytest.mark.parametrize("side", ["coperniq", "quickbooks"])
def test_a_sync_does_not_end_while_a_side_could_not_be_read(portal: PortalHarness, side: str) -> None:
    set_to(portal, frequency="daily")
    sync_all(portal.company, None)
    later = timezone.now() + timedelta(seconds=1)
    read = {"last_poll_started_at": later, "last_poll_ended_at": later}
    CoperniqConnection.objects.update(**read, poll_failures=int(side == "coperniq"))
    QuickBooksConnection.objects.update(
        captured_at=None if side == "quickbooks" else later, changes_failures=int(side == "quickbooks")
    )
    due_syncs()
    assert status_of(portal.company)["schedule"]["syncing_since"] is not None
    CoperniqConnection.objects.update(poll_failures=0)
    QuickBooksConnection.objects.update(captured_at=later, changes_failures=0)
    due_syncs()
    assert status_of(portal.company)["schedule"]["syncing_since"] is None


def test_an_outage_does_not_keep_a_sync_open_for_ever(portal: PortalHarness) -> None:
    set_to(portal, frequency="daily")
    SyncSettings.objects.update(sync_since=timezone.now() - timedelta(hours=2))
    CoperniqConnection.objects.update(poll_failures=3)
    due_syncs()
    assert status_of(portal.company)["schedule"]["syncing_since"] is None


def test_without_access_no_sync_begins(portal: PortalHarness) -> None:
    set_to(portal, frequency="manual")
    QuickBooksConnection.objects.update(state=QuickBooksConnection.State.NEEDS_AUTHORIZATION)
    sync_all(portal.company, None)
    assert status_of(portal.company)["schedule"]["syncing_since"] is None
