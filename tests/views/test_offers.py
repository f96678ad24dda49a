"""What a record still offers: choices of held runs, and of those that ended with something left to choose."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditLogEntry, Company, User
from integrations.models import Action, Kind, Outcome, Question, QuickBooksConnection, RunState, SyncRun
from tests.factories import (
    JSON,
    OTHER_REALM,
    SignIn,
    coperniq_connection,
    held_run,
    log_entry,
    preview_run,
    quickbooks_connection,
    record_link,
    sync_run,
)

SHOWN = [{"key": "send_anyway", "label": "Send it anyway"}]
SEND_ANYWAY = [{"key": "send_anyway", "label": "Send it anyway", "question": "ineligible"}]


@pytest.fixture
def acme_books(acme: Company) -> QuickBooksConnection:
    coperniq_connection(acme)
    return quickbooks_connection(acme)


def skipped(connection: QuickBooksConnection, coperniq_id: str = "7", **values: Any) -> SyncRun:
    """An invoice from before invoice syncing was switched on."""
    row = sync_run(
        connection,
        RunState.DONE,
        coperniq_id,
        **{"sentence": "It is older.", "choices": SEND_ANYWAY, "cause": "before_cut_off", **values},
    )
    SyncRun.objects.filter(pk=row.pk).update(kind=Kind.INVOICE, action=Action.PUSH_INVOICE)
    row.refresh_from_db()
    return row


def log_address(connection: QuickBooksConnection, row: SyncRun, **values: Any) -> str:
    usual = {"kind": row.kind, "outcome": Outcome.SKIPPED, "record_name": "#1042"}
    logged = log_entry(connection, row.coperniq_id, run=row, **{**usual, **values})
    return f"/integrations/log/{logged.pk}/"


def test_the_timeline_offers_what_was_skipped(
    acme_books: QuickBooksConnection, frank: User, sign_in: SignIn
) -> None:
    row = skipped(acme_books)
    address = log_address(acme_books, row)
    client = sign_in(frank)
    text = client.get(address).text
    assert "A choice is still open" in text
    assert f'action="/integrations/runs/{row.pk}/decide/"' in text
    assert "Send it anyway</button>" in text
    (shape,) = client.get(address, {"format": "json"}).json()["runs"]
    assert (shape["id"], shape["choices"]) == (row.pk, SHOWN)


def test_the_runs_list_offers_it_too(acme_books: QuickBooksConnection, frank: User, sign_in: SignIn) -> None:
    row = skipped(acme_books)
    client = sign_in(frank)
    assert "Send it anyway</button>" in client.get("/integrations/runs/", {"state": "done"}).text
    (shape,) = client.get("/integrations/runs/", {"format": "json", "state": "done"}).json()["runs"]
    assert (shape["id"], shape["state"], shape["choices"]) == (row.pk, "done", SHOWN)


def test_the_log_leads_to_the_choices_once(
    acme_books: QuickBooksConnection, frank: User, sign_in: SignIn
) -> None:
    row = skipped(acme_books)
    log_address(acme_books, row)
    newest = log_address(acme_books, row)
    text = sign_in(frank).get("/integrations/log/").text
    assert text.count("See the choices") == 1
    assert f'href="{newest}#choices"' in text


def test_a_choice_of_an_ended_run_is_carried_out(
    acme_books: QuickBooksConnection, frank: User, sign_in: SignIn
) -> None:
    row = skipped(acme_books)
    address, client = f"/integrations/runs/{row.pk}/decide/", sign_in(frank)
    assert client.post(address, {"choice": "use_coperniq"}, headers=JSON).status_code == 400
    assert client.post(address, {"choice": "send_anyway"}, headers=JSON).status_code == 200
    row.refresh_from_db()
    assert (row.state, row.answer_to(Question.INELIGIBLE).key) == (RunState.QUEUED, "send_anyway")
    act = AuditLogEntry.objects.get()
    assert (act.verb, act.after) == ("decide", "send_anyway (Send it anyway)")
    assert act.target.startswith("invoice 7: ")


def test_staff_see_who_can_choose(acme_books: QuickBooksConnection, sam: User, sign_in: SignIn) -> None:
    row = skipped(acme_books)
    client = sign_in(sam)
    text = client.get(log_address(acme_books, row)).text
    assert "Send it anyway</button>" not in text
    assert "Finance or a company admin can decide this. The choices are: Send it anyway." in text
    assert client.post(f"/integrations/runs/{row.pk}/decide/", {"choice": "send_anyway"}).status_code == 403


def test_only_the_newest_run_of_a_record_offers_its_choices(
    acme_books: QuickBooksConnection, frank: User, sign_in: SignIn
) -> None:
    address = log_address(acme_books, skipped(acme_books))
    log_address(acme_books, skipped(acme_books, choices=[]))
    assert "A choice is still open" not in sign_in(frank).get(address).text


@pytest.mark.parametrize("state", [RunState.CANCELLED, RunState.QUEUED, RunState.RUNNING])
def test_runs_that_are_over_or_under_way_offer_nothing(
    acme_books: QuickBooksConnection, frank: User, sign_in: SignIn, state: RunState
) -> None:
    row = skipped(acme_books)
    SyncRun.objects.update(state=state)
    assert "Send it anyway" not in sign_in(frank).get(log_address(acme_books, row)).text


def test_held_runs_are_decided_from_the_timeline_except_previews(
    acme_books: QuickBooksConnection, alice: User, sign_in: SignIn
) -> None:
    client = sign_in(alice)
    match = held_run(acme_books, "1")
    text = client.get(log_address(acme_books, match)).text
    assert "Needs your decision" in text
    assert "Link to “Oak East”</button>" in text
    assert (
        "Write this to QuickBooks"
        not in client.get(log_address(acme_books, preview_run(acme_books, "2"))).text
    )


def test_other_companies_runs_are_not_offered(
    acme_books: QuickBooksConnection, bolt: Company, alice: User, sign_in: SignIn
) -> None:
    theirs = skipped(quickbooks_connection(bolt, OTHER_REALM))
    log_address(theirs.connection, theirs)
    address = log_address(acme_books, skipped(acme_books, choices=[]))
    assert "Send it anyway" not in sign_in(alice).get(address).text
    assert sign_in(alice).post(f"/integrations/runs/{theirs.pk}/decide/").status_code == 404


def test_invoices_and_payments_open_in_quickbooks(
    acme_books: QuickBooksConnection, alice: User, sign_in: SignIn
) -> None:
    log_entry(acme_books, "7", kind=Kind.INVOICE, quickbooks_id="145")
    log_entry(acme_books, "8", kind=Kind.PAYMENT, quickbooks_id="146")
    log_entry(acme_books, "9", kind=Kind.ITEM, quickbooks_id="147")
    client: Client = sign_in(alice)
    text = client.get("/integrations/log/").text
    assert "/app/invoice?txnId=145" in text
    assert "/app/recvpayment?txnId=146" in text
    for kind in ("invoice", "payment", "item"):
        (row,) = client.get("/integrations/log/", {"format": "json", "kind": kind}).json()["entries"]
        assert row["kind"] == kind


def test_an_invoice_is_compared_in_dollars_and_counted_lines(
    acme_books: QuickBooksConnection, alice: User, sign_in: SignIn
) -> None:
    pair = record_link(acme_books, Kind.INVOICE, "7")
    pair.coperniq_snapshot = {"total_cents": 120050, "memo": "Phase 1", "lines": [{}, {}], "extra": {"a": 1}}
    pair.quickbooks_snapshot = {
        "voided": True,
        "balance": 20050,
        "paid_since": True,
        "DocNumber": "1042",
        "memo": "Phase 1",
    }
    pair.save()
    logged = log_entry(acme_books, "7", kind=Kind.INVOICE)
    compared = sign_in(alice).get(f"/integrations/log/{logged.pk}/").context["compared"]
    assert [tuple(row) for row in compared] == [
        ("Number", "", "1042", False),
        ("Description", "Phase 1", "Phase 1", False),
        ("Lines", "2 lines", "", False),
        ("Open balance", "", "$200.50", False),
        ("Voided", "", "Yes", False),
        ("total", "$1,200.50", "", False),
    ]
