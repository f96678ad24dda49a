from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.audit import log_action
from accounts.models import AuditLogEntry, Company, User
from integrations.models import InboundEvent, Kind, Outcome, QuickBooksConnection, RemoteWrite, RunState
from integrations.models.sync_state import CustomerState
from integrations.run_decisions import target_of
from tests.factories import (
    CHANGES,
    OTHER_REALM,
    SignIn,
    coperniq_connection,
    held_run,
    log_entry,
    quickbooks_connection,
    read_csv,
    record_link,
    sync_run,
)

LOG = "/integrations/log/"


@pytest.fixture
def acme_books(acme: Company) -> QuickBooksConnection:
    coperniq_connection(acme)
    return quickbooks_connection(acme)


@pytest.fixture
def client_of_alice(alice: User, sign_in: SignIn) -> Client:
    return sign_in(alice)


def entries(client: Client, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(LOG, {"format": "json", **query})
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


def test_json_tells_everything_about_an_entry(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    logged = log_entry(
        acme_books, "7", quickbooks_id="58", changes=CHANGES, intuit_tid="1-abc", cause="warning"
    )
    assert entries(client_of_alice) == [
        {
            "id": logged.pk,
            "at": logged.at.isoformat(),
            "direction": "push",
            "kind": "customer",
            "outcome": "done",
            "cause": "warning",
            "sentence": "Created the customer “John Smith” in QuickBooks.",
            "name": "John Smith",
            "coperniq_id": "7",
            "quickbooks_id": "58",
            "changes": CHANGES,
            "attempt": 0,
            "intuit_tid": "1-abc",
            "run": None,
        }
    ]


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"outcome": "held"}, ["2"]),
        ({"kind": "job"}, ["3"]),
        ({"direction": "pull"}, ["3"]),
        ({"cause": "name_taken"}, ["2"]),
        ({"q": "2"}, ["2"]),
        ({"q": "qb-3"}, ["3"]),
        ({"q": "1-tid"}, ["1"]),
        ({"q": "garcia"}, ["2"]),
        ({"q": "vendor"}, ["2"]),
        ({"q": "nobody"}, []),
        ({}, ["3", "2", "1"]),
    ],
)
def test_filters_narrow_the_log(
    acme_books: QuickBooksConnection, client_of_alice: Client, query: dict[str, str], ids: list[str]
) -> None:
    log_entry(acme_books, "1", intuit_tid="1-tid")
    values = {"outcome": Outcome.HELD, "cause": "name_taken", "sentence": "A vendor has this name."}
    log_entry(acme_books, "2", record_name="Maria Garcia", **values)
    log_entry(acme_books, "3", kind=Kind.JOB, direction="pull", quickbooks_id="qb-3")
    assert [row["coperniq_id"] for row in entries(client_of_alice, **query)] == ids


