"""Records from QuickBooks are shown like those sent there, linked or not yet."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditLogEntry, Company, User
from integrations.models import (
    Action,
    Direction,
    Kind,
    Question,
    QuickBooksConnection,
    RecordLink,
    RemoteWrite,
    RunState,
    SyncRun,
    Vendor,
)
from integrations.status import status_of
from tests.factories import (
    JSON,
    SignIn,
    coperniq_connection,
    held_run,
    log_entry,
    quickbooks_connection,
    record_link,
)

RUNS = "/integrations/runs/"
CHOICES = [
    {"key": "bring_over", "label": "Bring it over", "question": "ineligible"},
    {"key": "discard", "label": "Leave it"},
]


@pytest.fixture
def acme_books(acme: Company) -> QuickBooksConnection:
    coperniq_connection(acme)
    return quickbooks_connection(acme)


@pytest.fixture
def finance(frank: User, sign_in: SignIn) -> Client:
    return sign_in(frank)


def pull(connection: QuickBooksConnection, quickbooks_id: str = "145", **values: Any) -> SyncRun:
    shown = {
        "kind": Kind.INVOICE,
        "action": Action.PULL_INVOICE,
        "direction": Direction.PULL,
        "quickbooks_id": quickbooks_id,
        "cause": "wrong_currency",
        "choices": CHOICES,
    }
    return held_run(connection, "", **{**shown, **values})


def test_a_record_that_is_not_linked_yet_is_called_by_what_is_known(
    acme_books: QuickBooksConnection, finance: Client
) -> None:
    pull(acme_books)
    text = finance.get(RUNS).text
    assert ">Invoice 145</a></h2>" in text
    assert "Invoice, To Coperniq" in text
    assert "/app/invoice?txnId=145" in text


def test_runs_are_filtered_by_direction(acme_books: QuickBooksConnection, finance: Client) -> None:
    pull(acme_books)
    held_run(acme_books, "7")
    for direction, ids in {"pull": [""], "push": ["7"], "": ["7", ""]}.items():
        shown = finance.get(RUNS, {"format": "json", "direction": direction}).json()["runs"]
        assert [run["coperniq_id"] for run in shown] == ids
    page = finance.get(RUNS, {"direction": "pull", "state": "held"})
    assert [row["run"].direction for row in page.context["rows"]] == ["pull"]
    assert "?direction=pull&amp;state=waiting" in page.text


def test_of_what_is_linked_both_ids_are_shown(acme_books: QuickBooksConnection, finance: Client) -> None:
    row = RecordLink(
        connection=acme_books, kind=Kind.PAYMENT, coperniq_id="60", quickbooks_id="9", match_method="pulled"
    )
    row.allocation_invoice_id = "145"
    row.save()
    record_link(acme_books, Kind.INVOICE, "11")
    kinds = {"kind": Kind.PAYMENT, "action": Action.PULL_PAYMENT}
    pull(acme_books, "9", allocation_invoice_id="145", **kinds)
    pull(acme_books, "9", allocation_invoice_id="146", **kinds)
    held_run(acme_books, "11", kind=Kind.INVOICE, action=Action.PUSH_INVOICE)
    shown = finance.get(RUNS, {"format": "json"}).json()["runs"]
    assert [(run["coperniq_id"], run["quickbooks_id"]) for run in shown] == [
        ("11", "qb-11"),
        ("", "9"),
        ("60", "9"),
    ]


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (Kind.INVOICE, Action.PULL_INVOICE),
        (Kind.PAYMENT, Action.NOTICE_ALLOCATIONS),
        (Kind.PAYMENT, Action.PULL_PAYMENT),
        (Kind.CUSTOMER, Action.NOTICE_CUSTOMER),
    ],
)
def test_finance_decides_what_comes_over(
    acme_books: QuickBooksConnection, finance: Client, kind: Kind, action: Action
) -> None:
    row = pull(acme_books, kind=kind, action=action)
    answer = finance.post(f"{RUNS}{row.pk}/decide/", {"choice": "bring_over"}, headers=JSON)
    assert answer.json() == {"ok": True}
    row.refresh_from_db()
    assert (row.state, row.answer_to(Question.INELIGIBLE).key) == (RunState.QUEUED, "bring_over")
    assert AuditLogEntry.objects.get().target.startswith(f"{kind} QuickBooks 145: ")


def test_the_story_of_what_was_brought_over_begins_before_it_was_linked(
    acme_books: QuickBooksConnection, finance: Client
) -> None:
    row = pull(acme_books)
    facts: dict[str, Any] = {"kind": Kind.INVOICE, "direction": Direction.PULL, "quickbooks_id": "145"}
    first = log_entry(acme_books, "", run=row, sentence="It is older.", **facts)
    finance.post(f"{RUNS}{row.pk}/decide/", {"choice": "bring_over"}, headers=JSON)
    write = RemoteWrite(connection=acme_books, run=row, vendor=Vendor.COPERNIQ, kind=Kind.INVOICE)
    write.entity, write.operation, write.quickbooks_id, write.body = "coperniq_invoice", "create", "145", "{}"
    write.save()
    last = log_entry(acme_books, "11", run=row, sentence="Brought it over.", **facts)
    log_entry(acme_books, "12", sentence="Another one.", **{**facts, "quickbooks_id": "146"})
    for logged in (first, last):
        shown = finance.get(f"/integrations/log/{logged.pk}/", {"format": "json"}).json()["timeline"]
        titles = [moment["title"] for moment in shown if moment["what"] != "log"]
        assert titles == ["frank@example.com: decide", "Create Invoice in Coperniq: prepared"]
        sentences = [moment["sentence"] for moment in shown if moment["what"] == "log"]
        assert sentences == ["It is older.", "Brought it over."]


def test_invoices_of_jobs_added_by_hand_are_counted_until_they_are_linked(
    acme: Company, acme_books: QuickBooksConnection, finance: Client
) -> None:
    page = "/integrations/quickbooks/"
    assert "added there by hand" not in finance.get(page).text
    facts: dict[str, Any] = {"kind": Kind.INVOICE, "direction": Direction.PULL, "outcome": "skipped"}
    for quickbooks_id in ("145", "145", "146", "qb-11"):
        log_entry(acme_books, "", cause="job_added_by_hand", quickbooks_id=quickbooks_id, **facts)
    record_link(acme_books, Kind.INVOICE, "11")
    assert status_of(acme)["invoices_of_jobs_added_by_hand"] == 2
    text = finance.get(page).text
    assert "2 invoices stay in QuickBooks only" in text
    assert '/integrations/log/?cause=job_added_by_hand">See which</a>' in text
