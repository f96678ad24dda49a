"""The Home page: one sentence, how the parts do, counts with money, charts; and the same warnings on every page."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Company, User
from integrations.models import (
    Action,
    CallCount,
    CoperniqConnection,
    Heartbeat,
    InboundEvent,
    Kind,
    PolledInvoice,
    QuickBooksConnection,
    RunState,
    SyncLogEntry,
    SyncSettings,
)
from tests.factories import (
    OTHER_REALM,
    SignIn,
    coperniq_connection,
    log_entry,
    quickbooks_connection,
    record_link,
    sync_run,
)

HOME, LOG = "/integrations/home/", "/integrations/log/"


@pytest.fixture(autouse=True)
def verifier(settings: Settings) -> None:
    settings.INTUIT_WEBHOOK_VERIFIER_TOKENS = ["demo-verifier"]


@pytest.fixture
def books(acme: Company) -> QuickBooksConnection:
    """Everything is set up, and a project has entered the trigger phase."""
    coperniq_connection(acme, last_event_at=timezone.now(), last_poll_ended_at=timezone.now())
    made = quickbooks_connection(acme)
    SyncSettings.objects.update(invoice_sync=True)
    trigger = made.triggers.create(
        workflow_id="11", workflow_name="Residential", phase_template_id="101", phase_name="Sold"
    )
    made.entries.create(
        trigger=trigger,
        project_id="7",
        phase_instance_id="70",
        phase_template_id="101",
        started_at=timezone.now(),
    )
    return made


def page(sign_in: SignIn, person: User, path: str = HOME) -> str:
    answer = sign_in(person).get(path)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("person", ["alice", "frank", "sam"])
def test_every_role_lands_there(
    person: str, request: Any, books: QuickBooksConnection, sign_in: SignIn
) -> None:
    user = request.getfixturevalue(person)
    assert sign_in(user).get("/").headers["Location"] == HOME
    text = page(sign_in, user)
    assert "Nothing has been synced yet. The next step: Accept or reject the suggestions" in text
    assert '<a class="button primary" href="/integrations/customers/mapping/">Go there' in text
    assert "What keeps it in step" in text


def test_what_was_synced_is_in_step_also_without_a_log(
    books: QuickBooksConnection, alice: User, sign_in: SignIn
) -> None:
    record_link(books, Kind.JOB, "501")
    assert "<p>All in step.</p>" in page(sign_in, alice)


def test_without_connections_it_leads_to_them(acme: Company, sam: User, sign_in: SignIn) -> None:
    text = page(sign_in, sam)
    assert "The next step: Enter an API key of your Coperniq company." in text
    assert 'href="/integrations/#coperniq">Go there' in text
    assert "QuickBooks is not connected, so nothing syncs." not in text, "a step of the checklist"
    assert "Needs you" not in text


def test_when_all_is_well_it_says_when_something_changed_last(
    books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    record_link(books, Kind.JOB, "501")
    SyncLogEntry.objects.create(
        company=books.company,
        connection=books,
        kind=Kind.INVOICE,
        outcome="done",
        sentence="Created invoice 1001 in QuickBooks.",
        record_name="Invoice 1001",
        amount_cents=28_500,
        at=timezone.now() - timedelta(seconds=12),
    )
    text = page(sign_in, sam)
    assert "All in step. Last change" in text
    assert "seconds ago</time>" in text
    assert "$285.00" in text


def test_what_is_asked_is_told_with_its_money(
    books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    invoice = {"kind": Kind.INVOICE, "action": Action.PUSH_INVOICE}
    sync_run(books, RunState.HELD, "1", amount_cents=123_400, **invoice)
    sync_run(books, RunState.HELD, "2", amount_cents=100, **invoice)
    sync_run(books, RunState.WAITING, "3", amount_cents=5_000, **invoice)
    sync_run(books, RunState.DONE, "4", amount_cents=9_999_900, **invoice)
    text = page(sign_in, sam)
    assert "2 records need your decision, with $1,235.00 in all." in text
    assert "$50.00" in text
    assert "99,999" not in text


def test_what_was_not_sent_counts_invoices_that_have_no_link(
    books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    coperniq = CoperniqConnection.objects.get()
    for number in range(7):
        PolledInvoice.objects.create(connection=coperniq, invoice_id=str(number), version="1")
    record_link(books, Kind.INVOICE, "0")
    text = page(sign_in, sam)
    assert tile(text, "Not sent") == "6"
    assert tile(text, "In step") == "1"
    SyncSettings.objects.update(invoice_sync=False)
    assert tile(page(sign_in, sam), "Not sent") == "0"


def tile(text: str, name: str) -> str:
    return text.split(f'"tile-name">{name}<')[1].split("<strong>")[1].split("<")[0]


def test_invoices_that_differ_are_not_in_step(
    books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    record_link(books, Kind.INVOICE, "1", open_difference_cents=5)
    assert tile(page(sign_in, sam), "In step") == "0"


@time_machine.travel("2041-03-10 12:00", tick=False)
def test_what_was_invoiced_and_paid_is_summed_up_by_month(acme: Company, sam: User, sign_in: SignIn) -> None:
    books = quickbooks_connection(acme)
    for number, (kind, day, cents, more) in enumerate(
        [
            (Kind.INVOICE, "2041-03-01", 10_000, {}),
            (Kind.INVOICE, "2041-02-28", 3_005, {}),
            (Kind.INVOICE, "2041-02-01", 1, {}),
            (Kind.INVOICE, "2041-02-02", 700_000, {"voided": True}),
            (Kind.INVOICE, "2041-02-03", 700_000, {"deleted": True}),
            (Kind.INVOICE, "2040-03-31", 700_000, {}),
            (Kind.PAYMENT, "2041-02-14", 2_000, {}),
            (Kind.CUSTOMER, "", 0, {}),
        ]
    ):
        snapshot = {"on": day, **more} if day else {"DisplayName": "A"}
        record_link(books, kind, str(number), amount_cents=cents, quickbooks_snapshot=snapshot)
    text = page(sign_in, sam)
    assert row(text, "Mar 2041") == ["$100.00", "$0.00"]
    assert row(text, "Feb 2041") == ["$30.06", "$20.00"]
    assert row(text, "Apr 2040") == ["$0.00", "$0.00"]
    assert "Mar 2040" not in text
    assert "7,000" not in text


def row(text: str, name: str) -> list[str]:
    cells = text.split(f'<th scope="row">{name}</th>')[1].split("</tr>")[0]
    return [cell.split("<")[0] for cell in cells.split('class="number">')[1:]]


@time_machine.travel("2041-03-10 12:00", tick=False)
def test_what_was_written_to_each_side_is_counted_by_day(acme: Company, sam: User, sign_in: SignIn) -> None:
    quickbooks_connection(acme)
    for vendor, on, writes in [
        ("quickbooks", date(2041, 3, 10), 1_234),
        ("coperniq", date(2041, 3, 10), 2),
        ("coperniq", date(2041, 2, 9), 3),
        ("coperniq", date(2041, 2, 8), 777),
    ]:
        CallCount.objects.create(company=acme, vendor=vendor, on=on, reads=999, writes=writes)
    text = page(sign_in, sam)
    assert row(text, "Mar 10") == ["1,234", "2"]
    assert row(text, "Feb 9") == ["0", "3"]
    assert "777" not in text


@pytest.mark.parametrize("path", [HOME, LOG, "/integrations/quickbooks/", "/integrations/links/invoice/"])
def test_trouble_is_told_on_every_page(
    path: str, books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    def told(sentence: str) -> bool:
        return page(sign_in, sam, path).count(sentence) == 1

    now = timezone.now()
    coperniq = CoperniqConnection.objects.all()
    healthy = page(sign_in, sam, path)
    Heartbeat.objects.update(beat_at=now - timedelta(seconds=31))
    assert told("the portal&#x27;s worker does not answer")
    Heartbeat.objects.all().delete()
    assert told("The portal&#x27;s worker has never run")
    Heartbeat.record(Heartbeat.QUEUE)
    coperniq.update(next_poll_at=now - timedelta(seconds=31))
    assert told("should have looked for changes in Coperniq")
    coperniq.update(next_poll_at=now + timedelta(seconds=60))
    for number in range(50):
        InboundEvent.objects.create(
            company=books.company,
            source="coperniq_webhook",
            key=str(number),
            received_at=now - timedelta(seconds=31),
        )
    assert told("50 events have come in and wait to be looked at")
    InboundEvent.objects.update(planned_at=now)
    coperniq.update(state="refused", state_reason="Coperniq refuses the stored API key.")
    assert told("Coperniq refuses the stored API key.")
    coperniq.update(state="connected", state_reason="")
    QuickBooksConnection.objects.update(refresh_expires_at=now + timedelta(days=10))
    assert told("The authorization of QuickBooks ends on")
    QuickBooksConnection.objects.update(refresh_expires_at=now + timedelta(days=80))
    QuickBooksConnection.objects.update(state="needs_authorization", state_reason="QuickBooks has ended it.")
    assert told("QuickBooks has ended it.")
    QuickBooksConnection.objects.update(state="connected", state_reason="")
    for sentence in (
        "worker",
        "should have looked",
        "wait to be looked at",
        "has ended it",
        "refuses the stored",
    ):
        assert page(sign_in, sam, path).count(sentence) == healthy.count(sentence)


def test_what_has_just_come_in_is_no_trouble(books: QuickBooksConnection, sam: User, sign_in: SignIn) -> None:
    InboundEvent.objects.create(company=books.company, source="coperniq_webhook", key="1")
    Heartbeat.objects.update(beat_at=timezone.now() - timedelta(seconds=28))
    CoperniqConnection.objects.update(next_poll_at=timezone.now() - timedelta(seconds=28))
    text = page(sign_in, sam)
    assert text.count('class="badge good">OK') == 5


def test_each_part_tells_its_state(books: QuickBooksConnection, sam: User, sign_in: SignIn) -> None:
    now = timezone.now()
    CoperniqConnection.objects.update(
        poll_failures=3, poll_failing_since=now, poll_failing_because="It is down.", last_event_at=None
    )
    QuickBooksConnection.objects.update(refresh_expires_at=now + timedelta(days=300))
    text = page(sign_in, sam)
    assert "Coperniq does not let the portal look; last tried" in text
    assert "No event has arrived yet" in text
    assert f"Valid until {now + timedelta(days=300):%B}" in text
    CoperniqConnection.objects.update(poll_failures=0, last_event_at=now - timedelta(days=2))
    assert "No event for a day, the last <time" in page(sign_in, sam)


def test_it_costs_the_same_for_many_records(
    books: QuickBooksConnection,
    sam: User,
    sign_in: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(30):
        sync_run(books, RunState.HELD, str(number))
        record_link(books, Kind.INVOICE, str(number))
        SyncLogEntry.objects.create(
            company=books.company, kind=Kind.INVOICE, outcome="done", sentence="Done."
        )
    browser = sign_in(sam)
    with django_assert_max_num_queries(44):
        browser.get(HOME)


def test_of_another_company_nothing_is_shown(
    books: QuickBooksConnection, bob: User, sign_in: SignIn, client: Client
) -> None:
    assert sign_in(bob).get(HOME, {"company": "acme"}).status_code == 404
    assert client.get(HOME).headers["Location"].startswith("/accounts/login/")


def test_what_waits_for_the_next_sync_is_not_in_step(
    books: QuickBooksConnection, alice: User, sam: User, sign_in: SignIn
) -> None:
    SyncSettings.objects.update(frequency="manual")
    set_up(books)
    sync_run(books, RunState.QUEUED, "1", is_scheduled=True)
    text = page(sign_in, sam)
    assert "1 record is on the way, or waiting." in text
    assert "Waits until somebody presses Sync now." in text
    assert "All in step" not in text
    assert 'action="/integrations/runs/sync-now/"' in page(sign_in, alice)


def headline(sign_in: SignIn, person: User) -> str:
    part = page(sign_in, person).split('aria-label="How it stands">')[1].split("</section>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", part).split())


def set_up(books: QuickBooksConnection) -> None:
    record_link(books, Kind.JOB, "501")
    log_entry(books, "501")


def test_a_lost_connection_is_not_in_step_whatever_was_done_before(
    books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    log_entry(books, "1")
    QuickBooksConnection.objects.update(state="disconnected")
    assert headline(sign_in, sam).startswith("Set-up is not finished. The next step:")
    QuickBooksConnection.objects.update(state="connected")
    CoperniqConnection.objects.update(state="disconnected")
    assert headline(sign_in, sam).startswith("Set-up is not finished. The next step:")
    assert "Coperniq is not connected; last looked" in page(sign_in, sam)
    assert "Coperniq refuses the API key" not in page(sign_in, sam)


def test_a_new_quickbooks_company_has_not_changed_yet(
    books: QuickBooksConnection, acme: Company, sam: User, sign_in: SignIn
) -> None:
    set_up(books)
    assert "All in step. Last change" in headline(sign_in, sam)
    QuickBooksConnection.objects.update(state="archived")
    quickbooks_connection(acme, OTHER_REALM)
    SyncSettings.objects.update(invoice_sync=True)
    assert headline(sign_in, sam).startswith("Nothing has been synced yet. The next step:")


def test_open_amounts_that_differ_and_what_was_not_sent_are_not_all_in_step(
    books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    set_up(books)
    PolledInvoice.objects.create(connection=CoperniqConnection.objects.get(), invoice_id="9", version="1")
    assert "What is linked is in step; 1 not sent. Last change" in headline(sign_in, sam)
    record_link(books, Kind.INVOICE, "1", open_difference_cents=-460_000)
    assert "The open amounts of 1 invoice differ between the two sides, by $4,600.00" in headline(
        sign_in, sam
    )


def test_money_that_waits_for_a_decision_comes_before_what_can_wait(
    books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    set_up(books)
    SyncSettings.objects.update(invoice_sync=False)
    assert headline(sign_in, sam).startswith("Invoice syncing is off")
    sync_run(books, RunState.HELD, "1", amount_cents=1_200_000)
    assert headline(sign_in, sam).startswith("1 record needs your decision, with $12,000.00 in all.")
    assert page(sign_in, sam).count("Invoice syncing is off") == 1
    Heartbeat.objects.all().delete()
    assert "has never run" in headline(sign_in, sam)


def test_a_record_with_two_questions_is_not_in_step_and_its_money_counts_once(
    books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    record_link(books, Kind.INVOICE, "1")
    record_link(books, Kind.INVOICE, "2", quickbooks_snapshot={"voided": True})
    invoice = {"kind": Kind.INVOICE, "amount_cents": 5_000, "quickbooks_id": "qb-1"}
    sync_run(books, RunState.HELD, "1", action=Action.PUSH_INVOICE, **invoice)
    sync_run(books, RunState.HELD, "1", action=Action.PULL_INVOICE, direction="pull", **invoice)
    text = page(sign_in, sam)
    assert (tile(text, "In step"), tile(text, "Needs you")) == ("0", "2")
    assert "with $50.00 in all" in text


def test_the_list_behind_a_tile_shows_what_it_counts(
    books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    sync_run(books, RunState.QUEUED, "1", record_name="Queued one")
    text = page(sign_in, sam)
    assert tile(text, "Waiting") == "1"
    address = text.split('"tile-name">Waiting')[0].rsplit('href="', 1)[1].split('"')[0]
    assert "Queued one" in page(sign_in, sam, address)


def test_months_and_the_end_of_the_authorization_are_those_of_the_company_s_zone(
    acme: Company, sam: User, sign_in: SignIn
) -> None:
    Company.objects.update(time_zone="America/Los_Angeles")
    with time_machine.travel(datetime(2041, 12, 1, 4, tzinfo=UTC), tick=False):
        coperniq_connection(acme)
        ends = datetime(2041, 12, 10, 3, tzinfo=UTC)
        books = quickbooks_connection(acme, refresh_expires_at=ends)
        record_link(books, Kind.INVOICE, "1", amount_cents=100, quickbooks_snapshot={"on": "2041-11-30"})
        text = page(sign_in, sam)
    assert "Dec 2041" not in text
    assert row(text, "Nov 2041") == ["$1.00", "$0.00"]
    assert "ends on December 9, 2041" in text
    assert "Valid until December 9, 2041" in text