@pytest.mark.every_database
def test_period_goes_by_the_days_of_the_companys_time_zone(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    log_entry(acme_books, "before", at=datetime(2026, 3, 10, 5, 59, 59, tzinfo=UTC))
    log_entry(acme_books, "first", at=datetime(2026, 3, 10, 6, 0, tzinfo=UTC))
    log_entry(acme_books, "last", at=datetime(2026, 3, 11, 5, 59, 59, tzinfo=UTC))
    log_entry(acme_books, "after", at=datetime(2026, 3, 11, 6, 0, tzinfo=UTC))
    found = entries(client_of_alice, since="2026-03-10", until="2026-03-10")
    assert [row["coperniq_id"] for row in found] == ["last", "first"]


@pytest.mark.every_database
@pytest.mark.parametrize(
    "query",
    [
        {"outcome": "marvellous"},
        {"since": "yesterday"},
        {"until": "9999-12-31"},
        {"before": "9" * 30},
        {"after": "-1"},
        {"q": "x" * 201},
    ],
)
def test_unreadable_filters_are_reported_and_never_a_crash(
    acme_books: QuickBooksConnection, client_of_alice: Client, query: dict[str, str]
) -> None:
    log_entry(acme_books)
    as_json = client_of_alice.get(LOG, {"format": "json", **query})
    assert as_json.status_code == 400
    assert list(as_json.json()["errors"]) == list(query)
    page = client_of_alice.get(LOG, query)
    assert page.status_code == 400
    assert "This filter cannot be read" in page.text


@pytest.mark.every_database
def test_older_and_newer_pages_have_no_gap_or_overlap(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    for number in range(120):
        log_entry(acme_books, str(number))
    first = client_of_alice.get(LOG).context["page"]
    second = client_of_alice.get(LOG, {"before": first.older}).context["page"]
    third = client_of_alice.get(LOG, {"before": second.older}).context["page"]
    back = client_of_alice.get(LOG, {"after": third.newer}).context["page"]
    shown = [row.coperniq_id for page in (first, second, third) for row in page.rows]
    assert shown == [str(number) for number in reversed(range(120))]
    assert (first.newer, third.older) == (None, None)
    assert [row.pk for row in back.rows] == [row.pk for row in second.rows]


def test_page_shows_the_companys_own_time_and_links_to_quickbooks(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    log_entry(acme_books, quickbooks_id="58", at=datetime(2026, 3, 10, 6, 0, tzinfo=UTC))
    page = client_of_alice.get(LOG)
    assert "Mar 10, 2026, 00:00:00" in page.text
    assert "https://qbo.intuit.com/app/customerdetail?nameId=58" in page.text
    assert page["Cache-Control"].startswith("max-age=0, no-cache, no-store")


def test_names_from_outside_are_text_and_never_markup(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    evil = "<script>alert(1)</script>"
    changes = [{"field": evil, "before": evil, "after": evil}]
    logged = log_entry(acme_books, evil[:20], record_name=evil, sentence=evil, cause=evil, changes=changes)
    held_run(acme_books, evil[:20], record_name=evil, sentence=evil, choices=[{"key": evil, "label": evil}])
    for address in (LOG, f"{LOG}{logged.pk}/", "/integrations/runs/", f"{LOG}?q={evil}"):
        page = client_of_alice.get(address)
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert" in page.text


def test_fifty_rows_cost_no_more_queries_than_two(
    acme_books: QuickBooksConnection,
    client_of_alice: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(50):
        row = held_run(acme_books, str(number))
        log_entry(acme_books, str(number), run=row, outcome=Outcome.HELD)
    with django_assert_max_num_queries(15):
        assert len(client_of_alice.get(LOG).context["rows"]) == 50


def test_other_companies_entries_are_neither_listed_nor_opened(
    acme_books: QuickBooksConnection, bolt: Company, bob: User, sign_in: SignIn
) -> None:
    logged = log_entry(acme_books)
    client = sign_in(bob)
    assert entries(client) == []
    assert entries(client, q="1") == []
    assert client.get(f"{LOG}{logged.pk}/").status_code == 404
    assert client.get(f"{LOG}{logged.pk}/", {"company": "acme"}).status_code == 404
    assert client.get(f"{LOG}{2**70}/").status_code == 404


@pytest.mark.every_database
def test_csv_holds_what_is_filtered_and_is_recorded(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    log_entry(acme_books, "1", changes=CHANGES, at=datetime(2026, 3, 10, 6, 0, tzinfo=UTC))
    log_entry(acme_books, "2", outcome=Outcome.HELD)
    (row,) = read_csv(client_of_alice.get(LOG, {"format": "csv", "outcome": "done"}))
    assert (row["coperniq_id"], row["at"]) == ("1", "2026-03-10T00:00:00-06:00")
    assert row["changes"] == "DisplayName:  → John Smith"
    act = AuditLogEntry.objects.get(verb="export")
    assert (act.actor, act.target, act.after) == (
        "alice@example.com",
        "integration log as csv",
        "outcome=done",
    )


@pytest.mark.parametrize(
    "cell", ['=HYPERLINK("http://evil")', "+1+1", "-2+3", "@SUM(A1)", " =1", "\t=1", "\uff1d1"]
)
def test_formulas_in_csv_cells_are_defused(
    acme_books: QuickBooksConnection, client_of_alice: Client, cell: str
) -> None:
    log_entry(acme_books, record_name=cell)
    (row,) = read_csv(client_of_alice.get(LOG, {"format": "csv"}))
    assert row["name"] == f"'{cell}"


@pytest.mark.every_database
def test_csv_of_many_rows_comes_in_steps(acme_books: QuickBooksConnection, client_of_alice: Client) -> None:
    for number in range(501):
        log_entry(acme_books, str(number))
    rows = read_csv(client_of_alice.get(LOG, {"format": "csv"}))
    assert [row["coperniq_id"] for row in rows] == [str(number) for number in reversed(range(501))]


def test_staff_read_the_log_but_do_not_take_it_away(
    acme_books: QuickBooksConnection, sam: User, alice: User, frank: User, sign_in: SignIn
) -> None:
    log_entry(acme_books)
    client = sign_in(sam)
    page = client.get(LOG)
    assert page.status_code == 200
    assert "Download as CSV" not in page.text
    refused = client.get(LOG, {"format": "csv"})
    assert refused.status_code == 403
    assert "alice@example.com" in refused.text
    assert sign_in(frank).get(LOG, {"format": "csv"}).status_code == 200


def test_a_held_run_offers_its_retry_once_in_its_newest_row(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    waiting = held_run(acme_books)
    log_entry(acme_books, run=waiting, outcome=Outcome.RETRYING)
    log_entry(acme_books, run=waiting, outcome=Outcome.HELD)
    log_entry(acme_books, "2", run=sync_run(acme_books, RunState.DONE, "2"))
    shown = client_of_alice.get(LOG).context["rows"]
    assert [row["may_retry"] for row in shown] == [False, True, False]


def test_timeline_tells_the_whole_story_in_order(
    acme_books: QuickBooksConnection, client_of_alice: Client, alice: User
) -> None:
    start = timezone.now() - timedelta(hours=1)
    event = InboundEvent.objects.create(
        company=acme_books.company,
        source="coperniq_webhook",
        key="1",
        name="PROJECT_PHASE_STARTED",
        received_at=start,
    )
    pushed = held_run(acme_books, event=event)
    logged = log_entry(acme_books, run=pushed, at=start + timedelta(minutes=2), outcome=Outcome.HELD)
    log_entry(acme_books, "2", at=start + timedelta(minutes=3))
    RemoteWrite.objects.create(
        connection=acme_books,
        kind=Kind.CUSTOMER,
        coperniq_id="1",
        entity="Customer",
        operation="create",
        state="refused",
        changes=CHANGES,
        sent_at=start + timedelta(minutes=1),
        intuit_tid="1-xyz",
        error_code="6240",
        body_encrypted="encrypted-body",
    )
    log_action(company=acme_books.company, user=alice, verb="retry", target=target_of(pushed), after="Queued")
    log_action(company=acme_books.company, user=alice, verb="retry", target="customer 12: another")
    page = client_of_alice.get(f"{LOG}{logged.pk}/")
    moments = page.context["moments"]
    assert [moment.what for moment in moments] == ["event", "write", "log", "act"]
    for text in ("project phase started", "6240", "1-xyz", "alice@example.com: retry", "Display name"):
        assert text in page.text
    assert "sealed-body" not in page.text
    shape = client_of_alice.get(f"{LOG}{logged.pk}/", {"format": "json"}).json()
    assert [moment["what"] for moment in shape["timeline"]] == ["event", "write", "log", "act"]
    assert shape["entry"]["id"] == logged.pk


def test_timeline_compares_both_sides_but_never_shows_a_tax_number(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    pair = record_link(acme_books, Kind.CUSTOMER, "1")
    pair.coperniq_snapshot = {"DisplayName": "John Smith", "PrimaryTaxIdentifier": "digest-of-it"}
    pair.quickbooks_snapshot = {"DisplayName": "John A. Smith", "PrimaryTaxIdentifier": "XXXXX6789"}
    pair.customer_state = CustomerState({"DisplayName": "John A. Smith"})
    pair.save()
    page = client_of_alice.get(f"{LOG}{log_entry(acme_books).pk}/")
    assert "John A. Smith <small>(written by the portal)" in page.text
    assert "XXXXX6789" not in page.text
    assert "digest-of-it" not in page.text


def test_timeline_of_one_company_never_shows_the_same_ids_of_another(
    acme_books: QuickBooksConnection, bolt: Company, client_of_alice: Client
) -> None:
    others = quickbooks_connection(bolt, OTHER_REALM)
    log_entry(others, record_name="Secret Customer")
    record_link(others, Kind.CUSTOMER, "1")
    log_action(company=bolt, user=None, verb="retry", target="customer 1: theirs")
    page = client_of_alice.get(f"{LOG}{log_entry(acme_books).pk}/")
    assert len(page.context["moments"]) == 1
    assert page.context["link"] is None
    assert "Secret Customer" not in page.text
